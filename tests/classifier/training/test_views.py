"""The views that all networks of a run learn from."""

from __future__ import annotations

from pathlib import Path

import torch

from classifier.training.dataset import FOLDS, Pictures, evaluation_batch, read_folder
from classifier.training.views import TrainingViews
from tests.classifier.training.fake_teachers import MeanColourTeacher, UnevenTeacher


def test_the_pictures_themselves_have_features_in_their_order(photos: Path) -> None:
    rows = read_folder(photos)
    views = TrainingViews.make(
        Pictures.read(rows, 64), count=320, side=48, teacher=MeanColourTeacher()
    )
    assert views.rows == rows
    torch.testing.assert_close(
        views.picture_features, evaluation_batch(rows, 48).mean((2, 3)).half()
    )


def test_no_feature_of_the_teacher_weighs_more_than_another(photos: Path) -> None:
    pictures = Pictures.read(read_folder(photos), 64)
    views = TrainingViews.make(pictures, count=320, side=48, teacher=UnevenTeacher())
    features = views.teacher_features.float()
    torch.testing.assert_close(features.mean(0), torch.zeros(3), atol=1e-2, rtol=0)
    assert float(features.std(0).min()) > 0.5
    assert float(features.std(0).max()) <= 1
    seen = views.images.float().mean((2, 3))
    assert torch.corrcoef(torch.stack([features[:, 0], seen[:, 0]]))[0, 1] > 0.99


def test_a_fold_is_made_of_its_own_pictures(photos: Path) -> None:
    rows = read_folder(photos)
    pictures = Pictures.read(rows, 64)
    for level in pictures.levels:
        for row, pixels in zip(rows, level, strict=True):
            pixels[3] = 255
            pixels[:3] = 255 if row.fold == 2 else 0
    views = TrainingViews.make(pictures, count=320, side=32, teacher=None)
    assert views.fold.bincount().tolist() == [64] * FOLDS
    bright = views.images.float().mean((1, 2, 3))
    assert bright[views.fold == 2].mean() > bright[views.fold != 2].mean() + 50
