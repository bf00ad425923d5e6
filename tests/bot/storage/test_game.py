"""Truths, objections and guesses in the store, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from bot.domain import AdminAction, Label, Player, Room
from bot.game.rules import OBJECTIONS_A_DAY, Denied, JustForFun, Round, Truth
from bot.game.scoring import Score
from bot.game.seasons import OpenGuessing, OpenVote
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
    guess,
    guessed,
    note_fingerprint,
    object_to,
    opened,
    photo,
    played,
    played_before,
    points,
    score,
    tell,
    void,
)

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


async def test_a_truth_is_told_and_scored(store: Store) -> None:
    id_ = await played(store)
    assert await score(store, id_) == Score()
    told = await tell(store, id_, now=NOW + MINUTE)
    assert isinstance(told, Round)
    assert told.is_fooled
    assert told == await store.game.round(id_, ROOM)
    assert await score(store, id_) == Score(FOOLED, FOOLED)
    assert await points(store) == {"Anna": FOOLED}


async def test_a_try_that_failed_brings_nobody_anything(store: Store) -> None:
    id_ = await played(store)
    await tell(store, id_, label=Label.OLAF)
    assert await score(store, id_) == Score()
    assert await points(store) == {}


async def test_a_doubtful_verdict_is_kept_as_it_was(store: Store) -> None:
    id_ = await played(store, verdict=YETI)
    told = await tell(store, id_, label=Label.NEITHER)
    assert isinstance(told, Round)
    assert (told.verdict, told.is_fooled) == (YETI, False)


@pytest.mark.parametrize("sure", [False, True])
async def test_whether_it_was_sure_is_kept(store: Store, sure: bool) -> None:
    id_ = await played(store, verdict=replace(OLAF, sure=sure))
    round_ = await store.game.round(id_, ROOM)
    assert round_ is not None
    assert round_.verdict.sure is sure


async def logged(store: Store, room: Room = ROOM) -> list[tuple[str, AdminAction]]:
    """Return what admins did, the latest first."""
    return [(each.name, each.action) for each in await store.rooms.actions(room)]


async def test_others_may_not_tell_but_admins_may_and_the_room_can_see_it(store: Store) -> None:
    id_ = await played(store)
    assert await tell(store, id_, BEN) is Denied.NOT_YOURS
    assert isinstance(await tell(store, id_, BEN, by_admin=True), Round)
    assert await points(store) == {"Anna": FOOLED}
    assert await logged(store) == [("Ben", AdminAction.TRUTH)]


async def test_who_told_a_truth_can_change_it_for_ten_minutes(store: Store) -> None:
    id_ = await fool(store)
    changed = await tell(store, id_, label=Label.OLAF, now=NOW + 9 * MINUTE)
    assert isinstance(changed, Round)
    assert changed == await store.game.round(id_, ROOM)
    assert await points(store) == {}
    assert await tell(store, id_, now=NOW + 20 * MINUTE) is Denied.LATE
    assert await logged(store) == []


async def test_an_admin_can_change_a_truth_at_any_time_and_the_room_can_see_it(
    store: Store,
) -> None:
    id_ = await fool(store)
    later = NOW + 2 * DAY
    changed = await tell(store, id_, BEN, label=Label.NEITHER, now=later, by_admin=True)
    assert isinstance(changed, Round)
    ben = await store.game.player_id("telegram", BEN.id)
    assert ben is not None
    assert changed.truth == Truth(Label.NEITHER, ben, later)
    assert await logged(store) == [("Ben", AdminAction.TRUTH)]


async def test_a_truth_can_be_undone_and_then_told_again(store: Store) -> None:
    id_ = await fool(store)
    for player in (BEN, OMA):
        assert await store.game.undo_truth(id_, player, NOW, by_admin=False) is Denied.NOT_YOURS
    assert await store.game.player_id("telegram", BEN.id) is None  # who only tried
    undone = await store.game.undo_truth(id_, ANNA, NOW + MINUTE, by_admin=False)
    assert isinstance(undone, Round)
    assert undone.truth is None
    assert undone == await store.game.round(id_, ROOM)
    assert await points(store) == {}
    again = await store.game.undo_truth(id_, ANNA, NOW + MINUTE, by_admin=False)
    assert again is Denied.UNTOLD
    assert isinstance(await tell(store, id_, now=NOW + 2 * MINUTE), Round)
    assert await points(store) == {"Anna": FOOLED}
    late = await store.game.undo_truth(id_, ANNA, NOW + HOUR, by_admin=False)
    assert late is Denied.LATE
    assert await logged(store) == []


async def test_an_admins_undo_takes_the_vote_with_it_and_the_room_can_see_it(
    store: Store,
) -> None:
    id_ = await voting(store)
    await store.game.cast_ballot(id_, BEN, Label.OLAF, NOW + 2 * MINUTE)
    for player in (ANNA, TOM):
        during = await store.game.undo_truth(id_, player, NOW + 2 * MINUTE, by_admin=True)
        assert during is Denied.VOTE
    await store.game.close_vote(id_, NOW + 2 * MINUTE)
    own = await store.game.undo_truth(id_, ANNA, NOW + 3 * MINUTE, by_admin=False)
    assert own is Denied.LATE  # others have had their say
    undone = await store.game.undo_truth(id_, TOM, NOW + 3 * MINUTE, by_admin=True)
    assert isinstance(undone, Round)
    assert (undone.truth, undone.vote, undone.is_void) == (None, None, False)
    assert undone == await store.game.round(id_, ROOM)
    assert await store.game.untold_votes() == []
    assert await logged(store) == [("Tom", AdminAction.UNDO)]


async def test_what_an_admin_does_as_any_player_may_is_nothing_to_log(store: Store) -> None:
    id_ = await played(store)
    await tell(store, id_, by_admin=True)
    await store.game.undo_truth(id_, ANNA, NOW + MINUTE, by_admin=True)
    await tell(store, id_, by_admin=True, now=NOW + 2 * MINUTE)
    assert await logged(store) == []
    await store.game.undo_truth(id_, ANNA, NOW + HOUR, by_admin=True)
    assert await logged(store) == [("Anna", AdminAction.UNDO)]


async def test_the_last_truth_that_one_told_is_found(store: Store) -> None:
    assert await store.game.last_told(ROOM, ANNA) is None
    first, second = await fool(store), await fool(store, now=NOW + MINUTE)
    bens = await played(store, BEN)
    await tell(store, bens, TOM, now=NOW + 2 * MINUTE, by_admin=True)
    await fool(store, room=SUPERGROUP, now=NOW + 3 * MINUTE)
    assert await store.game.last_told(ROOM, ANNA) == second
    assert await store.game.last_told(ROOM, TOM) == bens
    assert await store.game.last_told(ROOM, BEN) is None
    await store.game.undo_truth(second, ANNA, NOW + 2 * MINUTE, by_admin=False)
    moved = Room("telegram", "-100999")
    await store.rooms.move(ROOM, moved)
    assert await store.game.last_told(moved, ANNA) == first


async def test_nothing_is_noted_of_who_only_tried(store: Store) -> None:
    id_ = await played(store)
    await store.guesses.open(id_, NOW)
    assert await tell(store, id_, TOM) is Denied.NOT_YOURS
    assert await object_to(store, id_, TOM) is Denied.UNTOLD
    assert await store.game.confirm(id_, TOM, NOW) is Denied.UNTOLD
    assert await store.game.undo_truth(id_, TOM, NOW, by_admin=False) is Denied.UNTOLD
    assert await store.game.cast_ballot(id_, TOM, Label.OLAF, NOW) is Denied.NOT_HERE
    assert await store.game.mark_made(id_, TOM) is Denied.NOT_YOURS
    assert not await store.game.hide(id_, TOM)
    assert await store.guesses.add(id_, TOM, Label.OLAF, NOW + MINUTE) is Denied.LATE
    assert await store.game.player_id("telegram", TOM.id) is None


async def test_the_same_tap_twice_at_once_counts_once(store: Store) -> None:
    id_ = await played(store)
    results = await asyncio.gather(*(tell(store, id_) for _ in range(4)))
    assert results.count(Denied.TOLD) == 3
    assert await points(store) == {"Anna": FOOLED}


@pytest.mark.parametrize("admin_first", [False, True])
async def test_of_two_truths_at_once_the_admins_counts(store: Store, admin_first: bool) -> None:
    id_ = await played(store)
    taps = [tell(store, id_), tell(store, id_, BEN, label=Label.OLAF, by_admin=True)]
    await asyncio.gather(*(taps[::-1] if admin_first else taps))
    assert await points(store) == {}


@pytest.mark.parametrize("order", [1, -1])
async def test_of_two_own_truths_at_once_the_first_in_the_alphabet_counts(
    store: Store, order: int
) -> None:
    id_ = await played(store)
    taps = [tell(store, id_, label=label) for label in (Label.ABOMINABLE, Label.OLAF)]
    await asyncio.gather(*taps[::order])
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
        assert await object_to(store, id_) is None
        assert await store.game.undo_truth(id_, ANNA, NOW, by_admin=True) is None
        assert await store.game.confirm(id_, BEN, NOW) is None
        assert await store.game.mark_made(id_, ANNA) is None
        assert await store.game.cast_ballot(id_, BEN, Label.OLAF, NOW) is None
        assert await store.game.close_vote(id_, NOW) is None
        assert not await store.game.everyone_voted(id_, NOW)
        assert await store.guesses.add(id_, BEN, Label.OLAF, NOW) is None
        assert await score(store, id_) == Score()
        assert not await store.guesses.open(id_, NOW)
        assert await store.guesses.close(id_, NOW) is None
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


async def test_where_two_play_an_objection_voids(store: Store) -> None:
    await played(store, BEN)
    id_ = await fool(store)
    assert await object_to(store, id_, ANNA) is Denied.OWN
    objected = await object_to(store, id_)
    assert void(objected)
    assert objected == await store.game.round(id_, ROOM)
    assert await points(store) == {}
    assert await score(store, id_) == Score()
    assert await store.game.untold_votes() == []
    assert await store.game.close_vote(id_, NOW + HOUR) is None


async def voting(store: Store) -> int:
    """Let Anna fool the bot in a family of four, and Ben object to that."""
    for player in (BEN, OMA, TOM):
        await played(store, player)
    id_ = await fool(store)
    assert not void(await object_to(store, id_))
    return id_


async def test_an_objection_opens_a_vote_also_when_two_object_at_once(store: Store) -> None:
    for player in (BEN, OMA, TOM, CHANNEL):
        await played(store, player)
    id_ = await fool(store)
    results = await asyncio.gather(
        *(object_to(store, id_, player) for player in (BEN, BEN, OMA, CHANNEL))
    )
    assert [void(result) for result in results if isinstance(result, Round)] == [False]
    assert sorted(result for result in results if isinstance(result, Denied)) == [
        Denied.AGAIN,
        Denied.AGAIN,
        Denied.SHARED_IDENTITY,
    ]
    assert await points(store) == {"Anna": FOOLED}  # until the vote says otherwise
    until = NOW + 61 * MINUTE
    assert await store.game.untold_votes() == [OpenVote(id_, until)]


async def test_the_majority_decides_and_the_sender_has_no_vote(store: Store) -> None:
    id_ = await voting(store)
    at = NOW + 2 * MINUTE
    assert await store.game.cast_ballot(id_, ANNA, Label.OLAF, at) is Denied.OWN
    votes = ((BEN, Label.OLAF), (OMA, Label.OLAF), (TOM, Label.NEITHER))
    for player, label in votes:
        assert not await store.game.everyone_voted(id_, at)
        voted = await store.game.cast_ballot(id_, player, label, at)
        assert isinstance(voted, Round)
        assert voted == await store.game.round(id_, ROOM)
    assert await store.game.cast_ballot(id_, BEN, Label.OLAF, at + MINUTE) is Denied.AGAIN
    assert await store.game.everyone_voted(id_, at)
    closed = await store.game.close_vote(id_, at)
    assert closed is not None
    assert closed.truth is not None
    assert (closed.truth.label, closed.confirmed, closed.is_void) == (Label.OLAF, True, False)
    assert closed == await store.game.round(id_, ROOM)
    assert await points(store) == {}
    # Who comes to it again has the same to tell, until it is told.
    assert await store.game.close_vote(id_, at + MINUTE) == closed
    assert [vote.round_id for vote in await store.game.untold_votes()] == [id_]
    await store.game.mark_vote_told(id_, at + MINUTE)
    assert await store.game.close_vote(id_, at + MINUTE) is None
    assert await store.game.untold_votes() == []
    assert await store.game.cast_ballot(id_, TOM, Label.OLAF, at) is Denied.LATE


async def test_with_fewer_than_two_votes_the_truth_stands_and_a_tie_voids(store: Store) -> None:
    lonely, tied = await voting(store), await voting(store)
    await store.game.cast_ballot(lonely, BEN, Label.OLAF, NOW + 2 * MINUTE)
    for player, label in ((BEN, Label.OLAF), (OMA, Label.NEITHER)):
        await store.game.cast_ballot(tied, player, label, NOW + 2 * MINUTE)
    for id_, is_void in ((lonely, False), (tied, True)):
        closed = await store.game.close_vote(id_, NOW + HOUR)
        assert closed is not None
        assert closed.is_void is is_void
        assert closed == await store.game.round(id_, ROOM)
    assert await points(store) == {"Anna": FOOLED}


async def test_the_order_of_two_ballots_at_once_does_not_matter(store: Store) -> None:
    id_ = await voting(store)
    labels = (Label.OLAF, Label.ABOMINABLE)
    at = NOW + 2 * MINUTE
    await asyncio.gather(*(store.game.cast_ballot(id_, BEN, label, at) for label in labels))
    round_ = await store.game.round(id_, ROOM)
    assert round_ is not None
    assert round_.vote is not None
    assert [ballot.label for ballot in round_.vote.ballots] == [Label.ABOMINABLE]


async def test_who_never_played_or_long_ago_has_no_say(store: Store) -> None:
    await played(store, TOM, now=NOW - 31 * DAY)
    id_ = await voting(store)
    stranger = Player("11", "Eve")
    other = await fool(store)
    assert await object_to(store, other, stranger) is Denied.NOT_HERE
    at = NOW + 2 * MINUTE
    assert await store.game.cast_ballot(id_, stranger, Label.OLAF, at) is Denied.NOT_HERE
    assert await store.game.player_id("telegram", stranger.id) is None
    assert await store.game.cast_ballot(id_, CHANNEL, Label.OLAF, at) is Denied.SHARED_IDENTITY


async def test_who_was_here_long_ago_or_by_a_shared_identity_is_not_counted(store: Store) -> None:
    for player in (BEN, OMA):
        await played(store, player, now=NOW - 31 * DAY)
    await played(store, CHANNEL)
    await played(store, TOM)
    id_ = await fool(store)
    assert await object_to(store, id_, BEN) is Denied.NOT_HERE
    assert void(await object_to(store, id_, TOM))  # only two play


async def test_who_voted_or_guessed_plays(store: Store) -> None:
    guesser = Player("11", "Eve")
    await guess(store, guesser)
    await played(store, BEN)
    id_ = await fool(store)
    assert not void(await object_to(store, id_, guesser))
    month = NOW + 29 * DAY
    await store.game.cast_ballot(id_, BEN, Label.OLAF, NOW + HOUR)
    later = await fool(store, now=month + 2 * DAY)
    assert await object_to(store, later, guesser, now=month + 3 * DAY) is Denied.NOT_HERE


async def test_a_vote_waits_for_those_who_played_this_week(store: Store) -> None:
    id_ = await voting(store)
    await played(store, Player("11", "Eve"), now=NOW - 8 * DAY)
    await played(store, CHANNEL)
    at = NOW + 2 * MINUTE
    for player in (BEN, OMA):
        await store.game.cast_ballot(id_, player, Label.OLAF, at)
    assert not await store.game.everyone_voted(id_, at)
    await store.people.forget("telegram", TOM.id)  # nobody waits for him
    assert await store.game.everyone_voted(id_, at)


async def test_objections_are_three_a_day_by_the_rooms_clock(store: Store) -> None:
    zone = timezone(5 * HOUR + HOUR / 2)  # there it is midnight at 18:30
    for player in (BEN, OMA, TOM):
        await played(store, player)
    ids = [await fool(store, now=NOW) for _ in range(OBJECTIONS_A_DAY + 2)]
    *first, enough, tomorrow = ids

    async def objected(id_: int, player: Player, at: timedelta) -> Round | Denied | None:
        now = NOW.replace(hour=18, minute=29, second=0) + DAY - MINUTE + at
        return await store.game.object_to(id_, player, now, zone=zone, until=now + HOUR)

    for id_ in first:
        assert isinstance(await objected(id_, BEN, timedelta()), Round)
    assert await objected(enough, BEN, MINUTE) is Denied.ENOUGH
    assert isinstance(await objected(enough, OMA, MINUTE), Round)
    assert isinstance(await objected(tomorrow, BEN, 2 * MINUTE), Round)


async def test_a_vote_goes_on_where_the_room_moved(store: Store) -> None:
    for player in (BEN, OMA):
        await played(store, player)
    id_ = await opened(store, photo("77"))
    await store.rounds.note_verdict(id_, OLAF, None)
    await store.rounds.mark_answered([id_], NOW, answer="78")
    await tell(store, id_)
    await store.rooms.move(ROOM, SUPERGROUP)
    until = NOW + 61 * MINUTE
    assert not void(await object_to(store, id_))
    assert await store.game.untold_votes() == [OpenVote(id_, until)]
    # Who plays is known by what they did before, and what they do after.
    await played(store, TOM, room=SUPERGROUP)
    for player in (BEN, TOM):
        voted = await store.game.cast_ballot(id_, player, Label.OLAF, NOW + 2 * MINUTE)
        assert isinstance(voted, Round)
    assert not await store.game.everyone_voted(id_, NOW + 2 * MINUTE)
    await store.game.cast_ballot(id_, OMA, Label.OLAF, NOW + 2 * MINUTE)
    assert await store.game.everyone_voted(id_, NOW + 2 * MINUTE)
    assert await store.game.close_vote(id_, until)
    assert await points(store, SUPERGROUP) == {}


async def test_points_against_neither_wait_for_somebody_to_say_that_it_is_true(
    store: Store,
) -> None:
    ids = [await played(store, verdict=YETI) for _ in range(2)]
    for id_ in ids:
        await tell(store, id_, label=Label.OLAF)
        assert await score(store, id_) == Score(worth=40, is_pending=True)
    assert await points(store) == {}
    assert await store.game.confirm(ids[0], ANNA, NOW) is Denied.OWN
    assert await store.game.confirm(ids[0], CHANNEL, NOW) is Denied.SHARED_IDENTITY
    confirmed = await store.game.confirm(ids[0], BEN, NOW + MINUTE)
    assert isinstance(confirmed, Round)
    assert confirmed.confirmed
    assert confirmed == await store.game.round(ids[0], ROOM)
    assert await store.game.confirm(ids[0], OMA, NOW + MINUTE) is Denied.AGAIN
    assert await score(store, ids[0]) == Score(40, 40)
    assert await points(store) == {"Anna": 40}
    assert await points(store, now=NOW + DAY) == {"Anna": 60}  # nobody objected
    settled = await store.game.undo_truth(ids[0], ANNA, NOW + MINUTE, by_admin=False)
    assert settled is Denied.LATE


async def test_what_somebody_made_is_praised(store: Store) -> None:
    ids = [await played(store) for _ in range(2)]
    assert await store.game.mark_made(ids[0], BEN) is Denied.NOT_YOURS
    for id_ in ids:
        made = await store.game.mark_made(id_, ANNA)
        assert isinstance(made, Round)
        assert made.made
        assert made == await store.game.round(id_, ROOM)
        await tell(store, id_, label=Label.OLAF)
    assert await store.game.mark_made(ids[0], ANNA) is Denied.AGAIN
    assert await points(store) == {"Anna": 25}  # once a day


async def test_who_sent_a_photo_can_withdraw_it_and_keeps_the_points(store: Store) -> None:
    id_ = await fool(store)
    assert not await store.game.hide(id_, BEN)
    assert not await store.game.hide(id_ + 99, ANNA)
    found = await store.rounds.find(id_)
    assert found is not None
    assert not found.hidden
    await store.rooms.move(ROOM, SUPERGROUP)
    for _ in range(2):
        assert await store.game.hide(id_, ANNA)
    found = await store.rounds.find(id_)
    assert found is not None
    assert found.hidden
    assert await points(store) == {"Anna": FOOLED}


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
    assert not await store.guesses.open(copied, NOW)
    await tell(store, copied)
    assert await score(store, copied) == Score(just_for_fun=JustForFun.PLAYED_BEFORE)
    assert await points(store) == {}


async def test_a_photo_is_known_in_the_room_that_moved(store: Store) -> None:
    assert not await played_before(store, await played(store), (1,), (1,))
    await store.rooms.move(ROOM, SUPERGROUP)
    copy = await played(store, room=SUPERGROUP)
    assert await played_before(store, copy, (1,), (1,), SUPERGROUP)


async def test_a_photo_that_was_forgotten_is_new(store: Store) -> None:
    assert not await played_before(store, await played(store), (1,), (1,))
    assert await played_before(store, await played(store, BEN), (1,), (1,))
    for player in (ANNA, BEN):
        await store.people.forget(ROOM.platform, player.id)
    assert not await played_before(store, await played(store, BEN), (1,), (1,))


async def test_two_copies_at_once_are_one_photo(store: Store) -> None:
    ids = [await played(store, player) for player in (ANNA, BEN)]
    copies = await asyncio.gather(*(played_before(store, id_, (7,), (7,)) for id_ in ids))
    assert sorted(copies) == [False, True]


async def test_a_shared_identity_scores_nothing(store: Store) -> None:
    id_ = await played(store, CHANNEL)
    await tell(store, id_, BEN, by_admin=True)
    assert await score(store, id_) == Score(just_for_fun=JustForFun.SHARED_IDENTITY)


async def test_of_a_day_the_best_counts_in_full_whichever_was_told_first(store: Store) -> None:
    ids = [
        await played(store, verdict=replace(OLAF, confidence=confidence))
        for confidence in (0.6, 0.8, 0.9, 0.7)
    ]
    await asyncio.gather(*(tell(store, id_) for id_ in ids))
    assert [await score(store, id_) for id_ in ids] == [
        Score(0, 60),
        Score(40, 80),
        Score(90, 90),
        Score(18, 70),
    ]
    assert await points(store) == {"Anna": 148}
    for now, room in ((NOW + DAY, ROOM), (NOW, SUPERGROUP)):  # a day and a room of its own
        other = await fool(store, now=now, room=room)
        assert await score(store, other) == Score(FOOLED, FOOLED)


async def test_a_day_is_the_rooms_and_the_photos(store: Store) -> None:
    midnight = NOW.replace(hour=23, minute=0)
    evening, night = await played(store, now=midnight), await played(store, now=midnight + HOUR)
    for id_ in (evening, night):
        await tell(store, id_, now=midnight + 2 * HOUR)
    later = midnight + 3 * HOUR
    assert await score(store, night, later) == Score(FOOLED, FOOLED)
    west = timezone(-6 * HOUR)
    assert await score(store, night, later, west) == Score(49, FOOLED)


async def guessing(store: Store) -> int:
    """Open a round of Anna's that may be guessed about for half a minute."""
    id_ = await opened(store, photo())
    await store.rounds.note_verdict(id_, OLAF, None)
    assert await store.guesses.open(id_, NOW + 30 * SECOND)
    return id_


