"""Measure whether heat maps say the truth, on cut-outs laid over photos: there it is known."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torchvision.transforms.v2.functional import pil_to_tensor, to_pil_image

from classifier.inference.interpolation import enlarge
from classifier.inference.predictor import Predictor
from classifier.training.dataset import Row, decode_row, decode_with_alpha
from classifier.types import CATEGORIES, Category

SCENE_SIDE = 384
# Each cut-out is laid so many times, each time over another photo, ...
PLACEMENTS = 4
# ... on so much of its width.
WIDTHS = 1 / 6, 3 / 4
# Below this share of the width a figure is small.
SMALL_WIDTH = 0.3
# What deletion compares the hottest part with: as many other parts of its size and shape.
OTHER_PARTS = 10
HOTTEST = 0.2


def heat_on_figures(parts: Sequence[tuple[Predictor, Sequence[Row]]]) -> dict[str, float]:
    """Measure whether the heat map lies on the snow person, and on what the answer rests.

    Args:
        parts: Models, and for each the rows whose cut-outs and everyday pictures are used.

    Returns:
        n: how many placements were told apart; of the others nothing is measured.
        pointing, pointing_small: the share of them whose hottest point lies on the figure, and of
            those with a small figure.
        top_inside: the heat inside of the figure, of the smallest part of the map that holds half
            of all heat. The hottest fifth of a picture cannot lie in a figure of a tenth.
        fifth_inside: the same of the hottest fifth of the map.
        figure_inside: how much of the hottest part lies inside, if that is as large as the figure.
        area: the share of the picture that the figure takes.
        deletion, deletion_elsewhere: how much of the answer's probability goes when the hottest
            fifth is covered by the picture's mean colour, and when the same shape elsewhere is.
        deletion_wins: the share of placements in which the hottest fifth takes more.
        Nothing where there are no cut-outs or no everyday pictures.
    """
    generator = random.Random(0)
    found: list[dict[str, float]] = []
    for predictor, rows in parts:
        scenes = [row for row in rows if row.everyday]
        for row in rows:
            if row.label is Category.NEITHER or not scenes:
                continue
            cut_out, is_cut_out = decode_with_alpha(row, SCENE_SIDE)
            for _ in range(PLACEMENTS * is_cut_out):
                scene = decode_row(generator.choice(scenes), SCENE_SIDE)
                scene.thumbnail((SCENE_SIDE, SCENE_SIDE))
                covered, width = lay(scene, cut_out, generator)
                found += _measure(predictor, row, scene, covered, width, generator)
    if not found:
        return {}
    means = {name: _mean([one[name] for one in found]) for name in found[0] if name != "small"}
    small = [one["pointing"] for one in found if one["small"]]
    return {"n": len(found), **means, **({"pointing_small": _mean(small)} if small else {})}


def lay(
    scene: Image.Image, cut_out: Image.Image, generator: random.Random
) -> tuple[torch.Tensor, float]:
    """Lay a cut-out somewhere on a scene, in place.

    Returns:
        What it covers, (h, w) of 0..1, and its share of the width.
    """
    width = generator.uniform(*WIDTHS) * scene.width
    width = min(width, 0.95 * scene.height * cut_out.width / cut_out.height)
    height = width * cut_out.height / cut_out.width
    figure = cut_out.resize((max(4, round(width)), max(4, round(height))))
    left = generator.randrange(max(1, scene.width - figure.width))
    top = generator.randrange(max(1, scene.height - figure.height))
    scene.paste(figure, (left, top), figure)
    mask = Image.new("L", scene.size)
    mask.paste(figure.getchannel("A"), (left, top))
    covered: torch.Tensor = pil_to_tensor(mask).float()[0] / 255
    return covered, figure.width / scene.width


def share_inside(heat: torch.Tensor, covered: torch.Tensor, share: float) -> float:
    """Return how much of the hottest part's heat lies inside of a figure.

    Args:
        heat: float32, (h, w), 0 or more.
        covered: What the figure covers, (h, w) of 0..1.
        share: Of all heat, what the part holds.
    """
    order = heat.flatten().argsort(descending=True)
    hottest, inside = heat.flatten()[order], covered.flatten()[order]
    count = int((hottest.cumsum(0) < share * hottest.sum()).sum()) + 1
    return float(hottest[:count] @ inside[:count] / hottest[:count].sum().clamp(min=1e-9))


def _measure(
    predictor: Predictor,
    row: Row,
    scene: Image.Image,
    covered: torch.Tensor,
    width: float,
    generator: random.Random,
) -> list[dict[str, float]]:
    """Return the measures of one placement; none if it is not told apart."""
    prediction, cells = predictor.predict_with_heat(scene)
    if prediction.label is not row.label:
        return []
    heat = torch.from_numpy(enlarge(cells, (covered.shape[0], covered.shape[1]))).clamp(min=0)
    order = heat.flatten().argsort(descending=True)
    inside = covered.flatten()[order]
    fifth = order[: int(HOTTEST * len(order))]
    hottest = torch.zeros(heat.numel(), dtype=torch.bool)
    hottest[fifth] = True
    lost, elsewhere = deletion(
        predictor, CATEGORIES.index(row.label), scene, hottest.view(heat.shape), generator
    )
    weights = heat.flatten()[fifth]
    return [
        {
            "small": width < SMALL_WIDTH,
            "pointing": float(inside[0] > 0.5),
            "top_inside": share_inside(heat, covered, 0.5),
            "fifth_inside": float(
                weights @ covered.flatten()[fifth] / weights.sum().clamp(min=1e-9)
            ),
            "figure_inside": float(inside[: max(1, int(covered.sum()))].mean()),
            "area": float(covered.mean()),
            "deletion": lost,
            "deletion_elsewhere": elsewhere,
            "deletion_wins": float(lost > elsewhere),
        }
    ]


def deletion(
    predictor: Predictor,
    answer: int,
    scene: Image.Image,
    hottest: torch.Tensor,
    generator: random.Random,
) -> tuple[float, float]:
    """Return what an answer's probability loses without a part, and without others of its shape.

    Args:
        predictor: The network.
        answer: The output that is watched.
        scene: The picture.
        hottest: The part, bool (h, w).
        generator: Chooses where the other parts are: the same one, shifted around the edges.
    """
    pixels = pil_to_tensor(scene)
    mean = pixels.float().mean((1, 2)).byte()[:, None, None]
    height, width = hottest.shape
    shifts = [(generator.randrange(height), generator.randrange(width)) for _ in range(OTHER_PARTS)]
    covers = [hottest, *(hottest.roll(shift, (0, 1)) for shift in shifts)]
    pictures = [scene, *(to_pil_image(torch.where(cover, mean, pixels)) for cover in covers)]
    views = np.stack([predictor.view(picture) for picture in pictures])
    lost = torch.from_numpy(predictor.probabilities(views))[:, answer]
    lost = lost[0] - lost[1:]
    return float(lost[0]), float(lost[1:].mean())


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
