"""The game's pictures: who sees what, and names that would like to break them."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import unicodedata
from collections.abc import Mapping
from itertools import combinations, pairwise, product
from math import dist

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from bot.domain import Label, Picture, Verdict
from bot.graphics.canvas import Canvas
from bot.graphics.charts import (
    CARD_HEIGHT,
    MARGIN,
    WIDTH,
    Row,
    card,
    confusion,
    heatmap,
    leaderboard,
    podium,
)
from bot.graphics.palette import AVATARS, DARK, LIGHT, Colour, Theme, contrast, contrasting_ink
from bot.graphics.text_layout import (
    BOLD,
    MISSING,
    NAMELESS,
    _find_font,
    fit_line,
    initial,
    lay_out,
    split_graphemes,
    visible_text,
    wrap_text,
)
from bot.speech import LANGUAGES, speaker_for
from tests.conftest import PROJECT

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
UKRAINE, WALES = (
    "\U0001f1fa\U0001f1e6",
    "\U0001f3f4\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f",
)
ZALGO = "Z" + "".join(map(chr, range(0x300, 0x340))) + "o"
HOSTILE = (
    "",
    "\x00\x1b[31m\u202e\u2066",
    "\u200d\ufe0f\u200b",
    "W" * 500,
    "ﷺ" * 40,
    "𒐫" * 30,
    ZALGO,
    FAMILY * 20,
    UKRAINE + WALES,
    "1\ufe0f\u20e3",
    "נועה בת 12 שנים",
    "محمد بن عبد الله بن عبد الرحمن آل سعود الطويل جدا",
    "abc אבג 123 דהו (x)",
    "李小龍 さくら 김민준",
    "नमस्ते ไทย ქართული",
    "ᠮᠣᠩᠭᠣᠯ\ud800",
    "a\nb\tc\u2028d",
    "\u0301",
)
SIGNS = st.one_of(
    st.text(max_size=40),
    st.text(
        st.sampled_from("ab אבםح12()\u200d\ufe0f\u0301\u202e\U0001f468\U0001f1fa李ї "),
        max_size=40,
    ),
    st.lists(st.sampled_from(HOSTILE), max_size=3).map("".join),
)
THEMES = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
COUNTS = ((40, 3, 1), (5, 31, 0), (0, 0, 0))


def opened(picture: Picture) -> Image.Image:
    return Image.open(io.BytesIO(picture.png)).convert("RGB")


def board(*names: str, theme: Theme = LIGHT) -> Picture:
    rows = [Row(place, name, 100 - place, 0) for place, name in enumerate(names, 1)]
    return leaderboard("Лідери, листопад", rows, theme)


def matrix(theme: Theme, labels: tuple[str, ...] = ("Olaf", "Єті", "Keiner von beiden")) -> Picture:
    return confusion("Wie oft?", "103 / 120", (labels, labels), ("war", "sagte"), COUNTS, theme)


def changed(one: Image.Image, other: Image.Image) -> tuple[int, int, int, int]:
    """Return the box in which two pictures differ."""
    assert one.size == other.size
    return ImageChops.difference(one, other).getbbox() or (0, 0, 0, 0)


# What everybody sees


@THEMES
def test_each_picture_is_as_wide_as_a_phone_shows_and_has_an_ending(theme: Theme) -> None:
    rows = [Row(1, "Mia", 3, 0), Row(2, "Tom", 1, 1)]
    for picture in (board("Mia", theme=theme), podium("P", rows, theme), matrix(theme)):
        assert opened(picture).width == WIDTH
        assert picture.name.endswith(".png")


def test_day_and_night_differ_in_every_picture() -> None:
    rows = [Row(1, "Mia", 3, 0)]
    assert board("Mia").png != board("Mia", theme=DARK).png
    assert podium("P", rows, LIGHT).png != podium("P", rows, DARK).png
    assert matrix(LIGHT).png != matrix(DARK).png


def test_the_colours_are_the_pages() -> None:
    css = (PROJECT / "bot/platforms/web/static/style.css").read_text().replace("#fff;", "#ffffff;")
    for theme in (LIGHT, DARK):
        used = (*theme.sky, theme.hill_far, theme.hill_near, theme.pine, theme.flake, theme.ink)
        for red, green, blue in (*used, theme.ink_soft, theme.card, theme.mine, theme.bot):
            assert f"#{red:02x}{green:02x}{blue:02x}" in css


def test_the_same_standings_are_the_same_bytes_in_another_process() -> None:
    program = (
        "import hashlib; from tests.bot.graphics.test_charts import board, matrix, LIGHT;"
        "print(hashlib.sha256(board('Mia', 'Їжак', '🦄').png + matrix(LIGHT).png).hexdigest())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=PROJECT,
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(seen) == 1


def test_the_description_says_what_the_picture_shows() -> None:
    rows = [Row(1, "Mia\x00\u202e", 40, 0), Row(1, "Tom", 40, 1)]
    assert leaderboard("November", rows, LIGHT).description.splitlines() == [
        *("November", "1. Mia: 40", "1. Tom: 40")
    ]
    said = matrix(LIGHT).description
    assert "Olaf: Olaf 40, Єті 3, Keiner von beiden 1" in said


def test_after_a_dozen_comes_whoever_asked_only() -> None:
    rows = [Row(place, f"p{place}", 50 - place, place) for place in range(1, 13)]
    rows += [Row(13, "late", 9, 12), Row(14, "me", 7, 13, is_mine=True)]
    said = leaderboard("t", rows, LIGHT).description.splitlines()
    assert said[-3:] == ["12. p12: 38", "…", "14. me: 7"]
    twelve = leaderboard("t", rows[:12], LIGHT)
    assert "…" not in twelve.description
    assert opened(twelve).height < opened(leaderboard("t", rows, LIGHT)).height


def test_whoever_asked_stands_out() -> None:
    corner = (MARGIN + 20, 232 + 90)
    for row, colour in (
        (Row(4, "Mia", 5, 0), LIGHT.card),
        (Row(4, "Mia", 5, 0, is_mine=True), LIGHT.mine),
    ):
        assert opened(leaderboard("t", [row], LIGHT)).getpixel(corner) == colour


@THEMES
def test_the_line_about_the_bot_stands_above_the_rows_and_crosses_nothing(theme: Theme) -> None:
    rows = [Row(1, "Mia", 3, 0)]
    plain, told = (leaderboard("Title", rows, theme, line) for line in ("", "you 14, me 61"))
    _, top, _, bottom = changed(opened(plain), opened(told))
    untitled = opened(leaderboard(" ", rows, theme))
    title_bottom = changed(untitled, opened(plain))[3]
    assert title_bottom <= top + 8 < bottom < 232 - 8  # the face may reach beside a tail's foot
    assert "you 14, me 61" in told.description


# Avatars

# How those see who lack red or green (Machado, Oliveira and Fernandes 2009), in linear light.
SIGHTS = {
    "all colours": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "no red": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "no green": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
}
XYZ = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)


def lab(colour: tuple[int, ...], sight: str) -> tuple[float, float, float]:
    """Return where a colour is in CIELAB for somebody's sight."""

    def times(matrix: tuple[tuple[float, ...], ...], vector: list[float]) -> list[float]:
        return [sum(m * v for m, v in zip(row, vector, strict=True)) for row in matrix]

    shares = [value / 255 for value in colour]
    light = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in shares]
    seen = [min(1.0, max(0.0, value)) for value in times(SIGHTS[sight], light)]
    white = (0.95047, 1.0, 1.08883)
    parts = [value / full for value, full in zip(times(XYZ, seen), white, strict=True)]
    x, y, z = (v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in parts)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@pytest.mark.parametrize("sight", SIGHTS)
