"""What may happen to a photo, done to training views."""

from __future__ import annotations

import pytest
import torch

from classifier.training.corruptions import (
    CLEAN_SHARE,
    COVERED_SHARE,
    TEXT_ROWS,
    corrupt,
    cover,
    draw_captions,
    frame_as_screenshot,
)


def test_corrupting_leaves_the_views_that_it_is_given_alone() -> None:
    torch.manual_seed(0)
    views = torch.rand(1000, 3, 16, 16)
    before = views.clone()
    corrupted = corrupt(views)
    assert torch.equal(views, before)
    assert float(corrupted.min()) >= 0
    assert float(corrupted.max()) <= 1
    whole = (corrupted == before).flatten(1).all(1).float().mean()
    # As they are: those kept clean that are neither framed (0.15) nor covered.
    assert whole == pytest.approx(CLEAN_SHARE * 0.85 * (1 - COVERED_SHARE), abs=0.04)


def test_covers_leave_a_part_to_be_seen() -> None:
    torch.manual_seed(0)
    views = torch.rand(400, 3, 40, 40)
    changed = (cover(views.clone()) != views).any(1).float().mean((1, 2))
    assert 0.2 < (changed > 0).float().mean() < 0.4
    assert changed.max() <= 0.6


def test_some_bars_are_written_on() -> None:
    torch.manual_seed(0)
    views = cover(torch.full((200, 3, 64, 64), 0.5))
    # Covers are of one colour each; only letters give a line many tones.
    tones = torch.tensor([max(len(line.unique()) for line in view[0]) for view in views])
    assert 0.04 < (tones > 5).float().mean() < 0.16


def test_a_phones_screen_shows_the_picture_smaller() -> None:
    torch.manual_seed(0)
    views = torch.rand(200, 3, 40, 40)
    shown = frame_as_screenshot(views.clone())
    changed = (shown != views).flatten(1).any(1)
    assert 0.08 < changed.float().mean() < 0.25
    assert (shown[changed][:, :, 0].std(2) == 0).all(), "a bar lies along its upper edge"


def test_captions_lie_in_the_rows_that_are_cut_out_of_them() -> None:
    alpha = draw_captions()[:, 3].bool()
    inside = torch.zeros(alpha.shape[1], dtype=torch.bool)
    inside[TEXT_ROWS] = True
    assert not alpha[:, ~inside].any()
    assert alpha[:, inside].flatten(1).any(1).all()
