"""The game's pictures: leaderboard, podium, confusion matrix, heat map, card of a fooling.

Pure functions; whatever is written on a picture or in its description comes from the caller.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from PIL import Image, ImageFilter

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
    contrast,
    contrasting_ink,
    mix,
)
from bot.graphics.text_layout import (
    BOLD,
    ELLIPSIS,
    MEDIUM,
    fit_line,
    lay_out,
    split_graphemes,
    visible_text,
    wrap_text,
)

__all__ = ["DARK", "LIGHT", "Row", "Theme", "card", "confusion", "heatmap", "leaderboard", "podium"]

# In pixels: what a phone in a chat shows large enough to be read.
WIDTH = 1080
MARGIN = 48
CONTENT_WIDTH = WIDTH - 2 * MARGIN
# More than a dozen is no longer a picture to look at on a phone.
MOST_ROWS = 12
LABEL_SIZE = 38
# Of the lines below a title, and from one to the next.
SUBTITLE_SIZE, SUBTITLE_HIGH = 40, 52
CROWN = "\N{CROWN}"
# Night blue, behind what is written on a photo.
PLATE: Colour = (18, 30, 66)
# The upright card that phones show whole when a picture is shared.
CARD_HEIGHT = 1350
# Of a number's box against that of a zero: the least that WCAG asks of what carries a meaning.
CELL_CONTRAST = 3.0


@dataclass(frozen=True, slots=True)
class Row:
    """A player's row in the leaderboard; a tie is two rows of one rank.

    Attributes:
        rank: The player's place, from 1.
        name: The player's.
        points: The player's.
        colour: The player's number in the order of joining the room, from 0: the avatar's colour.
        is_mine: Whether it is whoever asked for the picture.
    """

    rank: int
    name: str
    points: int
    colour: int
    is_mine: bool = False


def leaderboard(title: str, rows: Sequence[Row], theme: Theme, subtitle: str = "") -> Picture:
    """Draw a leaderboard: the first dozen; further down only whoever asked.

    Args:
        title: Above the rows.
        rows: By rank.
        theme: The colours.
        subtitle: Below the title and beside the bot's face: how the family does against the bot.

    Returns:
        The picture; its description has a line for each row that is drawn.
    """
    first, rest = list(rows[:MOST_ROWS]), rows[MOST_ROWS:]
    late = [row for row in rest if row.is_mine]
    high, gap, hills = 116, 13, 130
    top = 232
    dots = 44 if rest else 0
    count = len(first) + len(late)
    canvas = Canvas(WIDTH, top + count * (high + gap) + dots + hills, theme)
    canvas.draw_landscape(hills, flakes=70, text_bottom=top)
    canvas.draw_foreground(hills * 5 // 8)
    _draw_heading(canvas, title)
    if subtitle:
        canvas.draw_bot_avatar(MARGIN + 34, 172, 34)
        room = CONTENT_WIDTH - 90
        canvas.draw_text(subtitle, MARGIN + 90, 172, 40, theme.ink_soft, room, MEDIUM, min_size=30)
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
    lines = [*map(describe_row, first), *between, *map(describe_row, late)]
    return _finished(canvas, "leaderboard.png", title, subtitle, *lines)


def podium(title: str, rows: Sequence[Row], theme: Theme) -> Picture:
    """Draw the first three places; those who tie stand on one step.

    Args:
        title: Above the podium: of which month it is one.
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
    return _finished(canvas, "podium.png", title, *map(describe_row, placed))


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
        subtitle: Below the title: a sentence, broken into two lines if need be.
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
    size, sentence = _wrap_largest(
        subtitle, ((40, 1), (40, 2), (36, 2), (32, 2)), MEDIUM, CONTENT_WIDTH
    )
    head = 258 + SUBTITLE_HIGH * (len(sentence) - 1)
    top = head + 48 + 44 * max(map(len, columns))
    canvas = Canvas(WIDTH, top + len(truths) * (high + gap) + 160, theme)
    canvas.draw_landscape(130, flakes=400, text_bottom=canvas.height - 170)
    canvas.draw_foreground(80)
    _draw_heading(canvas, title, sentence, size)
    soft = theme.ink_soft
    canvas.draw_text(sides[1], left, head, 36, soft, WIDTH - MARGIN - left, MEDIUM)
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
            ground = _cell_colour(theme, tone, share) if count else theme.card
            x = left + column * wide
            canvas.draw_card((x, y, x + wide - gap, y + high), 26, ground)
            ink = contrasting_ink(ground) if count else soft
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


