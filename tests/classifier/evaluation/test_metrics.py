"""Metrics, and the calibration that is fitted to answers."""

from __future__ import annotations

import pytest
import torch

from classifier.evaluation import metrics


def test_metrics_of_a_known_table() -> None:
    probabilities = torch.tensor(
        [[0.8, 0.1, 0.1], [0.3, 0.4, 0.3], [0.1, 0.6, 0.3], [0.1, 0.2, 0.7], [0.5, 0.2, 0.3]]
    )
    truth = torch.tensor([0, 0, 1, 2, 2])
    numbers = metrics.summary(probabilities, truth, unfamiliar_above=0.5)
    assert numbers["accuracy_two"] == pytest.approx(2 / 3)
    # 'neither' is the answer above one half only: the second Olaf is taken for a yeti.
    assert numbers["balanced_accuracy_three"] == pytest.approx((0.5 + 1 + 0.5) / 3)
    # Olaf at 0.8 and the yeti at 0.6 are right; 0.4, 0.2 and 0.5 are not.
    assert numbers["ece"] == pytest.approx((0.2 + 0.4 + 0.4 + 0.2 + 0.5) / 5)
    assert numbers["auroc_unfamiliar"] == pytest.approx((3 + 2 * 0.5 + 1) / 6)


def test_calibration_softens_what_is_too_sure() -> None:
    truth = torch.tensor([0, 1, 2, 0, 1, 2, 0, 1, 2, 0])
    logits = 8.0 * torch.nn.functional.one_hot(truth, 3).float()
    logits[:3] = logits[:3].roll(1, 1)
    assert metrics.fit_calibration(logits, truth)[1] > 1


def test_calibration_finds_the_shares_of_the_pictures_it_is_fitted_to() -> None:
    torch.manual_seed(0)
    for neither in (100, 1000):
        truth = torch.tensor([0] * 100 + [1] * 100 + [2] * neither)
        logits = torch.nn.functional.one_hot(truth, 3) + torch.randn(len(truth), 3)
        shift, temperature = metrics.fit_calibration(logits, truth)
        logits[:, 2] += shift
        probabilities = (logits / temperature).softmax(1)
        share = neither / len(truth)
        assert float(probabilities[:, 2].mean()) == pytest.approx(share, abs=0.03)


def test_one_in_twenty_snow_people_is_called_unfamiliar_at_the_most() -> None:
    torch.manual_seed(0)
    truth = torch.tensor([0, 1, 2, 2] * 50)
    probabilities = (torch.nn.functional.one_hot(truth, 3) + torch.randn(200, 3)).softmax(1)
    above = metrics.fit_threshold(probabilities, truth)
    numbers = metrics.summary(probabilities, truth, above)
    assert numbers["snow_called_unfamiliar"] == pytest.approx(0.05)
    lower = metrics.summary(probabilities, truth, above - 0.02)
    assert lower["snow_called_unfamiliar"] > 0.05
