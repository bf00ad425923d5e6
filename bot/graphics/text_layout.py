"""Text in any script in one line: graphemes, choice of fonts, directions, shaping by HarfBuzz.

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
from typing import Any, NamedTuple

import regex
import uharfbuzz
from PIL import Image

# HarfBuzz counts in whole numbers: this many of its units are a pixel.
UNITS = 64
# Nobody reads on, and whatever fits into a picture is far shorter.
MAX_GRAPHEMES = 100
# Letters with more marks than any language needs would climb into the next line.
MAX_MARKS = 3
# Stands for a letter that no font has.
MISSING = "\N{WHITE SQUARE}"
# Stands for a name without a visible letter.
NAMELESS = "\N{SNOWMAN WITHOUT SNOW}"
ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"

# Weights of the fonts, 100 to 900.
BOLD = 700
MEDIUM = 500
# Noto Emoji's bold strokes run together.
EMOJI_WEIGHT = 500

_TEXT, _EMOJI = "NotoSans[wght].ttf", "NotoEmoji[wght].ttf"
_GRAPHEME = regex.compile(r"\X")
# With the space after it; a hyphen between letters ends a word.
_WORD = regex.compile(r"\S+?(?<=\p{L})-(?=\p{L})|\S+\s?")
_IS_EMOJI = regex.compile(
    r"\p{Emoji_Presentation}|\p{Extended_Pictographic}\p{EMod}|.*[\uFE0F\u20E3]"
)
# Joiners, the choice between emoji and text, and the letters of a region's flag.
_GLUE = regex.compile(r"[\u200C\u200D\uFE0E\uFE0F\U000E0020-\U000E007F]")
_INVISIBLE = regex.compile(r"[\p{C}--\p{Co}--[\u200C\u200D\U000E0020-\U000E007F]]", flags=regex.V1)


def visible_text(text: str) -> str:
    """Return a text without invisible characters; line breaks and the like become spaces."""
    seen = _INVISIBLE.sub("", regex.sub(r"\s+", " ", text[: 50 * MAX_GRAPHEMES]))
    return unicodedata.normalize("NFC", seen).strip()


def split_graphemes(text: str) -> list[str]:
    """Split a text into graphemes, which readers take for letters.

    Args:
        text: Any text.

    Returns:
        At least one: NAMELESS when nothing of the text can be seen. Of a text that is too long, the
        first MAX_GRAPHEMES and ELLIPSIS.
    """
    found = [_limit_marks(letter) for letter in _GRAPHEME.findall(visible_text(text))]
    if len(found) > MAX_GRAPHEMES:  # the one too many makes whoever fits the text shorten it
        found = [*found[:MAX_GRAPHEMES], ELLIPSIS]
    return found if any(_code_points(letter) for letter in found) else [NAMELESS]


def initial(name: str) -> str:
    """Return the first letter of a name, as a capital, or its first emoji."""
    first = split_graphemes(name)[0]
    large = first.upper()
    return large if len(large) == len(first) else first


def fit_line(text: str, size: int, weight: int, width: float) -> Line:
    """Lay out as much of a text as fits a width, and an ellipsis if that is not all of it.

    Args:
        text: The text.
        size: The font's size in pixels.
        weight: The font's weight.
        width: In pixels.
    """
    letters = split_graphemes(text)
    line = lay_out(letters, size, weight)
    if line.width <= width and len(letters) <= MAX_GRAPHEMES:
        return line
    low, high = 0, min(len(letters), MAX_GRAPHEMES)
    while low < high:  # the most letters that fit
        middle = (low + high + 1) // 2
        if _with_ellipsis(letters, middle, size, weight).width <= width:
            low = middle
        else:
            high = middle - 1
    return _with_ellipsis(letters, low, size, weight)


def wrap_text(text: str, size: int, weight: int, width: float, most: int) -> list[str]:
    """Break a text into lines, between words or after hyphens where that can be.

    Args:
        text: The text.
        size: The font's size in pixels.
        weight: The font's weight.
        width: Of a line, in pixels.
        most: How many lines there may be; the last one is too long if they do not suffice.

    Returns:
        At least one line.
    """

    def fits(line: str) -> bool:
        letters = split_graphemes(line)
        if len(letters) > MAX_GRAPHEMES:
            return False
        return lay_out(letters, size, weight).width <= width

    lines: list[str] = []
    line = ""
    words = _WORD.findall(visible_text(text))
    while words:
        word = words.pop(0)
        longer = line + word
        if len(lines) == most - 1 or fits(longer):
            line = longer
        elif line:
            lines.append(line)
            line = ""
            words.insert(0, word)
        else:  # a word that is wider than a line
            letters = _GRAPHEME.findall(word)
            low, high = 1, min(len(letters), MAX_GRAPHEMES)
            while low < high:  # the most letters that fit
                middle = (low + high + 1) // 2
                low, high = (middle, high) if fits("".join(letters[:middle])) else (low, middle - 1)
            lines.append("".join(letters[:low]))
            if rest := "".join(letters[low:]):
                words.insert(0, rest)
    return [found.strip() for found in ([*lines, line] if line or not lines else lines)]


class Glyph(NamedTuple):
    """A glyph and where it is drawn.

    Attributes:
        font: The uharfbuzz.Font that has it.
        id: Its number in the font.
        x: From the line's start, in UNITS.
        y: From the base line, upwards, in UNITS.
    """

    font: Any
    id: int
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Line:
    """A text laid out.

    Attributes:
        width: Its advance width in pixels; ink may reach a little further on either side.
        size: The font's size in pixels.
        glyphs: From left to right.
    """

    width: float
    size: int
    glyphs: tuple[Glyph, ...]

    def render(self) -> tuple[Image.Image, int, int]:
        """Draw the line.

        Returns:
            A mask of its ink (mode L), and the x and y of the mask's upper left in pixels, counted
            from the left end of the base line; y grows downwards.
        """
        pen = uharfbuzz.RasterDraw()
        pen.scale_factor = (UNITS, UNITS)
        for glyph in self.glyphs:
            pen.transform = (1, 0, 0, 1, glyph.x, glyph.y)
            pen.draw_glyph(glyph.font, glyph.id)
        drawn = pen.render()
        extents = drawn.extents
        if not extents.width or not extents.height:
            return Image.new("L", (1, 1)), 0, 0
        size = (extents.width, extents.height)
        ink = Image.frombytes("L", size, bytes(drawn.buffer), "raw", "L", extents.stride, -1)
        return ink, extents.x_origin, -(extents.y_origin + extents.height)


def lay_out(letters: Sequence[str], size: int, weight: int) -> Line:
    """Lay graphemes out in one line, each in the first font that has it.

    Args:
        letters: The graphemes, as they are read.
        size: The font's size in pixels.
        weight: The font's weight.
    """
    glyphs: list[Glyph] = []
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
            glyphs.append(Glyph(font, info.codepoint, pen + place.x_offset, place.y_offset))
            pen += place.x_advance
    return Line(pen / UNITS, size, tuple(glyphs))


def _with_ellipsis(letters: Sequence[str], count: int, size: int, weight: int) -> Line:
    """Lay out the first so many graphemes, and an ellipsis."""
    kept = "".join(letters[:count]).rstrip()
    return lay_out((*_GRAPHEME.findall(kept), ELLIPSIS), size, weight)


def _limit_marks(letter: str) -> str:
    """Return a grapheme with at most MAX_MARKS marks; emoji keep what joins their parts."""
    seen = itertools.count(1)
    return "".join(
        sign
        for sign in letter
        if not unicodedata.category(sign).startswith("M")
        or _GLUE.match(sign)
        or next(seen) <= MAX_MARKS
    )


def _code_points(letter: str) -> list[int]:
    """Return the code points that a font must have to draw a grapheme."""
    return [ord(sign) for sign in letter if not _GLUE.match(sign)]


# Choice of fonts


@cache
def _font_files() -> tuple[str, ...]:
    """Return the fonts' files, in the order in which a letter is looked for."""
    folder = Path(str(resources.files("manimgx_fonts")))
    upright = (path for path in folder.glob("*.ttf") if "Italic" not in path.name)
    ordered = sorted(upright, key=lambda path: (path.name == _EMOJI, path.name != _TEXT, path.name))
    cjk = Path(str(resources.files("manimgx_fonts_cjk"))) / "NotoSansCJK-VF.otf.ttc"
    return tuple(str(path) for path in (*ordered, cjk))


