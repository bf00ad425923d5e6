"""People, photos and rounds for tests of the memory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.domain import Label, Photo, Player, Room, Verdict
from bot.game import scoring
from bot.game.rules import Denied, Round
from bot.game.seasons import Named
from bot.storage.store import Store

NOW = datetime(2026, 12, 24, 18, 30, 15, 250000, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
ROOM = Room("telegram", "-4001")
SUPERGROUP = Room("telegram", "-1001234567890")
ANNA = Player("7", "Anna")
BEN = Player("8", "Ben")
OMA = Player("9", "Oma Ада ❄")
TOM = Player("10", "Tom")
CHANNEL = Player("136817688", "Channel", shared=True)
OLAF = Verdict(Label.OLAF, 0.97, {Label.OLAF: 0.97, Label.ABOMINABLE: 0.03}, unfamiliar=False)
YETI = Verdict(Label.ABOMINABLE, 0.6, {Label.OLAF: 0.4, Label.ABOMINABLE: 0.6}, unfamiliar=True)


NOBODY = Named("nobody", "")
FOOLED = 94  # what it scores to fool the bot when it was 97% sure


def photo(
    message: str | None = "11",
    *,
    room: Room = ROOM,
    key: str | None = None,
    reference: str | None = "AgACfile",
    player: Player = ANNA,
) -> Photo:
    async def read(limit: int) -> bytes:
        raise AssertionError("the store reads no photo")

    return Photo(room, player, read, key=key, message=message, reference=reference)


async def opened(store: Store, photo: Photo, now: datetime = NOW) -> int:
    """Open a round that must be a new one."""
    id_ = await store.open_round(photo, now)
    assert id_ is not None
    return id_


async def played(
    store: Store,
    player: Player = ANNA,
    verdict: Verdict = OLAF,
    *,
    room: Room = ROOM,
    now: datetime = NOW,
) -> int:
    """Open a round and answer it."""
    id_ = await opened(store, photo(None, room=room, player=player), now)
    await store.judge(id_, verdict)
    await store.answered([id_], now)
    return id_


async def points(store: Store, room: Room = ROOM, now: datetime = NOW) -> dict[str, int]:
    """Return the names of a season's players, and the bot's, with their points."""
    ledger = await store.ledger(room, scoring.season(now))
    return {
        "bot" if who == scoring.BOT else ledger.players.get(who, NOBODY).name: total
        for who, total in scoring.totals(ledger.rounds, ledger.hits).items()
    }


async def tell(
    store: Store,
    round_id: int,
    player: Player = ANNA,
    *,
    label: Label = Label.ABOMINABLE,
    now: datetime = NOW,
    by_admin: bool = False,
) -> Round | Denied | None:
    """Tap a truth; by default one that fools the bot."""
    return await store.tell(round_id, player, label, now, by_admin=by_admin)


async def fool(
    store: Store, player: Player = ANNA, *, now: datetime = NOW, room: Room = ROOM
) -> int:
    """Play a round in which the bot is fooled, and tell it."""
    id_ = await played(store, player, now=now, room=room)
    assert isinstance(await tell(store, id_, player, now=now), Round)
    return id_


def void(result: Round | Denied | None) -> bool:
    """Return whether an objection was made, and voided the round."""
    assert isinstance(result, Round)
    return result.is_void


async def guess(store: Store, player: Player = BEN, sender: Player = ANNA) -> int:
    """Let a player guess rightly what the bot says of somebody's photo."""
    id_ = await opened(store, photo(None, player=sender))
    await store.judge(id_, OLAF)
    assert await store.open_guesses(id_, NOW)
    assert isinstance(await store.guess(id_, player, Label.OLAF, NOW), tuple)
    await store.close_guesses(id_, NOW)
    await store.guesses_told(id_)
    await store.answered([id_], NOW)
    return id_
