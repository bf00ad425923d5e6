"""What is learned from, made once for many networks: the folds', the small one, the full one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.nn import functional as F
from tqdm import tqdm

from classifier.training.augment import Augmenter
from classifier.training.dataset import FOLDS, Pictures, Row, batches_of, evaluation_batch
from classifier.training.teacher import Teacher

BATCH = 64


@dataclass(frozen=True)
class TrainingViews:
    """Augmented views, each made of pictures of one fold only, backgrounds included; the pictures.

    Attributes:
        images: The n views, uint8, (n, 3, side, side).
        label: Of each view, int64, (n,).
        fold: Of each view, int64, (n,).
        teacher_features: The teacher's of each view, float16, (n, 2560), of mean 0 and deviation 1;
            without a teacher, (n, 1) of zeros, from which nothing is learned.
        rows: The m pictures.
        picture_features: The teacher's of each picture as it is, float16, (m, 2560), in their own
            scale; zeros without a teacher.
    """

    images: torch.Tensor
    label: torch.Tensor
    fold: torch.Tensor
    teacher_features: torch.Tensor
    rows: list[Row]
    picture_features: torch.Tensor

    @classmethod
    def make(
        cls, pictures: Pictures, count: int, side: int, teacher: Teacher | None
    ) -> TrainingViews:
        """Make views: on two cores, about 40 a second with a teacher.

        Args:
            pictures: At least one of each fold.
            count: About how many views.
            side: Theirs, in pixels.
            teacher: Sees each view before it is corrupted.
        """
        batches = max(1, count // (FOLDS * BATCH))
        images = torch.empty(FOLDS * batches * BATCH, 3, side, side, dtype=torch.uint8)
        labels, found = [], []
        bar = tqdm(total=len(images), desc="views", unit="view", mininterval=5)
        for fold in range(FOLDS):
            torch.manual_seed(fold)
            inside = pictures.index(row.fold == fold for row in pictures.rows)
            augmenter = Augmenter(pictures, inside)
            for _ in range(batches):
                views, label = augmenter.batch(BATCH, side)
                images[bar.n : bar.n + BATCH] = (views * 255).round()
                labels.append(label)
                found.append(teacher.features(views) if teacher else torch.zeros(BATCH, 1))
                bar.update(BATCH)
        bar.close()
        fold_of = torch.arange(FOLDS).repeat_interleave(batches * BATCH)
        features = torch.cat(found).float()
        # So that no feature weighs more than another when the network learns to agree with them.
        features = (features - features.mean(0)) / (features.std(0) + 0.05)
        rows = pictures.rows
        plain = _picture_features(rows, side, teacher) if teacher else torch.zeros(len(rows), 1)
        return cls(images, torch.cat(labels), fold_of, features.half(), rows, plain)

    @property
    def has_teacher(self) -> bool:
        """Whether there are features of a teacher."""
        return self.teacher_features.shape[1] > 1

    def batch(self, picked: torch.Tensor, size: int) -> torch.Tensor:
        """Return the picked views as RGB in 0..1, (n, 3, size, size), half of them mirrored."""
        views = self.images[picked]
        if size != views.shape[-1]:  # as bytes: several times as fast
            views = F.interpolate(views, size=size, mode="bilinear", antialias=True)
        views = views.float() / 255
        mirrored = (torch.rand(len(picked)) < 0.5)[:, None, None, None]
        return torch.where(mirrored, views.flip(3), views)


def _picture_features(rows: Sequence[Row], side: int, teacher: Teacher) -> torch.Tensor:
    """Return the teacher's features of the rows' pictures as serving sees them."""
    batches = tqdm(list(batches_of(rows, BATCH)), desc="pictures", unit="batch", mininterval=5)
    return torch.cat([teacher.features(evaluation_batch(batch, side)) for batch in batches])
