"""The waiting line of photos: each chat in its turn, and of a chat the oldest first."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from bot.domain import Refusal, Refused, Room

# Who would wait longer is told so, and comes again.
LONGEST_WAIT_SECONDS = 120.0
# Of one photo, until it is known: waiting in vain is worse than being asked to come again.
FIRST_PACE = 0.05
# The pace is that of the latest so many photos: one that hangs is soon forgotten.
MEASURED = 64
LEAST_MEASURED = 8


class Place:
    """Somebody's place in the line, and then inside: their turn, and how many bytes they hold."""

    __slots__ = ("size", "turn")

    def __init__(self, size: int) -> None:
        self.size = size
        self.turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class Line:
    """Lets so many photos in at once; for the others it is the chats' turn, one after another.

    A chat that sends a hundred photos makes nobody else wait longer than one that sends two. What
    waits has not been fetched yet: it is a message's reference, and no bytes.

    Args:
        places: How many may be in at once.
        max_bytes: How many bytes these may hold together; a single one may hold more.
        clock: Seconds that only go on.
        pace: Seconds that a photo takes, as long as that is not known.
    """

    def __init__(
        self,
        places: int,
        max_bytes: int,
        clock: Callable[[], float],
        pace: float = FIRST_PACE,
    ) -> None:
        self._free = places
        self._share = max_bytes // places
        self._max_bytes = max_bytes
        self._clock = clock
        self._pace = pace
        self._held = 0
        self._ahead: deque[Place] = deque()
        # The chat whose turn is next comes first.
        self._chats: dict[Room, deque[Place]] = {}
        self._ends: deque[float] = deque(maxlen=MEASURED)
        self._is_closed = False

    def waiting(self, room: Room) -> int:
        """Return how many photos of a chat wait."""
        return len(self._chats.get(room, ()))

    @property
    def length(self) -> int:
        """How many photos wait."""
        return len(self._ahead) + sum(len(queue) for queue in self._chats.values())

    def seconds_to_wait(self, room: Room) -> float:
        """Return how long another photo of a chat would wait, as far as can be told by now."""
        its_turn = self.waiting(room) + 1
        before = sum(min(its_turn, len(queue)) for queue in self._chats.values())
        return (len(self._ahead) + before) * self._pace

    def check(self, room: Room | None) -> None:
        """Raise Refused where the line is too long for another photo of a chat."""
        if room is not None and self.seconds_to_wait(room) > LONGEST_WAIT_SECONDS:
            raise Refused(Refusal.BUSY)

    @asynccontextmanager
    async def place(self, room: Room | None, size: int | None) -> AsyncIterator[Place]:
        """Wait for a place, and hold it while the block lasts.

        Args:
            room: The chat; None for what goes ahead of all photos: a tap, whose sender waits.
            size: How many bytes will be held; None where that is only known later, see `hold`.

        Raises:
            Refused: When the line is too long, or the bot is closing.
        """
        self.check(room)
        mine = Place(self._share if size is None else size)
        (self._ahead if room is None else self._chats.setdefault(room, deque())).append(mine)
        self._let_in()
        if self._is_closed and not mine.turn.done():
            mine.turn.set_exception(Refused(Refusal.CLOSING))
        try:
            await mine.turn
            yield mine
        finally:
            if mine.turn.done() and not mine.turn.cancelled() and not mine.turn.exception():
                self._leave(mine)
            else:
                self._give_up(room, mine)

    def hold(self, place: Place, size: int) -> None:
        """Note how many bytes somebody inside holds."""
        self._held += size - place.size
        place.size = size
        self._let_in()

    def close(self) -> None:
        """Let nobody wait any more; those who are in go on."""
        self._is_closed = True
        for queue in (self._ahead, *self._chats.values()):
            for one in queue:
                if not one.turn.done():
                    one.turn.set_exception(Refused(Refusal.CLOSING))

    def _leave(self, one: Place) -> None:
        self._free += 1
        self._held -= one.size
        if self._ahead or self._chats:
            self._ends.append(self._clock())
            if len(self._ends) >= LEAST_MEASURED:
                self._pace = (self._ends[-1] - self._ends[0]) / (len(self._ends) - 1)
        else:  # nobody waited: how long until the next one leaves says nothing
            self._ends.clear()
        self._let_in()

    def _give_up(self, room: Room | None, one: Place) -> None:
        queue = self._ahead if room is None else self._chats.get(room)
        if queue is not None and one in queue:
            queue.remove(one)
            if room is not None and not queue:
                del self._chats[room]
        self._let_in()

    def _let_in(self) -> None:
        while self._free and (self._ahead or self._chats):
            room = None if self._ahead else next(iter(self._chats))
            queue = self._ahead if room is None else self._chats[room]
            if self._held and self._held + queue[0].size > self._max_bytes:
                return
            one = queue.popleft()
            if room is not None:
                del self._chats[room]
                if queue:  # its next turn comes after that of all others
                    self._chats[room] = queue
            if not one.turn.done():  # else whoever waited has given up
                self._free -= 1
                self._held += one.size
                one.turn.set_result(None)
