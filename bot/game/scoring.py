"""What rounds add up to: points, places, figures, the family against the bot. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from fractions import Fraction

from bot.domain import Label
from bot.game.rules import (
    GUESS_POINTS,
    GUESSES_A_DAY,
    JustForFun,
    PlayerId,
    Round,
    Truth,
    worth,
)

# What a player's foolings of one day count: the best in full, the next by half. More tries help a
# little, and twenty of the same mop do not win a month.
SHARES = (Fraction(1), Fraction(1, 2), Fraction(1, 4))


@dataclass(frozen=True, slots=True)
class Score:
    """What a round brought whoever sent the photo.

    Attributes:
        points: What it counts.
        worth: What it would count as the best of its day.
        is_pending: Whether the points wait for somebody to say that the truth is true; they are in
            no total until then.
        just_for_fun: Why it brings nothing, if so.
    """

    points: int = 0
    worth: int = 0
    is_pending: bool = False
    just_for_fun: JustForFun | None = None


@dataclass(frozen=True, slots=True)
class RightGuess:
    """Somebody guessed, in some round, what the bot would answer."""

    round: Round
    by: PlayerId
    at: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """A rank and who shares it, with the points of each."""

    rank: int
    players: tuple[PlayerId, ...]
    points: int


@dataclass(frozen=True, slots=True)
class Tally:
    """The family against the bot.

    Attributes:
        fooled: How often the bot was fooled.
        right: How often a try failed; works that were made and recognised are nobody's defeat.
    """

    fooled: int = 0
    right: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """A player's own figures.

    Attributes:
        rounds: How many were told and count.
        foolings: In how many of them the bot was wrong.
        made: How many works it recognised.
        points: Guesses included.
        foolings_points: Those for foolings.
        made_points: Those for works.
        guesses_points: Those for guesses.
        best: The points of the best fooling.
        streak: The longest run of foolings that no failed try broke.
    """

    rounds: int = 0
    foolings: int = 0
    made: int = 0
    points: int = 0
    foolings_points: int = 0
    made_points: int = 0
    guesses_points: int = 0
    best: int = 0
    streak: int = 0


def scores(rounds: Iterable[Round], now: datetime, zone: tzinfo) -> dict[int, Score]:
    """Return what each round brought, by its id; those without a truth and void ones are left out.

    Args:
        rounds: All of a day, at least, of everyone whose scores are wanted.
        now: For what is pending.
        zone: The room's: it says which day a photo arrived on.
    """
    found: dict[int, Score] = {}
    days: defaultdict[tuple[PlayerId, date], list[Round]] = defaultdict(list)
    for round_, _ in _told(rounds):
        if round_.shared_identity:
            found[round_.id] = Score(just_for_fun=JustForFun.SHARED_IDENTITY)
        elif round_.played_before:
            found[round_.id] = Score(just_for_fun=JustForFun.PLAYED_BEFORE)
        elif round_.is_pending(now):
            found[round_.id] = Score(worth=worth(round_), is_pending=True)
        else:
            days[round_.player, round_.arrived.astimezone(zone).date()].append(round_)
    for today in days.values():
        found |= _day(today)
    return found


def _day(rounds: Sequence[Round]) -> dict[int, Score]:
    """Return what a player's rounds of one day brought, by their ids."""
    found = {round_.id: Score() for round_ in rounds}
    foolings = sorted(
        (round_ for round_ in rounds if round_.is_fooled),
        key=lambda round_: (-worth(round_), round_.arrived, round_.id),
    )
    for place, round_ in enumerate(foolings):
        whole = worth(round_)
        share = SHARES[place] if place < len(SHARES) else Fraction(0)
        found[round_.id] = Score(int(whole * share + Fraction(1, 2)), whole)
    praised = sorted(
        (round_ for round_ in rounds if round_.is_praised),
        key=lambda round_: (round_.arrived, round_.id),
    )
    for place, round_ in enumerate(praised):  # points once a day, words of praise each time
        found[round_.id] = Score(0 if place else worth(round_), worth(round_))
    return found


def _told(rounds: Iterable[Round]) -> list[tuple[Round, Truth]]:
    """Return the rounds that count, in the order in which their photos arrived."""
    told = [
        (round_, round_.truth)
        for round_ in rounds
        if round_.truth is not None and not round_.is_void
    ]
    return sorted(told, key=lambda pair: (pair[0].arrived, pair[0].id))


