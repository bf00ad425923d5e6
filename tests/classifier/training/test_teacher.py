"""The teacher and its soft labels."""

from __future__ import annotations

import sys

import pytest
import torch

from classifier import train
from classifier.training.teacher import soft_labels


def test_without_its_packages_there_is_no_teacher(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "efficientnet_lite_pytorch", None)
    assert train.load_teacher() is None
    assert "pip install" in capsys.readouterr().err


def test_soft_labels_of_new_views_follow_the_features() -> None:
    torch.manual_seed(0)
    label = torch.arange(300) % 3
    features = torch.nn.functional.one_hot(label, 3) + 0.3 * torch.randn(300, 3)
    soft = soft_labels(features, label, torch.arange(150), torch.ones(150), 0.03)
    assert (soft[150:].argmax(1) == label[150:]).float().mean() > 0.9
    torch.testing.assert_close(soft.sum(1), torch.ones(300))


def test_soft_labels_do_not_depend_on_labels_that_were_not_chosen() -> None:
    torch.manual_seed(0)
    features, label, chosen = torch.randn(60, 4), torch.arange(60) % 3, torch.arange(40)
    soft = soft_labels(features, label, chosen, torch.ones(40), 0.03)
    others = torch.cat([label[:40], label[40:].roll(1)])
    assert torch.equal(soft, soft_labels(features, others, chosen, torch.ones(40), 0.03))
