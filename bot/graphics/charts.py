"""The game's pictures: who leads, who won, how the bot did, and where it looked.

Pure functions; whatever is written on a picture or said of it comes from the caller.
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
    Theme,
    colour_of,
    contrasting,
    mixed,
)
from bot.graphics.text_layout import BOLD, ELLIPSIS, MEDIUM, graphemes, laid_out, readable

__all__ = ["DARK", "LIGHT", "Row", "Theme", "confusion", "leaderboard", "podium"]

# What a phone in a chat shows without a magnifying glass.
WIDTH = 1080
MARGIN = 48
INSIDE = WIDTH - 2 * MARGIN
# More than a dozen is no longer a picture to look at on a phone.
MOST_ROWS = 12
LABEL = 38
CROWN = "\N{CROWN}"
# Night blue, behind what is written on a photo.
PLATE = (18, 30, 66)


@dataclass(frozen=True, slots=True)
class Row:
    """Somebody's place; a tie is two rows of one rank.

    is_mine: whoever asked for the picture.
    key: the player's id, from which the disc's colour comes, as on the page; else the name's.
    """

    rank: int
    name: str
    points: int
    is_bot: bool = False
    is_mine: bool = False
    key: str = ""


def leaderboard(title: str, rows: Sequence[Row], theme: Theme) -> Picture:
    """Draw the first dozen; further down only the bot and whoever asked."""
    first, rest = list(rows[:MOST_ROWS]), rows[MOST_ROWS:]
    late = [row for row in rest if row.is_bot or row.is_mine]
    high, gap, hills = 116, 13, 130
    top = 232
    dots = 44 if rest else 0
    count = len(first) + len(late)
    canvas = Canvas(WIDTH, top + count * (high + gap) + dots + hills, theme)
    canvas.scenery(hills, flakes=70, calm=top)
    canvas.snowdrift(hills * 5 // 8)
    _heading(canvas, title)
    for row in first:
        _row(canvas, row, top, high)
        top += high + gap
    if rest:
        for shift in (-32, 0, 32):
            canvas.disc(WIDTH / 2 + shift, top + dots / 2 - gap / 2, 7, theme.ink_soft)
        top += dots
    for row in late:
        _row(canvas, row, top, high)
        top += high + gap
    said = [_said(row) for row in first] + [ELLIPSIS] * bool(rest) + [_said(row) for row in late]
    return _picture(canvas, "leaderboard.png", title, *said)


def podium(title: str, rows: Sequence[Row], theme: Theme) -> Picture:
    """Draw the first three places; those who tie stand on one step."""
    placed = sorted((row for row in rows if row.rank <= 3), key=lambda row: row.rank)
    canvas = Canvas(WIDTH, 1180, theme)
    canvas.scenery(170, flakes=130, calm=220)
    _heading(canvas, title, align=0.5)
    for rank, together in groupby(placed, key=lambda row: row.rank):
        _step(canvas, rank, list(together))
    canvas.snowdrift(106)
    return _picture(canvas, "podium.png", title, *map(_said, placed))


def confusion(
    title: str,
    subtitle: str,
    labels: tuple[Sequence[str], Sequence[str]],
    sides: tuple[str, str],
    counts: Sequence[Sequence[int]],
    theme: Theme,
) -> Picture:
    """Draw how often each truth was answered how; the diagonal is where the bot was right.

    labels: of the rows (what it was) and of the columns (what the bot said). sides: what rows and
    columns are, in a word or two. counts: a row of numbers for each truth.
    """
    truths, answers = labels
    left, high, gap = MARGIN + 250, 180, 14
    wide = (WIDTH - MARGIN - left + gap) / len(answers)
    columns = [_lines(answer, wide - gap - 8) for answer in answers]
    top = 306 + 44 * max(map(len, columns))
    canvas = Canvas(WIDTH, top + len(truths) * (high + gap) + 160, theme)
    canvas.scenery(130, flakes=60, calm=canvas.height)
    canvas.snowdrift(80)
    _heading(canvas, title, subtitle)
    soft = theme.ink_soft
    canvas.words(sides[1], left, 258, 36, soft, WIDTH - MARGIN - left, MEDIUM)
    canvas.words(sides[0], MARGIN, top - 34, 36, soft, left - MARGIN - 24, MEDIUM)
    for column, lines in enumerate(columns):
        middle = left + column * wide + (wide - gap) / 2
        for index, line in enumerate(lines):
            y = top - 34 - 44 * (len(lines) - 1 - index)
            canvas.words(line, middle, y, LABEL, theme.ink, wide - gap - 8, align=0.5, least=28)
    for row, (truth, found) in enumerate(zip(truths, counts, strict=True)):
        y = top + row * (high + gap)
        lines = _lines(truth, left - MARGIN - 16)
        for index, text in enumerate(lines):
            middle = y + high / 2 + 46 * (index - (len(lines) - 1) / 2)
            canvas.words(text, MARGIN, middle, LABEL, theme.ink, left - MARGIN - 16, least=28)
        for column, count in enumerate(found):
            share = count / max(1, sum(found))
            tone = theme.ice if row == column else theme.carrot
            ground = mixed(theme.card, tone, 0.08 + 0.84 * share if count else 0.0)
            x = left + column * wide
            canvas.card((x, y, x + wide - gap, y + high), 26, ground)
            ink = contrasting(ground) if count else mixed(ground, soft, 0.6)
            canvas.words(
                str(count), x + (wide - gap) / 2, y + high / 2, 66, ink, wide - gap - 20, align=0.5
            )
    said = [
        f"{truth}: " + ", ".join(f"{a} {n}" for a, n in zip(answers, line, strict=True))
        for truth, line in zip(truths, counts, strict=True)
    ]
    return _picture(canvas, "stats.png", title, subtitle, f"{sides[0]} / {sides[1]}", *said)


def heatmap(image: Image.Image, answer: str) -> bytes:
    """Write an answer on a picture of where the bot looked, on a dark plate in its lower left.

    Args:
        image: RGB.
        answer: A few words.

    Returns:
        A PNG.
    """
    canvas = Canvas.over(image, DARK)
    size = max(8, min(min(image.size) // 12, image.width // 11))
    margin = size // 2
    wide = min(laid_out(graphemes(answer), size, BOLD).width, image.width - 4 * margin)
    left, bottom = margin, image.height - margin
    top = bottom - 2 * size
    canvas.box((left, top, left + wide + 2 * margin, bottom), margin, PLATE, 0.8)
    canvas.words(answer, left + margin, (top + bottom) / 2, size, WHITE, wide + 1)
    return canvas.png()


def _heading(canvas: Canvas, title: str, subtitle: str = "", align: float = 0.0) -> None:
    x = MARGIN + align * INSIDE
    canvas.words(title, x, 92, 68, canvas.theme.ink, INSIDE, align=align, least=46)
    if subtitle:
        canvas.words(subtitle, x, 172, 40, canvas.theme.ink_soft, INSIDE, MEDIUM, align, least=32)


def _lines(text: str, width: float) -> list[str]:
    """Break a label once, where its two lines are about as long, if it is too wide for one."""
    words = text.split()
    if len(words) < 2 or laid_out(graphemes(text), LABEL, BOLD).width <= width:
        return [text]
    breaks = [(" ".join(words[:at]), " ".join(words[at:])) for at in range(1, len(words))]
    return list(min(breaks, key=lambda lines: max(map(len, lines))))


def _row(canvas: Canvas, row: Row, top: float, high: float) -> None:
    theme, middle, right = canvas.theme, top + high / 2, WIDTH - MARGIN
    card = theme.mine if row.is_mine else theme.bot if row.is_bot else theme.card
    if row.is_mine:
        canvas.box((MARGIN - 6, top - 6, right + 6, top + high + 6), 36, theme.carrot)
    canvas.card((MARGIN, top, right, top + high), 30, card)
    if row.rank in MEDALS:
        canvas.disc(MARGIN + 68, middle, 37, MEDALS[row.rank])
    ink = contrasting(MEDALS[row.rank]) if row.rank in MEDALS else theme.ink_soft
    canvas.words(str(row.rank), MARGIN + 68, middle, 42, ink, 76, align=0.5)
    _avatar(canvas, row, MARGIN + 168, middle, 44)
    wide = canvas.words(str(row.points), right - 36, middle, 60, theme.ink, 260, align=1)
    start = MARGIN + 236
    room = right - 36 - wide - 28 - start
    canvas.words(row.name, start, middle, 46, theme.ink, room)


def _avatar(canvas: Canvas, row: Row, x: float, y: float, radius: float) -> None:
    if row.is_bot:
        canvas.bot_face(x, y, radius)
    else:
        canvas.face(row.name, colour_of(row.key or row.name), x, y, radius)


def _step(canvas: Canvas, rank: int, rows: list[Row]) -> None:
    theme = canvas.theme
    wide, foot = 300, canvas.height - 40
    x = {1: 540, 2: 222, 3: 858}[rank]
    top = foot - {1: 460, 2: 370, 3: 300}[rank]
    left, right = x - wide / 2, x + wide / 2
    canvas.box((left, top, right, foot), 24, theme.step)
    _snow_cap(canvas, left, right, top)
    canvas.disc(x, top + 106, 54, MEDALS[rank])
    canvas.words(str(rank), x, top + 106, 64, contrasting(MEDALS[rank]), 90, align=0.5)
    canvas.words(
        str(rows[0].points), x, top + 200, 50, contrasting(theme.step), wide - 40, align=0.5
    )

    names = [row.name for row in rows]
    if len(names) > 3:
        names[2:] = [f"+{len(names) - 2}"]
    high = 46 if len(names) > 1 else 54
    y = top - 48 - high * len(names) + high / 2
    radius = {1: 68, 2: 56}.get(len(rows), 46) + (8 if rank == 1 and len(rows) == 1 else 0)
    for name in names:
        canvas.words(name, x, y, high - 12, theme.ink, wide - 4, align=0.5, least=high - 22)
        y += high
    shown = rows[:4]
    y = top - 48 - high * len(names) - 14 - radius
    apart = min(2.15 * radius, (wide - 2 * radius) / max(1, len(shown) - 1))
    for index, row in enumerate(shown):
        place = x + (index - (len(shown) - 1) / 2) * apart
        canvas.disc(place, y, radius * 1.1, theme.card)
        _avatar(canvas, row, place, y, radius)
    if rank == 1:
        canvas.sign(CROWN, x, y - radius - 44, 76, GOLD, 92)


def _snow_cap(canvas: Canvas, left: float, right: float, top: float) -> None:
    snow = canvas.theme.flake
    canvas.box((left - 8, top - 20, right + 8, top + 16), 18, snow)
    for share, hang in ((0.06, 34), (0.2, 22), (0.36, 40), (0.55, 26), (0.72, 44), (0.9, 30)):
        x = left + share * (right - left)
        canvas.box((x - 18, top - 10, x + 18, top + hang), 18, snow)


def _said(row: Row) -> str:
    name = "".join(graphemes(row.name))
    return f"{row.rank}. {name}: {row.points}"


def _picture(canvas: Canvas, name: str, *said: str) -> Picture:
    return Picture(canvas.png(), name, "\n".join(readable(line) for line in said if line))
