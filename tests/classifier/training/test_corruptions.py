"""What may happen to a photo, done to training views."""

from __future__ import annotations

import pytest
import torch

from classifier.training.corruptions import (
    CLEAN_SHARE,
    MILD,
    STRONG,
    TEXT_ROWS,
    corrupt,
    cover,
    draw_captions,
    frame_as_screenshot,
    jitter_colours,
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
    # As they are: those kept clean that are neither framed (0.15) nor covered (0.45).
    assert whole == pytest.approx(CLEAN_SHARE * 0.85 * 0.55, abs=0.02)


def test_strong_corruption_is_lighter_and_covers_more() -> None:
    grey = torch.full((400, 3, 16, 16), 0.3)
    found = []
    for strength in (MILD, STRONG):
        torch.manual_seed(0)
        lightness = float(jitter_colours(grey, strength.light).mean())
        touched = int((cover(grey.clone(), strength) != grey).flatten(1).any(1).sum())
        found.append((lightness, touched))
    assert found[0][0] < found[1][0]
    assert 0 < found[0][1] < found[1][1] < len(grey)


def test_covers_leave_a_part_to_be_seen() -> None:
    torch.manual_seed(0)
    views = torch.rand(400, 3, 40, 40)
    changed = (cover(views.clone()) != views).any(1).float().mean((1, 2))
    assert 0.35 < (changed > 0).float().mean() < 0.6
    assert changed.max() <= 0.6


def test_some_bars_are_written_on() -> None:
    torch.manual_seed(0)
    views = cover(torch.full((200, 3, 64, 64), 0.5))
    # Covers are of one colour each; only letters give a line many tones.
    tones = torch.tensor([max(len(line.unique()) for line in view[0]) for view in views])
    assert 0.1 < (tones > 5).float().mean() < 0.25


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
