"""Evaluate a model: `python -m classifier.evaluate --photos DIR --model small|full|FILE`.

Prints a table, or with --json one object, and writes a report, one HTML file with its plots inside.
With --folds the folds that `train` held out are evaluated, each by the network that was trained
without it: on photos that it never saw, though the model itself was trained on them.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from classifier import model as model_file
from classifier.evaluation import report
from classifier.evaluation.evaluation import evaluate
from classifier.inference.predictor import Predictor
from classifier.training.dataset import FOLDS, DatasetError, Row, read_folder
from classifier.types import ModelError

UNCALIBRATED = (
    "Its confidence and what it calls unfamiliar are rough guesses, and so are the figures for "
    "them: it was trained with --folds 0, or broken off before the end."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m classifier.evaluate", description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="a folder for each label")
    parser.add_argument("--model", default="full", help="small, full (default) or a weights file")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--report", type=Path, help="where the report goes (reports/MODEL.html)")
    parser.add_argument("--folds", action="store_true", help="by cross-validation")
    options = parser.parse_args(arguments)
    try:
        rows = read_folder(options.photos)
        if options.folds:
            parts = fold_networks(options.model, rows)
        else:
            parts = [(_load(options.model), rows)]
        found = evaluate(parts, quiet=not sys.stderr.isatty())
    except (ModelError, DatasetError) as error:
        parser.error(str(error))
    if left_out := len(rows) - len(found.rows):
        print(f"{left_out} photos are in folds that were never held out.", file=sys.stderr)
    numbers = found.numbers()
    print(json.dumps(numbers) if options.json else table(numbers))
    if not all(predictor.card.metrics for predictor, _ in parts):
        print(UNCALIBRATED, file=sys.stderr)
    path = options.report or Path("reports") / f"{found.card.name}{'-folds' * options.folds}.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(report.page(found), encoding="utf-8")
    print(f"The report is in {path}.", file=sys.stderr)
    return 0


def fold_networks(model: str, rows: Sequence[Row]) -> list[tuple[Predictor, list[Row]]]:
    """Return the network that was kept from each fold, and the fold's rows.

    A fold without a network, as most are after a usual training, is left out.

    Raises:
        ModelError: There are no such networks, or one cannot be loaded.
    """
    folder = model_file.folds_folder(model_file.find(model))
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
    return Predictor(*model_file.load(model))


def table(numbers: dict[str, Any]) -> str:
    """Return the figures as lines of text."""
    lines = []
    for name, value in numbers.items():
        if isinstance(value, dict):
            lines.append(f"{name.replace('_', ' ')}")
            lines += [f"    {_line(inner, of)}" for inner, of in value.items()]
        else:
            lines.append(_line(name, value))
    return "\n".join(lines)


def _line(name: str, value: Any) -> str:
    if isinstance(value, dict):
        return f"{name.replace('_', ' '):28} {value['right']:.3f}  (n = {value['n']})"
    if isinstance(value, list):
        bins = (f"{b['confidence']:.2f}: {b['right']:.2f} of {b['n']}" for b in value)
        return f"{name.replace('_', ' '):28} {', '.join(bins)}"
    shown = f"{value:.3f}" if isinstance(value, float) else str(value)
    return f"{name.replace('_', ' '):28} {shown}"


if __name__ == "__main__":
    sys.exit(main())
