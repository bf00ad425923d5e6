"""One round of a party night: its prompt, the photos that came, and what everybody said of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import assert_never

from bot.domain import Label, Verdict
from bot.game.party_prompts import Prompt, Teller

PlayerNumber = int


@dataclass(frozen=True, slots=True)
class Photo:
    """What one side sent in a round.

    Attributes:
        id: Tells it from all others; nobody can guess it.
        sender: Who sent it.
        members: The side that gets its points, the sender among them.
        verdict: What the bot sees; None until it has looked.
        is_lost: Whether the bot could not look at it; it is left out then.
        guesses: What the others think that the bot will say.
        told: What the sender said it was.
        votes: What the others said it was.
        fair: What the others think of it.
        is_settled: Whether it was judged, so that it counts.
    """

    id: str
    sender: PlayerNumber
    members: tuple[PlayerNumber, ...]
    verdict: Verdict | None = None
    is_lost: bool = False
    guesses: Mapping[PlayerNumber, Label] = field(default_factory=dict)
    told: Label | None = None
    votes: Mapping[PlayerNumber, Label] = field(default_factory=dict)
    fair: Mapping[PlayerNumber, bool] = field(default_factory=dict)
    is_settled: bool = False

    @property
    def is_unfair(self) -> bool:
        """Whether most of those who said so call it unfair."""
        return 2 * sum(not fair for fair in self.fair.values()) > len(self.fair)

    @property
    def may_have_stars(self) -> bool:
        """Whether it can be the bravest photo: judged, and not called unfair."""
        return self.is_settled and not self.is_unfair

    def truth(self, prompt: Prompt) -> Label | None:
        """Return what it was; None if nobody knows.

        A sender who says nothing has done what the prompt asked for: photographed something else.
        """
        match prompt.goal.teller:
            case Teller.PROMPT:
                return prompt.goal.truth
            case Teller.SENDER:
                return self.told or Label.NEITHER
            case Teller.OTHERS:
                counted = [*Counter(self.votes.values()).most_common(2), (None, 0), (None, 0)]
                (first, most), (_, next_most) = counted[:2]
                return first if most > next_most else None
            case never:
                assert_never(never)


@dataclass(frozen=True, slots=True)
class Round:
    """One prompt, and what became of it.

    Attributes:
        prompt: What everybody is to photograph.
        sides: Who plays, by sides that send one photo each.
        photos: In the order of their reveal.
        stars: To whose photo, by its id, each player gave their star.
    """

    prompt: Prompt
    sides: tuple[tuple[PlayerNumber, ...], ...]
    photos: tuple[Photo, ...] = ()
    stars: Mapping[PlayerNumber, str] = field(default_factory=dict)

    @property
    def players(self) -> tuple[PlayerNumber, ...]:
        """Everybody who plays in it."""
        return tuple(player for side in self.sides for player in side)

    def side_of(self, player: PlayerNumber) -> tuple[PlayerNumber, ...]:
        """Return the side that somebody plays in; empty for who does not."""
        return next((side for side in self.sides if player in side), ())

    def photo_of(self, player: PlayerNumber) -> Photo | None:
        """Return what somebody's side has sent."""
        return next((photo for photo in self.photos if player in photo.members), None)

    def to_star(self, player: PlayerNumber) -> tuple[Photo, ...]:
        """Return the photos that somebody may give a star to: not their own side's."""
        return tuple(p for p in self.photos if p.may_have_stars and player not in p.members)
