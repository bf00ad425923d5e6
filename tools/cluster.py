"""`make cluster`: several bots on one PostgreSQL and one Telegram of our own, and what fails them.

First the same photos are sent to one bot and to two, for the table. Then two bots answer a stream
of photos, one of them is killed and comes back, and the database is restarted; each photo must be
answered once, in its chat's order, and nothing may be left over. Only loopback is used.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import re
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count

import asyncpg
from aiohttp import ClientError, ClientSession, web

from tests.fakes.telegram.chats import Chat
from tests.fakes.telegram.server import TelegramServer
from tests.support.family import BotProcess
from tests.support.postgres import Cluster, binaries, new_database, running_cluster
from tools.bench_telegram import Crowd, Sent, database_seconds, processor_seconds, quantile

# How many bots, and where they remember; SQLite is what a single one has by itself.
MEASURED = ((1, "sqlite"), (1, "postgresql"), (2, "postgresql"))
OF_A_CHAT = 4
PER_SECOND = 4
# Without a photo's answer for so long, no other one comes.
SETTLED_SECONDS = 5.0

# What must be nowhere in the end, as the rows that it counts.
LEFT_OVER = {
    "photos without an answer": "SELECT count(*) FROM rounds WHERE answered IS NULL",
    "updates that nobody handled": "SELECT count(*) FROM updates WHERE body IS NOT NULL",
    "rooms of dead processes": (
        "SELECT count(*) FROM leases WHERE owner NOT IN (SELECT id FROM processes)"
    ),
}


@dataclass
class Bots:
    """The processes, and what they share. twice: what they themselves say may be there twice."""

    telegram: TelegramServer
    database: str
    running: list[BotProcess] = field(default_factory=list)
    twice: int = 0
    webhook: str | None = None

    async def start(self) -> BotProcess:
        """Start one more."""
        bot = await BotProcess.start(
            TELEGRAM_TOKEN=self.telegram.token,
            TELEGRAM_API_URL=self.telegram.url,
            DATABASE_URL=self.database,
            WEB_ROOM="off",
            **({"WEBHOOK_URL": self.webhook} if self.webhook else {}),
        )
        self.running.append(bot)
        await bot.running("telegram")
        return bot

    async def kill(self, bot: BotProcess) -> None:
        """End one as a power cut does."""
        self.running.remove(bot)
        await bot.stop(signal.SIGKILL)

    async def stop(self) -> None:
        """End all in good order, after they have told what may be there twice."""
        for bot in self.running:
            told = (await bot.health())["platforms"]["telegram"]
            self.twice += int(told.get("perhaps_twice", 0))
        for bot in self.running:
            await bot.stop()

    async def left_over(self) -> dict[str, int]:
        """Count what must be nowhere."""
        connection = await asyncpg.connect(self.database)
        try:
            return {what: await connection.fetchval(query) for what, query in LEFT_OVER.items()}
        finally:
            await connection.close()


@asynccontextmanager
async def balanced(bots: Bots) -> AsyncIterator[None]:
    """Have Telegram bring its updates to the bots in turn, by what stands between them."""
    turns = count()

    async def pass_on(request: web.Request) -> web.Response:
        body = await request.read()
        for _ in range(len(bots.running)):
            bot = bots.running[next(turns) % len(bots.running)]
            with suppress(ClientError):
                url = f"{bot.url}{request.path}"
                async with session.post(url, data=body, headers=request.headers) as answer:
                    if answer.ok:
                        return web.Response()
        return web.Response(status=502)

    app = web.Application()
    app.router.add_post("/telegram", pass_on)
    runner = web.AppRunner(app, access_log=None)
    async with ClientSession() as session:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        bots.webhook = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield
        finally:
            await runner.cleanup()


@asynccontextmanager
async def some_bots(
    cluster: Cluster, number: int, kind: str = "postgresql", *, webhook: bool = False
) -> AsyncIterator[Bots]:
    """Run so many bots on a database and at a Telegram of their own."""
    async with AsyncExitStack() as stack:
        telegram = await stack.enter_async_context(TelegramServer())
        if kind == "sqlite":
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            database = f"sqlite:///{folder}/snowpeople.db"
        else:
            database = await new_database(cluster.address)
        bots = Bots(telegram, database)
        if webhook:
            await stack.enter_async_context(balanced(bots))
        try:
            for _ in range(number):
                await bots.start()
            yield bots
        finally:
            for bot in bots.running:
                await bot.stop(signal.SIGKILL)


async def throughput(
    cluster: Cluster, number: int, kind: str, photos: int
) -> dict[str, float | str]:
    """Send so many photos at once to so many bots, and measure how it goes."""
    async with some_bots(cluster, number, kind) as bots:
        warm = Crowd(bots.telegram, 1)
        first = Sent()
        for chat in warm.chats(2 * number):
            for photo in warm.photos(2):
                warm.send(chat, photo, first)
        await warm.answered(first, len(first.at))
        crowd, sent = Crowd(bots.telegram, number), Sent()
        chats, drawn = crowd.chats(photos // OF_A_CHAT), crowd.photos(photos)
        before = await spent(bots)
        began = time.perf_counter()
        for index, photo in enumerate(drawn):
            crowd.send(chats[index % len(chats)], photo, sent)
        await crowd.answered(sent, photos)
        wall = time.perf_counter() - began
        after = await spent(bots)
        await bots.stop()
    return {
        "bots": number,
        "database": kind,
        "photos": len(sent.answered),
        "a second": len(sent.answered) / wall,
        "p50 s": quantile(sent.seconds, 0.5),
        "p95 s": quantile(sent.seconds, 0.95),
        **{f"{what} ms": 1000 * (after[what] - before[what]) / photos for what in after},
    }


async def spent(bots: Bots) -> dict[str, float]:
    """Return the seconds that all have spent: processor time, and the database's stages."""
    seconds: defaultdict[str, float] = defaultdict(float)
    for bot in bots.running:
        seconds["processor"] += sum(processor_seconds(bot.process.pid))
        for stage, number in (await database_seconds(bot)).items():
            seconds[stage] += number
    return seconds


