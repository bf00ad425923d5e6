"""What the classifier answers, and the ways in which it can decline to. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal


class Category(StrEnum):
    """A class of the network, in the order of its outputs."""

    OLAF = "olaf"
    ABOMINABLE = "abominable"
    NEITHER = "neither"


CATEGORIES = tuple(Category)
# The network's output for pictures of neither; the outputs before it are the two snow people.
NEITHER = CATEGORIES.index(Category.NEITHER)


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the classifier says about one photo.

    Attributes:
        label: The likelier of the two snow people, never ``neither``.
        confidence: The calibrated probability of that label, were it certain that the photo shows
            one of the two: 0.5 to 1.
        probabilities: One for each category; they sum to 1.
        unfamiliar: Whether the photo looks like neither of the two.
        sure: Whether the label can be relied on: both its confidence and its probability are high.
        vector: By which `Classifier.likenesses` knows the photo again; no photo can be made of it.
    """

    label: Category
    confidence: float
    probabilities: Mapping[Category, float]
    unfamiliar: bool
    sure: bool
    vector: bytes = field(default=b"", repr=False)


class PhotoError(ValueError):
    """A photo that cannot be classified.

    Its message is one sentence that a person understands.

    Attributes:
        reason: The same in one word, for programs.
    """

    reason: str


class UnreadablePhoto(PhotoError):
    """The bytes are empty, of no known picture format, or damaged."""

    def __init__(self, reason: Literal["empty", "not_a_picture", "damaged"]) -> None:
        self.reason = reason
        super().__init__(
            {
                "empty": "That file is empty.",
                "not_a_picture": "That is no picture I can open; try a JPEG or a PNG.",
                "damaged": "That picture is damaged or incomplete; try sending it again.",
            }[reason]
        )


class TooLarge(PhotoError):
    """The file has too many bytes, or the picture too many pixels."""

    def __init__(self, reason: Literal["too_many_bytes", "too_many_pixels"]) -> None:
        self.reason = reason
        super().__init__(
            {
                "too_many_bytes": "That file is too large for me; 20 MB is the most I can take.",
                "too_many_pixels": "That picture has too many pixels for me; "
                "50 megapixels are the most I can take.",
            }[reason]
        )


def photo_error(reason: str) -> PhotoError:
    """Return the error of which another process tells by its reason.

    Raises:
        ValueError: There is no such reason.
    """
    match reason:
        case "empty" | "not_a_picture" | "damaged":
            return UnreadablePhoto(reason)
        case "too_many_bytes" | "too_many_pixels":
            return TooLarge(reason)
        case _:
            raise ValueError("a refusal for no reason")


class HugePhoto(Exception):
    """A photo whose decoding takes so much memory that there should be one at a time."""


class Busy(RuntimeError):
    """More photos are waiting than the classifier keeps in its queue; try again in a moment."""


class EngineError(ValueError):
    """An engine that is not installed. Its message says what to do."""


class ModelError(ValueError):
    """A weights file that is missing, damaged, or not one of ours. Its message says what to do."""
