"""Tell Olaf from the abominable snowman: bytes of a photo in, a prediction out.

async with Classifier.load("full") as classifier:
    prediction = await classifier.classify(photo_bytes)
"""

from classifier.images.cell import Cell
from classifier.inference.classifier import Classifier
from classifier.inference.heatmap import Heatmap
from classifier.types import (
    Busy,
    Category,
    EngineError,
    ModelError,
    PhotoError,
    Prediction,
    TooLarge,
    UnreadablePhoto,
)

__all__ = [
    "Busy",
    "Category",
    "Cell",
    "Classifier",
    "EngineError",
    "Heatmap",
    "ModelError",
    "PhotoError",
    "Prediction",
    "TooLarge",
    "UnreadablePhoto",
]
