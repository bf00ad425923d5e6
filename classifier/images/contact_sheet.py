"""Contact sheets: many photos on one picture, each with a line below it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from classifier.images.decode import decode_photo

COLUMNS = 8
TILE = 140
LINE = 16


def contact_sheet(photos: Sequence[tuple[Path, str]]) -> Image.Image:
    """Draw all the photos on one picture, each with its line below it.

    Args:
        photos: The path of each photo, and the line to write.

    Raises:
        PhotoError: As decode_photo does.
    """
    rows = max(1, -(-len(photos) // COLUMNS))
    sheet = Image.new("RGB", (COLUMNS * TILE, rows * (TILE + LINE)), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(11)
    for place, (path, line) in enumerate(photos):
        photo = decode_photo(path.read_bytes(), TILE)
        photo.thumbnail((TILE - 4, TILE - 4))
        left, top = place % COLUMNS * TILE, place // COLUMNS * (TILE + LINE)
        sheet.paste(photo, (left, top))
        pen.text((left, top + TILE - 2), line, "black", font)
    return sheet
