"""Draw an evaluation: one HTML page with its plots and its worst mistakes inside."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from classifier.evaluation.evaluation import COMPARED_AT, Evaluation
from classifier.evaluation.learning_plot import draw_confusion
from classifier.evaluation.table import table
from classifier.images.contact_sheet import contact_sheet
from classifier.types import CATEGORIES, NEITHER, Category

WORST = 32
OLAF, ABOMINABLE, GREY = "#c75a11", "#2b6ca3", "#8a929b"

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
       color: #15293d; background: #f7fafc; }
img { max-width: 100%; display: block; }
pre { overflow-x: auto; font-size: .8rem; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(24rem, 1fr)); gap: 1rem; }
"""


def page(found: Evaluation) -> str:
    """Return the report as one HTML document that needs nothing else."""
    plots = (confusion, reliability, roc, robustness, styles)
    out = io.BytesIO()
    worst_mistakes(found).save(out, "PNG")
    worst = out.getvalue()
    pictures = "".join(f"<div>{_plot(plot, found)}</div>" for plot in plots)
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{html.escape(found.card.name)}: report</title>
<style>{STYLE}</style>
<h1>The {html.escape(found.card.name)} model on {len(found.rows)} photos</h1>
<pre>{html.escape(table(found.numbers()))}</pre>
<div class="plots">{pictures}</div>
<h2>The worst mistakes</h2>
<p>Each with what it is, and what the model was how sure of.</p>
{_embedded(worst, "the worst mistakes")}
</html>
"""


def confusion(axes: Axes, found: Evaluation) -> None:
    """Count the answers for each label."""
    counts = torch.zeros(3, 3, dtype=torch.int64)
    for truth, answer in zip(found.truth, found.answers(), strict=True):
        counts[truth, answer] += 1
    draw_confusion(axes, counts)
    axes.set(title="Confusion")


def reliability(axes: Axes, found: Evaluation) -> None:
    """Show how often an answer is right against how sure the model was of it."""
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":")
    numbers = found.numbers()
    for name, colour in (("pair", ABOMINABLE), ("unfamiliar", OLAF)):
        bins = numbers["reliability"][name]
        total = sum(of["n"] for of in bins)
        axes.scatter(
            [of["confidence"] for of in bins],
            [of["right"] for of in bins],
            s=[10 + 300 * of["n"] / total for of in bins],
            color=colour,
            alpha=0.7,
            label=f"{name} (ECE {numbers[f'ece_{name}']:.3f})",
        )
    axes.legend()
    axes.set(title="Reliability", xlim=(0, 1), ylim=(0, 1.02))
    axes.set(xlabel="confidence", ylabel="share that was right")


def roc(axes: Axes, found: Evaluation) -> None:
    """Show how well `neither` is told from snow people."""
    score = found.probabilities[:, NEITHER]
    neither = found.truth == NEITHER
    order = score.argsort(descending=True)
    caught = neither[order].float().cumsum(0) / neither.sum().clamp(min=1)
    alarms = (~neither)[order].float().cumsum(0) / (~neither).sum().clamp(min=1)
    axes.plot(alarms.numpy(), caught.numpy(), color=OLAF)
    axes.axvline(COMPARED_AT, color=GREY, linestyle=":")
    area = found.numbers()["auroc_unfamiliar"]
    axes.set(title=f"Unfamiliar (AUROC {area:.3f})", xlim=(0, 1), ylim=(0, 1.02))
    axes.set(xlabel="snow people called unfamiliar", ylabel="others called unfamiliar")


def robustness(axes: Axes, found: Evaluation) -> None:
    """Show what each distortion leaves of the two-way and the balanced three-way accuracy."""
    robust = found.robustness()
    names = [name.replace("_", " ") for name in robust]
    for key, colour, label in (("two", ABOMINABLE, "the two"), ("three", OLAF, "all three")):
        axes.plot([of[key] for of in robust.values()], names, "o", color=colour, label=label)
        if names:
            axes.axvline(robust["undistorted"][key], color=colour, linestyle=":")
            axes.legend(loc="lower left")
    axes.grid(axis="y", color="#e3e8ec")
    axes.invert_yaxis()
    axes.set(title="Distorted, a line where undistorted", xlim=(0.5, 1.01))


def styles(axes: Axes, found: Evaluation) -> None:
    """Show the share of right answers for each label and style of picture."""
    by_style = found.by_style()
    names = [f"{name} ({of['n']})" for name, of in by_style.items()]
    colours = {CATEGORIES[0]: OLAF, CATEGORIES[1]: ABOMINABLE}
    bars = [colours.get(Category(name.split()[0]), GREY) for name in by_style]
    axes.barh(names, [of["right"] for of in by_style.values()], color=bars)
    axes.plot([of["named"] for of in by_style.values()], names, "|", color="black", markersize=9)
    axes.invert_yaxis()
    axes.set(title="By style; the stroke: right of all three", xlim=(0, 1))
    axes.set_xlabel("told apart, or of neither called unfamiliar")


def worst_mistakes(found: Evaluation) -> Image.Image:
    """Return a contact sheet of the photos that were mistaken with the most certainty."""
    answer = found.answers()
    confidence = found.probabilities.gather(1, answer[:, None])[:, 0]
    wrong = (answer != found.truth).nonzero().flatten()
    worst = wrong[confidence[wrong].argsort(descending=True)][:WORST].tolist()
    photos = []
    for index in worst:
        answered = f"{CATEGORIES[int(answer[index])]} {float(confidence[index]):.0%}"
        photos.append((found.rows[index].path, f"{found.rows[index].label}: {answered}"))
    return contact_sheet(photos)


def _plot(draw: Callable[[Axes, Evaluation], None], found: Evaluation) -> str:
    figure = Figure(figsize=(5.2, 5.2), layout="constrained")
    draw(figure.subplots(), found)
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=110)
    return _embedded(out.getvalue(), draw.__name__)


def _embedded(png: bytes, name: str) -> str:
    return f'<img alt="{name}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'
