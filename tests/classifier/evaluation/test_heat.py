"""Whether heat maps say the truth, where it is known."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from PIL import Image

from classifier.card import Card
from classifier.evaluation.heat import WIDTHS, deletion, lay, share_inside
from classifier.inference.engines import Array
from classifier.inference.engines.pytorch import TorchEngine
from classifier.inference.predictor import Predictor
from classifier.model import build, weights_of
from tests.support.pictures import cut_out


def test_the_hottest_half_of_the_heat_is_weighed_by_how_hot_it_is() -> None:
    heat = torch.tensor([[4.0, 2.0], [1.0, 1.0]])
    # Half of the heat, 4 of 8, is in the first cell; three quarters in the first two.
    assert share_inside(heat, torch.tensor([[0.0, 1.0], [1.0, 1.0]]), 0.5) == 0
    assert share_inside(heat, torch.tensor([[1.0, 0.0], [0.0, 0.0]]), 0.5) == 1
    assert share_inside(heat, torch.tensor([[1.0, 0.0], [0.0, 0.0]]), 0.75) == pytest.approx(2 / 3)


def test_figures_are_laid_on_a_sixth_to_three_quarters_of_the_width() -> None:
    chance = random.Random(0)
    widths = set()
    for size in ((384, 200), (200, 384), (384, 384)):
        for _ in range(20):
            scene = Image.new("RGB", size, "black")
            covered, width = lay(scene, cut_out((90, 120)), chance)
            widths.add(width)
            assert covered.shape == (size[1], size[0])
            lit = torch.tensor(list(scene.convert("L").get_flattened_data())).view(covered.shape)
            assert bool(((lit > 128) == (covered > 0.5)).float().mean() > 0.99)
    assert WIDTHS[0] * 0.4 < min(widths) < 0.25  # in a wide picture a tall figure is small
    assert 0.6 < max(widths) < WIDTHS[1] + 0.02


class Redness(TorchEngine):
    """What sees only how red a picture is."""

    def features(self, views: Array) -> Array:
        red = (views[:, 0] - views[:, 1]).mean((1, 2))
        return np.outer(red, np.eye(512, dtype=np.float32)[0])


def test_what_the_answer_rests_on_is_missed_when_it_is_covered() -> None:
    network = build()
    with torch.no_grad():
        network.fc.weight.zero_()[0, 0] = 20  # the redder, the surer that it is Olaf
        network.fc.bias.zero_()
    card = Card("red", 64, mean=(0.0,) * 3, std=(1.0,) * 3)
    predictor = Predictor(Redness(network), weights_of(network, card))
    scene = Image.new("RGB", (100, 100), "white")
    scene.paste("red", (0, 0, 40, 50))
    hottest = torch.zeros(100, 100, dtype=torch.bool)
    hottest[:50, :40] = True
    lost, elsewhere = deletion(predictor, 0, scene, hottest, random.Random(0))
    assert lost > elsewhere > 0
    lost, elsewhere = deletion(predictor, 0, scene, ~hottest, random.Random(0))
    assert lost < elsewhere
