"""`python -m tools.mistakes`: draw what the models get wrong, as models/README.md shows it.

Everything is drawn here: objects that were made up to fool them, and snow people as one meets them
too seldom in training. What both models get right is left out; how many that were, is printed.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from classifier.inference.predictor import Predictor
from classifier.types import Category, Prediction
from tests.support.pictures import draw_olaf, draw_yeti, everyday
from tools.foolings import FOOLINGS, SIDE, Draw

SIZE = (400, 300)
COLUMNS, MARGIN, LINE = 4, 12, 26
PAPER, INK, WRONG = "#ffffff", "#20242c", "#b3261e"


@dataclass(frozen=True)
class Case:
    """A drawn picture, what it is and what models make of it."""

    name: str
    picture: Image.Image
    truth: Category
    answers: tuple[tuple[str, Prediction], ...]

    @property
    def is_mistaken(self) -> bool:
        """Whether any model is wrong."""
        return any(is_wrong(answer, self.truth) for _, answer in self.answers)


def is_wrong(answer: Prediction, truth: Category) -> bool:
    """Return whether a family would say so: a wrong name, or a doubt where there is none."""
    if truth is Category.NEITHER:
        return not answer.unfamiliar
    return answer.unfamiliar or answer.label is not truth


def drawn() -> Iterator[tuple[str, Image.Image, Category]]:
    """Yield everything that is asked about."""
    for name, (draw, truth) in FOOLINGS.items():
        yield name.replace("_", " ").replace("olaf", "Olaf"), before_a_house(draw), truth
    for who, draw_it, truth in (
        ("Olaf", draw_olaf, Category.OLAF),
        ("yeti", draw_yeti, Category.ABOMINABLE),
    ):
        whole = draw_it(SIZE)
        yield who, whole, truth
        yield f"{who}, upside down", whole.transpose(Image.Transpose.ROTATE_180), truth
        yield f"{who}, far away", far_away(draw_it), truth
        yield f"{who}, half behind a door", behind(whole, 0.5), truth
        yield f"{who}, in the dark", whole.point(lambda value: value // 6), truth
        yield f"{who}, as a pencil drawing", pencilled(whole), truth


def before_a_house(draw: Draw) -> Image.Image:
    """Draw an object before a house in a meadow."""
    thing = Image.new("RGBA", (SIDE, SIDE))
    draw(ImageDraw.Draw(thing))
    thing.thumbnail((SIZE[1], SIZE[1]))
    picture = everyday(SIZE)
    picture.paste(thing, ((SIZE[0] - thing.width) // 2, 0), thing)
    return picture


def far_away(draw_it: Callable[[tuple[int, int]], Image.Image]) -> Image.Image:
    """Draw somebody on a sixth of a picture's width."""
    picture, small = everyday(SIZE), draw_it((SIZE[0] // 6, SIZE[0] // 6))
    picture.paste(small, (SIZE[0] * 3 // 4, SIZE[1] // 2))
    return picture


def behind(whole: Image.Image, share: float) -> Image.Image:
    """Cover a share of a picture, from the left, with a door."""
    picture = whole.copy()
    ImageDraw.Draw(picture).rectangle((0, 0, share * SIZE[0], SIZE[1]), "#8a6a48")
    return picture


def pencilled(whole: Image.Image) -> Image.Image:
    """Return the outlines of a picture."""
    grey = whole.convert("L").resize((SIZE[0] // 2, SIZE[1] // 2))
    edges = Image.new("L", grey.size, 255)
    for x in range(1, grey.width):
        for y in range(1, grey.height):
            here = _level(grey, x, y)
            steep = max(abs(here - _level(grey, x - 1, y)), abs(here - _level(grey, x, y - 1)))
            if steep > 12:
                edges.putpixel((x, y), 90)
    return edges.resize(SIZE).convert("RGB")


def _level(grey: Image.Image, x: int, y: int) -> int:
    level = grey.getpixel((x, y))
    assert isinstance(level, int)
    return level


def sheet(cases: Sequence[Case]) -> Image.Image:
    """Return one picture of all cases, each with its name and answers."""
    lines = 1 + len(cases[0].answers)
    width, height = SIZE[0] + MARGIN, SIZE[1] + lines * LINE + 2 * MARGIN
    rows = math.ceil(len(cases) / COLUMNS)
    paper = Image.new("RGB", (COLUMNS * width + MARGIN, rows * height + MARGIN), PAPER)
    pen, font = ImageDraw.Draw(paper), ImageFont.load_default(20)
    for index, case in enumerate(cases):
        left = MARGIN + index % COLUMNS * width
        top = MARGIN + index // COLUMNS * height
        paper.paste(case.picture, (left, top))
        top += SIZE[1] + 6
        pen.text((left, top), case.name, INK, font)
        for model, answer in case.answers:
            top += LINE
            colour = WRONG if is_wrong(answer, case.truth) else INK
            pen.text((left, top), f"{model}: {said(answer)}", colour, font)
    return paper.quantize(128)


def said(answer: Prediction) -> str:
    """Return an answer in short."""
    doubt = ", unfamiliar" if answer.unfamiliar else ", sure" if answer.sure else ""
    return f"{answer.label} {answer.confidence:.0%}{doubt}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.mistakes", description=__doc__)
    parser.add_argument("--model", nargs="+", default=["full", "small"])
    parser.add_argument("--out", type=Path, default=Path("docs/mistakes.png"))
    options = parser.parse_args(arguments)
    predictors = {model: Predictor.load(model, "onnx") for model in options.model}

    def ask(predictor: Predictor, picture: Image.Image) -> Prediction:
        return predictor.prediction(predictor.probabilities(predictor.view(picture)[None])[0])

    cases = [
        Case(name, picture, truth, tuple((m, ask(p, picture)) for m, p in predictors.items()))
        for name, picture, truth in drawn()
    ]
    mistaken = [case for case in cases if case.is_mistaken]
    for model in predictors:
        wrong = sum(is_wrong(dict(case.answers)[model], case.truth) for case in cases)
        print(f"{model}: {wrong} of {len(cases)} wrong")
    if mistaken:
        sheet(mistaken).save(options.out, optimize=True)
        print(options.out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