def test_no_two_avatars_look_alike(sight: str) -> None:
    assert len(AVATARS) >= 12
    places = [lab(colour, sight) for colour in AVATARS]
    assert min(dist(*pair) for pair in combinations(places[:8], 2)) > 26
    assert min(dist(*pair) for pair in combinations(places, 2)) > 24


@THEMES
def test_avatars_are_seen_on_their_row_and_initials_on_them(theme: Theme) -> None:
    for colour in AVATARS:
        assert contrast(contrasting_ink(colour), colour) >= 4.5
        for ground, sight in product((theme.card, theme.mine), SIGHTS):
            assert dist(lab(colour, sight), lab(ground, sight)) > 20


def test_a_family_of_eight_has_eight_colours_whatever_their_names_and_ranks() -> None:
    def disc(row: Row) -> object:
        picture = opened(leaderboard("t", [row], LIGHT))
        return picture.getpixel((MARGIN + 168 - 38, 232 + 58))

    family = [disc(Row(4, "Mia", 5, number)) for number in range(8)]
    assert len(set(family)) == 8
    assert [disc(Row(5, "Tom", 9, number)) for number in range(8)] == family
    assert disc(Row(4, "Mia", 5, len(AVATARS))) == family[0]


def test_a_long_name_takes_two_lines_before_it_is_cut() -> None:
    one, two = (
        opened(board(name)) for name in ("Maximiliane", "Maximiliane-Charlotte von Hohenberg")
    )
    nobody = opened(board(" "))
    lines = [changed(nobody, picture) for picture in (one, two)]
    assert lines[1][3] - lines[1][1] > 1.5 * (lines[0][3] - lines[0][1])
    assert two.tobytes() != opened(board("Maximiliane-Charlotte von Ho")).tobytes()


