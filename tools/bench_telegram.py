"""What a photo costs from the message to its answer: the real process, on a Telegram of our own."""

from __future__ import annotations

import asyncio
import os
import re
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from io import BytesIO
from random import Random
from typing import Protocol

import aiohttp
from PIL import Image

from tests.fakes.telegram.chats import Chat
from tests.fakes.telegram.server import TelegramServer
from tests.support.family import BotProcess, Family, a_family
from tests.support.pictures import draw_olaf, draw_yeti
from tools import processes
from tools.processes import MEGABYTE, children, resident_bytes, shared_bytes

Figures = dict[str, float | int | str]

# What chats send at once, and how many photos each; and what they send in a steady stream.
AT_ONCE = (1, 10, 100, 1000)
OF_A_CHAT = 5
PER_SECOND, SECONDS = 15, 60
LARGE = 24
# How many come one after another, so many at a time, and after how many the memory is noted.
LONG, IN_FLIGHT, NOTED = 10_000, 8, 1_000
# Between two looks at /healthz, where a loop that stands still lets it wait, and at the memory.
LOOK_SECONDS = 0.05
# For photos that are never answered.
PATIENCE_SECONDS, LONG_PATIENCE_SECONDS = 300.0, 7200.0


@dataclass
class Sent:
    """When each photo was sent and answered, in seconds, by its chat and message."""

    at: dict[tuple[int, int], float] = field(default_factory=dict)
    answered: dict[tuple[int, int], float] = field(default_factory=dict)
    refused: int = 0

    @property
    def seconds(self) -> list[float]:
        """From each message to its answer."""
        return sorted(self.answered[key] - self.at[key] for key in self.answered)


class Waiting(Protocol):
    """Whoever has sent photos, on whatever platform."""

    async def answered(self, sent: Sent, number: int, patience: float = PATIENCE_SECONDS) -> None:
        """Note when answers come, until there are so many, or none comes any more."""


class Crowd:
    """People in many chats, who send photos that nobody has seen before."""

    def __init__(self, telegram: TelegramServer, seed: int) -> None:
        self._telegram = telegram
        self._random = Random(seed)
        self._seen = len(telegram.calls)

    def chats(self, number: int) -> list[Chat]:
        """Return so many private chats of new people."""
        people = (self._telegram.person(f"Person {each}", "en") for each in range(number))
        return [self._telegram.private(person) for person in people]

    def photos(self, number: int) -> list[bytes]:
        """Draw so many photos, each unlike the others."""
        return [draw(self._random) for _ in range(number)]

    def send(self, chat: Chat, photo: bytes, sent: Sent) -> None:
        """Send a photo."""
        who = self._telegram.person(chat.title, "en", chat.id)
        sizes = [self._telegram.file(photo, "photo 320", width=320, height=240)]
        message = chat.send_photo(who, sizes)
        sent.at[chat.id, message.id] = time.perf_counter()

    async def answered(self, sent: Sent, number: int, patience: float = PATIENCE_SECONDS) -> None:
        """Note when answers come, until there are so many, or none comes any more."""

        def look() -> bool:
            now = time.perf_counter()
            calls = self._telegram.calls
            for method, given in calls[self._seen :]:
                if method == "sendMessage" and "reply_parameters" in given:
                    key = int(given["chat_id"]), _replied_to(given["reply_parameters"])
                    sent.answered.setdefault(key, now)
                    sent.refused += "%" not in given["text"]
            self._seen = len(calls)
            return len(sent.answered) >= number

        with suppress(TimeoutError):
            await self._telegram.until(look, patience)

    def out_of_order(self, chats: Iterable[Chat]) -> int:
        """Return in how many chats an answer overtook another."""
        orders = [[said.reply_to for said in chat.bots if said.reply_to] for chat in chats]
        return sum(order != sorted(order) for order in orders)


