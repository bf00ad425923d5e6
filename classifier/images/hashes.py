"""Perceptual hashes of small grey pictures: sixty-four bits that a change of light or size spares.

Databases hold such hashes, of years, so these are to the bit what the library `imagehash` gives
(phash and dhash); that would bring all of scipy along for one cosine transform.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# What a hash is made from, and its own side: 8 x 8 bits.
SIDE = 32
BITS = 8

Bits = NDArray[np.bool_]
Numbers = NDArray[np.float64]

_COSINES = np.cos(np.pi * np.arange(1, SIDE) / (2 * SIDE))


def shape_hashes(pictures: Sequence[Image.Image]) -> list[int]:
    """Return hashes of the shapes: which of the lowest frequencies are above their median.

    Args:
        pictures: Grey, SIDE by SIDE.
    """
    pixels = np.stack([np.asarray(picture, np.float64) for picture in pictures])
    across = _cosine_transform(_cosine_transform(pixels.swapaxes(1, 2)).swapaxes(1, 2))
    lowest = across[:, :BITS, :BITS]
    return _numbers(lowest > np.median(lowest, (1, 2), keepdims=True))


def slope_hashes(pictures: Sequence[Image.Image]) -> list[int]:
    """Return hashes of where the pictures get lighter from left to right.

    Args:
        pictures: Grey, of any size.
    """
    size = BITS + 1, BITS
    pixels = np.stack([np.asarray(p.resize(size, Image.Resampling.LANCZOS)) for p in pictures])
    return _numbers(pixels[:, :, 1:] > pixels[:, :, :-1])


def shape_hash(picture: Image.Image) -> int:
    """Return the hash of the shapes of a picture of any size and mode."""
    grey = picture.convert("L").resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    return shape_hashes([grey])[0]


def _numbers(bits: Bits) -> list[int]:
    """Return each row of bits as a number, the first bit the highest."""
    return [
        int.from_bytes(row.tobytes(), "big") for row in np.packbits(bits.reshape(len(bits), -1), 1)
    ]


def _cosine_transform(rows: Numbers) -> Numbers:
    """Return the type-II cosine transform along the last axis, of SIDE numbers, twofold.

    It goes by way of a real Fourier transform of the same length (Makhoul, 1980), in the order of
    pocketfft, which scipy and numpy share: where frequencies are nothing, as of a plain picture,
    even what rounding leaves of them is the same.
    """
    half = SIDE // 2
    folded = rows.copy()
    folded[..., [0, -1]] *= 2
    odd, even = rows[..., 1:-1:2], rows[..., 2:-1:2]
    spectrum = np.zeros((*rows.shape[:-1], half + 1), np.complex128)
    spectrum[..., 0], spectrum[..., -1] = folded[..., 0], folded[..., -1]
    spectrum.real[..., 1:-1], spectrum.imag[..., 1:-1] = even + odd, even - odd
    found: Numbers = np.fft.irfft(spectrum, SIDE, norm="forward")
    up, down = found[..., 1:half].copy(), found[..., :-half:-1].copy()
    near, far = _COSINES[: half - 1], _COSINES[: half - 1 : -1]
    one, two = near * down + far * up, near * up - far * down
    found[..., 1:half] = 0.5 * (one + two)
    found[..., :-half:-1] = 0.5 * (one - two)
    found[..., half] *= _COSINES[half - 1]
    return found
