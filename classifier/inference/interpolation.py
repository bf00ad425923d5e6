"""Maps of few cells made larger, or cut."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Map = NDArray[np.float32]
Kernel = Callable[[NDArray[np.float64]], NDArray[np.float64]]
# The cubic convolution's only parameter (Keys, 1981), as most libraries of networks choose it.
SHARPNESS = -0.75


def crop_to_photo(heat: Map, photo: Image.Image) -> Map:
    """Return the part of a map of an evaluation view that lies over the photo, not over the bars.

    Args:
        heat: float32, (h, w), of the whole view.
        photo: The one that the view is of.

    Returns:
        float32, (h, w), of the photo's area, interpolated.
    """
    longer = max(photo.size)
    down, across = (
        _weights(cells, ((_middles(cells) - 0.5) * length / longer + 0.5) * cells, _linear)
        for cells, length in zip(heat.shape, (photo.height, photo.width), strict=True)
    )
    return np.asarray(down @ heat @ across.T, np.float32)


def enlarge(heat: Map, size: tuple[int, int]) -> Map:
    """Return a map of more cells, cubically interpolated: a little beyond its extremes, too.

    Args:
        heat: float32, (h, w).
        size: The height and the width of the new map.
    """
    down, across = (
        _weights(few, _middles(many) * few, _cubic)
        for few, many in zip(heat.shape, size, strict=True)
    )
    return np.asarray(down @ heat @ across.T, np.float32)


def _middles(cells: int) -> NDArray[np.float64]:
    """Return where the middles of the cells of a row lie, 0 to 1."""
    return np.asarray((np.arange(cells) + 0.5) / cells)


def _weights(cells: int, places: NDArray[np.float64], kernel: Kernel) -> Map:
    """Return what values at places in a row, 0 to `cells`, take of each cell: (places, cells)."""
    places = places - 0.5
    first = np.floor(places)
    weights = np.zeros((len(places), cells))
    for tap in (-1, 0, 1, 2):
        cell = (first + tap).clip(0, cells - 1).astype(int)  # the outermost go on for ever
        np.add.at(weights, (np.arange(len(places)), cell), kernel(np.abs(places - first - tap)))
    return weights.astype(np.float32)


def _linear(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((1 - distance).clip(0))


def _cubic(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    a, d = SHARPNESS, distance
    near = ((a + 2) * d - (a + 3)) * d * d + 1
    return np.where(d <= 1, near, np.where(d < 2, a * (((d - 5) * d + 8) * d - 4), 0))
