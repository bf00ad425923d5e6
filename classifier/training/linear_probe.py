"""A linear layer fitted to frozen features: for the teacher's soft labels, and as a head."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from classifier.types import CATEGORIES


def fit_linear_probe(
    features: torch.Tensor, target: torch.Tensor, weight: torch.Tensor, ridge: float
) -> nn.Linear:
    """Return the layer that tells the target from the features best, by logistic regression.

    Args:
        features: float32, (n, width).
        target: Labels, int64 (n,), or probabilities, float32 (n, 3).
        weight: What each counts, (n,).
        ridge: The weight decay, which keeps it from fitting each by itself; it acts on features of
            the same spread.
    """
    mean, deviation = features.mean(0), features.std(0) + 1e-3
    scaled = (features - mean) / deviation
    layer = nn.Linear(features.shape[1], len(CATEGORIES))
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
