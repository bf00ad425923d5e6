"""The rules of a round, one by one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import Label, Verdict
from bot.game.rules import (
    OBJECTION_WITHIN,
    TRUTH_WITHIN,
    Denied,
    Guess,
    Objection,
    Round,
    Truth,
    add_guess,
    agrees,
    is_right_guess,
    looks_same,
    object_to,
    quorum,
    tell_truth,
    was_played,
    worth,
)

NOW = datetime(2026, 12, 24, 18, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MIA, BEN, ADA, OMA = 1, 2, 3, 4
OLAF, YETI, NEITHER = Label.OLAF, Label.ABOMINABLE, Label.NEITHER
LABELS = st.sampled_from(Label)


def said(label: Label = OLAF, confidence: float = 0.9, *, unfamiliar: bool = False) -> Verdict:
    other = YETI if label is OLAF else OLAF
    return Verdict(label, confidence, {label: confidence, other: 1 - confidence}, unfamiliar)


def round_(verdict: Verdict | None = None, *, told: Truth | None = None, quorum: int = 2) -> Round:
    return Round(1, MIA, NOW, verdict or said(), truth=told, quorum=quorum)


def accepted(round_: Round | Denied) -> Round:
    assert isinstance(round_, Round)
    return round_


class TestPoints:
    def test_the_surer_the_bot_was_the_more_it_is_to_fool_it(self) -> None:
        points = [worth(said(OLAF, c), YETI) for c in (0.5, 0.6, 0.75, 0.97, 1.0)]
        assert points == [1, 21, 51, 94, 100]

    def test_a_photo_of_neither_fools_for_half(self) -> None:
        assert worth(said(OLAF, 1.0), NEITHER) == 50
        assert worth(said(OLAF, 0.5), NEITHER) == 1

    def test_a_bot_that_had_said_neither_is_not_fooled_by_it(self) -> None:
        assert worth(said(OLAF, 0.9, unfamiliar=True), NEITHER) == 0

    def test_a_doubtful_bot_is_fooled_for_half(self) -> None:
        assert worth(said(OLAF, 1.0, unfamiliar=True), YETI) == 50
        assert worth(said(OLAF, 1.0, unfamiliar=True), OLAF) == 0

    @given(LABELS, LABELS, st.floats(0, 1), st.floats(0, 1), st.booleans())
    def test_points_are_within_bounds_and_rise(
        self, label: Label, truth: Label, one: float, other: float, unfamiliar: bool
    ) -> None:
        lower, higher = (
            worth(said(label, confidence, unfamiliar=unfamiliar), truth)
            for confidence in sorted((one, other))
        )
        is_right = agrees(said(label, unfamiliar=unfamiliar), truth)
        assert (lower == higher == 0) if is_right else (1 <= lower <= higher <= 100)


def told_now(round_: Round, truth: Truth, *, by_admin: bool = False) -> Round | Denied:
    return tell_truth(round_, truth, by_admin=by_admin, quorum=2)


class TestTruth:
    def test_who_sent_the_photo_tells_it(self) -> None:
        truth = Truth(YETI, MIA, NOW)
        told = accepted(tell_truth(round_(), truth, by_admin=False, quorum=1))
        assert (told.truth, told.quorum, told.is_fooled) == (truth, 1, True)

    def test_an_admin_may_but_nobody_else(self) -> None:
        assert accepted(told_now(round_(), Truth(OLAF, BEN, NOW), by_admin=True)).truth
        assert told_now(round_(), Truth(OLAF, BEN, NOW)) is Denied.NOT_YOURS

    def test_a_truth_is_told_once(self) -> None:
        told = round_(told=Truth(OLAF, MIA, NOW))
        assert told_now(told, Truth(YETI, MIA, NOW + MINUTE)) is Denied.TOLD
        assert told_now(told, Truth(OLAF, MIA, NOW)) is Denied.TOLD

    def test_a_round_expires_after_a_day(self) -> None:
        assert accepted(told_now(round_(), Truth(OLAF, MIA, NOW + TRUTH_WITHIN))).truth
        late = Truth(OLAF, MIA, NOW + TRUTH_WITHIN + MINUTE)
        assert told_now(round_(), late) is Denied.OVER

    def test_a_tap_that_was_earlier_but_came_in_later_counts(self) -> None:
        told = round_(told=Truth(OLAF, MIA, NOW + MINUTE))
        earlier = Truth(YETI, BEN, NOW)
        assert accepted(told_now(told, earlier, by_admin=True)).truth == earlier

    def test_of_two_at_the_same_moment_who_sent_the_photo_counts(self) -> None:
        admin, own = Truth(OLAF, 0, NOW), Truth(YETI, MIA, NOW)
        for first, second in ((admin, own), (own, admin)):
            told = accepted(told_now(round_(), first, by_admin=True))
            result = told_now(told, second, by_admin=True)
            assert (result if isinstance(result, Round) else told).truth == own


class TestObjections:
    told = round_(told=Truth(OLAF, MIA, NOW))

    def test_two_void_a_round(self) -> None:
        once = accepted(object_to(self.told, Objection(BEN, NOW + MINUTE), shared_identity=False))
        assert not once.is_void
        twice = accepted(object_to(once, Objection(ADA, NOW + MINUTE), shared_identity=False))
        assert twice.is_void

    @pytest.mark.parametrize(("players", "needed"), [(1, 1), (2, 1), (3, 1), (4, 2), (30, 2)])
    def test_one_is_enough_in_a_small_room(self, players: int, needed: int) -> None:
        assert quorum(players) == needed

    def test_the_same_person_objects_once(self) -> None:
        once = accepted(object_to(self.told, Objection(BEN, NOW + MINUTE), shared_identity=False))
        again = object_to(once, Objection(BEN, NOW + 2 * MINUTE), shared_identity=False)
        assert again is Denied.AGAIN

    def test_objecting_is_for_others_than_who_told_it(self) -> None:
        assert (
            object_to(self.told, Objection(MIA, NOW + MINUTE), shared_identity=False) is Denied.OWN
        )
        by_admin = round_(told=Truth(OLAF, BEN, NOW))
        assert accepted(object_to(by_admin, Objection(MIA, NOW + MINUTE), shared_identity=False))

    def test_there_are_ten_minutes_for_it(self) -> None:
        in_time = Objection(BEN, NOW + OBJECTION_WITHIN)
        assert accepted(object_to(self.told, in_time, shared_identity=False))
        late = Objection(BEN, NOW + OBJECTION_WITHIN + timedelta(seconds=1))
        assert object_to(self.told, late, shared_identity=False) is Denied.LATE

    def test_there_is_nothing_to_object_to_before_the_truth(self) -> None:
        assert object_to(round_(), Objection(BEN, NOW), shared_identity=False) is Denied.UNTOLD

    def test_nobody_objects_with_a_shared_identity(self) -> None:
        objection = Objection(BEN, NOW + MINUTE)
        assert object_to(self.told, objection, shared_identity=True) is Denied.SHARED_IDENTITY


class TestGuesses:
    @staticmethod
    def guess(*before: Guess, by: int = BEN, at: datetime = NOW, what: Label = OLAF) -> object:
        until = NOW + MINUTE
        return add_guess(
            before, Guess(by, at, what), sender=MIA, until=until, shared_identity=False
        )

    def test_everyone_but_the_sender_may_guess(self) -> None:
        assert self.guess() == (Guess(BEN, NOW, OLAF),)
        assert self.guess(by=MIA) is Denied.OWN

    def test_once(self) -> None:
        before = Guess(BEN, NOW, OLAF)
        assert self.guess(before, at=NOW + MINUTE, what=YETI) is Denied.AGAIN
        assert self.guess(before) is Denied.AGAIN
        assert self.guess(before, by=ADA) == (before, Guess(ADA, NOW, OLAF))

    def test_until_the_bot_has_said_it(self) -> None:
        assert self.guess(at=NOW + MINUTE) == (Guess(BEN, NOW + MINUTE, OLAF),)
        assert self.guess(at=NOW + 2 * MINUTE) is Denied.LATE

    def test_not_with_a_shared_identity(self) -> None:
        new = Guess(BEN, NOW, OLAF)
        assert (
            add_guess((), new, sender=MIA, until=NOW, shared_identity=True)
            is Denied.SHARED_IDENTITY
        )

    def test_a_right_guess_is_what_the_bot_said(self) -> None:
        right = [label for label in Label if is_right_guess(Guess(BEN, NOW, label), said(YETI))]
        assert right == [YETI]

    def test_a_doubtful_bot_said_both(self) -> None:
        verdict = said(YETI, unfamiliar=True)
        right = [label for label in Label if is_right_guess(Guess(BEN, NOW, label), verdict)]
        assert right == [YETI, NEITHER]


class TestPhotosSeenBefore:
    def test_a_few_bits_make_no_other_photo(self) -> None:
        photo = 0xF0F0_F0F0_F0F0_F0F0_F0F0_F0F0_F0F0_F0F0
        assert looks_same([photo], [photo])
        assert looks_same([photo], [photo ^ 0x1FFFF])
        assert not looks_same([photo], [photo ^ 0x3FFFF])

    def test_any_view_of_a_photo_gives_it_away(self) -> None:
        photo, mirrored, other = 0, (1 << 64) - 1, ((1 << 64) - 1) << 64
        assert looks_same([other, mirrored], [photo, mirrored])
        assert not looks_same([other], [photo, mirrored])

    def test_a_photo_was_played_when_any_looks_the_same(self) -> None:
        assert was_played([1], [[2**128 - 1], [0]])
        assert not was_played([1], [[2**128 - 1]])
        assert not was_played([1], [])


TELLS = st.builds(Truth, LABELS, st.sampled_from([MIA, BEN, ADA]), st.just(NOW))
OBJECTIONS = st.builds(Objection, st.sampled_from([MIA, BEN, ADA, OMA]), st.just(NOW))
GUESSES = st.builds(Guess, st.sampled_from([BEN, ADA]), st.just(NOW), LABELS)


@given(st.booleans(), st.lists(TELLS | OBJECTIONS, max_size=5))
def test_the_order_of_simultaneous_taps_does_not_matter(
    is_told: bool, taps: list[Truth | Objection]
) -> None:
    before = Truth(OLAF, MIA, NOW - MINUTE) if is_told else None
    ends = set()
    for order in permutations(taps):
        now = round_(told=before)
        for tap in order:
            if isinstance(tap, Truth):
                result = told_now(now, tap, by_admin=True)
            else:
                result = object_to(now, tap, shared_identity=False)
            now = result if isinstance(result, Round) else now
        ends.add((now.truth, now.is_void, frozenset(now.objections)))
    assert len(ends) == 1


@given(st.lists(GUESSES, max_size=4))
def test_the_order_of_simultaneous_guesses_does_not_matter(taps: list[Guess]) -> None:
    ends = set()
    for order in permutations(taps):
        guesses: tuple[Guess, ...] = ()
        for tap in order:
            result = add_guess(guesses, tap, sender=MIA, until=NOW, shared_identity=False)
            guesses = guesses if isinstance(result, Denied) else result
        ends.add(frozenset(guesses))
    assert len(ends) == 1
