"""The card: what has to be known to use a network, and how its answers are to be read."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classifier.types import CATEGORIES, NEITHER

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
# A probability that is rounded to nothing counts as this, so that it has a logarithm.
TINY = 1e-30


@dataclass(frozen=True)
class Card:
    """What has to be known to use a weights file; it travels in the file's metadata.

    Attributes:
        name: The model's name, which is that of its file.
        size: Side of the square input, in pixels.
        temperature: The logits are divided by it for the probabilities of all three; fitted, as are
            the numbers below, on pictures the network had not seen.
        pair_temperature: The same for the two snow people alone; fitted on pictures of them.
        sure_pair: An answer is sure from this confidence between the two on, 0.5 to 1, ...
        sure_label: ... if the answer's probability among all three is this high as well, 0 to 1.
        unfamiliar_above: A photo is called unfamiliar above this probability of 'neither'; chosen
            on pictures the network had not seen.
        copy_above: A photo is a copy of an earlier one above this likeness, -1 to 1; by default
            none is. This and the next are chosen by `classifier.evaluation.copies`.
        alike_above: A photo may remind of an earlier one above this likeness.
        labels: The categories, in the order of the network's outputs.
        mean: Of the RGB channels (0..1), as the network was trained with.
        std: Their deviation, likewise.
        trained_on: A sentence about the pictures.
        metrics: How well it did on pictures it had not seen.
    """

    name: str
    size: int
    temperature: float = 1.0
    pair_temperature: float = 1.0
    sure_pair: float = 0.9
    sure_label: float = 0.6
    unfamiliar_above: float = 0.5
    copy_above: float = 1.0
    alike_above: float = 1.0
    labels: tuple[str, ...] = CATEGORIES
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    trained_on: str = ""
    metrics: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise ValueError for a card that no network of ours can have."""
        if tuple(self.labels) != CATEGORIES:
            raise ValueError(f"its labels are {self.labels}")
        if not isinstance(self.size, int) or not 16 <= self.size <= 1024:
            raise ValueError(f"its size is {self.size}")
        temperatures = {
            "temperature": self.temperature,
            "pair_temperature": self.pair_temperature,
        }
        bounds = {
            "unfamiliar_above": self.unfamiliar_above,
            "sure_pair": self.sure_pair,
            "sure_label": self.sure_label,
            "copy_above": self.copy_above,
            "alike_above": self.alike_above,
        }
        numbers = (*self.mean, *self.std, *temperatures.values(), *bounds.values())
        if not all(isinstance(number, int | float) for number in numbers):
            raise ValueError("its mean, std, a temperature or a bound is no number")
        if len(self.mean) != 3 or len(self.std) != 3 or min(self.std) <= 0:
            raise ValueError("its mean or std is not one of RGB pictures")
        for name, number in temperatures.items():
            if not 0 < number < math.inf:
                raise ValueError(f"its {name} is {number}")
        for name, number in bounds.items():
            if not 0 <= number <= 1:
                raise ValueError(f"its {name} is {number}")

    def pair_probabilities(self, probabilities: ArrayLike) -> NDArray[np.float64]:
        """Return how likely each of the two snow people is, were it certain to be one of them.

        Args:
            probabilities: Of all three, at `temperature`, float (..., 3).

        Returns:
            float64, (..., 2), at `pair_temperature`.
        """
        shares = np.asarray(probabilities, np.float64)[..., :NEITHER]
        return softmax(np.log(shares.clip(min=TINY)) * self.temperature / self.pair_temperature)

    def sure(self, probabilities: ArrayLike) -> NDArray[np.bool_]:
        """Return whether the likelier snow person is a sure answer, bool (...).

        Args:
            probabilities: Of all three, at `temperature`, float (..., 3).
        """
        pair = self.pair_probabilities(probabilities).max(-1)
        label = np.asarray(probabilities)[..., :NEITHER].max(-1)
        return np.asarray((pair >= self.sure_pair) & (label >= self.sure_label))


def softmax(logits: NDArray[Any]) -> NDArray[Any]:
    """Return probabilities that sum to 1 along the last axis."""
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return np.asarray(powers / powers.sum(-1, keepdims=True))


def card_of(text: str) -> Card:
    """Return the card that a file's metadata hold; raise ValueError, TypeError or KeyError."""
    values = json.loads(text)
    known = {item.name for item in fields(Card)}
    card = {name: value for name, value in values.items() if name in known}
    card.setdefault("pair_temperature", card.get("temperature", 1.0))  # files of before
    for name in ("labels", "mean", "std"):
        card[name] = tuple(card[name])
    return Card(**card)
