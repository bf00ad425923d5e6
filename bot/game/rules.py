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

MAX_POINTS = 100
GUESS_POINTS = 10
SCORING_A_DAY = 20
TRUTH_WITHIN = timedelta(hours=24)
OBJECTION_WITHIN = timedelta(minutes=10)
GUESS_WITHIN = timedelta(seconds=30)
# Of the 128 bits of a fingerprint. Measured on 2,080 pictures: others are this close in 14 of 2.2
# million pairs, mostly the same scene again; of 300 photos, each changed in 22 ways (turning the
# hue by 45 degrees among them), 99 % are found. 20 bits would let in 50 pairs, 14 lose photos.
SAME_WITHIN_BITS = 17

# A player's number in the store, until that player is to be forgotten.
PlayerId = int


class Denied(StrEnum):
    """Why a tap changes nothing."""

    NOT_YOURS = "not_yours"
    TOLD = "told"
    UNTOLD = "untold"
    OVER = "over"
    OWN = "own"
    AGAIN = "again"
    LATE = "late"
    SHARED_IDENTITY = "shared_identity"


class JustForFun(StrEnum):
    """Why a round scores nothing, for anyone."""

    SHARED_IDENTITY = "shared_identity"
    PLAYED_BEFORE = "played_before"
    ENOUGH = "enough"


@dataclass(frozen=True, slots=True)
class Truth:
    """Who is on the photo, as somebody told it."""

    label: Label
    by: PlayerId
    at: datetime


@dataclass(frozen=True, slots=True)
class Objection:
    """Somebody does not believe the truth that was told."""

    by: PlayerId
    at: datetime


@dataclass(frozen=True, slots=True)
class Guess:
    """What somebody thinks that the bot will answer."""

    by: PlayerId
    at: datetime
    label: Label


@dataclass(frozen=True, slots=True)
class Round:
    """One photo's turn in the game, from the verdict until the truth is told.

    Attributes:
        id: The round's number in the store.
        player: Who sent the photo.
        arrived: When the photo came.
        verdict: What the bot answered.
        shared_identity: Whether several people may use the sender's identity.
        played_before: Whether the room has seen this photo, or one that looks the same.
        truth: What was told, if it was.
        quorum: How many objections void the round.
        objections: Those that were made.
    """

    id: int
    player: PlayerId
    arrived: datetime
    verdict: Verdict
    shared_identity: bool = False
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

    @property
    def may_score(self) -> bool:
        """Whether it is more than just for fun."""
        return not self.shared_identity and not self.played_before


def agrees(verdict: Verdict, label: Label) -> bool:
    """Return whether the bot's answer was this; 'neither' is what it calls an unfamiliar photo."""
    return label == verdict.label or (label is Label.NEITHER and verdict.unfamiliar)


def worth(verdict: Verdict, truth: Label) -> int:
    """Return the points for fooling the bot: 1 to 100, the surer it was the more; 0 if it did not.

    Half of that for a photo of neither, or when the bot had its doubts.
    """
    if agrees(verdict, truth):
        return 0
    sure = min(max(2 * verdict.confidence - 1, 0.0), 1.0)  # of two, the likelier has a half or more
    points = 1 + round(sure * (MAX_POINTS - 1))
    return (points + 1) // 2 if truth is Label.NEITHER or verdict.unfamiliar else points


def quorum(players: int) -> int:
    """Return how many objections void a round in a room of so many players."""
    return 1 if players <= 3 else 2


def tell_truth(round_: Round, truth: Truth, *, by_admin: bool, quorum: int) -> Round | Denied:
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


def _rank(round_: Round, truth: Truth) -> tuple[datetime, bool, PlayerId, Label]:
    return (truth.at, truth.by != round_.player, truth.by, truth.label)


def object_to(round_: Round, objection: Objection, *, shared_identity: bool) -> Round | Denied:
    """Object to the truth that was told: anyone may but who told it, for ten minutes."""
    if round_.truth is None or objection.at <= round_.truth.at:
        return Denied.UNTOLD
    if shared_identity:
        return Denied.SHARED_IDENTITY
    if objection.by == round_.truth.by:
        return Denied.OWN
    if objection.at - round_.truth.at > OBJECTION_WITHIN:
        return Denied.LATE
    if any(objection.by == before.by for before in round_.objections):
        return Denied.AGAIN
    return replace(round_, objections=(*round_.objections, objection))


def add_guess(
    guesses: Sequence[Guess],
    new: Guess,
    *,
    sender: PlayerId,
    until: datetime,
    shared_identity: bool,
) -> tuple[Guess, ...] | Denied:
    """Guess what the bot will answer: anyone may but who sent the photo, once.

    The first guess of a player counts; of two at the same moment, the first in the alphabet.
    """
    if shared_identity:
        return Denied.SHARED_IDENTITY
    if new.by == sender:
        return Denied.OWN
    if new.at > until:
        return Denied.LATE
    mine = [before for before in guesses if before.by == new.by]
    if any((before.at, before.label) <= (new.at, new.label) for before in mine):
        return Denied.AGAIN
    return (*(before for before in guesses if before.by != new.by), new)


def is_right_guess(guess: Guess, verdict: Verdict) -> bool:
    """Return whether somebody guessed what the bot answered."""
    return agrees(verdict, guess.label)


def looks_same(queries: Sequence[int], stored: Sequence[int]) -> bool:
    """Return whether a photo looks the same as one before, by their fingerprints.

    Args:
        queries: What the photo or a disguise of it may look like.
        stored: What is remembered of the other.
    """
    return any((query ^ one).bit_count() <= SAME_WITHIN_BITS for query in queries for one in stored)


def was_played(queries: Sequence[int], before: Iterable[Sequence[int]]) -> bool:
    """Return whether a photo looks the same as one of those before."""
    return any(looks_same(queries, stored) for stored in before)
