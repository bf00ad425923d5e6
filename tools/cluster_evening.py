"""`make cluster ARGS=--evening`: all that people do on two platforms, while all that may fail does.

Several bots on one PostgreSQL, at a Telegram and a Discord of our own, with a classifier tier where
Ray is installed. People send photos, tell truths, object, vote and guess; podiums are due. In turn
a bot is killed and comes back, the parts of the tier are killed, and the database is restarted.
"""

from __future__ import annotations

import asyncio
import re
import signal
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import aiohttp
import asyncpg

from bot.domain import Player, Room
from bot.game.seasons import last_season
from bot.speech import speaker_for
from bot.storage import Store
from tests.support.family import BotProcess, Family, a_family
from tests.support.postgres import Cluster, new_database
from tests.support.records import fool
from tools.cluster_players import Players
from tools.cluster_tier import VICTIMS, TierProcess, tier_photos
from tools.soak_count import REASONS, is_bad, outcome
from tools.soak_people import People

# How much may be without an answer when somebody sends more: so it is as fast as the machine is.
MOST_WAITING = 30
# Without anything that is answered for so long, nothing more will be.
PATIENCE_SECONDS = 120.0
# Ray gives its processes the lowest priority, and where much else runs one takes minutes to start.
TIER_SECONDS = 600.0
# In which something might be said twice.
SETTLED_SECONDS = 5.0
# By day, wherever it is run: podiums are for the morning.
NOON = 12
MIA = Player("1", "Mia")

TAKE_PODIUMS = "DELETE FROM coming_podiums WHERE room_id % 2 = 1 RETURNING season, room_id"
GIVE_PODIUM = "INSERT INTO coming_podiums VALUES ($1, $2) ON CONFLICT DO NOTHING"
GUESSINGS = "SELECT count(*), count(told) FROM guessings"
VOTES = "SELECT count(*) FROM votes"
UNTOLD = "SELECT count(*) FROM rounds WHERE id = ANY($1) AND told IS NULL"


