"""A party night in a family's group, from its lobby to its picture, as the family reads it."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bot.domain import Label, Room
from bot.game.party import Party, Phase
from bot.game.party_prompts import Teller
from bot.services.party_chat import SCREEN
from bot.storage import Store
from tests.bot.platforms.telegram.conftest import EN
from tests.fakes.telegram.running_bot import RunningBot, room_of
from tests.fakes.telegram.server import TelegramServer
from tests.fakes.telegram.things import Message, User
from tests.fakes.vision import OLAF, STRANGER, YETI
from tests.support.party import DRAWING, WHITE, Eyes, settled

SAY = EN.party
JOIN = SAY.join_button()
OLAF_, YETI_, NEITHER_ = (EN.text.label(label) for label in Label)
FAIR = SAY.fair_button(fair=True)


class Evening:
    """The family's group, and a clock that goes on when it is told to."""

    def __init__(self, telegram: TelegramServer, store: Store, kept: Path) -> None:
        self.now = datetime(2026, 11, 29, 18, 0, tzinfo=UTC)
        self.bot = RunningBot(telegram, store, now=lambda: self.now, kept=kept, vision=Eyes())
        self.telegram, self.group = telegram, self.bot.family
        # What was sent and edited, and when.
        self.calls: list[tuple[datetime, str, dict[str, Any]]] = []

    @property
    def room(self) -> Room:
        return room_of(self.group)

    @property
    def party(self) -> Party:
        party = self.bot.service.parties.find(self.room)
        assert party is not None
        return party

    @property
    def last(self) -> Message:
        """The latest message of the evening's own, and of no notice."""
        return [message for message in self.group.bots if message.reply_to is None][-1]

    async def settle(self) -> None:
        """Wait until all that was said is heard, and all that is to be shown is there."""
        await self.telegram.waits()
        await settled()
        for name, given in self.telegram.calls[len(self.calls) :]:
            self.calls.append((self.now, name, given))

    async def pass_(self, seconds: float) -> None:
        """Let time go by."""
        await self.settle()
        self.now += timedelta(seconds=seconds)
        self.bot.service.parties.enter(self.room, SCREEN)
        await self.settle()

    async def tap(self, who: User, button: str, message: Message | None = None) -> str:
        """Tap a button under the latest message; return the notice."""
        tap = self.group.press(who, message or self.last, button)
        notice = await tap.answered()
        await self.settle()
        return notice

    async def send(self, who: User, *photos: bytes) -> None:
        """Send photos in reply to the latest message, as an album if they are several."""
        if len(photos) > 1:
            self.group.send_album(who, photos, reply_to=self.last)
        else:
            self.group.send_photo(who, photos[0], reply_to=self.last)
        await self.settle()


@pytest.fixture
async def evening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Evening]:
    monkeypatch.setattr("bot.services.party.PROMPTS", (DRAWING, WHITE))
    monkeypatch.setattr("bot.services.party.random.SystemRandom", lambda: random.Random(3))
    # An evening in a second; how often it writes is looked at by the evening's own clock.
    monkeypatch.setattr("bot.platforms.telegram.limits.IN_GROUP", (1000.0, 60.0))
    async with TelegramServer() as telegram, Store.open("sqlite://") as store:
        evening = Evening(telegram, store, tmp_path / "kept")
        await evening.bot.start()
        yield evening
        await evening.bot.service.party_chats.close()
        await evening.bot.stop()
        await evening.bot.service.parties.close()


