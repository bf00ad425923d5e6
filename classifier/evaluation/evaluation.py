"""Evaluate models on labelled photos, as they are and as chats and phones make them."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np
import torch
from PIL import Image
from tqdm import tqdm

from classifier.card import Card
from classifier.evaluation import metrics
from classifier.evaluation.distortions import DISTORTIONS, NOT_JUDGED, Distortion
from classifier.evaluation.heat import heat_on_figures
from classifier.inference.predictor import Predictor
from classifier.training.dataset import (
    EVALUATION_BATCH,
    Row,
    batches_of,
    decode_row,
    labels_of,
)
from classifier.types import CATEGORIES, NEITHER, Category

# Larger than any network's input; what a distortion does to a photo depends on its size.
PHOTO_SIDE = 384
# Distorted are all snow people, and so many others: each distortion takes as long as the photos.
DISTORTED_OTHERS = 200
# So many snow people are doubted where models are compared, whatever their cards' thresholds are.
COMPARED_AT = 0.05
# A style of fewer pictures says nothing about a model.
MIN_STYLE = 5


@dataclass(frozen=True)
class Evaluation:
    """What a model predicted for labelled photos, or several, each for its share of them.

    Attributes:
        card: The model's; that of all of them.
        rows: The n photos.
        probabilities: float32, (n, 3).
        truth: int64, (n,).
        distorted: float32, (m, 3), for the photos of `chosen` under each distortion, by its name.
        chosen: int64, (m,).
        heat: What heat_on_figures returns.
        by_folds: Whether each fold was judged by a network of its own.
    """

    card: Card
    rows: list[Row]
    probabilities: torch.Tensor
    truth: torch.Tensor
    distorted: Mapping[str, torch.Tensor] = field(default_factory=dict)
    chosen: torch.Tensor = field(default_factory=lambda: torch.tensor([], dtype=torch.int64))
    heat: Mapping[str, float] = field(default_factory=dict)
    by_folds: bool = False

    def numbers(self) -> dict[str, Any]:
        """Return all figures, ready for JSON."""
        robustness = self.robustness()
        return {
            "model": self.card.name,
            "size": self.card.size,
            **metrics.summary(self.probabilities, self.truth, self.card),
            **self.at(self.card.unfamiliar_above),
            "compared": self.at(self.compared_threshold()),
            "ece_unfamiliar_halved": self._ece_unfamiliar_halved(),
            "robustness": robustness,
            "lost_at_worst": _lost_at_worst(robustness),
            "by_style": self.by_style(),
            "worst_style": self.worst_style(),
            "by_fold": self.by_fold(),
            "heat": dict(self.heat),
            "reliability": {
                "pair": metrics.reliability(*self.pair_confidence()),
                "unfamiliar": metrics.reliability(*self.unfamiliar_confidence()),
            },
        }

    def at(self, unfamiliar_above: float) -> dict[str, float]:
        """Return the figures that hang on the threshold of `unfamiliar`."""
        answers = metrics.three_way(self.probabilities, unfamiliar_above)
        unfamiliar, snow = answers == NEITHER, self.truth != NEITHER
        everyday = torch.tensor([row.everyday for row in self.rows])
        recalls = metrics.recall(answers, self.truth)
        return {
            "unfamiliar_above": unfamiliar_above,
            "balanced_accuracy_three": sum(recalls.values()) / len(recalls),
            "snow_called_unfamiliar": _mean(unfamiliar[snow]),
            "everyday_called_unfamiliar": _mean(unfamiliar[everyday]),
            "look_alikes_called_unfamiliar": _mean(unfamiliar[~snow & ~everyday]),
        }

    def compared_threshold(self) -> float:
        """Return the threshold at which COMPARED_AT of these snow people are doubted."""
        return metrics.fit_threshold(self.probabilities, self.truth, COMPARED_AT)

    def answers(self) -> torch.Tensor:
        """Return the answer for each photo, neither included: int64, (n,)."""
        return metrics.three_way(self.probabilities, self.card.unfamiliar_above)

    def pair_confidence(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the confidence shown for each snow person, and whether the answer is right."""
        return metrics.pair_confidence(self.probabilities, self.truth, self.card)

    def unfamiliar_confidence(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the probability of neither for each photo, and whether it shows neither."""
        return self.probabilities[:, NEITHER], self.truth == NEITHER

    def robustness(self) -> dict[str, dict[str, float]]:
        """Return what is right of the chosen photos as they are, and under each distortion.

        Between the two (`two`) and, balanced, of all three (`three`).
        """
        if not self.distorted:
            return {}
        truth = self.truth[self.chosen]
        found = {}
        for name, of in {"undistorted": self.probabilities[self.chosen], **self.distorted}.items():
            answers = metrics.three_way(of, self.card.unfamiliar_above)
            found[name] = {
                "two": metrics.accuracy_two(of, truth),
                "three": _mean(torch.tensor(list(metrics.recall(answers, truth).values()))),
            }
        return found

    def by_style(self) -> dict[str, dict[str, float]]:
        """Return for each label and style how many pictures there are and how many are right.

        `right` are snow people that are told apart, and others called unfamiliar; `named` those
        with the right one of all three answers.
        """
        two_way = self.probabilities[:, :NEITHER].argmax(1)
        named = self.answers() == self.truth
        right = torch.where(self.truth == NEITHER, named, two_way == self.truth)
        found: dict[str, list[int]] = defaultdict(list)
        for index, row in enumerate(self.rows):
            found[f"{row.label} {row.style or '(none)'}"].append(index)
        return {
            name: {"n": len(of), "right": _mean(right[of]), "named": _mean(named[of])}
            for name, of in sorted(found.items())
        }

    def worst_style(self) -> dict[str, Any]:
        """Return the snow people's style of which least are told apart; nothing of few pictures."""
        styles = [
            {"style": name, **of}
            for name, of in self.by_style().items()
            if of["n"] >= MIN_STYLE and not name.startswith(Category.NEITHER)
        ]
        return min(styles, key=lambda of: (of["right"], of["named"]), default={})

    def by_fold(self) -> dict[str, dict[str, float]]:
        """Return for each fold what decides between recipes; nothing if it is one network's."""
        folds = sorted({row.fold for row in self.rows}) if self.by_folds else []
        return {f"fold {fold}": self._of_fold(fold) for fold in folds}

    def _of_fold(self, fold: int) -> dict[str, float]:
        inside = [index for index, row in enumerate(self.rows) if row.fold == fold]
        rows = [self.rows[index] for index in inside]
        part = Evaluation(self.card, rows, self.probabilities[inside], self.truth[inside])
        found = metrics.summary(part.probabilities, part.truth, self.card)
        names = ("n", "n_snow", "accuracy_two", "auroc_unfamiliar", "ece_pair", "ece_unfamiliar")
        return {**{name: found[name] for name in names}, **part.at(self.card.unfamiliar_above)}

    def _ece_unfamiliar_halved(self) -> float:
        """Return the calibration error of neither, were half of the photos of snow people.

        So the card's temperature is fitted; a folder has many more others.
        """
        confidence, neither = self.unfamiliar_confidence()
        parts = torch.stack([neither, ~neither]).float()
        weight = (parts / parts.sum(1, keepdim=True).clamp(min=1)).sum(0) / 2
        return metrics.calibration_error(confidence, neither, weight)

    def answer_lines(self) -> Iterator[str]:
        """Yield a JSON object for each photo: what it is, and what was answered."""
        two_way = self.card.pair_probabilities(self.probabilities).max(1)
        unfamiliar = self.probabilities[:, NEITHER] > self.card.unfamiliar_above
        sure = self.card.sure(self.probabilities)
        for index, row in enumerate(self.rows):
            probabilities = zip(CATEGORIES, self.probabilities[index].tolist(), strict=True)
            answer = {
                "truth": str(row.label),
                "probabilities": {str(name): round(value, 6) for name, value in probabilities},
                "confidence": round(float(two_way[index]), 6),
                "unfamiliar": bool(unfamiliar[index]),
                "sure": bool(sure[index]),
                "style": row.style,
            }
            yield json.dumps(answer)


def evaluate(
    parts: Sequence[tuple[Predictor, Sequence[Row]]],
    *,
    by_folds: bool = False,
    plainly: bool = False,
    quiet: bool = False,
) -> Evaluation:
    """Evaluate each model on its photos, as they are and under every distortion.

    Args:
        parts: One model and all photos; or a model for each fold, with the photos it never saw.
        by_folds: Whether it is the latter.
        plainly: Whether photos are looked at as they are alone, without distortions and heat maps.
        quiet: Whether no progress is shown.

    Raises:
        DatasetError: A photo cannot be read.
    """
    rows = [row for _, its in parts for row in its]
    distortions = {} if plainly else DISTORTIONS
    chosen = _choose(rows) if distortions else []
    total = len(rows) + len(distortions) * len(chosen)
    with tqdm(total=total, unit="photo", disable=quiet, leave=False) as progress:
        answered: list[torch.Tensor] = []
        distorted: dict[str, list[torch.Tensor]] = defaultdict(list)
        begin = 0
        for predictor, its in parts:
            mine = [rows[index] for index in chosen if begin <= index < begin + len(its)]
            begin += len(its)
            answered += _predict(predictor, its, {"": None}, progress)[""]
            for name, of in _predict(predictor, mine, distortions, progress).items():
                distorted[name] += of
    return Evaluation(
        parts[0][0].card,
        rows,
        torch.cat(answered),
        labels_of(rows),
        {name: torch.cat(of) for name, of in distorted.items()},
        torch.tensor(chosen, dtype=torch.int64),
        {} if plainly else heat_on_figures(parts),
        by_folds,
    )


def _choose(rows: Sequence[Row]) -> list[int]:
    """Return which photos are distorted: all snow people and DISTORTED_OTHERS others, in order."""
    others = [index for index, row in enumerate(rows) if row.label is Category.NEITHER]
    kept = random.Random(0).sample(others, min(DISTORTED_OTHERS, len(others)))
    snow = [index for index, row in enumerate(rows) if row.label is not Category.NEITHER]
    return sorted(snow + kept)


def _predict(
    predictor: Predictor,
    rows: Sequence[Row],
    distortions: Mapping[str, Distortion | None],
    progress: tqdm[NoReturn],
) -> dict[str, list[torch.Tensor]]:
    """Return the probabilities, (n, 3) in batches, of photos seen as serving sees them."""
    found: dict[str, list[torch.Tensor]] = defaultdict(list)
    for batch in batches_of(rows, EVALUATION_BATCH):
        photos = [decode_row(row, PHOTO_SIDE) for row in batch]
        for name, distortion in distortions.items():
            seen: list[Image.Image] = [distortion(p) for p in photos] if distortion else photos
            views = np.stack([predictor.view(photo) for photo in seen])
            found[name].append(torch.from_numpy(predictor.probabilities(views)))
            progress.update(len(batch))
    return found


def _lost_at_worst(robustness: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    """Return under which distortion most is lost between the two, and how much."""
    lost = {
        name: robustness["undistorted"]["two"] - of["two"]
        for name, of in robustness.items()
        if name not in ("undistorted", *NOT_JUDGED)
    }
    worst = max(lost, key=lost.__getitem__, default=None)
    return {} if worst is None else {"distortion": worst, "two": lost[worst]}


def _mean(values: torch.Tensor) -> float:
    return float(values.float().mean()) if len(values) else float("nan")