def card(
    photo: Image.Image | None,
    heat: Image.Image | None,
    text: str,
    name: str,
    points: str,
    day: str,
    signature: str,
    theme: Theme,
    *,
    heading: str = "",
    missing: str = "",
) -> Picture:
    """Draw the card of a fooling, or of an evening, made to be shared: 1080 by 1350 pixels.

    Args:
        photo: What fooled the bot, in any mode and size; None when it is gone or withdrawn: a
            snowy place is drawn instead, without the heat.
        heat: The photo with its heat map, drawn small beside it or in its corner.
        text: What happened, in a sentence.
        name: Whose photo it is.
        points: What it brought, in a word or two.
        day: When it was.
        signature: The bot's, beside its face.
        theme: The colours.
        heading: Above all, such as what the evening's card is called.
        missing: Written in the snowy place when there is no photo.

    Returns:
        The picture; its description has all that is written on it.
    """
    canvas = Canvas(WIDTH, CARD_HEIGHT, theme)
    top = 132 if heading else 36
    canvas.draw_landscape(190, flakes=500, text_bottom=top)
    canvas.draw_foreground(225)
    if heading:
        canvas.draw_text(
            heading, WIDTH / 2, 78, 56, theme.ink, CONTENT_WIDTH, align=0.5, min_size=30
        )
    left, right, bottom = 36, WIDTH - 36, 1214
    canvas.draw_card((left, top, right, bottom), 40, theme.card)
    inside = left + 24
    wide = right - 24 - inside

    size, lines = _wrap_largest(
        text, ((60, 2), (52, 3), (46, 3), (42, 4), (38, 5)), BOLD, wide - 24
    )
    high = round(size * 1.3)
    words_top = bottom - 128 - high * len(lines)
    place = (inside, top + 24, right - 24, words_top - 22)
    if photo is None:
        _draw_snowy_place(canvas, place, missing)
    else:
        _draw_photo(canvas, place, photo, heat)
    for index, line in enumerate(lines):
        y = words_top + high * (index + 0.5)
        canvas.draw_text(line, WIDTH / 2, y, size, theme.ink, wide - 24, align=0.5)

    middle = bottom - 66
    badge = min(400, lay_out(split_graphemes(points), 46, BOLD).width) + 52
    canvas.draw_box((right - 24 - badge, middle - 42, right - 24, middle + 42), 42, GOLD)
    canvas.draw_text(
        points,
        right - 24 - badge / 2,
        middle,
        46,
        contrasting_ink(GOLD),
        badge - 51,
        align=0.5,
        min_size=30,
    )
    room = wide - badge - 40
    size, lines = _wrap_largest(name, ((50, 1), (42, 1), (36, 2), (32, 2)), BOLD, room)
    for index, line in enumerate(lines):
        y = middle + 44 * (index - (len(lines) - 1) / 2)
        canvas.draw_text(line, inside + 10, y, size, theme.ink, room)

    canvas.draw_bot_avatar(MARGIN + 44, 1282, 44)
    used = canvas.draw_text(
        day, WIDTH - MARGIN, 1282, 36, theme.ink_soft, 420, MEDIUM, align=1, min_size=26
    )
    start = MARGIN + 108
    room = WIDTH - MARGIN - used - 36 - start
    canvas.draw_text(signature, start, 1282, 40, theme.ink, room, min_size=28)
    said = "" if photo is not None else missing
    return _finished(canvas, "card.png", heading, text, said, name, points, day, signature)


def _wrap_largest(
    text: str, choices: Sequence[tuple[int, int]], weight: int, width: float
) -> tuple[int, list[str]]:
    """Wrap a sentence at the first of the sizes at which it fits into so many lines, or the last.

    Returns the size and the lines, which are about as long as each other.
    """

    def fits(lines: list[str], width: float) -> bool:
        # Only the last line may be too long.
        return lay_out(split_graphemes(lines[-1]), size, weight).width <= width

    for size, most in choices:
        lines = wrap_text(text, size, weight, width, most)
        if fits(lines, width):
            break
    # No wider than that many lines need, or the last would be a word alone.
    for share in (0.6, 0.7, 0.8, 0.9):
        narrow = wrap_text(text, size, weight, width * share, len(lines))
        if len(lines) > 1 and fits(narrow, width * share):
            return size, narrow
    return size, lines


