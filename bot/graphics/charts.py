"""The game's pictures: leaderboard, podium, confusion matrix, and the answer on a heat map.

Pure functions; whatever is written on a picture or in its description comes from the caller.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from PIL import Image

from bot.domain import Picture
from bot.graphics.canvas import Canvas
from bot.graphics.palette import (
    DARK,
    GOLD,
    LIGHT,
    MEDALS,
    WHITE,
    Colour,
    Theme,
    avatar_colour,
    contrasting_ink,
    mix,
)
from bot.graphics.text_layout import BOLD, ELLIPSIS, MEDIUM, lay_out, split_graphemes, visible_text

__all__ = ["DARK", "LIGHT", "Row", "Theme", "confusion", "heatmap", "leaderboard", "podium"]

# In pixels: what a phone in a chat shows large enough to be read.
WIDTH = 1080
MARGIN = 48
CONTENT_WIDTH = WIDTH - 2 * MARGIN
# More than a dozen is no longer a picture to look at on a phone.
MOST_ROWS = 12
LABEL_SIZE = 38
CROWN = "\N{CROWN}"
# Night blue, behind what is written on a photo.
PLATE: Colour = (18, 30, 66)


@dataclass(frozen=True, slots=True)
class Row:
    """A player's row in the leaderboard; a tie is two rows of one rank.

    Attributes:
        rank: The player's place, from 1.
        name: The player's.
        points: The player's.
        is_bot: Whether it is the bot.
        is_mine: Whether it is whoever asked for the picture.
        key: The player's id, from which the avatar has its colour, as on the web page; when it is
            empty, the colour comes from the name.
    """

    rank: int
    name: str
    points: int
    is_bot: bool = False
    is_mine: bool = False
    key: str = ""


def leaderboard(title: str, rows: Sequence[Row], theme: Theme) -> Picture:
    """Draw a leaderboard: the first dozen; further down only the bot and whoever asked.

    Args:
        title: Above the rows.
        rows: By rank.
        theme: The colours.

    Returns:
        The picture; its description has a line for each row that is drawn.
    """
    first, rest = list(rows[:MOST_ROWS]), rows[MOST_ROWS:]
    late = [row for row in rest if row.is_bot or row.is_mine]
    high, gap, hills = 116, 13, 130
    top = 232
    dots = 44 if rest else 0
    count = len(first) + len(late)
    canvas = Canvas(WIDTH, top + count * (high + gap) + dots + hills, theme)
    canvas.draw_landscape(hills, flakes=70, text_bottom=top)
    canvas.draw_foreground(hills * 5 // 8)
    _draw_heading(canvas, title)
    for row in first:
        _draw_row(canvas, row, top, high)
        top += high + gap
    if rest:
        for shift in (-32, 0, 32):
            canvas.draw_disc(WIDTH / 2 + shift, top + dots / 2 - gap / 2, 7, theme.ink_soft)
        top += dots
    for row in late:
        _draw_row(canvas, row, top, high)
        top += high + gap
    between = [ELLIPSIS] if rest else []
    lines = [*map(_describe_row, first), *between, *map(_describe_row, late)]
    return _finished(canvas, "leaderboard.png", title, *lines)


def podium(title: str, rows: Sequence[Row], theme: Theme) -> Picture:
    """Draw the first three places; those who tie stand on one step.

    Args:
        title: Above the podium.
        rows: In any order; those of later places are left out.
        theme: The colours.

    Returns:
        The picture; its description has a line for each row that is drawn.
    """
    placed = sorted((row for row in rows if row.rank <= 3), key=lambda row: row.rank)
    canvas = Canvas(WIDTH, 1180, theme)
    canvas.draw_landscape(170, flakes=130, text_bottom=220)
    _draw_heading(canvas, title, align=0.5)
    for rank, together in groupby(placed, key=lambda row: row.rank):
        _draw_step(canvas, rank, list(together))
    canvas.draw_foreground(106)
    return _finished(canvas, "podium.png", title, *map(_describe_row, placed))


def confusion(
    title: str,
    subtitle: str,
    labels: tuple[Sequence[str], Sequence[str]],
    sides: tuple[str, str],
    counts: Sequence[Sequence[int]],
    theme: Theme,
) -> Picture:
    """Draw a confusion matrix; on its diagonal the bot was right.

    Args:
        title: Above it.
        subtitle: Below the title.
        labels: Of the rows (what was true) and of the columns (what the bot said).
        sides: What rows and columns are, in a word or two.
        counts: A row of numbers for each truth, one for each answer.
        theme: The colours.

    Returns:
        The picture; its description has a line for each truth.
    """
    truths, answers = labels
    left, high, gap = MARGIN + 250, 180, 14
    wide = (WIDTH - MARGIN - left + gap) / len(answers)
    columns = [_break_label(answer, wide - gap - 8) for answer in answers]
    top = 306 + 44 * max(map(len, columns))
    canvas = Canvas(WIDTH, top + len(truths) * (high + gap) + 160, theme)
    canvas.draw_landscape(130, flakes=60, text_bottom=canvas.height)
    canvas.draw_foreground(80)
    _draw_heading(canvas, title, subtitle)
    soft = theme.ink_soft
    canvas.draw_text(sides[1], left, 258, 36, soft, WIDTH - MARGIN - left, MEDIUM)
    canvas.draw_text(sides[0], MARGIN, top - 34, 36, soft, left - MARGIN - 24, MEDIUM)
    for column, lines in enumerate(columns):
        middle = left + column * wide + (wide - gap) / 2
        for index, line in enumerate(lines):
            y = top - 34 - 44 * (len(lines) - 1 - index)
            canvas.draw_text(
                line, middle, y, LABEL_SIZE, theme.ink, wide - gap - 8, align=0.5, min_size=28
            )
    for row, (truth, found) in enumerate(zip(truths, counts, strict=True)):
        y = top + row * (high + gap)
        lines = _break_label(truth, left - MARGIN - 16)
        for index, text in enumerate(lines):
            middle = y + high / 2 + 46 * (index - (len(lines) - 1) / 2)
            canvas.draw_text(
                text, MARGIN, middle, LABEL_SIZE, theme.ink, left - MARGIN - 16, min_size=28
            )
        for column, count in enumerate(found):
            share = count / max(1, sum(found))
            tone = theme.ice if row == column else theme.carrot
            ground = mix(theme.card, tone, 0.08 + 0.84 * share if count else 0.0)
            x = left + column * wide
            canvas.draw_card((x, y, x + wide - gap, y + high), 26, ground)
            ink = contrasting_ink(ground) if count else mix(ground, soft, 0.6)
            canvas.draw_text(
                str(count), x + (wide - gap) / 2, y + high / 2, 66, ink, wide - gap - 20, align=0.5
            )
    lines = [
        f"{truth}: " + ", ".join(f"{a} {n}" for a, n in zip(answers, line, strict=True))
        for truth, line in zip(truths, counts, strict=True)
    ]
    return _finished(canvas, "stats.png", title, subtitle, f"{sides[0]} / {sides[1]}", *lines)


def heatmap(image: Image.Image, answer: str) -> bytes:
    """Draw an answer on a picture of where the bot looked, on a dark plate in its lower left.

    Args:
        image: The photo with its heat map, RGB; it is left as it is.
        answer: A few words, such as `Olaf! 97%`; shortened if they do not fit.

    Returns:
        A PNG file of the same size.
    """
    canvas = Canvas.from_image(image, DARK)
    # The longest answer is nine times as wide as its letters are large; the margins take the rest.
    size = max(8, min(min(image.size) // 12, image.width // 11))
    margin = size // 2
    wide = min(lay_out(split_graphemes(answer), size, BOLD).width, image.width - 4 * margin)
    left, bottom = margin, image.height - margin
    top = bottom - 2 * size
    canvas.draw_box((left, top, left + wide + 2 * margin, bottom), margin, PLATE, 0.8)
    canvas.draw_text(answer, left + margin, (top + bottom) / 2, size, WHITE, wide + 1)
    return canvas.png()


def _draw_heading(canvas: Canvas, title: str, subtitle: str = "", align: float = 0.0) -> None:
    """Draw a title and what is below it; align as in `Canvas.draw_text`."""
    x = MARGIN + align * CONTENT_WIDTH
    canvas.draw_text(title, x, 92, 68, canvas.theme.ink, CONTENT_WIDTH, align=align, min_size=46)
    if subtitle:
        canvas.draw_text(
            subtitle, x, 172, 40, canvas.theme.ink_soft, CONTENT_WIDTH, MEDIUM, align, min_size=32
        )


def _break_label(text: str, width: float) -> list[str]:
    """Break a label once, where its two lines are about as long, if it is too wide for one."""
    words = text.split()
    if len(words) < 2 or lay_out(split_graphemes(text), LABEL_SIZE, BOLD).width <= width:
        return [text]
    breaks = [(" ".join(words[:at]), " ".join(words[at:])) for at in range(1, len(words))]
    return list(min(breaks, key=lambda lines: max(map(len, lines))))


def _draw_row(canvas: Canvas, row: Row, top: float, high: float) -> None:
    """Draw a leaderboard's row over the whole width."""
    theme, middle, right = canvas.theme, top + high / 2, WIDTH - MARGIN
    card = theme.mine if row.is_mine else theme.bot if row.is_bot else theme.card
    if row.is_mine:
        canvas.draw_box((MARGIN - 6, top - 6, right + 6, top + high + 6), 36, theme.carrot)
    canvas.draw_card((MARGIN, top, right, top + high), 30, card)
    if row.rank in MEDALS:
        canvas.draw_disc(MARGIN + 68, middle, 37, MEDALS[row.rank])
    ink = contrasting_ink(MEDALS[row.rank]) if row.rank in MEDALS else theme.ink_soft
    canvas.draw_text(str(row.rank), MARGIN + 68, middle, 42, ink, 76, align=0.5)
    _draw_avatar(canvas, row, MARGIN + 168, middle, 44)
    wide = canvas.draw_text(str(row.points), right - 36, middle, 60, theme.ink, 260, align=1)
    start = MARGIN + 236
    room = right - 36 - wide - 28 - start
    canvas.draw_text(row.name, start, middle, 46, theme.ink, room)


