"""What became of each photo of the soak, by what stands in the chats."""

from __future__ import annotations

import sqlite3
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from shutil import copy

from bot.domain import Label, Refusal
from bot.speech import LANGUAGES, speaker_for
from tests.fakes.discord.rest import Interaction
from tests.fakes.discord.server import DiscordServer
from tests.fakes.discord.world import Message as DiscordMessage
from tests.fakes.telegram.chats import Chat
from tests.fakes.telegram.things import Message

REASONS = {
    speaker_for(language).photos.refusal(reason): reason
    for language in LANGUAGES
    for reason in Refusal
}


BETWEEN = "twice, killed between send and note"
# Nobody can know whether a call was carried out whose connection broke: an answer too many is
# better than one too few.
BROKEN = "twice, line broken before the receipt"
# Not waited for, since nothing will come any more: the token that could answer it is kept nowhere.
MENU_KILLED = "lost, of a menu, in hand when killed"
# What no bot can help. It is counted and shown all the same.
UNAVOIDABLE = {BETWEEN, BROKEN, MENU_KILLED}
LATE = "lost, of a menu, acknowledged after three seconds"
# How a guess round's question begins: while it is asked, and when it is over.
_ROUNDS = speaker_for("en").rounds
QUESTIONS = (
    _ROUNDS.guess_open(None, ()),
    _ROUNDS.guess_over(()),
    _ROUNDS.guess_over(("Mia",)).partition("Mia")[0],
)
# What a vote came to is a reply to the photo as well, and no second answer.
VOTED = (
    _ROUNDS.vote_ended(((Label.OLAF, 2),), None).partition(":")[0],
    *(_ROUNDS.vote_stands(votes) for votes in range(2)),
)


@dataclass(eq=False)
class Sent:
    """What one person sent: a photo, or several together.

    keys: room and message of each, as the bot notes them. answers: the texts that stand in the chat
    for it. interaction: of a menu on Discord. excused: why it may stay without an answer.
    elsewhere: what was said in the group that its group became, where messages have other ids.
    between: the bot was killed between an answer and its note. unnoted: or before it noted that
    there is something to answer. unknowable: Telegram answered, and broke the line instead of
    telling the bot.
    """

    way: str
    photos: int
    keys: tuple[tuple[str, str], ...]
    answers: Callable[[], Sequence[str]]
    interaction: Interaction | None = None
    excused: str = ""
    elsewhere: list[str] = field(default_factory=list)
    is_open: bool = True
    between: bool = False
    unknowable: bool = False
    unnoted: bool = False

    @property
    def why_silent(self) -> str:
        """Say why it may stay without an answer, if it may."""
        if self.interaction is not None and self.interaction.was_late:
            return LATE
        return self.excused

    def look(self) -> Sequence[str]:
        """Return its answers, and note whether there are any."""
        found = [text for text in self.answers() if not _plain(text).startswith(VOTED)]
        found += self.elsewhere
        self.is_open = not found
        return found


class Ledger:
    """Everything that was sent."""

    def __init__(self) -> None:
        self.all: list[Sent] = []

    def add(self, sent: Sent) -> Sent:
        """Note what was sent."""
        self.all.append(sent)
        return sent

    def open(self) -> list[Sent]:
        """Return what has no answer so far, and needs one."""
        waiting = [sent for sent in self.all if sent.is_open and not sent.why_silent]
        return [sent for sent in waiting if not sent.look()]

    def carry(self, old: Chat, new: Chat) -> int:
        """Give what was said in a group after it moved to what was asked before, in its order.

        Returns how much was said there that nobody had asked for.
        """
        theirs = [sent for sent in self.all if sent.keys[0][0] == str(old.id)]
        for sent in theirs:
            sent.elsewhere.clear()
        loose = deque(m.text for m in new.bots if m.reply_to is None)
        for sent in theirs:
            if loose and not sent.look():
                sent.elsewhere.append(loose.popleft())
                # After a kill each photo of an album is answered for itself.
                parts = 1 if sent.elsewhere[0].startswith("1.") else sent.photos
                for _ in range(min(parts - 1, len(loose))):
                    loose.popleft()
        return len(loose)

    def killed(self, database: str, waiting: Iterable[str]) -> None:
        """Note what the memory knew when the process was killed.

        waiting: rooms and messages that Telegram still keeps for the bot, such as `-100/7`.
        """
        unanswered, noted = _rounds(database)
        kept = set(waiting)
        self.excuse_menus()
        for sent in self.all:
            is_said = bool(sent.look())
            if is_said and any(key in unanswered for key in sent.keys):
                sent.between = True
            if not is_said and not sent.excused:
                sent.unnoted = not any(
                    key in noted or f"{key[0]}/{key[1]}" in kept for key in sent.keys
                )

    def excuse_menus(self) -> None:
        """Excuse menus without an answer: whoever could answer them was killed."""
        for sent in self.all:
            if sent.interaction is not None and not sent.look():
                sent.excused = MENU_KILLED