# The podium


def test_a_podium_fills_its_upper_third() -> None:
    empty = Canvas(WIDTH, 1180, LIGHT).image
    for names in (("Mia",), ("Mia", "Tom"), ("Maximiliane-Theodora von und zu Schneeberg",)):
        rows = [Row(1, name, 3, number) for number, name in enumerate(names)]
        nobody, picture = (opened(podium("Podium", some, LIGHT)) for some in ([], rows))
        heading = changed(opened(podium(" ", [], LIGHT)), nobody)
        crown = changed(nobody, picture)
        assert 0 < heading[1] < 80
        assert heading[3] < crown[1] < empty.height / 3 - 60


def test_a_podium_says_what_it_is_one_of() -> None:
    said = podium("Podium, May 2027", [Row(1, "Mia", 3, 0)], LIGHT).description
    assert said.splitlines() == ["Podium, May 2027", "1. Mia: 3"]


@THEMES
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_nothing_crosses_a_name_on_the_podium(theme: Theme, rank: int) -> None:
    def drawn(name: str) -> Image.Image:
        return opened(podium("P", [Row(rank, name, 3, 0)], theme))

    # Names of one initial: only the line differs.
    box = changed(drawn("O"), drawn("OOOOOO"))
    plate = drawn("O").crop(box)
    ink = [colour for _, colour in plate.getcolors(100_000) or () if colour == theme.ink]
    assert ink
    spread = sum(n for n, colour in plate.getcolors(100_000) or () if colour == theme.card)
    assert spread > 0.6 * plate.width * plate.height  # the plate, and no snow or tree


@THEMES
def test_a_podium_takes_ties_and_empty_places(theme: Theme) -> None:
    tied = [Row(1, name, 30, 0) for name in ("Mia", "Tom", "Zoe", "Ben", "Їжак")]
    shared = podium("t", [*tied, Row(3, "Opa", 2, 1)], theme)
    assert shared.description.count("1. ") == 5
    nobody = opened(podium("t", [], theme))
    first = opened(podium("t", [Row(1, "Mia", 3, 0)], theme))
    left, _, right, _ = changed(nobody, first)
    assert WIDTH / 3 - 20 < left < right < WIDTH * 2 / 3 + 20  # nobody is second or third
    fourth = opened(podium("t", [Row(4, "Tom", 3, 0)], theme))
    assert changed(nobody, fourth) == (0, 0, 0, 0)


