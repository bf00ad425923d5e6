"""A folder of labelled photos: which picture is what, and which may not be parted from which."""

from __future__ import annotations

import csv
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from classifier.images.decode import decode_photo
from classifier.images.hashes import shape_hash
from classifier.images.view import evaluation_view
from classifier.types import CATEGORIES, Category, PhotoError

FOLDS = 5
# Of a perceptual hash's 64 bits, so many differ at most between copies: rescaled, recompressed,
# slightly cropped or recoloured. Unrelated pictures differ in about 32.
MAX_COPY_BITS = 10
# A picture counts as a cut-out from this share of transparent pixels on.
CUT_OUT = 0.05
# What it weighs, against folds of equal size, that a source's originals are in other folds, too.
PARTED_COST = 0.2
# Pictures that go through a network at once where nothing is learned; more gain nothing on a CPU.
EVALUATION_BATCH = 32


class DatasetError(ValueError):
    """A folder that cannot be used. Its message is one sentence that says what to do about it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled picture.

    Attributes:
        path: Its file.
        label: What it shows.
        group: Pictures made of the same original share it.
        fold: 0 to FOLDS - 1, the same for a group.
        style: From the manifest; `everyday` and an unknown style ("") make backgrounds for
            cut-outs.
        source: Where the picture is from, if that is known: pictures of one source are alike in
            more than what they show, and share a fold.
    """

    path: Path
    label: Category
    group: str
    fold: int
    style: str = ""
    source: str = ""

    @property
    def everyday(self) -> bool:
        """Whether it shows neither of the two nor anything that is like them."""
        return self.label is Category.NEITHER and self.style in ("everyday", "")

    @property
    def kind(self) -> str:
        """Its label, but `everyday` or `look-alike` for what shows neither."""
        if self.label is not Category.NEITHER:
            return str(self.label)
        return "everyday" if self.everyday else "look-alike"


def read_folder(folder: Path) -> list[Row]:
    """List the pictures of a folder that has a folder for each label.

    A `manifest.csv` in it decides which pictures these are: its columns are file and label, and,
    where they are known, group, fold, style and source (repository:path, or a collection's name).
    With a column source the sources are spread over the folds; without it, and without a column
    fold, the groups are. Without a column group, or without a manifest, pictures that look alike
    are one group.

    Raises:
        DatasetError: There is nothing to train on, or the manifest cannot be understood.
    """
    manifest = folder / "manifest.csv"
    rows = _from_manifest(manifest) if manifest.is_file() else _from_pictures(folder)
    missing = set(CATEGORIES) - {row.label for row in rows}
    if missing:
        raise DatasetError(f"{folder} holds no pictures of {', '.join(sorted(missing))}.")
    return rows


def _from_manifest(manifest: Path) -> list[Row]:
    try:
        with manifest.open(newline="", encoding="utf-8-sig") as file:  # spreadsheets add a mark
            reader = csv.DictReader(file)
            columns = set(reader.fieldnames or ())
            if missing := {"file", "label"} - columns:
                raise DatasetError(
                    f"{manifest}, line 1: there is no column {' or '.join(sorted(missing))}; the "
                    "first line must name the columns file and label, and may name group, fold "
                    "and style."
                )
            rows = [_manifest_row(manifest, reader.line_num, line, columns) for line in reader]
    except UnicodeDecodeError as error:
        raise DatasetError(f"{manifest} is not in UTF-8; save it as CSV in UTF-8.") from error
    except csv.Error as error:
        raise DatasetError(
            f"{manifest}, line {reader.line_num}: this is no CSV ({error}); save it as CSV."
        ) from error
    if "group" not in columns:
        rows = _grouped_by_looks(rows)
    if "source" in columns:
        folds = assign_folds_by_source(rows)
        return [replace(row, fold=folds[row.source]) for row in rows]
    return rows if "fold" in columns else _with_folds(rows)


