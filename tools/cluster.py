"""`make cluster`: several bots on one PostgreSQL and one Telegram of our own, and what fails them.

First the same photos are sent to one bot and to two, for the table. Then two bots answer a stream
of photos, one of them is killed and comes back, and the database is restarted; each photo must be
answered once, in its chat's order, and nothing may be left over. Only loopback is used.

With `--discord` three bots divide Discord's shards, and one of them is killed and comes back.

With `--ray` (which has to be installed) two bots stand beside a classifier tier, and it is that
which fails: a copy of the classifier, Ray's proxy, its controller, and in the end all of it.
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
from importlib.util import find_spec
from itertools import count

import asyncpg
from aiohttp import ClientError, ClientSession, web

from tests.fakes.telegram.chats import Chat
from tests.fakes.telegram.server import TelegramServer
from tests.support.family import BotProcess
from tests.support.postgres import Cluster, binaries, new_database, running_cluster, running_pair
from tools import cluster_discord
from tools.bench_telegram import Crowd, Sent, database_seconds, processor_seconds, quantile
from tools.cluster_evening import evening, show
from tools.cluster_tier import VICTIMS, TierProcess, tier_photos

# How many bots, and where they remember; SQLite is what a single one has by itself.
MEASURED = ((1, "sqlite"), (1, "postgresql"), (2, "postgresql"))
OF_A_CHAT = 4
PER_SECOND = 4
# Without a photo's answer for so long, no other one comes.
SETTLED_SECONDS = 5.0

# What must be nowhere in the end, as the rows that it counts.
LEFT_OVER = {
    # Of a menu whose process died there is no reference: nobody can answer it.
    "photos without an answer": (
        "SELECT count(*) FROM rounds WHERE answered IS NULL AND reference IS NOT NULL"
    ),
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
    tier: TierProcess | None = None
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
            CLASSIFIER_URL=self.tier.url if self.tier else "",
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


async def left_over(database: str) -> dict[str, int]:
    """Count what must be nowhere."""
    connection = await asyncpg.connect(database)
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
    cluster: Cluster,
    number: int,
    kind: str = "postgresql",
    *,
    tier: TierProcess | None = None,
    webhook: bool = False,
) -> AsyncIterator[Bots]:
    """Run so many bots on a database and at a Telegram of their own."""
    async with AsyncExitStack() as stack:
        telegram = await stack.enter_async_context(TelegramServer())
        if kind == "sqlite":
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            database = f"sqlite:///{folder}/snowpeople.db"
        else:
            database = await new_database(cluster.address)
        bots = Bots(telegram, database, tier)
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
    cluster: Cluster, number: int, kind: str, photos: int, tier: TierProcess | None = None
) -> dict[str, float | str]:
    """Send so many photos at once to so many bots, and measure how it goes."""
    async with some_bots(cluster, number, kind, tier=tier) as bots:
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
        "classifier": "tier" if tier else "own",
        "photos": len(sent.answered),
        "a second": len(sent.answered) / wall,
        "p50 s": quantile(sent.seconds, 0.5),
        "p95 s": quantile(sent.seconds, 0.95),
        **{f"{what} ms": 1000 * (after[what] - before[what]) / photos for what in after},
    }


async def spent(bots: Bots) -> dict[str, float]:
    """Return the seconds that all have spent: processor time, and the database's stages."""
    seconds: defaultdict[str, float] = defaultdict(float)
    if bots.tier is not None:
        seconds["tier's"] = bots.tier.processor_seconds()
        seconds["processor"] += seconds["tier's"]
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


async def harm_bots(bots: Bots, seconds: float) -> None:
    """Kill one and bring it back, and restart the database, with so many seconds between."""
    await asyncio.sleep(seconds)
    print("kill -9", flush=True)
    await bots.kill(bots.running[0])
    await asyncio.sleep(seconds)
    await bots.start()
    print("it is back", flush=True)


async def harm_tier(bots: Bots, seconds: float) -> None:
    """Kill each part of the tier in turn, and at last all of it, with so many seconds between."""
    assert bots.tier is not None
    for victim in VICTIMS:
        await asyncio.sleep(seconds)
        print("kill -9", victim, bots.tier.kill(victim), flush=True)
    await asyncio.sleep(seconds)
    print("kill -9, all of Ray", flush=True)
    bots.tier.kill_all()