def totals(
    rounds: Sequence[Round], right_guesses: Iterable[RightGuess], now: datetime, zone: tzinfo
) -> dict[PlayerId, int]:
    """Return everyone's points; who has none is left out."""
    by_id = {round_.id: round_ for round_ in rounds}
    points: Counter[PlayerId] = Counter()
    for id_, score in scores(rounds, now, zone).items():
        points[by_id[id_].player] += score.points
    for guess in paid(right_guesses, zone):
        points[guess.by] += GUESS_POINTS
    return {player: total for player, total in points.items() if total}


def paid(right_guesses: Iterable[RightGuess], zone: tzinfo) -> list[RightGuess]:
    """Return the right guesses that score.

    Of a player's right guesses of a day the first three do, unless their rounds are void or their
    photos were played before.

    Args:
        right_guesses: All of a day, at least, of everyone whose guesses are wanted.
        zone: The room's: it says which day it was.
    """
    scoring: list[RightGuess] = []
    today: Counter[tuple[PlayerId, date]] = Counter()
    for guess in sorted(right_guesses, key=lambda guess: (guess.at, guess.round.id)):
        day = guess.by, guess.at.astimezone(zone).date()
        counts = not guess.round.is_void and not guess.round.played_before
        if counts and today[day] < GUESSES_A_DAY:
            today[day] += 1
            scoring.append(guess)
    return scoring


def places(totals: Mapping[PlayerId, int]) -> list[Place]:
    """Rank by points; equals share a place, and the next is as far down as there are people."""
    sharing: defaultdict[int, list[PlayerId]] = defaultdict(list)
    for player, points in totals.items():
        sharing[points].append(player)
    ranked, rank = [], 1
    for points in sorted(sharing, reverse=True):
        ranked.append(Place(rank, tuple(sorted(sharing[points])), points))
        rank += len(sharing[points])
    return ranked


def podium(places: Iterable[Place]) -> list[Place]:
    """Return the first three places."""
    return [place for place in places if place.rank <= 3]


def tally(rounds: Iterable[Round], now: datetime) -> Tally:
    """Count the family's foolings against its failed tries.

    Rounds just for fun are left out, and foolings that are pending now.
    """
    counted = [
        round_ for round_, _ in _told(rounds) if round_.may_score and not round_.is_pending(now)
    ]
    fooled = sum(round_.is_fooled for round_ in counted)
    praised = sum(round_.is_praised for round_ in counted)
    return Tally(fooled, len(counted) - fooled - praised)


def figures(
    rounds: Sequence[Round],
    right_guesses: Sequence[RightGuess],
    player: PlayerId | None,
    now: datetime,
    zone: tzinfo,
) -> Figures:
    """Return a player's own figures, without rounds just for fun and those that are pending.

    Args:
        rounds: A season's.
        right_guesses: A season's.
        player: None for somebody whom the store does not know.
        now: For what is pending.
        zone: The room's.
    """
    if player is None:
        return Figures()
    scored = scores(rounds, now, zone)
    played = foolings = made = fooled_points = made_points = best = run = streak = 0
    for round_, _ in _told(rounds):
        score = scored[round_.id]
        if round_.player != player or score.just_for_fun is not None or score.is_pending:
            continue
        played += 1
        made += round_.is_praised
        foolings += round_.is_fooled
        if round_.is_praised:
            made_points += score.points
        if round_.is_fooled:
            fooled_points += score.points
            best, run = max(best, score.worth), run + 1
        elif not round_.is_praised:  # a work that was recognised is no defeat
            run = 0
        streak = max(streak, run)
    total = totals(rounds, right_guesses, now, zone).get(player, 0)
    return Figures(
        played,
        foolings,
        made,
        total,
        foolings_points=fooled_points,
        made_points=made_points,
        guesses_points=total - fooled_points - made_points,
        best=best,
        streak=streak,
    )


def best_foolings(rounds: Sequence[Round], now: datetime, zone: tzinfo) -> list[tuple[Round, int]]:
    """Return the rounds in which the bot was fooled, the best first, and their worth."""
    scored = scores(rounds, now, zone)
    fooled = [
        (round_, scored[round_.id].worth)
        for round_, _ in _told(rounds)
        if round_.is_fooled and not scored[round_.id].is_pending
    ]
    return sorted((pair for pair in fooled if pair[1]), key=lambda pair: -pair[1])


def confusion(rounds: Iterable[Round]) -> dict[tuple[Label, Label], int]:
    """Count truths and answers, as (truth, answer), of every round whose truth was told."""
    return dict(Counter((truth.label, round_.verdict.call) for round_, truth in _told(rounds)))
