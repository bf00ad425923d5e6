"""What rounds add up to: totals, places, figures, the bot's own accuracy. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from bot.domain import Label
from bot.game.rules import (
    GUESS_POINTS,
    SCORING_A_DAY,
    JustForFun,
    PlayerId,
    Round,
    Truth,
    agrees,
    worth,
)

# The bot plays, too.
BOT: PlayerId = 0


@dataclass(frozen=True, slots=True)
class Score:
    """What a round brought.

    Attributes:
        player: Points for who sent the photo.
        bot: One point if the bot was right.
        just_for_fun: Why it brought nothing, if so.
    """

    player: int = 0
    bot: int = 0
    just_for_fun: JustForFun | None = None


@dataclass(frozen=True, slots=True)
class RightGuess:
    """Somebody guessed what the bot would answer.

    Attributes:
        round: In which round.
        by: Who guessed.
        at: When.
    """

    round: Round
    by: PlayerId
    at: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """A rank and who shares it.

    Attributes:
        rank: From 1.
        players: Who shares it.
        points: What each of them has.
    """

    rank: int
    players: tuple[PlayerId, ...]
    points: int


@dataclass(frozen=True, slots=True)
class Figures:
    """A player's own season.

    Attributes:
        rounds: How many counted.
        foolings: In how many of them the bot was wrong.
        points: Guesses included.
        streak: The longest run of foolings that no right answer broke.
    """

    rounds: int = 0
    foolings: int = 0
    points: int = 0
    streak: int = 0


def scores(rounds: Iterable[Round]) -> dict[int, Score]:
    """Return what each round brought, by its id; those without a truth and void ones are left out.

    Of a player's rounds of one day the first twenty score.
    """
    found: dict[int, Score] = {}
    today: Counter[tuple[PlayerId, date]] = Counter()
    for round_, truth in _told(rounds):
        day = round_.player, truth.at.astimezone(UTC).date()
        if round_.shared_identity:
            found[round_.id] = Score(just_for_fun=JustForFun.SHARED_IDENTITY)
        elif round_.played_before:
            found[round_.id] = Score(just_for_fun=JustForFun.PLAYED_BEFORE)
        elif today[day] >= SCORING_A_DAY:
            found[round_.id] = Score(just_for_fun=JustForFun.ENOUGH)
        else:
            today[day] += 1
            found[round_.id] = Score(
                worth(round_.verdict, truth.label), bot=int(not round_.is_fooled)
            )
    return found


def _told(rounds: Iterable[Round]) -> list[tuple[Round, Truth]]:
    """Return the rounds that count, in the order in which their truths were told."""
    told = [
        (round_, round_.truth)
        for round_ in rounds
        if round_.truth is not None and not round_.is_void
    ]
    return sorted(told, key=lambda pair: (pair[1].at, pair[0].id))


def totals(
    rounds: Sequence[Round], right_guesses: Iterable[RightGuess] = ()
) -> dict[PlayerId, int]:
    """Return everyone's points, the bot's among them; who has none is left out.

    A right guess scores unless its round is void or the photo was played before, and at most as
    many times a day as rounds do.

    Args:
        rounds: A season's.
        right_guesses: A season's.
    """
    by_id = {round_.id: round_ for round_ in rounds}
    points: Counter[PlayerId] = Counter()
    for id_, score in scores(rounds).items():
        points[by_id[id_].player] += score.player
        points[BOT] += score.bot
    today: Counter[tuple[PlayerId, date]] = Counter()
    for guess in sorted(right_guesses, key=lambda guess: (guess.at, guess.round.id)):
        day = guess.by, guess.at.astimezone(UTC).date()
        counts = not guess.round.is_void and not guess.round.played_before
        if counts and today[day] < SCORING_A_DAY:
            today[day] += 1
            points[guess.by] += GUESS_POINTS
    return {player: total for player, total in points.items() if total}


def places(totals: Mapping[PlayerId, int]) -> list[Place]:
    """Return the places, most points first; after two who share rank 1 comes rank 3."""
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


def figures(
    rounds: Sequence[Round], right_guesses: Sequence[RightGuess], player: PlayerId | None
) -> Figures:
    """Return a player's own figures; rounds just for fun are no part of them.

    Args:
        rounds: A season's.
        right_guesses: A season's.
        player: None for somebody whom the store does not know.
    """
    if player is None:
        return Figures()
    scored = scores(rounds)
    played = foolings = run = streak = 0
    for round_, _ in _told(rounds):
        if round_.player == player and scored[round_.id].just_for_fun is None:
            played += 1
            foolings += round_.is_fooled
            run = run + 1 if round_.is_fooled else 0
            streak = max(streak, run)
    return Figures(played, foolings, totals(rounds, right_guesses).get(player, 0), streak)


def best_foolings(rounds: Sequence[Round], most: int) -> list[tuple[Round, int]]:
    """Return the rounds that brought their players the most points, and how many.

    Args:
        rounds: A season's.
        most: How many rounds to return at most; of equal ones the earlier comes first.
    """
    scored = scores(rounds)
    fooled = [(round_, scored[round_.id].player) for round_, _ in _told(rounds)]
    best = sorted((pair for pair in fooled if pair[1]), key=lambda pair: -pair[1])
    return best[:most]


def confusion(rounds: Iterable[Round]) -> dict[tuple[Label, Label], int]:
    """Count truths and answers, as (truth, answer), without photos that were played before.

    The bot is right where the two are the same: what it had doubts of counts as 'neither' only
    there.
    """
    return dict(
        Counter(
            (
                truth.label,
                truth.label if agrees(round_.verdict, truth.label) else round_.verdict.label,
            )
            for round_, truth in _told(rounds)
            if not round_.played_before
        )
    )
