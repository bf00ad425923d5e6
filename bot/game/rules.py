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
    """Who is on the photo, as somebody told it.

    Attributes:
        label: Who it is.
        by: Who told it.
        at: When.
    """

    label: Label
    by: PlayerId
    at: datetime


@dataclass(frozen=True, slots=True)
class Objection:
    """Somebody does not believe the truth that was told.

    Attributes:
        by: Who objects.
        at: When.
    """

    by: PlayerId
    at: datetime


@dataclass(frozen=True, slots=True)
class Guess:
    """What somebody thinks that the bot will answer.

    Attributes:
        by: Who guesses.
        at: When.
        label: What they think.
    """

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
        """Whether the round can bring points; the other ones are just for fun."""
        return not self.shared_identity and not self.played_before


def agrees(verdict: Verdict, label: Label) -> bool:
    """Return whether the bot's answer was this; an unfamiliar photo it calls 'neither', too."""
    return label == verdict.label or (label is Label.NEITHER and verdict.unfamiliar)


def worth(verdict: Verdict, truth: Label) -> int:
    """Return the points for fooling the bot: 1 to 100, the surer it was the more; else 0.

    A photo of neither is worth half of that, and so is one that the bot had its doubts about.

    Args:
        verdict: What the bot answered.
        truth: Who is on the photo.
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
    """Add the truth to a round: who sent the photo may tell it, and the room's admins.

    The first to tell counts; of two at the same moment, who sent the photo.

    Args:
        round_: The round.
        truth: What somebody tells.
        by_admin: Whether that is one of the room's admins.
        quorum: How many objections will void the round.

    Returns:
        The round with its truth, or why nothing changes.
    """
    if truth.by != round_.player and not by_admin:
        return Denied.NOT_YOURS
    if truth.at - round_.arrived > TRUTH_WITHIN:
        return Denied.OVER
    if round_.truth is not None and _rank(round_, round_.truth) <= _rank(round_, truth):
        return Denied.TOLD
    return replace(round_, truth=truth, quorum=quorum)


def _rank(round_: Round, truth: Truth) -> tuple[datetime, bool, PlayerId, Label]:
    """Return by what truths are ordered; the first one counts, in whatever order they come in."""
    return (truth.at, truth.by != round_.player, truth.by, truth.label)


def object_to(round_: Round, objection: Objection, *, shared_identity: bool) -> Round | Denied:
    """Add an objection to a round: anyone may object but who told the truth, for ten minutes.

    Args:
        round_: The round.
        objection: Who objects, and when.
        shared_identity: Whether several people may use the objector's identity.

    Returns:
        The round with the objection, or why nothing changes.
    """
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
    """Add a guess at what the bot will answer: anyone may guess but who sent the photo, once.

    The first guess of a player counts; of two at the same moment, the first in the alphabet.

    Args:
        guesses: Those before.
        new: The one to add.
        sender: Who sent the photo.
        until: When the bot answers.
        shared_identity: Whether several people may use the guesser's identity.

    Returns:
        The guesses with the new one, or why nothing changes.
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
        queries: The fingerprints of the photo in all its disguises, see `domain.Fingerprint`.
        stored: The fingerprints that are remembered of the other photo.
    """
    return any((query ^ one).bit_count() <= SAME_WITHIN_BITS for query in queries for one in stored)


def was_played(queries: Sequence[int], before: Iterable[Sequence[int]]) -> bool:
    """Return whether a photo looks the same as one of those before.

    Args:
        queries: As in `looks_same`.
        before: What is stored of each photo before.
    """
    return any(looks_same(queries, stored) for stored in before)
