"""The rules of a round, one by one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain import Label, Verdict, Voice
from bot.game.rules import (
    GUESS_POINTS,
    MADE_POINTS,
    NEITHER_POINTS,
    OBJECTION_WITHIN,
    OBJECTIONS_A_DAY,
    TRUTH_WITHIN,
    UNDO_WITHIN,
    Ballot,
    Denied,
    Guess,
    Round,
    Truth,
    Vote,
    add_guess,
    cast_ballot,
    close_vote,
    confirm,
    everyone_voted,
    is_right_guess,
    object_to,
    tell_truth,
    undo_truth,
    worth,
)

NOW = datetime(2026, 12, 24, 18, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
MIA, BEN, ADA, OMA = 1, 2, 3, 4
FAMILY = (MIA, BEN, ADA, OMA)
OLAF, YETI, NEITHER = Label.OLAF, Label.ABOMINABLE, Label.NEITHER
LABELS = st.sampled_from(Label)


def said(label: Label = OLAF, confidence: float = 0.9, *, unfamiliar: bool = False) -> Verdict:
    other = YETI if label is OLAF else OLAF
    return Verdict(label, confidence, {label: confidence, other: 1 - confidence}, unfamiliar)


def round_(
    verdict: Verdict | None = None, *, told: Truth | None = None, made: bool = False
) -> Round:
    return Round(1, MIA, NOW, verdict or said(), made=made, truth=told)


def accepted(round_: Round | Denied) -> Round:
    assert isinstance(round_, Round)
    return round_


def told(label: Label = YETI, verdict: Verdict | None = None, *, made: bool = False) -> Round:
    """Mia told the truth at once: by default one that fools the bot."""
    return round_(verdict, told=Truth(label, MIA, NOW), made=made)


def objected(
    round_: Round,
    by: int = BEN,
    at: datetime = NOW + MINUTE,
    *,
    playing: tuple[int, ...] = FAMILY,
    today: int = 0,
    shared: bool = False,
) -> Round | Denied:
    return object_to(
        round_,
        by,
        at,
        until=at + 4 * HOUR,
        today=today,
        playing=playing,
        shared_identity=shared,
    )


def voted(round_: Round, *ballots: tuple[int, Label], at: datetime = NOW + HOUR) -> Round:
    for by, label in ballots:
        round_ = accepted(
            cast_ballot(round_, Ballot(by, label, at), playing=FAMILY, shared_identity=False)
        )
    return round_


def disputed(label: Label = YETI, verdict: Verdict | None = None) -> Round:
    return accepted(objected(told(label, verdict)))


class TestPoints:
    def test_fooling_a_named_call_brings_the_shown_percentage(self) -> None:
        points = [worth(told(verdict=said(OLAF, c))) for c in (0.5, 0.58, 0.751, 0.97, 1.0)]
        assert points == [50, 58, 75, 97, 99]
        assert worth(told(NEITHER, said(OLAF, 0.97))) == 97

    def test_a_true_snow_person_called_neither_brings_forty(self) -> None:
        unfamiliar = said(OLAF, 0.99, unfamiliar=True)
        assert worth(told(OLAF, unfamiliar)) == worth(told(YETI, unfamiliar)) == NEITHER_POINTS

    def test_a_mop_called_neither_fools_nobody_whatever_name_followed(self) -> None:
        assert worth(told(NEITHER, said(OLAF, 0.99, unfamiliar=True))) == 0
        assert said(unfamiliar=True).voice is Voice.UNFAMILIAR

    def test_a_work_that_is_recognised_is_praised_and_paid(self) -> None:
        work = told(OLAF, made=True)
        assert (work.is_praised, work.is_fooled, worth(work)) == (True, False, MADE_POINTS)
        assert not told(OLAF).is_praised

    def test_a_work_that_fools_is_a_fooling_and_one_of_neither_no_work(self) -> None:
        assert worth(told(YETI, said(OLAF, 0.8), made=True)) == 80
        assert not told(NEITHER, said(unfamiliar=True), made=True).is_praised

    @given(LABELS, LABELS, st.floats(0.5, 1), st.booleans(), st.booleans())
    def test_points_are_within_bounds(
        self, label: Label, truth: Label, confidence: float, unfamiliar: bool, made: bool
    ) -> None:
        verdict = said(OLAF if label is NEITHER else label, confidence, unfamiliar=unfamiliar)
        played = told(truth, verdict, made=made)
        assert worth(played) in {0, MADE_POINTS, NEITHER_POINTS, *range(50, 100)}
        assert bool(worth(played)) == (played.is_fooled or played.is_praised)
        assert not (played.is_fooled and played.is_praised)


class TestTruth:
    def test_who_sent_the_photo_tells_it(self) -> None:
        truth = Truth(YETI, MIA, NOW)
        played = accepted(tell_truth(round_(), truth, by_admin=False))
        assert (played.truth, played.is_fooled, played.truth_label) == (truth, True, YETI)

    def test_an_admin_may_but_nobody_else(self) -> None:
        assert accepted(tell_truth(round_(), Truth(OLAF, BEN, NOW), by_admin=True)).truth
        assert tell_truth(round_(), Truth(OLAF, BEN, NOW), by_admin=False) is Denied.NOT_YOURS

    def test_a_round_expires_after_a_day_but_for_an_admin(self) -> None:
        in_time, late = (Truth(OLAF, MIA, NOW + TRUTH_WITHIN + by * MINUTE) for by in (0, 1))
        assert accepted(tell_truth(round_(), in_time, by_admin=False)).truth
        assert tell_truth(round_(), late, by_admin=False) is Denied.OVER
        assert accepted(tell_truth(round_(), late, by_admin=True)).truth

    def test_who_told_it_may_change_it_for_ten_minutes(self) -> None:
        change = Truth(OLAF, MIA, NOW + UNDO_WITHIN)
        assert accepted(tell_truth(told(), change, by_admin=False)).truth == change
        late = Truth(OLAF, MIA, NOW + UNDO_WITHIN + MINUTE)
        assert tell_truth(told(), late, by_admin=False) is Denied.LATE
        assert accepted(tell_truth(told(), late, by_admin=True)).truth == late

    def test_nobody_changes_what_an_admin_told(self) -> None:
        by_admin = round_(told=Truth(OLAF, BEN, NOW))
        mine = Truth(YETI, MIA, NOW + MINUTE)
        assert tell_truth(by_admin, mine, by_admin=False) is Denied.TOLD

    def test_what_others_confirmed_or_objected_to_stays(self) -> None:
        change = Truth(OLAF, MIA, NOW + 5 * MINUTE)
        confirmed = accepted(confirm(told(), BEN, shared_identity=False))
        void = close_vote(
            voted(disputed(), (BEN, OLAF), (ADA, YETI), at=NOW + 3 * MINUTE), NOW + 4 * MINUTE
        )
        for settled in (confirmed, void):
            assert tell_truth(settled, change, by_admin=False) is Denied.LATE
            undone = undo_truth(settled, MIA, NOW + 5 * MINUTE, by_admin=False)
            assert undone is Denied.LATE

    def test_nobody_changes_what_a_vote_is_open_about_and_an_admin_may_afterwards(self) -> None:
        at = NOW + 2 * HOUR
        void = close_vote(voted(disputed(), (BEN, OLAF), (ADA, YETI)), at)
        for by in (MIA, BEN):  # whoever sent the photo is an admin like any other
            for voting, when in ((disputed(), at), (void, at)):
                assert tell_truth(voting, Truth(YETI, by, when), by_admin=True) is Denied.VOTE
                assert undo_truth(voting, by, when, by_admin=True) is Denied.VOTE
            later = Truth(OLAF, by, at + MINUTE)
            decided = accepted(tell_truth(void, later, by_admin=True))
            assert (decided.truth, decided.vote, decided.is_void) == (later, None, False)
            assert undo_truth(void, by, later.at, by_admin=True) == round_()
            # And the room may object to that as to any truth.
            assert accepted(objected(decided, ADA, later.at + MINUTE)).is_disputed

    def test_it_is_taken_back_with_all_that_came_of_it(self) -> None:
        assert undo_truth(told(), MIA, NOW + UNDO_WITHIN, by_admin=False) == round_()
        assert undo_truth(told(), MIA, NOW + 11 * MINUTE, by_admin=False) is Denied.LATE
        assert undo_truth(told(), BEN, NOW + MINUTE, by_admin=False) is Denied.NOT_YOURS
        assert undo_truth(round_(), MIA, NOW, by_admin=False) is Denied.UNTOLD
        assert undo_truth(told(), BEN, NOW + 48 * HOUR, by_admin=True) == round_()

    def test_of_two_at_the_same_moment_the_admins_counts(self) -> None:
        admin, own = Truth(OLAF, BEN, NOW), Truth(YETI, MIA, NOW)
        first = accepted(tell_truth(round_(), admin, by_admin=True))
        assert tell_truth(first, own, by_admin=False) is Denied.TOLD
        second = accepted(tell_truth(round_(), own, by_admin=False))
        assert accepted(tell_truth(second, admin, by_admin=True)).truth == admin


class TestPending:
    wall = told(OLAF, said(OLAF, 0.6, unfamiliar=True))

    def test_a_truth_against_neither_waits_for_a_day(self) -> None:
        assert self.wall.is_pending(NOW)
        assert not self.wall.is_pending(NOW + OBJECTION_WITHIN)
        assert not told().is_pending(NOW)
        assert not told(NEITHER, said(unfamiliar=True)).is_pending(NOW)
        assert not round_().is_pending(NOW)

    def test_somebody_else_may_say_that_it_is_true_once(self) -> None:
        confirmed = accepted(confirm(self.wall, BEN, shared_identity=False))
        assert not confirmed.is_pending(NOW)
        assert confirm(confirmed, ADA, shared_identity=False) is Denied.AGAIN
        assert confirm(self.wall, MIA, shared_identity=False) is Denied.OWN
        by_admin = round_(told=Truth(OLAF, BEN, NOW))
        assert confirm(by_admin, BEN, shared_identity=False) is Denied.OWN
        assert confirm(round_(), BEN, shared_identity=False) is Denied.UNTOLD
        assert confirm(self.wall, BEN, shared_identity=True) is Denied.SHARED_IDENTITY
        assert confirm(disputed(), ADA, shared_identity=False) is Denied.VOTE

    def test_a_vote_makes_it_wait_until_it_is_over(self) -> None:
        vote = accepted(objected(self.wall, at=NOW + 23 * HOUR))
        assert vote.is_pending(NOW + 26 * HOUR)
        assert not close_vote(vote, NOW + 27 * HOUR).is_pending(NOW + 27 * HOUR)


class TestObjections:
    def test_one_opens_a_vote(self) -> None:
        once = disputed()
        assert once.vote == Vote(BEN, NOW + MINUTE, NOW + MINUTE + 4 * HOUR)
        assert once.is_disputed
        assert not once.is_void
        assert worth(once) == 90  # against a named call points count until the objection wins

    def test_where_only_two_play_it_voids(self) -> None:
        void = accepted(objected(told(), playing=(MIA, BEN)))
        assert (void.is_void, void.is_disputed, worth(void)) == (True, False, 0)
        # The sender is one of them, however long ago they played.
        assert not accepted(objected(told(), playing=(ADA, BEN))).is_void

    def test_it_is_for_those_who_play_but_not_the_sender_or_the_teller(self) -> None:
        assert objected(told(), MIA) is Denied.OWN
        by_admin = round_(told=Truth(YETI, BEN, NOW))
        assert [objected(by_admin, by) for by in (MIA, BEN)] == [Denied.OWN] * 2
        assert accepted(objected(by_admin, ADA)).is_disputed
        assert objected(told(), 99) is Denied.NOT_HERE
        assert objected(told(), shared=True) is Denied.SHARED_IDENTITY

    def test_there_is_a_day_for_it_once_the_truth_is_told(self) -> None:
        assert accepted(objected(told(), at=NOW + OBJECTION_WITHIN)).is_disputed
        assert objected(told(), at=NOW + OBJECTION_WITHIN + MINUTE) is Denied.LATE
        assert objected(told(), at=NOW) is Denied.UNTOLD
        assert objected(round_()) is Denied.UNTOLD

    def test_there_is_one_vote_a_round_and_three_objections_a_day(self) -> None:
        assert objected(disputed(), ADA, NOW + 2 * MINUTE) is Denied.AGAIN
        closed = close_vote(disputed(), NOW + HOUR)
        assert objected(closed, ADA, NOW + 2 * HOUR) is Denied.AGAIN
        assert accepted(objected(told(), today=OBJECTIONS_A_DAY - 1)).is_disputed
        assert objected(told(), today=OBJECTIONS_A_DAY) is Denied.ENOUGH

    def test_one_that_is_right_so_far_is_none_of_the_three(self) -> None:
        assert not told().is_overruled
        assert not disputed().is_overruled
        assert not voted(disputed(), (BEN, OLAF)).is_overruled
        right = voted(disputed(), (BEN, OLAF), (ADA, OLAF))
        tie = voted(disputed(), (BEN, OLAF), (ADA, YETI))
        wrong = voted(disputed(), (BEN, YETI), (ADA, YETI))
        for vote, expected in ((right, True), (tie, True), (wrong, False)):
            assert vote.is_overruled is expected
            assert close_vote(vote, NOW + 2 * HOUR).is_overruled is expected
        assert accepted(objected(told(), playing=(MIA, BEN))).is_overruled


class TestVotes:
    @staticmethod
    def ballot(round_: Round, by: int, at: datetime = NOW + HOUR, label: Label = OLAF) -> object:
        new = Ballot(by, label, at)
        return cast_ballot(round_, new, playing=FAMILY, shared_identity=False)

    def test_who_plays_has_one_vote_but_the_sender(self) -> None:
        assert self.ballot(disputed(), MIA) is Denied.OWN
        assert self.ballot(disputed(), 99) is Denied.NOT_HERE
        once = voted(disputed(), (ADA, OLAF))
        assert self.ballot(once, ADA, NOW + 2 * HOUR) is Denied.AGAIN
        new = Ballot(ADA, OLAF, NOW + HOUR)
        shared = cast_ballot(disputed(), new, playing=FAMILY, shared_identity=True)
        assert shared is Denied.SHARED_IDENTITY

    def test_it_is_open_until_it_ends(self) -> None:
        vote = disputed()
        assert vote.vote
        assert self.ballot(vote, ADA, vote.vote.until) is Denied.LATE
        assert isinstance(self.ballot(vote, ADA, vote.vote.until - MINUTE), Round)
        assert self.ballot(close_vote(vote, NOW + HOUR), ADA) is Denied.LATE
        assert self.ballot(told(), ADA) is Denied.LATE

    @pytest.mark.parametrize(
        ("ballots", "label", "is_void"),
        [
            ([], YETI, False),
            ([(BEN, OLAF)], YETI, False),
            ([(BEN, OLAF), (ADA, OLAF)], OLAF, False),
            ([(BEN, NEITHER), (ADA, NEITHER), (OMA, YETI)], NEITHER, False),
            ([(BEN, OLAF), (ADA, YETI)], YETI, True),
            ([(BEN, OLAF), (ADA, YETI), (OMA, NEITHER)], YETI, True),
            ([(BEN, YETI), (ADA, YETI)], YETI, False),
        ],
    )
    def test_the_majority_of_two_or_more_decides_and_a_tie_voids(
        self, ballots: list[tuple[int, Label]], label: Label, is_void: bool
    ) -> None:
        closed = close_vote(voted(disputed(), *ballots), NOW + 2 * HOUR)
        assert (closed.truth_label, closed.is_void, closed.is_disputed) == (label, is_void, False)
        assert closed.truth
        assert closed.truth.by == MIA
        assert close_vote(closed, NOW + 3 * HOUR) == closed

    def test_points_are_withdrawn_when_the_objection_wins(self) -> None:
        vote = voted(disputed(), (BEN, OLAF), (ADA, OLAF))
        assert worth(vote) == 90
        assert worth(close_vote(vote, NOW + 2 * HOUR)) == 0

    def test_it_is_over_when_all_who_play_have_voted(self) -> None:
        assert not everyone_voted(told(), FAMILY)
        vote = voted(disputed(), (BEN, OLAF), (ADA, OLAF))
        assert not everyone_voted(vote, FAMILY)
        assert everyone_voted(voted(vote, (OMA, YETI)), FAMILY)
        assert everyone_voted(vote, (MIA, BEN, ADA))

    def test_a_single_vote_is_never_everyones(self) -> None:
        assert not everyone_voted(voted(disputed(), (BEN, OLAF)), (MIA, BEN))
        assert not everyone_voted(disputed(), ())


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

    @pytest.mark.parametrize("unfamiliar", [False, True])
    def test_a_right_guess_is_the_bots_call(self, unfamiliar: bool) -> None:
        verdict = said(YETI, unfamiliar=unfamiliar)
        right = [label for label in Label if is_right_guess(Guess(BEN, NOW, label), verdict)]
        assert right == [NEITHER if unfamiliar else YETI]
        assert GUESS_POINTS == 10


PEOPLE = st.sampled_from(FAMILY)
TELLS = st.builds(Truth, LABELS, PEOPLE, st.just(NOW))
BALLOTS = st.builds(Ballot, PEOPLE, LABELS, st.just(NOW))
GUESSES = st.builds(Guess, st.sampled_from([BEN, ADA]), st.just(NOW), LABELS)
UNDO_OR_OBJECTION = st.tuples(st.sampled_from(["undo", "object"]), PEOPLE)
EARLIER = st.none() | st.builds(Truth, LABELS, PEOPLE, st.sampled_from([NOW - MINUTE, NOW - HOUR]))


@given(st.sampled_from([MINUTE, HOUR]), st.sets(PEOPLE), st.lists(UNDO_OR_OBJECTION, max_size=4))
@example(MINUTE, set(), [("undo", MIA), ("object", BEN)])
def test_the_order_of_simultaneous_undos_and_objections_does_not_matter(
    ago: timedelta, admins: set[int], taps: list[tuple[str, int]]
) -> None:
    ends = set()
    for order in permutations(taps):
        now = round_(told=Truth(YETI, MIA, NOW - ago))
        for what, by in order:
            if what == "undo":
                result = undo_truth(now, by, NOW, by_admin=by in admins)
            else:
                result = objected(now, by, NOW)
            now = result if isinstance(result, Round) else now
        ends.add((now.truth, now.vote, now.is_void))
    assert len(ends) == 1


def test_an_undo_at_the_moment_of_a_change_was_of_the_truth_before() -> None:
    before, change = told(), Truth(OLAF, MIA, NOW + MINUTE)
    undone = accepted(undo_truth(before, MIA, change.at, by_admin=False))
    changed = accepted(tell_truth(before, change, by_admin=False))
    assert undo_truth(changed, MIA, change.at, by_admin=False) is Denied.UNTOLD
    assert accepted(tell_truth(undone, change, by_admin=False)).truth == changed.truth


@given(EARLIER, st.sets(PEOPLE), st.lists(TELLS | PEOPLE, max_size=4), st.booleans())
def test_the_order_of_simultaneous_taps_does_not_matter(
    before: Truth | None, admins: set[int], taps: list[Truth | int], only_two: bool
) -> None:
    """Truths, changes and objections; those who tapped a number object."""
    playing = (MIA, BEN) if only_two else FAMILY
    ends = set()
    for order in permutations(taps):
        now = Round(1, MIA, NOW - 2 * HOUR, said(), truth=before)
        for tap in order:
            if isinstance(tap, Truth):
                result = tell_truth(now, tap, by_admin=tap.by in admins)
            else:
                result = objected(now, tap, NOW, playing=playing)
            now = result if isinstance(result, Round) else now
        ends.add((now.truth, now.vote, now.is_void))
    assert len(ends) == 1


@given(st.lists(BALLOTS, max_size=5))
def test_the_order_of_simultaneous_ballots_does_not_matter(taps: list[Ballot]) -> None:
    vote = accepted(objected(round_(told=Truth(YETI, MIA, NOW - HOUR)), at=NOW - MINUTE))
    ends = set()
    for order in permutations(taps):
        now = vote
        for tap in order:
            result = cast_ballot(now, tap, playing=FAMILY, shared_identity=False)
            now = result if isinstance(result, Round) else now
        closed = close_vote(now, NOW + HOUR)
        ends.add((closed.truth, closed.is_void, everyone_voted(now, FAMILY)))
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
