"""A folder of labelled photos: which picture is what, and which may not be parted from which."""

from __future__ import annotations

import csv
import math
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import imagehash
import numpy as np
import torch
from PIL import Image

from classifier.images.decode import decode_photo
from classifier.transforms import evaluation_view
from classifier.types import Category, PhotoError

LABELS = tuple(Category)
FOLDS = 5
# Of a perceptual hash's 64 bits, so many differ at most between copies: rescaled, recompressed,
# slightly cropped or recoloured. Unrelated pictures differ in about 32.
MAX_COPY_BITS = 10
# A picture counts as a cut-out from this share of transparent pixels on.
CUT_OUT = 0.05


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled picture.

    group: pictures made of the same original share it. fold: 0 to FOLDS - 1, the same for a group.
    style: from the manifest; `everyday` and an unknown style ("") make backgrounds for cut-outs.
    """

    path: Path
    label: Category
    group: str
    fold: int
    style: str = ""

    @property
    def everyday(self) -> bool:
        """Whether it shows neither of the two nor anything that is like them."""
        return self.label is Category.NEITHER and self.style in ("everyday", "")


def read_folder(folder: Path) -> list[Row]:
    """List the pictures of a folder that has a folder for each label.

    Group and fold come from `manifest.csv` (columns file, label, group, fold; style if there is
    one) or else from the pictures: those that look alike are kept together. Raises
    FileNotFoundError when there is nothing to train on, KeyError or ValueError for a manifest that
    cannot be understood.
    """
    manifest = folder / "manifest.csv"
    rows = _from_manifest(manifest) if manifest.is_file() else _from_pictures(folder)
    missing = set(LABELS) - {row.label for row in rows}
    if missing:
        raise FileNotFoundError(f"{folder} holds no pictures of {', '.join(sorted(missing))}.")
    return rows


def _from_manifest(manifest: Path) -> list[Row]:
    with manifest.open(newline="", encoding="utf-8") as file:
        return [
            Row(
                manifest.parent / line["file"],
                Category(line["label"]),
                line["group"],
                int(line["fold"]),
                line.get("style", ""),
            )
            for line in csv.DictReader(file)
        ]


def _from_pictures(folder: Path) -> list[Row]:
    rows = [
        Row(path, label, group="", fold=0)
        for label in LABELS
        for path in sorted((folder / label).glob("*"))
        if path.is_file() and not path.name.startswith(".")
    ]
    hashes = [_hashes_of_file(row.path) for row in rows]
    readable = [index for index, found in enumerate(hashes) if found is not None]
    groups = group_by_hash([found for found in hashes if found is not None])
    named = [replace(rows[i], group=str(group)) for i, group in zip(readable, groups, strict=True)]
    folds = assign_folds(named)
    return [replace(row, fold=folds[row.group]) for row in named]


def _hashes_of_file(path: Path) -> tuple[int, int] | None:
    try:
        return hashes_of(decode_photo(path.read_bytes(), side=128))
    except PhotoError:  # `python -m classifier.photos` says which and why
        return None


def hashes_of(photo: Image.Image) -> tuple[int, int]:
    """Return the perceptual hash, of 64 bits, of a picture and of its mirror image."""
    mirrored = photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return int(str(imagehash.phash(photo)), 16), int(str(imagehash.phash(mirrored)), 16)


def group_by_hash(hashes: Sequence[tuple[int, int]]) -> list[int]:
    """Give pictures that are copies of each other, mirrored ones included, the same number.

    hashes: for each picture its 64-bit hash and its mirror image's. Copies of copies are one group.
    """
    plain = np.array([hash_ for hash_, _ in hashes], dtype=np.uint64)
    mirrored = np.array([hash_ for _, hash_ in hashes], dtype=np.uint64)
    group = np.arange(len(hashes))
    for index in range(len(hashes)):
        distance = np.minimum(
            np.bitwise_count(plain ^ plain[index]), np.bitwise_count(plain ^ mirrored[index])
        )
        joined = np.unique(group[distance <= MAX_COPY_BITS])
        group[np.isin(group, joined)] = joined[0]
    return [int(number) for number in group]


def assign_folds(rows: Iterable[Row]) -> dict[str, int]:
    """Spread the groups over the folds, so that each fold gets about as many of each label."""
    members: dict[str, Counter[Category]] = defaultdict(Counter)
    for row in rows:
        members[row.group][row.label] += 1
    order = sorted(members)
    random.Random(0).shuffle(order)
    order.sort(key=lambda group: -members[group].total())
    filled: list[Counter[Category]] = [Counter() for _ in range(FOLDS)]
    folds = {}
    for group in order:
        label = members[group].most_common(1)[0][0]
        fold = min(range(FOLDS), key=lambda f: (filled[f][label], filled[f].total()))
        filled[fold].update(members[group])
        folds[group] = fold
    return folds


def some_groups(rows: Sequence[Row], share: float) -> list[Row]:
    """Return the rows of that share of the groups, 0 to 1, of each label and fold.

    Groups are drawn by chance, but the same each time, and a larger share holds a smaller one.
    """
    of_each: dict[tuple[Category, int], set[str]] = defaultdict(set)
    for row in rows:
        of_each[row.label, row.fold].add(row.group)
    chosen = set()
    for key in sorted(of_each):
        groups = sorted(of_each[key])
        random.Random(0).shuffle(groups)
        chosen |= {(*key, group) for group in groups[: math.ceil(share * len(groups))]}
    return [row for row in rows if (row.label, row.fold, row.group) in chosen]


def labels_of(rows: Sequence[Row]) -> torch.Tensor:
    """Return the positions of the rows' labels in Category, int64 (n,)."""
    return torch.tensor([LABELS.index(row.label) for row in rows])


