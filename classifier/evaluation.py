"""Ask a model about labelled photos, as they are and as chats and phones make them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from tqdm import tqdm

from classifier import metrics
from classifier.dataset import Row
from classifier.distortions import DISTORTIONS, Distortion
from classifier.metrics import LABELS, NEITHER
from classifier.photo import open_photo
from classifier.predictor import Predictor
from classifier.verdict import Label

# Larger than any network's input; what a distortion does to a photo depends on its size.
PHOTO_SIDE = 384
BATCH = 32


@dataclass(frozen=True)
class Evaluation:
    """What a model said about labelled photos.

    probabilities: float32, (n, 3). truth: int64, (n,). robustness: accuracy between the two snow
        people under each distortion, by its name.
    """

    model: str
    rows: list[Row]
    probabilities: torch.Tensor
    truth: torch.Tensor
    robustness: dict[str, float]

    def numbers(self) -> dict[str, Any]:
        """Return all figures, ready for JSON."""
        everyday = torch.tensor([row.everyday for row in self.rows])
        unfamiliar = self.probabilities.argmax(1) == NEITHER
        return {
            "model": self.model,
            **metrics.summary(self.probabilities, self.truth),
            "everyday_called_unfamiliar": _mean(unfamiliar[everyday]),
            "robustness": self.robustness,
            "accuracy_by_style": self.by_style(),
        }

    def by_style(self) -> dict[str, dict[str, float]]:
        """Return for each style of snow people how many there are and how many are told apart."""
        right = self.probabilities[:, :NEITHER].argmax(1) == self.truth
        styles = sorted({row.style for row in self.rows if row.label is not Label.NEITHER})
        found = {}
        for style in styles:
            inside = torch.tensor(
                [row.style == style and row.label is not Label.NEITHER for row in self.rows]
            )
            found[style or "(none)"] = {"n": int(inside.sum()), "accuracy": _mean(right[inside])}
        return found


def evaluate(predictor: Predictor, rows: Sequence[Row], *, quiet: bool = False) -> Evaluation:
    """Ask the model about every photo, as it is and under every distortion."""
    truth = torch.tensor([LABELS.index(row.label) for row in rows])
    snow = [row for row in rows if row.label is not Label.NEITHER]
    with tqdm(
        total=len(rows) + len(DISTORTIONS) * len(snow), unit="photo", disable=quiet, leave=False
    ) as progress:
        probabilities = ask(predictor, rows, None, progress)
        robustness = {}
        for name, distortion in DISTORTIONS.items():
            progress.set_description(name.replace("_", " "))
            answers = ask(predictor, snow, distortion, progress)
            robustness[name] = metrics.accuracy_two(answers, truth[truth != NEITHER])
    return Evaluation(predictor.card.name, list(rows), probabilities, truth, robustness)


def ask(
    predictor: Predictor, rows: Sequence[Row], distortion: Distortion | None, progress: Any
) -> torch.Tensor:
    """Return the probabilities, (n, 3), for the rows' photos, seen as serving sees them."""
    answers = []
    for begin in range(0, len(rows), BATCH):
        views = []
        for row in rows[begin : begin + BATCH]:
            photo = open_photo(row.path.read_bytes(), PHOTO_SIDE)
            views.append(predictor.view(distortion(photo) if distortion else photo))
            progress.update()
        answers.append(predictor.probabilities(torch.stack(views)))
    return torch.cat(answers)


def _mean(flags: torch.Tensor) -> float:
    return float(flags.float().mean()) if len(flags) else float("nan")
