"""Which parts of a photo speak for the answer: its class-activation map, laid over the photo."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from classifier.inference.interpolation import Map, enlarge
from classifier.types import Prediction

# Where nothing speaks for the answer the photo is darker and has less colour, so that the rest
# shines, even of a colourful photo.
DIMMED = 0.4
GREYED = 0.6
# How much of the colour lies over the photo where it is hottest: snow must not stay white there.
VEIL = 0.55
# From cold to hot: night blue, ice, carrot, flame. Dark to light all the way, so that it is legible
# in grey and for the colour-blind as well; no white at the end, which nobody would see on snow.
COLOURS = ((18, 30, 66), (38, 92, 160), (240, 108, 26), (255, 172, 20))


@dataclass(frozen=True, slots=True)
class Heatmap:
    """A prediction, and what it rests on.

    Attributes:
        prediction: What the classifier says about the photo.
        heat: How much each part of the picture speaks for the answer, 0..1, rows from the top; 14
            by 14 cells.
        image: The photo with the heat laid over it, RGB, without any writing; the longer side has
            512 to 1,024 pixels.
    """

    prediction: Prediction
    heat: tuple[tuple[float, ...], ...]
    image: Image.Image


def draw_heatmap(photo: Image.Image, prediction: Prediction, heat: Map) -> Heatmap:
    """Lay the heat over a photo.

    Args:
        photo: RGB, as large as the image is to be.
        prediction: What the heat is about.
        heat: float32, (h, w) of 0..1.
    """
    mask = _smooth(heat, photo.size)
    greyed = Image.blend(photo, photo.convert("L").convert("RGB"), GREYED)
    dark = Image.blend(Image.new("RGB", photo.size, COLOURS[0]), greyed, DIMMED)
    lit = Image.composite(photo, dark, mask)
    coloured = mask.copy().convert("P")
    coloured.putpalette(_palette())
    veil = mask.point([round(level * VEIL) for level in range(256)])
    image = Image.composite(coloured.convert("RGB"), lit, veil)
    return Heatmap(prediction, tuple(tuple(row) for row in heat.tolist()), image)


def write_caption(image: Image.Image, text: str) -> None:
    """Write a short line on a dark plate in the lower left corner of an RGB image, in place."""
    pen = ImageDraw.Draw(image, "RGBA")
    # At the default font's width the longest answer takes nine times its size.
    size = max(8, min(min(image.size) // 12, image.width // 11))
    font = ImageFont.load_default(size)
    left, top, right, bottom = pen.textbbox((0, 0), text, font=font)
    margin = size // 2
    width, height = right - left + 2 * margin, bottom - top + 2 * margin
    corner = (margin, image.height - margin - height)
    box = (*corner, corner[0] + width, corner[1] + height)
    pen.rounded_rectangle(box, radius=margin, fill=(*COLOURS[0], 210))
    pen.text((corner[0] + margin - left, corner[1] + margin - top), text, "white", font)


def _smooth(heat: Map, size: tuple[int, int]) -> Image.Image:
    """Return the map as a grey picture of that size, with no sign of the grid it came from."""
    wide = enlarge(heat, (size[1], size[0])).clip(0, 1)
    grey = Image.fromarray((wide * 255).astype(np.uint8))
    return grey.filter(ImageFilter.GaussianBlur(max(size) / (4 * max(heat.shape))))


def _palette() -> list[int]:
    """Return 256 colours between those of COLOURS, as Pillow wants them: r, g, b, r, g, b..."""
    levels = np.linspace(0, len(COLOURS) - 1, 256)
    channels = [
        np.interp(levels, range(len(COLOURS)), stops) for stops in zip(*COLOURS, strict=True)
    ]
    return [round(value) for value in np.stack(channels, 1).ravel().tolist()]
