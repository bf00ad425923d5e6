"""Draw how learning from foolings went."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from classifier.training.learning import Step
from classifier.types import CATEGORIES


def png(steps: Sequence[Step], confusions: Mapping[str, torch.Tensor]) -> bytes:
    """Return a PNG of the loss, the accuracy and the confusions.

    Args:
        steps: In their order.
        confusions: Of each set of pictures, by its name, as `draw_confusion` takes it.
    """
    figure = Figure(figsize=(11, 8), layout="constrained")
    above, below = figure.subplots(2, 2)
    above[0].plot([step.loss for step in steps], color="#15293d")
    above[0].set(title="Loss", xlabel="step", ylim=(0, None))
    for name, colour, values in (
        ("views learned from", "#c75a11", [step.learned for step in steps]),
        ("views held back", "#e8a33d", [step.held_back for step in steps]),
        ("what it knew, balanced", "#2b6ca3", [step.known for step in steps]),
    ):
        above[1].plot(values, color=colour, label=name)
    above[1].legend(loc="lower right")
    above[1].set(title="Right answers", xlabel="step", ylim=(0, 1.02))
    for axes, (name, counts) in zip(below, confusions.items(), strict=True):
        draw_confusion(axes, counts)
        axes.set(title=f"Now: {name}")
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=90)
    return out.getvalue()


def draw_confusion(axes: Axes, counts: torch.Tensor) -> None:
    """Draw how many pictures got which answer: int64 (3, 3), a row for each truth."""
    shares = counts / counts.sum(1, keepdim=True).clamp(min=1)
    axes.imshow(shares.numpy(), cmap="Blues", vmin=0, vmax=1)
    for row in range(3):
        for column in range(3):
            colour = "white" if shares[row, column] > 0.5 else "black"
            number = str(int(counts[row, column]))
            axes.text(column, row, number, ha="center", va="center", color=colour)
    axes.set_xticks(range(3), CATEGORIES)
    axes.set_yticks(range(3), CATEGORIES)
    axes.set(xlabel="answer, neither if unfamiliar", ylabel="truth")
