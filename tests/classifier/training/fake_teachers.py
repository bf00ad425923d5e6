"""Teachers that need no packages."""

from __future__ import annotations

import torch

from classifier.training.teacher import Teacher


class MeanColourTeacher(Teacher):
    """A teacher whose features are the average colour."""

    def __init__(self) -> None:
        """Load nothing."""

    def features(self, views: torch.Tensor) -> torch.Tensor:
        return views.mean((2, 3)).half()


class UnevenTeacher(MeanColourTeacher):
    """A teacher whose feature for red is ten times as large as its feature for blue."""

    def features(self, views: torch.Tensor) -> torch.Tensor:
        return views.mean((2, 3)).mul(torch.tensor([10.0, 5.0, 1.0])).half()
