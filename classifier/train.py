"""Train snowpeople's models: `python -m classifier.train --photos DIR --backbone FILE`.

For each model it trains networks without one fold of the photos, for two folds of five, and
evaluates them on these: the card's temperatures, bounds and figures come from these answers. It
trains the model itself in the same way, on all photos. All networks are kept beside the model,
and used again by a later run on the same photos; `classifier.evaluate --folds` evaluates those of
folds. With --folds 5 all five folds are held out: twice the time, and surer figures.

The small model goes on from the full one, which is trained first where it is not kept. With the
packages of the extra `teacher` both learn from DINOv2 as well.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors import SafetensorError

from classifier.card import Card
from classifier.evaluation import metrics
from classifier.evaluation.copies import choose_bounds
from classifier.model import load, save
from classifier.training.dataset import (
    FOLDS,
    DatasetError,
    Pictures,
    Row,
    folds_by_cost,
    labels_of,
    read_folder,
    split,
)
from classifier.training.loop import (
    RECIPES,
    Lessons,
    Recipe,
    fine_tune,
    fit_last_layer,
    mean_of,
    predict_logits,
)
from classifier.training.teacher import load_teacher, tokens_of
from classifier.types import CATEGORIES, ModelError
from classifier.weights import folds_folder

if TYPE_CHECKING:  # where it is run, classifier.model has to come first
    from torchvision.models import ResNet

# The pictures are kept as squares of this side.
PICTURE_SIDE = 256
# The file, beside the models, of what the teacher saw.
TOKENS = Path("teacher/tokens.safetensors")
# A network is trained by one core, see `fine_tune`; so many at once.
WORKERS = os.cpu_count() or 1
NO_TEACHER = "It trains without a teacher: pip install 'snowpeople[teacher]' brings it."


@dataclass(frozen=True)
class Training:
    """A network that is to be trained from a seed; another process needs to know no more.

    Attributes:
        recipe, backbone, title, seed: As `fine_tune` takes them.
        rows: The photos, and `side` that of the squares as which they are read.
        chosen, tokens: As in Lessons.
        path: Where the network is kept, with `card`.
    """

    recipe: Recipe
    backbone: str
    title: str
    seed: int
    rows: Sequence[Row]
    side: int
    chosen: torch.Tensor
    tokens: torch.Tensor | None
    path: Path
    card: Card

    def run(self, pictures: Pictures | None = None) -> None:
        """Train and keep it; `pictures` are those of `rows` where they have been read already."""
        lessons = Lessons(pictures or Pictures.read(self.rows, self.side), self.chosen, self.tokens)
        network = fine_tune(self.recipe, self.backbone, lessons, self.title, self.seed)
        save(self.path, network, self.card)


class Workshop:
    """Trains networks on a folder of photos, each once."""

    def __init__(
        self, folder: Path, backbone: str, pictures: Pictures, tokens: torch.Tensor | None
    ) -> None:
        """Remember what all networks are made of.

        Args:
            folder: Where the models go.
            backbone: As `build_on` takes it.
            pictures: All of them.
            tokens: As in Lessons.
        """
        self.folder, self.backbone, self.pictures, self.tokens = folder, backbone, pictures, tokens

    def train(self, model: str, folds: Sequence[int | None], workers: int) -> None:
        """Train the networks that `network` makes its own of, where they are not kept yet.

        Args:
            model: A key of RECIPES.
            folds: As `network` takes them, one after another.
            workers: How many may be trained at once, each in a process and by one core.
        """
        if (start := RECIPES[model].start) is not None:
            self.train(start, folds, workers)
            for fold in folds:
                self.network(start, fold)
        missing = [
            training
            for fold in folds
            if not _is_kept(*self._kept_as(model, fold))
            for training in self._from_seeds(model, fold)
            if not _is_kept(training.path, training.card)
        ]
        workers = min(workers, len(missing))
        if workers < 2:
            for training in missing:
                training.run(self.pictures)
            return
        # Not forked: what torch has running would not be there.
        with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
            list(pool.map(Training.run, missing))

    def network(self, model: str, fold: int | None) -> tuple[ResNet, Path]:
        """Return a network, and the file in which it is kept; the file's, if there is one already.

        Args:
            model: A key of RECIPES.
            fold: Which fold of the pictures it is trained without; None: on all of them.
        """
        recipe, (path, card) = RECIPES[model], self._kept_as(model, fold)
        if _is_kept(path, card):
            print(f"{path} is used again.", file=sys.stderr)
            return load(path)[0], path
        self.train(model, [fold], 1)
        trained = self._from_seeds(model, fold)
        network = mean_of([load(training.path)[0] for training in trained])
        if recipe.taught:
            lessons = Lessons(self.pictures, trained[0].chosen, self.tokens)
            fit_last_layer(network, lessons, recipe.size)
        save(path, network, card)
        return load(path)[0], path  # as it is in half precision, like a later run's

    def _kept_as(self, model: str, fold: int | None) -> tuple[Path, Card]:
        """Return where a network is kept, and the card that it has there."""
        name = "all" if fold is None else str(fold)
        path = folds_folder(self.folder / f"{model}.safetensors") / f"{name}.safetensors"
        made_of = f"all but fold {fold} of {self.fingerprint(model)}"
        return path, Card(model, RECIPES[model].size, trained_on=made_of)

    def _from_seeds(self, model: str, fold: int | None) -> list[Training]:
        """Return the trainings of which a network is the mean."""
        rows, (path, card) = self.pictures.rows, self._kept_as(model, fold)
        start = RECIPES[model].start
        backbone = self.backbone if start is None else str(self._kept_as(start, fold)[0])
        path.parent.mkdir(parents=True, exist_ok=True)
        chosen = range(len(rows)) if fold is None else split(rows, fold)[0]
        title = f"{model} on all photos" if fold is None else f"{model} without fold {fold}"
        return [
            Training(
                RECIPES[model],
                backbone,
                f"{title}, seed {seed}",
                seed,
                rows,
                self.pictures.levels[0].shape[-1],
                torch.tensor(chosen),
                self.tokens,
                path.with_stem(f"{path.stem}-{seed}"),
                replace(card, trained_on=f"{card.trained_on} from seed {seed}"),
            )
            for seed in range(RECIPES[model].seeds)
        ]

    def fingerprint(self, model: str) -> str:
        """Return what tells trainings apart: eight digits of photos, recipe and start."""
        photos = [
            (row.path.name, row.label, row.group, row.fold, row.style) for row in self.pictures.rows
        ]
        start = RECIPES[model].start
        begun_from = self.backbone if start is None else self.fingerprint(start)
        made_of = (RECIPES[model], begun_from, photos, self.tokens is not None)
        return hashlib.sha256(repr(made_of).encode()).hexdigest()[:8]


def _is_kept(path: Path, card: Card) -> bool:
    """Return whether a file has a network of the card's photos and recipe, and whole."""
    try:
        return path.is_file() and load(path)[1].trained_on == card.trained_on
    except ModelError:  # broken off while it was written
        return False


