"""What rounds add up to."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from bot.domain import Label, Verdict
from bot.game.rules import (
    GUESS_POINTS,
    GUESSES_A_DAY,
    MADE_POINTS,
    Ballot,
    Denied,
    JustForFun,
    PlayerId,
    Round,
    Truth,
    cast_ballot,
    close_vote,
    confirm,
    object_to,
    tell_truth,
    undo_truth,
)
from bot.game.scoring import (
    Figures,
    Place,
    RightGuess,
    Score,
    Tally,
    best_foolings,
    confusion,
    figures,
    places,
    podium,
    scores,
    tally,
    totals,
)
from tests.bot.game.test_rules import (
    ADA,
    BEN,
    HOUR,
    MIA,
    MINUTE,
    NEITHER,
    NOW,
    OLAF,
    OMA,
    YETI,
    said,
)

DAY = timedelta(days=1)
LATER = NOW + 30 * DAY
ZONES = [ZoneInfo(name) for name in ("Europe/Berlin", "Pacific/Kiritimati", "America/St_Johns")]
UNFAMILIAR = said(OLAF, 0.7, unfamiliar=True)


def told(
    id_: int,
    truth: Label = YETI,
    *,
    by: PlayerId = MIA,
    at: datetime = NOW,
    sure: float = 0.9,
    verdict: Verdict | None = None,
    made: bool = False,
) -> Round:
    """A round in which the bot said Olaf; by default it was wrong."""
    verdict = verdict or said(OLAF, sure)
    return Round(id_, by, at, verdict, made=made, truth=Truth(truth, by, at))


def void(round_: Round) -> Round:
    return replace(round_, is_void=True)


def sums(
    rounds: list[Round],
    guesses: list[RightGuess] | None = None,
    now: datetime = LATER,
    zone: tzinfo = UTC,
) -> dict[PlayerId, int]:
    return totals(rounds, guesses or [], now, zone)


def test_of_a_day_the_best_fooling_counts_in_full_and_the_next_by_shares() -> None:
    rounds = [told(number, sure=sure) for number, sure in enumerate((0.6, 0.97, 0.8, 0.9))]
    found = scores(rounds, LATER, UTC)
    assert found == {0: Score(0, 60), 1: Score(97, 97), 2: Score(20, 80), 3: Score(45, 90)}
    assert sums(rounds) == {MIA: 97 + 45 + 20}
    assert sums([*rounds, told(9, at=NOW + DAY), told(8, by=BEN)]) == {MIA: 252, BEN: 90}


def test_of_equals_the_earlier_comes_first_and_halves_are_rounded_up() -> None:
    rounds = [told(2, sure=0.55, at=NOW + MINUTE), told(1, sure=0.55)]
    assert scores(rounds, LATER, UTC) == {1: Score(55, 55), 2: Score(28, 55)}


def test_twenty_of_the_same_mop_bring_no_more_than_three() -> None:
    few, many = ([told(number) for number in range(count)] for count in (3, 20))
    assert sums(few) == sums(many) == {MIA: 90 + 45 + 23}


def test_what_somebody_made_is_paid_once_a_day_beside_the_foolings() -> None:
    works = [told(number, OLAF, made=True) for number in range(3)]
    assert [score.points for score in scores(works, LATER, UTC).values()] == [MADE_POINTS, 0, 0]
    assert all(score.worth == MADE_POINTS for score in scores(works, LATER, UTC).values())
    assert sums([*works, told(8), told(9, OLAF, at=NOW + DAY, made=True)]) == {MIA: 50 + 90}


def test_a_pending_fooling_is_in_no_total_and_takes_no_share() -> None:
    wall, mop = told(1, OLAF, verdict=UNFAMILIAR), told(2, sure=0.5)
    assert scores([wall, mop], NOW, UTC) == {1: Score(worth=40, is_pending=True), 2: Score(50, 50)}
    assert sums([wall, mop], now=NOW) == {MIA: 50}
    assert best_foolings([wall, mop], NOW, UTC) == [(mop, 50)]
    assert tally([wall, mop], NOW) == Tally(fooled=1)
    assert figures([wall, mop], [], MIA, NOW, UTC) == Figures(
        rounds=1, foolings=1, points=50, foolings_points=50, best=50, streak=1
    )
    for now, confirmed in ((NOW, replace(wall, confirmed=True)), (NOW + DAY, wall)):
        assert sums([confirmed, mop], now=now) == {MIA: 50 + 20}
        assert tally([confirmed, mop], now) == Tally(fooled=2)


def test_a_round_without_its_truth_scores_nothing() -> None:
    assert sums([Round(1, MIA, NOW, said())]) == {}


def test_a_void_round_scores_nothing_for_anyone() -> None:
    rounds = [void(told(1)), void(told(2, OLAF, made=True)), told(3, by=BEN)]
    assert sums(rounds, [RightGuess(rounds[0], ADA, NOW)]) == {BEN: 90}
    assert confusion(rounds) == {(YETI, OLAF): 1}
    assert tally(rounds, LATER) == Tally(fooled=1)
    assert figures(rounds, [], MIA, LATER, UTC) == Figures()


def test_photos_seen_before_and_shared_identities_are_just_for_fun() -> None:
    again, shared = replace(told(1), played_before=True), replace(told(2), shared_identity=True)
    assert sums([again, shared], [RightGuess(again, BEN, NOW)]) == {}
    assert [score.just_for_fun for score in scores([again, shared], LATER, UTC).values()] == [
        JustForFun.PLAYED_BEFORE,
        JustForFun.SHARED_IDENTITY,
    ]
    assert tally([again, shared], LATER) == Tally()
    assert confusion([again, shared]) == {(YETI, OLAF): 2}  # the bot did answer


def test_three_right_guesses_a_day_score_ten_each() -> None:
    rounds = [Round(number, MIA, NOW, said()) for number in range(5)]
    guesses = [RightGuess(round_, BEN, NOW) for round_ in rounds]
    assert sums(rounds, [*guesses, RightGuess(rounds[0], ADA, NOW)]) == {BEN: 30, ADA: 10}
    assert sums(rounds, [*guesses, RightGuess(rounds[0], BEN, NOW + DAY)]) == {BEN: 40}


def test_the_family_plays_against_the_bot_and_a_praised_work_is_nobodys_defeat() -> None:
    rounds = [told(1), told(2, OLAF), told(3, OLAF, by=BEN), told(4, OLAF, made=True)]
    rounds.append(told(5, verdict=UNFAMILIAR, truth=NEITHER))
    assert tally(rounds, LATER) == Tally(fooled=1, right=3)


def test_equals_share_a_place_and_the_next_one_is_further_down() -> None:
    ranked = places({MIA: 50, BEN: 80, ADA: 50, OMA: 10})
    assert ranked == [Place(1, (BEN,), 80), Place(2, (MIA, ADA), 50), Place(4, (OMA,), 10)]
    assert podium(ranked) == ranked[:2]
    assert places({}) == []


def test_a_players_own_figures_and_best_streak() -> None:
    runs = [YETI, YETI, OLAF, YETI, YETI, NEITHER, OLAF, YETI]
    rounds = [told(number, truth, at=NOW + number * MINUTE) for number, truth in enumerate(runs)]
    rounds.insert(3, told(50, OLAF, by=BEN, at=NOW + 4.5 * MINUTE))  # breaks nobody else's run
    rounds.append(told(52, OLAF, at=NOW + 4.5 * MINUTE, made=True))  # and praise breaks none
    rounds.append(replace(told(51, at=NOW + 9 * MINUTE), played_before=True))
    mine = figures(rounds[::-1], [RightGuess(rounds[3], MIA, NOW)], MIA, LATER, UTC)
    points = 90 + 45 + 23 + MADE_POINTS + GUESS_POINTS
    assert mine == Figures(
        rounds=9,
        foolings=6,
        made=1,
        points=points,
        foolings_points=90 + 45 + 23,
        made_points=MADE_POINTS,
        guesses_points=GUESS_POINTS,
        best=90,
        streak=3,
    )


def test_who_only_guessed_has_figures_and_a_stranger_none() -> None:
    guess = RightGuess(told(1), BEN, NOW)
    assert figures([told(1)], [guess], BEN, LATER, UTC) == Figures(points=10, guesses_points=10)
    assert figures([told(1)], [guess], None, LATER, UTC) == Figures()


def test_the_best_foolings_come_first_and_of_equals_the_earlier() -> None:
    sure = told(3, sure=0.97)
    rounds = [told(2, at=NOW + MINUTE), told(1), sure, told(4, OLAF), told(5, sure=0.6)]
    best = best_foolings(rounds, LATER, UTC)
    assert best == [(sure, 97), (rounds[1], 90), (rounds[0], 90), (rounds[4], 60)]


def test_the_confusion_counts_calls_of_every_told_round() -> None:
    rounds = [told(1), told(2, OLAF), told(3, NEITHER), Round(4, MIA, NOW, said())]
    rounds += [told(number, truth, verdict=UNFAMILIAR) for number, truth in enumerate(Label, 5)]
    assert confusion(rounds) == {
        (YETI, OLAF): 1,
        (OLAF, OLAF): 1,
        (NEITHER, OLAF): 1,
        (OLAF, NEITHER): 1,
        (YETI, NEITHER): 1,
        (NEITHER, NEITHER): 1,
    }


@pytest.mark.parametrize(
    ("zone", "before", "after"),
    [  # the last minute of a day there, and the first of the next: on days with 23, 25, 24 hours
        ("Europe/Berlin", "2026-03-29T21:59+00:00", "2026-03-29T22:00+00:00"),
        ("Europe/Berlin", "2026-10-25T22:59+00:00", "2026-10-25T23:00+00:00"),
        ("Pacific/Kiritimati", "2026-12-31T09:59+00:00", "2026-12-31T10:00+00:00"),
        ("America/St_Johns", "2026-11-02T03:29+00:00", "2026-11-02T03:30+00:00"),
    ],
)
def test_a_day_is_the_rooms(zone: str, before: str, after: str) -> None:
    first, second = datetime.fromisoformat(before), datetime.fromisoformat(after)
    rounds = [told(1, at=first), told(2, at=second)]
    assert sums(rounds, zone=ZoneInfo(zone)) == {MIA: 180}
    assert sums([told(1, at=first - MINUTE), told(2, at=first)], zone=ZoneInfo(zone)) == {MIA: 135}


@given(
    st.integers(1, 12),
    st.floats(0.5, 1),
    st.sampled_from(ZONES),
    st.datetimes(
        datetime(2024, 1, 1),
        datetime(2030, 1, 1),
    ),
)
def test_three_times_as_many_of_a_day_bring_at_most_twice_the_points(
    count: int, sure: float, zone: ZoneInfo, at: datetime
) -> None:
    noon = at.replace(hour=12, tzinfo=zone)
    few, many = (
        [told(number, at=noon, sure=sure) for number in range(times * count)] for times in (1, 3)
    )
    late = noon + 9 * DAY
    assert sums(many, now=late, zone=zone)[MIA] <= 2 * sums(few, now=late, zone=zone)[MIA]


class SeasonMachine(RuleBasedStateMachine):
    """A month in which anyone taps anything at any time, and some want to be forgotten."""

    round_ids: Bundle[int] = Bundle("round_ids")

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.zone: tzinfo = ZONES[0]
        self.rounds: dict[int, Round] = {}
        self.right_guesses: list[tuple[int, PlayerId, datetime]] = []
        self.player_ids = {name: number for number, name in enumerate("mboa", 1)}

    players = st.sampled_from("mboa")

    @rule(minutes=st.sampled_from([0, 0, 1, 5, 11, 60, 20 * 60]))
    def time_passes(self, minutes: int) -> None:
        self.now += minutes * MINUTE

    @rule(zone=st.sampled_from(ZONES))
    def move(self, zone: tzinfo) -> None:
        self.zone = zone

    @rule(
        target=round_ids,
        sender=players,
        label=st.sampled_from([OLAF, YETI]),
        confidence=st.floats(0.5, 1),
        unfamiliar=st.booleans(),
        made=st.booleans(),
        just_for_fun=st.sampled_from([None, None, *JustForFun]),
    )
    def arrive(
        self,
        sender: str,
        label: Label,
        confidence: float,
        unfamiliar: bool,
        made: bool,
        just_for_fun: JustForFun | None,
    ) -> int:
        id_ = len(self.rounds)
        self.rounds[id_] = Round(
            id_,
            self.player_ids[sender],
            self.now,
            said(label, confidence, unfamiliar=unfamiliar),
            shared_identity=just_for_fun is JustForFun.SHARED_IDENTITY,
            played_before=just_for_fun is JustForFun.PLAYED_BEFORE,
            made=made,
        )
        return id_

    @rule(id_=round_ids, by=players, label=st.sampled_from(Label), by_admin=st.booleans())
    def tell(self, id_: int, by: str, label: Label, by_admin: bool) -> None:
        truth = Truth(label, self.player_ids[by], self.now)
        self.keep(tell_truth(self.rounds[id_], truth, by_admin=by_admin))

    @rule(id_=round_ids, label=st.sampled_from(Label), again=st.integers(1, 25))
    def tell_many(self, id_: int, label: Label, again: int) -> None:
        for _ in range(again):
            old = self.rounds[id_]
            new = Round(len(self.rounds), old.player, self.now, old.verdict, made=old.made)
            self.rounds[new.id] = new
            self.keep(tell_truth(new, Truth(label, new.player, self.now), by_admin=False))

    @rule(id_=round_ids, by=players, by_admin=st.booleans())
    def undo(self, id_: int, by: str, by_admin: bool) -> None:
        before = self.rounds[id_]
        result = undo_truth(before, self.player_ids[by], self.now, by_admin=by_admin)
        if isinstance(result, Round):
            assert result == replace(before, truth=None, confirmed=False, vote=None, is_void=False)
            self.keep(result)
            assert id_ not in scores(self.rounds.values(), self.now, self.zone)

    @rule(id_=round_ids, by=players)
    def confirm(self, id_: int, by: str) -> None:
        before = self.totals()
        player = self.player_ids[by]
        self.keep(confirm(self.rounds[id_], player, shared_identity=False))
        after = self.totals()
        assert all(after.get(who, 0) >= points for who, points in before.items())

    @rule(id_=round_ids, by=players, few=st.booleans())
    def object_to(self, id_: int, by: str, few: bool) -> None:
        player, round_ = self.player_ids[by], self.rounds[id_]
        objected = object_to(
            round_,
            player,
            self.now,
            until=self.now + 4 * HOUR,
            today=0,
            playing={player, round_.player} if few else self.player_ids.values(),
            shared_identity=False,
        )
        self.keep(objected)

    @rule(id_=round_ids, by=players, label=st.sampled_from(Label))
    def vote(self, id_: int, by: str, label: Label) -> None:
        ballot = Ballot(self.player_ids[by], label, self.now)
        playing = self.player_ids.values()
        self.keep(cast_ballot(self.rounds[id_], ballot, playing=playing, shared_identity=False))

    @rule(id_=round_ids)
    def close(self, id_: int) -> None:
        self.keep(close_vote(self.rounds[id_], self.now))

    @rule(id_=round_ids, by=players)
    def guess_right(self, id_: int, by: str) -> None:
        self.right_guesses.append((id_, self.player_ids[by], self.now))

    @rule(who=players)
    def forget(self, who: str) -> None:
        """What the person did stays, of somebody without a name; who comes back is somebody new."""
        before = self.totals()
        self.player_ids[who] = max(self.player_ids.values()) + 1
        assert self.totals() == before

    def keep(self, result: Round | Denied) -> None:
        if isinstance(result, Round):
            self.rounds[result.id] = result

    def totals(self, *, without: frozenset[int] = frozenset()) -> dict[PlayerId, int]:
        rounds = [round_ for round_ in self.rounds.values() if round_.id not in without]
        right_guesses = [
            RightGuess(self.rounds[id_], by, at)
            for id_, by, at in self.right_guesses
            if id_ not in without
        ]
        return totals(rounds, right_guesses, self.now, self.zone)

    def day(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()

    @invariant()
    def points_are_never_negative(self) -> None:
        assert all(points > 0 for points in self.totals().values())

    @invariant()
    def a_void_round_leaves_no_trace(self) -> None:
        gone = frozenset(round_.id for round_ in self.rounds.values() if round_.is_void)
        rounds = list(self.rounds.values())
        left = [round_ for round_ in rounds if not round_.is_void]
        assert self.totals() == self.totals(without=gone)
        assert tally(rounds, self.now) == tally(left, self.now)
        assert confusion(rounds) == confusion(left)
        for player in self.player_ids.values():
            of_all, of_left = (
                figures(some, [], player, self.now, self.zone) for some in (rounds, left)
            )
            assert of_all == of_left

    @invariant()
    def totals_are_the_sum_of_rounds_and_guesses(self) -> None:
        by_round: Counter[PlayerId] = Counter()
        for id_, score in scores(self.rounds.values(), self.now, self.zone).items():
            assert 0 <= score.points <= score.worth <= 99
            assert not (score.points and (score.is_pending or score.just_for_fun))
            by_round[self.rounds[id_].player] += score.points
        guessed = Counter(self.totals())
        guessed.subtract(by_round)
        assert all(points % GUESS_POINTS == 0 and points >= 0 for points in guessed.values())
        assert sum(guessed.values()) <= GUESS_POINTS * len(self.right_guesses)
        days = {(by, self.day(at)) for _, by, at in self.right_guesses}
        for player, points in guessed.items():
            most = GUESS_POINTS * GUESSES_A_DAY * sum(by == player for by, _ in days)
            assert points <= most

    @invariant()
    def the_order_in_which_rounds_are_read_does_not_matter(self) -> None:
        backwards = list(self.rounds.values())[::-1]
        right_guesses = [
            RightGuess(self.rounds[id_], by, at) for id_, by, at in self.right_guesses[::-1]
        ]
        assert totals(backwards, right_guesses, self.now, self.zone) == self.totals()

    @invariant()
    def a_day_brings_three_foolings_and_one_work_at_most(self) -> None:
        paid: defaultdict[tuple[PlayerId, date, bool], list[Score]] = defaultdict(list)
        for id_, score in scores(self.rounds.values(), self.now, self.zone).items():
            round_ = self.rounds[id_]
            if score.points:
                paid[round_.player, self.day(round_.arrived), round_.is_fooled].append(score)
        for (_, _, is_fooled), found in paid.items():
            best = max(score.worth for score in found)
            assert len(found) <= (3 if is_fooled else 1)
            assert sum(score.points for score in found) <= 1.75 * best + 1


TestSeason = SeasonMachine.TestCase
TestSeason.settings = settings(max_examples=20, stateful_step_count=30, deadline=None)
