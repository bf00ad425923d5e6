"""Inspect a folder of photos before training on it: `python -m classifier.photos DIR`.

DIR holds a folder for each label. What would spoil a training is listed: files that cannot be
read, tiny pictures, copies, the same picture under two labels, labels with too few pictures.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from classifier.images.contact_sheet import contact_sheet
from classifier.images.decode import decode_photo
from classifier.training.dataset import group_by_hash, hashes_of
from classifier.types import CATEGORIES, Category, PhotoError

# Below this a picture holds less than the small network looks at.
TINY_SIDE = 64
# Of fewer, a network learns the few pictures of a label by heart.
MIN_PICTURES = 50
# The rarest label should have at least this share of the most frequent snow person's number.
MIN_BALANCE = 0.5
PHOTOS_PER_SHEET = 200


@dataclass
class Findings:
    """What was found in a folder; all paths are relative to it.

    Attributes:
        readable: The pictures of each label.
        unreadable: Files that cannot be read, each with a sentence that says why.
        tiny: Pictures with a side below TINY_SIDE.
        copies: Groups of pictures of one label that look alike.
        contradictions: Groups of pictures that look alike under more than one label.
        unbalanced: A sentence for each label with too few pictures.
    """

    readable: dict[Category, list[Path]] = field(default_factory=dict)
    unreadable: list[tuple[Path, str]] = field(default_factory=list)
    tiny: list[Path] = field(default_factory=list)
    copies: list[list[Path]] = field(default_factory=list)
    contradictions: list[list[Path]] = field(default_factory=list)
    unbalanced: list[str] = field(default_factory=list)

    @property
    def has_faults(self) -> bool:
        """Whether something should be mended before training; copies are kept together anyway."""
        return bool(self.unreadable or self.contradictions or self.unbalanced)


def inspect_folder(folder: Path) -> Findings:
    """Decode every picture of the folder and note what is wrong."""
    found = Findings()
    hashes = []
    paths: list[tuple[Path, Category]] = []
    for label in CATEGORIES:
        found.readable[label] = []
        for path in sorted((folder / label).glob("*")):
            if path.name.startswith(".") or not path.is_file():
                continue
            name = path.relative_to(folder)
            try:
                photo = decode_photo(path.read_bytes(), side=256)
            except PhotoError as error:
                found.unreadable.append((name, str(error)))
                continue
            if min(photo.size) < TINY_SIDE:
                found.tiny.append(name)
            found.readable[label].append(name)
            hashes.append(hashes_of(photo))
            paths.append((name, label))
    groups: dict[int, list[tuple[Path, Category]]] = defaultdict(list)
    for group, member in zip(group_by_hash(hashes), paths, strict=True):
        groups[group].append(member)
    for members in groups.values():
        names = [name for name, _ in members]
        if len({label for _, label in members}) > 1:
            found.contradictions.append(names)
        elif len(members) > 1:
            found.copies.append(names)
    found.unbalanced = _unbalanced({label: len(of) for label, of in found.readable.items()})
    return found


def _unbalanced(count: dict[Category, int]) -> list[str]:
    sentences = [
        f"{label}: {number} pictures are few; {MIN_PICTURES} or more show what they have in common."
        for label, number in count.items()
        if number < MIN_PICTURES
    ]
    most = max(count[Category.OLAF], count[Category.ABOMINABLE])
    for label, number in count.items():
        if MIN_PICTURES <= number < MIN_BALANCE * most:
            sentences.append(f"{label}: {number} pictures against {most} are out of balance.")
    return sentences


def table(found: Findings) -> str:
    """Return the findings as lines of text."""
    lines = [f"{label:12} {len(names):5} pictures" for label, names in found.readable.items()]
    lines.append(f"{'tiny':12} {len(found.tiny):5} with a side below {TINY_SIDE} pixels")
    copies = sum(len(names) for names in found.copies)
    lines.append(f"{'copies':12} {copies:5} in {len(found.copies)} groups that look alike")
    lines.append(f"{'unreadable':12} {len(found.unreadable):5}")
    lines += [f"    {name}: {why}" for name, why in found.unreadable]
    lines.append(f"{'two labels':12} {len(found.contradictions):5} pictures that look the same")
    lines += [f"    {' = '.join(map(str, names))}" for names in found.contradictions]
    lines += found.unbalanced
    return "\n".join(lines)


def draw_sheets(folder: Path, found: Findings, out: Path) -> Iterator[Path]:
    """Draw every readable picture in small, a few files for each label, and yield their paths."""
    out.mkdir(parents=True, exist_ok=True)
    for label, names in found.readable.items():
        for begin in range(0, len(names), PHOTOS_PER_SHEET):
            part = names[begin : begin + PHOTOS_PER_SHEET]
            path = out / f"{label}-{begin // PHOTOS_PER_SHEET + 1}.jpg"
            contact_sheet([(folder / name, name.stem[:20]) for name in part]).save(path)
            yield path


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 1 when something should be mended before training."""
    parser = argparse.ArgumentParser(prog="python -m classifier.photos", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR", help="a folder for each label")
    parser.add_argument("--sheets", type=Path, metavar="OUT", help="draw contact sheets there")
    options = parser.parse_args(arguments)
    if not any((options.folder / label).is_dir() for label in CATEGORIES):
        parser.error(f"{options.folder} has none of the folders {', '.join(CATEGORIES)}")
    found = inspect_folder(options.folder)
    print(table(found))
    if options.sheets:
        for path in draw_sheets(options.folder, found, options.sheets):
            print(f"drawn: {path}")
    return 1 if found.has_faults else 0


if __name__ == "__main__":
    sys.exit(main())
