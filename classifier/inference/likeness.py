"""Whether a photo is one of before in disguise, by what the network saw in both."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# How many numbers a vector has, and how they are stored.
LENGTH = 512
STORED = np.dtype("<f2")


def to_vectors(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return vectors to compare, float32 (n, 512), each of length 1.

    The features of all pictures of a category point the same way, by few large numbers. Their
    square roots (Arandjelovic and Zisserman, 2012) let the small ones count, which tell one picture
    from another: of copies cropped by a tenth a side one vector finds half instead of a quarter.

    Args:
        features: What the network's last layer sees, float32 (n, 512), nowhere below 0.
    """
    roots = np.sqrt(features.clip(0))
    return np.asarray(roots / np.linalg.norm(roots, axis=1, keepdims=True).clip(1e-12))


def to_bytes(vectors: NDArray[np.float32]) -> bytes:
    """Return vectors as they are stored: 1,024 bytes each."""
    return bytes(vectors.astype(STORED).tobytes())


def likenesses(vector: bytes, stored: Sequence[bytes]) -> list[float]:
    """Return how much a photo is like each of others: -1 to 1, that of the view most like it.

    Args:
        vector: The photo's one.
        stored: The vectors of all views of each of the others, at least one each.
    """
    if not stored:
        return []
    one = np.frombuffer(vector, STORED).astype(np.float32)
    every = np.frombuffer(b"".join(stored), STORED).reshape(-1, LENGTH).astype(np.float32)
    counts = [len(views) // (LENGTH * STORED.itemsize) for views in stored]
    begins = np.cumsum([0, *counts[:-1]])
    return [float(most) for most in np.maximum.reduceat(every @ one, begins)]