@THEMES
def test_a_right_answer_has_another_colour_than_a_wrong_one_and_more_has_more(theme: Theme) -> None:
    picture = opened(matrix(theme))
    top = 306 + 2 * 44 if picture.height > 306 + 44 + 3 * 194 + 160 else 306 + 44

    def cell(row: int, column: int) -> Colour:
        found = picture.getpixel((298 + 249 * column + 30, top + 194 * row + 40))
        assert isinstance(found, tuple)
        red, green, blue = found
        return red, green, blue

    def blueness(colour: tuple[int, ...]) -> int:
        return colour[2] - colour[0]

    assert blueness(cell(0, 0)) > blueness(cell(0, 1)) + 30
    # 40 of 44 is more than 31 of 36.
    assert contrast(cell(0, 0), theme.card) > contrast(cell(1, 1), theme.card)
    assert blueness(cell(1, 0)) < blueness(theme.card) < blueness(cell(1, 1))
    assert cell(1, 2) == cell(2, 0) == theme.card
    # A 3 of 44 against a 0, and each number on its own box.
    assert contrast(cell(0, 1), cell(1, 2)) >= 3
    assert contrast(cell(0, 2), cell(1, 2)) >= 3
    for row, column in product(range(3), range(3)):
        ground = cell(row, column)
        ink = contrasting_ink(ground) if ground != theme.card else theme.ink_soft
        assert contrast(ink, ground) >= 3  # large letters


@THEMES
def test_a_matrix_has_its_sentence_whole_above_it(theme: Theme) -> None:
    def drawn(sentence: str) -> Image.Image:
        labels = ("Olaf", "Yeti", "Keiner von beiden")
        picture = confusion(" ", sentence, (labels, labels), (" ", " "), COUNTS, theme)
        assert sentence in picture.description
        return opened(picture)

    short = drawn("I was right in 71 of 80.")
    long = drawn("Of 80 photos I was right in 71; whom I most like to take for Olaf is a yeti, ha!")
    assert long.height > short.height  # a second line moves the matrix down, and crosses nothing
    more = long.height - short.height
    lower = long.crop((0, long.height - 700, WIDTH, long.height - 200))
    same = short.crop((0, short.height - 700, WIDTH, short.height - 200))
    assert more < 60
    # The sky's gradient differs by a shade at most, the boxes not at all.
    difference = ImageChops.difference(lower, same).convert("L")
    assert difference.point([255 * (level > 8) for level in range(256)]).getbbox() is None


# The card of a fooling

LONG = "Maximiliane-Theodora von und zu Schneeberg"
PHOTO, HEAT = Image.new("RGB", (400, 300), (10, 200, 10)), Image.new("RGB", (400, 300), "red")
SHORT_CARD: dict[str, str] = {
    "text": "It was Olaf",
    "name": "Mia",
    "points": "97 points",
    "day": "1 May 2027",
    "signature": "Snowpeople",
    "heading": "Today",
}
LEFT_OF = {"points": "name", "day": "signature"}


def drawn_card(
    photo: Image.Image | None = PHOTO,
    heat: Image.Image | None = HEAT,
    theme: Theme = LIGHT,
    missing: str = "",
    words: Mapping[str, str] = SHORT_CARD,
) -> Image.Image:
    picture = card(
        photo,
        heat,
        words["text"],
        words["name"],
        words["points"],
        words["day"],
        words["signature"],
        theme,
        heading=words["heading"],
        missing=missing,
    )
    for said in (*words.values(), *([missing] if photo is None else [])):
        assert " ".join(said.split()) in picture.description
    return opened(picture)


def boxes(longest: str) -> dict[str, tuple[int, int, int, int]]:
    """Return where each of a card's words is when all are long: what changes when it does."""
    found = {}
    for field in SHORT_CARD:
        # What is to the left uses what its neighbour leaves free, so it moves with it.
        words = {key: "." if key == LEFT_OF.get(field) else longest for key in SHORT_CARD}
        other = words | {field: "."}
        if field == "text":  # a shorter one leaves more room for the photo
            other[field] = longest.replace(longest[0], "L")
        found[field] = changed(drawn_card(words=words), drawn_card(words=other))
    return found


