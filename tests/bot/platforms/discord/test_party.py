"""A party night in a channel of a family's server: photos by the form and in replies."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.domain import Label, Room
from bot.game.party import Phase
from bot.services.party_chat import SCREEN
from bot.speech import speaker_for
from tests.bot.platforms.discord.conftest import EN
from tests.fakes.discord.bot import OLAF_PNG, YETI_PNG, Evening, an_evening
from tests.fakes.discord.world import SILENT, Message, User
from tests.fakes.vision import YETI
from tests.support.party import KITCHEN, Eyes, settled

SAY, DE = EN.party, speaker_for("de")
JOIN, SEND = SAY.join_button(), SAY.send_button()


class Clock:
    """Goes on when it is told to."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 29, 18, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time


@pytest.fixture
async def party(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Party]:
    monkeypatch.setattr("bot.services.party.PROMPTS", (KITCHEN,))
    monkeypatch.setattr("bot.services.party.random.SystemRandom", lambda: random.Random(3))
    clock = Clock()
    async with an_evening(now=clock.now, kept=tmp_path / "kept", vision=Eyes()) as evening:
        evening.discord.rest.edit_seconds = 0.01  # an evening in a second
        party = Party(evening, clock)
        yield party
        await evening.service.party_chats.close()
        await evening.service.parties.close()


class Party:
    """The family at play."""

    def __init__(self, evening: Evening, clock: Clock) -> None:
        self.evening = evening
        self.discord = evening.discord
        self.home = evening.home
        self.room = Room("discord", str(evening.home.id))
        self._clock = clock

    @property
    def phase(self) -> Phase:
        party = self.evening.service.parties.find(self.room)
        assert party is not None
        return party.phase

    @property
    def messages(self) -> list[Message]:
        """What the bot said to all, of its own accord."""
        said = self.discord.world.messages_of(self.home)
        return [m for m in said if m.author.bot and m.reply_to is None]

    async def pass_(self, seconds: float) -> None:
        """Let time go by."""
        await settled()
        self._clock.time += timedelta(seconds=seconds)
        self.evening.service.parties.enter(self.room, SCREEN)
        await settled()

    async def tap(self, who: User, button: str, message: Message | None = None) -> str:
        """Tap a button under the latest message; return the notice."""
        pressed = await self.discord.press(who, message or self.messages[-1], button)
        notice = await self.discord.followed_up(pressed)
        assert notice.only_for is who
        await settled()
        return notice.content


async def test_a_family_plays_in_a_channel(party: Party) -> None:
    discord, ana, ben, home = party.discord, party.evening.ana, party.evening.ben, party.home
    cem, dora = discord.user("Cem"), discord.user("Dora")

    await discord.slash(ana, home, "party")
    await discord.until(lambda: party.messages)
    (lobby,) = party.messages
    assert lobby.interaction is None  # its buttons outlive the command's quarter of an hour
    assert lobby.content.endswith("Ana")
    assert await party.tap(ben, JOIN) == DE.party.joined()
    assert await party.tap(dora, JOIN) == SAY.joined()
    assert await party.tap(ben, SAY.start_button(10)) == DE.party.not_allowed("not_yours")
    await discord.press(ana, lobby, SAY.start_button(10))
    await discord.until(lambda: len(party.messages) == 2)
    await settled()
    task = party.messages[-1]
    assert task.content.startswith(SAY.task(1, 1, SAY.prompt(KITCHEN.key)))
    assert task.labels == [SEND, JOIN]

    # One photo by the form, one album in reply, one from somebody late, and none from Dora.
    opened = await discord.press(ana, task, SEND)
    await discord.until(lambda: opened.form)
    sent = await discord.answered(await discord.submit(ana, opened, YETI_PNG, OLAF_PNG))
    assert (sent.content, sent.only_for) == (SAY.photo_taken(), ana)
    album = await discord.send(ben, home, "", OLAF_PNG, b"another", reply_to=task)
    late = await discord.send(cem, home, "me too", b"late", reply_to=task)
    assert (await discord.answer(late)).content == SAY.joined_late()
    await discord.send(cem, home, "just talk", reply_to=task)
    await settled()
    assert SAY.ready(["Ana", "Ben"]) in task.content
    assert SAY.awaited(["Dora"]) in task.content
    await party.pass_(90)
    assert SAY.rested(["Dora"]) in task.content
    assert not task.labels

    # The process ends in the middle of a reveal, and goes on with the same message.
    reveal = party.messages[-1]
    assert reveal.content.startswith(SAY.shown(1, 2, ["Ana"]))
    assert len(reveal.attachments) == 1
    olaf, yeti, _ = (EN.text.label(label) for label in Label)
    assert await party.tap(ben, yeti) == DE.rounds.guess_noted(Label.ABOMINABLE)
    assert await party.tap(ana, yeti) == EN.rounds.guess_own()
    await party.pass_(10)
    assert EN.rounds.guessed(["Ben"], 20) in reveal.content
    said = len(party.messages)
    await party.evening.restart_process()
    await party.pass_(1)
    assert len(party.messages) == said
    assert len(discord.answers(album)) == 0  # it is known, though Discord tells of it again
    assert await party.tap(ana, olaf) == SAY.noted()
    assert await party.tap(ben, SAY.fair_button(fair=True)) == DE.party.noted()
    await party.pass_(15)
    assert {SAY.truth(Label.OLAF), SAY.tricked(["Ana"], 42)} <= set(reveal.content.splitlines())
    assert not reveal.labels
    assert len(reveal.attachments) == 1
    await party.pass_(5)
    second = party.messages[-1]
    assert await party.tap(ana, olaf) == EN.rounds.guess_noted(Label.OLAF)
    await party.pass_(10)
    assert await party.tap(ana, SAY.fair_button(fair=False)) == SAY.noted()
    await party.pass_(15)
    assert SAY.unfair() in second.content

    # Whoever began it can end it, and nobody else but an admin.
    refused = await discord.answered(
        await discord.slash(ben, home, "party", arguments={"choice": "stop"})
    )
    assert (refused.content, refused.only_for) == (DE.party.host_stops(), ben)
    await discord.slash(ana, home, "party", arguments={"choice": "stop"})
    await discord.until(lambda: party.phase is Phase.OVER)
    await settled()
    await party.pass_(3)
    over = party.messages[-1]
    assert over.content.startswith(f"{SAY.title()} is over. {SAY.winners(['Ana'])}")
    assert over.attachments[0]["filename"] == "evening.png"
    ordinary = await discord.send(ben, home, "", YETI_PNG, reply_to=task)
    answer = await discord.answer(ordinary)
    assert answer.content.startswith(EN.photos.heatmap_answer(YETI).split()[0])
    # Phones make a sound for a round's start alone.
    assert [m for m in party.messages if not m.flags & SILENT] == [task]


async def test_an_evening_in_a_thread_stays_there(party: Party) -> None:
    discord, ana, family = party.discord, party.evening.ana, party.evening.family
    party.home = thread = discord.channel(family, "thread", parent=party.home)
    party.room = Room("discord", str(thread.id))
    await discord.slash(ana, thread, "party")
    await discord.until(lambda: party.messages)
    await party.evening.restart_process()
    assert await party.tap(party.evening.ben, JOIN) == DE.party.joined()
    assert party.phase is Phase.LOBBY
    assert [message.channel for message in party.messages] == [thread]
