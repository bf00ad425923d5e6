"""What a bot and the classifier tier say to each other: a photo's bytes there, JSON back.

    POST /TASK?hashes=1&preview=320    the photo; answered by a `Told`, also when it is refused
    GET /                              whether anybody is there; answered by the engine's name

Either side names its model in a header. Where these differ, the answer is 409 and nothing more.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import ClassVar, Self
from urllib.parse import quote

from PIL import Image
from pydantic import ConfigDict, TypeAdapter

from classifier.card import Card
from classifier.images.look import SmallCopy
from classifier.inference.classifier import Answer
from classifier.inference.heatmap import Heatmap
from classifier.types import Prediction

# It goes up when one side could not read the other, or the same photo has other hashes or vectors.
VERSION = 1
MODEL_HEADER = "Snowpeople-Model"
# The pixels under a heat map are three megabytes, and a third more in JSON.
MAX_ANSWER_BYTES = 8 * 1024 * 1024


class Task(StrEnum):
    """What is wanted of a photo, as `Classifier` calls it."""

    ANSWER = "answer"
    VECTORS = "vectors"
    HEATMAP = "heatmap"
    PREVIEW = "preview"


@dataclass(frozen=True, slots=True)
class Question:
    """What is wanted of a photo.

    Attributes:
        task: What.
        hashes: Whether its hashes are, beside an answer.
        preview: Longer side of a small copy, in pixels; 0 for none.
    """

    task: Task
    hashes: bool = False
    preview: int = 0


@dataclass(frozen=True, slots=True)
class Drawn:
    """A heat map on its way.

    Attributes:
        prediction: As the heat map's.
        heat: As the heat map's.
        width: Of the image, in pixels.
        height: Of the image, in pixels.
        pixels: Of the image, RGB.
    """

    prediction: Prediction
    heat: tuple[tuple[float, ...], ...]
    width: int
    height: int
    pixels: bytes

    @classmethod
    def of(cls, made: Heatmap) -> Self:
        """Return a heat map as it is sent."""
        return cls(made.prediction, made.heat, *made.image.size, made.image.tobytes())

    def heatmap(self) -> Heatmap:
        """Return the heat map; raise ValueError when the pixels are too few or too many."""
        image = Image.frombytes("RGB", (self.width, self.height), self.pixels)
        return Heatmap(self.prediction, self.heat, image)


@dataclass(frozen=True, slots=True)
class Told:
    """What came of a photo: one of these.

    Attributes:
        refused: Why nothing came of it, as `PhotoError.reason`.
        answer: Who is on it, and what else was wanted.
        vectors: By which it is known again.
        heatmap: Where that can be seen.
        preview: A small copy.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(
        ser_json_bytes="base64", val_json_bytes="base64", ser_json_inf_nan="null"
    )

    refused: str | None = None
    answer: Answer | None = None
    vectors: bytes | None = None
    heatmap: Drawn | None = None
    preview: SmallCopy | None = None


_TOLD = TypeAdapter(Told)


def to_json(told: Told) -> bytes:
    """Return what came of a photo, as it is sent."""
    return _TOLD.dump_json(told, exclude_none=True)


def from_json(body: bytes) -> Told:
    """Return what was sent; raise ValueError when that makes no sense."""
    return _TOLD.validate_json(body)


def identity(card: Card, digest: str) -> str:
    """Return what tells a model, and how it is read, from all others; its name comes first.

    Args:
        card: The model's. All numbers in it count, as they decide what is said of a photo.
        digest: Its weights'.
    """
    numbers = replace(card, trained_on="", metrics={})
    read = hashlib.sha256(f"{VERSION} {digest} {numbers}".encode()).hexdigest()
    return f"{quote(card.name)}:{read[:16]}"
