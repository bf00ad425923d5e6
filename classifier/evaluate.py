"""Evaluate models: `python -m classifier.evaluate --photos DIR --model small|full|FILE...`.

Prints a table, or with --json an object a line, and writes a report for each, one HTML file with
its plots inside. Of several models, as those of several seeds, the spread is printed as well.
With --folds the folds that `train` held out are evaluated, each by the network that was trained
without it: on photos that it never saw, though the model itself was trained on them.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from classifier.evaluation import report
from classifier.evaluation.evaluation import Evaluation, evaluate
from classifier.evaluation.table import spread, table
from classifier.images.decode import decode_photo
from classifier.inference.predictor import Predictor
from classifier.training.dataset import FOLDS, DatasetError, Row, read_folder
from classifier.types import CATEGORIES, ModelError, PhotoError
from classifier.weights import find, folds_folder

UNCALIBRATED = (
    "Its confidence and what it calls unfamiliar are rough guesses, and so are the figures for "
    "them: it was trained with --folds 0, or broken off before the end."
)
# Of what is left out, so many are named.
NAMED = 5


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m classifier.evaluate", description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="a folder for each label")
    parser.add_argument(
        "--model", nargs="+", default=["full"], help="small, full (default) or weights files"
    )
    parser.add_argument("--json", action="store_true", help="print a JSON object for each model")
    parser.add_argument("--report", type=Path, help="where the report goes (reports/MODEL.html)")
    parser.add_argument("--answers", type=Path, help="write an answer a line, as JSON, for each")
    parser.add_argument("--folds", action="store_true", help="by cross-validation")
    parser.add_argument(
        "--quick", action="store_true", help="photos as they are, without distortions and heat maps"
    )
    options = parser.parse_args(arguments)
    if len(options.model) > 1 and (options.report or options.answers):
        parser.error("--report and --answers take the figures of one model")
    found: list[Evaluation] = []
    try:
        rows = read_folder(options.photos)
        for name in options.model:
            parts = fold_networks(name, rows) if options.folds else [(_load(name), rows)]
            quiet = not sys.stderr.isatty()
            found.append(
                evaluate(parts, by_folds=options.folds, plainly=options.quick, quiet=quiet)
            )
    except (ModelError, DatasetError) as error:
        parser.error(str(error))
    for line in left_out(options.photos, rows):
        print(line, file=sys.stderr)
    if unseen := len(rows) - len(found[0].rows):
        print(f"{unseen} photos are in folds that were never held out.", file=sys.stderr)
    numbers = [one.numbers() for one in found]
    for name, one, of in zip(options.model, found, numbers, strict=True):
        print(json.dumps(of) if options.json else table(of), end="\n" * (2 - options.json))
        if not one.card.metrics:
            print(UNCALIBRATED, file=sys.stderr)
        path = options.report or _report_path(name, options.folds)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(report.page(one), encoding="utf-8")
        print(f"The report is in {path}.", file=sys.stderr)
    if len(numbers) > 1 and not options.json:
        print(spread(numbers))
    if options.answers:
        options.answers.write_text("".join(f"{line}\n" for line in found[0].answer_lines()))
        print(f"The answers are in {options.answers}.", file=sys.stderr)
    return 0


def left_out(folder: Path, rows: Sequence[Row]) -> Iterator[str]:
    """Yield a sentence for each reason why files of a folder are not evaluated."""
    taken = {row.path for row in rows}
    files = (
        path
        for label in CATEGORIES
        for path in sorted((folder / label).glob("*"))
        if path.is_file() and not path.name.startswith(".") and path not in taken
    )
    unlisted, unreadable = [], []
    for path in files:
        try:
            decode_photo(path.read_bytes(), 64)
            unlisted.append(path)
        except PhotoError:
            unreadable.append(path)
    if unlisted:
        yield f"Left out, as the manifest does not name them: {_names(unlisted)}."
    if unreadable:
        yield f"Left out, as they cannot be read: {_names(unreadable)}."
    known = {*CATEGORIES}
    others = sorted(path for path in folder.iterdir() if path.is_dir() and path.name not in known)
    if others:
        yield f"Left out, as no label is called that: {_names(others)}."


def _names(paths: Sequence[Path]) -> str:
    """Return the names of some files with their folders', and how many more there are."""
    names = ", ".join(f"{path.parent.name}/{path.name}" for path in paths[:NAMED])
    more = len(paths) - NAMED
    return f"{names} and {more} more" if more > 0 else names


def fold_networks(model: str, rows: Sequence[Row]) -> list[tuple[Predictor, list[Row]]]:
    """Return the network that was kept from each fold, and the fold's rows.

    A fold without a network, as most are after a usual training, is left out.

    Raises:
        ModelError: There are no such networks, or one cannot be loaded.
    """
    folder = folds_folder(find(model))
    kept = {fold: folder / f"{fold}.safetensors" for fold in range(FOLDS)}
    parts = [
        (_load(path), [row for row in rows if row.fold == fold])
        for fold, path in kept.items()
        if path.is_file()
    ]
    if not parts:
        raise ModelError(
            f"There are no networks of folds in {folder}; `python -m classifier.train` makes and "
            "keeps them."
        )
    return parts


def _load(model: str | Path) -> Predictor:
    return Predictor.load(model, "torch")


def _report_path(model: str, folds: bool) -> Path:
    return Path("reports") / f"{Path(model).stem}{'-folds' * folds}.html"


if __name__ == "__main__":
    sys.exit(main())
