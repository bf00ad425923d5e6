"""What a party night's photos, guesses and stars are worth.

Points are stored nowhere: they follow from what was played.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from bot.domain import BotScore, Label, Verdict
from bot.game.party import Party
from bot.game.party_prompts import Teller
from bot.game.party_rounds import Photo, PlayerNumber, Round

GUESS_POINTS = 20
STAR_POINTS = 20
# Where the bot named nobody, and so no percentage.
NEITHER_POINTS = 60


class Deed(StrEnum):
    """What somebody gets points for."""

    PHOTO = "photo"
    GUESS = "guess"
    STAR = "star"


@dataclass(frozen=True, slots=True)
class Award:
    """Somebody gets points.

    Attributes:
        player: Who.
        deed: What for.
        points: How many; never less than none.
        photo: The photo that it is about.
    """

    player: PlayerNumber
    deed: Deed
    points: int
    photo: str


def worth(verdict: Verdict) -> int:
    """Return what a verdict brings: as much as the bot was sure, 50 to 99."""
    return NEITHER_POINTS if verdict.call is Label.NEITHER else verdict.percent


def is_reached(round_: Round, photo: Photo) -> bool:
    """Return whether a judged photo did, fairly, what the prompt asked for."""
    if photo.verdict is None or not photo.is_settled or photo.is_unfair:
        return False
    return round_.prompt.goal.is_reached(photo.verdict.call, photo.truth(round_.prompt))


def has_fooled(round_: Round, photo: Photo) -> bool:
    """Return whether the bot was wrong about a photo, fairly."""
    if photo.verdict is None or not photo.is_settled or photo.is_unfair:
        return False
    truth = photo.truth(round_.prompt)
    return truth is not None and photo.verdict.call is not truth


def photo_points(round_: Round, photo: Photo) -> int:
    """Return what a photo brings its side: half, where it fooled the bot otherwise than asked.

    Nobody fools it by a drawing that it was to recognise.
    """
    if photo.verdict is None:
        return 0
    if is_reached(round_, photo):
        return worth(photo.verdict)
    is_trick = round_.prompt.goal.teller is Teller.SENDER and has_fooled(round_, photo)
    return worth(photo.verdict) // 2 if is_trick else 0


def awards_of(round_: Round, photo: Photo) -> Iterator[Award]:
    """Yield what a judged photo brings, stars aside."""
    if photo.verdict is None or not photo.is_settled:
        return
    if points := photo_points(round_, photo):
        for member in photo.members:
            yield Award(member, Deed.PHOTO, points, photo.id)
    for player, label in photo.guesses.items():
        if label is photo.verdict.call:
            yield Award(player, Deed.GUESS, GUESS_POINTS, photo.id)


def awards(round_: Round) -> Iterator[Award]:
    """Yield what a round brings; nothing that was called unfair gets a star's points."""
    for photo in round_.photos:
        yield from awards_of(round_, photo)
        if not photo.is_settled or photo.is_unfair:
            continue
        for starred in round_.stars.values():
            if starred == photo.id:
                for member in photo.members:
                    yield Award(member, Deed.STAR, STAR_POINTS, photo.id)


def totals(rounds: Iterable[Round]) -> Counter[PlayerNumber]:
    """Return everybody's points over some rounds."""
    points: Counter[PlayerNumber] = Counter()
    for round_ in rounds:
        for award in awards(round_):
            points[award.player] += award.points
    return points


def bot_score(rounds: Iterable[Round]) -> BotScore:
    """Return how the bot did over some rounds.

    It plays as one more player, who has one photo a round: what it was right about brings it the
    mean over all that were to fool it. Where it is to recognise somebody, it plays for the family.
    """
    points = fooled = judged = recognised = shown = 0
    for round_ in rounds:
        right = []
        for photo in round_.photos:
            truth = photo.truth(round_.prompt)
            if photo.verdict is None or not photo.is_settled or photo.is_unfair or truth is None:
                continue
            is_right = photo.verdict.call is truth
            if round_.prompt.goal.is_to_be_recognised:
                shown += 1
                recognised += is_right
            else:
                right.append(worth(photo.verdict) if is_right else 0)
                fooled += not is_right
        judged += len(right)
        points += round(sum(right) / len(right)) if right else 0
    return BotScore(points, fooled, judged, recognised, shown)


@dataclass(frozen=True, slots=True)
class Standing:
    """Somebody's place; equals share a rank.

    Attributes:
        rank: From 1.
        player: Who.
        points: Theirs.
    """

    rank: int
    player: PlayerNumber
    points: int


def standings(party: Party, rounds: Iterable[Round]) -> list[Standing]:
    """Return everybody's place after some rounds, the first one first.

    Who stopped playing without any points is left out.
    """
    points = totals(rounds)
    players = [each for each in party.players if not each.is_gone or points[each.number]]
    ordered = sorted(players, key=lambda each: (-points[each.number], each.number))
    above = sorted(points[each.number] for each in players)
    return [
        Standing(
            1 + sum(other > points[each.number] for other in above),
            each.number,
            points[each.number],
        )
        for each in ordered
    ]


def winners(party: Party) -> list[PlayerNumber]:
    """Return who has the most points; nobody where there are none."""
    places = standings(party, party.rounds)
    return [each.player for each in places if each.rank == 1 and each.points]


@dataclass(frozen=True, slots=True)
class Fooling:
    """A photo worth remembering, and its round."""

    round: Round
    photo: Photo


def best_photos(rounds: Iterable[Round], most: int) -> list[Fooling]:
    """Return the evening's best photos: by what they brought, and their stars."""
    found = [
        Fooling(round_, photo)
        for round_ in rounds
        for photo in round_.photos
        if photo.verdict is not None and photo.is_settled and not photo.is_unfair
    ]

    def value(each: Fooling) -> int:
        stars = list(each.round.stars.values()).count(each.photo.id)
        return photo_points(each.round, each.photo) + STAR_POINTS * stars

    return sorted(found, key=value, reverse=True)[:most]