@dataclass
class Outcome:
    """What became of a stream of photos. faults: sentences, none when all is well. log: errors."""

    photos: int
    answered: int
    twice: int
    counted_twice: int
    longest: float
    left_over: Mapping[str, int]
    out_of_order: int
    log: list[str] = field(repr=False)

    @property
    def faults(self) -> list[str]:
        left = [f"{number} {what}" for what, number in self.left_over.items() if number]
        if self.answered < self.photos:
            left.append(f"{self.photos - self.answered} photos were never answered")
        if self.twice > self.counted_twice:
            left.append(f"{self.twice} were answered twice, {self.counted_twice} counted so")
        if self.out_of_order:
            left.append(f"{self.out_of_order} chats out of order")
        return left


async def faults(
    cluster: Cluster, photos: int, *, restarts_database: bool = True, webhook: bool = False
) -> Outcome:
    """Send a stream of photos to two bots, kill one, and restart the database."""
    async with some_bots(cluster, 2, webhook=webhook) as bots:
        crowd, sent = Crowd(bots.telegram, photos), Sent()
        chats, drawn = crowd.chats(max(2, photos // OF_A_CHAT)), crowd.photos(photos)

        async def harm() -> None:
            seconds = photos / PER_SECOND / 4
            await asyncio.sleep(seconds)
            print("kill -9", flush=True)
            await bots.kill(bots.running[0])
            await asyncio.sleep(seconds)
            await bots.start()
            print("it is back", flush=True)
            if restarts_database:
                await asyncio.sleep(seconds / 2)
                await asyncio.to_thread(cluster.restart)
                print("the database was restarted", flush=True)

        harming = asyncio.create_task(harm())
        watching = asyncio.create_task(crowd.answered(sent, photos))
        began = time.perf_counter()
        for index, photo in enumerate(drawn):
            await asyncio.sleep(max(0.0, began + index / PER_SECOND - time.perf_counter()))
            crowd.send(chats[index % len(chats)], photo, sent)
        await harming
        await watching
        await asyncio.sleep(SETTLED_SECONDS)
        answers = answers_in(bots.telegram)
        await bots.stop()
        log = [line for bot in bots.running for line in bot.log]
        return Outcome(
            photos=photos,
            answered=sum(bool(answers[key]) for key in sent.at),
            twice=sum(max(0, answers[key] - 1) for key in sent.at),
            counted_twice=bots.twice,
            longest=max(sent.seconds, default=0.0),
            left_over=await bots.left_over(),
            out_of_order=out_of_order(chats),
            log=[line for line in log if "rror" in line and not line.startswith(" ")],
        )


def answers_in(telegram: TelegramServer) -> Counter[tuple[int, int]]:
    """Count the answers to each message, by its chat and id."""
    counts: Counter[tuple[int, int]] = Counter()
    for method, given in telegram.calls:
        if method == "sendMessage" and "reply_parameters" in given:
            found = re.search(r'"message_id":\s*(\d+)', given["reply_parameters"])
            if found and "%" in given["text"]:
                counts[int(given["chat_id"]), int(found[1])] += 1
    return counts


def out_of_order(chats: Sequence[Chat]) -> int:
    """Return in how many chats a first answer overtook another."""
    wrong = 0
    for chat in chats:
        firsts = list(dict.fromkeys(said.reply_to for said in chat.bots if said.reply_to))
        wrong += firsts != sorted(firsts)
    return wrong


def main() -> int:
    """Run it, and return how many things went wrong."""
    parser = argparse.ArgumentParser(description=__doc__, prog="make cluster")
    parser.add_argument("--photos", type=int, default=240, help="in each part")
    parser.add_argument("--only-faults", action="store_true")
    parser.add_argument("--webhook", action="store_true", help="faults: both get updates, in turn")
    arguments = parser.parse_args()
    # A bot that is killed hangs up in the middle of a call.
    logging.getLogger("aiohttp.server").disabled = True
    programs = binaries()
    if programs is None:
        print("PostgreSQL is not installed.", file=sys.stderr)
        return 1
    with running_cluster(programs) as cluster:
        rows: defaultdict[str, list[float | str]] = defaultdict(list)
        for number, kind in () if arguments.only_faults else MEASURED:
            measured = asyncio.run(throughput(cluster, number, kind, arguments.photos))
            for name, value in measured.items():
                rows[name].append(value if isinstance(value, str) else round(value, 2))
        for name, values in rows.items():
            print(f"{name:12}" + "".join(f"{value:>12}" for value in values), flush=True)
        outcome = asyncio.run(faults(cluster, arguments.photos, webhook=arguments.webhook))
    print(outcome)
    for fault in outcome.faults:
        print(f"WRONG: {fault}")
    if outcome.faults:
        print(*outcome.log[-20:], sep="\n")
    return min(1, len(outcome.faults))


if __name__ == "__main__":
    sys.exit(main())
