"""Votes: how one ends, and what the room reads then; also after a restart."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

from bot.domain import Delivery, Reply, Room
from bot.game.rules import VOTES_NEEDED, Round
from bot.services.clock import Clock
from bot.services.language import Languages
from bot.services.photo_archive import ArchiveJobs
from bot.services.ports import Messenger
from bot.services.revisions import Revisions
from bot.services.timers import Timers
from bot.speech import Speaker
from bot.storage import Store

log = logging.getLogger(__name__)

# How long to wait before a result is sent again, while the platform cannot be reached.
AGAIN_IN = timedelta(seconds=30)

# Returns what a round's message says at the moment.
Render = Callable[[Room, Round, Speaker], Awaitable[Reply]]


class Voting:
    """Ends votes when their time is over, or when everyone has voted.

    Args:
        store: Remembers votes.
        archive: Keeps photos that fooled the bot, where a room wants that.
        messengers: The platforms, by name.
        languages: Finds a room's sentences.
        clock: The time.
        revisions: Numbers edits.
        render: Words a round's message.
    """

    def __init__(
        self,
        store: Store,
        archive: ArchiveJobs,
        messengers: Mapping[str, Messenger],
        languages: Languages,
        clock: Clock,
        revisions: Revisions,
        render: Render,
    ) -> None:
        self._store = store
        self._archive = archive
        self._messengers = messengers
        self._languages = languages
        self._clock = clock
        self._revisions = revisions
        self._render = render
        self._timers = Timers(clock.now)

    async def resume(self) -> None:
        """Go on waiting for the votes that a restart interrupted."""
        self._timers.open()
        for vote in await self._store.game.open_votes():
            self.wait(vote.round_id, vote.room, vote.until, None)

    async def close(self) -> None:
        """Stop waiting, and finish what is being told."""
        await self._timers.close()

    def wait(self, round_id: int, room: Room, until: datetime, language: str | None) -> None:
        """End a round's vote at that time."""
        self._timers.set(round_id, until, lambda: self._end(round_id, room, language))

    async def _end(self, round_id: int, room: Room, language: str | None) -> None:
        round_ = await self._store.game.close_vote(round_id, self._clock.now())
        if round_ is None or round_.vote is None:
            return
        await self._archive.round_ended(room, round_)
        await self._tell(round_, room, language)

    async def _tell(self, round_: Round, room: Room, language: str | None) -> None:
        """Bring the round's message up to date, and say in the room how the vote ended."""
        found = await self._store.rounds.find(round_.id)
        messenger = self._messengers.get(room.platform)
        if found is None or messenger is None or round_.vote is None:
            return
        speaker = await self._languages.speaker_in(found.room, language)
        shown = await self._render(found.room, round_, speaker)
        if found.answer is not None:
            await messenger.edit(found.room, found.answer, self._revisions.number(shown))
        counts = Counter(ballot.label for ballot in round_.vote.ballots).most_common()
        if (votes := len(round_.vote.ballots)) < VOTES_NEEDED:
            text = speaker.rounds.vote_stands(votes)
        else:
            truth = None if round_.is_void or round_.truth is None else round_.truth.label
            text = speaker.rounds.vote_ended(counts, truth)
        delivery = await messenger.send(found.room, Reply(text), to=found.message)
        if delivery is Delivery.FAILED:

            async def again() -> None:
                await self._tell(round_, room, language)

            self._timers.set(round_.id, self._clock.now() + AGAIN_IN, again)