async def test_a_family_plays_a_whole_evening(evening: Evening) -> None:
    telegram, group = evening.telegram, evening.group
    mia, ben, gran, tom = map(telegram.person, ("Mia", "Ben", "Grandma", "Tom"))
    see = evening.bot.vision.sees
    see |= {b"bowl": OLAF, b"cup": YETI, b"spoon": YETI, b"towel": STRANGER}

    group.send_text(mia, "/party")
    await evening.settle()
    lobby = evening.last
    assert lobby.text == SAY.lobby(["Mia"])
    ten, twenty = (SAY.start_button(minutes) for minutes in (10, 20))
    assert lobby.buttons == [JOIN, ten, twenty]
    assert await evening.tap(mia, ten) == SAY.not_allowed("too_few")
    assert await evening.tap(ben, JOIN) == SAY.joined()
    assert await evening.tap(ben, JOIN) == SAY.joined_before()
    assert await evening.tap(gran, JOIN) == SAY.joined()
    await evening.pass_(9)
    assert lobby.text == SAY.lobby(["Mia"])  # it is not edited so soon
    await evening.pass_(1)
    assert lobby.text == SAY.lobby(["Mia", "Ben", "Grandma"])
    assert await evening.tap(ben, ten) == SAY.not_allowed("not_yours")
    assert await evening.tap(mia, ten) == ""

    # Who sends what: one, an album, somebody late, and Grandma nothing.
    task = evening.last
    assert SAY.prompt(evening.party.rounds[-1].prompt.key) in task.text
    assert SAY.send_how(90) in task.text
    await evening.send(ben, b"bowl", b"bowl again", b"bowl once more")
    await evening.send(mia, b"cup")
    await evening.send(mia, b"another cup")
    await evening.send(tom, b"late")
    assert [each.text for each in group.bots if each.reply_to] == [
        SAY.not_allowed("already"),
        SAY.joined_late(),
    ]
    await evening.pass_(30)
    assert {SAY.ready(["Mia", "Ben"]), SAY.awaited(["Grandma"])} <= set(task.text.splitlines())
    await evening.pass_(60)
    assert SAY.rested(["Grandma"]) in task.text
    assert not task.buttons

    # The first photo; the process ends in the middle of it, and goes on with the same message.
    reveal = evening.last
    assert reveal.text.startswith(SAY.shown(1, 2, ["Ben"]))
    assert reveal.picture is not None
    assert await evening.tap(mia, OLAF_) == EN.rounds.guess_noted(Label.OLAF)
    assert await evening.tap(gran, YETI_) == EN.rounds.guess_noted(Label.ABOMINABLE)
    assert await evening.tap(ben, OLAF_) == EN.rounds.guess_own()
    assert await evening.tap(tom, OLAF_) == SAY.joined_late()
    await evening.pass_(10)
    assert EN.rounds.guessed(["Mia"], 20) in reveal.text
    said = len(group.bots)
    await evening.bot.restart_process()
    await evening.pass_(5)
    assert len(group.bots) == said
    await judge(evening, [mia, ben, gran])
    await evening.pass_(10)
    assert not reveal.buttons
    assert SAY.reached(["Ben"], OLAF.percent) in reveal.text
    await evening.pass_(5)
    assert len(group.bots) == said + 1
    await reveal_and_judge(evening, [mia, ben, gran])
    assert await evening.tap(gran, "Mia") == SAY.noted()
    assert await evening.tap(mia, "Mia") == SAY.not_allowed("not_yours")
    await evening.pass_(15)
    points = evening.last
    assert points.text.splitlines()[:2] == [
        SAY.scores(1, 2),
        f"{EN.standings.place(1, ['Ben'], 117)} (+117)",
    ]
    assert SAY.starred(["Mia"]) in points.text

    # Whoever came late plays now; a file that was shown before is not taken.
    await evening.pass_(11)
    for who, photo in (tom, b"towel"), (gran, b"bowl"), (gran, b"spoon"):
        await evening.send(who, photo)
    assert group.bots[-1].text == SAY.not_allowed("same_file")
    await evening.pass_(90)
    for _ in range(2):
        await reveal_and_judge(evening, [mia, ben])
    await evening.pass_(15)
    await evening.pass_(11)
    over = evening.last
    assert evening.party.phase is Phase.OVER
    assert over.picture is not None
    assert over.picture.startswith(b"\x89PNG")
    assert over.text.startswith(SAY.title())
    look_at_manners(evening)


async def reveal_and_judge(evening: Evening, players: list[User]) -> None:
    """See one photo through: all guess, the bot says its word, all judge, and it is told."""
    for who in players:
        await evening.tap(who, YETI_)
    await evening.pass_(10)
    await judge(evening, players)
    await evening.pass_(15)
    await evening.pass_(5)


