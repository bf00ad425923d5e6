"""Learn from pictures that fooled a network: its last layer is fitted anew, the rest stays.

The objective has two parts: the new views shall get their labels, and the logits of the photos that
the network knows shall stay where they are. What is new has to be told by what the known photos
have least of, so that they lose little.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.nn import functional as F
from torchvision.models import ResNet
from tqdm import tqdm

from classifier.card import Card
from classifier.images.decode import BACKDROP
from classifier.training.augment import alpha_over, paste, random_mask, uniform
from classifier.training.dataset import (
    EVALUATION_BATCH,
    Pictures,
    Row,
    batches_of,
    evaluation_batch,
    labels_of,
)
from classifier.training.rehearsal import Body, Rehearsal
from classifier.types import CATEGORIES, NEITHER

PICTURE_SIDE = 256
# Each picture is seen whole, and so many times a little otherwise. Views as in training, cropped,
# covered and far away, teach nothing about a thing: known photos were then mistaken for it.
VIEWS = 8
# Every so many views are held back, to see whether something was learned or only kept in mind.
HELD_BACK = 5
LABEL_SMOOTHING = 0.05
# What a squared change of a known photo's logit costs, against the new views' cross-entropy ...
PULL = 1.0
# ... and a squared change of a weight, times the features' mean square, against the former.
RIDGE = 0.01
STEPS = 25


@dataclass(frozen=True)
class Views:
    """Pictures as a network's body sees them, or views of them.

    Attributes:
        features: float32, (n, 512).
        labels: int64, (n,).
    """

    features: torch.Tensor
    labels: torch.Tensor


@dataclass(frozen=True)
class Step:
    """Where learning is.

    Attributes:
        loss: The objective.
        learned: The share of the views that get their label.
        held_back: The same of the views that were held back.
        known: The share of the known photos that do, the labels weighing the same.
    """

    loss: float
    learned: float
    held_back: float
    known: float


def see_views(network: ResNet, card: Card, rows: Sequence[Row]) -> Views:
    """Look at pictures as they are, then mirrored, nearer, farther, turned, and in other light.

    Args:
        network: Whose body looks at them.
        card: The network's.
        rows: The pictures.

    Raises:
        DatasetError: One cannot be read.
    """
    torch.manual_seed(0)
    body, features = Body(network), []
    for batch in tqdm(list(batches_of(rows, EVALUATION_BATCH)), "looking at them", leave=False):
        pictures = Pictures.read(batch, PICTURE_SIDE)
        seen = [evaluation_batch(batch, card.size)]
        seen += [vary(pictures, card.size) for _ in range(VIEWS)]
        features.append(torch.stack([body.features(views) for views in seen], 1).flatten(0, 1))
    return Views(torch.cat(features), labels_of(rows).repeat_interleave(VIEWS + 1))


def vary(pictures: Pictures, size: int) -> torch.Tensor:
    """Return a view of each picture that differs a little, RGB in 0..1: (n, 3, size, size)."""
    count = len(pictures.rows)
    whole = torch.stack([pictures.aspect.clamp(max=1), (1 / pictures.aspect).clamp(max=1)], 1)
    above = paste(
        pictures.levels,
        torch.arange(count),
        centre=0.06 * torch.randn(count, 2),
        half=whole * uniform(count, 0.8, 1.25)[:, None],
        turn=math.radians(7) * torch.randn(count),
        mirrored=random_mask(count, 0.5),
        size=size,
    )
    below = (torch.tensor(BACKDROP) / 255)[:, None, None].expand(count, -1, size, size)
    light = uniform(count, 0.7, 1.35)[:, None] * uniform(3 * count, 0.93, 1.07).view(count, 3)
    return (alpha_over(below, above) * light[:, :, None, None]).clamp(0, 1)


def learn(network: ResNet, card: Card, views: Views, known: Rehearsal) -> list[Step]:
    """Fit a network's last layer, in place, so that views get their labels and known photos stay.

    Args:
        network: Whose body has seen both.
        card: Its calibration and thresholds are kept, and learned with.
        views: Of the pictures that fooled it.
        known: The photos that it knows.

    Returns:
        Where it was before, and after each step.
    """
    head = torch.cat([network.fc.weight, network.fc.bias[:, None]], 1).detach().double()
    new, old = with_one(views.features), with_one(known.features)
    held_back = torch.arange(len(new)) % HELD_BACK == HELD_BACK - 1
    count = known.labels.bincount(minlength=len(CATEGORIES)).clamp(min=1)
    weight = (1 / count / len(CATEGORIES))[known.labels].double()
    # The mean square of a change of the known photos' logits is a quadratic form of the change.
    square = (old * weight[:, None]).T @ old
    square += RIDGE * square.diagonal().mean() * torch.eye(len(square))
    # Unfamiliar is said where it is surer than even odds: without that, new views of a thing would
    # often fall short.
    threshold = torch.zeros(len(CATEGORIES), dtype=torch.float64)
    threshold[NEITHER] = torch.tensor(card.unfamiliar_above).clamp(0.01, 0.99).logit()
    change = torch.zeros_like(head, requires_grad=True)
    optimizer = torch.optim.LBFGS([change], max_iter=4, line_search_fn="strong_wolfe")

    def objective() -> torch.Tensor:
        logits = new[~held_back] @ (head + change).T / card.temperature - threshold
        label = views.labels[~held_back]
        fit = F.cross_entropy(logits, label, label_smoothing=LABEL_SMOOTHING)
        return fit + PULL * (change @ square * change).sum()

    def closure() -> float:
        optimizer.zero_grad()
        loss = objective()
        loss.backward()
        return float(loss.detach())

    @torch.no_grad()
    def step() -> Step:
        now = head + change
        right = (answers(card, new @ now.T) == views.labels).double()
        known_right = (answers(card, old @ now.T) == known.labels).double()
        return Step(
            loss=float(objective()),
            learned=float(right[~held_back].mean()),
            held_back=float(right[held_back].mean()),
            known=float(known_right @ weight),
        )

    steps = [step()]
    for _ in tqdm(range(STEPS), "learning", leave=False):
        optimizer.step(closure)
        steps.append(step())
    with torch.no_grad():
        head += change
        network.fc.weight.copy_(head[:, :-1])
        network.fc.bias.copy_(head[:, -1])
    return steps


def confusion(network: ResNet, card: Card, views: Views) -> torch.Tensor:
    """Return how many views got which answer, int64 (3, 3): a row for each label."""
    logits = views.features @ network.fc.weight.detach().T + network.fc.bias.detach()
    pairs = views.labels * len(CATEGORIES) + answers(card, logits)
    return pairs.bincount(minlength=len(CATEGORIES) ** 2).view(len(CATEGORIES), len(CATEGORIES))


def with_one(features: torch.Tensor) -> torch.Tensor:
    """Return features with a 1 behind each, in double precision: (n, 513)."""
    return F.pad(features.double(), (0, 1), value=1.0)


def answers(card: Card, logits: torch.Tensor) -> torch.Tensor:
    """Return the answer to each of some logits, (n, 3), as people get it: int64, (n,)."""
    probabilities = (logits / card.temperature).softmax(1)
    likelier = probabilities[:, :NEITHER].argmax(1)
    return torch.where(probabilities[:, NEITHER] > card.unfamiliar_above, NEITHER, likelier)
