"""Tell Olaf from the abominable snowman: bytes of a photo in, a prediction out.

async with Classifier.load("full") as classifier:
    prediction = await classifier.classify(photo_bytes)
"""

from classifier import torchvision_ops as _before_torchvision  # noqa: F401
from classifier.inference.engine import Classifier
from classifier.inference.heatmap import Heatmap
from classifier.types import (
    Busy,
    Category,
    ModelError,
    PhotoError,
    Prediction,
    TooLarge,
    UnreadablePhoto,
)

__all__ = [
    "Busy",
    "Category",
    "Classifier",
    "Heatmap",
    "ModelError",
    "PhotoError",
    "Prediction",
    "TooLarge",
    "UnreadablePhoto",
]
