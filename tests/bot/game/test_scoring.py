"""What rounds add up to."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from bot.domain import Label, Verdict
from bot.game.rules import (
    Denied,
    JustForFun,
    Objection,
    PlayerId,
    Round,
    Truth,
    object_to,
    quorum,
    tell_truth,
)
from bot.game.scoring import (
    BOT,
    Figures,
    Place,
    RightGuess,
    best_foolings,
    confusion,
    figures,
    places,
    podium,
    scores,
    totals,
)
from tests.bot.game.test_rules import ADA, BEN, MIA, MINUTE, NEITHER, NOW, OLAF, OMA, YETI, said

DAY = timedelta(days=1)


def told(
    id_: int,
    truth: Label = YETI,
    *,
    by: PlayerId = MIA,
    at: datetime = NOW,
    verdict: Verdict | None = None,
    objectors: tuple[PlayerId, ...] = (),
) -> Round:
    """A round in which the bot said Olaf, with 0.9 for certain."""
    objections = tuple(Objection(who, at + MINUTE) for who in objectors)
    return Round(id_, by, at, verdict or said(), truth=Truth(truth, by, at), objections=objections)


def test_fooling_scores_for_the_player_and_being_right_for_the_bot() -> None:
    rounds = [told(1), told(2, OLAF), told(3, OLAF, by=BEN), told(4, by=BEN)]
    assert totals(rounds) == {MIA: 80, BEN: 80, BOT: 2}


def test_a_round_without_its_truth_scores_nothing() -> None:
    assert totals([Round(1, MIA, NOW, said())]) == {}


def test_a_void_round_scores_nothing_for_anyone() -> None:
    rounds = [told(1, objectors=(BEN, ADA)), told(2, OLAF, objectors=(BEN, ADA)), told(3, by=BEN)]
    assert totals(rounds, [RightGuess(rounds[0], BEN, NOW)]) == {BEN: 80}
    assert confusion(rounds) == {(YETI, OLAF): 1}
    assert figures(rounds, [], MIA) == Figures()


def test_photos_seen_before_and_shared_identities_are_just_for_fun() -> None:
    again, shared = replace(told(1), played_before=True), replace(told(2), shared_identity=True)
    assert totals([again, shared], [RightGuess(again, BEN, NOW)]) == {}
    assert [score.just_for_fun for score in scores([again, shared]).values()] == [
        JustForFun.PLAYED_BEFORE,
        JustForFun.SHARED_IDENTITY,
    ]
    assert confusion([again, shared]) == {(YETI, OLAF): 1}  # the bot did look at the other one


def test_twenty_rounds_a_day_score() -> None:
    rounds = [told(number) for number in range(25)] + [told(99, at=NOW + DAY), told(50, by=BEN)]
    assert totals(rounds) == {MIA: 21 * 80, BEN: 80}
    assert scores(rounds)[20].just_for_fun is JustForFun.ENOUGH
    # A void round is none of the twenty, and one just for fun is not, either.
    rounds[0] = told(0, objectors=(BEN, ADA))
    rounds[1] = replace(rounds[1], played_before=True)
    assert totals(rounds) == {MIA: 21 * 80, BEN: 80}
    assert scores(rounds)[22].just_for_fun is JustForFun.ENOUGH


def test_a_right_guess_scores_ten_and_so_do_twenty_a_day() -> None:
    rounds = [Round(number, MIA, NOW, said()) for number in range(25)]
    right_guesses = [RightGuess(round_, BEN, NOW) for round_ in rounds]
    assert totals(rounds, [*right_guesses, RightGuess(rounds[0], ADA, NOW)]) == {BEN: 200, ADA: 10}


def test_equals_share_a_place_and_the_next_one_is_further_down() -> None:
    ranked = places({MIA: 50, BEN: 80, ADA: 50, OMA: 10, BOT: 3})
    assert ranked == [
        Place(1, (BEN,), 80),
        Place(2, (MIA, ADA), 50),
        Place(4, (OMA,), 10),
        Place(5, (BOT,), 3),
    ]
    assert podium(ranked) == ranked[:2]
    assert places({}) == []


def test_a_players_own_figures_and_best_streak() -> None:
    runs = [YETI, YETI, OLAF, YETI, YETI, NEITHER, OLAF, YETI]
    rounds = [told(number, truth, at=NOW + number * MINUTE) for number, truth in enumerate(runs)]
    rounds.insert(3, told(50, OLAF, by=BEN, at=NOW + 4.5 * MINUTE))  # breaks nobody else's run
    rounds.append(replace(told(51, at=NOW + 9 * MINUTE), played_before=True))
    mine = figures(rounds[::-1], [RightGuess(rounds[3], MIA, NOW)], MIA)
    assert mine == Figures(rounds=8, foolings=6, points=5 * 80 + 40 + 10, streak=3)


def test_who_only_guessed_has_figures_and_a_stranger_none() -> None:
    guess = RightGuess(told(1), BEN, NOW)
    assert figures([told(1)], [guess], BEN) == Figures(points=10)
    assert figures([told(1)], [guess], None) == Figures()


def test_the_best_foolings_come_first_and_of_equals_the_earlier() -> None:
    sure = told(3, verdict=said(OLAF, 1.0))
    rounds = [told(2, at=NOW + MINUTE), told(1), sure, told(4, OLAF), told(5, NEITHER)]
    assert best_foolings(rounds, 3) == [(sure, 100), (rounds[1], 80), (rounds[0], 80)]


def test_the_confusion_matrix_counts_truth_against_call() -> None:
    doubtful = said(OLAF, unfamiliar=True)
    rounds = [told(1), told(2), told(3, OLAF), told(4, NEITHER), told(5, NEITHER, verdict=doubtful)]
    rounds += [told(6, OLAF, verdict=doubtful), told(7, YETI, verdict=doubtful)]
    assert confusion(rounds) == {
        (YETI, OLAF): 3,
        (OLAF, OLAF): 2,
        (NEITHER, OLAF): 1,
        (NEITHER, NEITHER): 1,
    }
    right = sum(count for (truth, said_), count in confusion(rounds).items() if truth == said_)
    assert right == totals(rounds)[BOT]


class SeasonMachine(RuleBasedStateMachine):
    """A month in which anyone taps anything at any time, and some want to be forgotten."""

    round_ids: Bundle[int] = Bundle("round_ids")

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.rounds: dict[int, Round] = {}
        self.right_guesses: list[tuple[int, PlayerId, datetime]] = []
        self.player_ids = {name: number for number, name in enumerate("mboa", 1)}

    players = st.sampled_from("mboa")

    @rule(minutes=st.sampled_from([0, 0, 1, 5, 11, 60, 20 * 60]))
    def time_passes(self, minutes: int) -> None:
        self.now += minutes * MINUTE

    @rule(
        target=round_ids,
        sender=players,
        label=st.sampled_from([OLAF, YETI]),
        confidence=st.floats(0.5, 1),
        unfamiliar=st.booleans(),
        shared_identity=st.sampled_from([False, False, True]),
        played_before=st.sampled_from([False, False, True]),
    )
    def arrive(
        self,
        sender: str,
        label: Label,
        confidence: float,
        unfamiliar: bool,
        shared_identity: bool,
        played_before: bool,
    ) -> int:
        verdict = said(label, confidence, unfamiliar=unfamiliar)
        id_ = len(self.rounds)
        self.rounds[id_] = Round(
            id_, self.player_ids[sender], self.now, verdict, shared_identity, played_before
        )
        return id_

    @rule(id_=round_ids, by=players, label=st.sampled_from(Label), by_admin=st.booleans())
    def tell(self, id_: int, by: str, label: Label, by_admin: bool) -> None:
        truth, needed = Truth(label, self.player_ids[by], self.now), quorum(len(self.player_ids))
        self.keep(tell_truth(self.rounds[id_], truth, by_admin=by_admin, quorum=needed))

    @rule(id_=round_ids, label=st.sampled_from(Label), again=st.integers(1, 25))
    def tell_many(self, id_: int, label: Label, again: int) -> None:
        for _ in range(again):
            new = replace(self.rounds[id_], id=len(self.rounds), arrived=self.now, truth=None)
            new = replace(new, objections=())
            self.rounds[new.id] = new
            truth = Truth(label, new.player, self.now)
            self.keep(tell_truth(new, truth, by_admin=False, quorum=2))

    @rule(id_=round_ids, by=players)
    def object_to(self, id_: int, by: str) -> None:
        objection = Objection(self.player_ids[by], self.now)
        self.keep(object_to(self.rounds[id_], objection, shared_identity=False))

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
        return totals(rounds, right_guesses)

    @invariant()
    def points_are_never_negative(self) -> None:
        assert all(points > 0 for points in self.totals().values())

    @invariant()
    def a_void_round_leaves_no_trace(self) -> None:
        void = frozenset(round_.id for round_ in self.rounds.values() if round_.is_void)
        assert self.totals() == self.totals(without=void)

    @invariant()
    def totals_are_the_sum_of_rounds(self) -> None:
        rounds = list(self.rounds.values())
        by_round: Counter[PlayerId] = Counter()
        for id_, score in scores(rounds).items():
            assert not score.player or not score.bot
            by_round[self.rounds[id_].player] += score.player
            by_round[BOT] += score.bot
        of_rounds = totals(rounds)
        assert of_rounds == {who: points for who, points in by_round.items() if points}
        of_guesses = Counter(self.totals())
        of_guesses.subtract(of_rounds)
        assert all(points % 10 == 0 and points >= 0 for points in of_guesses.values())
        assert sum(of_guesses.values()) <= 10 * len(self.right_guesses)

    @invariant()
    def the_order_in_which_rounds_are_read_does_not_matter(self) -> None:
        backwards = list(self.rounds.values())[::-1]
        right_guesses = [
            RightGuess(self.rounds[id_], by, at) for id_, by, at in self.right_guesses[::-1]
        ]
        assert totals(backwards, right_guesses) == self.totals()

    @invariant()
    def nobody_scores_more_than_twenty_rounds_a_day(self) -> None:
        scored = scores(self.rounds.values())
        daily = Counter(
            (round_.player, round_.truth.at.date())
            for round_ in self.rounds.values()
            if round_.truth and round_.id in scored and scored[round_.id].just_for_fun is None
        )
        assert all(count <= 20 for count in daily.values())


TestSeason = SeasonMachine.TestCase
TestSeason.settings = settings(max_examples=40, stateful_step_count=40)
