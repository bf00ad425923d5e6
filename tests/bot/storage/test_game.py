"""Truths, objections and guesses in the store, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.domain import Label, Player, Room
from bot.game.rules import SCORING_A_DAY, Denied, JustForFun, Round
from bot.game.scoring import Score
from bot.game.seasons import OpenGuessing
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
    note_fingerprint,
    opened,
    photo,
    played,
    played_before,
    points,
    tell,
    void,
)

SECOND = timedelta(seconds=1)


async def test_a_truth_is_told_and_scored(store: Store) -> None:
    id_ = await played(store)
    assert await store.game.score(id_) == Score()
    told = await tell(store, id_, now=NOW + MINUTE)
    assert isinstance(told, Round)
    assert told.is_fooled
    assert told == await store.game.round(id_, ROOM)
    assert await store.game.score(id_) == Score(player=FOOLED)
    assert await points(store) == {"Anna": FOOLED}


async def test_the_bot_scores_when_it_was_right(store: Store) -> None:
    id_ = await played(store)
    await tell(store, id_, label=Label.OLAF)
    assert await store.game.score(id_) == Score(bot=1)
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
    assert [(each.name, each.action) for each in await store.rooms.actions(ROOM)] == [
        ("Ben", "truth")
    ]


async def test_nothing_is_noted_of_who_only_tried(store: Store) -> None:
    id_ = await played(store)
    await store.game.open_guesses(id_, NOW)
    assert await tell(store, id_, TOM) is Denied.NOT_YOURS
    assert await store.game.object_to(id_, TOM, NOW) is Denied.UNTOLD
    assert await store.game.guess(id_, TOM, Label.OLAF, NOW + MINUTE) is Denied.LATE
    assert await store.game.player_id("telegram", TOM.id) is None


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
    assert await store.game.round(id_, ROOM)
    assert await store.game.round(id_, Room("telegram", "-5")) is None
    await played(store, room=SUPERGROUP)
    assert await store.game.round(id_, SUPERGROUP) is None
    assert await store.game.round(id_ + 99, ROOM) is None


async def test_a_round_without_a_verdict_or_forgotten_cannot_be_told(store: Store) -> None:
    refused = await opened(store, photo(None))
    for id_ in (refused, refused + 99):
        assert await store.game.round(id_, ROOM) is None
        assert await tell(store, id_) is None
        assert await store.game.object_to(id_, BEN, NOW) is None
        assert await store.game.guess(id_, BEN, Label.OLAF, NOW) is None
        assert await store.game.score(id_) == Score()
        assert not await store.game.open_guesses(id_, NOW)
        assert await store.game.close_guesses(id_, NOW) is None
    late = await played(store)
    assert await tell(store, late, now=NOW + 2 * DAY) is Denied.OVER


async def test_a_told_round_stays_though_nothing_says_that_its_answer_went_out(
    store: Store,
) -> None:
    id_ = await opened(store, photo())
    await store.rounds.note_verdict(id_, OLAF, None)
    await tell(store, id_)
    assert await store.rounds.pending("telegram", NOW + MINUTE) == []
    assert await points(store) == {"Anna": FOOLED}


async def test_one_objection_voids_a_round_of_three(store: Store) -> None:
    for player in (BEN, OMA):
        await played(store, player)
    id_ = await fool(store)
    assert await store.game.object_to(id_, ANNA, NOW + MINUTE) is Denied.OWN
    assert void(await store.game.object_to(id_, BEN, NOW + MINUTE))
    assert await points(store) == {}
    assert await store.game.score(id_) == Score()


async def test_it_takes_two_in_a_larger_room_also_at_once(store: Store) -> None:
    for player in (BEN, OMA, TOM, CHANNEL):
        await played(store, player)
    id_ = await fool(store)
    objecting = [store.game.object_to(id_, player, NOW + MINUTE) for player in (BEN, BEN, CHANNEL)]
    results = await asyncio.gather(*objecting)
    assert [void(result) for result in results if isinstance(result, Round)] == [False]
    assert {result for result in results if isinstance(result, Denied)} == {
        Denied.AGAIN,
        Denied.SHARED_IDENTITY,
    }
    assert await points(store) == {"Anna": FOOLED}
    assert void(await store.game.object_to(id_, TOM, NOW + 10 * MINUTE))
    assert await points(store) == {}


async def test_who_was_here_long_ago_or_by_a_shared_identity_is_not_counted(store: Store) -> None:
    for player in (BEN, OMA):
        await played(store, player, now=NOW - 31 * DAY)
    await played(store, CHANNEL)
    await played(store, TOM)
    id_ = await fool(store)
    assert void(await store.game.object_to(id_, TOM, NOW + MINUTE))


async def test_a_photo_that_was_here_before_is_known_again(store: Store) -> None:
    snow, mirrored, other = 2**128 - 1, 2**64 - 1, 2**96 - 2**32
    first, copied, different = [await played(store) for _ in range(3)]
    assert not await played_before(store, first, (snow, snow), (snow, mirrored))
    assert await played_before(store, copied, (other,), (other, snow ^ 0b111))
    assert not await played_before(store, different, (0,), (0,))
    there = Room("telegram", "-5")
    elsewhere = await played(store, room=there)
    assert not await played_before(store, elsewhere, (snow,), (snow,), there)
    # Classified again after a crash, it is still the first; a forgotten round stays forgotten.
    assert not await played_before(store, first, (snow, snow), (snow, mirrored))
    await note_fingerprint(store, first + 99, (snow,), (snow,))
    assert await store.rounds.find(first + 99) is None
    assert not await store.game.open_guesses(copied, NOW)
    await tell(store, copied)
    assert await store.game.score(copied) == Score(just_for_fun=JustForFun.PLAYED_BEFORE)
    assert await points(store) == {}


async def test_a_photo_is_known_in_the_room_that_moved(store: Store) -> None:
    assert not await played_before(store, await played(store), (1,), (1,))
    await store.rooms.move(ROOM, SUPERGROUP)
    copy = await played(store, room=SUPERGROUP)
    assert await played_before(store, copy, (1,), (1,), SUPERGROUP)


async def test_two_copies_at_once_are_one_photo(store: Store) -> None:
    ids = [await played(store, player) for player in (ANNA, BEN)]
    copies = await asyncio.gather(*(played_before(store, id_, (7,), (7,)) for id_ in ids))
    assert sorted(copies) == [False, True]


async def test_a_shared_identity_scores_nothing(store: Store) -> None:
    id_ = await played(store, CHANNEL)
    await tell(store, id_, BEN, by_admin=True)
    assert await store.game.score(id_) == Score(just_for_fun=JustForFun.SHARED_IDENTITY)


async def test_after_twenty_a_day_it_is_just_for_fun(store: Store) -> None:
    ids = [await played(store) for _ in range(SCORING_A_DAY + 2)]
    told = await asyncio.gather(*(tell(store, id_) for id_ in ids))
    assert all(isinstance(round_, Round) for round_ in told)
    assert await points(store) == {"Anna": SCORING_A_DAY * FOOLED}
    late = await fool(store, now=NOW + MINUTE)
    assert await store.game.score(late) == Score(just_for_fun=JustForFun.ENOUGH)
    for now, room in ((NOW + DAY, ROOM), (NOW, SUPERGROUP)):  # a day and a room of its own
        assert (await store.game.score(await fool(store, now=now, room=room))).player == FOOLED


async def guessing(store: Store) -> int:
    """Open a round of Anna's that may be guessed about for half a minute."""
    id_ = await opened(store, photo())
    await store.rounds.note_verdict(id_, OLAF, None)
    assert await store.game.open_guesses(id_, NOW + 30 * SECOND)
    return id_