@cache
def _face(file: str) -> Any:
    """Return the uharfbuzz.Face of a font's file."""
    return uharfbuzz.Face(uharfbuzz.Blob.from_file_path(file))


@cache
def _covered_code_points(file: str) -> frozenset[int]:
    """Return the code points that a font has glyphs for."""
    return frozenset(_face(file).unicodes)


@lru_cache(maxsize=128)
def _font(file: str, size: int, weight: int) -> Any:
    """Return the uharfbuzz.Font of a file in a size and a weight."""
    font = uharfbuzz.Font(_face(file))
    font.scale = (size * UNITS, size * UNITS)
    font.set_variations({"wght": weight})
    return font


@lru_cache(maxsize=4096)
def _find_font(letter: str) -> tuple[str, str]:
    """Return a grapheme as it can be drawn, MISSING at the worst, and the file of its font."""
    files = _font_files()
    if _IS_EMOJI.match(letter):
        files = tuple(sorted(files, key=lambda file: not file.endswith(_EMOJI)))
    for wanted in (letter, letter[0]):  # a letter without its marks is better than none
        points = _code_points(wanted)
        for file in files:
            if _covered_code_points(file).issuperset(points):
                return wanted, file
    return MISSING, next(file for file in files if ord(MISSING) in _covered_code_points(file))


# Directions


def _runs(letters: Sequence[str]) -> list[tuple[list[tuple[str, str]], int]]:
    """Return stretches of one font and one direction, from left to right, with their levels."""
    levels = _embedding_levels(letters)
    drawable = [_find_font(letter) for letter in letters]
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


def _embedding_levels(letters: Iterable[str]) -> list[int]:
    """Return how deep each letter is embedded: even from left to right, odd from right to left.

    The bidirectional algorithm without its explicit marks, which names are freed of before.
    """
    kinds = [_bidi_class(letter) for letter in letters]
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


def _bidi_class(letter: str) -> str:
    """Return L or R for letters that have a direction, 1 for digits, a space for the rest."""
    kind = unicodedata.bidirectional(letter[0])
    return {"L": "L", "R": "R", "AL": "R", "EN": "1", "AN": "1"}.get(kind, " ")
