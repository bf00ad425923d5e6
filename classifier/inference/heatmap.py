"""Where did it look? The class-activation map of the answer, laid over the photo."""

from __future__ import annotations

import io
from dataclasses import dataclass

import torch
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from torch.nn import functional as F

from classifier.images.decode import open_photo
from classifier.types import Verdict

# Longer side of the picture that comes back; a chat shows no more.
PICTURE_SIDE = 1024
# A sprite of 32 pixels is shown this large.
LEAST_SIDE = 512
# Where nothing speaks for the answer the photo is a little darker, so that the rest shines.
DIMMED = 0.45
# How much of the colour lies over the photo where it is hottest.
VEIL = 0.45
# From cold to hot: night blue, ice, carrot, snow. Dark to light all the way, so that it reads
# in grey and for the colour-blind as well.
COLOURS = ((18, 30, 66), (38, 92, 160), (232, 116, 30), (255, 236, 190))


@dataclass(frozen=True, slots=True)
class Explanation:
    """An answer, and what it rests on.

    heat: how much each part of the picture speaks for the answer, 0..1, rows from the top; as
        fine as the network's last layer: 7 by 7 cells.
    picture: a PNG of the photo with the heat laid over it and the answer written on it.
    """

    verdict: Verdict
    heat: tuple[tuple[float, ...], ...]
    picture: bytes


def open_for_drawing(photo: bytes) -> Image.Image:
    """Decode a photo at the size of the picture that comes back. Raises as open_photo does."""
    picture = open_photo(photo, PICTURE_SIDE)
    scale = min(1.0, PICTURE_SIDE / max(picture.size))  # never larger than that
    scale = max(scale, LEAST_SIDE / max(picture.size))  # and never too small to write on
    return picture.resize(
        (max(1, round(picture.width * scale)), max(1, round(picture.height * scale))),
        Image.Resampling.LANCZOS,
    )


def explanation(picture: Image.Image, verdict: Verdict, heat: torch.Tensor) -> Explanation:
    """Draw what the predictor saw when it looked closely at the picture."""
    out = io.BytesIO()
    draw(picture, heat, f"{verdict.label.capitalize()}! {verdict.confidence:.0%}").save(out, "PNG")
    return Explanation(verdict, tuple(tuple(row) for row in heat.tolist()), out.getvalue())


def draw(photo: Image.Image, heat: torch.Tensor, answer: str) -> Image.Image:
    """Lay a heat map, (h, w) of 0..1, over an RGB photo and write the answer on it."""
    mask = _smooth(heat, photo.size)
    dark = Image.blend(Image.new("RGB", photo.size, COLOURS[0]), photo, DIMMED)
    lit = Image.composite(photo, dark, mask)
    coloured = mask.copy().convert("P")
    coloured.putpalette(_palette())
    veil = mask.point([round(level * VEIL) for level in range(256)])
    picture = Image.composite(coloured.convert("RGB"), lit, veil)
    _write(picture, answer)
    return picture


def _smooth(heat: torch.Tensor, size: tuple[int, int]) -> Image.Image:
    """Return the map as a grey picture of that size, with no sign of the grid it came from."""
    height, width = size[1], size[0]
    wide = F.interpolate(heat[None, None], size=(height, width), mode="bicubic").clamp(0, 1)
    grey = Image.fromarray((wide[0, 0] * 255).byte().numpy())
    return grey.filter(ImageFilter.GaussianBlur(max(size) / (4 * max(heat.shape))))


def _palette() -> list[int]:
    """Return 256 colours between those of COLOURS, as Pillow wants them: r, g, b, r, g, b..."""
    stops = torch.tensor(COLOURS, dtype=torch.float32).T[None]
    smooth = F.interpolate(stops, size=256, mode="linear", align_corners=True)
    return [round(value) for value in smooth[0].T.flatten().tolist()]


def _write(picture: Image.Image, answer: str) -> None:
    """Write the answer on a dark plate in the lower left corner."""
    pen = ImageDraw.Draw(picture, "RGBA")
    # At the default font's width the longest answer takes nine times its size.
    size = max(8, min(min(picture.size) // 12, picture.width // 11))
    font = ImageFont.load_default(size)
    left, top, right, bottom = pen.textbbox((0, 0), answer, font=font)
    margin = size // 2
    width, height = right - left + 2 * margin, bottom - top + 2 * margin
    corner = (margin, picture.height - margin - height)
    box = (*corner, corner[0] + width, corner[1] + height)
    pen.rounded_rectangle(box, radius=margin, fill=(*COLOURS[0], 210))
    pen.text((corner[0] + margin - left, corner[1] + margin - top), answer, "white", font)
