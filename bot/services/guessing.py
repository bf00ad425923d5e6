"""Call it first: everyone guesses what the bot will say, or where it will look, then it tells."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta

from bot.domain import Button, Label, PhotoOutcome, ButtonOutcome, Photo, ButtonPress, Reply, Room
from bot.game.rules import GUESS_POINTS, GUESS_WITHIN, Denied, is_hit
from bot.services.ports import Chat, Scorebook
from bot.services.rounds import Play
from bot.speech import Speaker

log = logging.getLogger(__name__)

CALLS = (Label.OLAF, Label.ABOMINABLE)
# While the platform cannot be reached.
AGAIN_IN = timedelta(seconds=30)
SECONDS = int(GUESS_WITHIN.total_seconds())

# Returns the sentences for a room, in its language, else in the one that is given.
WordsOf = Callable[[Room, str | None], Awaitable[Speaker]]


class Guesses:
    """Opens rounds to guesses and tells how they end, also after a restart."""

    def __init__(
        self,
        book: Scorebook,
        play: Play,
        chats: Mapping[str, Chat],
        words_of: WordsOf,
        now: Callable[[], datetime],
    ) -> None:
        self._book = book
        self._play = play
        self._chats = chats
        self._words_of = words_of
        self._now = now
        self._clocks: dict[int, asyncio.TimerHandle] = {}
        self._telling: set[asyncio.Task[None]] = set()

    async def open(self, photo: Photo, look: PhotoOutcome, words: Speaker) -> Reply | None:
        """Ask the room what the bot will say; None where there is nobody to guess."""
        assert look.round is not None
        if photo.room.private:
            return None
        until = self._now() + GUESS_WITHIN
        if not await self._book.open_guesses(look.round, until):
            return None
        self._wait(look.round, photo.room, until, words.language)
        buttons = tuple(
            Button(words.snow_person(label), f"guess:{look.round}:{label}") for label in CALLS
        )
        return Reply(words.guess_open(SECONDS), buttons=(buttons,), outcomes=(look,))

    async def press(self, press: ButtonPress, words: Speaker) -> ButtonOutcome | None:
        """Note a guess; None when the button is for something else."""
        match press.data.split(":"):
            case ["guess", number, label] if number.isdecimal() and label in CALLS:
                return await self._guess(press, int(number), Label(label), words)
        return None

    async def resume(self) -> None:
        """Go on waiting for the guesses that a restart interrupted."""
        for opening in await self._book.openings():
            self._wait(opening.round, opening.room, opening.until, None)

    async def close(self) -> None:
        """Stop the clocks, which the next process sets again, and tell what is being told."""
        await asyncio.gather(*self._telling)
        for clock in self._clocks.values():
            clock.cancel()

    async def _guess(self, press: ButtonPress, id_: int, label: Label, words: Speaker) -> ButtonOutcome:
        if await self._book.round_(id_, press.room) is None:
            return ButtonOutcome(words.old_button())
        now = self._now()
        guesses = await self._book.guess(id_, press.player, label, now)
        if not isinstance(guesses, tuple):
            return ButtonOutcome(_why_not(guesses, words))
        if await self._book.everyone_guessed(id_, now.astimezone(UTC).date()):
            self._wait(id_, press.room, now, words.language)
        return ButtonOutcome(words.guess_noted(label))

    def _wait(self, id_: int, room: Room, until: datetime, language: str | None) -> None:
        """Set a round's clock, anew if it has one."""

        def ring() -> None:
            del self._clocks[id_]
            task = asyncio.create_task(self._tell(id_, room, language))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

        if (clock := self._clocks.pop(id_, None)) is not None:
            clock.cancel()
        seconds = max(0.0, (until - self._now()).total_seconds())
        self._clocks[id_] = asyncio.get_running_loop().call_later(seconds, ring)

    async def _tell(self, id_: int, room: Room, language: str | None) -> None:
        """Say in the room what the bot thinks, and who saw that coming; once."""
        try:
            opening = await self._book.close_guesses(id_, self._now())
            chat = self._chats.get(room.platform)
            if opening is None or chat is None:
                return
            round_ = await self._book.round_(id_, opening.room)
            if round_ is None:
                return
            words = await self._words_of(opening.room, language)
            guesses = await self._book.guesses(id_)
            text, buttons = await self._play.shown(opening.room, round_, words)
            if guesses:
                names = await self._book.names(opening.room)
                right = [guess for guess in guesses if is_hit(guess, round_.verdict)]
                found = [names.get(guess.by) or words.forgotten_name() for guess in right]
                first, *rest = text.split("\n")
                text = "\n".join((first, words.guessed(found, GUESS_POINTS), *rest))
            said = Reply(text, verdict=round_.verdict, buttons=buttons)
            if await chat.say(opening.room, said, to=opening.message or None):
                await self._book.guesses_told(id_)
        except Exception:
            log.exception("guesses could not be answered")


def _why_not(denied: Denied | None, words: Speaker) -> str:
    """Word why a guess does not count; None when its round is no longer remembered."""
    return {
        Denied.OWN: words.guess_own,
        Denied.AGAIN: words.guessed_before,
        Denied.LATE: words.guess_late,
        Denied.DISGUISED: words.take_off_the_disguise,
    }.get(denied or Denied.OVER, words.old_button)()
