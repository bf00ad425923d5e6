"""Numbers that say how good a model's probabilities are. Plain functions on tensors."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch.nn import functional as F

from classifier.card import Card
from classifier.types import CATEGORIES, NEITHER

# Bins of confidence, of equal width.
BINS = 15
# So many of the snow people may be called unfamiliar, for the sake of the pictures of neither. This
# is twice what is wanted of people's photos: those of a fold of other sources are harder.
MAX_SNOW_REJECTED = 0.1
# So many of the sure answers must be right, and the bounds that are tried for it.
MIN_SURE_RIGHT = 0.95
SURE_LABELS = (0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98)
SURE_PAIRS = (0.9, 0.95, 0.98)
TEMPERATURES = torch.logspace(-1, 0.7, 171)


def summary(probabilities: torch.Tensor, truth: torch.Tensor, card: Card) -> dict[str, Any]:
    """Return every number below by name, and the recall of each label.

    Args:
        probabilities: float, (n, 3), in the order of Category.
        truth: int64, (n,).
        card: Its bounds and temperatures are used.
    """
    answers = three_way(probabilities, card.unfamiliar_above)
    snow = truth != NEITHER
    recalls = recall(answers, truth)
    sure = torch.from_numpy(card.sure(probabilities))
    right = probabilities[:, :NEITHER].argmax(1) == truth
    return {
        "n": len(truth),
        "n_snow": int(snow.sum()),
        "accuracy_two": accuracy_two(probabilities, truth),
        "balanced_accuracy_three": sum(recalls.values()) / len(recalls),
        "recall": recalls,
        "auroc_unfamiliar": auroc(probabilities[:, NEITHER], ~snow),
        "snow_called_unfamiliar": float((answers[snow] == NEITHER).float().mean()),
        "neither_called_unfamiliar": float((answers[~snow] == NEITHER).float().mean()),
        "ece_pair": calibration_error(*pair_confidence(probabilities, truth, card)),
        "ece_unfamiliar": calibration_error(probabilities[:, NEITHER], ~snow),
        "snow_sure": float(sure[snow].float().mean()),
        "neither_sure": float(sure[~snow].float().mean()),
        "sure_and_right": float(right[sure].float().mean()) if sure.any() else 1.0,
    }


def pair_confidence(
    probabilities: torch.Tensor, truth: torch.Tensor, card: Card
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the shown confidence in each snow person's answer, and whether that was right."""
    snow = truth != NEITHER
    confidence, answer = torch.from_numpy(card.pair_probabilities(probabilities[snow])).max(1)
    return confidence, answer == truth[snow]


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


def calibration_error(
    confidence: torch.Tensor, right: torch.Tensor, weight: torch.Tensor | None = None
) -> float:
    """Return the expected calibration error: how far confidence is from how often it was right.

    Args:
        confidence: float, (n,), 0 to 1.
        right: bool, (n,). Bins are weighted by how many pictures they hold.
        weight: How much each picture counts, float (n,), in all 1; the same if left out.
    """
    bin_of = (confidence * BINS).long().clamp(max=BINS - 1)
    gap = torch.zeros(BINS, dtype=torch.float64)
    if weight is None:
        weight = torch.full((len(right),), 1 / max(1, len(right)), dtype=torch.float64)
    gap.index_add_(0, bin_of, (right.double() - confidence.double()) * weight.double())
    return float(gap.abs().sum())


def reliability(confidence: torch.Tensor, right: torch.Tensor) -> list[dict[str, float]]:
    """Return for each bin that holds pictures: n, their mean confidence, the share right."""
    bin_of = (confidence * BINS).long().clamp(max=BINS - 1)
    return [
        {
            "n": int(inside.sum()),
            "confidence": float(confidence[inside].mean()),
            "right": float(right[inside].float().mean()),
        }
        for inside in (bin_of == number for number in range(BINS))
        if inside.any()
    ]


def auroc(score: torch.Tensor, positive: torch.Tensor) -> float:
    """Return how often a positive's score exceeds a negative's; ties count half. 0.5 is chance."""
    high, low = score[positive].double(), score[~positive].double()
    above = (high[:, None] > low).double() + 0.5 * (high[:, None] == low).double()
    return float(above.mean())


def fit_temperature(logits: torch.Tensor, truth: torch.Tensor) -> float:
    """Return the temperature that makes the truth the likeliest, snow people and others alike.

    The two halves weigh the same, however many of each there are: that is how photos are drawn in
    training, and nearer to what people send to this bot than a folder of mostly others.

    Args:
        logits: float32 (n, k), of pictures that the network was not trained on.
        truth: int64, (n,).
    """
    neither = truth == NEITHER
    weight = torch.where(neither, 1 / neither.sum(), 1 / (~neither).sum())
    scaled = (logits / TEMPERATURES[:, None, None]).log_softmax(2)
    losses = -(scaled[:, torch.arange(len(truth)), truth] * weight).sum(1)
    return float(TEMPERATURES[losses.argmin()])


def fit_pair_temperature(logits: torch.Tensor, truth: torch.Tensor) -> float:
    """Return the temperature for the two snow people alone, fitted on pictures of them.

    One more than these is supposed to be half wrong, so that a network that tells all of a few
    pictures apart is not taken for one that never errs.

    Args:
        logits: float32 (n, 3), of pictures that the network was not trained on.
        truth: int64, (n,).
    """
    snow = truth != NEITHER
    logits, truth = logits[snow][:, :NEITHER], truth[snow]
    wrong = 0.5 / (len(truth) + 1)
    target = F.one_hot(truth, NEITHER) * (1 - 2 * wrong) + wrong
    scaled = (logits / TEMPERATURES[:, None, None]).log_softmax(2)
    return float(TEMPERATURES[(scaled * target).sum(2).mean(1).argmax()])


def fit_threshold(
    probabilities: torch.Tensor, truth: torch.Tensor, share: float = MAX_SNOW_REJECTED
) -> float:
    """Return above which probability of 'neither' to call a picture unfamiliar.

    It is the lowest, so that most of 'neither' is caught, at which no more than a share of the snow
    people are.

    Args:
        probabilities: float, (n, 3), of pictures that the network was not trained on.
        truth: int64, (n,).
        share: How many of the snow people may be called unfamiliar, 0 to 1.
    """
    of_snow = probabilities[truth != NEITHER, NEITHER].sort(descending=True).values
    # Halfway to the next: the last one that passes must not hang on a rounding.
    allowed = int(share * len(of_snow))
    return float(of_snow[max(0, allowed - 1) : allowed + 1].mean())


def fit_sure(card: Card, probabilities: torch.Tensor, truth: torch.Tensor) -> Card:
    """Return a card with the lowest bounds at which nearly all sure answers are right.

    An answer for a picture of neither is wrong. The three labels weigh the same, however many
    pictures there are of each.

    Args:
        card: With its temperatures.
        probabilities: float, (n, 3), of pictures that the network was not trained on.
        truth: int64, (n,).
    """
    right = (probabilities[:, :NEITHER].argmax(1) == truth).float()
    weight = (1 / truth.bincount(minlength=NEITHER + 1))[truth]
    for sure_label in SURE_LABELS:
        for sure_pair in SURE_PAIRS:
            bounded = replace(card, sure_label=sure_label, sure_pair=sure_pair)
            sure = torch.from_numpy(bounded.sure(probabilities))
            if (
                sure.any()
                and float(right[sure] @ weight[sure] / weight[sure].sum()) >= MIN_SURE_RIGHT
            ):
                return bounded
    return replace(card, sure_label=1.0, sure_pair=1.0)
