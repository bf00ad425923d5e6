"""Truths, objections and guesses in the memory, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.domain import Label, Player, Room
from bot.game.rules import SCORING_A_DAY, Denied, JustForFun, Round
from bot.game.scoring import Score
from bot.game.seasons import Opening
from bot.storage.store import Store
from tests.support.records import (
    ANNA,
    BEN,
    CHANNEL,
    DAY,
    FOOLED,
    MINUTE,
    NOW,
    OLAF,
    OMA,
    ROOM,
    SUPERGROUP,
    TOM,
    YETI,
    fool,
    opened,
    photo,
    played,
    points,
    tell,
    void,
)

SECOND = timedelta(seconds=1)


async def test_a_truth_is_told_and_scored(store: Store) -> None:
    id_ = await played(store)
    assert await store.score(id_) == Score()
    told = await tell(store, id_, now=NOW + MINUTE)
    assert isinstance(told, Round)
    assert told.is_fooled
    assert told == await store.round_(id_, ROOM)
    assert await store.score(id_) == Score(player=FOOLED)
    assert await points(store) == {"Anna": FOOLED}


async def test_the_bot_scores_when_it_was_right(store: Store) -> None:
    id_ = await played(store)
    await tell(store, id_, label=Label.OLAF)
    assert await store.score(id_) == Score(bot=1)
    assert await points(store) == {"bot": 1}


async def test_a_doubtful_verdict_is_kept_as_it_was(store: Store) -> None:
    id_ = await played(store, verdict=YETI)
    told = await tell(store, id_, label=Label.NEITHER)
    assert isinstance(told, Round)
    assert (told.verdict, told.is_fooled) == (YETI, False)


async def test_others_may_not_tell_but_admins_may_and_the_room_can_see_it(store: Store) -> None:
    id_ = await played(store)
    assert await tell(store, id_, BEN) is Denied.NOT_YOURS
    assert isinstance(await tell(store, id_, BEN, by_admin=True), Round)
    assert await points(store) == {"Anna": FOOLED}
    assert [(deed.name, deed.deed) for deed in await store.actions(ROOM)] == [("Ben", "truth")]


async def test_nothing_is_noted_of_who_only_tried(store: Store) -> None:
    id_ = await played(store)
    await store.open_guesses(id_, NOW)
    assert await tell(store, id_, TOM) is Denied.NOT_YOURS
    assert await store.object_(id_, TOM, NOW) is Denied.UNTOLD
    assert await store.guess(id_, TOM, Label.OLAF, NOW + MINUTE) is Denied.LATE
    assert await store.player("telegram", TOM.id) is None


async def test_the_same_tap_twice_at_once_counts_once(store: Store) -> None:
    id_ = await played(store)
    results = await asyncio.gather(*(tell(store, id_) for _ in range(4)))
    assert results.count(Denied.TOLD) == 3
    assert await points(store) == {"Anna": FOOLED}


@pytest.mark.parametrize("admin_first", [False, True])
async def test_of_two_truths_at_once_the_senders_counts(store: Store, admin_first: bool) -> None:
    id_ = await played(store)
    taps = [tell(store, id_), tell(store, id_, BEN, label=Label.OLAF, by_admin=True)]
    await asyncio.gather(*(taps[::-1] if admin_first else taps))
    assert await points(store) == {"Anna": FOOLED}


async def test_a_round_is_of_its_room_alone(store: Store) -> None:
    id_ = await played(store)
    assert await store.round_(id_, ROOM)
    assert await store.round_(id_, Room("telegram", "-5")) is None
    await played(store, room=SUPERGROUP)
    assert await store.round_(id_, SUPERGROUP) is None
    assert await store.round_(id_ + 99, ROOM) is None


async def test_a_round_without_a_verdict_or_forgotten_cannot_be_told(store: Store) -> None:
    refused = await opened(store, photo(None))
    for id_ in (refused, refused + 99):
        assert await store.round_(id_, ROOM) is None
        assert await tell(store, id_) is None
        assert await store.object_(id_, BEN, NOW) is None
        assert await store.guess(id_, BEN, Label.OLAF, NOW) is None
        assert await store.score(id_) == Score()
        assert not await store.open_guesses(id_, NOW)
        assert await store.close_guesses(id_, NOW) is None
    late = await played(store)
    assert await tell(store, late, now=NOW + 2 * DAY) is Denied.OVER


async def test_a_told_round_stays_though_nothing_says_that_its_answer_went_out(
    store: Store,
) -> None:
    id_ = await opened(store, photo())
    await store.judge(id_, OLAF)
    await tell(store, id_)
    assert await store.waiting("telegram", NOW + MINUTE) == []
    assert await points(store) == {"Anna": FOOLED}


async def test_one_objection_voids_a_round_of_three(store: Store) -> None:
    for player in (BEN, OMA):
        await played(store, player)
    id_ = await fool(store)
    assert await store.object_(id_, ANNA, NOW + MINUTE) is Denied.OWN
    assert void(await store.object_(id_, BEN, NOW + MINUTE))
    assert await points(store) == {}
    assert await store.score(id_) == Score()


async def test_it_takes_two_in_a_larger_room_also_at_once(store: Store) -> None:
    for player in (BEN, OMA, TOM, CHANNEL):
        await played(store, player)
    id_ = await fool(store)
    objecting = [store.object_(id_, player, NOW + MINUTE) for player in (BEN, BEN, CHANNEL)]
    results = await asyncio.gather(*objecting)
    assert [void(result) for result in results if isinstance(result, Round)] == [False]
    assert {result for result in results if isinstance(result, Denied)} == {
        Denied.AGAIN,
        Denied.DISGUISED,
    }
    assert await points(store) == {"Anna": FOOLED}
    assert void(await store.object_(id_, TOM, NOW + 10 * MINUTE))
    assert await points(store) == {}


async def test_who_was_here_long_ago_or_in_disguise_is_nobody_present(store: Store) -> None:
    for player in (BEN, OMA):
        await played(store, player, now=NOW - 31 * DAY)
    await played(store, CHANNEL)
    await played(store, TOM)
    id_ = await fool(store)
    assert void(await store.object_(id_, TOM, NOW + MINUTE))


async def test_a_photo_that_was_here_before_is_known_again(store: Store) -> None:
    snow, mirrored, other = 2**128 - 1, 2**64 - 1, 2**96 - 2**32
    first, copied, different = [await played(store) for _ in range(3)]
    assert not await store.was_played(first, [snow, snow], [snow, mirrored])
    assert await store.was_played(copied, [other], [other, snow ^ 0b111])
    assert not await store.was_played(different, [0], [0])
    elsewhere = await played(store, room=Room("telegram", "-5"))
    assert not await store.was_played(elsewhere, [snow], [snow])
    # Looked at again after a crash, it is still the first; and of a dropped round nothing is known.
    assert not await store.was_played(first, [snow, snow], [snow, mirrored])
    assert not await store.was_played(first + 99, [snow], [snow])
    assert not await store.open_guesses(copied, NOW)
    await tell(store, copied)
    assert await store.score(copied) == Score(just_for_fun=JustForFun.PLAYED_BEFORE)
    assert await points(store) == {}


async def test_a_photo_is_known_in_the_room_that_moved(store: Store) -> None:
    assert not await store.was_played(await played(store), [1], [1])
    await store.move_room(ROOM, SUPERGROUP)
    assert await store.was_played(await played(store, room=SUPERGROUP), [1], [1])


async def test_two_copies_at_once_are_one_photo(store: Store) -> None:
    ids = [await played(store, player) for player in (ANNA, BEN)]
    copies = await asyncio.gather(*(store.was_played(id_, [7], [7]) for id_ in ids))
    assert sorted(copies) == [False, True]


async def test_a_disguised_player_scores_nothing(store: Store) -> None:
    id_ = await played(store, CHANNEL)
    await tell(store, id_, BEN, by_admin=True)
    assert await store.score(id_) == Score(just_for_fun=JustForFun.DISGUISED)


async def test_after_twenty_a_day_it_is_just_for_fun(store: Store) -> None:
    ids = [await played(store) for _ in range(SCORING_A_DAY + 2)]
    told = await asyncio.gather(*(tell(store, id_) for id_ in ids))
    assert all(isinstance(round_, Round) for round_ in told)
    assert await points(store) == {"Anna": SCORING_A_DAY * FOOLED}
    late = await fool(store, now=NOW + MINUTE)
    assert await store.score(late) == Score(just_for_fun=JustForFun.ENOUGH)
    for now, room in ((NOW + DAY, ROOM), (NOW, SUPERGROUP)):  # a day and a room of its own
        assert (await store.score(await fool(store, now=now, room=room))).player == FOOLED


async def guessing(store: Store) -> int:
    """Open a round of Anna's that may be guessed about for half a minute."""
    id_ = await opened(store, photo())
    await store.judge(id_, OLAF)
    assert await store.open_guesses(id_, NOW + 30 * SECOND)
    return id_