def outcome(sent: Sent) -> str:
    """Say what became of something that was sent."""
    answers = sent.look()
    if len(answers) > 1:
        if sent.between:
            return BETWEEN
        return BROKEN if sent.unknowable else "twice"
    if not answers:
        if why := sent.why_silent:
            return why if why.startswith("lost") else f"none: {why}"
        return "lost, killed before it was noted" if sent.unnoted else "lost"
    reason = REASONS.get(_plain(answers[0]))
    return f"sentence: {reason}" if reason else "verdict"


def is_bad(row: str) -> bool:
    """Return whether something must not have come to this outcome."""
    return row.startswith(("lost", "twice")) and row not in UNAVOIDABLE


def guessed_first(sent: Sent) -> Sent:
    """Make a guess round of a photo: its question is no answer, but a second one is too much."""

    def answers() -> list[str]:
        said = sent.answers()
        asked = [text for text in said if _plain(text).startswith(QUESTIONS)]
        return [*asked[1:], *(text for text in said if text not in asked)]

    return replace(sent, answers=answers)


def telegram_sent(way: str, chat: Chat, *messages: Message) -> Sent:
    """Note messages on Telegram: an album is answered once, or each of its photos once."""
    ids = {message.id for message in messages}

    def answers() -> list[str]:
        said = [(m.reply_to, m.text) for m in chat.bots if m.reply_to in ids]
        several = len(said) > 1 and len({to for to, _ in said}) == len(said)
        return [said[0][1]] if several else [text for _, text in said]

    keys = tuple((str(chat.id), str(id_)) for id_ in sorted(ids))
    return Sent(f"telegram {way}", len(messages), keys, answers)


class DiscordAnswers:
    """Finds what the bot said on Discord, without reading all of it again for each photo."""

    def __init__(self, server: DiscordServer) -> None:
        self._server = server
        self._read = 0
        self._to: dict[int, list[str]] = {}

    def message(self, way: str, message: DiscordMessage, photos: int = 1) -> Sent:
        """Note a message."""
        key = (str(message.channel.id), str(message.id))
        return Sent(f"discord {way}", photos, (key,), lambda: self._texts(message.id))

    def asked(self, way: str, interaction: Interaction) -> Sent:
        """Note what was chosen from a menu."""
        key = (str(interaction.channel.id), f"{interaction.id}/0")
        return Sent(f"discord {way}", 1, (key,), lambda: self._texts(interaction.id), interaction)

    def _texts(self, id_: int) -> list[str]:
        for said in self._server.said[self._read :]:
            to = said.reply_to.id if said.reply_to is not None else 0
            self._to.setdefault(said.interaction or to, []).append(said.content)
        self._read = len(self._server.said)
        return self._to.get(id_, [])


def _plain(text: str) -> str:
    """Return a text without what keeps it from Discord's markup."""
    return text.replace("\\", "")


def _rounds(database: str) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Return the rounds without an answer and all rounds, from a copy of what a killed bot left."""
    with tempfile.TemporaryDirectory() as folder:
        for suffix in ("", "-wal"):
            if Path(database + suffix).exists():
                copy(database + suffix, Path(folder) / f"copy{suffix}")
        connection = sqlite3.connect(Path(folder) / "copy")
        try:
            rows = connection.execute(
                "SELECT chat, message, answered FROM rounds JOIN rooms ON rooms.id = rounds.room_id"
            ).fetchall()
        finally:
            connection.close()
    unanswered = {(chat, message) for chat, message, answered in rows if answered is None}
    return unanswered, {(chat, message) for chat, message, _ in rows}