@pytest.mark.parametrize(
    ("size", "mode"),
    [
        ((400, 300), "RGB"),
        ((300, 400), "RGB"),
        ((90, 1600), "RGB"),
        ((1600, 90), "L"),
        ((1, 1), "RGB"),
        ((400, 300), "L"),
        ((400, 300), "RGBA"),
        ((300, 400), "P"),
    ],
)
def test_a_card_shows_the_whole_photo_and_its_heat_map(size: tuple[int, int], mode: str) -> None:
    photo = Image.new("RGB", size, (10, 200, 10))
    photo = photo.quantize(2) if mode == "P" else photo.convert(mode)
    picture = drawn_card(photo, Image.new("RGB", size, (250, 0, 0)))
    assert picture.size == (WIDTH, CARD_HEIGHT)
    counts = {colour: number for number, colour in picture.getcolors(WIDTH * CARD_HEIGHT) or ()}
    shown = photo.convert("RGB").getpixel((0, 0))
    if min(size) > 100:
        assert counts[shown] > 5 * counts[250, 0, 0] / 4 > 40_000  # type: ignore[index]
        assert (250, 0, 0) not in {
            colour for _, colour in drawn_card(photo, None).getcolors(WIDTH * CARD_HEIGHT) or ()
        }


def test_the_edges_of_a_photo_are_not_cut() -> None:
    for size in ((400, 300), (300, 400), (1200, 300)):
        photo = Image.new("RGB", size, (10, 200, 10))
        edges = ((0, 0), (size[0] - 30, 0), (0, size[1] - 30), (size[0] - 30, size[1] - 30))
        for number, corner in enumerate(edges):
            photo.paste((200, 0, 50 * number), (*corner, corner[0] + 30, corner[1] + 30))
        seen = {colour for _, colour in drawn_card(photo, None).getcolors(10**7) or ()}
        assert {(200, 0, 50 * number) for number in range(4)} <= seen


@THEMES
def test_without_its_photo_a_card_shows_snow_and_not_the_heat_map(theme: Theme) -> None:
    """Who withdraws a photo does not want it seen through its heat map either."""
    gone = drawn_card(None, HEAT, theme, missing="The photo has melted")
    assert (255, 0, 0) not in {colour for _, colour in gone.getcolors(10**7) or ()}
    assert changed(gone, drawn_card(None, None, theme, missing="The photo has melted")) == (
        *(0, 0, 0, 0),
    )
    box = changed(gone, drawn_card(None, None, theme))
    assert 60 < box[0] < box[2] < WIDTH - 60
    assert 132 < box[1] < box[3] < 900


@pytest.mark.parametrize("name", [LONG, FAMILY * 9, "عبد الرحمن " * 6, "W" * 90])
def test_nothing_on_a_card_overlaps_or_leaves_it(name: str) -> None:
    found = boxes(name)
    for left, top, right, bottom in found.values():
        assert 20 < left < right < WIDTH - 20
        assert 20 < top < bottom < CARD_HEIGHT - 20
    for one, other in combinations(found.values(), 2):
        assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


@THEMES
def test_the_words_of_a_card_are_readable(theme: Theme) -> None:
    for ink, ground in (
        (theme.ink, theme.card),
        (theme.ink, theme.hill_near),
        (theme.ink_soft, theme.hill_near),
        (theme.ink, theme.sky[0]),
    ):
        assert contrast(ink, ground) >= 4.5


@given(SIGNS, st.integers(80, 500), st.integers(1, 4))
@settings(max_examples=100)
@example(LONG, 300, 3)
@example("a" * 300, 90, 4)
@example("-- - -a-b-", 80, 2)
def test_lines_are_no_wider_than_asked_and_lose_nothing(text: str, width: int, most: int) -> None:
    lines = wrap_text(text, 40, BOLD, width, most)
    assert 1 <= len(lines) <= most
    for line in lines[:-1]:
        assert len(split_graphemes(line)) == 1 or (
            lay_out(split_graphemes(line), 40, BOLD).width <= width
        )
    assert "".join("".join(lines).split()) == "".join(visible_text(text).split())


def test_lines_break_between_words_and_after_hyphens() -> None:
    assert wrap_text(LONG, 34, BOLD, 280, 3) == [
        *("Maximiliane-", "Theodora von", "und zu Schneeberg")
    ]
    assert wrap_text("it is -5 today", 40, BOLD, 150, 4) == ["it is -5", "today"]


