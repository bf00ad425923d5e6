"""What a party night asks for: each prompt with its place, and what it asks of the bot.

Their sentences are in `bot/speech/party.py`, under the same keys. None needs what a home lacks.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.domain import Label


class Place(StrEnum):
    """Where a prompt is played, or with what."""

    HOME = "home"
    OUTSIDE = "outside"
    DRAWING = "drawing"
    TOYS = "toys"
    KITCHEN = "kitchen"


class Teller(StrEnum):
    """Who says what was on a photo."""

    PROMPT = "prompt"
    SENDER = "sender"
    OTHERS = "others"


class Goal(StrEnum):
    """What the bot is to be brought to.

    SAY: to see somebody in what is somebody else or nobody. HIDE: not to see somebody who is there.
    SHOW: to recognise somebody who was made for it. FOOL: to be wrong, about whatever it may be.
    """

    SAY_OLAF = "say_olaf"
    SAY_YETI = "say_yeti"
    HIDE_OLAF = "hide_olaf"
    HIDE_YETI = "hide_yeti"
    SHOW_OLAF = "show_olaf"
    SHOW_YETI = "show_yeti"
    FOOL = "fool"

    @property
    def truth(self) -> Label | None:
        """Who is on the photo by the prompt's own words; None where it leaves that open."""
        return {
            Goal.HIDE_OLAF: Label.OLAF,
            Goal.SHOW_OLAF: Label.OLAF,
            Goal.HIDE_YETI: Label.ABOMINABLE,
            Goal.SHOW_YETI: Label.ABOMINABLE,
        }.get(self)

    @property
    def teller(self) -> Teller:
        """Who says what was on the photo."""
        if self.truth is not None:
            return Teller.PROMPT
        return Teller.OTHERS if self is Goal.FOOL else Teller.SENDER

    @property
    def is_to_be_recognised(self) -> bool:
        """Whether somebody was made for the bot to recognise: then it is right for the family."""
        return self in (Goal.SHOW_OLAF, Goal.SHOW_YETI)

    def is_reached(self, call: Label, truth: Label | None) -> bool:
        """Return whether a photo did what was asked.

        Args:
            call: What the bot said.
            truth: Who is on the photo; None if nobody knows.
        """
        match self:
            case Goal.SAY_OLAF:
                return call is Label.OLAF and truth not in (None, Label.OLAF)
            case Goal.SAY_YETI:
                return call is Label.ABOMINABLE and truth not in (None, Label.ABOMINABLE)
            case Goal.SHOW_OLAF | Goal.SHOW_YETI:
                return call is truth
            case Goal.HIDE_OLAF | Goal.HIDE_YETI | Goal.FOOL:
                return truth is not None and call is not truth


@dataclass(frozen=True, slots=True)
class Prompt:
    """What everybody is to photograph in a round.

    Attributes:
        key: Names it, in whatever language it is said.
        place: Where it is played.
        goal: What the bot is to be brought to.
    """

    key: str
    place: Place
    goal: Goal


PROMPTS = (
    Prompt("home-olaf", Place.HOME, Goal.SAY_OLAF),
    Prompt("home-yeti", Place.HOME, Goal.SAY_YETI),
    Prompt("home-sock-olaf", Place.HOME, Goal.SAY_OLAF),
    Prompt("home-pillow-yeti", Place.HOME, Goal.SAY_YETI),
    Prompt("home-face-olaf", Place.HOME, Goal.SAY_OLAF),
    Prompt("home-hair-yeti", Place.HOME, Goal.SAY_YETI),
    Prompt("home-paper-roll", Place.HOME, Goal.SAY_OLAF),
    Prompt("home-round", Place.HOME, Goal.SAY_OLAF),
    Prompt("home-shadow", Place.HOME, Goal.SAY_YETI),
    Prompt("home-grown-up", Place.HOME, Goal.SAY_OLAF),
    Prompt("home-blanket", Place.HOME, Goal.SAY_YETI),
    Prompt("home-bathroom", Place.HOME, Goal.SAY_OLAF),
    Prompt("home-ugliest", Place.HOME, Goal.FOOL),
    Prompt("home-white", Place.HOME, Goal.FOOL),
    Prompt("home-two-things", Place.HOME, Goal.FOOL),
    Prompt("home-anything", Place.HOME, Goal.FOOL),
    Prompt("kitchen-olaf", Place.KITCHEN, Goal.SAY_OLAF),
    Prompt("kitchen-yeti", Place.KITCHEN, Goal.SAY_YETI),
    Prompt("kitchen-vegetable", Place.KITCHEN, Goal.SAY_OLAF),
    Prompt("kitchen-plate", Place.KITCHEN, Goal.SHOW_OLAF),
    Prompt("kitchen-crumbs", Place.KITCHEN, Goal.SHOW_YETI),
    Prompt("kitchen-cups", Place.KITCHEN, Goal.SAY_OLAF),
    Prompt("kitchen-fridge", Place.KITCHEN, Goal.SAY_YETI),
    Prompt("kitchen-spoons", Place.KITCHEN, Goal.SHOW_OLAF),
    Prompt("kitchen-leftovers", Place.KITCHEN, Goal.FOOL),
    Prompt("drawing-olaf", Place.DRAWING, Goal.SHOW_OLAF),
    Prompt("drawing-yeti", Place.DRAWING, Goal.SHOW_YETI),
    Prompt("drawing-closed-eyes", Place.DRAWING, Goal.SHOW_OLAF),
    Prompt("drawing-wrong-hand", Place.DRAWING, Goal.SHOW_YETI),
    Prompt("drawing-one-line", Place.DRAWING, Goal.SHOW_OLAF),
    Prompt("drawing-tiny", Place.DRAWING, Goal.SHOW_YETI),
    Prompt("drawing-hidden-olaf", Place.DRAWING, Goal.HIDE_OLAF),
    Prompt("drawing-hidden-yeti", Place.DRAWING, Goal.HIDE_YETI),
    Prompt("drawing-noseless", Place.DRAWING, Goal.HIDE_OLAF),
    Prompt("drawing-friendly-yeti", Place.DRAWING, Goal.HIDE_YETI),
    Prompt("drawing-animal", Place.DRAWING, Goal.SAY_OLAF),
    Prompt("drawing-finger", Place.DRAWING, Goal.SHOW_OLAF),
    Prompt("toys-olaf", Place.TOYS, Goal.SAY_OLAF),
    Prompt("toys-yeti", Place.TOYS, Goal.SAY_YETI),
    Prompt("toys-cuddly", Place.TOYS, Goal.SAY_YETI),
    Prompt("toys-built-olaf", Place.TOYS, Goal.SHOW_OLAF),
    Prompt("toys-built-yeti", Place.TOYS, Goal.SHOW_YETI),
    Prompt("toys-car", Place.TOYS, Goal.FOOL),
    Prompt("toys-crowd", Place.TOYS, Goal.FOOL),
    Prompt("outside-olaf", Place.OUTSIDE, Goal.SAY_OLAF),
    Prompt("outside-yeti", Place.OUTSIDE, Goal.SAY_YETI),
    Prompt("outside-ground", Place.OUTSIDE, Goal.SHOW_OLAF),
    Prompt("outside-window", Place.OUTSIDE, Goal.FOOL),
)
