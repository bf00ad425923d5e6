"""What is asked of an engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

# A photo at a time gains little from more threads, and the rest of the machine is not ours.
MAX_THREADS = 4


class Engine(Protocol):
    """Computes a resnet18 up to its last layer. Blocking; for one thread at a time."""

    @property
    def name(self) -> str:
        """Its name, as settings and people call it."""

    def features(self, views: Array) -> Array:
        """Return what the last layer sees of views, (n, 3, size, size): (n, 512)."""

    def feature_maps(self, view: Array) -> tuple[Array, Array]:
        """Return the last two feature maps of one view, (3, size, size).

        They are (256, size / 16, size / 16) and (512, size / 32, size / 32).
        """

    def warm_up(self, views: Array, judge: Callable[[Array], Array]) -> None:
        """Get ready: the first photo is as fast as the rest.

        Args:
            views: (n, 3, size, size), to try on.
            judge: Returns the probabilities, (n, 3), that features, (n, 512), amount to; by them an
                engine can see whether a faster way is good enough.
        """
