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

from classifier.evaluation.evaluation import Evaluation
from classifier.evaluation.metrics import MAX_SNOW_REJECTED
from classifier.images.contact_sheet import contact_sheet
from classifier.types import CATEGORIES, NEITHER

WORST = 32
OLAF, ABOMINABLE, GREY = "#c75a11", "#2b6ca3", "#8a929b"

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
       color: #15293d; background: #f7fafc; }
img { max-width: 100%; display: block; }
table { border-collapse: collapse; margin-bottom: 1.5rem; font-variant-numeric: tabular-nums; }
td, th { padding: .15rem 1rem .15rem 0; text-align: left; }
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
{_numbers(found)}
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
    shares = counts / counts.sum(1, keepdim=True).clamp(min=1)
    axes.imshow(shares.numpy(), cmap="Blues", vmin=0, vmax=1)
    for row in range(3):
        for column in range(3):
            colour = "white" if shares[row, column] > 0.5 else "black"
            axes.text(
                column, row, str(int(counts[row, column])), ha="center", va="center", color=colour
            )
    axes.set_xticks(range(3), CATEGORIES)
    axes.set_yticks(range(3), CATEGORIES)
    axes.set(title="Confusion", xlabel="answer, neither if unfamiliar", ylabel="truth")


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
    axes.axvline(MAX_SNOW_REJECTED, color=GREY, linestyle=":")
    area = found.numbers()["auroc_unfamiliar"]
    axes.set(title=f"Unfamiliar (AUROC {area:.3f})", xlim=(0, 1), ylim=(0, 1.02))
    axes.set(xlabel="snow people called unfamiliar", ylabel="others called unfamiliar")


def robustness(axes: Axes, found: Evaluation) -> None:
    """Show what each distortion leaves of the accuracy between the two."""
    names = [name.replace("_", " ") for name in found.robustness]
    axes.barh(names, list(found.robustness.values()), color=ABOMINABLE)
    undistorted = found.numbers()["accuracy_two"]
    axes.axvline(undistorted, color=OLAF)
    axes.invert_yaxis()
    axes.set(title="Between the two, distorted", xlim=(0.5, 1))
    axes.set_xlabel(f"line: undistorted, {undistorted:.3f}")


def styles(axes: Axes, found: Evaluation) -> None:
    """Show the share of right answers for each label and style of picture."""
    by_style = found.by_style()
    names = [f"{name} ({of['n']})" for name, of in by_style.items()]
    axes.barh(names, [of["right"] for of in by_style.values()], color=OLAF)
    axes.invert_yaxis()
    axes.set(title="Told apart or called unfamiliar, by style", xlim=(0, 1))


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


def _numbers(found: Evaluation) -> str:
    numbers = found.numbers()
    shown = {name: value for name, value in numbers.items() if isinstance(value, float)}
    shown |= {f"recall {label}": value for label, value in numbers["recall"].items()}
    shown |= {f"heat: {name}": value for name, value in numbers["heat"].items() if name != "n"}
    rows = (f"<tr><th>{html.escape(name.replace('_', ' '))}<td>{shown[name]:.3f}" for name in shown)
    return f"<table>{''.join(rows)}</table>"


def _plot(draw: Callable[[Axes, Evaluation], None], found: Evaluation) -> str:
    figure = Figure(figsize=(5.2, 4.2), layout="constrained")
    draw(figure.subplots(), found)
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=110)
    return _embedded(out.getvalue(), draw.__name__)


def _embedded(png: bytes, name: str) -> str:
    return f'<img alt="{name}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'
