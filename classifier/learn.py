"""Learn from photos that fooled the bot: `python -m classifier.learn --foolings data/kept`.

The folder is the one that `/keep on` fills: `olaf`, `abominable` and `neither`, or some of them. A
new model is written beside it, which `MODEL=data/learned.safetensors` lets the bot use, and a plot
of how it went. What the model knows is rehearsed meanwhile: from the file that ships with it, or
with --photos from a folder of pictures. It takes seconds, less than a minute for fifty pictures;
whoever breaks it off loses nothing and starts again.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from classifier import model as model_file
from classifier.card import Card
from classifier.evaluation import learning_plot
from classifier.images.decode import decode_photo
from classifier.training import learning
from classifier.training.dataset import DatasetError, Row, labels_of, read_folder
from classifier.training.rehearsal import Body, Rehearsal, rehearsal_path
from classifier.types import CATEGORIES, ModelError, PhotoError
from classifier.weights import find

if TYPE_CHECKING:  # where it is run, classifier.model has to come first
    from torchvision.models import ResNet

# Fewer pictures of a thing show it from too few sides to know it from others.
FEW = 3
# Who loses more of what it knew is told to think twice.
MAX_LOST = 0.005


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m classifier.learn", description=__doc__)
    parser.add_argument(
        "--foolings", type=Path, required=True, help="the folder that /keep on fills"
    )
    parser.add_argument("--model", default="full", help="small, full (default) or a weights file")
    parser.add_argument("--photos", type=Path, help="rehearse these: a folder for each label")
    parser.add_argument("--out", type=Path, help="the new model (learned.safetensors, beside them)")
    options = parser.parse_args(arguments)
    out: Path = options.out or options.foolings.parent / "learned.safetensors"
    torch.set_num_threads(1)
    try:
        path = find(options.model)
        network, card = model_file.load(path)
        rows = read_foolings(options.foolings)
        known = _known(path, network, card, options.photos)
        return _learn(network, card, rows, known, out)
    except (ModelError, DatasetError) as error:
        parser.error(str(error))
    except OSError as error:
        parser.error(f"{out} cannot be written: {error.strerror or error}.")
    except KeyboardInterrupt:
        print("\nStopped; nothing was written. Start it again when you like.", file=sys.stderr)
        return 130  # 128 + SIGINT, as shells count


def read_foolings(folder: Path) -> list[Row]:
    """List the pictures of a folder that has folders for some labels; name what is no picture.

    Raises:
        DatasetError: There are none.
    """
    rows, unreadable = [], []
    for label in CATEGORIES:
        for path in sorted((folder / label).glob("*")):
            if path.name.startswith(".") or not path.is_file():
                continue
            try:
                decode_photo(path.read_bytes(), 64)
                rows.append(Row(path, label, group=path.name, fold=0))
            except PhotoError as error:
                unreadable.append(f"{path} is left out: {error}")
    print(*unreadable, sep="\n", end="\n" * bool(unreadable), file=sys.stderr)
    if not rows:
        raise DatasetError(
            f"There are no pictures to learn from in {folder}; they belong into its folders "
            f"{', '.join(CATEGORIES[:-1])} and {CATEGORIES[-1]}, where an admin's /keep on puts "
            "what fools the bot."
        )
    return rows


def _known(path: Path, network: ResNet, card: Card, photos: Path | None) -> Rehearsal:
    """Return what is rehearsed; raise ModelError or DatasetError if there is nothing."""
    if photos is not None:
        return Rehearsal.of_rows(network, card, read_folder(photos))
    kept = rehearsal_path(path, card)
    if not kept.is_file():
        raise ModelError(
            f"There is no {kept} to rehearse from. `python -m classifier.rehearse` makes it; or "
            "give --photos, a folder of pictures that the model knows."
        )
    return Rehearsal.load(kept, network)


def _learn(network: ResNet, card: Card, rows: Sequence[Row], known: Rehearsal, out: Path) -> int:
    count = Counter(row.label for row in rows)
    kinds = ", ".join(f"{count[label]} {label}" for label in CATEGORIES if count[label])
    print(f"{len(rows)} picture{'s' * (len(rows) > 1)} to learn from: {kinds}.")
    if len(rows) < FEW:
        print("That is little: the more sides of a thing it sees, the surer it knows it again.")
    whole = Body(network).features_of(rows, card.size, "before")
    asked = learning.Views(whole, labels_of(rows))
    fooled = _wrong(network, card, asked)
    if not fooled:
        print("None of them fools this model any more: there is nothing to learn.")
        return 0
    views = learning.see_views(network, card, rows)
    steps = learning.learn(network, card, views, known)
    print(f"Fooled by {fooled} of them before, by {_wrong(network, card, asked)} now;")
    print(
        f"by {1 - steps[0].held_back:.0%} of other views of them before, by "
        f"{1 - steps[-1].held_back:.0%} now."
    )
    print(f"Of what it knew {steps[0].known:.1%} was right before, {steps[-1].known:.1%} is now.")
    if steps[0].known - steps[-1].known > MAX_LOST:
        print("That is a loss; look whether all pictures are in the right folder.")
    trained_on = f"{card.trained_on}, and {len(rows)} that fooled it"
    out.parent.mkdir(parents=True, exist_ok=True)
    model_file.save(out, network, replace(card, trained_on=trained_on))
    plot = out.with_suffix(".png")
    knowing = learning.Views(known.features, known.labels)
    tables = {
        name: learning.confusion(network, card, of)
        for name, of in (("the foolings", asked), ("what it knew", knowing))
    }
    plot.write_bytes(learning_plot.png(steps, tables))
    print(f"{out} is written; MODEL={out} lets the bot use it. {plot} shows how it went.")
    return 0


def _wrong(network: ResNet, card: Card, views: learning.Views) -> int:
    counts = learning.confusion(network, card, views)
    return int(counts.sum() - counts.diagonal().sum())


if __name__ == "__main__":
    sys.exit(main())
