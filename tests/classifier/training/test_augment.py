"""Views, augmented from pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from classifier.training.augment import Augmenter, whole_views
from classifier.training.dataset import Pictures, evaluation_batch, read_folder


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
    views, picked = Augmenter(pictures, torch.arange(len(pictures.rows))).batch(64, 48)
    assert views.shape == (64, 3, 48, 48)
    assert float(views.min()) >= 0
    assert float(views.max()) <= 1
    assert set(pictures.label[picked].tolist()) == {0, 1, 2}


def test_cut_outs_are_laid_over_everyday_pictures_of_the_chosen(photos: Path) -> None:
    rows = read_folder(photos)
    pictures = Pictures.read(rows, 64)
    levels = [torch.zeros_like(level) for level in pictures.levels]
    for level in levels:
        for row, pixels in zip(rows, level, strict=True):
            if row.everyday:
                pixels[[1, 3]] = 255  # green; cut-outs are invisible, all else is black
            elif not pictures.cut_out[rows.index(row)]:
                pixels[3] = 255
    torch.manual_seed(0)
    some = pictures.index(not row.everyday or row.fold > 0 for row in rows)
    augmenter = Augmenter(replace(pictures, levels=tuple(levels)), some)
    augmenter.weight = pictures.cut_out[some].float()
    views, _ = augmenter.batch(400, 16)
    colour = views.mean((2, 3))  # but for the edges
    green = (colour[:, 1] > 0.8) & (colour[:, ::2].amax(1) < 0.01)
    assert 0.55 < green.float().mean() < 0.75


def test_half_of_the_pictures_are_shown_whole(photos: Path) -> None:
    rows = read_folder(photos)
    pictures = Pictures.read(rows, 64)
    levels = [torch.zeros_like(level) for level in pictures.levels]
    for level in levels:
        level[:, 3] = 255
    chosen = pictures.index(not cut_out for cut_out in pictures.cut_out.tolist())
    wide = replace(pictures, levels=tuple(levels), aspect=torch.full((len(rows),), 3.0))
    torch.manual_seed(0)
    views, _ = Augmenter(wide, chosen).batch(600, 48)
    # A picture three times as wide as high covers a third of its view when it is shown whole, all
    # of it when cropped, and still less when small.
    black = (views.amax(1) < 0.02).float().mean((1, 2))
    assert 0.4 < ((black > 0.2) & (black < 0.6)).float().mean() < 0.75
    assert 0.2 < (black > 0.9).float().mean() < 0.5


def test_whole_views_are_those_of_serving(photos: Path) -> None:
    rows = read_folder(photos)
    views = whole_views(Pictures.read(rows, 128), torch.arange(len(rows)), 64)
    assert (views - evaluation_batch(rows, 64)).abs().mean() < 0.03