async def test_right_guesses_score_when_the_guessing_is_over(store: Store) -> None:
    id_ = await guessing(store)
    assert isinstance(await store.guesses.add(id_, BEN, Label.OLAF, NOW + SECOND), tuple)
    assert isinstance(await store.guesses.add(id_, OMA, Label.NEITHER, NOW + SECOND), tuple)
    assert await store.guesses.add(id_, ANNA, Label.OLAF, NOW) is Denied.OWN
    assert await store.guesses.add(id_, TOM, Label.OLAF, NOW + MINUTE) is Denied.LATE
    assert await points(store) == {}
    opening = OpenGuessing(id_, ROOM, "11", NOW + 30 * SECOND)
    assert await store.guesses.unanswered() == [opening]
    assert await store.guesses.close(id_, NOW + 2 * SECOND) == opening
    assert await store.guesses.add(id_, TOM, Label.OLAF, NOW + 2 * SECOND) is Denied.LATE
    assert await points(store) == {"Ben": 10}
    assert [guess.label for guess in await guessed(store, id_)] == [Label.OLAF, Label.NEITHER]


async def test_the_answer_is_told_once_also_after_a_restart(store: Store) -> None:
    id_ = await guessing(store)
    opening = OpenGuessing(id_, ROOM, "11", NOW + 30 * SECOND)
    assert await store.guesses.unanswered() == [opening]
    (pending,) = await store.rounds.pending("telegram", NOW)  # killed before it was asked
    assert pending.is_guessed
    assert await store.guesses.open(id_, NOW + MINUTE)  # asked after all, with all its time
    opening = replace(opening, until=NOW + MINUTE)
    assert await store.guesses.close(id_, NOW) == opening
    assert await store.rounds.pending("telegram", NOW) == []  # it gets its answer that way
    assert await store.guesses.unanswered() == [
        opening
    ]  # killed here, it is told by the next process
    assert await store.guesses.close(id_, NOW) == opening
    await store.guesses.mark_told(id_)
    assert await store.guesses.close(id_, NOW) is None
    assert await store.guesses.unanswered() == []
    assert not await store.guesses.open(id_, NOW + MINUTE)