@dataclass
class Report:
    """What became of an evening. rows: figures by name. wrong: sentences, none when all is well.

    log: errors of the bots, each once.
    """

    rows: dict[str, int | str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    def check(self, name: str, number: int, is_right: bool) -> None:
        """Note a figure, and whether it is as it should be."""
        self.rows[name] = number
        if not is_right:
            self.wrong.append(f"{name}: {number}")


class Evening:
    """One evening: the platforms, the processes, and the people.

    Args:
        family: The platforms, and what bots have to know.
        cluster: The database's server.
        tier: The classifiers, if there are any.
        seed: Of what people do.
    """

    def __init__(
        self, family: Family, cluster: Cluster, tier: TierProcess | None, seed: int
    ) -> None:
        self._family = family
        self._cluster = cluster
        self._tier = tier
        self._people = People(family.telegram, family.discord, seed, MOST_WAITING)
        self._people.bot_is_there = True
        self._players = Players(self._people, seed)
        self._podiums: list[Room] = []
        self._later: list[asyncpg.Record] = []
        self.running: list[BotProcess] = []
        self._log: list[str] = []
        self._perhaps_twice = 0

    @property
    def photos(self) -> int:
        """How many were sent."""
        return sum(sent.photos for sent in self._people.ledger.all)

    async def begin(self, bots: int) -> None:
        """Have some rooms' podiums due, and start the bots."""
        async with Store.open(self._family.settings["DATABASE_URL"]) as store:
            for friend in self._people.dms:  # whom Discord does not tell of while nobody is there
                room = Room("discord", str(friend.id), private=True)
                await store.rooms.add(room, datetime.now(UTC))
            await self._have_played(store)
        for _ in range(bots):
            await self._start()

    async def play(self, photos: int) -> None:
        """Have people send so many photos, and everything fail meanwhile, one after another."""
        lives = [*self._people.begin(), *self._players.begin()]
        harms = self._harms()
        try:
            for number, harm in enumerate(harms, 1):
                await self._until_sent(photos * number // (len(harms) + 1))
                await harm()
            await self._until_sent(photos)
        finally:
            for life in lives:
                life.cancel()
            await asyncio.gather(*lives, return_exceptions=True)

    async def settle(self) -> None:
        """Wait until everything has its answer, or nothing is answered any more."""
        waiting, since = self._waiting(), time.monotonic()
        print(f"{self.photos:>5} photos: people stop; {waiting} things wait", flush=True)
        while waiting and time.monotonic() < since + PATIENCE_SECONDS:
            await asyncio.sleep(0.5)
            if (now := self._waiting()) != waiting:
                waiting, since = now, time.monotonic()
        await asyncio.sleep(SETTLED_SECONDS)

    async def end(self, left_over: Mapping[str, str]) -> Report:
        """End the bots, and return what became of everything.

        Args:
            left_over: Queries that count what must be nowhere, by what it is.
        """
        if self._tier is not None:
            print("of the tier's photos:", *[await tier_photos(bot) for bot in self.running])
        for bot in self.running:
            await self._note_counted(bot)
        for bot in self.running:
            await bot.stop()
            self._log += bot.log
        report = Report()
        self._report_photos(report)
        self._report_podiums(report)
        async with self._connected() as connection:
            await self._report_game(report, connection)
            for what, query in left_over.items():
                number = await connection.fetchval(query)
                report.check(f"left over: {what}", number, number == 0)
        wrong = [line for line in self._log if " ERROR " in line or " CRITICAL " in line]
        report.rows["errors in the log"] = len(wrong)
        report.log += list(dict.fromkeys(line.partition(" ERROR ")[2] or line for line in wrong))
        return report

    # What happens.

    def _harms(self) -> list[Callable[[], Awaitable[None]]]:
        kills = [self._kill_a_bot] * max(1, len(self.running) - 1)
        tier = [self._killer_of(victim) for victim in VICTIMS] if self._tier is not None else []
        return [*kills[:1], *tier, self._restart_database, *kills[1:]]

    async def _kill_a_bot(self) -> None:
        """Kill the bot that has been there longest, and have it back when others do its work."""
        await self._have_the_others_due()
        bot = self.running.pop(0)
        await self._note_counted(bot)
        await bot.stop(signal.SIGKILL)
        self._log += bot.log
        self._people.ledger.excuse_menus()
        self._players.excuse()
        print(f"{self.photos:>5} photos: kill -9 of a bot", flush=True)
        await self._on_discord()
        await self._start()
        print(f"{self.photos:>5} photos: it is back", flush=True)

    def _killer_of(self, victim: str) -> Callable[[], Awaitable[None]]:
        async def kill() -> None:
            assert self._tier is not None
            before = self._of_tier(victim)
            killed = self._tier.kill(victim)
            print(f"{self.photos:>5} photos: kill -9 of {victim}", flush=True)
            began = time.monotonic()
            while (now := self._of_tier(victim)) == before or len(now) < len(before):
                await asyncio.sleep(0.5)
                if time.monotonic() > began + TIER_SECONDS:
                    raise AssertionError(f"{victim} {killed} never came back")
            print(f"{self.photos:>5} photos: it is back", flush=True)

        return kill

    def _of_tier(self, name: str) -> set[int]:
        assert self._tier is not None
        return {pid for pid, called in self._tier.processes().items() if name in called}

    async def _restart_database(self) -> None:
        print(f"{self.photos:>5} photos: the database is restarted", flush=True)
        await asyncio.to_thread(self._cluster.restart)

    async def _start(self) -> None:
        bot = await BotProcess.start(**self._family.settings)
        self.running.append(bot)
        await bot.running("telegram")
        await self._on_discord()

    async def _on_discord(self) -> None:
        """Wait until somebody is connected there."""
        discord = self._family.discord
        await discord.until(
            lambda: len(discord.gateway.live) == discord.rest.shards, PATIENCE_SECONDS
        )

    async def _have_played(self, store: Store) -> None:
        """Have somebody have fooled the bot in some rooms last month; half the podiums come later.

        Before the bots start: to them an old photo without an answer is one that came too late.
        """
        month = last_season(datetime.now(UTC), UTC)
        at = datetime(month.year, month.month, 15, NOON, tzinfo=UTC)
        rooms = [Room("telegram", str(chat.id)) for chat in self._people.groups]
        rooms += [Room("discord", str(channel.id)) for channel in self._people.channels]
        for room in rooms:
            await fool(store, MIA, now=at, room=room)
        self._podiums = rooms
        async with self._connected() as connection:
            self._later = await connection.fetch(TAKE_PODIUMS)

    async def _have_the_others_due(self) -> None:
        async with self._connected() as connection:
            await connection.executemany(GIVE_PODIUM, self._later)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[asyncpg.Connection]:
        connection = await asyncpg.connect(self._family.settings["DATABASE_URL"])
        try:
            yield connection
        finally:
            await connection.close()

    async def _until_sent(self, photos: int) -> None:
        while self.photos < photos:
            await asyncio.sleep(0.1)

    def _waiting(self) -> int:
        """Return how much has no answer yet, and may still get one."""
        untold = sum(not number for number in self._podiums_told().values())
        return len(self._people.ledger.open()) + len(self._players.open()) + untold

    async def _note_counted(self, bot: BotProcess) -> None:
        """Note what a bot itself says may be there twice, on Telegram: Discord knows what is."""
        self._perhaps_twice += await ambiguous(bot)

    # What became of it.

    def _report_photos(self, report: Report) -> None:
        sent = self._people.ledger.all
        report.rows["sent"] = len(sent)
        report.rows["photos in them"] = self.photos
        for way, number in sorted(Counter(each.way for each in sent).items()):
            report.rows[f"  {way}"] = number
        outcomes = Counter(outcome(each) for each in sent)
        twice = outcomes.pop("twice", 0)
        on_discord = sum(
            outcome(each) == "twice" for each in sent if each.way.startswith("discord")
        )
        for name in sorted({"verdict", "lost", *outcomes}, key=lambda name: (is_bad(name), name)):
            report.check(name, outcomes[name], not (is_bad(name) and outcomes[name]))
        report.check("twice", twice, twice <= self._perhaps_twice and not on_discord)
        report.rows["twice perhaps, as the bots counted"] = self._perhaps_twice
        for each in sent:
            if is_bad(outcome(each)):
                report.log.append(f"{outcome(each)}: {each.way} {each.keys}: {list(each.look())}")
        overtaken = self._overtaken()
        report.check("chats out of order", len(overtaken), not overtaken)
        report.log += overtaken

    def _overtaken(self) -> list[str]:
        """Return the chats in which an answer overtook another; refusals are not waited for."""
        people = self._people
        ways = {key: each.way for each in people.ledger.all for key in each.keys}
        said: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for chat in (*people.groups, *people.homes):
            said[f"telegram {chat.id}"] = [(m.reply_to or 0, m.text) for m in chat.bots]
        for each in people.discord.said:
            # What is said to a tap alone is below the bot's own message.
            if each.reply_to is not None and each.interaction is None:
                said[f"discord {each.channel.id}"].append((each.reply_to.id, each.content))
        found = []
        for place, all_ in said.items():
            to = [to for to, text in all_ if to and text.replace("\\", "") not in REASONS]
            firsts = list(dict.fromkeys(to))
            late = [to for number, to in enumerate(firsts) if to < max(firsts[:number], default=0)]
            if late:
                room = place.partition(" ")[2]
                overtaken = [f"{each} ({ways.get((room, str(each)))})" for each in late]
                found.append(f"{place}: {len(firsts)} answers, overtaken: {', '.join(overtaken)}")
        return found

    def _podiums_told(self) -> Counter[Room]:
        """Count the podiums that each room was shown which had to be shown one."""
        title = speaker_for("en").standings.podium(last_season(datetime.now(UTC), UTC), ())
        title = title.splitlines()[0]
        people = self._people
        told = Counter(dict.fromkeys(self._podiums, 0))
        for chat in people.groups:
            told[Room("telegram", str(chat.id))] += sum(title in each.text for each in chat.bots)
        for said in people.discord.said:
            if title in said.content.replace("\\", ""):
                told[Room("discord", str(said.channel.id))] += 1
        return told

    def _report_podiums(self, report: Report) -> None:
        told = self._podiums_told()
        report.rows["podiums that were due"] = len(told)
        once = sum(number == 1 for number in told.values())
        report.check("podiums told once", once, once == len(told))

    async def _report_game(self, report: Report, connection: asyncpg.Connection) -> None:
        taps = self._players.taps
        report.rows["taps"] = len(taps)
        for kind, number in sorted(Counter(type(tap.action).__name__ for tap in taps).items()):
            report.rows[f"  {kind}"] = number
        answered = sum(tap.is_answered() for tap in taps)
        excused = sum(tap.is_excused and not tap.is_answered() for tap in taps)
        report.rows["taps without an answer, in hand when killed"] = excused
        report.check("taps that were answered", answered, answered + excused == len(taps))
        report.log += [f"no answer to {tap.action}" for tap in self._players.open()]
        told = self._players.told()
        untold = await connection.fetchval(UNTOLD, list(told))
        report.rows["truths told by who sent the photo"] = len(told)
        report.check("of these forgotten", untold, not untold)
        report.rows["votes"] = await connection.fetchval(VOTES)
        begun, ended = await connection.fetchrow(GUESSINGS)
        report.rows["guess rounds"] = begun
        report.check("guess rounds that ended", ended, begun == ended)


async def ambiguous(bot: BotProcess) -> int:
    """Return how many messages on Telegram a bot itself says may be there twice."""
    async with aiohttp.ClientSession() as session, session.get(f"{bot.url}/metrics") as answer:
        told = await answer.text()
    counted = re.search(r'snowpeople_ambiguous_answers_total{platform="telegram"} (\S+)', told)
    return int(float(counted[1])) if counted else 0


async def evening(
    cluster: Cluster,
    left_over: Mapping[str, str],
    photos: int,
    *,
    bots: int = 2,
    has_tier: bool = False,
    seed: int = 1,
) -> Report:
    """Have an evening, and return what became of it.

    Args:
        cluster: The database's server.
        left_over: Queries that count what must be nowhere in the end, by what it is.
        photos: How many people send.
        bots: How many processes answer them.
        has_tier: Whether a classifier tier is there, and fails.
        seed: Of what people do.
    """
    hour = datetime.now(UTC).hour
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(TierProcess.running()) if has_tier else None
        family = await stack.enter_async_context(
            a_family(
                DATABASE_URL=await new_database(cluster.address),
                CLASSIFIER_URL=running.url if running is not None else "",
                WEB_ROOM="off",
                TZ=f"Etc/GMT{hour - NOON:+d}",
            )
        )
        one = Evening(family, cluster, running, seed)
        try:
            await one.begin(bots)
            await one.play(photos)
            await one.settle()
            return await one.end(left_over)
        finally:
            for bot in one.running:
                await bot.stop(signal.SIGKILL)


def show(report: Report) -> int:
    """Print what became of an evening; return the exit code."""
    width = max(map(len, report.rows))
    for name, value in report.rows.items():
        print(f"{name:<{width}}{value:>8}")
    print(*report.log[:20], sep="\n")
    for wrong in report.wrong:
        print(f"WRONG: {wrong}")
    return min(1, len(report.wrong))
