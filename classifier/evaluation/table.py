"""Write an evaluation as a plain table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from classifier.types import CATEGORIES, Category

# What decides between models, where the mean of folds would flatter: the name, and where it is.
DECIDING: Mapping[str, Callable[[Mapping[str, Any]], float]] = {
    "Olaf or abominable": lambda of: float(of["accuracy_two"]),
    "three-way, balanced, card's threshold": lambda of: float(of["balanced_accuracy_three"]),
    "three-way, balanced, one in 20 doubted": lambda of: float(
        of["compared"]["balanced_accuracy_three"]
    ),
    "AUROC of neither": lambda of: float(of["auroc_unfamiliar"]),
    "everyday, one in 20 doubted": lambda of: float(of["compared"]["everyday_called_unfamiliar"]),
    "look-alikes, one in 20 doubted": lambda of: float(
        of["compared"]["look_alikes_called_unfamiliar"]
    ),
}
THRESHOLD_LINES = {
    "unfamiliar above": "unfamiliar_above",
    "three-way, balanced": "balanced_accuracy_three",
    "called unfamiliar: snow people": "snow_called_unfamiliar",
    "... everyday pictures": "everyday_called_unfamiliar",
    "... look-alikes": "look_alikes_called_unfamiliar",
}
HEAT_LINES = {
    "hottest point on the figure": "pointing",
    "... of small figures": "pointing_small",
    "within it, of the hottest half of the heat": "top_inside",
    "... of the hottest part as large as it": "figure_inside",
    "... of the hottest fifth of the picture": "fifth_inside",
    "share of the picture that it takes": "area",
    "the answer loses without the hottest fifth": "deletion",
    "... without another one of that shape": "deletion_elsewhere",
    "the hottest takes more": "deletion_wins",
}
WIDTH = 44


def table(numbers: Mapping[str, Any]) -> str:
    """Return the figures of `Evaluation.numbers` as lines of text."""
    n = {label: _count(numbers, label) for label in CATEGORIES}
    counts = ", ".join(f"{count} {label}" for label, count in n.items())
    lines = [f"{numbers['model']}, {numbers['size']} px, on {numbers['n']} photos: {counts}", ""]
    lines += _both_ways(numbers)
    lines += _distorted(numbers)
    lines += ["", _line("by style", "n", "right", "all three")]
    lines += [
        _line(name, of["n"], of["right"], of["named"]) for name, of in numbers["by_style"].items()
    ]
    if worst := numbers["worst_style"]:
        lines.append(
            f"worst style of snow people: {worst['style']}, {worst['right']:.3f} of {worst['n']}"
        )
    lines += _folds(numbers["by_fold"])
    if heat := numbers["heat"]:
        lines += ["", f"the heat map, on {heat['n']} cut-outs laid over photos"]
        lines += [_line(name, heat[key]) for name, key in HEAT_LINES.items() if key in heat]
    return "\n".join(lines)


def spread(of_models: Sequence[Mapping[str, Any]]) -> str:
    """Return how far several models, of as many seeds say, are apart."""
    lines = ["", _line(f"over {len(of_models)} models", "least", "most")]
    for name, value in DECIDING.items():
        values = [value(numbers) for numbers in of_models]
        lines.append(_line(name, min(values), max(values)))
    return "\n".join(lines)


def _count(numbers: Mapping[str, Any], label: Category) -> int:
    return sum(of["n"] for name, of in numbers["by_style"].items() if name.split()[0] == label)


def _both_ways(numbers: Mapping[str, Any]) -> list[str]:
    compared = numbers["compared"]
    lines = [_line("", "card's", "1 in 20 doubted")]
    lines += [_line(name, numbers[key], compared[key]) for name, key in THRESHOLD_LINES.items()]
    lines += [
        "",
        _line("Olaf or abominable", numbers["accuracy_two"]),
        _line("AUROC of neither", numbers["auroc_unfamiliar"]),
        _line("calibration error, the two, snow people", numbers["ece_pair"]),
        _line("calibration error of neither", numbers["ece_unfamiliar"]),
        _line("... were half of them snow people", numbers["ece_unfamiliar_halved"]),
        _line("answered surely: snow people", numbers["snow_sure"]),
        _line("... others", numbers["neither_sure"]),
        _line("... of these right", numbers["sure_and_right"]),
    ]
    return lines


def _distorted(numbers: Mapping[str, Any]) -> list[str]:
    if not numbers["robustness"]:
        return []
    lines = ["", _line("distorted", "the two", "all three")]
    lines += [
        _line(name.replace("_", " "), of["two"], of["three"])
        for name, of in numbers["robustness"].items()
    ]
    worst = numbers["lost_at_worst"]
    name = worst["distortion"].replace("_", " ")
    return [*lines, f"lost at worst between the two: {worst['two']:.3f} ({name})"]


def _folds(by_fold: Mapping[str, Mapping[str, float]]) -> list[str]:
    if not by_fold:
        return []
    lines = ["", _line("by fold", "snow people", "the two", "all three", "AUROC")]
    keys = ("accuracy_two", "balanced_accuracy_three", "auroc_unfamiliar")
    lines += [_line(name, of["n_snow"], *(of[key] for key in keys)) for name, of in by_fold.items()]
    worst = (min(of[key] for of in by_fold.values()) for key in keys)
    return [*lines, _line("worst", "", *worst)]


def _line(name: str, *cells: float | str) -> str:
    shown = (f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in cells)
    return f"{name:{WIDTH}}" + "".join(f"{cell:>16}" for cell in shown).rstrip()
