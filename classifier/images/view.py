"""What a network gets to see of a photo, in training, evaluation and serving alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from classifier.images.decode import BACKDROP


def fit_into_square(photo: Image.Image, side: int) -> Image.Image:
    """Return a photo fitted into a square, whole, between bars of BACKDROP.

    It is not cropped: people do not put the snow person in the middle. Nor is it squeezed: that
    cost up to two points of accuracy.

    Args:
        photo: RGB, of any size.
        side: Of the square, in pixels.
    """
    width, height = (max(1, round(length * side / max(photo.size))) for length in photo.size)
    small = photo.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=3.0)
    square = Image.new("RGB", (side, side), BACKDROP)
    square.paste(small, ((side - width) // 2, (side - height) // 2))
    return square


def to_input(
    square: Image.Image, mean: Sequence[float], std: Sequence[float]
) -> NDArray[np.float32]:
    """Return the network's input for a square RGB picture.

    Args:
        square: The picture.
        mean: Of the RGB channels (0..1).
        std: Their deviation.

    Returns:
        float32, (3, side, side), normalised.
    """
    pixels = np.asarray(square, np.float32).transpose(2, 0, 1) / np.float32(255)
    means, stds = (np.array(each, np.float32)[:, None, None] for each in (mean, std))
    return np.ascontiguousarray((pixels - means) / stds)


def evaluation_view(
    photo: Image.Image, size: int, mean: Sequence[float], std: Sequence[float]
) -> NDArray[np.float32]:
    """Return the network's input for a photo.

    Args:
        photo: RGB, of any size.
        size: Side of the square, in pixels.
        mean: Of the RGB channels (0..1).
        std: Their deviation.

    Returns:
        float32, (3, size, size), normalised.
    """
    return to_input(fit_into_square(photo, size), mean, std)
