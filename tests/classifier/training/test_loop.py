"""Training a student network, and fitting its head."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from classifier.model import build, pooled_features
from classifier.training import loop
from classifier.training.corruptions import STRONG
from classifier.training.dataset import Pictures, Row, evaluation_batch, labels_of, read_folder
from classifier.training.loop import (
    Stage,
    fit_head,
    moving_average,
    normalise,
    predict_logits,
    train_stage,
)
from classifier.training.small_convs import MatmulConv2d, use_matmul_convs
from classifier.training.views import BATCH, TrainingViews
from classifier.types import CATEGORIES

if TYPE_CHECKING:  # where it is run, the package has to be imported first
    from torchvision.models import ResNet

pytestmark = pytest.mark.slow


def few_views(photos: Path) -> TrainingViews:
    pictures = Pictures.read(read_folder(photos), 64)
    return TrainingViews.make(pictures, count=320, side=48, teacher=None)


def train_briefly(views: TrainingViews, network: ResNet) -> ResNet:
    torch.manual_seed(0)
    projection = nn.Linear(network.fc.in_features, views.teacher_features.shape[1])
    target = nn.functional.one_hot(views.label, 3).float()
    chosen, before = torch.arange(len(views.label)), projection.weight.clone()
    stage = Stage(32, 2, 1e-3)
    student, trained = train_stage(network, projection, views, target, chosen, stage, "")
    assert torch.equal(projection.weight, before)
    assert not torch.equal(trained.weight, before)
    return student


def test_training_leaves_the_network_it_began_with_alone(photos: Path) -> None:
    network = build()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    trained = train_briefly(few_views(photos), network)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert not torch.equal(trained.conv1.weight, network.conv1.weight)
    assert not any(isinstance(layer, MatmulConv2d) for layer in trained.modules())


def test_more_than_half_of_the_views_are_corrupted(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    views = few_views(photos)
    views.images.fill_(100)
    monkeypatch.setattr(loop, "corrupt", lambda given: given + 1)
    monkeypatch.setattr(loop, "MIXUP_SHARE", 0)
    network, brightness = build(), []
    network.conv1.register_forward_pre_hook(
        lambda _, given: brightness.extend(given[0].mean((1, 2, 3)).tolist())
    )
    train_briefly(views, network)
    assert len(brightness) == 2 * BATCH
    corrupted = sum(seen > 3 for seen in brightness)
    assert BATCH < corrupted < 2 * BATCH


def test_the_moving_average_is_an_even_one_at_first_and_then_forgets_at_its_rate() -> None:
    network = nn.BatchNorm1d(1)
    average = AveragedModel(network, multi_avg_fn=moving_average(0.25), use_buffers=True)
    assert network.running_mean is not None
    assert network.num_batches_tracked is not None
    found = []
    for value in (4.0, 8.0, 0.0, 4.0, 8.0):
        network.running_mean.fill_(value)
        network.num_batches_tracked.fill_(int(value))
        average.update_parameters(network)
        found.append(float(average.module.get_buffer("running_mean")))
    assert found == pytest.approx([4, 6, 4, 4, 5])
    assert int(average.module.get_buffer("num_batches_tracked")) == 8


@pytest.mark.parametrize("side", [32, 50, 112])
def test_a_matrix_product_is_the_same_convolution(side: int) -> None:
    torch.manual_seed(0)
    views = torch.rand(3, 3, side, side)
    plain = build().train()
    quick = use_matmul_convs(copy.deepcopy(plain))
    assert sum(isinstance(layer, MatmulConv2d) for layer in quick.modules()) == 4
    names = [
        [name for name, _ in (*network.named_parameters(), *network.named_buffers())]
        for network in (plain, quick)
    ]
    assert names[0] == names[1], "the average is taken in this order"
    found = [pooled_features(network, views) for network in (plain, quick)]
    torch.testing.assert_close(found[1], found[0], atol=1e-4, rtol=1e-4)
    for features in found:
        features.square().sum().backward()
    for one, other in zip(plain.layer4.parameters(), quick.layer4.parameters(), strict=True):
        scale = float(one.grad.abs().max())
        torch.testing.assert_close(other.grad, one.grad, atol=1e-3 * scale, rtol=1e-3)


def certain(rows: list[Row]) -> torch.Tensor:
    return nn.functional.one_hot(labels_of(rows), len(CATEGORIES)).float()


def test_the_head_is_fitted_to_its_target(photos: Path) -> None:
    rows = read_folder(photos)
    torch.manual_seed(0)
    network = build().eval()
    unsure = torch.full((len(rows), 3), 1 / 3)
    fit_head(network, rows, unsure, 48)
    torch.testing.assert_close(
        predict_logits(network, rows, 48).softmax(1), unsure, atol=0.02, rtol=0
    )
    fit_head(network, rows, certain(rows).roll(1, 1), 48)
    wrong = (predict_logits(network, rows, 48).argmax(1) - labels_of(rows)) % 3 == 1
    assert wrong.float().mean() > 0.5


def test_fitting_the_head_changes_the_last_layer_alone(photos: Path) -> None:
    rows = read_folder(photos)
    torch.manual_seed(0)
    network = build().eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    fit_head(network, rows, certain(rows), 48)
    changed = {n for n, value in network.state_dict().items() if not torch.equal(value, before[n])}
    assert changed == {"fc.weight", "fc.bias"}
    answers = predict_logits(network, rows, 48).argmax(1)
    assert (answers == labels_of(rows)).float().mean() > 0.5, "it was fitted to these very pictures"


def test_the_head_is_fitted_to_corrupted_pictures_too(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        loop, "corrupt", lambda views, strength: 1 - views if strength is STRONG else views
    )
    rows = read_folder(photos)
    torch.manual_seed(0)
    network = build().eval()
    fit_head(network, rows, certain(rows), 48)
    with torch.no_grad():
        answers = network(normalise(1 - evaluation_batch(rows, 48))).argmax(1)
    assert (answers == labels_of(rows)).float().mean() > 0.5
