"""Metrics, and the calibration that is fitted to answers."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from classifier.card import Card
from classifier.evaluation import metrics
from classifier.types import NEITHER

CARD = Card("a model", 64, sure_pair=0.8, sure_label=0.6)


def test_metrics_of_a_known_table() -> None:
    probabilities = torch.tensor(
        [[0.8, 0.1, 0.1], [0.3, 0.4, 0.3], [0.1, 0.6, 0.3], [0.1, 0.2, 0.7], [0.7, 0.1, 0.2]]
    )
    truth = torch.tensor([0, 0, 1, 2, 2])
    numbers = metrics.summary(probabilities, truth, CARD)
    assert numbers["accuracy_two"] == pytest.approx(2 / 3)
    # 'neither' is the answer above one half only: the second Olaf is taken for a yeti.
    assert numbers["balanced_accuracy_three"] == pytest.approx((0.5 + 1 + 0.5) / 3)
    # Between the two the answers have 8/9, 4/7 and 6/7; the one with 4/7 is wrong, and so near to
    # the others that none shares its bin.
    assert numbers["ece_pair"] == pytest.approx((1 / 9 + 4 / 7 + 1 / 7) / 3)
    # Two pictures of neither have 0.7 and 0.2; the snow people have 0.1, 0.3 and 0.3.
    assert numbers["ece_unfamiliar"] == pytest.approx((0.1 + 0.6 + 0.3 + 0.8) / 5)
    assert numbers["auroc_unfamiliar"] == pytest.approx((3 + 1) / 6)
    # Sure are the first, the third and the last, which shows neither.
    assert numbers["snow_sure"] == pytest.approx(2 / 3)
    assert numbers["sure_and_right"] == pytest.approx(2 / 3)


def test_reliability_has_a_row_for_each_bin_with_pictures() -> None:
    confidence, right = torch.tensor([0.5, 0.51, 0.99]), torch.tensor([True, False, True])
    assert metrics.reliability(confidence, right) == [
        {"n": 2, "confidence": pytest.approx(0.505), "right": 0.5},
        {"n": 1, "confidence": pytest.approx(0.99), "right": 1.0},
    ]


def test_calibration_softens_what_is_too_sure() -> None:
    truth = torch.tensor([0, 1, 2, 0, 1, 2, 0, 1, 2, 0])
    logits = 8.0 * torch.nn.functional.one_hot(truth, 3).float()
    logits[:3] = logits[:3].roll(1, 1)
    assert metrics.fit_temperature(logits, truth) > 1


def test_the_temperature_of_the_two_is_fitted_on_them_alone() -> None:
    torch.manual_seed(0)
    truth = torch.arange(600) % 3
    logits = 2 * torch.nn.functional.one_hot(truth, 3) + torch.randn(600, 3)
    found = metrics.fit_pair_temperature(logits, truth)
    # Differences of -2 or 2 with a variance of 2 make their double the logarithm of the odds.
    assert found == pytest.approx(0.5, abs=0.1)
    misleading = logits.clone()
    misleading[truth == NEITHER] = torch.tensor([50.0, -50.0, 0.0])
    misleading[:, NEITHER] = 9
    assert metrics.fit_pair_temperature(misleading, truth) == found


def test_a_few_pictures_without_a_mistake_do_not_make_a_network_infallible() -> None:
    truth = torch.tensor([0, 1] * 20)
    logits = 3.0 * torch.nn.functional.one_hot(truth, 3)
    temperature = metrics.fit_pair_temperature(logits, truth)
    confidence = float((torch.tensor([3.0, 0.0]) / temperature).softmax(0)[0])
    assert confidence == pytest.approx(1 - 0.5 / 41, abs=0.002)


def test_the_temperature_does_not_hang_on_how_many_others_a_folder_has() -> None:
    torch.manual_seed(0)
    truth = torch.arange(600) % 3
    logits = torch.nn.functional.one_hot(truth, 3) + torch.randn(600, 3)
    others = truth == NEITHER
    more = torch.cat([logits, *[logits[others]] * 5]), torch.cat([truth, *[truth[others]] * 5])
    assert metrics.fit_temperature(*more) == metrics.fit_temperature(logits, truth)


def test_of_sure_answers_nearly_all_are_right() -> None:
    torch.manual_seed(0)
    truth = torch.arange(900) % 3
    logits = 4 * torch.nn.functional.one_hot(truth, 3) + 2.5 * torch.randn(900, 3)
    probabilities = logits.softmax(1)
    card = metrics.fit_sure(CARD, probabilities, truth)
    numbers = metrics.summary(probabilities, truth, card)
    assert numbers["sure_and_right"] >= metrics.MIN_SURE_RIGHT
    assert numbers["snow_sure"] > 0.2
    assert card.sure_label > 0.6, "the lowest bounds would not do for these"


def test_a_model_that_guesses_is_never_sure() -> None:
    probabilities = torch.tensor([[0.9, 0.05, 0.05]]).expand(30, 3)
    card = metrics.fit_sure(CARD, probabilities, torch.arange(30) % 3)
    assert not card.sure(probabilities).any()


def test_one_in_ten_snow_people_is_called_unfamiliar_at_the_most() -> None:
    torch.manual_seed(0)
    truth = torch.tensor([0, 1, 2, 2] * 50)
    probabilities = (torch.nn.functional.one_hot(truth, 3) + torch.randn(200, 3)).softmax(1)
    above = metrics.fit_threshold(probabilities, truth)
    numbers = metrics.summary(probabilities, truth, replace(CARD, unfamiliar_above=above))
    assert numbers["snow_called_unfamiliar"] == pytest.approx(0.1)
    lower = metrics.summary(probabilities, truth, replace(CARD, unfamiliar_above=above - 0.02))
    assert lower["snow_called_unfamiliar"] > 0.1
