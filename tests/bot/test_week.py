"""A family's week with the game, in three rooms; `pytest -s tests/test_week.py` shows it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from aiohttp import ClientSession
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.domain import Label, Player, Preview, Room
from bot.platforms.discord import DiscordAdapter
from bot.platforms.telegram import TelegramAdapter
from bot.platforms.web import WebAddress, WebServer
from bot.platforms.web.rooms import room_of
from bot.services import Service
from bot.services.admission import Admission
from bot.services.rate_limit import RateLimits
from bot.speech import speaker_for
from bot.storage import Store, shards
from tests.fakes.discord.server import DiscordServer
from tests.fakes.discord.world import User as DiscordUser
from tests.fakes.telegram.server import TelegramServer
from tests.fakes.telegram.things import User as TelegramUser
from tests.fakes.vision import OLAF, STRANGER, YETI, FakeVision
from tests.support.pictures import draw_olaf, encoded
from tests.support.services import make_service
from tests.support.week import Clock, DiscordPage, TelegramPage, WebPage

MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = (
    date(2026, 11, 23 + day) for day in range(7)
)
THE_FIRST, THE_THIRD = date(2026, 12, 1), date(2026, 12, 3)
EN, DE = speaker_for("en"), speaker_for("de")
# Photos that fooled the bot by Friday: two of Mia's, two of Ben's, one of Papa's.
HALL_OF_GROUP = 5


class Camera(FakeVision):
    """Sees what it is told, and makes previews that can be drawn on a card."""

    async def preview(self, photo: bytes, side: int) -> Preview:
        drawn = draw_olaf((64, 48))
        return Preview(encoded(drawn, "JPEG"), *drawn.size)


@dataclass
class Week:
    """The host, its clock, the people, and the pages of their rooms."""

    service: Service
    clock: Clock
    kept: Path
    session: ClientSession
    papa: TelegramUser
    mia: TelegramUser
    ben: TelegramUser
    leo: DiscordUser
    zoe: DiscordUser
    group: TelegramPage
    alone: TelegramPage
    channel: DiscordPage
    browser: WebPage
    start: Callable[[], Awaitable[None]]
    stop: Callable[[], Awaitable[None]]

    @asynccontextmanager
    async def day(self, day: date, hour: int, minute: int = 0) -> AsyncIterator[None]:
        """Have the bot run for a day, or a part of it: each morning it starts anew."""
        self.clock.turn(day, hour, minute)
        await self.start()
        async with self.service.running():
            yield
        await self.stop()

    async def points(self) -> list[dict[str, int]]:
        """Return the season's points in the group, the channel and the browser's room."""
        # In the language that is spoken there: whoever asks for a board is answered in theirs.
        rooms = (
            (Room("telegram", str(self.group.chat.id)), "de"),
            (Room("discord", str(self.channel.channel.id)), "en"),
            (room_of("opa"), "de"),
        )
        return [
            {
                row.name: row.points
                for row in await self.service.board(room, Player("", "", language))
            }
            for room, language in rooms
        ]


@asynccontextmanager
async def a_week(folder: Path) -> AsyncIterator[Week]:
    """Start the bot on all platforms at once, on a Monday morning."""
    clock, vision = Clock(datetime(2026, 11, 23, 8, 0, tzinfo=UTC)), Camera()
    usual = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY, shards.SPACING
    shards.SPACING = timedelta(seconds=0.01)  # each day a restart
    stopping = asyncio.Event()
    async with (
        TelegramServer() as telegram,
        DiscordServer() as discord,
        Store.open(f"sqlite:///{folder / 'week.db'}") as store,
        ClientSession() as session,
        AsyncExitStack() as stack,
    ):
        on_telegram = TelegramAdapter(
            telegram.token,
            api_url=telegram.url,
            notes=store.notes,
            duties=store.leases,
            notices=store.notices,
        )
        on_discord = DiscordAdapter(
            discord.token,
            api_url=discord.api_url,
            gateway_url=discord.gateway_url,
            notes=store.notes,
            shards=store.shards,
        )
        listening = socket.create_server(("127.0.0.1", 0))
        address = WebAddress("127.0.0.1", listening.getsockname()[1])
        in_browsers = WebServer(address, health=lambda: {"status": "ok"})
        service = make_service(
            vision,
            store,
            {each.name: each for each in (on_telegram, on_discord, in_browsers)},
            admission=Admission(RateLimits()),
            kept=folder / "kept",
            now=clock,
        )
        papa, mia = telegram.person("Papa", "de"), telegram.person("Mia", "de")
        ben = telegram.person("Ben", "en")
        group = telegram.group("Familie Winter", bot="left")
        group.admins.add(papa.id)
        guild = discord.guild("Cousins", "snow")
        await in_browsers.start(service, listening)
        stack.push_async_callback(in_browsers.stop)
        running = list[asyncio.Task[None]]()

        async def start() -> None:
            stopping.clear()
            running[:] = [
                asyncio.create_task(each.run(service, stopping))
                for each in (on_telegram, on_discord)
            ]
            await discord.until(lambda: discord.gateway.live)
            await telegram.waits()

        async def stop() -> None:
            stopping.set()
            async with asyncio.timeout(10):
                await asyncio.gather(*running)

        async def close() -> None:
            await stop()
            browser.close()
            Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY, shards.SPACING = usual

        stack.push_async_callback(close)
        url = f"http://127.0.0.1:{address.port}/r/opa"
        browser = WebPage("In the browser: Opa's room", clock, vision, "Opa", "de", url)
        yield Week(
            service,
            clock,
            folder / "kept",
            session,
            papa,
            mia,
            ben,
            discord.user("Leo"),
            discord.user("Zoe"),
            TelegramPage("Telegram: the group “Familie Winter”", clock, vision, telegram, group),
            TelegramPage(
                "Telegram: Ben and the bot", clock, vision, telegram, telegram.private(ben)
            ),
            DiscordPage("Discord: #snow", clock, vision, discord, guild.channels[0]),
            browser,
            start,
            stop,
        )


async def test_a_familys_week(tmp_path: Path) -> None:
    async with a_week(tmp_path) as week:
        pages = (week.group, week.alone, week.channel, week.browser)
        try:
            await play(week)
        finally:
            print("", *pages, sep="\n")
        for page in (week.group, week.alone, week.channel):
            assert page.unheard() == [], page.title
        assert await week.browser.unheard() == []


async def play(week: Week) -> None:
    async with week.day(MONDAY, 15):
        await monday(week)
    async with week.day(TUESDAY, 15):
        await tuesday(week)
    async with week.day(WEDNESDAY, 16):
        await wednesday(week)
    async with week.day(THURSDAY, 16):
        await thursday(week)
    async with week.day(FRIDAY, 18):
        await friday(week)
    async with week.day(SATURDAY, 10):
        await weekend(week)
    november = [
        {"Mia": 25 + 97 + 10 + 97 + 25, "Ben": 84 + 97, "Papa": 40},
        {"Leo": 84},
        {"Opa": 97},
    ]
    assert await week.points() == november
    async with week.day(THE_FIRST, 16):  # objections are not over yet: no podium
        await week.group.photo(week.mia, "the first yeti of December", OLAF, "Yeti")
        await week.group.ask(week.mia, "/leaderboard")
    assert await week.points() == [{"Mia": 97}, {}, {}]
    async with week.day(THE_THIRD, 7, 30):  # before breakfast
        await week.group.ask(week.ben, "/challenge")
    async with week.day(THE_THIRD, 9):
        await week.group.hear_more()
        await week.channel.hear_more()
        await week.browser.hear()
    async with week.day(THE_THIRD, 16):  # not again
        await week.group.ask(week.mia, "/leaderboard all")
    assert await week.points() == [{"Mia": 97}, {}, {}]


async def monday(week: Week) -> None:
    group, channel, opa = week.group, week.channel, week.browser
    group.act("Papa", "adds the bot to the group, as an admin of it")
    group.chat.invite_bot(week.papa, "administrator")
    await group.hear_more()
    # A work that is praised, and no defeat.
    answer = await group.photo(week.mia, "Olaf out of snow", OLAF)
    await group.tap(week.mia, answer, DE.rounds.truth_button(Label.OLAF))
    await group.tap(week.mia, answer, DE.rounds.made_button())
    group.talk(week.papa, "Der ist ja schön geworden!")
    # A wrong tap that is taken back.
    answer = await group.photo(week.ben, "Papa in his fur coat", YETI)
    await group.tap(week.mia, answer, EN.rounds.truth_button(Label.NEITHER), changes=False)
    await group.tap(week.ben, answer, EN.rounds.truth_button(Label.ABOMINABLE))
    await group.tap(week.ben, answer, EN.rounds.change_button())
    await group.tap(week.ben, answer, EN.rounds.truth_button(Label.NEITHER))
    settings = await group.ask(week.papa, "/settings")
    await group.tap(week.papa, settings, DE.rooms.language_button())
    await group.tap(week.ben, settings, "Deutsch", changes=False)
    await group.tap(week.papa, settings, "Deutsch")

    week.clock.turn(MONDAY, 18)
    said = await channel.photo(week.leo, "a yeti of felt", YETI)
    await channel.press(week.leo, said, EN.rounds.truth_button(Label.ABOMINABLE))

    week.clock.turn(MONDAY, 19)
    await opa.open(week.session)
    entry = await opa.photo("a yeti that looks like Olaf", OLAF)
    await opa.tap(entry, DE.rounds.truth_button(Label.ABOMINABLE))
    await opa.tap(entry, DE.photos.card_button(), sends=True)


async def tuesday(week: Week) -> None:
    group, channel = week.group, week.channel
    answer = await group.photo(week.mia, "a yeti with a carrot", OLAF, "Ein Schneemensch!")
    await group.tap(week.mia, answer, DE.photos.card_button(), changes=False)
    await group.hear_more()
    # Whatever the bot called neither waits until somebody says that it is true.
    answer = await group.photo(week.papa, "an Olaf under a bed sheet", STRANGER)
    await group.tap(week.papa, answer, DE.rounds.truth_button(Label.OLAF))
    assert "Papa" not in (await week.points())[0]
    await group.tap(week.mia, answer, DE.rounds.confirm_button())
    assert (await week.points())[0]["Papa"] == 40
    # A vote.
    told = await group.photo(week.ben, "a hairy Olaf, says Ben", YETI, "olaf")
    await group.tap(week.ben, told, DE.rounds.objection_button(), changes=False)
    await group.tap(week.mia, told, DE.rounds.objection_button())
    yeti = DE.text.label(Label.ABOMINABLE)
    await group.tap(week.ben, told, DE.text.label(Label.OLAF), changes=False)
    await group.tap(week.papa, told, yeti)
    assert (await week.points())[0]["Ben"] == 84 + 84  # until the vote is over
    await group.tap(week.mia, told, yeti, changes=False)
    await group.hear_more()
    await group.see(told)
    assert (await week.points())[0]["Ben"] == 84

    week.clock.turn(TUESDAY, 17)
    await channel.slash(week.leo, "challenge")
    await channel.photo(week.leo, "an Olaf out of bread", YETI, "olaf")


async def wednesday(week: Week) -> None:
    group, channel, opa = week.group, week.channel, week.browser
    await group.photo(week.mia, "a yeti with a carrot", OLAF)
    answer = await group.photo(week.papa, "the heap in front of the garage", STRANGER)
    await group.tap(week.papa, answer, DE.rounds.truth_button(Label.NEITHER))
    await group.ask(week.papa, "/guess")
    asked = await group.photo(week.ben, "a yeti in Olaf's scarf", OLAF, "Rate mal!")
    olaf, yeti = DE.text.label(Label.OLAF), DE.text.label(Label.ABOMINABLE)
    await group.tap(week.ben, asked, olaf, changes=False)
    await group.tap(week.papa, asked, yeti)
    await group.tap(week.mia, asked, olaf, changes=False)
    (answer,) = await group.hear_more()
    await group.see(asked)
    await group.tap(week.ben, answer, DE.rounds.truth_button(Label.ABOMINABLE))
    await group.tap(week.mia, answer, DE.photos.where_button(), changes=False)
    await group.hear_more()

    week.clock.turn(WEDNESDAY, 18)
    # Where two play, an objection voids.
    said = await channel.photo(week.zoe, "a yeti in the fridge", OLAF, "it's a yeti")
    await channel.press(week.leo, said, EN.rounds.objection_button())
    assert EN.rounds.void() in said.content
    await channel.slash(week.leo, "leaderboard")

    week.clock.turn(WEDNESDAY, 19)
    await opa.ask("challenge")
    await opa.photo("an Olaf out of napkins", OLAF, "Olaf")


async def thursday(week: Week) -> None:
    group, channel = week.group, week.channel
    await group.ask(week.mia, "/keep on")
    await group.ask(week.papa, "/keep on")
    await group.photo(week.mia, "a yeti out of a mop", OLAF, "Yeti")
    # Of an album the surest photo is played.
    answer = await group.album(
        week.papa, ("the garden", STRANGER), ("Mia's Olaf", OLAF), ("a yeti", YETI)
    )
    await group.tap(week.papa, answer, DE.rounds.truth_button(Label.OLAF))
    await group.ask(week.ben, "/export")
    privacy = await week.alone.ask(week.ben, "/privacy")
    await week.alone.tap(week.ben, privacy, EN.privacy.export_button(), changes=False)
    await week.alone.hear_more()
    await week.service.settle()
    (kept,) = week.kept.glob("*/*")
    assert (kept.parent.name, kept.read_text()) == ("abominable", "a yeti out of a mop")

    week.clock.turn(THURSDAY, 18)
    privacy_ = await channel.slash(week.zoe, "privacy")
    asked = await channel.press_for_more(week.zoe, privacy_, EN.privacy.forget_me_button())
    await channel.press(week.zoe, asked, EN.privacy.forget_button())
    hall = await channel.slash(week.leo, "hall")
    assert "1. Leo" in hall.content
    assert "2." not in hall.content


async def friday(week: Week) -> None:
    group, opa = week.group, week.browser
    await group.ask(week.mia, "/leaderboard")
    await group.ask(week.papa, "/leaderboard week")
    await group.ask(week.ben, "/me")
    await group.ask(week.ben, "/me Mia")
    await group.ask(week.papa, "/stats")
    await group.ask(week.mia, "/hall")
    await group.hear_more(HALL_OF_GROUP)
    await group.ask(week.papa, "/log")
    await group.ask(week.papa, "/undo")

    week.clock.turn(FRIDAY, 19)
    await opa.ask("leaderboard")
    await opa.ask("me")
    await opa.ask("hall")
    await opa.ask("rules")


async def weekend(week: Week) -> None:
    await week.group.ask(week.mia, "/challenge")
    await week.group.photo(week.mia, "the challenge, done", OLAF, "Das ist Olaf, selbst gemacht!")
    week.clock.turn(SUNDAY, 10)
    await week.channel.slash(week.leo, "me")
    await week.channel.slash(week.leo, "stats")