async def faults(
    cluster: Cluster,
    photos: int,
    *,
    restarts_database: bool = True,
    tier: TierProcess | None = None,
    webhook: bool = False,
) -> Outcome:
    """Send a stream of photos to two bots, kill one or the tier, and restart the database."""
    async with some_bots(cluster, 2, tier=tier, webhook=webhook) as bots:
        crowd, sent = Crowd(bots.telegram, photos), Sent()
        chats, drawn = crowd.chats(max(2, photos // OF_A_CHAT)), crowd.photos(photos)

        async def harm() -> None:
            seconds = photos / PER_SECOND
            if tier is not None:
                await harm_tier(bots, seconds / (len(VICTIMS) + 2))
                return
            await harm_bots(bots, seconds / 4)
            if restarts_database:
                await asyncio.sleep(seconds / 8)
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
        if tier is not None:
            print("of the tier's photos:", *[await tier_photos(bot) for bot in bots.running])
        await bots.stop()
        log = [line for bot in bots.running for line in bot.log]
        return Outcome(
            photos=photos,
            answered=sum(bool(answers[key]) for key in sent.at),
            twice=sum(max(0, answers[key] - 1) for key in sent.at),
            counted_twice=bots.twice,
            longest=max(sent.seconds, default=0.0),
            left_over=await left_over(bots.database),
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


async def with_tier(cluster: Cluster, photos: int, *, only_faults: bool) -> Outcome:
    """Measure bots that look by themselves and by a tier, and then have that fail."""
    bots = () if only_faults else (1, 2)
    measured = [await throughput(cluster, number, "postgresql", photos) for number in bots]
    async with TierProcess.running() as tier:
        measured += [
            await throughput(cluster, number, "postgresql", photos, tier) for number in bots
        ]
        if measured:
            print_table(measured)
        return await faults(cluster, photos, tier=tier)


async def on_discord(cluster: Cluster, photos: int) -> Outcome:
    """Send a stream of photos to three bots that divide the shards, and kill one of them."""
    database = await new_database(cluster.address)
    played = await cluster_discord.play(database, photos)
    return Outcome(**played, left_over=await left_over(database))


def print_table(measured: Sequence[Mapping[str, float | str]]) -> None:
    """Print a row for each figure."""
    for name in measured[-1]:
        values = [columns.get(name, "") for columns in measured]
        cells = (value if isinstance(value, str) else round(value, 2) for value in values)
        print(f"{name:12}" + "".join(f"{cell:>12}" for cell in cells), flush=True)


def main() -> int:
    """Run it, and return how many things went wrong."""
    parser = argparse.ArgumentParser(description=__doc__, prog="make cluster")
    parser.add_argument("--photos", type=int, default=240, help="in each part")
    parser.add_argument("--only-faults", action="store_true")
    parser.add_argument("--ray", action="store_true", help="a classifier tier that fails")
    parser.add_argument("--discord", action="store_true", help="shards divided among three bots")
    parser.add_argument("--webhook", action="store_true", help="faults: both get updates, in turn")
    parser.add_argument("--evening", action="store_true", help="all of it at once, and the game")
    parser.add_argument("--bots", type=int, default=2, help="of the evening")
    parser.add_argument("--failover", action="store_true", help="a standby takes over")
    arguments = parser.parse_args()
    if arguments.ray and find_spec("ray") is None:
        print("Ray is not installed: pip install '.[cluster]'", file=sys.stderr)
        return 1
    # A bot that is killed hangs up in the middle of a call.
    logging.getLogger("aiohttp.server").disabled = True
    programs = binaries()
    if programs is None:
        print("PostgreSQL is not installed.", file=sys.stderr)
        return 1
    servers = running_pair if arguments.failover else running_cluster
    if arguments.evening:
        has_tier = find_spec("ray") is not None
        if not has_tier:
            print("Without a classifier tier, as Ray is not installed: pip install '.[cluster]'")
        with servers(programs) as cluster:
            having = evening(
                cluster, LEFT_OVER, arguments.photos, bots=arguments.bots, has_tier=has_tier
            )
            return show(asyncio.run(having))
    with servers(programs) as cluster:
        if arguments.ray:
            outcome = asyncio.run(
                with_tier(cluster, arguments.photos, only_faults=arguments.only_faults)
            )
        elif arguments.discord:
            outcome = asyncio.run(on_discord(cluster, arguments.photos))
        else:
            measured = [
                asyncio.run(throughput(cluster, number, kind, arguments.photos))
                for number, kind in (() if arguments.only_faults else MEASURED)
            ]
            if measured:
                print_table(measured)
            outcome = asyncio.run(faults(cluster, arguments.photos, webhook=arguments.webhook))
    print(outcome)
    for fault in outcome.faults:
        print(f"WRONG: {fault}")
    if outcome.faults:
        print(*outcome.log[-20:], sep="\n")
    return min(1, len(outcome.faults))


if __name__ == "__main__":
    sys.exit(main())
