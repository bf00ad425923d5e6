"""What the host asks of its parts, so that it depends on none of their libraries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Protocol

from bot.domain import (
    Label,
    Photo,
    Player,
    Fetch,
    Reply,
    Room,
    RoomSettings,
    StoredRound,
    Timings,
    Verdict,
    PendingPhoto,
)
from bot.game.rules import Denied, Guess, Round, Who
from bot.game.seasons import Fingerprint, Ledger, LoggedAction, Opening
from bot.game.scoring import Score


class Chat(Protocol):
    """What the host needs of a platform besides being asked by it."""

    def read(self, room: Room, reference: str) -> Fetch:
        """Return what fetches a photo again; it raises Refused with GONE when it is no more."""

    async def say(self, room: Room, reply: Reply, to: str | None = None) -> bool:
        """Send a message, in reply to the message of that id; return whether it may be forgotten.

        It is False while the platform cannot be reached. A room that blocked the bot or a message
        that is gone is no fault, and nothing to try again.
        """


class Vision(Protocol):
    """Whoever can look at a photo."""

    @property
    def side(self) -> int:
        """How many pixels of a photo's shorter side it can make use of."""

    async def look(self, photo: bytes, timings: Timings) -> Verdict:
        """Say who is on the photo, and note how long that took. Raises Refused."""

    async def fingerprint(self, photo: bytes) -> Fingerprint:
        """Return by what the photo is known again. Raises Refused."""

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

    async def was_played(self, round_id: int, kept: Sequence[int], views: Sequence[int]) -> bool:
        """Note a fingerprint; return whether the room has played a photo that looks the same."""

    async def answered(
        self, round_ids: Sequence[int], now: datetime, reference: str | None
    ) -> None:
        """Note that the answer went out, and the photo's reference if that is only known now."""

    async def round(self, round_id: int) -> StoredRound | None:
        """Return a round if it is still remembered."""

    async def waiting(self, platform: str, since: datetime) -> list[PendingPhoto]:
        """Return the photos that arrived since then and were not answered; forget older ones."""

    async def move_room(self, old: Room, new: Room) -> None:
        """Take everything of a room to its new id."""


class Scorebook(Protocol):
    """Whoever remembers the game. What a tap changes is one transaction."""

    async def round_(self, round_id: int, room: Room) -> Round | None:
        """Return a round as the rules see it, if it is remembered and of this room."""

    async def tell(
        self, round_id: int, player: Player, label: Label, now: datetime, *, by_admin: bool
    ) -> Round | Denied | None:
        """Tell the truth of a round; None when it is no longer remembered."""

    async def object_(self, round_id: int, player: Player, now: datetime) -> Round | Denied | None:
        """Object to the truth of a round; None when it is no longer remembered."""

    async def score(self, round_id: int) -> Score:
        """Return what a round has brought so far."""

    async def names(self, room: Room) -> Mapping[Who, str]:
        """Return the names of the room's players; those forgotten are left out."""

    async def player(self, platform: str, player_id: str) -> Who | None:
        """Return who the memory has somebody as, if at all."""

    async def open_guesses(self, round_id: int, until: datetime) -> bool:
        """Let the room guess about a round until then; False when the game has ruled it out."""

    async def openings(self) -> list[Opening]:
        """Return what rooms may guess about, or could, and were not told the answer of."""

    async def guess(
        self, round_id: int, player: Player, what: Label, now: datetime
    ) -> tuple[Guess, ...] | Denied | None:
        """Note a guess; None when the round is no longer remembered, or not open to guesses."""

    async def guesses(self, round_id: int) -> tuple[Guess, ...]:
        """Return the guesses about a round."""

    async def everyone_guessed(self, round_id: int, day: date) -> bool:
        """Say whether all who played in the room that day, but the sender, have guessed."""

    async def close_guesses(self, round_id: int, now: datetime) -> Opening | None:
        """Take no more guesses; None when the answer was told before."""

    async def guesses_told(self, round_id: int) -> None:
        """Note that the room was told the answer."""

    async def ledger(self, room: Room, season: date) -> Ledger:
        """Return a season of a room."""

    async def seasons(self, room: Room) -> list[date]:
        """Return the room's seasons that have a round with a truth, the latest first."""

    async def forget(self, platform: str, player_id: str) -> None:
        """Forget a person everywhere; what others won stays."""

    async def export(self, platform: str, player_id: str) -> Mapping[str, Any]:
        """Return everything about a person, ready for JSON; empty when there is nothing."""

    async def reset_season(self, room: Room, player: Player, now: datetime) -> None:
        """Take the season's rounds out of the game, and log who did that."""

    async def log_action(self, room: Room, player: Player, deed: str, now: datetime) -> None:
        """Log what an admin did."""

    async def actions(self, room: Room) -> list[LoggedAction]:
        """Return what admins did in a room lately, the latest first."""

    async def podiums_due(self, season: date) -> list[Room]:
        """Return the rooms that played in a season that is over and were not shown its podium."""

    async def podium_shown(self, room: Room, season: date) -> None:
        """Note that a room was shown a season's podium."""


class Store(Memory, Scorebook, Protocol):
    """One memory for both: what happens to a room happens to its game."""
