"""What a network's features amount to: calibrated probabilities, an answer, a map of its heat."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path
from typing import Self

import numpy as np
from PIL import Image

from classifier.card import Card, softmax
from classifier.images.view import evaluation_view
from classifier.inference.activation import activation_map
from classifier.inference.engines import Array, Engine, EngineName, load_engine
from classifier.inference.interpolation import crop_to_photo, enlarge
from classifier.types import CATEGORIES, NEITHER, Category, Prediction
from classifier.weights import Weights, read

# A smaller input leaves a map of too few cells: two by two at 64 pixels.
HEATMAP_INPUT_SIZE = 224


class Predictor:
    """Calibrated probabilities for pictures. Blocking; for one thread at a time.

    Attributes:
        engine: What computes the network.
        card: What the model is.
        digest: Sixteen digits that tell its weights from all others.
    """

    def __init__(self, engine: Engine, weights: Weights) -> None:
        """Answer by an engine.

        Args:
            engine: It computes the network of these weights, and is nobody else's.
            weights: They are not kept, but for the last layer's.
        """
        self.engine = engine
        self.card: Card = weights.card
        self.digest = weights.digest
        self._weight, self._bias = weights.last_layer()

    @classmethod
    def load(cls, model: str | Path, engine: EngineName = "auto") -> Self:
        """Load a model; blocks for half a second, with torch for one and a half.

        Args:
            model: `small`, `full` or the path of a weights file.
            engine: What is to compute it.

        Raises:
            ModelError: The file is missing, damaged or not one of ours.
            EngineError: The engine is not installed.
        """
        weights = read(model)
        return cls(load_engine(engine, weights), weights)

    def view(self, photo: Image.Image) -> Array:
        """Return the network's input for an RGB picture: float32, shape (3, size, size)."""
        return evaluation_view(photo, self.card.size, self.card.mean, self.card.std)

    def features(self, views: Array) -> Array:
        """Return what the last layer sees of views (n, 3, size, size): float32 (n, 512)."""
        return self.engine.features(views)

    def classify(self, features: Array) -> Array:
        """Return probabilities, float32 (n, 3), for features (n, 512)."""
        return softmax((features @ self._weight.T + self._bias) / np.float32(self.card.temperature))

    def probabilities(self, views: Array) -> Array:
        """Return probabilities, float32 (n, 3), for views (n, 3, size, size)."""
        return self.classify(self.features(views))

    def prediction(self, row: Array, vector: bytes = b"") -> Prediction:
        """Return the prediction that a row of probabilities, (3,), amounts to.

        Args:
            row: The probabilities.
            vector: By which the photo is known again, where that is wanted.
        """
        probabilities = dict(zip(CATEGORIES, row.tolist(), strict=True))
        label = max(CATEGORIES[:NEITHER], key=probabilities.__getitem__)
        return Prediction(
            label=label,
            confidence=float(self.card.pair_probabilities(row).max()),
            probabilities=probabilities,
            unfamiliar=probabilities[Category.NEITHER] > self.card.unfamiliar_above,
            sure=bool(self.card.sure(row)),
            vector=vector,
        )

    def predict_with_heat(self, photo: Image.Image) -> tuple[Prediction, Array]:
        """Return the prediction for an RGB picture, and the map of what speaks for it.

        For a network with a smaller input than HEATMAP_INPUT_SIZE the map is made at that size, and
        then shows what the network would see there.

        Returns:
            The prediction, and the map of the photo's area: float32, (h, w) of 0..1.
        """
        middle, last = self.engine.feature_maps(self.view(photo))
        prediction = self.prediction(self.classify(last.mean((1, 2))))
        if self.card.size < HEATMAP_INPUT_SIZE:
            larger = evaluation_view(photo, HEATMAP_INPUT_SIZE, self.card.mean, self.card.std)
            middle, last = self.engine.feature_maps(larger)
        row = self._weight[CATEGORIES.index(prediction.label)] - self._weight.mean(0)
        heat = crop_to_photo(activation_map(middle, last, row), photo)
        return prediction, heat / max(float(heat.max()), 1e-6)

    def warm_up(self) -> None:
        """Run once: the first photo is as fast as the rest."""
        self.engine.warm_up(_trial_views(self.card.size), self.classify)
        release_freed_memory()


def release_freed_memory() -> None:
    """Return the memory that loading has freed to the system: a hundred megabytes, measured.

    glibc keeps freed memory for itself until it is asked; other C libraries have no such call.
    """
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)):
        trim(0)


def _trial_views(size: int) -> Array:
    """Return noise and smooth gradients, (8, 3, size, size), the same each time."""
    chance = np.random.default_rng(0)
    coarse = chance.standard_normal((8, 3, 4, 4), np.float32)
    smooth = [[enlarge(channel, (size, size)) for channel in view] for view in coarse]
    noise = chance.standard_normal((8, 3, size, size), np.float32)
    return np.asarray(np.array(smooth) + 0.2 * noise, np.float32)
