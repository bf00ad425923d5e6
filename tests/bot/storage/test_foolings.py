"""What photos that fooled the bot are known again by, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.domain import Features, Fingerprint, Label, Likeness
from bot.game.rules import Fooling
from bot.storage.store import Store
from tests.support.records import (
    ANNA,
    BEN,
    DAY,
    FOOLED,
    MINUTE,
    NOW,
    OLAF,
    OMA,
    ROOM,
    SUPERGROUP,
    TOM,
    object_to,
    played,
    tell,
    void,
)

ONE = Features("weights", bytes(1024))
VIEWS = Features("weights", bytes(14 * 1024))


async def fooled(store: Store, seen: Features = ONE, *, now: datetime = NOW) -> int:
    """Fool the bot with a photo of which the network saw this."""
    id_ = await played(store, now=now)
    await store.rounds.note_verdict(id_, OLAF, Fingerprint((id_,), (), seen))
    await tell(store, id_, now=now)
    return id_


async def remembered(store: Store, model: str = "weights") -> dict[int, Features]:
    return await store.foolings.remembered(ROOM, model)


async def test_only_what_fooled_the_bot_is_remembered_and_the_latest_comes_first(
    store: Store,
) -> None:
    first, second = await fooled(store), await fooled(store)
    right = await played(store)
    await store.rounds.note_verdict(right, OLAF, Fingerprint((9,), (), ONE))
    await tell(store, right, label=Label.OLAF)
    await store.foolings.remember(first, VIEWS)
    assert list((await remembered(store)).items()) == [(second, ONE), (first, VIEWS)]
    assert await remembered(store, "other weights") == {}
    await store.rooms.move(ROOM, SUPERGROUP)
    assert set(await store.foolings.remembered(SUPERGROUP, "weights")) == {first, second}


async def test_a_fooling_in_doubt_is_none(store: Store) -> None:
    for player in (BEN, OMA, TOM):
        await played(store, player)
    id_ = await fooled(store)
    await object_to(store, id_)
    assert await remembered(store) == {}
    await store.game.close_vote(id_, NOW + 2 * MINUTE)  # too few voted: the truth stands
    assert set(await remembered(store)) == {id_}
    await store.game.undo_truth(id_, OMA, NOW + 3 * MINUTE, by_admin=True)
    assert await remembered(store) == {}


async def test_an_objection_of_two_and_a_reset_forget_it(store: Store) -> None:
    await played(store, BEN)
    lost, reset = await fooled(store), await fooled(store)
    assert void(await object_to(store, lost))
    assert set(await remembered(store)) == {reset}
    await store.seasons.reset(ROOM, OMA, NOW + MINUTE, UTC)
    assert await remembered(store) == {}
    assert await store.seasons.undo_reset(ROOM, OMA, NOW + 2 * MINUTE)
    assert set(await remembered(store)) == {reset}


async def test_a_copy_knows_what_it_is_a_copy_of_while_that_is_a_fooling(store: Store) -> None:
    id_ = await fooled(store)
    copy, alike = await played(store, BEN), await played(store, BEN)
    for round_id, is_copy in ((copy, True), (alike, False)):
        fingerprint = Fingerprint((2**100 + round_id,), (), ONE)
        await store.rounds.note_verdict(round_id, OLAF, fingerprint, Likeness(id_, is_copy))
    fooling = await store.game.round(id_, ROOM)
    assert fooling is not None
    for round_id, played_before in ((copy, True), (alike, False)):
        round_ = await store.game.round(round_id, ROOM)
        assert round_ is not None
        assert round_.played_before is played_before
        assert round_.reminds_of == Fooling(fooling.player, NOW, FOOLED)
    await store.people.forget("telegram", ANNA.id)
    await store.game.undo_truth(id_, OMA, NOW + MINUTE, by_admin=True)
    again = await store.game.round(copy, ROOM)
    assert again is not None
    assert again.reminds_of is None
    assert again.played_before


async def test_who_is_forgotten_is_not_remembered_by_their_photos(store: Store) -> None:
    id_ = await fooled(store)
    exported = await store.people.export("telegram", ANNA.id)
    assert isinstance(exported["rounds"], list)
    assert [round_["features"] for round_ in exported["rounds"]] == [512]
    await store.people.forget("telegram", ANNA.id)
    assert await remembered(store) == {}
    await store.foolings.remember(id_, VIEWS)  # of a fetch that was under way
    assert await remembered(store) == {}


async def kept(store: Store) -> list[int]:
    """Return how many numbers are kept of each of Anna's photos."""
    exported = await store.people.export("telegram", ANNA.id)
    assert isinstance(exported["rounds"], list)
    return [round_["features"] for round_ in exported["rounds"]]


async def test_what_did_not_fool_the_bot_is_kept_for_a_day_and_the_rest_for_a_year(
    store: Store,
) -> None:
    await fooled(store, VIEWS)  # on December 24th
    right, untold = [await played(store) for _ in range(2)]
    for id_ in (right, untold):
        await store.rounds.note_verdict(id_, OLAF, Fingerprint((id_,), (), ONE))
    await tell(store, right, label=Label.OLAF)
    await store.people.prune(NOW + DAY)
    assert await kept(store) == [7168, 512, 512]
    await store.people.prune(NOW + DAY + MINUTE)
    assert await kept(store) == [7168, 0, 0]
    for later, numbers in (
        (datetime(2027, 12, 31, tzinfo=UTC), 7168),
        (datetime(2028, 1, 3, tzinfo=UTC), 0),
    ):
        await played(store, BEN, now=later - timedelta(hours=1))  # the room lives on
        await store.people.prune(later)
        assert (await kept(store))[0] == numbers


async def test_what_was_reset_is_kept_while_that_can_be_undone(store: Store) -> None:
    await fooled(store)
    await store.seasons.reset(ROOM, OMA, NOW + MINUTE, UTC)
    await store.people.prune(NOW + MINUTE + DAY)
    assert await kept(store) == [512]
    await store.people.prune(NOW + 2 * MINUTE + DAY)
    assert await kept(store) == [0]