def _manifest_row(
    manifest: Path, number: int, line: dict[str, str | None], columns: set[str]
) -> Row:
    """Return what a line of the manifest says; raise DatasetError if it makes no sense."""
    at = f"{manifest}, line {number}"
    cells = {name: (line.get(name) or "").strip() for name in columns}
    if not cells["file"]:
        raise DatasetError(f"{at}: no file is named; name one or take the line out.")
    path = manifest.parent / cells["file"]
    if not path.is_file():
        raise DatasetError(f"{at}: there is no file {path}; correct it or take the line out.")
    if cells["label"] not in CATEGORIES:
        raise DatasetError(
            f"{at}: {cells['label']!r} is no label; write {', '.join(CATEGORIES[:-1])} or "
            f"{CATEGORIES[-1]}."
        )
    if "group" in columns and not cells["group"]:
        raise DatasetError(
            f"{at}: no group is named; name the picture's original, or take the column group out "
            "to have pictures that look alike found."
        )
    if "fold" in columns and cells["fold"] not in map(str, range(FOLDS)):
        raise DatasetError(
            f"{at}: {cells['fold']!r} is no fold; write 0 to {FOLDS - 1}, or take the column fold "
            "out to have them chosen."
        )
    return Row(
        path,
        Category(cells["label"]),
        cells.get("group", ""),
        int(cells.get("fold", 0)),
        cells.get("style", ""),
        _source(cells.get("source", ""), cells.get("group", "")),
    )


def _source(cell: str, group: str) -> str:
    """Return the repository of a cell; a collection's originals are as many sources."""
    repository, colon, _ = cell.removeprefix("crop of ").partition(":")
    return repository if colon else f"{repository}:{group}"


def _from_pictures(folder: Path) -> list[Row]:
    rows = [
        Row(path, label, group="", fold=0)
        for label in CATEGORIES
        for path in sorted((folder / label).glob("*"))
        if path.is_file() and not path.name.startswith(".")
    ]
    return _with_folds(_grouped_by_looks(rows))


def _grouped_by_looks(rows: Sequence[Row]) -> list[Row]:
    """Return the rows whose pictures can be read, those that look alike in one group."""
    hashes = [_hashes_of_file(row.path) for row in rows]
    readable = [index for index, found in enumerate(hashes) if found is not None]
    groups = group_by_hash([found for found in hashes if found is not None])
    return [replace(rows[i], group=str(group)) for i, group in zip(readable, groups, strict=True)]


def _with_folds(rows: Sequence[Row]) -> list[Row]:
    folds = assign_folds(rows)
    return [replace(row, fold=folds[row.group]) for row in rows]


def _hashes_of_file(path: Path) -> tuple[int, int] | None:
    try:
        return hashes_of(decode_photo(path.read_bytes(), side=128))
    except PhotoError:  # `python -m classifier.photos` lists which and why
        return None


def hashes_of(photo: Image.Image) -> tuple[int, int]:
    """Return the perceptual hash, of 64 bits, of a picture and of its mirror image."""
    mirrored = photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return shape_hash(photo), shape_hash(mirrored)


def group_by_hash(hashes: Sequence[tuple[int, int]]) -> list[int]:
    """Return a number for each picture, the same for copies of each other, mirrored or not.

    Copies of copies are one group.

    Args:
        hashes: For each picture its 64-bit hash and its mirror image's.
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


def assign_folds_by_source(rows: Sequence[Row]) -> dict[str, int]:
    """Spread the sources over the folds, so that each fold gets about as many of each kind.

    Sources that share originals, as those with stills of one film do, mostly share a fold as well.
    """
    members: dict[str, Counter[str]] = defaultdict(Counter)
    groups: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        members[row.source][row.kind] += 1
        groups[row.source].add(row.group)
    total = Counter(row.kind for row in rows)
    share = {
        source: {kind: count / total[kind] for kind, count in of.items()}
        for source, of in members.items()
    }
    order = sorted(members)
    random.Random(0).shuffle(order)
    order.sort(key=lambda source: -sum(share[source].values()))
    filled: list[Counter[str]] = [Counter() for _ in range(FOLDS)]
    groups_in: list[set[str]] = [set() for _ in range(FOLDS)]
    folds = {}
    for source in order:

        def cost(fold: int, source: str = source) -> float:
            """Return how full a fold is of the source's kinds, and how much it would part."""
            mine = share[source]
            full = sum(part * filled[fold][kind] / total[kind] for kind, part in mine.items())
            elsewhere = [others for other, others in enumerate(groups_in) if other != fold]
            parted = sum(len(groups[source] & others) for others in elsewhere)
            return full / sum(mine.values()) + PARTED_COST * parted / len(groups[source])

        fold = min(range(FOLDS), key=cost)
        filled[fold].update(members[source])
        groups_in[fold] |= groups[source]
        folds[source] = fold
    return folds