def _draw_avatar(canvas: Canvas, row: Row, x: float, y: float, radius: float) -> None:
    """Draw the bot's avatar or a player's."""
    if row.is_bot:
        canvas.draw_bot_avatar(x, y, radius)
    else:
        canvas.draw_avatar(row.name, avatar_colour(row.key or row.name), x, y, radius)


def _draw_step(canvas: Canvas, rank: int, rows: list[Row]) -> None:
    """Draw a step of the podium, and whoever stands on it."""
    theme = canvas.theme
    wide, foot = 300, canvas.height - 40
    x = {1: 540, 2: 222, 3: 858}[rank]
    top = foot - {1: 460, 2: 370, 3: 300}[rank]
    left, right = x - wide / 2, x + wide / 2
    canvas.draw_box((left, top, right, foot), 24, theme.step)
    _draw_snow_cap(canvas, left, right, top)
    canvas.draw_disc(x, top + 106, 54, MEDALS[rank])
    canvas.draw_text(str(rank), x, top + 106, 64, contrasting_ink(MEDALS[rank]), 90, align=0.5)
    canvas.draw_text(
        str(rows[0].points), x, top + 200, 50, contrasting_ink(theme.step), wide - 40, align=0.5
    )

    names = [row.name for row in rows]
    if len(names) > 3:
        names[2:] = [f"+{len(names) - 2}"]
    high = 46 if len(names) > 1 else 54
    y = top - 48 - high * len(names) + high / 2
    radius = {1: 68, 2: 56}.get(len(rows), 46) + (8 if rank == 1 and len(rows) == 1 else 0)
    for name in names:
        canvas.draw_text(name, x, y, high - 12, theme.ink, wide - 4, align=0.5, min_size=high - 22)
        y += high
    shown = rows[:4]
    y = top - 48 - high * len(names) - 14 - radius
    apart = min(2.15 * radius, (wide - 2 * radius) / max(1, len(shown) - 1))
    for index, row in enumerate(shown):
        place = x + (index - (len(shown) - 1) / 2) * apart
        canvas.draw_disc(place, y, radius * 1.1, theme.card)
        _draw_avatar(canvas, row, place, y, radius)
    if rank == 1:
        canvas.draw_letter(CROWN, x, y - radius - 44, 76, GOLD, 92)


def _draw_snow_cap(canvas: Canvas, left: float, right: float, top: float) -> None:
    """Draw snow on a step, hanging over its edge."""
    snow = canvas.theme.flake
    canvas.draw_box((left - 8, top - 20, right + 8, top + 16), 18, snow)
    for share, hang in ((0.06, 34), (0.2, 22), (0.36, 40), (0.55, 26), (0.72, 44), (0.9, 30)):
        x = left + share * (right - left)
        canvas.draw_box((x - 18, top - 10, x + 18, top + hang), 18, snow)


def _describe_row(row: Row) -> str:
    """Return a row in words, for a picture's description."""
    name = "".join(split_graphemes(row.name))
    return f"{row.rank}. {name}: {row.points}"


def _finished(canvas: Canvas, name: str, *description: str) -> Picture:
    """Return a canvas as a picture with its name and the lines of its description."""
    lines = "\n".join(visible_text(line) for line in description if line)
    return Picture(canvas.png(), name, lines)
