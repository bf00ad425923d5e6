"""Ask models about labelled photos, as they are and as chats and phones make them."""

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

from classifier.evaluation.distortions import DISTORTIONS, Distortion
from classifier.evaluation import metrics
from classifier.evaluation.metrics import NEITHER
from classifier.images.decode import decode_photo
from classifier.inference.predictor import Predictor
from classifier.training.dataset import Row, labels_of, decode_with_alpha
from classifier.types import Category

# Larger than any network's input; what a distortion does to a photo depends on its size.
PHOTO_SIDE = 384
BATCH = 32


@dataclass(frozen=True)
class Evaluation:
    """What a model said about labelled photos, or several, each about its share of them.

    probabilities: float32, (n, 3). truth: int64, (n,). unfamiliar_above: as in the card.
    robustness: accuracy between the two snow people under each distortion, by its name. heat: see
        heat_inside.
    """

    model: str
    rows: list[Row]
    probabilities: torch.Tensor
    truth: torch.Tensor
    unfamiliar_above: float
    robustness: dict[str, float]
    heat: dict[str, float]

    def numbers(self) -> dict[str, Any]:
        """Return all figures, ready for JSON."""
        everyday = torch.tensor([row.everyday for row in self.rows])
        unfamiliar = self.answers() == NEITHER
        look_alike = (self.truth == NEITHER) & ~everyday
        return {
            "model": self.model,
            **metrics.summary(self.probabilities, self.truth, self.unfamiliar_above),
            "everyday_called_unfamiliar": _mean(unfamiliar[everyday]),
            "look_alikes_called_unfamiliar": _mean(unfamiliar[look_alike]),
            "robustness": self.robustness,
            "heat": self.heat,
            "accuracy_by_style": self.by_style(),
        }

    def answers(self) -> torch.Tensor:
        """Return what each photo was taken for, neither included: int64, (n,)."""
        return metrics.three_way(self.probabilities, self.unfamiliar_above)

    def by_style(self) -> dict[str, dict[str, float]]:
        """Return for each style of snow people how many there are and how many are told apart."""
        right = self.probabilities[:, :NEITHER].argmax(1) == self.truth
        styles = sorted({row.style for row in self.rows if row.label is not Category.NEITHER})
        found = {}
        for style in styles:
            inside = torch.tensor(
                [row.style == style and row.label is not Category.NEITHER for row in self.rows]
            )
            found[style or "(none)"] = {"n": int(inside.sum()), "accuracy": _mean(right[inside])}
        return found


def evaluate(
    name: str, parts: Sequence[tuple[Predictor, Sequence[Row]]], *, quiet: bool = False
) -> Evaluation:
    """Ask each model about its photos, as they are and under every distortion.

    parts: one model and all photos; or a model for each fold, with the photos it never saw.
    """
    rows = [row for _, its in parts for row in its]
    truth = labels_of(rows)
    snow = [(model, [row for row in its if row.label is not Category.NEITHER]) for model, its in parts]
    total = len(rows) + len(DISTORTIONS) * sum(len(its) for _, its in snow)
    with tqdm(total=total, unit="photo", disable=quiet, leave=False) as progress:
        probabilities = ask(parts, None, progress)
        robustness = {}
        for distortion_name, distortion in DISTORTIONS.items():
            progress.set_description(distortion_name.replace("_", " "))
            answers = ask(snow, distortion, progress)
            robustness[distortion_name] = metrics.accuracy_two(answers, truth[truth != NEITHER])
    above = parts[0][0].card.unfamiliar_above
    return Evaluation(name, rows, probabilities, truth, above, robustness, heat_inside(parts))


def ask(
    parts: Sequence[tuple[Predictor, Sequence[Row]]], distortion: Distortion | None, progress: Any
) -> torch.Tensor:
    """Return the probabilities, (n, 3), for the rows' photos, seen as serving sees them."""
    answers = []
    for predictor, rows in parts:
        for begin in range(0, len(rows), BATCH):
            views = []
            for row in rows[begin : begin + BATCH]:
                photo = decode_photo(row.path.read_bytes(), PHOTO_SIDE)
                views.append(predictor.view(distortion(photo) if distortion else photo))
                progress.update()
            answers.append(predictor.probabilities(torch.stack(views)))
    return torch.cat(answers)


def heat_inside(parts: Sequence[tuple[Predictor, Sequence[Row]]]) -> dict[str, float]:
    """Say whether the heat map is about the snow person.

    Every snow person's cut-out is laid, once, somewhere on an everyday picture. Returns the mean
    share of the map's heat that lies inside of it, and of the picture's area that it takes.
    """
    chance = random.Random(0)
    inside, area = [], []
    for predictor, rows in parts:
        scenes = [row for row in rows if row.everyday]
        for row in rows:
            if row.label is Category.NEITHER or not scenes:
                continue
            cut_out, is_cut_out = decode_with_alpha(row.path, PHOTO_SIDE)
            if not is_cut_out:
                continue
            scene = decode_photo(chance.choice(scenes).path.read_bytes(), PHOTO_SIDE)
            scene = scene.resize((PHOTO_SIDE, PHOTO_SIDE))
            cover = _paste(scene, cut_out, chance)
            _, heat = predictor.predict_with_heat(scene)
            heat = F.interpolate(heat[None, None], size=cover.shape, mode="bilinear")[0, 0]
            inside.append(float((heat * cover).sum() / heat.sum().clamp(min=1e-6)))
            area.append(float(cover.mean()))
    if not inside:
        return {}
    return {"n": len(inside), "inside": sum(inside) / len(inside), "area": sum(area) / len(area)}


def _paste(scene: Image.Image, cut_out: Image.Image, chance: random.Random) -> torch.Tensor:
    """Lay a cut-out somewhere on a scene, and return what it covers, (h, w) of 0..1."""
    cut_out.thumbnail((scene.width // 2, scene.height // 2))
    left, top = (chance.randrange(PHOTO_SIDE - side) for side in cut_out.size)
    scene.paste(cut_out, (left, top), cut_out)
    mask = Image.new("L", scene.size)
    mask.paste(cut_out.getchannel("A"), (left, top))
    cover: torch.Tensor = pil_to_tensor(mask).float()[0] / 255
    return cover


def _mean(flags: torch.Tensor) -> float:
    return float(flags.float().mean()) if len(flags) else float("nan")
