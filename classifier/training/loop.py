"""How a network is trained: fine-tuned on augmented views, in bfloat16, one step after another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torchvision.models import ResNet
from tqdm import tqdm

from classifier.model import Card, build_on
from classifier.training.augment import Augmenter, random_mask
from classifier.training.corruptions import corrupt
from classifier.training.dataset import (
    EVALUATION_BATCH,
    Pictures,
    Row,
    batches_of,
    evaluation_batch,
)
from classifier.types import CATEGORIES

BATCH = 32
LEARNING_RATE = 3e-4
# The head is new, the rest is not.
HEAD_LEARNING_RATE = 5 * LEARNING_RATE
WEIGHT_DECAY = 0.05
LABEL_SMOOTHING = 0.05
# The share of batches whose views are mixed in pairs, and how evenly: mostly one of the two shows.
MIXUP_SHARE, MIXUP_BETA = 0.5, 0.3
# Of the moving average of the weights, a step leaves so much.
EMA_DECAY = 0.99


@dataclass(frozen=True)
class Recipe:
    """How a model is made.

    Attributes:
        size: Side of its input, in pixels.
        stages: Side of the views, in pixels, and number of batches, one pair after another. They
            are smaller than the input, which is quicker and, as things look larger in cropped
            views, no worse (Touvron et al., 2019).
    """

    size: int
    stages: Sequence[tuple[int, int]]


RECIPES = {
    "full": Recipe(224, ((128, 600), (176, 600))),
    "small": Recipe(112, ((96, 1500),)),
}


def fine_tune(
    recipe: Recipe, backbone: str, pictures: Pictures, chosen: torch.Tensor, title: str
) -> ResNet:
    """Train a network, the same each time on one machine.

    The first layers stay as they are, and so do the statistics of all batch norms: ImageNet's are
    better than those of a few hundred snow people, and half of the time is saved.

    Args:
        recipe: How.
        backbone: Where it starts, as `build_on` takes it.
        pictures: What is learned from ...
        chosen: ... and which of them, int64; of each label at least one.
        title: Stands before the progress bar.

    Returns:
        The moving average of its weights, in evaluation mode.
    """
    # With more threads, oneDNN's wait for each other at every layer, for ever when others compute
    # as well; and the sums would hang on how many there are.
    torch.set_num_threads(1)
    torch.manual_seed(0)
    network = build_on(backbone).to(memory_format=torch.channels_last).train()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()
    for part in (network.conv1, network.bn1, network.layer1):
        part.requires_grad_(False)
    head = list(network.fc.parameters())
    body = [
        parameter
        for name, parameter in network.named_parameters()
        if parameter.requires_grad and not name.startswith("fc.")
    ]
    optimizer = torch.optim.AdamW(
        [{"params": body, "lr": LEARNING_RATE}, {"params": head, "lr": HEAD_LEARNING_RATE}],
        weight_decay=WEIGHT_DECAY,
        fused=True,
    )
    total = sum(steps for _, steps in recipe.stages)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, total))
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(EMA_DECAY))
    augmenter = Augmenter(pictures, chosen)
    with tqdm(total=total, desc=title, unit="step", mininterval=5) as bar:
        for size in (size for size, steps in recipe.stages for _ in range(steps)):
            views, label = augmenter.batch(BATCH, size)
            views, target = normalise(corrupt(views)), F.one_hot(label, len(CATEGORIES)).float()
            if random_mask(1, MIXUP_SHARE):
                share = float(torch.distributions.Beta(MIXUP_BETA, MIXUP_BETA).sample())
                views, target = (share * x + (1 - share) * x.flip(0) for x in (views, target))
            with torch.autocast("cpu", torch.bfloat16):
                logits = network(views.contiguous(memory_format=torch.channels_last))
            loss = F.cross_entropy(logits.float(), target, label_smoothing=LABEL_SMOOTHING)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            average.update_parameters(network)
            bar.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
            bar.update()
    averaged: ResNet = average.module
    return averaged.eval()


def _rate(step: int, total: int) -> float:
    """Return the learning rate's factor: a short rise, then half of a cosine."""
    rise = (step + 1) / max(1, total // 20)
    return min(rise, 0.5 * (1 + math.cos(math.pi * step / total)) + 0.005)


@torch.no_grad()
def predict_logits(network: ResNet, rows: Sequence[Row], size: int) -> torch.Tensor:
    """Return the logits, float32 (n, 3), for the rows' pictures, seen as serving sees them."""
    logits = []
    for batch in batches_of(rows, EVALUATION_BATCH):
        views = normalise(evaluation_batch(batch, size))
        logits.append(network(views.contiguous(memory_format=torch.channels_last)))
    return torch.cat(logits)


def normalise(views: torch.Tensor) -> torch.Tensor:
    """Return RGB in 0..1 as the network wants it; the mean and deviation are the card's."""
    mean, std = (torch.tensor(values)[:, None, None] for values in (Card.mean, Card.std))
    return (views - mean) / std
