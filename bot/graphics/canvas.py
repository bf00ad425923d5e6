"""A canvas in a theme's colours: boxes, discs, text, avatars and a snowy landscape."""

from __future__ import annotations

import io
import random
from functools import lru_cache
from math import sin

from PIL import Image, ImageDraw

from bot.graphics.palette import Colour, Theme, contrasting_ink, mix
from bot.graphics.text_layout import BOLD, Line, fit_line, initial, lay_out, split_graphemes

# Left, top, right and bottom, in pixels.
Box = tuple[float, float, float, float]

# Shapes are drawn this much larger and then reduced, as Pillow draws jagged edges.
SUPERSAMPLING = 4
# Half of a capital's height, by which text is centred, as a share of the font's size.
HALF_CAP_HEIGHT = 0.357
# How far letters with their marks may reach above and below the base line, as shares of the size.
MAX_ASCENT, MAX_DESCENT = 1.08, 0.5


class Canvas:
    """An RGB picture that is drawn on from back to front. All lengths are in pixels.

    Args:
        width: Of the picture.
        height: Of the picture.
        theme: The colours to draw with; the canvas starts as the theme's sky.

    Attributes:
        theme: The colours to draw with.
        image: The picture so far.
    """

    def __init__(self, width: int, height: int, theme: Theme) -> None:
        self.theme = theme
        self.image = _sky_gradient(width, height, theme)

    @classmethod
    def from_image(cls, image: Image.Image, theme: Theme) -> Canvas:
        """Return a canvas that shows a copy of an RGB picture."""
        canvas = cls(1, 1, theme)
        canvas.image = image.copy()
        return canvas

    @property
    def width(self) -> int:
        """The picture's width in pixels."""
        return self.image.width

    @property
    def height(self) -> int:
        """The picture's height in pixels."""
        return self.image.height

    def draw_card(self, box: Box, radius: float, colour: Colour) -> None:
        """Fill a box with rounded corners and a thin border, like the bubbles of the web page."""
        left, top, right, bottom = box
        self.draw_box(box, radius, mix(colour, self.theme.ink, 0.13))
        self.draw_box((left + 2, top + 2, right - 2, bottom - 2), radius - 2, colour)

    def draw_box(self, box: Box, radius: float, colour: Colour, opacity: float = 1.0) -> None:
        """Fill a box with rounded corners."""
        left, top, right, bottom = (round(edge) for edge in box)
        size = max(1, right - left), max(1, bottom - top)
        mask = _rounded_mask(size, round(min(radius, size[0] / 2, size[1] / 2)))
        self._fill_mask(mask, (left, top), colour, opacity)

    def draw_image(self, image: Image.Image, x: float, y: float, radius: float) -> None:
        """Draw a picture with rounded corners as large as it is; x and y are its upper left."""
        mask = _rounded_mask(image.size, round(min(radius, image.width / 2, image.height / 2)))
        self.image.paste(image.convert("RGB"), (round(x), round(y)), mask)

    def draw_disc(
        self, x: float, y: float, radius: float, colour: Colour, opacity: float = 1.0
    ) -> None:
        """Fill a circle."""
        self.draw_box((x - radius, y - radius, x + radius, y + radius), radius, colour, opacity)

    def draw_polygon(self, points: list[tuple[float, float]], colour: Colour) -> None:
        """Fill a polygon."""
        left, top = (int(min(point[axis] for point in points)) for axis in (0, 1))
        right, bottom = (int(max(point[axis] for point in points)) + 1 for axis in (0, 1))
        mask = Image.new("L", ((right - left) * SUPERSAMPLING, (bottom - top) * SUPERSAMPLING))
        fine = [((x - left) * SUPERSAMPLING, (y - top) * SUPERSAMPLING) for x, y in points]
        ImageDraw.Draw(mask).polygon(fine, fill=255)
        self._fill_mask(mask.reduce(SUPERSAMPLING), (left, top), colour)

    def draw_text(
        self,
        text: str,
        x: float,
        y: float,
        size: int,
        colour: Colour,
        width: float,
        weight: int = BOLD,
        align: float = 0.0,
        min_size: int = 0,
    ) -> float:
        """Draw one line of text, shortened to a width.

        Args:
            text: The text.
            x: Where the line is, see `align`.
            y: The middle of the capitals' height.
            size: The font's size.
            colour: The text's.
            width: How wide the line may be.
            weight: The font's weight, 100 to 900.
            align: What of the line is at x: 0 its start, 0.5 its middle, 1 its end.
            min_size: Down to this size letters become smaller before any is left out; 0 for not.

        Returns:
            The line's width.
        """
        if min_size:
            whole = lay_out(split_graphemes(text), size, weight).width
            size = max(min_size, min(size, int(size * width / max(1.0, whole))))
        line = fit_line(text, size, weight, width)
        start = x - align * line.width
        # Strokes may stick out a little on either side of the line's advance width.
        clip = (start - size / 8, start + line.width + size / 8)
        self._draw_line(line, start, y + HALF_CAP_HEIGHT * size, colour, clip)
        return line.width

    def draw_letter(
        self, letter: str, x: float, y: float, size: int, colour: Colour, width: float
    ) -> None:
        """Draw a letter or emoji with its ink centred on a point.

        Args:
            letter: The letter.
            x: The middle of its ink.
            y: The middle of its ink.
            size: The font's size.
            colour: The letter's.
            width: How wide and how high its ink may be; it is scaled down if need be.
        """
        line = fit_line(letter, size, BOLD, 9 * size)
        ink, _, _ = line.render()
        largest = max(ink.width, ink.height)
        if largest > width:
            scaled = (
                max(1, round(ink.width * width / largest)),
                max(1, round(ink.height * width / largest)),
            )
            ink = ink.resize(scaled, Image.Resampling.LANCZOS)
        self._fill_mask(ink, (round(x - ink.width / 2), round(y - ink.height / 2)), colour)

    def draw_avatar(self, name: str, colour: Colour, x: float, y: float, radius: float) -> None:
        """Draw a player's avatar: a disc with the initial of the name."""
        self.draw_disc(x, y, radius, colour)
        self.draw_letter(initial(name), x, y, round(radius), contrasting_ink(colour), radius * 1.2)

    def draw_bot_avatar(self, x: float, y: float, radius: float) -> None:
        """Draw the bot's avatar, a simpler version of bot/platforms/web/static/icon.svg."""
        side = round(2 * radius)
        face = _bot_avatar(side)
        self.image.paste(face, (round(x) - side // 2, round(y) - side // 2), face)

    def draw_landscape(self, hills: int, flakes: int, text_bottom: float) -> None:
        """Draw falling snow over hills; `draw_foreground` adds the nearest hill at the end.

        Args:
            hills: The height of the hills.
            flakes: How many.
            text_bottom: Down to here is text, which no flake is to cross.
        """
        chance = random.Random(24)  # the same flakes in every picture
        for _ in range(flakes):
            x, y = chance.random() * self.width, chance.random() * (self.height - hills / 2)
            radius, opacity = 3 + 5 * chance.random(), 0.25 + 0.5 * chance.random()
            if y - radius > text_bottom:
                self.draw_disc(x, y, radius, self.theme.flake, opacity)
        self._draw_hill(hills, 0.0, self.theme.hill_far)
        for x, size in (
            (0.07, 0.5),
            (0.12, 0.75),
            (0.17, 0.45),
            (0.83, 0.6),
            (0.89, 0.8),
            (0.95, 0.5),
        ):
            self._draw_pine(x * self.width, self.height - hills * 0.42, hills * size)

    def draw_foreground(self, height: int) -> None:
        """Draw the nearest hill over the foot of whatever stands at the picture's bottom."""
        self._draw_hill(height, 2.4, self.theme.hill_near)

    def png(self) -> bytes:
        """Return the picture as a PNG file."""
        out = io.BytesIO()
        self.image.save(out, "PNG", compress_level=3)
        return out.getvalue()

    def _draw_hill(self, height: float, phase: float, colour: Colour) -> None:
        """Draw a hill over the whole width, its ridge a sine from a phase in radians."""
        steps = [self.width * index / 60 for index in range(61)]
        ridge = [
            (x, self.height - height * (0.75 + 0.2 * sin(phase + 5 * x / self.width)))
            for x in steps
        ]
        self.draw_polygon([*ridge, (self.width, self.height), (0, self.height)], colour)

    def _draw_pine(self, x: float, foot: float, height: float) -> None:
        """Draw a pine tree of three triangles."""
        for part in range(3):
            wide, top = height * (0.14 + 0.08 * part), foot - height * (1 - 0.28 * part)
            base = top + height * 0.42
            self.draw_polygon([(x, top), (x + wide, base), (x - wide, base)], self.theme.pine)

    def _draw_line(
        self, line: Line, x: float, base: float, colour: Colour, clip: tuple[float, float]
    ) -> None:
        """Draw a line from x on, cut to the clip's left and right and to a line's usual height."""
        ink, left, top = line.render()
        left, top = round(x) + left, round(base) + top
        cut = (
            max(0, round(clip[0]) - left),
            max(0, round(base - MAX_ASCENT * line.size) - top),
            min(ink.width, round(clip[1]) - left),
            min(ink.height, round(base + MAX_DESCENT * line.size) - top),
        )
        if cut[0] < cut[2] and cut[1] < cut[3]:
            self._fill_mask(ink.crop(cut), (left + cut[0], top + cut[1]), colour)

    def _fill_mask(
        self, mask: Image.Image, corner: tuple[int, int], colour: Colour, opacity: float = 1.0
    ) -> None:
        """Fill a mask with a colour; corner is where the mask's upper left is."""
        if opacity < 1:
            mask = mask.point(_opacity_table(round(opacity, 1)))
        self.image.paste(colour, (*corner, corner[0] + mask.width, corner[1] + mask.height), mask)


def _sky_gradient(width: int, height: int, theme: Theme) -> Image.Image:
    """Return a picture of the theme's sky."""
    stops = Image.new("RGB", (1, 5))
    top, middle, bottom = theme.sky
    colours = top, mix(top, middle, 0.5), middle, mix(middle, bottom, 0.6), bottom
    stops.putdata(colours)
    column = stops.resize((1, height), Image.Resampling.BILINEAR)
    return column.resize((width, height), Image.Resampling.NEAREST)


@lru_cache(maxsize=16)
def _opacity_table(opacity: float) -> tuple[int, ...]:
    """Return what each of a mask's 256 levels becomes."""
    return tuple(round(level * opacity) for level in range(256))


@lru_cache(maxsize=256)
def _rounded_mask(size: tuple[int, int], radius: int) -> Image.Image:
    """Return a mask of a box with rounded corners."""
    mask = Image.new("L", (size[0] * SUPERSAMPLING, size[1] * SUPERSAMPLING))
    box = (0, 0, mask.width - 1, mask.height - 1)
    ImageDraw.Draw(mask).rounded_rectangle(box, radius * SUPERSAMPLING, fill=255)
    return mask.reduce(SUPERSAMPLING)


@lru_cache(maxsize=8)
def _bot_avatar(side: int) -> Image.Image:
    """Return the snow person of the web page's icon, in a disc; coordinates are of 128."""
    large = side * SUPERSAMPLING
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
    return face.reduce(SUPERSAMPLING)
