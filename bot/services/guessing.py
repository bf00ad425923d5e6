"""Guess rounds: everyone guesses what the bot will answer, then it tells."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from bot.domain import (
    ButtonOutcome,
    ButtonPress,
    Classified,
    Delivery,
    Label,
    Photo,
    Reply,
    Room,
)
from bot.game.rules import GUESS_POINTS, GUESS_WITHIN, Denied, is_right_guess
from bot.services.buttons import MakeGuess, button
from bot.services.language import Languages
from bot.services.ports import Messenger
from bot.services.rounds import Rounds
from bot.speech import Speaker
from bot.storage import Store

log = logging.getLogger(__name__)

GUESSES = (Label.OLAF, Label.ABOMINABLE)
# How long to wait before an answer is sent again, while the platform cannot be reached.
AGAIN_IN = timedelta(seconds=30)
# What was not told for so long is of no interest any more.
GIVE_UP = timedelta(hours=24)


class Guessing:
    """Opens rounds to guesses and tells how they end, also after a restart.

    Args:
        store: Remembers guesses.
        rounds: Words a round.
        messengers: The platforms, by name.
        languages: Finds a room's sentences.
        now: The time, with its zone.
    """

    def __init__(
        self,
        store: Store,
        rounds: Rounds,
        messengers: Mapping[str, Messenger],
        languages: Languages,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._rounds = rounds
        self._messengers = messengers
        self._languages = languages
        self._now = now
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._telling: set[asyncio.Task[None]] = set()
        self._closing = False

    async def open(self, photo: Photo, outcome: Classified, speaker: Speaker) -> Reply | None:
        """Ask the room what the bot will answer; None where there is nobody to guess."""
        if photo.room.private:
            return None
        until = self._now() + GUESS_WITHIN
        if not await self._store.game.open_guesses(outcome.round_id, until):
            return None
        self._wait(outcome.round_id, photo.room, until, speaker.language)
        buttons = tuple(
            button(speaker.text.label(label), MakeGuess(outcome.round_id, label))
            for label in GUESSES
        )
        asked = speaker.rounds.guess_open(int(GUESS_WITHIN.total_seconds()))
        return Reply(asked, buttons=(buttons,), outcomes=(outcome,))

    async def guess(self, press: ButtonPress, action: MakeGuess, speaker: Speaker) -> ButtonOutcome:
        """Note a guess; the answer comes early when everyone has guessed."""
        round_id = action.round_id
        if action.label not in GUESSES or not await self._store.game.round(round_id, press.room):
            return ButtonOutcome(speaker.rooms.old_button())
        now = self._now()
        guesses = await self._store.game.guess(round_id, press.player, action.label, now)
        if not isinstance(guesses, tuple):
            return ButtonOutcome(_why_not(guesses, speaker))
        if await self._store.game.everyone_guessed(round_id, now.astimezone(UTC).date()):
            self._wait(round_id, press.room, now, speaker.language)
        return ButtonOutcome(speaker.rounds.guess_noted(action.label))

    async def resume(self) -> None:
        """Go on waiting for the guesses that a restart interrupted."""
        self._closing = False
        for opening in await self._store.game.open_guessings():
            self._wait(opening.round_id, opening.room, opening.until, None)

    async def close(self) -> None:
        """Stop the timers, which the next process sets again, and tell what is being told."""
        self._closing = True
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        await asyncio.gather(*self._telling)

    def _wait(self, round_id: int, room: Room, until: datetime, language: str | None) -> None:
        """Set a round's timer, anew if it has one."""
        if self._closing:
            return

        def ring() -> None:
            del self._timers[round_id]
            task = asyncio.create_task(self._tell(round_id, room, until, language))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

        if (timer := self._timers.pop(round_id, None)) is not None:
            timer.cancel()
        seconds = max(0.0, (until - self._now()).total_seconds())
        self._timers[round_id] = asyncio.get_running_loop().call_later(seconds, ring)

    async def _tell(self, round_id: int, room: Room, until: datetime, language: str | None) -> None:
        """Send the room the answer, once; try again later while it cannot be sent."""
        try:
            delivery = await self._send_answer(round_id, room, language)
        except Exception:
            log.exception("an answer to guesses could not be sent")
            delivery = Delivery.FAILED
        if delivery is Delivery.FAILED and self._now() < until + GIVE_UP:
            self._wait(round_id, room, self._now() + AGAIN_IN, language)

    async def _send_answer(self, round_id: int, room: Room, language: str | None) -> Delivery:
        opening = await self._store.game.close_guesses(round_id, self._now())
        messenger = self._messengers.get(room.platform)
        if opening is None or messenger is None:
            return Delivery.REFUSED
        round_ = await self._store.game.round(round_id, opening.room)
        if round_ is None:
            return Delivery.REFUSED
        speaker = await self._languages.speaker_in(opening.room, language)
        guesses = await self._store.game.guesses(round_id)
        shown = await self._rounds.render(opening.room, round_, speaker)
        text = shown.text
        if guesses:
            names = await self._store.game.names(opening.room)
            right = [guess for guess in guesses if is_right_guess(guess, round_.verdict)]
            found = [speaker.text.name(names.get(guess.by)) for guess in right]
            first, *rest = text.split("\n")
            text = "\n".join((first, speaker.rounds.guessed(found, GUESS_POINTS), *rest))
        reply = Reply(text, verdict=round_.verdict, buttons=shown.buttons)
        delivery = await messenger.send(opening.room, reply, to=opening.message or None)
        if delivery is not Delivery.FAILED:  # a room that does not want it is not asked again
            await self._store.game.mark_guesses_told(round_id)
        return delivery


def _why_not(denied: Denied | None, speaker: Speaker) -> str:
    """Word why a guess does not count; None when its round is no longer remembered."""
    return {
        Denied.OWN: speaker.rounds.guess_own,
        Denied.AGAIN: speaker.rounds.guessed_before,
        Denied.LATE: speaker.rounds.guess_late,
        Denied.SHARED_IDENTITY: speaker.rounds.shared_identity_cannot_tap,
    }.get(denied or Denied.OVER, speaker.rooms.old_button)()
