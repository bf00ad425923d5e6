"""Guess rounds: everyone guesses what the bot will answer, then it tells."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

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
from bot.game.rules import GUESS_WITHIN, Denied, Guess, PlayerId
from bot.services.buttons import MakeGuess, button
from bot.services.clock import Clock
from bot.services.language import Languages
from bot.services.ports import Messenger
from bot.services.revisions import Revisions
from bot.services.rounds import Rounds
from bot.services.timers import Timers
from bot.speech import Speaker
from bot.storage import Store

log = logging.getLogger(__name__)

GUESSES = (Label.OLAF, Label.ABOMINABLE, Label.NEITHER)
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
        clock: The time.
        revisions: Numbers edits.
    """

    def __init__(
        self,
        store: Store,
        rounds: Rounds,
        messengers: Mapping[str, Messenger],
        languages: Languages,
        clock: Clock,
        revisions: Revisions,
    ) -> None:
        self._store = store
        self._rounds = rounds
        self._messengers = messengers
        self._languages = languages
        self._clock = clock
        self._revisions = revisions
        self._timers = Timers(clock.now)

    async def open(self, photo: Photo, outcome: Classified, speaker: Speaker) -> Reply | None:
        """Ask the room what the bot will answer; None where there is nobody to guess."""
        if photo.room.private:
            return None
        until = self._clock.now() + GUESS_WITHIN
        if not await self._store.guesses.open(outcome.round_id, until):
            return None
        self._wait(outcome.round_id, photo.room, until, until, speaker.language)
        asked = self._question(outcome.round_id, (), {}, until, speaker)
        return Reply(asked.text, buttons=asked.buttons, outcomes=(outcome,))

    async def guess(self, press: ButtonPress, action: MakeGuess, speaker: Speaker) -> ButtonOutcome:
        """Note a guess and show who has guessed; the answer comes early when everyone has."""
        round_id = action.round_id
        if not await self._store.game.round(round_id, press.room):
            return ButtonOutcome(speaker.rooms.old_button())
        now = self._clock.now()
        guesses = await self._store.guesses.add(round_id, press.player, action.label, now)
        if not isinstance(guesses, tuple):
            return ButtonOutcome(_why_not(guesses, speaker))
        opening = await self._store.guesses.find(round_id)
        until = opening.until if opening else now
        if await self._store.guesses.everyone_guessed(round_id, now):
            self._wait(round_id, press.room, now, until, speaker.language)
        names = await self._store.game.names(press.room)
        shown = self._question(round_id, guesses, names, until, speaker)
        return ButtonOutcome(speaker.rounds.guess_noted(action.label), edit=shown)

    async def resume(self) -> None:
        """Go on waiting for the guesses that a restart interrupted."""
        self._timers.open()
        for opening in await self._store.guesses.unanswered():
            self._wait(opening.round_id, opening.room, opening.until, opening.until, None)

    async def close(self) -> None:
        """Stop waiting, which the next process does again, and finish what is being told."""
        await self._timers.close()

    def _question(
        self,
        round_id: int,
        guesses: tuple[Guess, ...],
        names: Mapping[PlayerId, str],
        until: datetime,
        speaker: Speaker,
    ) -> Reply:
        """Return the message above the guesses' buttons: how long, and who has tapped."""
        seconds = max(1, round((until - self._clock.now()).total_seconds()))
        who = [speaker.text.name(names.get(guess.by)) for guess in guesses]
        buttons = tuple(
            button(speaker.text.label(label), MakeGuess(round_id, label)) for label in GUESSES
        )
        return Reply(speaker.rounds.guess_open(seconds, who), buttons=(buttons,))

    def _wait(
        self, round_id: int, room: Room, at: datetime, until: datetime, language: str | None
    ) -> None:
        """Tell the answer at that time."""
        self._timers.set(round_id, at, lambda: self._tell(round_id, room, until, language))

    async def _tell(self, round_id: int, room: Room, until: datetime, language: str | None) -> None:
        """Send the room the answer, once; try again later while it cannot be sent."""
        try:
            delivery = await self._send_answer(round_id, room, language)
        except Exception:
            log.exception("an answer to guesses could not be sent")
            delivery = Delivery.FAILED
        now = self._clock.now()
        if delivery is Delivery.FAILED and now < until + GIVE_UP:
            self._wait(round_id, room, now + AGAIN_IN, until, language)

    async def _send_answer(self, round_id: int, room: Room, language: str | None) -> Delivery:
        opening = await self._store.guesses.close(round_id, self._clock.now())
        messenger = self._messengers.get(room.platform)
        if opening is None or messenger is None:
            return Delivery.REFUSED
        round_ = await self._store.game.round(round_id, opening.room)
        if round_ is None:
            return Delivery.REFUSED
        speaker = await self._languages.speaker_in(opening.room, language)
        shown = await self._rounds.render(opening.room, round_, speaker)
        reply = Reply(shown.text, verdict=round_.verdict, buttons=shown.buttons)
        found_round = await self._store.rounds.find(round_id)
        question = found_round.answer if found_round else None
        delivery = await messenger.send(opening.room, reply, to=opening.message or None)
        if delivery is not Delivery.FAILED:  # a room that does not want it is not asked again
            await self._store.guesses.mark_told(round_id)
            if question is not None:  # it takes no more guesses
                over = self._revisions.number(Reply(speaker.rounds.guess_over()))
                await messenger.edit(opening.room, question, over)
        return delivery


def _why_not(denied: Denied | None, speaker: Speaker) -> str:
    """Word why a guess does not count; None when its round is no longer remembered."""
    return {
        Denied.OWN: speaker.rounds.guess_own,
        Denied.AGAIN: speaker.rounds.guessed_before,
        Denied.LATE: speaker.rounds.guess_late,
        Denied.SHARED_IDENTITY: speaker.rounds.shared_identity_cannot_tap,
    }.get(denied or Denied.OVER, speaker.rooms.old_button)()
