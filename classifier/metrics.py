"""Numbers that say how good a model's probabilities are. Plain functions on tensors."""

from __future__ import annotations

from typing import Any

import torch

from classifier.verdict import Label

LABELS = tuple(Label)
NEITHER = LABELS.index(Label.NEITHER)


def summary(probabilities: torch.Tensor, truth: torch.Tensor) -> dict[str, Any]:
    """Return every number below by name, and the recall of each label.

    probabilities: float, (n, 3), in the order of Label. truth: int64, (n,).
    """
    snow = truth != NEITHER
    recalls = recall(probabilities, truth)
    return {
        "n": len(truth),
        "n_snow": int(snow.sum()),
        "accuracy_two": accuracy_two(probabilities, truth),
        "balanced_accuracy_three": sum(recalls.values()) / len(recalls),
        "recall": recalls,
        "ece": calibration_error(probabilities, truth),
        "auroc_unfamiliar": auroc(probabilities[:, NEITHER], ~snow),
        "snow_called_unfamiliar": float((probabilities[snow].argmax(1) == NEITHER).float().mean()),
    }


def accuracy_two(probabilities: torch.Tensor, truth: torch.Tensor) -> float:
    """Return the share of the snow people whose likelier snow person is the right one."""
    snow = truth != NEITHER
    return float((probabilities[snow, :NEITHER].argmax(1) == truth[snow]).float().mean())


def recall(probabilities: torch.Tensor, truth: torch.Tensor) -> dict[str, float]:
    """Return for each label the share of its pictures for which it is the likeliest."""
    found = probabilities.argmax(1) == truth
    return {
        str(label): float(found[truth == index].float().mean())
        for index, label in enumerate(LABELS)
    }


def calibration_error(probabilities: torch.Tensor, truth: torch.Tensor, bins: int = 15) -> float:
    """Return the expected calibration error of the confidence in the answer.

    The answer is the likelier of the two snow people, so for a picture of neither it is wrong, and
    its confidence ought to be low. Bins of equal width, weighted by how many pictures they hold.
    """
    confidence, answer = probabilities[:, :NEITHER].max(1)
    right = (answer == truth).double()
    bin_of = (confidence * bins).long().clamp(max=bins - 1)
    gap = torch.zeros(bins, dtype=torch.float64).index_add_(0, bin_of, right - confidence.double())
    return float(gap.abs().sum() / len(truth))


def auroc(score: torch.Tensor, positive: torch.Tensor) -> float:
    """Return how often a positive's score exceeds a negative's; ties count half. 0.5 is chance."""
    high, low = score[positive].double(), score[~positive].double()
    above = (high[:, None] > low).double() + 0.5 * (high[:, None] == low).double()
    return float(above.mean())


def fit_temperature(logits: torch.Tensor, truth: torch.Tensor) -> float:
    """Return the temperature (0.2 to 5) whose probabilities are the likeliest for the truth.

    The logits, (n, 3), must be those of pictures that the network was not trained on.
    """
    candidates = torch.logspace(-0.7, 0.7, 141)
    losses = [
        float(torch.nn.functional.cross_entropy(logits / value, truth)) for value in candidates
    ]
    return float(candidates[int(torch.tensor(losses).argmin())])
