"""Ask a model about labelled photos, as they are and as chats and phones make them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image
from torch.nn import functional as F
from torchvision.transforms.v2.functional import pil_to_tensor
from tqdm import tqdm

from classifier import metrics
from classifier.dataset import Row, open_with_alpha
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
        people under each distortion, by its name. heat: see heat_inside.
    """

    model: str
    rows: list[Row]
    probabilities: torch.Tensor
    truth: torch.Tensor
    robustness: dict[str, float]
    heat: dict[str, float]

    def numbers(self) -> dict[str, Any]:
        """Return all figures, ready for JSON."""
        everyday = torch.tensor([row.everyday for row in self.rows])
        unfamiliar = self.probabilities.argmax(1) == NEITHER
        return {
            "model": self.model,
            **metrics.summary(self.probabilities, self.truth),
            "everyday_called_unfamiliar": _mean(unfamiliar[everyday]),
            "robustness": self.robustness,
            "heat": self.heat,
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
    return Evaluation(
        predictor.card.name,
        list(rows),
        probabilities,
        truth,
        robustness,
        heat_inside(predictor, rows),
    )


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


def heat_inside(predictor: Predictor, rows: Sequence[Row]) -> dict[str, float]:
    """Say whether the heat map is about the snow person.

    Every snow person's cut-out is laid, once, somewhere on an everyday picture. Returns the mean
    share of the map's heat that lies inside of it, and of the picture's area that it takes.
    """
    chance = random.Random(0)
    scenes = [row for row in rows if row.everyday]
    inside, area = [], []
    for row in rows:
        if row.label is Label.NEITHER or not scenes:
            continue
        cut_out, is_cut_out = open_with_alpha(row.path, PHOTO_SIDE)
        if not is_cut_out:
            continue
        scene = open_photo(chance.choice(scenes).path.read_bytes(), PHOTO_SIDE)
        scene = scene.resize((PHOTO_SIDE, PHOTO_SIDE))
        cut_out.thumbnail((PHOTO_SIDE // 2, PHOTO_SIDE // 2))
        place = [chance.randrange(PHOTO_SIDE - side) for side in cut_out.size]
        scene.paste(cut_out, (place[0], place[1]), cut_out)
        mask = Image.new("L", scene.size)
        mask.paste(cut_out.getchannel("A"), (place[0], place[1]))
        covered = pil_to_tensor(mask).float()[0] / 255
        _, heat = predictor.look_closely(scene)
        heat = F.interpolate(heat[None, None], size=covered.shape, mode="bilinear")[0, 0]
        inside.append(float((heat * covered).sum() / heat.sum().clamp(min=1e-6)))
        area.append(float(covered.mean()))
    if not inside:
        return {}
    return {"n": len(inside), "inside": sum(inside) / len(inside), "area": sum(area) / len(area)}


def _mean(flags: torch.Tensor) -> float:
    return float(flags.float().mean()) if len(flags) else float("nan")
