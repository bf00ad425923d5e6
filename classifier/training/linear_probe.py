"""A linear layer fitted in one go: for the teacher's opinion, and as a network's last layer."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from classifier.types import Category


def fit_linear_probe(
    features: torch.Tensor, target: torch.Tensor, weight: torch.Tensor, ridge: float
) -> nn.Linear:
    """Return the layer that tells the target from the features best, by logistic regression.

    features: float32, (n, width). target: labels, int64 (n,), or probabilities, float32 (n, 3).
    weight: (n,), what each counts. ridge: keeps it from knowing them by heart; it acts on features
    of the same spread.
    """
    mean, deviation = features.mean(0), features.std(0) + 1e-3
    scaled = (features - mean) / deviation
    layer = nn.Linear(features.shape[1], len(Category))
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    optimizer = torch.optim.LBFGS(layer.parameters(), max_iter=60, line_search_fn="strong_wolfe")
    share = weight / weight.sum()

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        value = F.cross_entropy(layer(scaled), target, reduction="none") @ share
        value = value + ridge * layer.weight.square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    with torch.no_grad():
        layer.weight /= deviation
        layer.bias.sub_(layer.weight @ mean)
    return layer.requires_grad_(False)
