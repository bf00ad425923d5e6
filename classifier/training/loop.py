"""How a network is trained: stage after stage of views, and then a head fitted to the pictures."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel
from torchvision.models import ResNet
from tqdm import tqdm

from classifier.model import Card, pooled_features
from classifier.training.augment import random_mask
from classifier.training.corruptions import STRONG, corrupt
from classifier.training.dataset import (
    EVALUATION_BATCH,
    Row,
    batches_of,
    evaluation_batch,
    labels_of,
)
from classifier.training.linear_probe import fit_linear_probe
from classifier.training.small_convs import use_matmul_convs
from classifier.training.views import BATCH, TrainingViews

WEIGHT_DECAY = 0.05
LABEL_SMOOTHING = 0.02
# The share of views that are corrupted, anew each time they are seen.
CORRUPTED_SHARE = 0.6
# The share of batches whose views are mixed in pairs.
MIXUP_SHARE = 0.3
# What agreement with the teacher's features weighs against the labels.
FEATURE_LOSS_WEIGHT = 5.0
# The head is fitted to the categories in these shares, and so smoothly.
HEAD_BALANCE = (0.29, 0.29, 0.42)
HEAD_RIDGE = 0.05
# So many times each picture is corrupted for the head: how, is left to chance, and once would show.
HEAD_CORRUPTED_COPIES = 3


@dataclass(frozen=True)
class Stage:
    """A part of a training, with views of one size.

    Attributes:
        size: Side of the views, in pixels.
        steps: How many batches of views.
        learning_rate: Where it peaks.
        ema_rate: The share of the moving average of the weights that a step renews at least; the
            average is what comes out.
    """

    size: int
    steps: int
    learning_rate: float
    ema_rate: float = 0.005


def train_stage(
    network: ResNet,
    projection: nn.Linear,
    training_views: TrainingViews,
    target: torch.Tensor,
    chosen: torch.Tensor,
    stage: Stage,
    title: str,
) -> tuple[ResNet, nn.Linear]:
    """Train copies of a student network and its projection.

    Args:
        network: The student.
        projection: From the student's pooled features to the teacher's; trained along.
        training_views: What is learned from.
        target: The probabilities, (n, 3), that the student is to give each view.
        chosen: The positions of the views to train on, int64.
        stage: How.
        title: For the progress bar.

    Returns:
        The moving average of the student's weights, and the projection.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    average = AveragedModel(
        network, device, multi_avg_fn=moving_average(stage.ema_rate), use_buffers=True
    )
    network = copy.deepcopy(network).to(device, memory_format=torch.channels_last).train()
    if device.type == "cpu":
        use_matmul_convs(network)
    projection = copy.deepcopy(projection).to(device)
    parameters = [*network.parameters(), *projection.parameters()]
    optimizer = torch.optim.AdamW(parameters, weight_decay=WEIGHT_DECAY, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, stage.learning_rate, total_steps=stage.steps, pct_start=0.1
    )
    epochs = 1 + stage.steps * BATCH // len(chosen)
    order = torch.cat([chosen[torch.randperm(len(chosen))] for _ in range(epochs)])
    with tqdm(range(stage.steps), desc=title, unit="step", mininterval=5) as bar:
        for step in bar:
            picked = order[step * BATCH : (step + 1) * BATCH]
            views = training_views.batch(picked, stage.size)
            some = random_mask(len(views), CORRUPTED_SHARE)
            views[some] = corrupt(views[some])
            views = normalise(views)
            truth = target[picked].to(device)
            teacher_features = training_views.teacher_features[picked].float().to(device)
            if random_mask(1, MIXUP_SHARE):
                share = float(torch.distributions.Beta(0.4, 0.4).sample())
                views, truth, teacher_features = (
                    share * value + (1 - share) * value.flip(0)
                    for value in (views, truth, teacher_features)
                )
            with torch.autocast(device.type, torch.bfloat16):
                views = views.to(device, memory_format=torch.channels_last)
                features = pooled_features(network, views)
                logits, projected = network.fc(features), projection(features)
            loss = F.cross_entropy(logits.float(), truth, label_smoothing=LABEL_SMOOTHING)
            distance = 1 - F.cosine_similarity(projected.float(), teacher_features)
            loss = loss + FEATURE_LOSS_WEIGHT * distance.mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            average.update_parameters(network)
            bar.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
    averaged: ResNet = average.module
    return averaged.cpu().eval(), projection.cpu()


Tensors = tuple[torch.Tensor, ...] | list[torch.Tensor]


def moving_average(rate: float) -> Callable[[Tensors, Tensors, torch.Tensor | int], None]:
    """Return how AveragedModel moves its average: exponentially, but evenly at first.

    Args:
        rate: The share of the average that a step renews at least; the first steps renew more, so
            that the weights it began with are soon forgotten.
    """

    @torch.no_grad()
    def update(averages: Tensors, values: Tensors, updates: torch.Tensor | int) -> None:
        share = max(rate, 1 / (int(updates) + 1))
        for average, value in zip(averages, values, strict=True):
            if average.is_floating_point():
                average.lerp_(value, share)
            else:  # how many batches a batch norm has seen
                average.copy_(value)

    return update


@torch.no_grad()
def fit_head(network: ResNet, rows: Sequence[Row], target: torch.Tensor, size: int) -> None:
    """Fit the last layer anew, in place: a linear probe of the other layers.

    It is fitted to the pictures as they are, mirrored, and well corrupted. Views are what the other
    layers learn from; but of things that are neither, which are many and unlike each other, each
    view shows one, and what people send is no view.

    Args:
        network: In evaluation mode.
        rows: The pictures.
        target: The probabilities that it is to give each, float32 (n, 3).
        size: Side of the network's input, in pixels.
    """
    found = []
    for batch in batches_of(rows, BATCH):
        views = evaluation_batch(batch, size)
        corrupted = (corrupt(views, STRONG) for _ in range(HEAD_CORRUPTED_COPIES))
        versions = (views, views.flip(3), *corrupted)
        with torch.autocast("cpu", torch.bfloat16):
            found.append(torch.stack([pooled_features(network, normalise(v)) for v in versions]))
    features = torch.cat(found, 1).flatten(0, 1).float()
    weight = balanced_weights(labels_of(rows)).repeat(len(versions))
    with torch.enable_grad():
        layer = fit_linear_probe(features, target.repeat(len(versions), 1), weight, HEAD_RIDGE)
    network.fc.weight.copy_(layer.weight)
    network.fc.bias.copy_(layer.bias)


def balanced_weights(label: torch.Tensor) -> torch.Tensor:
    """Return what each of (n,) labels is to weigh, for HEAD_BALANCE between the three."""
    count = label.bincount(minlength=len(HEAD_BALANCE)).clamp(min=1)
    return (torch.tensor(HEAD_BALANCE) / count)[label]


@torch.no_grad()
def predict_logits(network: ResNet, rows: Sequence[Row], size: int) -> torch.Tensor:
    """Return the logits, (n, 3), for the rows' pictures, seen as serving sees them."""
    logits = []
    for batch in batches_of(rows, EVALUATION_BATCH):
        views = normalise(evaluation_batch(batch, size))
        logits.append(network(views.contiguous(memory_format=torch.channels_last)))
    return torch.cat(logits)


def normalise(views: torch.Tensor) -> torch.Tensor:
    """Return RGB in 0..1 as the network wants it; the mean and deviation are the card's."""
    mean, std = (torch.tensor(values)[:, None, None] for values in (Card.mean, Card.std))
    return (views - mean) / std