async def test_an_opening_moves_with_its_room(store: Store) -> None:
    id_ = await guessing(store)
    await store.rooms.move(ROOM, SUPERGROUP)
    assert [opening.room for opening in await store.guesses.unanswered()] == [SUPERGROUP]
    opening = await store.guesses.close(id_, NOW)
    assert opening is not None
    assert opening.room == SUPERGROUP


async def test_there_is_nothing_to_guess_when_the_truth_is_out(store: Store) -> None:
    assert not await store.guesses.open(await fool(store), NOW)


async def test_a_player_guesses_once_however_fast(store: Store) -> None:
    id_ = await guessing(store)
    labels = (Label.OLAF, Label.ABOMINABLE)
    await asyncio.gather(*(store.guesses.add(id_, BEN, label, NOW) for label in labels))
    # Of two at the same moment it is the first in the alphabet, whichever came in first.
    assert [guess.label for guess in await guessed(store, id_)] == [Label.ABOMINABLE]


async def test_it_is_known_when_everyone_has_guessed_who_played_today(store: Store) -> None:
    await played(store, TOM, now=NOW - DAY - MINUTE)
    await played(store, OMA)
    await played(store, CHANNEL)
    id_ = await guessing(store)
    await store.guesses.add(id_, BEN, Label.OLAF, NOW)
    assert not await store.guesses.everyone_guessed(id_, NOW)
    await store.guesses.add(id_, OMA, Label.OLAF, NOW)
    assert await store.guesses.everyone_guessed(id_, NOW + SECOND)


