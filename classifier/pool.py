"""Views made once and used by many networks: the folds', the small one and the full one."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn import functional as F
from tqdm import tqdm

from classifier.augment import WRITTEN, Augmenter, captions, chance, over
from classifier.dataset import FOLDS, Pictures
from classifier.teacher import Teacher

BATCH = 64


@dataclass(frozen=True)
class Pool:
    """Training views, each made of pictures of one fold only, backgrounds included.

    views: uint8, (n, 3, side, side). label: int64, (n,). fold: int64, (n,). features: float16,
    (n, 2560), what the teacher makes of each view; without one, (n, 1) of zeros, which teach
    nothing.
    """

    views: torch.Tensor
    label: torch.Tensor
    fold: torch.Tensor
    features: torch.Tensor

    @classmethod
    def make(cls, pictures: Pictures, count: int, side: int, teacher: Teacher | None) -> Pool:
        """Make about `count` views: on two cores, 27 a second with a teacher."""
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
        return cls(views, torch.cat(labels), fold_of, torch.cat(features))

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


def spoil(views: torch.Tensor) -> torch.Tensor:
    """Frame some views as a phone's screen does; cover some by a bar, written on or not, or a half.

    In place. The teacher has described them as they were before, so the network learns to see past
    this.
    """
    size = views.shape[-1]
    for row in chance(len(views), 0.15).nonzero()[:, 0].tolist():
        height, width = (int(size * float(torch.empty(1).uniform_(0.5, 0.95))) for _ in "yx")
        top, left = (size - height) // 2, (size - width) // 2
        small = F.interpolate(views[row : row + 1], size=(height, width), mode="area")[0]
        views[row] = torch.rand(3, 1, 1)
        views[row, :, : size // 8] = torch.rand(3, 1, 1)
        views[row, :, top : top + height, left : left + width] = small
    for row in chance(len(views), 0.4).nonzero()[:, 0].tolist():
        colour = torch.rand(3, 1, 1) if chance(1, 0.5) else torch.rand(1).round()
        if chance(1, 0.6):
            thick = int(torch.randint(size // 10, size // 4, ()))
            top = int(torch.randint(size - thick, ()))
            views[row, :, top : top + thick] = colour
            if chance(1, 0.7):
                _write(views[row, :, top : top + thick])
        else:
            half = [slice(0, size // 2), slice(size // 2, size)][int(torch.randint(2, ()))]
            views[(row, slice(None), half) if chance(1, 0.7) else (row, ..., half)] = colour
    return views


def _write(bar: torch.Tensor) -> None:
    """Write a line all along a bar, (3, height, width)."""
    drawn = captions()
    line = drawn[int(torch.randint(len(drawn), ())), :, WRITTEN].float()[None] / 255
    line = F.interpolate(line, size=bar.shape[1:], mode="bilinear", antialias=True)
    bar.copy_(over(bar, line)[0])
