"""Choose when a photo is a copy of an earlier one: `python -m classifier.evaluation.copies`.

Prints how much alike two different originals are at the most, hence from which likeness on a photo
is a copy, and how many copies are found, by what was done to them: by the photo's one vector, and
by those of the views that are stored of a photo which fooled the bot. With --write it notes the
bounds on the model's card; `classifier.train` does that by itself.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps
from torchvision.models import ResNet
from tqdm import tqdm

from classifier import model as model_file
from classifier.card import Card
from classifier.evaluation import distortions
from classifier.images.disguises import VIEWS, Disguise, cut, framed, tilted, turned
from classifier.inference.engines.pytorch import TorchEngine
from classifier.inference.likeness import to_vectors
from classifier.inference.predictor import Predictor
from classifier.training.dataset import (
    EVALUATION_BATCH,
    DatasetError,
    Row,
    decode_row,
    read_folder,
)
from classifier.types import ModelError
from classifier.weights import find

# Of pairs of different originals so many are taken for copies, and so many for alike.
COPY_RATE = 1 / 10_000
ALIKE_RATE = 1 / 300
# So many originals are stored with all their views, and each is compared with so many others: sixty
# thousand pairs, of which six pass for copies. A core of its own is done with them in a minute.
STORED, COMPARED = 60, 1_000
# Of so many of these copies are made, one for each disguise.
COPIED = 40
# Larger than any network's input; of some disguises only a part is left.
PHOTO_SIDE = 384

DISGUISES: dict[str, Disguise] = {
    "mirrored": ImageOps.mirror,
    "turned by 90 degrees": turned(90),
    "turned by 180 degrees": turned(180),
    "tilted by 10 degrees": tilted(10),
    "tilted by 15 degrees": tilted(15),
    "tilted by 22 degrees": tilted(22),
    "cropped by 5 % a side": cut(0.05, 0.05, 0.05, 0.05),
    "cropped by 15 % a side": cut(0.15, 0.15, 0.15, 0.15),
    "cropped by 25 % a side": cut(0.25, 0.25, 0.25, 0.25),
    "cropped off the middle": cut(0.25, 0.05, 0.05, 0.2),
    "tilted by 15, cropped by 15": lambda photo: cut(0.15, 0.15, 0.15, 0.15)(tilted(15)(photo)),
    "mirrored, cropped by 15": lambda photo: cut(0.15, 0.15, 0.15, 0.15)(ImageOps.mirror(photo)),
    "border of 20 %": framed(0.2),
    "white border of 20 %": framed(0.2, (255, 255, 255)),
    "black border of 20 %": framed(0.2, (0, 0, 0)),
    "left half": cut(0, 0, 0.5, 0),
    "upper half": cut(0, 0, 0, 0.5),
    "left 60 %": cut(0, 0, 0.4, 0),
    "middle half of the width": distortions.tall_crop,
    "photographed from a screen": distortions.photographed_screen,
    "screenshot of a chat": distortions.screenshot,
    "captioned": distortions.captioned,
    "JPEG of quality 15": distortions.jpeg_quality_15,
    "lit by a lamp": distortions.tinted,
    "grey": distortions.grey,
}


@dataclass(frozen=True)
class Likenesses:
    """How much alike photos of different originals are.

    Attributes:
        stored: The n originals that are stored.
        views: Their vectors, float32 (n, views, 512).
        pairs: Each one's likeness to each photo compared, float32 (n, m): the likest view's.
        single: The same by the photo's own vector alone.
        different: Which pairs are of different originals, bool (n, m).
        same_label: Which of these are of the same label, bool (n, m).
    """

    stored: list[Row]
    views: torch.Tensor
    pairs: torch.Tensor
    single: torch.Tensor
    different: torch.Tensor
    same_label: torch.Tensor

    def bound(self, rate: float) -> float:
        """Return above which likeness no more than this share of the different pairs are."""
        return bound_for(self.pairs[self.different], rate)

    def same_label_above(self, bound: float) -> float:
        """Return the share of the different pairs of one label that is above a bound."""
        pairs = self.pairs[self.same_label]
        return float((pairs > bound).float().mean()) if len(pairs) else 0.0


def bound_for(likenesses: torch.Tensor, rate: float) -> float:
    """Return the lowest bound above which there is no more than this share, 0 to 1."""
    ordered = likenesses.sort(descending=True).values
    return min(1.0, max(0.0, float(ordered[int(rate * len(ordered))]))) if len(ordered) else 1.0


def compare(predictor: Predictor, rows: Sequence[Row], *, quiet: bool = False) -> Likenesses:
    """Compare photos with the stored views of others, one of each original.

    Args:
        predictor: The model's.
        rows: All photos; as many as STORED and COMPARED say are taken, the same each time.
        quiet: Whether no progress is shown.

    Raises:
        DatasetError: A photo cannot be read.
    """
    by_group: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_group[row.group].append(row)
    chance = random.Random(0)
    originals = [chance.choice(by_group[group]) for group in sorted(by_group)]
    chance.shuffle(originals)
    stored, compared = originals[:STORED], originals[: STORED + COMPARED]
    with tqdm(total=len(compared), unit="photo", disable=quiet, leave=False) as progress:
        views, single = [], []
        for row in stored:
            photo = decode_row(row, PHOTO_SIDE)
            views.append(vectors_of(predictor, [disguise(photo) for disguise in VIEWS]))
            progress.update()
        for begin in range(len(stored), len(compared), EVALUATION_BATCH):
            batch = compared[begin : min(begin + EVALUATION_BATCH, len(compared))]
            single.append(vectors_of(predictor, [decode_row(row, PHOTO_SIDE) for row in batch]))
            progress.update(len(batch))
    every = torch.stack(views)
    whole = torch.cat([every[:, 0], *single])  # the first view is the photo as it is
    different = torch.tensor([[a.group != b.group for b in compared] for a in stored])
    same = torch.tensor([[a.label is b.label for b in compared] for a in stored])
    pairs = torch.stack([(own @ whole.T).amax(0) for own in every])
    return Likenesses(stored, every, pairs, every[:, 0] @ whole.T, different, different & same)


def vectors_of(predictor: Predictor, photos: Iterable[Image.Image]) -> torch.Tensor:
    """Return the vectors of pictures, float32 (n, 512)."""
    views = np.stack([predictor.view(photo) for photo in photos])
    return torch.from_numpy(to_vectors(predictor.features(views)))


def choose_bounds(network: ResNet, card: Card, rows: Sequence[Row], *, quiet: bool = False) -> Card:
    """Return a card with the likenesses from which on a photo is a copy, and alike.

    Args:
        network: The model's; left as it is.
        card: The model's.
        rows: Photos of different originals.
        quiet: Whether no progress is shown.
    """
    found = compare(_predictor(network, card), rows, quiet=quiet)
    copy_above, alike_above = found.bound(COPY_RATE), found.bound(ALIKE_RATE)
    return replace(card, copy_above=copy_above, alike_above=alike_above)


def _predictor(network: ResNet, card: Card) -> Predictor:
    return Predictor(TorchEngine(copy.deepcopy(network)), model_file.weights_of(network, card))


def measure(predictor: Predictor, rows: Sequence[Row], *, quiet: bool = False) -> dict[str, Any]:
    """Measure how well copies are told from other photos.

    Returns:
        The bounds, the shares of pairs above each, and what share of copies is found, in all and by
        the one vector alone, for each disguise; ready for JSON.
    """
    found = compare(predictor, rows, quiet=quiet)
    copy_above, alike_above = found.bound(COPY_RATE), found.bound(ALIKE_RATE)
    one_above = bound_for(found.single[found.different], COPY_RATE)
    copies: dict[str, list[torch.Tensor]] = {name: [] for name in DISGUISES}
    for row in tqdm(found.stored[:COPIED], unit="photo", disable=quiet, leave=False):
        photo = decode_row(row, PHOTO_SIDE)
        disguised = vectors_of(predictor, [disguise(photo) for disguise in DISGUISES.values()])
        for name, vector in zip(DISGUISES, disguised, strict=True):
            copies[name].append(vector)
    shares = {}
    for name, vectors in copies.items():
        likeness = torch.einsum("nvd,nd->nv", found.views[:COPIED], torch.stack(vectors))
        shares[name] = {
            "one": float((likeness[:, 0] > one_above).float().mean()),
            "views": float((likeness.amax(1) > copy_above).float().mean()),
            "alike": float((likeness.amax(1) > alike_above).float().mean()),
        }
    return {
        "model": predictor.card.name,
        "digest": predictor.digest,
        "stored": len(found.stored),
        "pairs": int(found.different.sum()),
        "copy_above": copy_above,
        "alike_above": alike_above,
        "same_label": {
            "pairs": int(found.same_label.sum()),
            "copies": found.same_label_above(copy_above),
            "alike": found.same_label_above(alike_above),
        },
        "found": shares,
    }


def table(numbers: dict[str, Any]) -> str:
    """Return the figures as lines of text."""
    same = numbers["same_label"]
    lines = [
        f"model {numbers['model']}, weights {numbers['digest']}",
        f"{numbers['stored']} photos stored in {len(VIEWS)} views, {numbers['pairs']} pairs of "
        "different originals",
        f"copy above {numbers['copy_above']:.4f}: {10_000 * COPY_RATE:.0f} in 10,000 pairs, of "
        f"{same['pairs']} pairs of one label {10_000 * same['copies']:.1f}",
        f"alike above {numbers['alike_above']:.4f}: {10_000 * ALIKE_RATE:.0f} in 10,000 pairs, of "
        f"one label {10_000 * same['alike']:.1f}",
        f"{'copies found':30} one vector   views   alike",
    ]
    for name, found in numbers["found"].items():
        shares = (f"{100 * found[by]:5.0f} %" for by in ("one", "views", "alike"))
        lines.append(f"    {name:30}{' '.join(shares)}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m classifier.evaluation.copies", description=__doc__
    )
    parser.add_argument("--photos", type=Path, required=True, help="a folder for each label")
    parser.add_argument("--model", default="full", help="small, full (default) or a weights file")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--write", action="store_true", help="note the bounds on the model's card")
    options = parser.parse_args(arguments)
    try:
        path = find(options.model)
        network, card = model_file.load(path)
        predictor = _predictor(network, card)
        rows = read_folder(options.photos)
        numbers = measure(predictor, rows, quiet=not sys.stderr.isatty())
    except (ModelError, DatasetError) as error:
        parser.error(str(error))
    print(json.dumps(numbers) if options.json else table(numbers))
    if options.write:
        bounds = {name: numbers[name] for name in ("copy_above", "alike_above")}
        model_file.save(path, network, replace(card, **bounds))
        print(f"The bounds are on the card of {path}.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
