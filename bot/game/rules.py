"""The rules of a round: what a truth is worth, who may tap what, and until when.

Pure: time is passed in, and nothing here happens by chance. A round is what was tapped, and when;
its worth follows from that, so the order in which taps of the same moment come in changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain import Label, Verdict

MOST_POINTS = 100
GUESS_POINTS = 10
SCORING_A_DAY = 20
TRUTH_WITHIN = timedelta(hours=24)
OBJECTION_WITHIN = timedelta(minutes=10)
GUESS_WITHIN = timedelta(seconds=30)
# Of the 128 bits of a fingerprint, as measured for `classifier.images.fingerprint`.
SAME_WITHIN_BITS = 17

# Stands for a player: the memory knows for whom, until that player is to be forgotten.
Who = int


class Denied(StrEnum):
    """Why a tap changes nothing."""

    NOT_YOURS = "not_yours"
    TOLD = "told"
    UNTOLD = "untold"
    OVER = "over"
    OWN = "own"
    AGAIN = "again"
    LATE = "late"
    DISGUISED = "disguised"


class JustForFun(StrEnum):
    """Why a round scores nothing, for anyone."""

    DISGUISED = "disguised"
    PLAYED_BEFORE = "played_before"
    ENOUGH = "enough"


@dataclass(frozen=True, slots=True)
class Truth:
    """Who is on the photo, as somebody told it."""

    label: Label
    by: Who
    at: datetime


@dataclass(frozen=True, slots=True)
class Objection:
    """Somebody does not believe the truth that was told."""

    by: Who
    at: datetime


@dataclass(frozen=True, slots=True)
class Guess:
    """What somebody thinks that the bot will say."""

    by: Who
    at: datetime
    what: Label


@dataclass(frozen=True, slots=True)
class Round:
    """One photo's round in the game.

    player: who sent the photo. disguised: an identity that several people may use.
    played_before: the room has seen this photo, or one that looks the same.
    quorum: how many objections it takes.
    """

    id: int
    player: Who
    arrived: datetime
    verdict: Verdict
    disguised: bool = False
    played_before: bool = False
    truth: Truth | None = None
    quorum: int = 2
    objections: tuple[Objection, ...] = ()

    @property
    def is_void(self) -> bool:
        """Whether enough others objected."""
        return len(self.objections) >= self.quorum

    @property
    def is_fooled(self) -> bool:
        """Whether the bot was wrong, now that the truth is told."""
        return self.truth is not None and not agrees(self.verdict, self.truth.label)


def agrees(verdict: Verdict, label: Label) -> bool:
    """Say whether the bot said so. 'Neither' is what it said when it called a photo unfamiliar."""
    return label == verdict.label or (label is Label.NEITHER and verdict.unfamiliar)


def worth(verdict: Verdict, truth: Label) -> int:
    """Return the points for fooling the bot: 1 to 100, the surer it was the more; 0 if it did not.

    Half of that for a photo of neither, or when the bot had its doubts.
    """
    if agrees(verdict, truth):
        return 0
    sure = min(max(2 * verdict.confidence - 1, 0.0), 1.0)  # of two, the likelier has a half or more
    points = 1 + round(sure * (MOST_POINTS - 1))
    return (points + 1) // 2 if truth is Label.NEITHER or verdict.unfamiliar else points


def quorum(players: int) -> int:
    """Return how many objections void a round in a room of so many players."""
    return 1 if players <= 3 else 2


def tell(round_: Round, truth: Truth, *, by_admin: bool, quorum: int) -> Round | Denied:
    """Tell the truth of a round: who sent the photo may, and the room's admins.

    The first to tell counts; of two at the same moment, who sent the photo.
    """
    if truth.by != round_.player and not by_admin:
        return Denied.NOT_YOURS
    if truth.at - round_.arrived > TRUTH_WITHIN:
        return Denied.OVER
    if round_.truth is not None and _rank(round_, round_.truth) <= _rank(round_, truth):
        return Denied.TOLD
    return replace(round_, truth=truth, quorum=quorum)


def _rank(round_: Round, truth: Truth) -> tuple[datetime, bool, Who, Label]:
    return (truth.at, truth.by != round_.player, truth.by, truth.label)


def object_(round_: Round, objection: Objection, *, disguised: bool) -> Round | Denied:
    """Object to the truth that was told: anyone may but who told it, for ten minutes."""
    if round_.truth is None or objection.at <= round_.truth.at:
        return Denied.UNTOLD
    if disguised:
        return Denied.DISGUISED
    if objection.by == round_.truth.by:
        return Denied.OWN
    if objection.at - round_.truth.at > OBJECTION_WITHIN:
        return Denied.LATE
    if any(objection.by == before.by for before in round_.objections):
        return Denied.AGAIN
    return replace(round_, objections=(*round_.objections, objection))


def guess(
    guesses: Sequence[Guess], new: Guess, *, sender: Who, until: datetime, disguised: bool
) -> tuple[Guess, ...] | Denied:
    """Guess before the bot says it: anyone may but who sent the photo, once.

    The first guess of a player counts; of two at the same moment, the first in the alphabet.
    """
    if disguised:
        return Denied.DISGUISED
    if new.by == sender:
        return Denied.OWN
    if new.at > until:
        return Denied.LATE
    mine = [before for before in guesses if before.by == new.by]
    if any((before.at, before.what) <= (new.at, new.what) for before in mine):
        return Denied.AGAIN
    return (*(before for before in guesses if before.by != new.by), new)


def is_hit(guess: Guess, verdict: Verdict) -> bool:
    """Say whether somebody guessed what the bot said."""
    return agrees(verdict, guess.what)


def looks_same(views: Sequence[int], kept: Sequence[int]) -> bool:
    """Say whether a photo looks the same as one before, by their fingerprints.

    views: what the photo or a disguise of it may look like; kept: what is remembered of the other.
    """
    return any((view ^ one).bit_count() <= SAME_WITHIN_BITS for view in views for one in kept)


def was_played(views: Sequence[int], before: Iterable[Sequence[int]]) -> bool:
    """Say whether a photo looks the same as one of those before."""
    return any(looks_same(views, kept) for kept in before)
