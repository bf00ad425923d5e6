"""Anybody's name in one line of ink: graphemes, fonts, directions and shaping by HarfBuzz.

Pillow's own layout needs a FriBidi that slim systems lack, so HarfBuzz both shapes and draws here:
every machine draws the same. The fonts come with the project's dependencies.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import regex
import uharfbuzz
from PIL import Image

# HarfBuzz counts in whole units: this many to a pixel.
UNITS = 64
# Nobody reads on, and whatever fits into a picture is far shorter.
MAX_GRAPHEMES = 100
# Letters with more marks than any language needs would climb into the next line.
MAX_MARKS = 3
# Stands for a letter that no font has.
MISSING = "\N{WHITE SQUARE}"
# Stands for a name of which nothing can be seen.
NAMELESS = "\N{SNOWMAN WITHOUT SNOW}"
ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"

BOLD = 700
MEDIUM = 500
# Noto Emoji's bold strokes run together.
EMOJI_WEIGHT = 500

_TEXT, _EMOJI = "NotoSans[wght].ttf", "NotoEmoji[wght].ttf"
_GRAPHEME = regex.compile(r"\X")
_IS_EMOJI = regex.compile(
    r"\p{Emoji_Presentation}|\p{Extended_Pictographic}\p{EMod}|.*[\uFE0F\u20E3]"
)
# Joiners, the choice between emoji and text, and the letters of a region's flag.
_GLUE = regex.compile(r"[\u200C\u200D\uFE0E\uFE0F\U000E0020-\U000E007F]")
_INVISIBLE = regex.compile(r"[\p{C}--\p{Co}--[\u200C\u200D\U000E0020-\U000E007F]]", flags=regex.V1)


def readable(text: str) -> str:
    """Return a text without what cannot be seen; line breaks and the like become spaces."""
    seen = _INVISIBLE.sub("", regex.sub(r"\s+", " ", text[: 50 * MAX_GRAPHEMES]))
    return unicodedata.normalize("NFC", seen).strip()


def graphemes(text: str) -> list[str]:
    """Split a text into what a reader takes for letters; of nothing at all remains NAMELESS.

    A text that is too long ends in ELLIPSIS, MAX_GRAPHEMES letters before it.
    """
    found = [_unburdened(letter) for letter in _GRAPHEME.findall(readable(text))]
    if len(found) > MAX_GRAPHEMES:  # the one too many makes whoever fits the text shorten it
        found = [*found[:MAX_GRAPHEMES], ELLIPSIS]
    return found if any(_needs(letter) for letter in found) else [NAMELESS]


def initial(name: str) -> str:
    """Return what stands for a name on a small disc: its first letter or emoji."""
    first = graphemes(name)[0]
    large = first.upper()
    return large if len(large) == len(first) else first


def fitted(text: str, size: int, weight: int, width: float) -> Line:
    """Lay out as much of a text as is at most so many pixels wide, and an ellipsis after it."""
    letters = graphemes(text)
    line = laid_out(letters, size, weight)
    if line.width <= width and len(letters) <= MAX_GRAPHEMES:
        return line
    low, high = 0, min(len(letters), MAX_GRAPHEMES)
    while low < high:  # the most letters that fit
        middle = (low + high + 1) // 2
        if _shortened(letters, middle, size, weight).width <= width:
            low = middle
        else:
            high = middle - 1
    return _shortened(letters, low, size, weight)


@dataclass(frozen=True, slots=True)
class Line:
    """A text laid out: glyphs in the order in which they are drawn.

    width: how far the pen moves, in pixels. Ink may reach a little further on either side.
    """

    width: float
    size: int
    glyphs: tuple[tuple[Any, int, int, int], ...]  # font, glyph, x and y in UNITS

    def ink(self) -> tuple[Image.Image, int, int]:
        """Draw it: how much ink is where, and the offset of the picture from the pen's start.

        The pen starts at the left end of the base line; y grows downwards.
        """
        pen = uharfbuzz.RasterDraw()
        pen.scale_factor = (UNITS, UNITS)
        for font, glyph, x, y in self.glyphs:
            pen.transform = (1, 0, 0, 1, x, y)
            pen.draw_glyph(font, glyph)
        drawn = pen.render()
        extents = drawn.extents
        if not extents.width or not extents.height:
            return Image.new("L", (1, 1)), 0, 0
        size = (extents.width, extents.height)
        ink = Image.frombytes("L", size, bytes(drawn.buffer), "raw", "L", extents.stride, -1)
        return ink, extents.x_origin, -(extents.y_origin + extents.height)


def laid_out(letters: Sequence[str], size: int, weight: int) -> Line:
    """Lay graphemes out in one line, each in the first font that has it."""
    glyphs: list[tuple[Any, int, int, int]] = []
    pen = 0
    for run, level in _runs(letters):
        file = run[0][1]
        font = _font(file, size, EMOJI_WEIGHT if file.endswith(_EMOJI) else weight)
        buffer = uharfbuzz.Buffer()
        buffer.add_str("".join(letter for letter, _ in run))
        buffer.guess_segment_properties()
        buffer.direction = "rtl" if level % 2 else "ltr"
        uharfbuzz.shape(font, buffer)
        for info, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
            glyphs.append((font, info.codepoint, pen + place.x_offset, place.y_offset))
            pen += place.x_advance
    return Line(pen / UNITS, size, tuple(glyphs))


def _shortened(letters: Sequence[str], count: int, size: int, weight: int) -> Line:
    kept = "".join(letters[:count]).rstrip()
    return laid_out((*_GRAPHEME.findall(kept), ELLIPSIS), size, weight)


def _unburdened(letter: str) -> str:
    """Return a grapheme without marks beyond MAX_MARKS; emoji keep what holds them together."""
    seen = itertools.count(1)
    return "".join(
        sign
        for sign in letter
        if not unicodedata.category(sign).startswith("M")
        or _GLUE.match(sign)
        or next(seen) <= MAX_MARKS
    )


def _needs(letter: str) -> list[int]:
    """Return the code points that a font must have to draw a grapheme."""
    return [ord(sign) for sign in letter if not _GLUE.match(sign)]


# Which font


@cache
def _files() -> tuple[str, ...]:
    """Return the fonts' files, in the order in which they are asked for a letter."""
    folder = Path(str(resources.files("manimgx_fonts")))
    upright = (path for path in folder.glob("*.ttf") if "Italic" not in path.name)
    ordered = sorted(upright, key=lambda path: (path.name == _EMOJI, path.name != _TEXT, path.name))
    cjk = Path(str(resources.files("manimgx_fonts_cjk"))) / "NotoSansCJK-VF.otf.ttc"
    return tuple(str(path) for path in (*ordered, cjk))