# What is written on a heat map


def heat_map(answer: str, size: tuple[int, int] = (512, 384)) -> Image.Image:
    picture = Image.open(io.BytesIO(heatmap(Image.new("RGB", size, "orange"), answer)))
    assert picture.format == "PNG"
    assert picture.mode == "RGB"
    return picture


def test_a_heat_map_has_its_answer_in_its_lower_left_and_is_otherwise_the_same() -> None:
    photo = Image.new("RGB", (512, 384), "orange")
    left, top, right, bottom = changed(photo, heat_map("Олаф! 97 %"))
    assert 0 < left < right < 512 / 2
    assert 384 * 2 / 3 < top < bottom < 384
    assert photo.getcolors() == [(512 * 384, (255, 165, 0))]


def test_cyrillic_letters_are_drawn_on_a_heat_map() -> None:
    no_glyph = "\U00013000"
    drawn = {letter: heat_map(letter).tobytes() for letter in ("О", "л", "а", "ф", no_glyph)}  # noqa: RUF001
    assert len(set(drawn.values())) == len(drawn)
    assert drawn[no_glyph] == heat_map(MISSING).tobytes()
    missing = heat_map("Олаф! 97 %".replace("ф", no_glyph))
    assert changed(heat_map("Олаф! 97 %"), missing) != (0, 0, 0, 0)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_answer_is_cut_on_a_heat_map(language: str) -> None:
    """Of a picture that is eleven letters' sizes wide, two are margins."""
    photos = speaker_for(language).photos
    for label in (Label.OLAF, Label.ABOMINABLE):
        answer = photos.heatmap_answer(Verdict(label, 0.97, {}, unfamiliar=False))
        assert lay_out(split_graphemes(answer), 100, BOLD).width <= 900


@pytest.mark.parametrize("size", [(1024, 90), (90, 1024), (64, 48), (30, 20), (8, 8), (1, 1)])
def test_a_heat_map_of_any_size_keeps_it(size: tuple[int, int]) -> None:
    picture = heat_map("Abominable! 97%", size)
    assert picture.size == size
    if min(size) >= 20:
        left, _, right, bottom = changed(Image.new("RGB", size, "orange"), picture)
        assert 0 < left < right < size[0]
        assert bottom < size[1]


# Names


def test_families_and_flags_are_one_letter_and_one_glyph() -> None:
    for sign in (FAMILY, UKRAINE, WALES, "\U0001f469\U0001f3fd\u200d\U0001f680"):
        assert split_graphemes(sign) == [sign]
        assert initial(sign + " Mia") == sign
        assert len(lay_out([sign], 40, BOLD).glyphs) == 1


def test_what_is_written_as_an_emoji_is_drawn_as_one() -> None:
    as_emoji, as_text = (_find_font(f"\u00a9{style}")[1] for style in ("\ufe0f", "\ufe0e"))
    assert as_emoji.endswith("NotoEmoji[wght].ttf")
    assert as_text.endswith("NotoSans[wght].ttf")


def test_a_letter_carries_only_so_many_marks() -> None:
    assert [len(letter) for letter in split_graphemes(ZALGO)] == [4, 1]


def test_initials_are_whole_letters_in_capitals() -> None:
    assert [initial(name) for name in ("mia", "їжак", "ße", "e\u0301va", "  \x00tom", "李")] == [
        *("M", "Ї", "ß", "É", "T", "李")
    ]
    assert initial("") == initial("\u200b\u202e") == NAMELESS


def test_every_letter_of_the_bots_languages_can_be_drawn() -> None:
    said = "".join(
        path.read_text() for path in PROJECT.glob("bot/speech/locales/*/LC_MESSAGES/*.po")
    )
    assert "ґ" in said or "ї" in said
    letters = set(split_graphemes("".join(sorted(set(said)))[:90])) | set(said.split())
    lost = {
        sign for word in letters for sign in split_graphemes(word) if _find_font(sign)[0] != sign
    }
    assert not lost