def split(rows: Sequence[Row], fold: int) -> tuple[list[int], list[int]]:
    """Return which rows to train on without a fold, and which to evaluate on, by position.

    An original of which the fold has a picture is left out of training wherever it is.
    """
    groups = {row.group for row in rows if row.fold == fold}
    train = [i for i, row in enumerate(rows) if row.fold != fold and row.group not in groups]
    return train, [i for i, row in enumerate(rows) if row.fold == fold]


def folds_by_cost(rows: Sequence[Row]) -> list[int]:
    """Return the folds, first those without which most is left to train on."""
    return sorted(range(FOLDS), key=lambda fold: (-len(split(rows, fold)[0]), fold))


def labels_of(rows: Sequence[Row]) -> torch.Tensor:
    """Return the positions of the rows' labels among the network's outputs, int64 (n,)."""
    return torch.tensor([CATEGORIES.index(row.label) for row in rows])


@dataclass(frozen=True)
class Pictures:
    """The pictures of some rows, decoded and squeezed into squares, ready to be augmented.

    Attributes:
        rows: What the n pictures are.
        levels: uint8, (n, 4, side, side), then at half that side, a quarter and an eighth. RGBA
            with the colours multiplied by alpha, so that blending and resampling need no care at
            the edges. Cut-outs are cropped to what is visible.
        aspect: float32, (n,), width by height before squeezing.
        cut_out: bool, (n,).
        label: int64, (n,).
    """

    rows: list[Row]
    levels: tuple[torch.Tensor, ...]
    aspect: torch.Tensor
    cut_out: torch.Tensor
    label: torch.Tensor

    @classmethod
    def read(cls, rows: Sequence[Row], side: int) -> Pictures:
        """Decode the rows' files to squares of `side` pixels; raise DatasetError for a bad one."""
        pixels = torch.empty(len(rows), 4, side, side, dtype=torch.uint8)
        aspect, cut_out = torch.ones(len(rows)), torch.zeros(len(rows), dtype=torch.bool)
        for index, row in enumerate(rows):
            photo, is_cut_out = decode_with_alpha(row, side)
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


def decode_row(row: Row, side: int) -> Image.Image:
    """Decode a row's picture as decode_photo does; raise DatasetError if it cannot be read."""
    try:
        return decode_photo(row.path.read_bytes(), side)
    except PhotoError as error:
        raise DatasetError(f"{row.path}: {error} Take it out to go on without it.") from error


def decode_with_alpha(row: Row, side: int) -> tuple[Image.Image, bool]:
    """Return a row's picture as RGBA, and whether it is a cut-out; raise as decode_row does."""
    plain = decode_row(row, side)  # refuses what must not be opened, and turns photos upright
    with Image.open(row.path) as photo:
        if not photo.has_transparency_data:
            return plain.convert("RGBA"), False
        picture = photo.convert("RGBA")
    alpha = np.asarray(picture.getchannel("A"))
    box = picture.getchannel("A").point(lambda a: 255 if a > 16 else 0).getbbox()
    if box is None or float((alpha < 128).mean()) < CUT_OUT:
        return plain.convert("RGBA"), False
    return picture.crop(box), True


def batches_of(rows: Sequence[Row], size: int) -> Iterator[Sequence[Row]]:
    """Yield the rows in batches of `size`, the last one perhaps smaller."""
    for begin in range(0, len(rows), size):
        yield rows[begin : begin + size]


def evaluation_batch(rows: Sequence[Row], size: int) -> torch.Tensor:
    """Return the rows' pictures as serving sees them, RGB in 0..1: float32, (n, 3, size, size)."""
    nothing, one = (0.0,) * 3, (1.0,) * 3
    views = [evaluation_view(decode_row(row, size), size, nothing, one) for row in rows]
    return torch.from_numpy(np.stack(views))