async def burst(family: Family, bot: BotProcess, number: int) -> Figures:
    """Have so many photos come at once, five from a chat."""
    crowd = Crowd(family.telegram, number)
    chats = crowd.chats(max(1, number // OF_A_CHAT))
    photos = crowd.photos(number)

    async def send(sent: Sent) -> None:
        for index, photo in enumerate(photos):
            crowd.send(chats[index % len(chats)], photo, sent)

    figures = await measured(bot, crowd, number, send)
    return {**figures, "chats": len(chats), "chats_out_of_order": crowd.out_of_order(chats)}


async def stream(family: Family, bot: BotProcess) -> Figures:
    """Have so many photos a second come for a minute, from as many chats as send one a second."""
    crowd = Crowd(family.telegram, PER_SECOND)
    chats = crowd.chats(PER_SECOND * 10)
    photos = crowd.photos(PER_SECOND * SECONDS)

    async def send(sent: Sent) -> None:
        began = time.perf_counter()
        for index, photo in enumerate(photos):
            await asyncio.sleep(max(0.0, began + index / PER_SECOND - time.perf_counter()))
            crowd.send(chats[index % len(chats)], photo, sent)

    return await measured(bot, crowd, len(photos), send)


async def large(family: Family, bot: BotProcess) -> Figures:
    """Have many photos of 12 megapixels come at once, each from another chat."""
    crowd = Crowd(family.telegram, LARGE)
    chats = crowd.chats(LARGE)
    photo = _large()

    async def send(sent: Sent) -> None:
        for index, chat in enumerate(chats):
            crowd.send(chat, photo + bytes([index]), sent)  # another file, the same picture

    async with _weighed([bot.process.pid, *children(bot.process.pid)]) as weights:
        figures = await measured(bot, crowd, LARGE, send)
    return {**figures, "peak_mb": max(weights) // MEGABYTE}


async def long(family: Family, bot: BotProcess) -> Figures:
    """Have thousands of photos come, one when another is answered; note how memory goes."""
    crowd = Crowd(family.telegram, LONG)
    chats = crowd.chats(LONG // 50)
    memory = {0: resident_bytes(bot.process.pid) // MEGABYTE}

    async def send(sent: Sent) -> None:
        for index in range(LONG):
            while index - len(sent.answered) >= IN_FLIGHT:
                await asyncio.sleep(0.005)
            if index % NOTED == 0:
                memory[index] = resident_bytes(bot.process.pid) // MEGABYTE
            crowd.send(chats[index % len(chats)], crowd.photos(1)[0], sent)

    figures = await measured(bot, crowd, LONG, send, LONG_PATIENCE_SECONDS)
    return {**figures, **{f"resident_mb_after_{number}": size for number, size in memory.items()}}


async def measured(
    bot: BotProcess,
    crowd: Waiting,
    number: int,
    send: Callable[[Sent], Awaitable[None]],
    patience: float = PATIENCE_SECONDS,
) -> Figures:
    """Return what it costs the bot to answer what somebody sends."""
    sent, pid = Sent(), bot.process.pid
    cpu, database = processor_seconds(pid), await database_seconds(bot)
    began = time.perf_counter()
    async with _watched(bot) as health:
        watching = asyncio.create_task(crowd.answered(sent, number, patience))
        await send(sent)
        await watching
    wall = time.perf_counter() - began
    cpu = [after - before for after, before in zip(processor_seconds(pid), cpu, strict=True)]
    spent = await database_seconds(bot)
    seconds = sent.seconds
    return {
        "photos": number,
        "verdicts": len(sent.answered) - sent.refused,
        "refused": sent.refused,
        "unanswered": number - len(sent.answered),
        "seconds_in_all": round(wall, 2),
        "p50_seconds": round(quantile(seconds, 0.5), 3),
        "p95_seconds": round(quantile(seconds, 0.95), 3),
        "longest_seconds": round(max(seconds, default=0.0), 3),
        "healthz_longest_seconds": round(max(health), 3),
        "bot_processor_ms_a_photo": round(1000 * cpu[0] / number, 1),
        "decoders_processor_ms_a_photo": round(1000 * cpu[1] / number, 1),
        **{
            f"database_{stage}_ms_a_photo": round(1000 * (spent[stage] - before) / number, 2)
            for stage, before in database.items()
        },
        "resident_mb": resident_bytes(pid) // MEGABYTE,
    }


@asynccontextmanager
async def _beside(work: Coroutine[object, object, None]) -> AsyncIterator[None]:
    """Have something go on while the block lasts."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def _watched(bot: BotProcess) -> AsyncIterator[list[float]]:
    """Yield how long each look at /healthz took while the block lasts."""
    taken = [0.0]

    async def look() -> None:
        async with aiohttp.ClientSession() as session:
            while True:
                began = time.perf_counter()
                async with session.get(f"{bot.url}/healthz") as answer:
                    await answer.read()
                taken.append(time.perf_counter() - began)
                await asyncio.sleep(LOOK_SECONDS)

    async with _beside(look()):
        yield taken


@asynccontextmanager
async def _weighed(pids: Sequence[int]) -> AsyncIterator[list[int]]:
    """Yield how much memory processes held together at each look while the block lasts."""
    weights: list[int] = []

    async def look() -> None:
        while True:
            weights.append(sum(map(shared_bytes, pids)))
            await asyncio.sleep(LOOK_SECONDS)

    async with _beside(look()):
        yield weights


async def run(scenarios: Sequence[str], **settings: str) -> dict[str, Figures]:
    """Run the scenarios, each with a bot of its own; return what each one measured.

    Args:
        scenarios: Of `SCENARIOS`.
        settings: The bot's.
    """
    figures: dict[str, Figures] = {}
    for name in scenarios:
        async with a_family(DISCORD_TOKEN="", **settings) as family:
            bot = await family.start()
            await bot.running("telegram")
            await burst(family, bot, 8)  # whatever is only made once
            loaded = os.getloadavg()[0]
            if name == "stream":
                figures[name] = await stream(family, bot)
            elif name == "large":
                figures[name] = await large(family, bot)
            elif name == "long":
                figures[name] = await long(family, bot)
            else:
                figures[name] = await burst(family, bot, int(name))
            figures[name]["load_before"] = round(loaded, 1)
            await bot.stop()
        print(name, figures[name], flush=True)
    return figures


SCENARIOS = (*map(str, AT_ONCE), "large", "stream", "long")


def draw(random: Random) -> bytes:
    """Draw a photo that nobody has seen before."""
    drawn = random.choice((draw_olaf, draw_yeti))((320, 240))
    coarse = Image.frombytes("RGB", (16, 12), random.randbytes(16 * 12 * 3)).resize(drawn.size)
    out = BytesIO()
    Image.blend(drawn, coarse, random.uniform(0.3, 0.6)).save(out, "JPEG", quality=85)
    return out.getvalue()


def _large() -> bytes:
    drawn = draw_olaf((4032, 3024))
    drawn = Image.blend(drawn, Image.effect_noise(drawn.size, 60).convert("RGB"), 0.2)
    out = BytesIO()
    drawn.save(out, "JPEG", quality=85)
    return out.getvalue()


def _replied_to(parameters: str) -> int:
    found = re.search(r'"message_id":\s*(\d+)', parameters)
    return int(found[1]) if found else 0


def quantile(values: Sequence[float], share: float) -> float:
    if len(values) < 2:
        return values[0] if values else 0.0
    return statistics.quantiles(values, n=100, method="inclusive")[round(share * 100) - 1]


def processor_seconds(pid: int) -> list[float]:
    """Return the processor time of the bot, and that of its decoders."""
    return [processes.processor_seconds(pid), sum(map(processes.processor_seconds, children(pid)))]


async def database_seconds(bot: BotProcess) -> dict[str, float]:
    """Return how long transactions have waited, read and written."""
    async with aiohttp.ClientSession() as session, session.get(f"{bot.url}/metrics") as answer:
        told = await answer.text()
    found = re.findall(r'snowpeople_database_seconds_sum\{stage="(\w+)"\} (\S+)', told)
    return {stage: float(seconds) for stage, seconds in found}