async def test_right_guesses_score_when_the_guessing_is_over(store: Store) -> None:
    id_ = await guessing(store)
    assert isinstance(await store.guess(id_, BEN, Label.OLAF, NOW + SECOND), tuple)
    assert isinstance(await store.guess(id_, OMA, Label.NEITHER, NOW + SECOND), tuple)
    assert await store.guess(id_, ANNA, Label.OLAF, NOW) is Denied.OWN
    assert await store.guess(id_, TOM, Label.OLAF, NOW + MINUTE) is Denied.LATE
    assert await points(store) == {}
    opening = Opening(id_, ROOM, "11", NOW + 30 * SECOND)
    assert await store.close_guesses(id_, NOW + 2 * SECOND) == opening
    assert await store.guess(id_, TOM, Label.OLAF, NOW + 2 * SECOND) is Denied.LATE
    assert await points(store) == {"Ben": 10}
    assert [guess.what for guess in await store.guesses(id_)] == [Label.OLAF, Label.NEITHER]


async def test_the_answer_is_told_once_also_after_a_restart(store: Store) -> None:
    id_ = await guessing(store)
    opening = Opening(id_, ROOM, "11", NOW + 30 * SECOND)
    assert await store.openings() == [opening]
    assert await store.open_guesses(id_, NOW + MINUTE)  # asked again: the first clock counts
    assert await store.waiting("telegram", NOW) == []  # it gets its answer that way
    assert await store.close_guesses(id_, NOW) == opening
    assert await store.openings() == [opening]  # killed here, it is told by the next process
    assert await store.close_guesses(id_, NOW) == opening
    await store.guesses_told(id_)
    assert await store.close_guesses(id_, NOW) is None
    assert await store.openings() == []
    assert not await store.open_guesses(id_, NOW + MINUTE)


