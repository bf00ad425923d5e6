"""Views, augmented from pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from classifier.training.augment import Augmenter
from classifier.training.dataset import Pictures, read_folder


def test_pictures_that_are_held_out_leave_no_trace(photos: Path) -> None:
    rows = read_folder(photos)
    pictures = Pictures.read(rows, 64)
    inside = pictures.index(row.fold != 0 for row in rows)
    outside = pictures.index(row.fold == 0 for row in rows)
    levels = [level.clone() for level in pictures.levels]
    for level in levels:
        level[outside] = 255
    changed = replace(pictures, levels=tuple(levels), aspect=pictures.aspect.clone())
    changed.aspect[outside] = 7
    batches = []
    for version in (pictures, changed):
        torch.manual_seed(0)
        batches.append(Augmenter(version, inside).batch(200, 32))
    assert torch.equal(batches[0][0], batches[1][0])
    assert torch.equal(batches[0][1], batches[1][1])


def test_views_are_pictures_of_every_label(photos: Path) -> None:
    pictures = Pictures.read(read_folder(photos), 64)
    torch.manual_seed(0)
    views, labels = Augmenter(pictures, torch.arange(len(pictures.rows))).batch(64, 48)
    assert views.shape == (64, 3, 48, 48)
    assert float(views.min()) >= 0
    assert float(views.max()) <= 1
    assert set(labels.tolist()) == {0, 1, 2}