@dataclass(frozen=True)
class Pictures:
    """The pictures of some rows, decoded and squeezed into squares, ready to be augmented.

    levels: uint8, (n, 4, side, side), then at half that side, a quarter and an eighth. RGBA with
        the colours multiplied by alpha, so that blending and resampling need no care at the edges.
        Cut-outs are cropped to what is visible.
    aspect: float32, (n,), width by height before squeezing.
    cut_out: bool, (n,). label: int64, (n,).
    """

    rows: list[Row]
    levels: tuple[torch.Tensor, ...]
    aspect: torch.Tensor
    cut_out: torch.Tensor
    label: torch.Tensor

    @classmethod
    def read(cls, rows: Sequence[Row], side: int) -> Pictures:
        """Decode the rows' files; raises PhotoError or OSError for one that cannot be read."""
        pixels = torch.empty(len(rows), 4, side, side, dtype=torch.uint8)
        aspect, cut_out = torch.ones(len(rows)), torch.zeros(len(rows), dtype=torch.bool)
        for index, row in enumerate(rows):
            photo, is_cut_out = decode_with_alpha(row.path, side)
            aspect[index] = photo.width / photo.height
            cut_out[index] = is_cut_out
            square = photo.convert("RGBa").resize((side, side), Image.Resampling.BICUBIC)
            pixels[index] = torch.from_numpy(np.array(square)).permute(2, 0, 1)
        levels = [pixels]
        for _ in range(3):
            levels.append(torch.cat([_halved(part) for part in levels[-1].split(64)]))
        return cls(list(rows), tuple(levels), aspect, cut_out, labels_of(rows))

    def index(self, chosen: Iterable[bool]) -> torch.Tensor:
        """Return the positions of the rows for which `chosen` is true, as int64."""
        return torch.tensor([i for i, taken in enumerate(chosen) if taken], dtype=torch.int64)


def _halved(pixels: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.avg_pool2d(pixels.float(), 2).round().to(torch.uint8)


def decode_with_alpha(path: Path, side: int) -> tuple[Image.Image, bool]:
    """Return the picture as RGBA, and whether it is a cut-out."""
    data = path.read_bytes()
    plain = decode_photo(data, side)  # refuses what must not be opened, and turns photos upright
    with Image.open(path) as photo:
        if not photo.has_transparency_data:
            return plain.convert("RGBA"), False
        picture = photo.convert("RGBA")
    alpha = np.asarray(picture.getchannel("A"))
    box = picture.getchannel("A").point(lambda a: 255 if a > 16 else 0).getbbox()
    if box is None or float((alpha < 128).mean()) < CUT_OUT:
        return plain.convert("RGBA"), False
    return picture.crop(box), True


def evaluation_batch(rows: Sequence[Row], size: int) -> torch.Tensor:
    """Return the rows' pictures as serving sees them, RGB in 0..1: float32, (n, 3, size, size)."""
    nothing, one = (0.0,) * 3, (1.0,) * 3
    return torch.stack(
        [
            evaluation_view(decode_photo(row.path.read_bytes(), size), size, nothing, one)
            for row in rows
        ]
    )