async def judge(evening: Evening, players: list[User]) -> None:
    """Have everybody tap what the photo on show asks of them."""
    party = evening.party
    assert party.round is not None
    assert party.photo is not None
    teller = party.round.prompt.goal.teller
    by_device = {str(who.id): who for who in players}
    for player in party.present:
        if player.device not in by_device or not party.round.side_of(player.number):
            continue
        is_own = player.number in party.photo.members
        if teller is not Teller.PROMPT and is_own is (teller is Teller.SENDER):
            assert await evening.tap(by_device[player.device], NEITHER_) == SAY.noted()
        if not is_own:
            assert await evening.tap(by_device[player.device], FAIR) == SAY.noted()


def look_at_manners(evening: Evening) -> None:
    """See that phones ring for a round's start alone, and that Telegram's limits are kept."""
    loud = [
        given["text"]
        for _, name, given in evening.calls
        if name in ("sendMessage", "sendPhoto") and "disable_notification" not in given
    ]
    rounds = evening.party.rounds
    assert [text.splitlines()[0] for text in loud] == [
        SAY.task(number, len(rounds), SAY.prompt(round_.prompt.key))
        for number, round_ in enumerate(rounds, 1)
    ]
    written = [at for at, name, _ in evening.calls if name.startswith(("send", "edit"))]
    for at in written:
        assert sum(at <= other < at + timedelta(minutes=1) for other in written) <= 20
    edits = defaultdict(list)
    for at, name, given in evening.calls:
        if name.startswith("edit"):
            edits[given["message_id"]].append(at)
    assert edits
    for each in edits.values():
        times = sorted(set(each))  # after a restart, a caption is first taken for a text
        assert all(b - a >= timedelta(seconds=10) for a, b in pairwise(times))


async def begin(evening: Evening, players: list[User], topic: int | None = None) -> None:
    """Have players come in, and begin."""
    evening.group.send_text(players[0], "/party", topic=topic)
    await evening.settle()
    for who in players[1:]:
        await evening.tap(who, JOIN)
    await evening.tap(players[0], SAY.start_button(10))


async def test_an_evening_stays_in_its_topic_until_that_is_closed(evening: Evening) -> None:
    mia, ben = map(evening.telegram.person, ("Mia", "Ben"))
    evening.group.forum, evening.group.topics = True, {76, 77}
    await begin(evening, [mia, ben], topic=77)
    evening.group.send_text(ben, "in another topic", topic=76)
    await evening.send(mia, b"cup")
    await evening.bot.restart_process()
    await evening.pass_(90)
    assert evening.party.phase is Phase.GUESSING
    assert {message.topic for message in evening.group.bots} == {77}
    evening.group.closed = {77}
    for seconds in (10, 15, 5):
        await evening.pass_(seconds)
    assert evening.last.text.startswith(SAY.scores(1, 2))
    assert evening.last.topic is None


async def test_an_evening_goes_on_where_its_group_becomes_a_supergroup(evening: Evening) -> None:
    mia, ben = map(evening.telegram.person, ("Mia", "Ben"))
    evening.bot.vision.sees |= {b"cup": YETI, b"bowl": OLAF}
    small = evening.group = evening.telegram.group("Cousins", supergroup=False)
    await begin(evening, [mia, ben])
    await evening.send(mia, b"cup")
    evening.group = small.migrate()
    await evening.settle()
    # The task is there again, and takes a photo; who has sent one is known.
    assert SAY.prompt(evening.party.rounds[-1].prompt.key) in evening.last.text
    assert SAY.ready(["Mia"]) in evening.last.text
    await evening.send(ben, b"bowl")
    await evening.pass_(10)
    assert evening.last.text.startswith(SAY.shown(1, 2, ["Mia"]))


async def test_a_move_that_only_a_message_finds_out_shows_nothing_twice(evening: Evening) -> None:
    mia, ben = map(evening.telegram.person, ("Mia", "Ben"))
    small = evening.group = evening.telegram.group("Cousins", supergroup=False)
    await begin(evening, [mia, ben])
    await evening.send(mia, b"cup")
    new = small.migrate(announced=False)
    await evening.settle()
    evening.now += timedelta(seconds=90)
    evening.bot.service.parties.enter(Room("telegram", str(small.id)), SCREEN)
    evening.group = new
    await evening.settle()
    assert [message.text.splitlines()[0] for message in new.bots] == [SAY.shown(1, 1, ["Mia"])]
    assert await evening.tap(ben, OLAF_) == EN.rounds.guess_noted(Label.OLAF)
