"""The rules of a round: what it is worth, who may tap what, until when, and how a vote ends.

Pure: time is passed in, and nothing here happens by chance. A round is what was tapped, and when;
its worth follows from that, so the order in which taps of the same moment come in changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain import Label, Verdict

# A true snow person that the bot called neither: any disguise does that, so it brings less.
NEITHER_POINTS = 40
# A snow person that somebody made and the bot recognised.
MADE_POINTS = 25
GUESS_POINTS = 10
GUESSES_A_DAY = 3
OBJECTIONS_A_DAY = 3
TRUTH_WITHIN = timedelta(hours=24)
UNDO_WITHIN = timedelta(minutes=10)
OBJECTION_WITHIN = timedelta(hours=24)
GUESS_WITHIN = timedelta(seconds=30)
# A vote of fewer decides nothing.
VOTES_NEEDED = 2
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
    ENOUGH = "enough"
    NOT_HERE = "not_here"
    VOTE = "vote"
    SHARED_IDENTITY = "shared_identity"


class JustForFun(StrEnum):
    """Why a round scores nothing, for anyone."""

    SHARED_IDENTITY = "shared_identity"
    PLAYED_BEFORE = "played_before"


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
class Ballot:
    """Whom somebody sees on a photo about which there is a vote.

    Attributes:
        by: Who votes.
        label: What they see.
        at: When.
    """

    by: PlayerId
    label: Label
    at: datetime


@dataclass(frozen=True, slots=True)
class Vote:
    """Somebody objected to a truth, and the room says what it sees.

    Attributes:
        by: Who objected.
        opened: When.
        until: When it ends at the latest.
        ballots: One for each who voted.
        closed: When it ended, if it did.
    """

    by: PlayerId
    opened: datetime
    until: datetime
    ballots: tuple[Ballot, ...] = ()
    closed: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether ballots are taken."""
        return self.closed is None


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
class Fooling:
    """What fooled the bot once, as far as another photo reminds of it.

    Attributes:
        player: Who sent it.
        arrived: When it came.
        worth: What it brought, as the best of its day.
    """

    player: PlayerId
    arrived: datetime
    worth: int


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
        reminds_of: The fooling that the photo is like, or a copy of if it was played before.
        made: Whether somebody made what is on the photo: by a reply to the day's challenge, by the
            caption, or by a tap.
        truth: What was told, if it was.
        confirmed: Whether another player tapped that the truth is true.
        vote: The vote about the truth, if somebody objected.
        is_void: Whether a vote, or an objection where only two play, ended it without a truth.
    """

    id: int
    player: PlayerId
    arrived: datetime
    verdict: Verdict
    shared_identity: bool = False
    played_before: bool = False
    reminds_of: Fooling | None = None
    made: bool = False
    truth: Truth | None = None
    confirmed: bool = False
    vote: Vote | None = None
    is_void: bool = False

    @property
    def is_fooled(self) -> bool:
        """Whether the bot was wrong, now that the truth is told."""
        return self.truth is not None and self.truth.label is not self.verdict.call

    @property
    def truth_label(self) -> Label:
        """What was told; `NEITHER` where nothing was."""
        return Label.NEITHER if self.truth is None else self.truth.label

    @property
    def is_praised(self) -> bool:
        """Whether somebody made a snow person that the bot recognised."""
        return (
            self.made
            and self.truth is not None
            and not self.is_fooled
            and self.truth.label is not Label.NEITHER
        )

    @property
    def may_score(self) -> bool:
        """Whether it is more than just for fun."""
        return not self.shared_identity and not self.played_before

    @property
    def is_disputed(self) -> bool:
        """Whether there is a vote about it."""
        return self.vote is not None and self.vote.is_open

    @property
    def is_overruled(self) -> bool:
        """Whether an objection is right, as the ballots stand: the fooling is void or none."""
        if self.vote is None:
            return False
        ended = close_vote(self, self.vote.until)
        is_decided = len(self.vote.ballots) >= VOTES_NEEDED and not ended.is_fooled
        return ended.is_void or is_decided

    def is_pending(self, now: datetime) -> bool:
        """Return whether its points wait for somebody to say that its truth is true.

        The bot called it neither, and any wall can be sold as Olaf.
        """
        if self.truth is None or self.verdict.call is not Label.NEITHER or not self.is_fooled:
            return False
        waits = not self.confirmed and now - self.truth.at < OBJECTION_WITHIN
        return waits or self.is_disputed


def worth(round_: Round) -> int:
    """Return the points that a round would bring alone: for fooling the bot, or for good work.

    The shown percentage, 50 to 99, when the bot named somebody; NEITHER_POINTS when it called a
    true snow person neither; MADE_POINTS when it recognised what somebody made.
    """
    if round_.truth is None or round_.is_void:
        return 0
    if round_.is_praised:
        return MADE_POINTS
    if not round_.is_fooled:
        return 0
    if round_.verdict.call is Label.NEITHER:
        return NEITHER_POINTS
    return round_.verdict.percent


def tell_truth(round_: Round, truth: Truth, *, by_admin: bool) -> Round | Denied:
    """Tell the truth of a round, or another one than before.

    Who sent the photo may within a day, and a room's admins at any time. The first to tell counts.
    Who told it may change it for ten minutes while nobody has confirmed or objected, an admin at
    any time but during a vote; so of two at the same moment an admin's counts, whichever came in
    first. What an admin changed can be objected to anew.
    """
    if truth.by != round_.player and not by_admin:
        return Denied.NOT_YOURS
    if truth.at - round_.arrived > TRUTH_WITHIN and not by_admin:
        return Denied.OVER
    if _is_in_vote(round_, truth.at):
        return Denied.VOTE
    before = round_.truth
    if before is not None and before.at == truth.at:
        if _rank(round_, before) <= _rank(round_, truth):
            return Denied.TOLD
    elif before is not None and not by_admin:
        if before.by != truth.by:
            return Denied.TOLD
        if _is_settled(round_, truth.at) or truth.at - before.at > UNDO_WITHIN:
            return Denied.LATE
    return replace(round_, truth=truth, confirmed=False, vote=None, is_void=False)


def undo_truth(round_: Round, by: PlayerId, at: datetime, *, by_admin: bool) -> Round | Denied:
    """Take the truth back: who told it for ten minutes, an admin any time but during a vote.

    At the very moment of a truth there was only the one before to take back; the new one stands.
    """
    if round_.truth is None:
        return Denied.UNTOLD
    if by != round_.truth.by and not by_admin:
        return Denied.NOT_YOURS
    if at <= round_.truth.at:
        return Denied.UNTOLD
    if _is_in_vote(round_, at):
        return Denied.VOTE
    is_late = _is_settled(round_, at) or at - round_.truth.at > UNDO_WITHIN
    if is_late and not by_admin:
        return Denied.LATE
    return replace(round_, truth=None, confirmed=False, vote=None, is_void=False)


def confirm(round_: Round, by: PlayerId, *, shared_identity: bool) -> Round | Denied:
    """Say that the truth is true: any player but the sender and the teller."""
    if round_.truth is None:
        return Denied.UNTOLD
    if shared_identity:
        return Denied.SHARED_IDENTITY
    if by in (round_.player, round_.truth.by):
        return Denied.OWN
    if round_.confirmed:
        return Denied.AGAIN
    if round_.is_disputed:
        return Denied.VOTE
    if round_.is_void:
        return Denied.OVER
    return replace(round_, confirmed=True)


def object_to(
    round_: Round,
    by: PlayerId,
    at: datetime,
    *,
    until: datetime,
    today: int,
    playing: Iterable[PlayerId],
    shared_identity: bool,
) -> Round | Denied:
    """Object to the truth that was told, which opens a vote; where only two play, it voids.

    Of two objections at the same moment the one of the smaller number counts.

    Args:
        round_: The round.
        by: Who objects: any player of the room but the sender and the teller.
        at: When: within a day after the truth.
        until: When the vote ends at the latest.
        today: How many objections that player has made today, without those whose rounds are
            overruled so far: who is right may go on, or the lies after the third would pay.
        playing: Who plays in the room.
        shared_identity: Whether several people may use the objector's identity.
    """
    if round_.truth is None or at <= round_.truth.at:
        return Denied.UNTOLD
    if shared_identity:
        return Denied.SHARED_IDENTITY
    if by in (round_.player, round_.truth.by):
        return Denied.OWN
    everybody = set(playing)
    if by not in everybody:
        return Denied.NOT_HERE
    before = round_.vote
    is_first = before is not None and before.is_open and (at, by) < (before.opened, before.by)
    if (before is not None or round_.is_void) and not is_first:
        return Denied.AGAIN
    if at - round_.truth.at > OBJECTION_WITHIN:
        return Denied.LATE
    if today >= OBJECTIONS_A_DAY:
        return Denied.ENOUGH
    if len(everybody | {round_.player}) <= 2:
        return replace(round_, is_void=True, vote=Vote(by, at, at, closed=at))
    return replace(round_, vote=Vote(by, at, until, before.ballots if before else ()))


def cast_ballot(
    round_: Round, ballot: Ballot, *, playing: Iterable[PlayerId], shared_identity: bool
) -> Round | Denied:
    """Vote about a round, once: whoever plays in the room, but not who sent the photo.

    Of two ballots of one player the earlier counts; of two at the same moment, the first in the
    alphabet.
    """
    vote = round_.vote
    if shared_identity:
        return Denied.SHARED_IDENTITY
    if ballot.by == round_.player:
        return Denied.OWN
    if ballot.by not in set(playing):
        return Denied.NOT_HERE
    if vote is None or not vote.is_open or ballot.at >= vote.until:
        return Denied.LATE
    mine = [before for before in vote.ballots if before.by == ballot.by]
    if any((before.at, before.label) <= (ballot.at, ballot.label) for before in mine):
        return Denied.AGAIN
    others = tuple(before for before in vote.ballots if before.by != ballot.by)
    return replace(round_, vote=replace(vote, ballots=(*others, ballot)))


def everyone_voted(round_: Round, playing: Iterable[PlayerId]) -> bool:
    """Return whether all who play in the room, but the sender, have voted.

    A vote that would decide nothing stays open: somebody who was away for a week may come.
    """
    if round_.vote is None or len(round_.vote.ballots) < VOTES_NEEDED:
        return False
    voted = {ballot.by for ballot in round_.vote.ballots}
    return set(playing) <= {round_.player, *voted}


def close_vote(round_: Round, at: datetime) -> Round:
    """End a vote: the most votes decide, a tie voids, and with fewer than two the truth stands."""
    vote, truth = round_.vote, round_.truth
    if vote is None or not vote.is_open or truth is None:
        return round_
    closed = replace(round_, vote=replace(vote, closed=at))
    if len(vote.ballots) < VOTES_NEEDED:
        return replace(closed, confirmed=True)
    counts = Counter(ballot.label for ballot in vote.ballots).most_common()
    if len(counts) > 1 and counts[0][1] == counts[1][1]:
        return replace(closed, is_void=True)
    return replace(closed, truth=replace(truth, label=counts[0][0]), confirmed=True)


def _is_in_vote(round_: Round, at: datetime) -> bool:
    """Return whether the room is voting: then nobody changes what it votes about.

    An objection at the very moment of a change was one to the truth before, and goes with it; a
    vote that ends at that moment was still open.
    """
    vote = round_.vote
    return vote is not None and vote.opened < at and (vote.closed is None or at <= vote.closed)


def _is_settled(round_: Round, at: datetime) -> bool:
    """Return whether others have had their say, so that a truth can no longer be taken back."""
    vote = round_.vote
    is_contested = round_.is_void if vote is None else vote.opened < at
    return round_.confirmed or is_contested


def _rank(round_: Round, truth: Truth) -> tuple[bool, PlayerId, Label]:
    """Return by what truths of the same moment are ordered; the first one counts."""
    return (truth.by == round_.player, truth.by, truth.label)


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
    return guess.label is verdict.call