def calibrate(card: Card, logits: torch.Tensor, rows: Sequence[Row]) -> Card:
    """Return a card with all that is chosen on photos that the networks were not trained on.

    Args:
        card: The model's, as yet uncalibrated.
        logits: The networks' for these photos, float32 (n, 3).
        rows: The photos.
    """
    truth = labels_of(rows)
    card = replace(
        card,
        temperature=metrics.fit_temperature(logits, truth),
        pair_temperature=metrics.fit_pair_temperature(logits, truth),
    )
    probabilities = (logits / card.temperature).softmax(1)
    card = replace(card, unfamiliar_above=metrics.fit_threshold(probabilities, truth))
    card = metrics.fit_sure(card, probabilities, truth)
    return replace(card, metrics=metrics.summary(probabilities, truth, card))


def train_model(model: str, workshop: Workshop, folds: int) -> None:
    """Train, calibrate and write a model.

    Args:
        model: A key of RECIPES.
        workshop: Where it is made.
        folds: How many folds are held out to calibrate it, one after another.
    """
    recipe, rows = RECIPES[model], workshop.pictures.rows
    logits, evaluated, kept = [], [], []
    held_out_folds = folds_by_cost(rows)[:folds]
    workshop.train(model, [*held_out_folds, None], WORKERS)
    for fold in held_out_folds:
        network, path = workshop.network(model, fold)
        held_out = [rows[index] for index in split(rows, fold)[1]]
        logits.append(predict_logits(network, held_out, recipe.size))
        evaluated += held_out
        kept.append((path, network))
    count = {name: sum(row.label is name for row in rows) for name in CATEGORIES}
    trained_on = ", ".join(f"{number} {name}" for name, number in count.items())
    card = Card(model, recipe.size, trained_on=trained_on)
    if kept:
        card = calibrate(card, torch.cat(logits), evaluated)
    for path, network in kept:
        save(path, network, replace(card, trained_on=load(path)[1].trained_on))
    print(json.dumps(asdict(card), indent=2))
    out = workshop.folder / f"{model}.safetensors"
    network = workshop.network(model, None)[0]
    save(out, network, choose_bounds(network, card, rows, quiet=not sys.stderr.isatty()))
    print(out)


def check_folds(rows: Sequence[Row], folds: int) -> None:
    """Raise DatasetError if too little is left without a fold, or there is nothing in it."""
    for fold in folds_by_cost(rows)[:folds]:
        trained, held_out = (
            {rows[index].label for index in indices} for indices in split(rows, fold)
        )
        if len(trained) < len(CATEGORIES) or len(held_out) < len(CATEGORIES):
            raise DatasetError(
                f"In fold {fold} or outside of it there are no photos of some label; training "
                f"needs photos of at least {FOLDS} different originals of each label."
            )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m classifier.train", description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="a folder for each label")
    parser.add_argument("--backbone", required=True, help="a resnet18's safetensors, or 'imagenet'")
    parser.add_argument("--model", nargs="+", choices=RECIPES, default=list(RECIPES))
    parser.add_argument("--out", type=Path, default=Path("models"), help="the folder they go to")
    parser.add_argument(
        "--folds", type=int, choices=range(FOLDS + 1), default=2, help="how many are held out"
    )
    options = parser.parse_args(arguments)
    began = time.monotonic()
    try:
        rows = read_folder(options.photos)
        check_folds(rows, options.folds)
        tokens = tokens_of(rows, options.out / TOKENS, load_teacher())
        if tokens is None:
            print(NO_TEACHER, file=sys.stderr)
        pictures = Pictures.read(rows, PICTURE_SIDE)
        workshop = Workshop(options.out, options.backbone, pictures, tokens)
        for model in options.model:
            train_model(model, workshop, options.folds)
    except DatasetError as error:
        parser.error(str(error))
    except (OSError, SafetensorError) as error:
        parser.error(f"{options.backbone} cannot be used: {error}")
    print(f"{(time.monotonic() - began) / 60:.1f} minutes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
