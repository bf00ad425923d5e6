"""A canvas in the house's colours, by day and by night: boxes, discs, words, faces and snow."""

from __future__ import annotations

import io
import random
from functools import lru_cache
from math import sin

from PIL import Image, ImageDraw

from bot.graphics.palette import WHITE, Colour, Theme, mixed
from bot.graphics.text_layout import BOLD, Line, fitted, graphemes, initial, laid_out

Box = tuple[float, float, float, float]

# Edges are drawn this much larger and then reduced, as Pillow draws them jagged.
FINE = 4
# Half of a capital's height, by which words are centred, of the letters' size.
HALF_CAPITAL = 0.357
# How far letters with their marks may rise above the base line and hang below it.
RISE, HANG = 1.08, 0.4


class Canvas:
    """An RGB picture that is drawn on from back to front."""

    def __init__(self, width: int, height: int, theme: Theme) -> None:
        self.theme = theme
        self.image = _sky(width, height, theme)

    @classmethod
    def over(cls, image: Image.Image, theme: Theme) -> Canvas:
        """Return a canvas that already shows an RGB picture, which is left as it is."""
        canvas = cls(1, 1, theme)
        canvas.image = image.copy()
        return canvas

    @property
    def width(self) -> int:
        """In pixels."""
        return self.image.width

    @property
    def height(self) -> int:
        """In pixels."""
        return self.image.height

    def card(self, box: Box, radius: float, colour: Colour) -> None:
        """Fill a box with rounded corners and a fine edge, as the page's bubbles have it."""
        left, top, right, bottom = box
        self.box(box, radius, mixed(colour, self.theme.ink, 0.13))
        self.box((left + 2, top + 2, right - 2, bottom - 2), radius - 2, colour)

    def box(self, box: Box, radius: float, colour: Colour, opacity: float = 1.0) -> None:
        """Fill a box with rounded corners."""
        left, top, right, bottom = (round(edge) for edge in box)
        size = max(1, right - left), max(1, bottom - top)
        mask = _rounded(size, round(min(radius, size[0] / 2, size[1] / 2)))
        self._paint(mask, (left, top), colour, opacity)

    def disc(self, x: float, y: float, radius: float, colour: Colour, opacity: float = 1.0) -> None:
        """Fill a circle."""
        self.box((x - radius, y - radius, x + radius, y + radius), radius, colour, opacity)

    def polygon(self, points: list[tuple[float, float]], colour: Colour) -> None:
        """Fill a polygon."""
        left, top = (int(min(point[axis] for point in points)) for axis in (0, 1))
        right, bottom = (int(max(point[axis] for point in points)) + 1 for axis in (0, 1))
        mask = Image.new("L", ((right - left) * FINE, (bottom - top) * FINE))
        fine = [((x - left) * FINE, (y - top) * FINE) for x, y in points]
        ImageDraw.Draw(mask).polygon(fine, fill=255)
        self._paint(mask.reduce(FINE), (left, top), colour)

    def words(
        self,
        text: str,
        x: float,
        y: float,
        size: int,
        colour: Colour,
        width: float,
        weight: int = BOLD,
        align: float = 0.0,
        least: int = 0,
    ) -> float:
        """Write one line, centred on the height y and shortened to a width. Returns its width.

        align: where x is: 0 at the line's start, 0.5 in its middle, 1 at its end.
        least: down to this size letters become smaller before any is left out.
        """
        if least:
            whole = laid_out(graphemes(text), size, weight).width
            size = max(least, min(size, int(size * width / max(1.0, whole))))
        line = fitted(text, size, weight, width)
        start = x - align * line.width
        # The room: a stroke of ink may stick out on either side of where the pen goes.
        room = (start - size / 8, start + line.width + size / 8)
        self._write(line, start, y + HALF_CAPITAL * size, colour, room)
        return line.width

    def sign(
        self, letter: str, x: float, y: float, size: int, colour: Colour, width: float
    ) -> None:
        """Write a letter so that its ink is centred on a point and no wider than that."""
        line = fitted(letter, size, BOLD, 9 * size)
        ink, _, _ = line.ink()
        largest = max(ink.width, ink.height)
        if largest > width:
            scaled = (
                max(1, round(ink.width * width / largest)),
                max(1, round(ink.height * width / largest)),
            )
            ink = ink.resize(scaled, Image.Resampling.LANCZOS)
        self._paint(ink, (round(x - ink.width / 2), round(y - ink.height / 2)), colour)

    def face(self, name: str, colour: Colour, x: float, y: float, radius: float) -> None:
        """Draw somebody's disc with the initial of the name."""
        self.disc(x, y, radius, colour)
        self.sign(initial(name), x, y, round(radius), WHITE, radius * 1.2)

    def bot_face(self, x: float, y: float, radius: float) -> None:
        """Draw the bot's disc, a simpler version of bot/platforms/web/static/icon.svg."""
        side = round(2 * radius)
        face = _bot_face(side)
        self.image.paste(face, (round(x) - side // 2, round(y) - side // 2), face)

    def scenery(self, hills: int, flakes: int, calm: float) -> None:
        """Let it snow over hills of a height at the picture's bottom; snowdrift() ends it.

        calm: down to here is writing, and the flakes are finer.
        """
        chance = random.Random(24)
        for _ in range(flakes):
            x, y = chance.random() * self.width, chance.random() * (self.height - hills / 2)
            radius, opacity = 3 + 5 * chance.random(), 0.25 + 0.5 * chance.random()
            near = 1.0 if y > calm else 0.4
            self.disc(x, y, radius * (near + 1) / 2, self.theme.flake, opacity * near)
        self._hill(hills, 0.0, self.theme.hill_far)
        for x, size in (
            (0.07, 0.5),
            (0.12, 0.75),
            (0.17, 0.45),
            (0.83, 0.6),
            (0.89, 0.8),
            (0.95, 0.5),
        ):
            self._pine(x * self.width, self.height - hills * 0.42, hills * size)

    def snowdrift(self, height: int) -> None:
        """Lay the nearest hill over the foot of whatever stands at the picture's bottom."""
        self._hill(height, 2.4, self.theme.hill_near)

    def png(self) -> bytes:
        """Return the picture's file."""
        out = io.BytesIO()
        self.image.save(out, "PNG", compress_level=3)
        return out.getvalue()

    def _hill(self, height: float, phase: float, colour: Colour) -> None:
        steps = [self.width * index / 60 for index in range(61)]
        ridge = [
            (x, self.height - height * (0.75 + 0.2 * sin(phase + 5 * x / self.width)))
            for x in steps
        ]
        self.polygon([*ridge, (self.width, self.height), (0, self.height)], colour)

    def _pine(self, x: float, foot: float, height: float) -> None:
        for part in range(3):
            wide, top = height * (0.14 + 0.08 * part), foot - height * (1 - 0.28 * part)
            base = top + height * 0.42
            self.polygon([(x, top), (x + wide, base), (x - wide, base)], self.theme.pine)

    def _write(
        self, line: Line, x: float, base: float, colour: Colour, room: tuple[float, float]
    ) -> None:
        ink, left, top = line.ink()
        left, top = round(x) + left, round(base) + top
        cut = (
            max(0, round(room[0]) - left),
            max(0, round(base - RISE * line.size) - top),
            min(ink.width, round(room[1]) - left),
            min(ink.height, round(base + HANG * line.size) - top),
        )
        if cut[0] < cut[2] and cut[1] < cut[3]:
            self._paint(ink.crop(cut), (left + cut[0], top + cut[1]), colour)

    def _paint(
        self, mask: Image.Image, corner: tuple[int, int], colour: Colour, opacity: float = 1.0
    ) -> None:
        if opacity < 1:
            mask = mask.point(_faded(round(opacity, 1)))
        self.image.paste(colour, (*corner, corner[0] + mask.width, corner[1] + mask.height), mask)


def _sky(width: int, height: int, theme: Theme) -> Image.Image:
    stops = Image.new("RGB", (1, 5))
    top, middle, bottom = theme.sky
    colours = top, mixed(top, middle, 0.5), middle, mixed(middle, bottom, 0.6), bottom
    stops.putdata(colours)
    column = stops.resize((1, height), Image.Resampling.BILINEAR)
    return column.resize((width, height), Image.Resampling.NEAREST)


@lru_cache(maxsize=16)
def _faded(opacity: float) -> tuple[int, ...]:
    return tuple(round(level * opacity) for level in range(256))


@lru_cache(maxsize=256)
def _rounded(size: tuple[int, int], radius: int) -> Image.Image:
    mask = Image.new("L", (size[0] * FINE, size[1] * FINE))
    box = (0, 0, mask.width - 1, mask.height - 1)
    ImageDraw.Draw(mask).rounded_rectangle(box, radius * FINE, fill=255)
    return mask.reduce(FINE)


@lru_cache(maxsize=8)
def _bot_face(side: int) -> Image.Image:
    """Return the snow person of the page's icon, head and scarf, in a disc. Units: a 128th."""
    large = side * FINE
    unit = large / 128
    face = Image.new("RGBA", (large, large))
    pen = ImageDraw.Draw(face)

    def dot(x: float, y: float, rx: float, ry: float, colour: str) -> None:
        pen.ellipse([v * unit for v in (x - rx, y - ry, x + rx, y + ry)], fill=colour)

    pen.rectangle((0, 0, large, large), fill="#6fb4e2")
    dot(64, 132, 46, 46, "#eaf5fd")
    dot(64, 68, 37, 36, "#ffffff")
    pen.rounded_rectangle([v * unit for v in (35, 92, 93, 107)], 7 * unit, fill="#cf463d")
    pen.pieslice([v * unit for v in (27, 14, 101, 92)], 180, 360, fill="#17807c")
    pen.rounded_rectangle([v * unit for v in (24, 46, 104, 59)], 6 * unit, fill="#ffd9a0")
    dot(64, 15, 10, 10, "#ffd9a0")
    dot(50, 70, 4.5, 4.5, "#17324a")
    dot(78, 70, 4.5, 4.5, "#17324a")
    pen.polygon([v * unit for v in (61, 73, 88, 80, 62, 84)], fill="#ee7f2d")
    mask = Image.new("L", face.size)
    ImageDraw.Draw(mask).ellipse((0, 0, large - 1, large - 1), fill=255)
    face.putalpha(mask)
    return face.reduce(FINE)