def _draw_photo(
    canvas: Canvas, place: tuple[int, int, int, int], photo: Image.Image, heat: Image.Image | None
) -> None:
    """Draw the whole of a photo in a box on its own blurred colours, and its heat map small."""
    left, top, right, bottom = place
    wide, high = right - left, bottom - top
    whole = _scaled(photo, wide, high)
    small = photo.convert("RGB").resize((16, 12), Image.Resampling.BOX)
    blurred = small.resize((wide, high), Image.Resampling.BICUBIC)
    ground = Image.blend(blurred.filter(ImageFilter.GaussianBlur(20)), _plain(blurred), 0.45)
    free = wide - whole.width
    # Beside the photo where there is room for it, else small in its corner.
    beside = heat is not None and free >= 260
    ground.paste(whole, (0 if beside else free // 2, (high - whole.height) // 2))
    canvas.draw_image(ground, left, top, 26)
    if heat is not None:
        inset = _scaled(heat, free - 52, high - 120) if beside else _scaled(heat, 290, 290)
        x = right - (free + inset.width) // 2 if beside else right - 22 - inset.width
        y = (top + bottom - inset.height) // 2 if beside else bottom - 22 - inset.height
        canvas.draw_box((x - 6, y - 6, x + inset.width + 6, y + inset.height + 6), 22, WHITE)
        canvas.draw_image(inset, x, y, 18)


def _plain(image: Image.Image) -> Image.Image:
    """Return a picture of that size in the night blue that lies behind photos."""
    return Image.new("RGB", image.size, PLATE)


def _scaled(image: Image.Image, wide: int, high: int) -> Image.Image:
    """Return the whole of a picture, as large as a box allows, RGB."""
    scale = min(wide / image.width, high / image.height)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image.convert("RGB").resize(size, Image.Resampling.LANCZOS)


def _draw_snowy_place(canvas: Canvas, place: tuple[int, int, int, int], missing: str) -> None:
    """Draw a snowy place with the bot's face in a box, for a photo that is gone."""
    left, top, right, bottom = place
    theme = canvas.theme
    scene = Canvas(right - left, bottom - top, theme)
    scene.draw_landscape(240, flakes=90, text_bottom=0)
    scene.draw_foreground(150)
    middle = scene.height / 2 - 40
    radius = min(150, scene.height / 4)
    scene.draw_disc(scene.width / 2, middle, radius * 1.07, theme.card)
    scene.draw_bot_avatar(scene.width / 2, middle, radius)
    if missing:
        room, x = scene.width - 120, scene.width / 2
        size, lines = _wrap_largest(missing, ((42, 1), (42, 2), (36, 2)), MEDIUM, room)
        half = max(fit_line(line, size, MEDIUM, room).width for line in lines) / 2 + 30
        begin, high = middle + 168, 1.3 * size
        plate = (x - half, begin, x + half, begin + high * len(lines) + 28)
        scene.draw_card(plate, 42, theme.card)
        for index, line in enumerate(lines):
            y = begin + 14 + high * (index + 0.5)
            scene.draw_text(line, x, y, size, theme.ink, room + 1, MEDIUM, align=0.5)
    canvas.draw_image(scene.image, left, top, 26)


def _draw_heading(
    canvas: Canvas,
    title: str,
    subtitle: Sequence[str] = (),
    size: int = SUBTITLE_SIZE,
    align: float = 0.0,
) -> None:
    """Draw a title and the lines below it, of that size; align as in `Canvas.draw_text`."""
    x, theme = MARGIN + align * CONTENT_WIDTH, canvas.theme
    canvas.draw_text(title, x, 92, 68, theme.ink, CONTENT_WIDTH, align=align, min_size=46)
    for index, line in enumerate(subtitle):
        y = 172 + SUBTITLE_HIGH * index
        canvas.draw_text(
            line, x, y, size, theme.ink_soft, CONTENT_WIDTH, MEDIUM, align, min_size=32
        )


def _cell_colour(theme: Theme, tone: Colour, share: float) -> Colour:
    """Return the colour of a matrix's box that has a share of its row, above 0 and up to 1."""
    least = next(
        step / 50
        for step in range(51)
        if step == 50 or contrast(mix(theme.card, tone, step / 50), theme.card) > CELL_CONTRAST
    )
    # The larger half of the shares goes on towards the ink, or large and small would look alike.
    if share <= 0.5:
        return mix(theme.card, tone, least + (1 - least) * 2 * share)
    return mix(tone, theme.ink, 0.3 * (2 * share - 1))


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
    ground = theme.mine if row.is_mine else theme.card
    if row.is_mine:
        canvas.draw_box((MARGIN - 6, top - 6, right + 6, top + high + 6), 36, theme.carrot)
    canvas.draw_card((MARGIN, top, right, top + high), 30, ground)
    if row.rank in MEDALS:
        canvas.draw_disc(MARGIN + 68, middle, 37, MEDALS[row.rank])
    ink = contrasting_ink(MEDALS[row.rank]) if row.rank in MEDALS else theme.ink_soft
    canvas.draw_text(str(row.rank), MARGIN + 68, middle, 42, ink, 76, align=0.5)
    _draw_avatar(canvas, row, MARGIN + 168, middle, 44)
    wide = canvas.draw_text(str(row.points), right - 36, middle, 60, theme.ink, 260, align=1)
    start = MARGIN + 236
    room = right - 36 - wide - 28 - start
    size, lines = _wrap_largest(row.name, ((46, 1), (40, 1), (36, 1), (34, 2), (30, 2)), BOLD, room)
    for index, line in enumerate(lines):
        y = middle + (size + 8) * (index - (len(lines) - 1) / 2)
        canvas.draw_text(line, start, y, size, theme.ink, room)


def _draw_avatar(canvas: Canvas, row: Row, x: float, y: float, radius: float) -> None:
    """Draw a player's avatar."""
    canvas.draw_avatar(row.name, avatar_colour(row.colour), x, y, radius)


def _draw_step(canvas: Canvas, rank: int, rows: list[Row]) -> None:
    """Draw a step of the podium, and whoever stands on it."""
    theme = canvas.theme
    wide, foot = 300, canvas.height - 40
    x = {1: 540, 2: 222, 3: 858}[rank]
    top = foot - {1: 500, 2: 400, 3: 310}[rank]
    left, right = x - wide / 2, x + wide / 2
    canvas.draw_box((left, top, right, foot), 24, theme.step)
    _draw_snow_cap(canvas, left, right, top)
    canvas.draw_disc(x, top + 106, 54, MEDALS[rank])
    canvas.draw_text(str(rank), x, top + 106, 64, contrasting_ink(MEDALS[rank]), 90, align=0.5)
    canvas.draw_text(
        str(rows[0].points), x, top + 200, 50, contrasting_ink(theme.step), wide - 40, align=0.5
    )

    room = wide - 28
    size, names = 34, [row.name for row in rows]
    if len(names) == 1:
        size, names = _wrap_largest(
            names[0], ((42, 1), (36, 1), (34, 2), (30, 2), (30, 3)), BOLD, room
        )
    elif len(names) > 3:
        names[2:] = [f"+{len(names) - 2}"]
    high = size + 12
    names_top = top - 48 - high * len(names)
    # A plate, so that neither snow nor a tree crosses a name.
    plate = (left - 2, names_top - 6, right + 2, top - 42)
    canvas.draw_card(plate, 24, theme.card)
    for index, name in enumerate(names):
        y = names_top + high * (index + 0.5)
        canvas.draw_text(name, x, y, size, theme.ink, room, align=0.5, min_size=21)
    # As large as the crown above the first step leaves it.
    alone = {1: 112, 2: 92}.get(len(names), 76) if rank == 1 else 92
    radius = {1: alone, 2: 70}.get(len(rows), 46)
    shown = rows[:3]
    y = names_top - 26 - radius
    apart = 2.2 * radius
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


def describe_row(row: Row) -> str:
    """Return a row in words, for a picture's description."""
    name = "".join(split_graphemes(row.name))
    return f"{row.rank}. {name}: {row.points}"


def _finished(canvas: Canvas, name: str, *description: str) -> Picture:
    """Return a canvas as a picture with its name and the lines of its description."""
    lines = "\n".join(visible_text(line) for line in description if line)
    return Picture(canvas.png(), name, lines)