async def test_a_void_round_takes_its_guesses_with_it(store: Store) -> None:
    id_ = await guessing(store)
    await store.guesses.add(id_, BEN, Label.OLAF, NOW)
    await store.guesses.close(id_, NOW)
    await tell(store, id_)
    assert await points(store) == {"Anna": FOOLED, "Ben": 10}
    assert void(await object_to(store, id_))
    assert await points(store) == {}


async def test_a_tap_on_an_old_message_finds_the_room_that_moved(store: Store) -> None:
    first, second = await played(store), await played(store)
    await asyncio.gather(
        tell(store, first), store.rooms.move(ROOM, SUPERGROUP), tell(store, second)
    )
    both = FOOLED + 49
    assert await points(store, SUPERGROUP) == await points(store) == {"Anna": both}
    assert (
        await store.game.round(first, ROOM) == await store.game.round(first, SUPERGROUP) is not None
    )
    await played(store, BEN, room=SUPERGROUP)
    assert void(await object_to(store, first))
    assert await points(store, SUPERGROUP) == {"Anna": FOOLED}


async def test_a_name_is_the_one_that_was_last(store: Store) -> None:
    id_ = await fool(store)
    await played(store, Player("7", "Anna the Great" * 9))
    assert [len(name) for name in (await store.game.names(ROOM)).values()] == [64]
    await tell(store, id_, BEN, by_admin=True, now=NOW + MINUTE)
    assert sorted((await store.game.names(ROOM)).values())[1:] == ["Ben"]
    assert await store.game.names(Room("web", "empty")) == {}