async def test_right_guesses_score_when_the_guessing_is_over(store: Store) -> None:
    id_ = await guessing(store)
    assert isinstance(await store.game.guess(id_, BEN, Label.OLAF, NOW + SECOND), tuple)
    assert isinstance(await store.game.guess(id_, OMA, Label.NEITHER, NOW + SECOND), tuple)
    assert await store.game.guess(id_, ANNA, Label.OLAF, NOW) is Denied.OWN
    assert await store.game.guess(id_, TOM, Label.OLAF, NOW + MINUTE) is Denied.LATE
    assert await points(store) == {}
    opening = OpenGuessing(id_, ROOM, "11", NOW + 30 * SECOND)
    assert await store.game.close_guesses(id_, NOW + 2 * SECOND) == opening
    assert await store.game.guess(id_, TOM, Label.OLAF, NOW + 2 * SECOND) is Denied.LATE
    assert await points(store) == {"Ben": 10}
    assert [guess.label for guess in await store.game.guesses(id_)] == [Label.OLAF, Label.NEITHER]


async def test_the_answer_is_told_once_also_after_a_restart(store: Store) -> None:
    id_ = await guessing(store)
    opening = OpenGuessing(id_, ROOM, "11", NOW + 30 * SECOND)
    assert await store.game.open_guessings() == [opening]
    assert await store.game.open_guesses(id_, NOW + MINUTE)  # asked again: the first clock counts
    assert await store.rounds.pending("telegram", NOW) == []  # it gets its answer that way
    assert await store.game.close_guesses(id_, NOW) == opening
    assert await store.game.open_guessings() == [
        opening
    ]  # killed here, it is told by the next process
    assert await store.game.close_guesses(id_, NOW) == opening
    await store.game.mark_guesses_told(id_)
    assert await store.game.close_guesses(id_, NOW) is None
    assert await store.game.open_guessings() == []
    assert not await store.game.open_guesses(id_, NOW + MINUTE)


