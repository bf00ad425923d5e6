"""Fine-tuning a network."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from classifier.model import build, build_on
from classifier.training.dataset import Pictures, evaluation_batch, read_folder
from classifier.training.loop import Recipe, fine_tune, normalise, predict_logits

pytestmark = pytest.mark.slow

TWO_STEPS = Recipe(32, ((32, 1), (40, 1)))


@pytest.fixture
def backbone(tmp_path: Path) -> str:
    """The file of a resnet18 of random weights."""
    torch.manual_seed(1)
    path = tmp_path / "backbone.safetensors"
    save_file({n: value for n, value in build().state_dict().items() if "fc" not in n}, path)
    return str(path)


@pytest.fixture
def pictures(photos: Path) -> Pictures:
    return Pictures.read(read_folder(photos), 64)


def test_a_network_is_the_same_each_time_and_not_the_one_it_began_as(
    pictures: Pictures, backbone: str
) -> None:
    chosen = torch.arange(len(pictures.rows))
    one, other = (fine_tune(TWO_STEPS, backbone, pictures, chosen, "") for _ in range(2))
    for name, value in one.state_dict().items():
        assert torch.equal(value, other.state_dict()[name]), name
    assert not one.training
    start = build_on(backbone).state_dict()
    changed = {n for n, v in one.state_dict().items() if "fc" not in n and not v.equal(start[n])}
    assert "layer4.1.conv2.weight" in changed


def test_the_first_layers_and_the_statistics_of_batch_norms_stay(
    pictures: Pictures, backbone: str
) -> None:
    network = fine_tune(TWO_STEPS, backbone, pictures, torch.arange(len(pictures.rows)), "")
    start = build_on(backbone).state_dict()
    for name, value in network.state_dict().items():
        if name.startswith(("conv1", "bn1", "layer1")) or "running" in name:
            assert torch.equal(value, start[name]), name


def test_pictures_that_were_not_chosen_leave_no_trace(pictures: Pictures, backbone: str) -> None:
    chosen = pictures.index(row.fold > 0 for row in pictures.rows)
    one = fine_tune(TWO_STEPS, backbone, pictures, chosen, "")
    for level in pictures.levels:
        level[pictures.index(row.fold == 0 for row in pictures.rows)] = 128
    other = fine_tune(TWO_STEPS, backbone, pictures, chosen, "")
    assert torch.equal(one.fc.weight, other.fc.weight)


def test_logits_are_those_of_what_serving_sees(photos: Path) -> None:
    rows = read_folder(photos)
    network = build().eval()
    nn.init.normal_(network.fc.weight)
    with torch.no_grad():
        expected = network(normalise(evaluation_batch(rows, 32)))
    torch.testing.assert_close(predict_logits(network, rows, 32), expected, atol=1e-3, rtol=1e-3)
