"""What is learned from, made once for many networks: the folds', the small one, the full one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.nn import functional as F
from tqdm import tqdm

from classifier.training.augment import Augmenter
from classifier.training.dataset import FOLDS, Pictures, Row, evaluation_batch
from classifier.training.teacher import Teacher

BATCH = 64


@dataclass(frozen=True)
class TrainingViews:
    """Training views, each made of pictures of one fold only, backgrounds included; the pictures.

    views: uint8, (n, 3, side, side). label: int64, (n,). fold: int64, (n,). features: float16,
    (n, 2560), of mean 0 and deviation 1, what the teacher makes of each view; without one, (n, 1)
    of zeros, which teach nothing. rows: the m pictures. plain: float16, (m, 2560), what the teacher
    makes of them as they are, in its own scale; zeros without one.
    """

    views: torch.Tensor
    label: torch.Tensor
    fold: torch.Tensor
    features: torch.Tensor
    rows: list[Row]
    plain: torch.Tensor

    @classmethod
    def make(cls, pictures: Pictures, count: int, side: int, teacher: Teacher | None) -> TrainingViews:
        """Make about `count` views: on two cores, about 40 a second with a teacher."""
        batches = max(1, count // (FOLDS * BATCH))
        views = torch.empty(FOLDS * batches * BATCH, 3, side, side, dtype=torch.uint8)
        labels, features = [], []
        bar = tqdm(total=len(views), desc="views", unit="view", mininterval=5)
        for fold in range(FOLDS):
            torch.manual_seed(fold)
            inside = pictures.index(row.fold == fold for row in pictures.rows)
            augmenter = Augmenter(pictures, inside)
            for _ in range(batches):
                made, label = augmenter.batch(BATCH, side)
                views[bar.n : bar.n + BATCH] = (made * 255).round()
                labels.append(label)
                features.append(teacher.describe(made) if teacher else torch.zeros(BATCH, 1))
                bar.update(BATCH)
        bar.close()
        fold_of = torch.arange(FOLDS).repeat_interleave(batches * BATCH)
        found = torch.cat(features).float()
        # So that no feature weighs more than another when the network learns to agree with them.
        found = (found - found.mean(0)) / (found.std(0) + 0.05)
        rows = pictures.rows
        plain = _described(rows, side, teacher) if teacher else torch.zeros(len(rows), 1)
        return cls(views, torch.cat(labels), fold_of, found.half(), rows, plain)

    @property
    def taught(self) -> bool:
        """Whether a teacher has described the views."""
        return self.features.shape[1] > 1

    def batch(self, picked: torch.Tensor, size: int) -> torch.Tensor:
        """Return the picked views as RGB in 0..1, (n, 3, size, size), half of them mirrored."""
        views = self.views[picked]
        if size != views.shape[-1]:  # as bytes: several times as fast
            views = F.interpolate(views, size=size, mode="bilinear", antialias=True)
        views = views.float() / 255
        mirrored = (torch.rand(len(picked)) < 0.5)[:, None, None, None]
        return torch.where(mirrored, views.flip(3), views)


def _described(rows: Sequence[Row], side: int, teacher: Teacher) -> torch.Tensor:
    """Return what the teacher makes of the rows' pictures as serving sees them."""
    begins = tqdm(range(0, len(rows), BATCH), desc="pictures", unit="batch", mininterval=5)
    batches = (evaluation_batch(rows[begin : begin + BATCH], side) for begin in begins)
    return torch.cat([teacher.describe(batch) for batch in batches])