async def test_an_opening_moves_with_its_room(store: Store) -> None:
    id_ = await guessing(store)
    await store.rooms.move(ROOM, SUPERGROUP)
    assert [opening.room for opening in await store.game.open_guessings()] == [SUPERGROUP]
    opening = await store.game.close_guesses(id_, NOW)
    assert opening is not None
    assert opening.room == SUPERGROUP


async def test_there_is_nothing_to_guess_when_the_truth_is_out(store: Store) -> None:
    assert not await store.game.open_guesses(await fool(store), NOW)


async def test_a_player_guesses_once_however_fast(store: Store) -> None:
    id_ = await guessing(store)
    labels = (Label.OLAF, Label.ABOMINABLE)
    await asyncio.gather(*(store.game.guess(id_, BEN, label, NOW) for label in labels))
    # Of two at the same moment it is the first in the alphabet, whichever came in first.
    assert [guess.label for guess in await store.game.guesses(id_)] == [Label.ABOMINABLE]


async def test_it_is_known_when_everyone_has_guessed_who_played_today(store: Store) -> None:
    await played(store, TOM, now=NOW - DAY)
    await played(store, OMA)
    await played(store, CHANNEL)
    id_ = await guessing(store)
    await store.game.guess(id_, BEN, Label.OLAF, NOW)
    assert not await store.game.everyone_guessed(id_, NOW.date())
    await store.game.guess(id_, OMA, Label.OLAF, NOW)
    assert await store.game.everyone_guessed(id_, NOW.date())


async def test_a_void_round_takes_its_guesses_with_it(store: Store) -> None:
    id_ = await guessing(store)
    await store.game.guess(id_, BEN, Label.OLAF, NOW)
    await store.game.close_guesses(id_, NOW)
    await tell(store, id_)
    assert await points(store) == {"Anna": FOOLED, "Ben": 10}
    await store.game.object_to(id_, BEN, NOW + MINUTE)
    assert await points(store) == {}


async def test_a_tap_on_an_old_message_finds_the_room_that_moved(store: Store) -> None:
    first, second = await played(store), await played(store)
    await asyncio.gather(
        tell(store, first), store.rooms.move(ROOM, SUPERGROUP), tell(store, second)
    )
    assert await points(store, SUPERGROUP) == await points(store) == {"Anna": 2 * FOOLED}
    assert (
        await store.game.round(first, ROOM) == await store.game.round(first, SUPERGROUP) is not None
    )
    assert void(await store.game.object_to(first, BEN, NOW + MINUTE))
    assert await points(store, SUPERGROUP) == {"Anna": FOOLED}


async def test_a_name_is_the_one_that_was_last(store: Store) -> None:
    id_ = await fool(store)
    await played(store, Player("7", "Anna the Great" * 9))
    assert [len(name) for name in (await store.game.names(ROOM)).values()] == [64]
    await store.game.object_to(id_, BEN, NOW + MINUTE)
    assert sorted((await store.game.names(ROOM)).values())[1:] == ["Ben"]
    assert await store.game.names(Room("web", "empty")) == {}
