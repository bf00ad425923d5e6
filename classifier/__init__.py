"""Tell Olaf from the abominable snowman: bytes of a photo in, a verdict out.

async with Classifier.load("full") as classifier:
    verdict = await classifier.classify(photo_bytes)
"""

from classifier import torchvision_ops as _before_torchvision  # noqa: F401
from classifier.inference.engine import Classifier
from classifier.types import (
    Busy,
    Label,
    ModelError,
    PhotoError,
    TooLarge,
    UnreadablePhoto,
    Verdict,
)

__all__ = [
    "Busy",
    "Classifier",
    "Label",
    "ModelError",
    "PhotoError",
    "TooLarge",
    "UnreadablePhoto",
    "Verdict",
]
