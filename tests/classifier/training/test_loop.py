"""Fine-tuning a network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torchvision.models import ResNet

from classifier.model import build, build_on
from classifier.training.augment import whole_views
from classifier.training.dataset import Pictures, evaluation_batch, read_folder
from classifier.training.loop import (
    Lessons,
    Recipe,
    fine_tune,
    fit_last_layer,
    normalise,
    predict_logits,
)

pytestmark = pytest.mark.slow

TWO_STEPS = Recipe(32, ((32, 1), (40, 1)))


def trained(backbone: str, lessons: Lessons) -> ResNet:
    """Return what two steps make of a backbone."""
    return fine_tune(TWO_STEPS, backbone, lessons, "")


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


@pytest.fixture
def lessons(pictures: Pictures) -> Lessons:
    """All of the pictures, each with a teacher's token."""
    count = len(pictures.rows)
    tokens = torch.randn(count, 6, generator=torch.Generator().manual_seed(2))
    return Lessons(pictures, torch.arange(count), tokens)


def test_a_network_is_the_same_each_time_and_not_the_one_it_began_as(
    lessons: Lessons, backbone: str
) -> None:
    one, other = (trained(backbone, lessons) for _ in range(2))
    for name, value in one.state_dict().items():
        assert torch.equal(value, other.state_dict()[name]), name
    assert not one.training
    start = build_on(backbone).state_dict()
    changed = {n for n, v in one.state_dict().items() if "fc" not in n and not v.equal(start[n])}
    assert "layer4.1.conv2.weight" in changed


def test_the_first_layers_and_the_statistics_of_batch_norms_stay(
    lessons: Lessons, backbone: str
) -> None:
    network = trained(backbone, lessons)
    start = build_on(backbone).state_dict()
    for name, value in network.state_dict().items():
        if name.startswith(("conv1", "bn1", "layer1")) or "running" in name:
            assert torch.equal(value, start[name]), name


def test_pictures_that_were_not_chosen_leave_no_trace(lessons: Lessons, backbone: str) -> None:
    rows = lessons.pictures.rows
    some = replace(lessons, chosen=lessons.pictures.index(row.fold > 0 for row in rows))
    one = trained(backbone, some)
    others = lessons.pictures.index(row.fold == 0 for row in rows)
    for level in lessons.pictures.levels:
        level[others] = 128
    assert lessons.tokens is not None
    lessons.tokens[others] = 9
    assert torch.equal(one.fc.weight, trained(backbone, some).fc.weight)


def test_what_the_teacher_sees_changes_what_is_learned(lessons: Lessons, backbone: str) -> None:
    alone, taught = (trained(backbone, some) for some in (replace(lessons, tokens=None), lessons))
    assert not torch.equal(alone.layer4[1].conv2.weight, taught.layer4[1].conv2.weight)


def test_the_last_layer_is_fitted_to_the_chosen_pictures_as_they_are(
    pictures: Pictures, backbone: str
) -> None:
    chosen = pictures.index(row.fold > 0 for row in pictures.rows)
    network = build_on(backbone).eval()
    fit_last_layer(network, Lessons(pictures, chosen), 64)
    with torch.no_grad():
        answers = network(normalise(whole_views(pictures, chosen, 64))).argmax(1)
    assert (answers == pictures.label[chosen]).float().mean() > 0.5
    other = build_on(backbone).eval()
    for level in pictures.levels:
        level[pictures.index(row.fold == 0 for row in pictures.rows)] = 128
    fit_last_layer(other, Lessons(pictures, chosen), 64)
    assert torch.equal(network.fc.weight, other.fc.weight)


def test_logits_are_those_of_what_serving_sees(photos: Path) -> None:
    rows = read_folder(photos)
    network = build().eval()
    nn.init.normal_(network.fc.weight)
    with torch.no_grad():
        expected = network(normalise(evaluation_batch(rows, 32)))
    torch.testing.assert_close(predict_logits(network, rows, 32), expected, atol=1e-3, rtol=1e-3)
