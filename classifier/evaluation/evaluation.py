"""Evaluate models on labelled photos, as they are and as chats and phones make them."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import torch
from PIL import Image
from torch.nn import functional as F
from torchvision.transforms.v2.functional import pil_to_tensor
from tqdm import tqdm

from classifier.evaluation import metrics
from classifier.evaluation.distortions import DISTORTIONS, Distortion
from classifier.inference.predictor import Predictor
from classifier.model import Card
from classifier.training.dataset import (
    EVALUATION_BATCH,
    Row,
    batches_of,
    decode_row,
    decode_with_alpha,
    labels_of,
)
from classifier.types import NEITHER, Category

# Larger than any network's input; what a distortion does to a photo depends on its size.
PHOTO_SIDE = 384


@dataclass(frozen=True)
class Evaluation:
    """What a model predicted for labelled photos, or several, each for its share of them.

    Attributes:
        card: The model's; that of all of them.
        rows: The n photos.
        probabilities: float32, (n, 3).
        truth: int64, (n,).
        robustness: Accuracy between the two snow people under each distortion, by its name.
        heat: What heat_on_figures returns.
    """

    card: Card
    rows: list[Row]
    probabilities: torch.Tensor
    truth: torch.Tensor
    robustness: dict[str, float]
    heat: dict[str, float]

    def numbers(self) -> dict[str, Any]:
        """Return all figures, ready for JSON."""
        everyday = torch.tensor([row.everyday for row in self.rows])
        unfamiliar = self.answers() == NEITHER
        look_alike = (self.truth == NEITHER) & ~everyday
        return {
            "model": self.card.name,
            **metrics.summary(self.probabilities, self.truth, self.card),
            "everyday_called_unfamiliar": _mean(unfamiliar[everyday]),
            "look_alikes_called_unfamiliar": _mean(unfamiliar[look_alike]),
            "robustness": self.robustness,
            "heat": self.heat,
            "by_style": self.by_style(),
            "reliability": {
                "pair": metrics.reliability(*self.pair_confidence()),
                "unfamiliar": metrics.reliability(*self.unfamiliar_confidence()),
            },
        }

    def answers(self) -> torch.Tensor:
        """Return the answer for each photo, neither included: int64, (n,)."""
        return metrics.three_way(self.probabilities, self.card.unfamiliar_above)

    def pair_confidence(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the confidence shown for each snow person, and whether the answer is right."""
        return metrics.pair_confidence(self.probabilities, self.truth, self.card)

    def unfamiliar_confidence(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the probability of neither for each photo, and whether it shows neither."""
        return self.probabilities[:, NEITHER], self.truth == NEITHER

    def by_style(self) -> dict[str, dict[str, float]]:
        """Return for each label and style how many pictures there are and how many are right.

        Of snow people those are right that are told apart, of neither those called unfamiliar.
        """
        two_way = self.probabilities[:, :NEITHER].argmax(1)
        answer = torch.where(self.truth == NEITHER, self.answers(), two_way)
        right = (answer == self.truth).tolist()
        found: dict[str, list[bool]] = defaultdict(list)
        for row, is_right in zip(self.rows, right, strict=True):
            found[f"{row.label} {row.style or '(none)'}"].append(is_right)
        return {
            name: {"n": len(flags), "right": sum(flags) / len(flags)}
            for name, flags in sorted(found.items())
        }


def evaluate(
    parts: Sequence[tuple[Predictor, Sequence[Row]]], *, quiet: bool = False
) -> Evaluation:
    """Evaluate each model on its photos, as they are and under every distortion.

    Args:
        parts: One model and all photos; or a model for each fold, with the photos it never saw.
        quiet: Whether no progress is shown.

    Raises:
        DatasetError: A photo cannot be read.
    """
    rows = [row for _, its in parts for row in its]
    truth = labels_of(rows)
    snow = [
        (model, [row for row in its if row.label is not Category.NEITHER]) for model, its in parts
    ]
    total = len(rows) + len(DISTORTIONS) * sum(len(its) for _, its in snow)
    with tqdm(total=total, unit="photo", disable=quiet, leave=False) as progress:
        probabilities = predict_rows(parts, None, progress)
        robustness = {}
        for distortion_name, distortion in DISTORTIONS.items():
            progress.set_description(distortion_name.replace("_", " "))
            answers = predict_rows(snow, distortion, progress)
            robustness[distortion_name] = metrics.accuracy_two(answers, truth[truth != NEITHER])
    card = parts[0][0].card
    return Evaluation(card, rows, probabilities, truth, robustness, heat_on_figures(parts))


def predict_rows(
    parts: Sequence[tuple[Predictor, Sequence[Row]]],
    distortion: Distortion | None,
    progress: tqdm[NoReturn],
) -> torch.Tensor:
    """Return the probabilities, (n, 3), for the rows' photos, seen as serving sees them."""
    answers = []
    for predictor, rows in parts:
        for batch in batches_of(rows, EVALUATION_BATCH):
            views = []
            for row in batch:
                photo = decode_row(row, PHOTO_SIDE)
                views.append(predictor.view(distortion(photo) if distortion else photo))
                progress.update()
            answers.append(predictor.probabilities(torch.stack(views)))
    return torch.cat(answers)


def heat_on_figures(parts: Sequence[tuple[Predictor, Sequence[Row]]]) -> dict[str, float]:
    """Measure whether the heat map lies on the snow person.

    Every snow person's cut-out is laid, once, somewhere on an everyday picture.

    Returns:
        n, how many of these were told apart; pointing, the share of them whose hottest point lies
        on the figure; top_inside, the mean share of the hottest fifth of the map that does; area,
        the mean share of the picture that the figure takes. Nothing where there are no cut-outs or
        no everyday pictures.
    """
    generator = random.Random(0)
    hits, inside, area = [], [], []
    for predictor, rows in parts:
        scenes = [row for row in rows if row.everyday]
        for row in rows:
            if row.label is Category.NEITHER or not scenes:
                continue
            cut_out, is_cut_out = decode_with_alpha(row, PHOTO_SIDE)
            if not is_cut_out:
                continue
            scene = decode_row(generator.choice(scenes), PHOTO_SIDE)
            scene = scene.resize((PHOTO_SIDE, PHOTO_SIDE))
            covered = _paste(scene, cut_out, generator)
            prediction, heat = predictor.predict_with_heat(scene)
            if prediction.label is not row.label:
                continue
            heat = F.interpolate(heat[None, None], size=covered.shape, mode="bicubic")[0, 0]
            hits.append(bool(covered.flatten()[heat.argmax()] > 0.5))
            hottest = heat >= heat.flatten().kthvalue(int(0.8 * heat.numel())).values
            inside.append(float((heat * covered)[hottest].sum() / heat[hottest].sum()))
            area.append(float(covered.mean()))
    if not hits:
        return {}
    return {
        "n": len(hits),
        "pointing": sum(hits) / len(hits),
        "top_inside": sum(inside) / len(inside),
        "area": sum(area) / len(area),
    }


def _paste(scene: Image.Image, cut_out: Image.Image, generator: random.Random) -> torch.Tensor:
    """Lay a cut-out somewhere on a scene, and return what it covers, (h, w) of 0..1."""
    cut_out.thumbnail((scene.width // 2, scene.height // 2))
    left, top = (generator.randrange(PHOTO_SIDE - side) for side in cut_out.size)
    scene.paste(cut_out, (left, top), cut_out)
    mask = Image.new("L", scene.size)
    mask.paste(cut_out.getchannel("A"), (left, top))
    covered: torch.Tensor = pil_to_tensor(mask).float()[0] / 255
    return covered


def _mean(flags: torch.Tensor) -> float:
    return float(flags.float().mean()) if len(flags) else float("nan")
