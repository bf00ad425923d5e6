"""What the host asks of its parts, so that it depends on none of their libraries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from bot.domain import Label, Photo, Player, Room, RoomSettings, Round, Timings, Verdict, Waiting
from bot.game import Denied, Turn, Who
from bot.standings import Score


class Eye(Protocol):
    """Whoever can look at a photo."""

    @property
    def side(self) -> int:
        """How many pixels of a photo's shorter side it can make use of."""

    async def look(self, photo: bytes, timings: Timings) -> Verdict:
        """Say who is on the photo, and note how long that took. Raises Refused."""

    async def explain(self, photo: bytes) -> tuple[Verdict, bytes]:
        """Return what it says of the photo and a PNG of where it looked. Raises Refused."""


class Memory(Protocol):
    """Whoever remembers rooms and rounds; all of it outlives the process."""

    async def room_settings(self, room: Room) -> RoomSettings:
        """Return what the room's admins chose, or the defaults."""

    async def change_settings(self, room: Room, **changes: Any) -> RoomSettings:
        """Change the settings that are named and return all of them."""

    async def greet(self, room: Room, now: datetime) -> bool:
        """Return True the first time, False from then on."""

    async def leave(self, room: Room) -> None:
        """Let the next greeting be a first one again."""

    async def open_round(self, photo: Photo, now: datetime) -> int | None:
        """Return the id of the photo's round; None when its message was answered before."""

    async def judge(self, round_id: int, verdict: Verdict) -> None:
        """Note the verdict."""

    async def answered(
        self, round_ids: Sequence[int], now: datetime, reference: str | None
    ) -> None:
        """Note that the answer went out, and the photo's reference if that is only known now."""

    async def round(self, round_id: int) -> Round | None:
        """Return a round if it is still remembered."""

    async def waiting(self, platform: str, since: datetime) -> list[Waiting]:
        """Return the photos that arrived since then and were not answered; forget older ones."""

    async def move_room(self, old: Room, new: Room) -> None:
        """Take everything of a room to its new id."""


class Scorebook(Protocol):
    """Whoever remembers the game. What a tap changes is one transaction."""

    async def turn(self, round_id: int, room: Room) -> Turn | None:
        """Return a round as the rules see it, if it is remembered and of this room."""

    async def tell(
        self, round_id: int, player: Player, label: Label, now: datetime, *, by_admin: bool
    ) -> Turn | Denied | None:
        """Tell the truth of a round; None when it is no longer remembered."""

    async def object_(self, round_id: int, player: Player, now: datetime) -> Turn | Denied | None:
        """Object to the truth of a round; None when it is no longer remembered."""

    async def score(self, round_id: int) -> Score:
        """Return what a round has brought so far."""

    async def names(self, room: Room) -> Mapping[Who, str]:
        """Return the names of the room's players; those forgotten are left out."""

    async def is_player(self, who: Who, player: Player) -> bool:
        """Say whether the memory means this player."""