@cache
def _face(file: str) -> Any:
    return uharfbuzz.Face(uharfbuzz.Blob.from_file_path(file))


@cache
def _covered(file: str) -> frozenset[int]:
    return frozenset(_face(file).unicodes)


@lru_cache(maxsize=128)
def _font(file: str, size: int, weight: int) -> Any:
    font = uharfbuzz.Font(_face(file))
    font.scale = (size * UNITS, size * UNITS)
    font.set_variations({"wght": weight})
    return font


@lru_cache(maxsize=4096)
def _drawable(letter: str) -> tuple[str, str]:
    """Return a grapheme as it can be drawn, and the font's file: at the worst it is MISSING."""
    files = _files()
    if _IS_EMOJI.match(letter):
        files = tuple(sorted(files, key=lambda file: not file.endswith(_EMOJI)))
    for wanted in (letter, letter[0]):  # rather a letter without its marks than none
        points = _needs(wanted)
        for file in files:
            if _covered(file).issuperset(points):
                return wanted, file
    return MISSING, next(file for file in files if ord(MISSING) in _covered(file))


# Which direction


def _runs(letters: Sequence[str]) -> list[tuple[list[tuple[str, str]], int]]:
    """Return stretches of one font and one direction, from left to right, with their levels."""
    levels = _levels(letters)
    drawable = [_drawable(letter) for letter in letters]
    runs: list[tuple[list[tuple[str, str]], int]] = []
    for (level, _), group in itertools.groupby(
        zip(levels, drawable, strict=True), key=lambda pair: (pair[0], pair[1][1])
    ):
        runs.append(([letter for _, letter in group], level))
    # Rule L2 of the Unicode bidirectional algorithm.
    for lowest in range(max(levels), 0, -1):
        start = 0
        for inside, within in itertools.groupby(runs[:], key=lambda run: run[1] >= lowest):
            end = start + len(list(within))
            if inside:
                runs[start:end] = reversed(runs[start:end])
            start = end
    return runs


def _levels(letters: Iterable[str]) -> list[int]:
    """Return how deep each letter is embedded: even from left to right, odd from right to left.

    The bidirectional algorithm without its explicit marks, which names are freed of before.
    """
    kinds = [_kind(letter) for letter in letters]
    base = next((kind for kind in kinds if kind in "LR"), "L")
    strong = base
    for index, kind in enumerate(kinds):
        if kind in "LR":
            strong = kind
        elif kind == "1" and strong == "L":
            kinds[index] = "L"
    directions = {"L": "L", "R": "R", "1": "R"}
    levels = []
    for index, kind in enumerate(kinds):
        if kind == " ":
            before = next((k for k in reversed(kinds[:index]) if k != " "), base)
            after = next((k for k in kinds[index + 1 :] if k != " "), base)
            same = directions[before] == directions[after]
            kind = directions[before] if same else base
        levels.append(1 if kind == "R" else 2 if kind == "1" or base == "R" else 0)
    return levels


def _kind(letter: str) -> str:
    """Return L or R for letters that have a direction, 1 for digits, a space for the rest."""
    kind = unicodedata.bidirectional(letter[0])
    return {"L": "L", "R": "R", "AL": "R", "EN": "1", "AN": "1"}.get(kind, " ")
