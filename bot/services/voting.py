"""Votes: how one ends, and what the room reads then; also after a restart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime

from bot.domain import Delivery, Reply, Room
from bot.game.rules import VOTES_NEEDED
from bot.services.clock import Clock
from bot.services.photo_archive import ArchiveJobs
from bot.services.ports import Messenger
from bot.services.revisions import Revisions
from bot.services.timers import AGAIN_IN, GIVE_UP, Timers
from bot.speech import speaker_for
from bot.storage import Store
from bot.storage.views import RoundView

# Returns what a round's message says.
Word = Callable[[RoundView], Reply]


class Voting:
    """Ends votes when their time is over, or when everyone has voted, and tells it once.

    Args:
        store: Remembers votes.
        archive: Keeps photos that fooled the bot, where a room wants that.
        messengers: The platforms, by name.
        clock: The time.
        revisions: Numbers edits.
        word: Words a round's message.
    """

    def __init__(
        self,
        store: Store,
        archive: ArchiveJobs,
        messengers: Mapping[str, Messenger],
        clock: Clock,
        revisions: Revisions,
        word: Word,
    ) -> None:
        self._store = store
        self._archive = archive
        self._messengers = messengers
        self._clock = clock
        self._revisions = revisions
        self._word = word
        self._timers = Timers(clock.now)

    async def resume(self) -> None:
        """Go on waiting for the votes that a restart interrupted."""
        self._timers.open()
        await self.look(anew=True)

    async def look(self, *, anew: bool = False) -> None:
        """Wait for votes that nothing here waits for: another process may have left them.

        Args:
            anew: Whether to wait anew for all others as well.
        """
        for vote in await self._store.game.untold_votes():
            if anew or not self._timers.has(vote.round_id):
                self.wait(vote.round_id, vote.until)

    async def close(self) -> None:
        """Stop waiting, and finish what is being told."""
        await self._timers.close()

    def wait(self, round_id: int, until: datetime) -> None:
        """End a round's vote at that time."""
        self._timers.set(round_id, until, lambda: self._end(round_id, until))

    async def _end(self, round_id: int, until: datetime) -> None:
        """End a vote, and have the room told; try again later while that cannot be."""
        view = await self._view(round_id)
        messenger = self._messengers.get(view.room.platform) if view is not None else None
        if view is None or messenger is None or not await self._store.leases.own(view.room):
            return
        ended = await self._store.game.close_vote(round_id, self._clock.now())
        if ended is None:
            return
        delivery, now = await self._tell(round_id, view.room, messenger), self._clock.now()
        if delivery is Delivery.FAILED and now < until + GIVE_UP:
            self._timers.set(round_id, now + AGAIN_IN, lambda: self._end(round_id, until))
            return
        await self._archive.round_ended(view.room, ended)
        await self._timers.do(round_id, lambda: self._store.game.mark_vote_told(round_id, now))

    async def _tell(self, round_id: int, room: Room, messenger: Messenger) -> Delivery:
        """Bring the round's message up to date, and say in the room how the vote ended."""
        async with self._revisions.turn(room):
            view = await self._view(round_id)
            if view is None or (vote := view.round.vote) is None:
                return Delivery.REFUSED
            shown = self._revisions.number(self._word(view))
        if view.answer is not None:
            await messenger.edit(view.place, view.answer, shown)
        round_, speaker = view.round, speaker_for(view.language)
        counts = Counter(ballot.label for ballot in vote.ballots).most_common()
        if (votes := len(vote.ballots)) < VOTES_NEEDED:
            text = speaker.rounds.vote_stands(votes)
        else:
            truth = None if round_.is_void or round_.truth is None else round_.truth.label
            text = speaker.rounds.vote_ended(counts, truth)
        return (await messenger.send(view.place, Reply(text), to=view.message)).delivery

    async def _view(self, round_id: int) -> RoundView | None:
        return await self._store.views.round(round_id, self._clock.now(), self._clock.zone)
