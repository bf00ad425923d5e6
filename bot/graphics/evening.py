"""The picture of a party night: who won, the best photos, and everybody's points."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

from PIL import Image, ImageOps

from bot.domain import Picture
from bot.graphics.canvas import Box, Canvas
from bot.graphics.charts import CARD_HEIGHT, MARGIN, PLATE, WIDTH, Row, describe_row
from bot.graphics.palette import LIGHT, MEDALS, WHITE, avatar_colour, contrasting_ink
from bot.graphics.text_layout import MEDIUM, visible_text

GAP = 18
PHOTOS_TOP, PHOTOS_BOTTOM = 262, 760
# Of the photos, by how many there are: from the left, in shares of the width and the height.
PLACES: dict[int, tuple[Box, ...]] = {
    1: ((0, 0, 1, 1),),
    2: ((0, 0, 0.5, 1), (0.5, 0, 1, 1)),
    3: ((0, 0, 0.62, 1), (0.62, 0, 1, 0.5), (0.62, 0.5, 1, 1)),
}
ROWS_TOP, ROW_HIGH = 786, 72
ROWS_IN_COLUMN = 6


def draw(
    title: str,
    day: str,
    winners: str,
    rows: Sequence[Row],
    photos: Sequence[tuple[bytes, str]],
    bot: str,
) -> Picture:
    """Draw an evening, to be saved and shared: 1080 by 1350 pixels.

    Args:
        title: What the evening is called.
        day: When it was.
        winners: Who won, in a sentence.
        rows: Everybody's places, twelve at most.
        photos: The best ones, three at most: each file, and what is written on it.
        bot: What the bot says of it.

    Returns:
        The picture; its description has all that is written on it.
    """
    canvas = Canvas(WIDTH, CARD_HEIGHT, LIGHT)
    canvas.draw_landscape(210, flakes=300, text_bottom=PHOTOS_TOP)
    canvas.draw_foreground(150)
    middle, wide = WIDTH / 2, WIDTH - 2 * MARGIN
    canvas.draw_text(title, middle, 66, 50, LIGHT.ink, wide, align=0.5, min_size=30)
    canvas.draw_text(day, middle, 122, 34, LIGHT.ink_soft, wide, MEDIUM, align=0.5)
    canvas.draw_text(winners, middle, 198, 68, LIGHT.carrot, wide, align=0.5, min_size=34)
    shown = photos[: max(PLACES)]
    for (data, caption), place in zip(shown, PLACES.get(len(shown), ()), strict=True):
        _draw_photo(canvas, data, caption, place)
    _draw_rows(canvas, rows[: 2 * ROWS_IN_COLUMN])
    canvas.draw_bot_avatar(MARGIN + 44, 1282, 44)
    room = wide - 108
    canvas.draw_text(bot, MARGIN + 108, 1282, 40, LIGHT.ink, room, min_size=24)
    told = map(describe_row, rows)
    lines = (title, day, winners, *(caption for _, caption in shown), *told, bot)
    return Picture(canvas.png(), "evening.png", "\n".join(map(visible_text, lines)))


def _draw_photo(canvas: Canvas, data: bytes, caption: str, place: Box) -> None:
    """Draw a photo that fills its place, with its caption on a plate."""
    wide, high = WIDTH - 2 * MARGIN, PHOTOS_BOTTOM - PHOTOS_TOP
    left, top, right, bottom = (
        round(MARGIN + wide * place[0] + (GAP / 2 if place[0] else 0)),
        round(PHOTOS_TOP + high * place[1] + (GAP / 2 if place[1] else 0)),
        round(MARGIN + wide * place[2] - (GAP / 2 if place[2] < 1 else 0)),
        round(PHOTOS_TOP + high * place[3] - (GAP / 2 if place[3] < 1 else 0)),
    )
    with Image.open(BytesIO(data)) as photo:
        fitted = ImageOps.fit(photo.convert("RGB"), (right - left, bottom - top))
    canvas.draw_image(fitted, left, top, 26)
    size = 34 if right - left > 500 else 26
    plate = (left, bottom - 2 * size, right, bottom)
    canvas.draw_box(plate, 26, PLATE, 0.78)
    centre, room = (left + right) / 2, right - left - 40
    canvas.draw_text(caption, centre, bottom - size, size, WHITE, room, align=0.5, min_size=18)


def _draw_rows(canvas: Canvas, rows: Sequence[Row]) -> None:
    """Draw everybody's points, in two columns where one is too long."""
    columns = 1 if len(rows) <= ROWS_IN_COLUMN else 2
    wide = (WIDTH - 2 * MARGIN - GAP * (columns - 1)) / columns
    in_column = -(-len(rows) // columns)
    for index, row in enumerate(rows):
        left = MARGIN + (wide + GAP) * (index // in_column)
        top = ROWS_TOP + ROW_HIGH * (index % in_column)
        right, middle = left + wide, top + (ROW_HIGH - 8) / 2
        canvas.draw_card((left, top, right, top + ROW_HIGH - 8), 22, LIGHT.card)
        ground = MEDALS.get(row.rank)
        if ground is not None:
            canvas.draw_disc(left + 40, middle, 24, ground)
        ink = contrasting_ink(ground) if ground is not None else LIGHT.ink_soft
        canvas.draw_text(str(row.rank), left + 40, middle, 28, ink, 50, align=0.5)
        canvas.draw_avatar(row.name, avatar_colour(row.colour), left + 100, middle, 26)
        used = canvas.draw_text(str(row.points), right - 24, middle, 38, LIGHT.ink, 160, align=1)
        room = right - 24 - used - 20 - (left + 140)
        canvas.draw_text(row.name, left + 140, middle, 34, LIGHT.ink, room, min_size=22)
