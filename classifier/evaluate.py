"""Say how good a model is: `python -m classifier.evaluate --photos DIR --model small|full|FILE`.

Prints a table, or with --json one object, and writes a report, one HTML file with its plots inside.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from classifier import model as model_file
from classifier import report
from classifier.dataset import read_folder
from classifier.evaluation import evaluate
from classifier.predictor import Predictor
from classifier.verdict import ModelError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m classifier.evaluate", description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="a folder for each label")
    parser.add_argument("--model", default="full", help="small, full (default) or a weights file")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--report", type=Path, help="where the report goes (reports/MODEL.html)")
    options = parser.parse_args(arguments)
    try:
        predictor = Predictor(*model_file.load(options.model))
        rows = read_folder(options.photos)
    except (ModelError, FileNotFoundError) as error:
        parser.error(str(error))
    found = evaluate(predictor, rows, quiet=not sys.stderr.isatty())
    numbers = found.numbers()
    print(json.dumps(numbers) if options.json else table(numbers))
    path = options.report or Path("reports") / f"{found.model}.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(report.page(found), encoding="utf-8")
    print(f"The report is in {path}.", file=sys.stderr)
    return 0


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
        return f"{name.replace('_', ' '):28} {value['accuracy']:.3f}  (n = {value['n']})"
    shown = f"{value:.3f}" if isinstance(value, float) else str(value)
    return f"{name.replace('_', ' '):28} {shown}"


if __name__ == "__main__":
    sys.exit(main())
