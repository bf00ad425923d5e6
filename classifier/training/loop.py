"""How a network is trained: fine-tuned on augmented views, one step after another."""

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

from classifier.card import Card
from classifier.model import build_on
from classifier.training.augment import Augmenter, random_mask, whole_views
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
# The head is new, the rest is not: it learns so many times as fast.
HEAD_FACTOR = 5
WEIGHT_DECAY = 0.05
LABEL_SMOOTHING = 0.05
# The share of batches whose views are mixed in pairs, and how evenly: mostly one of the two shows.
MIXUP_SHARE, MIXUP_BETA = 0.5, 0.3
# What a squared weight of the last layer costs where it is fitted anew.
LAST_LAYER_DECAY = 0.3
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
        learning_rate: AdamW's, at the most; the head's is larger.
        start: The model whose network it goes on from; None: the backbone.
        taught: Whether it learns from the teacher, too, and its last layer is fitted anew.
        seeds: How many networks are trained, each from a seed of its own; the model is their mean.
    """

    size: int
    stages: Sequence[tuple[int, int]]
    learning_rate: float = 3e-4
    start: str | None = None
    taught: bool = True
    seeds: int = 2


RECIPES = {
    "full": Recipe(224, ((128, 600), (176, 600))),
    # It has learned what to look for, and learns to see it small.
    "small": Recipe(112, ((96, 120), (112, 180)), learning_rate=1.5e-4, start="full"),
}


@dataclass(frozen=True)
class Lessons:
    """What a network learns from.

    Attributes:
        pictures: The photos, of which `chosen` may be looked at.
        chosen: Their positions, int64 (m,); of each label at least one.
        tokens: What the teacher sees in each of `pictures`, float32 (n, d); None without one.
    """

    pictures: Pictures
    chosen: torch.Tensor
    tokens: torch.Tensor | None = None

    def directions(self) -> torch.Tensor | None:
        """Return the tokens less the mean of those chosen, of length one: float32 (n, d)."""
        if self.tokens is None:
            return None
        return F.normalize(self.tokens - self.tokens[self.chosen].mean(0), dim=1)


def fine_tune(recipe: Recipe, backbone: str, lessons: Lessons, title: str, seed: int = 0) -> ResNet:
    """Train a network from a seed, the same each time on one machine.

    The first layers stay as they are, and so do the statistics of all batch norms: ImageNet's are
    better than those of a few hundred snow people, and half of the time is saved. With a teacher
    the features before the last layer learn to point where its tokens do, too.

    Args:
        recipe: How.
        backbone: Where it starts, as `build_on` takes it.
        lessons: What is learned.
        title: Stands before the progress bar.
        seed: Decides on its views and its first last layer.

    Returns:
        The moving average of its weights, in evaluation mode.
    """
    # With more threads, oneDNN's wait for each other at every layer, for ever when others compute
    # as well; and the sums would hang on how many there are.
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    # Half as long where the processor computes in bfloat16, and thirty times as long elsewhere.
    bfloat16 = bool(torch.cpu.get_capabilities().get("avx512_bf16"))
    network = build_on(backbone).to(memory_format=torch.channels_last).train()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()
    for part in (network.conv1, network.bn1, network.layer1):
        part.requires_grad_(False)
    pictures = lessons.pictures
    directions = lessons.directions() if recipe.taught else None
    new, pointer = list(network.fc.parameters()), None
    if directions is not None:
        pointer = nn.Linear(network.fc.in_features, directions.shape[1])
        new += pointer.parameters()
    body = [
        parameter
        for name, parameter in network.named_parameters()
        if parameter.requires_grad and not name.startswith("fc.")
    ]
    optimizer = torch.optim.AdamW(
        [
            {"params": body, "lr": recipe.learning_rate},
            {"params": new, "lr": HEAD_FACTOR * recipe.learning_rate},
        ],
        weight_decay=WEIGHT_DECAY,
        fused=True,
    )
    total = sum(steps for _, steps in recipe.stages)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, total))
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(EMA_DECAY))
    augmenter = Augmenter(pictures, lessons.chosen)
    with tqdm(total=total, desc=title, unit="step", mininterval=5) as bar:
        for size in (size for size, steps in recipe.stages for _ in range(steps)):
            views, picked = augmenter.batch(BATCH, size)
            wanted = [F.one_hot(pictures.label[picked], len(CATEGORIES)).float()]
            if directions is not None:
                wanted.append(directions[picked])
            mixed = [normalise(corrupt(views)), *wanted]
            if random_mask(1, MIXUP_SHARE):
                share = float(torch.distributions.Beta(MIXUP_BETA, MIXUP_BETA).sample())
                mixed = [share * x + (1 - share) * x.flip(0) for x in mixed]
            views, target, *direction = mixed
            with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
                features = _features(network, views.contiguous(memory_format=torch.channels_last))
                logits = network.fc(features)
            loss = F.cross_entropy(logits.float(), target, label_smoothing=LABEL_SMOOTHING)
            if pointer:
                pointed = pointer(features.float())
                loss = loss + (1 - F.cosine_similarity(pointed, direction[0])).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            average.update_parameters(network)
            bar.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
            bar.update()
    averaged: ResNet = average.module.eval()
    return averaged


def mean_of(networks: Sequence[ResNet]) -> ResNet:
    """Return the mean of networks that were fine-tuned from one start, made of the first.

    Where the start is the same and the seeds are not, they lie in one valley, and what is between
    them is better than each, at no cost when asked (Wortsman et al., 2022).
    """
    states = [network.state_dict() for network in networks]
    mean = {
        name: torch.stack([state[name] for state in states]).mean(0)
        if value.is_floating_point()
        else value
        for name, value in states[0].items()
    }
    networks[0].load_state_dict(mean)
    return networks[0]


def _features(network: ResNet, views: torch.Tensor) -> torch.Tensor:
    """Return what the last layer is given, (n, 512)."""
    body = nn.Sequential(*list(network.children())[:-1])
    features: torch.Tensor = body(views).flatten(1)
    return features


@torch.no_grad()
def fit_last_layer(network: ResNet, lessons: Lessons, size: int) -> None:
    """Fit a network's last layer anew, in place, to the pictures as serving sees them.

    In training it saw them cropped, covered, mixed. A logistic regression on the features of whole
    pictures, held near zero, tells more snow people apart, and more of them from the others.

    Args:
        network: In evaluation mode.
        lessons: What it learned from.
        size: Side of its input, in pixels.
    """
    pictures, chosen = lessons.pictures, lessons.chosen
    views = (whole_views(pictures, some, size) for some in chosen.split(EVALUATION_BATCH))
    channels_last = (normalise(v).contiguous(memory_format=torch.channels_last) for v in views)
    features = torch.cat([_features(network, view) for view in channels_last])
    mean, deviation = features.mean(0), features.std(0).clamp(min=1e-3)
    features, label = (features - mean) / deviation, pictures.label[chosen]
    weight = Augmenter(pictures, chosen).weight
    weight = weight / weight.sum()
    layer = nn.Linear(features.shape[1], len(CATEGORIES))
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    solver = torch.optim.LBFGS(layer.parameters(), max_iter=200, line_search_fn="strong_wolfe")

    @torch.enable_grad()
    def loss() -> torch.Tensor:
        """Return the mean loss, and what the weights cost, with their gradients."""
        solver.zero_grad()
        losses = F.cross_entropy(layer(features), label, reduction="none")
        total = losses @ weight + LAST_LAYER_DECAY * layer.weight.square().sum()
        total.backward()
        return total

    solver.step(loss)
    network.fc.weight.copy_(layer.weight / deviation)
    network.fc.bias.copy_(layer.bias - layer.weight @ (mean / deviation))


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