async def test_an_opening_moves_with_its_room(store: Store) -> None:
    id_ = await guessing(store)
    await store.move_room(ROOM, SUPERGROUP)
    assert [opening.room for opening in await store.openings()] == [SUPERGROUP]
    opening = await store.close_guesses(id_, NOW)
    assert opening is not None
    assert opening.room == SUPERGROUP


async def test_there_is_nothing_to_guess_when_the_truth_is_out(store: Store) -> None:
    assert not await store.open_guesses(await fool(store), NOW)


async def test_a_player_guesses_once_however_fast(store: Store) -> None:
    id_ = await guessing(store)
    labels = (Label.OLAF, Label.ABOMINABLE)
    await asyncio.gather(*(store.guess(id_, BEN, label, NOW) for label in labels))
    # Of two at the same moment it is the first in the alphabet, whichever came in first.
    assert [guess.what for guess in await store.guesses(id_)] == [Label.ABOMINABLE]


async def test_it_is_known_when_everyone_has_guessed_who_played_today(store: Store) -> None:
    await played(store, TOM, now=NOW - DAY)
    await played(store, OMA)
    await played(store, CHANNEL)
    id_ = await guessing(store)
    await store.guess(id_, BEN, Label.OLAF, NOW)
    assert not await store.everyone_guessed(id_, NOW.date())
    await store.guess(id_, OMA, Label.OLAF, NOW)
    assert await store.everyone_guessed(id_, NOW.date())


async def test_a_void_round_takes_its_guesses_with_it(store: Store) -> None:
    id_ = await guessing(store)
    await store.guess(id_, BEN, Label.OLAF, NOW)
    await store.close_guesses(id_, NOW)
    await tell(store, id_)
    assert await points(store) == {"Anna": FOOLED, "Ben": 10}
    await store.object_(id_, BEN, NOW + MINUTE)
    assert await points(store) == {}


async def test_a_tap_on_an_old_message_finds_the_room_that_moved(store: Store) -> None:
    first, second = await played(store), await played(store)
    await asyncio.gather(tell(store, first), store.move_room(ROOM, SUPERGROUP), tell(store, second))
    assert await points(store, SUPERGROUP) == await points(store) == {"Anna": 2 * FOOLED}
    assert await store.round_(first, ROOM) == await store.round_(first, SUPERGROUP) is not None
    assert void(await store.object_(first, BEN, NOW + MINUTE))
    assert await points(store, SUPERGROUP) == {"Anna": FOOLED}


async def test_a_name_is_the_one_that_was_last(store: Store) -> None:
    id_ = await fool(store)
    await played(store, Player("7", "Anna the Great" * 9))
    assert [len(name) for name in (await store.names(ROOM)).values()] == [64]
    await store.object_(id_, BEN, NOW + MINUTE)
    assert sorted((await store.names(ROOM)).values())[1:] == ["Ben"]
    assert await store.names(Room("web", "empty")) == {}
