"""Guess rounds: everyone guesses what the bot will answer, then it tells."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from cachetools import LRUCache

from bot.domain import (
    ButtonOutcome,
    ButtonPress,
    Classified,
    Delivery,
    Label,
    Reply,
    Room,
)
from bot.game.rules import GUESS_WITHIN, Denied
from bot.metrics import Metrics
from bot.services.buttons import MakeGuess, button
from bot.services.clock import Clock
from bot.services.ports import Messenger, traits_of
from bot.services.revisions import Revisions
from bot.services.rounds import Rounds
from bot.services.timers import AGAIN_IN, GIVE_UP, Timers
from bot.speech import Speaker, speaker_for
from bot.storage import Store
from bot.storage.views import RoundView

# Between the end of the guesses and the answer, so that everybody looks up.
DRUM_ROLL_SECONDS = 1.5
# Where no countdown runs by itself: an edit counts as a message does, and a group takes some twenty
# of them a minute.
EDIT_EVERY = timedelta(seconds=10)
# Questions that are open.
REMEMBERED = 2048
# A question may have to wait for its turn; the answer does not overtake it, but not for ever.
QUESTION_LATE, QUESTION_CHECKED = timedelta(minutes=2), timedelta(seconds=1)


class Guessing:
    """Opens rounds to guesses and tells how they end, also after a restart.

    Args:
        store: Remembers guesses.
        rounds: Words a round.
        messengers: The platforms, by name.
        clock: The time.
        revisions: Numbers edits.
        metrics: Counts answers that may be there twice.
    """

    def __init__(
        self,
        store: Store,
        rounds: Rounds,
        messengers: Mapping[str, Messenger],
        clock: Clock,
        revisions: Revisions,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._rounds = rounds
        self._messengers = messengers
        self._clock = clock
        self._revisions = revisions
        self._metrics = metrics
        self._timers = Timers(clock.now)
        self._countdowns = Timers(clock.now)
        # When each question was edited last.
        self._edited: LRUCache[int, datetime] = LRUCache(REMEMBERED)

    async def open(self, outcome: Classified) -> Reply | None:
        """Ask the room what the bot will answer; None where there is nobody to guess."""
        room = outcome.room
        if room.private:
            return None
        until = self._clock.now() + GUESS_WITHIN
        if not await self._store.guesses.open(outcome.round_id, until):
            return None
        view = await self._rounds.view(outcome.round_id)
        if view is None:
            return None
        self._wait(outcome.round_id, room, until, until)
        self._count_down(outcome.round_id, room, self._clock.now() + EDIT_EVERY)
        return replace(self._question(view, until), outcomes=(outcome,))

    async def guess(self, press: ButtonPress, action: MakeGuess, speaker: Speaker) -> ButtonOutcome:
        """Note a guess and show who has guessed; the answer comes early when everyone has."""
        round_id = action.round_id
        if not await self._store.game.round(round_id, press.room):
            return ButtonOutcome(speaker.rooms.old_button())
        now = self._clock.now()
        guesses = await self._store.guesses.add(round_id, press.player, action.label, now)
        if not isinstance(guesses, tuple):
            return ButtonOutcome(_why_not(guesses, speaker))
        notice = speaker.rounds.guess_noted(action.label)
        view = await self._rounds.view(round_id)
        if view is None or view.guess_until is None:
            return ButtonOutcome(notice)
        if await self._store.guesses.everyone_guessed(round_id, now):
            self._wait(round_id, press.room, now, view.guess_until)
        if traits_of(self._messengers, press.room).counts_down:
            return ButtonOutcome(notice, edit=self._question(view, view.guess_until))
        self._count_down(round_id, press.room, now)
        return ButtonOutcome(notice)

    async def resume(self) -> None:
        """Go on waiting for the guesses that a restart interrupted."""
        self._timers.open()
        self._countdowns.open()
        await self.look(anew=True)

    async def look(self, *, anew: bool = False) -> None:
        """Wait for guesses that nothing here waits for: another process may have left them.

        Args:
            anew: Whether to wait anew for all others as well.
        """
        for opening in await self._store.guesses.unanswered():
            if anew or not self._timers.has(opening.round_id):
                self._wait(opening.round_id, opening.room, opening.until, opening.until)
                self._count_down(opening.round_id, opening.room, self._clock.now())

    async def close(self) -> None:
        """Stop waiting, which the next process does again, and finish what is being told."""
        await self._countdowns.close()
        await self._timers.close()

    def _question(self, view: RoundView, until: datetime) -> Reply:
        """Return the message above the guesses' buttons: how long, and who has tapped."""
        speaker = speaker_for(view.language)
        who = _who_guessed(view, speaker)
        traits = traits_of(self._messengers, view.room)
        if traits.time_mark is not None:
            text = speaker.rounds.guess_open_until(traits.time_mark(until), who)
        elif traits.shows_until:
            text = speaker.rounds.guess_open(None, who)
        else:
            seconds = max(1, round((until - self._clock.now()).total_seconds()))
            text = speaker.rounds.guess_open(seconds, who)
        if view.album:
            text = f"{speaker.rounds.guess_about(view.number)}\n{text}"
        buttons = tuple(
            button(speaker.text.label(label), MakeGuess(view.round.id, label)) for label in Label
        )
        return Reply(text, buttons=(buttons,), until=until)

    def _count_down(self, round_id: int, room: Room, at: datetime) -> None:
        """Bring the question up to date at a time, or when it may be edited again after that."""
        if traits_of(self._messengers, room).counts_down:
            return
        if (edited := self._edited.get(round_id)) is not None:
            at = max(at, edited + EDIT_EVERY)
        self._countdowns.set(round_id, at, lambda: self._show_question(round_id, room))

    async def _show_question(self, round_id: int, room: Room) -> None:
        messenger = self._messengers.get(room.platform)
        if not await self._store.leases.own(room):
            return
        async with self._revisions.turn(room):
            view = await self._rounds.view(round_id)
            if view is None or view.guess_until is None or view.answer is None or not messenger:
                return
            asked = self._revisions.number(self._question(view, view.guess_until))
            now = self._edited[round_id] = self._clock.now()
        self._count_down(round_id, room, now + EDIT_EVERY)
        await messenger.edit(view.place, view.answer, asked)

    def _wait(self, round_id: int, room: Room, at: datetime, until: datetime) -> None:
        """Tell the answer at that time."""
        self._timers.set(round_id, at, lambda: self._tell(round_id, room, until))

    async def _tell(self, round_id: int, room: Room, until: datetime) -> None:
        """Send the room the answer, once; try again later while it cannot be sent."""
        if not await self._store.leases.own(room):
            return
        now, view = self._clock.now(), await self._rounds.view(round_id)
        if view is not None and not view.is_answered and now < until + QUESTION_LATE:
            self._wait(round_id, room, now + QUESTION_CHECKED, until)
            return
        delivery = await self._send_answer(round_id, room)
        now = self._clock.now()
        if delivery is Delivery.FAILED and now < until + GIVE_UP:
            self._wait(round_id, room, now + AGAIN_IN, until)

    async def _send_answer(self, round_id: int, room: Room) -> Delivery:
        messenger = self._messengers.get(room.platform)
        async with self._revisions.turn(room):
            opening = await self._store.guesses.close(round_id, self._clock.now())
            view = await self._rounds.view(round_id)
            if opening is None or view is None or messenger is None:
                return Delivery.REFUSED
            speaker = speaker_for(view.language)
            over = self._revisions.number(
                Reply(speaker.rounds.guess_over(_who_guessed(view, speaker)))
            )
        if view.answer is not None:  # the question, which takes no more guesses
            await messenger.edit(view.place, view.answer, over)
        await asyncio.sleep(DRUM_ROLL_SECONDS)
        if not await self._store.leases.own(room):  # this process seemed to be dead meanwhile
            return Delivery.REFUSED
        if opening.in_flight:
            self._metrics.note_ambiguous(room.platform)
        await self._store.rounds.mark_sending([round_id], self._clock.now())
        shown = replace(self._rounds.word(view), verdict=view.round.verdict)
        receipt = await messenger.send(view.place, shown, to=opening.message or None)
        if receipt.delivery is Delivery.FAILED:
            await self._store.rounds.mark_sending([round_id], None)
        if receipt.delivery is Delivery.REFUSED and view.answer is not None:
            # The bot may not write there, but may have answered a command: the question is left.
            await messenger.edit(view.place, view.answer, self._revisions.number(shown))
        if receipt.delivery is not Delivery.FAILED:  # who does not want it is not asked again
            await self._timers.do(
                round_id, lambda: self._store.guesses.mark_told(round_id, receipt.message)
            )
        return receipt.delivery


def _who_guessed(view: RoundView, speaker: Speaker) -> list[str]:
    return [speaker.text.name(view.names.get(guess.by)) for guess in view.guesses]


def _why_not(denied: Denied | None, speaker: Speaker) -> str:
    """Word why a guess does not count; None when its round is no longer remembered."""
    return {
        Denied.OWN: speaker.rounds.guess_own,
        Denied.AGAIN: speaker.rounds.guessed_before,
        Denied.LATE: speaker.rounds.guess_late,
        Denied.SHARED_IDENTITY: speaker.rounds.shared_identity_cannot_tap,
    }.get(denied or Denied.OVER, speaker.rooms.old_button)()
