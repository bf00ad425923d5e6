"""Numbers that say how good a model's probabilities are. Plain functions on tensors."""

from __future__ import annotations

from typing import Any

import torch

from classifier.types import CATEGORIES, NEITHER

# Bins of confidence, of equal width.
BINS = 15
# So many of the snow people may be called unfamiliar, for the sake of the pictures of neither.
MAX_SNOW_REJECTED = 0.05


def summary(
    probabilities: torch.Tensor, truth: torch.Tensor, unfamiliar_above: float
) -> dict[str, Any]:
    """Return every number below by name, and the recall of each label.

    Args:
        probabilities: float, (n, 3), in the order of Category.
        truth: int64, (n,).
        unfamiliar_above: The probability of 'neither' above which a picture is called unfamiliar,
            and its three-way answer is 'neither'.
    """
    answers = three_way(probabilities, unfamiliar_above)
    snow = truth != NEITHER
    recalls = recall(answers, truth)
    return {
        "n": len(truth),
        "n_snow": int(snow.sum()),
        "accuracy_two": accuracy_two(probabilities, truth),
        "balanced_accuracy_three": sum(recalls.values()) / len(recalls),
        "recall": recalls,
        "ece": calibration_error(probabilities, truth),
        "auroc_unfamiliar": auroc(probabilities[:, NEITHER], ~snow),
        "snow_called_unfamiliar": float((answers[snow] == NEITHER).float().mean()),
        "neither_called_unfamiliar": float((answers[~snow] == NEITHER).float().mean()),
    }


def three_way(probabilities: torch.Tensor, unfamiliar_above: float) -> torch.Tensor:
    """Return the answers, int64 (n,): neither if unfamiliar, else the likelier snow person."""
    likelier = probabilities[:, :NEITHER].argmax(1)
    return torch.where(probabilities[:, NEITHER] > unfamiliar_above, NEITHER, likelier)


def accuracy_two(probabilities: torch.Tensor, truth: torch.Tensor) -> float:
    """Return the share of the snow people whose likelier snow person is the right one."""
    snow = truth != NEITHER
    return float((probabilities[snow, :NEITHER].argmax(1) == truth[snow]).float().mean())


def recall(answers: torch.Tensor, truth: torch.Tensor) -> dict[str, float]:
    """Return for each label the share of its pictures of which it is the answer."""
    found = answers == truth
    return {
        str(label): float(found[truth == index].float().mean())
        for index, label in enumerate(CATEGORIES)
    }


def calibration_error(probabilities: torch.Tensor, truth: torch.Tensor) -> float:
    """Return the expected calibration error of the confidence in the answer.

    The answer is the likelier of the two snow people, so for a picture of neither it is wrong, and
    its confidence ought to be low. Bins are weighted by how many pictures they hold.
    """
    confidence, answer = probabilities[:, :NEITHER].max(1)
    right = (answer == truth).double()
    bin_of = (confidence * BINS).long().clamp(max=BINS - 1)
    gap = torch.zeros(BINS, dtype=torch.float64).index_add_(0, bin_of, right - confidence.double())
    return float(gap.abs().sum() / len(truth))


def auroc(score: torch.Tensor, positive: torch.Tensor) -> float:
    """Return how often a positive's score exceeds a negative's; ties count half. 0.5 is chance."""
    high, low = score[positive].double(), score[~positive].double()
    above = (high[:, None] > low).double() + 0.5 * (high[:, None] == low).double()
    return float(above.mean())


def fit_calibration(logits: torch.Tensor, truth: torch.Tensor) -> tuple[float, float]:
    """Return what to add to the logit of 'neither', and the temperature to divide logits by then.

    They make the truth the likeliest.

    Args:
        logits: float32 (n, 3), of pictures that the network was not trained on, in the shares in
            which calibration is wanted.
        truth: int64, (n,).
    """
    temperatures = torch.logspace(-0.7, 0.7, 71)
    candidates = []
    for shift in torch.linspace(-3, 4, 71).tolist():
        shifted = logits.clone()
        shifted[:, NEITHER] += shift
        scaled = (shifted / temperatures[:, None, None]).log_softmax(2)
        losses = -scaled[:, torch.arange(len(truth)), truth].mean(1)
        least = int(losses.argmin())
        candidates.append((float(losses[least]), shift, float(temperatures[least])))
    _, shift, temperature = min(candidates)
    return shift, temperature


def fit_threshold(probabilities: torch.Tensor, truth: torch.Tensor) -> float:
    """Return above which probability of 'neither' to call a picture unfamiliar.

    It is the lowest, so that most of 'neither' is caught, at which no more than MAX_SNOW_REJECTED
    of the snow people are.

    Args:
        probabilities: float, (n, 3), of pictures that the network was not trained on.
        truth: int64, (n,).
    """
    of_snow = probabilities[truth != NEITHER, NEITHER].sort(descending=True).values
    # Halfway to the next: the last one that passes must not hang on a rounding.
    allowed = int(MAX_SNOW_REJECTED * len(of_snow))
    return float(of_snow[max(0, allowed - 1) : allowed + 1].mean())
