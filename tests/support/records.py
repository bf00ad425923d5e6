"""People, photos and rounds for tests of the store."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo

from bot.domain import Fingerprint, Label, Photo, Player, Room, Verdict
from bot.game.rules import Denied, Guess, Round
from bot.game.scoring import Score
from bot.game.seasons import BOT, NamedPlayer, Season, month_of
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
NOBODY = NamedPlayer("nobody", "")
FOOLED = 97  # what it scores to fool the bot when it was 97% sure


def photo(
    message: str | None = "11",
    *,
    room: Room = ROOM,
    key: str | None = None,
    reference: str | None = "AgACfile",
    player: Player = ANNA,
) -> Photo:
    async def fetch(limit: int) -> bytes:
        raise AssertionError("the store fetches no photo")

    return Photo(room, player, fetch, key=key, message=message, reference=reference)


async def opened(store: Store, photo: Photo, now: datetime = NOW) -> int:
    """Open a round that must be a new one."""
    id_ = await store.rounds.open(photo, now)
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
    await store.rounds.note_verdict(id_, verdict, None)
    await store.rounds.mark_answered([id_], now)
    return id_


async def note_fingerprint(
    store: Store, round_id: int, stored: tuple[int, ...], queries: tuple[int, ...]
) -> None:
    """Note what a photo is recognised by; a verdict that went out stays as it is."""
    await store.rounds.note_verdict(round_id, OLAF, Fingerprint(stored, queries))


async def played_before(
    store: Store,
    round_id: int,
    stored: tuple[int, ...],
    queries: tuple[int, ...],
    room: Room = ROOM,
) -> bool:
    """Note what a photo is recognised by; return whether the room has seen one like it."""
    await note_fingerprint(store, round_id, stored, queries)
    round_ = await store.game.round(round_id, room)
    assert round_ is not None
    return round_.played_before


async def points(store: Store, room: Room = ROOM, now: datetime = NOW) -> dict[str, int]:
    """Return the names of a season's players, and the bot's in an old one, with their points."""
    season = await season_of(store, room, now)
    return {
        "bot" if who == BOT else season.players.get(who, NOBODY).name: total
        for who, total in season.totals().items()
    }


async def season_of(store: Store, room: Room = ROOM, now: datetime = NOW) -> Season:
    """Return the season of a moment, in UTC."""
    return await store.seasons.season(room, month_of(now, UTC), UTC, now)


async def score(store: Store, round_id: int, now: datetime = NOW, zone: tzinfo = UTC) -> Score:
    """Return what a round brings, as its message tells it."""
    view = await store.views.round(round_id, now, zone)
    return Score() if view is None else view.score


async def guessed(store: Store, round_id: int) -> list[Guess]:
    """Return the guesses about a round, as its message tells them."""
    view = await store.views.round(round_id, NOW, UTC)
    assert view is not None
    return list(view.guesses)


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
    return await store.game.tell_truth(round_id, player, label, now, by_admin=by_admin)


async def fool(
    store: Store, player: Player = ANNA, *, now: datetime = NOW, room: Room = ROOM
) -> int:
    """Play a round in which the bot is fooled, and tell it."""
    id_ = await played(store, player, now=now, room=room)
    assert isinstance(await tell(store, id_, player, now=now), Round)
    return id_


async def object_to(
    store: Store, round_id: int, player: Player = BEN, *, now: datetime = NOW + MINUTE
) -> Round | Denied | None:
    """Object to a truth; a vote that opens takes an hour."""
    return await store.game.object_to(round_id, player, now, zone=UTC, until=now + 60 * MINUTE)


def void(result: Round | Denied | None) -> bool:
    """Return whether an objection was made, and voided the round."""
    assert isinstance(result, Round)
    return result.is_void


async def guess(store: Store, player: Player = BEN, sender: Player = ANNA) -> int:
    """Let a player guess rightly what the bot says of somebody's photo."""
    id_ = await opened(store, photo(None, player=sender))
    await store.rounds.note_verdict(id_, OLAF, None)
    assert await store.guesses.open(id_, NOW)
    assert isinstance(await store.guesses.add(id_, player, Label.OLAF, NOW), tuple)
    await store.guesses.close(id_, NOW)
    await store.guesses.mark_told(id_)
    await store.rounds.mark_answered([id_], NOW)
    return id_


async def due(store: Store, month: date) -> list[Room]:
    """Return the rooms that may have to be shown a podium, asked for in several steps."""
    rooms, after = [], 0
    while found := await store.seasons.podiums_due(month, after=after):
        after = found[-1].number
        rooms += [each.room for each in found]
    return list(dict.fromkeys(rooms))  # one that moved may be there twice
