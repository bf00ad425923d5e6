"""The game's pictures: who sees what, and names that would like to break them."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from bot.domain import Label, Picture, Verdict
from bot.graphics.canvas import Canvas
from bot.graphics.charts import MARGIN, WIDTH, Row, confusion, heatmap, leaderboard, podium
from bot.graphics.palette import DARK, LIGHT, Theme
from bot.graphics.text_layout import (
    BOLD,
    MISSING,
    NAMELESS,
    _find_font,
    fit_line,
    initial,
    lay_out,
    split_graphemes,
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
    rows = [Row(place, name, 100 - place, key="1") for place, name in enumerate(names, 1)]
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
    rows = [Row(1, "Mia", 3), Row(2, "Tom", 1)]
    for picture in (board("Mia", theme=theme), podium("P", rows, theme), matrix(theme)):
        assert opened(picture).width == WIDTH
        assert picture.name.endswith(".png")


def test_day_and_night_differ_in_every_picture() -> None:
    rows = [Row(1, "Mia", 3)]
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
    rows = [Row(1, "Mia\x00\u202e", 40), Row(1, "Bot", 40, is_bot=True)]
    assert leaderboard("November", rows, LIGHT).description.splitlines() == [
        *("November", "1. Mia: 40", "1. Bot: 40")
    ]
    said = matrix(LIGHT).description
    assert "Olaf: Olaf 40, Єті 3, Keiner von beiden 1" in said


def test_after_a_dozen_come_the_bot_and_whoever_asked_only() -> None:
    rows = [Row(place, f"p{place}", 50 - place) for place in range(1, 13)]
    rows += [Row(13, "late", 9), Row(14, "bot", 8, is_bot=True), Row(15, "me", 7, is_mine=True)]
    said = leaderboard("t", rows, LIGHT).description.splitlines()
    assert said[-4:] == ["12. p12: 38", "…", "14. bot: 8", "15. me: 7"]
    twelve = leaderboard("t", rows[:12], LIGHT)
    assert "…" not in twelve.description
    assert opened(twelve).height < opened(leaderboard("t", rows, LIGHT)).height


def test_the_bot_and_whoever_asked_stand_out() -> None:
    plain = opened(leaderboard("t", [Row(4, "Mia", 5)], LIGHT))
    corner = (MARGIN + 20, 232 + 90)
    for row, colour in (
        (Row(4, "Mia", 5, is_bot=True), LIGHT.bot),
        (Row(4, "Mia", 5, is_mine=True), LIGHT.mine),
    ):
        assert opened(leaderboard("t", [row], LIGHT)).getpixel(corner) == colour
    assert plain.getpixel(corner) == LIGHT.card


def test_a_player_has_the_same_colour_under_another_name() -> None:
    def disc(name: str, key: str) -> object:
        picture = opened(leaderboard("t", [Row(4, name, 5, key=key)], LIGHT))
        return picture.getpixel((MARGIN + 168 - 38, 232 + 58))

    assert disc("Mia", "77") == disc("Tom", "77") != disc("Tom", "78")


@THEMES
def test_a_podium_takes_ties_and_empty_places(theme: Theme) -> None:
    tied = [Row(1, name, 30) for name in ("Mia", "Tom", "Zoe", "Ben", "Їжак")]
    shared = podium("t", [*tied, Row(3, "Bot", 2, is_bot=True)], theme)
    assert shared.description.count("1. ") == 5
    nobody = opened(podium("t", [], theme))
    first = opened(podium("t", [Row(1, "Mia", 3)], theme))
    left, _, right, _ = changed(nobody, first)
    assert WIDTH / 3 - 20 < left < right < WIDTH * 2 / 3 + 20  # nobody is second or third
    assert changed(nobody, opened(podium("t", [Row(4, "Tom", 3)], theme))) == (0, 0, 0, 0)


@THEMES
def test_a_right_answer_has_another_colour_than_a_wrong_one_and_more_has_more(theme: Theme) -> None:
    picture = opened(matrix(theme))
    top = 306 + 2 * 44 if picture.height > 306 + 44 + 3 * 194 + 160 else 306 + 44

    def cell(row: int, column: int) -> tuple[int, ...]:
        found = picture.getpixel((298 + 249 * column + 30, top + 194 * row + 40))
        assert isinstance(found, tuple)
        return found

    def blueness(colour: tuple[int, ...]) -> int:
        return colour[2] - colour[0]

    assert blueness(cell(0, 0)) > blueness(cell(0, 1)) + 30
    assert blueness(cell(0, 0)) > blueness(cell(1, 1))  # 40 of 44 is more than 31 of 36
    assert blueness(cell(1, 0)) < blueness(theme.card) < blueness(cell(1, 1))
    assert cell(1, 2) == cell(2, 0) == theme.card


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
        30 <= top < bottom <= 92
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
    rows = [Row(1, name, 10**9), Row(1, name, 5), Row(2, name, 3, is_mine=True)]
    for picture in (
        leaderboard(name, rows, DARK),
        podium(name, rows, LIGHT),
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