def test_a_letter_of_no_font_leaves_a_mark() -> None:
    assert _find_font("\U00013000\u0301")[0] == MISSING
    assert _find_font("a\u1ab0\U000e0100")[0][0] == "a"  # rather without its marks


def test_right_to_left_names_start_at_the_right_and_arabic_letters_join() -> None:
    def order(text: str) -> list[int]:
        """Return where each letter of a text stands, counted from the left."""
        alone = [lay_out([letter], 40, BOLD).glyphs[0][:2] for letter in text]
        placed = [glyph[:2] for glyph in lay_out(list(text), 40, BOLD).glyphs]
        return [placed.index(glyph) for glyph in alone]

    assert order("אבג") == [2, 1, 0]
    assert order("abאב") == [0, 1, 3, 2]
    assert order("אב12") == [3, 2, 0, 1]
    assert order("אב cd") == [4, 3, 2, 0, 1]
    assert order("ab אב1") == [0, 1, 2, 5, 4, 3]
    assert order("אב c.1") == [5, 4, 3, 0, 1, 2]
    alone = {glyph[1] for letter in "بيت" for glyph in lay_out([letter], 40, BOLD).glyphs}
    assert {glyph[1] for glyph in lay_out(list("بيت"), 40, BOLD).glyphs} - alone


def test_a_right_to_left_name_is_cut_at_its_left() -> None:
    whole, cut = fit_line("אבגדהוזחט", 40, BOLD, 900), fit_line("אבגדהוזחט", 40, BOLD, 120)
    assert cut.width <= 120 < whole.width
    assert cut.glyphs[0][0].face.unicodes == lay_out(["…"], 40, BOLD).glyphs[0][0].face.unicodes


@given(SIGNS, st.integers(60, 400))
@settings(max_examples=150)
@example(ZALGO, 200)
@example("\u0301" * 50, 100)
@example("ﷺ﷽", 100)
def test_any_name_fits_its_box_and_is_seen(name: str, width: int) -> None:
    assert fit_line(name, 40, BOLD, width).width <= width
    canvas = Canvas(500, 120, LIGHT)
    empty = canvas.image.copy()
    canvas.draw_text(name, 50, 60, 40, LIGHT.ink, width)
    left, top, right, bottom = changed(empty, canvas.image)
    assert right - left > 0
    assert 50 - 6 <= left < right <= 50 + width + 6
    assert (
        30 <= top < bottom <= 95
    )  # as high as letters with an accent, as low as those with a tail


@given(SIGNS)
@settings(max_examples=25)
def test_any_name_changes_nothing_but_its_own_row(name: str) -> None:
    plain, hostile = opened(board("Mia", "Tom", "Zoe")), opened(board("Mia", name, "Zoe"))
    left, top, right, bottom = changed(plain, hostile)
    if right:
        assert MARGIN + 120 <= left < right <= WIDTH - MARGIN - 36
        assert 232 + 129 <= top < bottom <= 232 + 129 + 116


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_drawn_everywhere(name: str) -> None:
    rows = [Row(1, name, 10**9, 0), Row(1, name, 5, 1), Row(2, name, 3, 2, is_mine=True)]
    for picture in (
        leaderboard(name, rows, DARK, name),
        podium(name, rows, LIGHT),
        podium(name, rows[1:], LIGHT),
        card(None, None, name, name, name, name, name, DARK, heading=name, missing=name),
        confusion(name, name, ((name, "Olaf", name),) * 2, (name, name), COUNTS, LIGHT),
    ):
        assert opened(picture).width == WIDTH
        said = picture.description.replace("\n", "").replace("\u200d", "")
        assert not [sign for sign in said if unicodedata.category(sign) == "Cc"]


@given(SIGNS)
@example("a" * 100 + " " + "b")
@example("a" * 99 + " bc")
@settings(max_examples=200)
def test_what_is_cut_is_cut_between_letters(text: str) -> None:
    letters = split_graphemes(text)
    assert letters
    assert "".join(letters) == "".join(split_graphemes("".join(letters)))
    widths = [lay_out(letters[:count], 30, BOLD).width for count in range(1, min(8, len(letters)))]
    assert all(after >= before * 0.5 for before, after in pairwise(widths))
