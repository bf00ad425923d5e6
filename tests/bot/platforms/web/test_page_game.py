"""The game in Chromium: two browsers in a room, whose bot sees what the test tells it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from uuid import uuid4
from zipfile import ZipFile

import pytest
import pytest_asyncio
from PIL import Image
from playwright.async_api import Browser, ViewportSize, expect

from bot.domain import Button, ButtonOutcome, ButtonPress, Document, Label, Preview, Reply, Verdict
from bot.graphics.palette import AVATARS, contrasting_ink
from bot.platforms.web import server
from bot.platforms.web.rooms import ENTRY_SECONDS, Rooms
from bot.services import guessing
from bot.speech import speaker_for
from tests.fakes.vision import OLAF, STRANGER, YETI, FakeVision
from tests.fakes.web_room import Clock, Served, serving
from tests.support import pictures
from tests.support.browser import (
    CHROMIUM,
    PATIENCE_MS,
    Visitor,
    encoded,
    overflowing,
    photo,
    visiting,
)

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium or Chrome is installed"),
    pytest.mark.asyncio(loop_scope="session"),
]

PHONE = {"width": 320, "height": 600}
# What most phones have.
USUAL_PHONE = {"width": 390, "height": 844}
# What is on the three buttons with which a truth is told.
TRUTHS = {
    "en-US": ("Olaf", "Yeti", "Neither"),
    "de-DE": ("Olaf", "Yeti", "Keiner"),
    "fr-FR": ("Olaf", "Yéti", "Aucun"),
    "es-MX": ("Olaf", "Yeti", "Ninguno"),
    "pt-BR": ("Olaf", "Yeti", "Nenhum"),
    "uk-UA": ("Олаф", "Єті", "Жоден"),
}
DESK = {"width": 1360, "height": 800}
EN = speaker_for("en")
OLAF_BUTTON = EN.rounds.truth_button(Label.OLAF)
YETI_BUTTON = EN.rounds.truth_button(Label.ABOMINABLE)
OBJECT = EN.rounds.objection_button()


class SharpVision(FakeVision):
    """Sees a yeti, and makes previews that a browser can show."""

    async def preview(self, photo: bytes, side: int) -> Preview:
        with Image.open(BytesIO(photo)) as opened:
            shrunk = opened.convert("RGB")
        shrunk.thumbnail((side, side))
        return Preview(encoded(shrunk), *shrunk.size)


@pytest_asyncio.fixture(loop_scope="session")
async def served() -> AsyncIterator[Served]:
    async with serving(vision=SharpVision(YETI)) as served:
        yield served


@pytest.fixture
def table(served: Served) -> str:
    """The address of a room where nobody has played."""
    return f"{served.url}/r/table-{uuid4().hex[:8]}"


@pytest_asyncio.fixture(loop_scope="session")
async def mia(browser: Browser, table: str) -> AsyncIterator[Visitor]:
    async with visiting(browser, table, viewport=DESK) as mia:
        await mia.rename("Mia")
        yield mia


@pytest_asyncio.fixture(loop_scope="session")
async def ben(browser: Browser, table: str, mia: Visitor) -> AsyncIterator[Visitor]:
    async with visiting(browser, table, viewport=PHONE) as ben:
        await ben.rename("Ben")
        await expect(mia.button("2 here:")).to_contain_text("Ben, Mia")
        yield ben


async def test_a_round_is_played_to_its_end_in_two_browsers(mia: Visitor, ben: Visitor) -> None:
    await ben.show(pictures.draw_yeti())  # Ben plays, too, so he may object
    await expect(mia.answers).to_have_count(1)
    await mia.show(pictures.draw_olaf())
    await expect(ben.answers).to_have_count(2)
    of_mia, of_ben = mia.rounds.last, ben.rounds.last
    await expect(of_mia).to_contain_text(EN.rounds.truth_ask())
    await expect(of_ben.get_by_role("button", name=OLAF_BUTTON)).to_have_count(0)
    await expect(ben.board).to_be_hidden()
    await of_mia.get_by_role("button", name=OLAF_BUTTON).press("Enter")
    for person in (mia, ben):
        await expect(person.rounds.last).to_contain_text(EN.rounds.told("Mia", Label.OLAF))
        await expect(person.rounds.last).to_contain_text("84 points for Mia!")
        await expect(person.answers.last).to_have_attribute("aria-valuenow", "84")
        await expect(person.page.locator("#places li")).to_have_text(["1.MMia84"])
    await expect(mia.button(OBJECT)).to_have_count(0)
    await ben.button(OBJECT).click()
    for person in (mia, ben):
        await expect(person.rounds.last).to_contain_text(EN.rounds.void())
        await expect(person.rounds.last).not_to_contain_text("84 points")
        await expect(person.board).to_be_hidden()
    await ben.page.reload()
    await expect(ben.rounds.last).to_contain_text(EN.rounds.void())
    await expect(ben.button(OBJECT)).to_have_count(0)


async def test_a_wrong_tap_is_taken_back_with_one_more(mia: Visitor, ben: Visitor) -> None:
    await mia.show(pictures.draw_olaf())
    await mia.button(YETI_BUTTON).click()
    await expect(ben.rounds).to_contain_text(EN.rounds.told("Mia", Label.ABOMINABLE))
    await expect(ben.button(EN.rounds.change_button())).to_have_count(0)
    await mia.button(EN.rounds.change_button()).click()
    for person in (mia, ben):
        await expect(person.rounds).to_contain_text(EN.rounds.truth_ask())
    await mia.button(OLAF_BUTTON).click()
    for person in (mia, ben):
        await expect(person.rounds).to_contain_text("84 points for Mia!")


async def test_a_players_colour_is_the_same_beside_photos_and_points_as_on_pictures(
    mia: Visitor, ben: Visitor
) -> None:
    await ben.show(pictures.draw_olaf(), "olaf")
    await expect(mia.page.locator("#places li")).to_have_count(1)
    await mia.show(pictures.draw_yeti(), "olaf")
    shades = "each => [getComputedStyle(each).backgroundColor, getComputedStyle(each).color]"
    for person, own in ((mia, "M"), (ben, "B")):
        await expect(person.page.locator("#places li")).to_have_count(2)
        for number, name in enumerate(("B", "M")):
            avatars = person.page.locator(".letter", has_text=name)
            ground = AVATARS[number]
            expected = [f"rgb{ground}", f"rgb{contrasting_ink(ground)}"]
            shown = [await each.evaluate(shades) for each in await avatars.all()]
            # Beside the photo, among the points, and where one's own name is.
            assert shown == [expected] * (3 if name == own else 2)


async def test_guesses_come_first_and_the_answer_leads_back_to_its_photo(
    mia: Visitor, ben: Visitor
) -> None:
    await ben.show(pictures.draw_yeti())
    await expect(mia.answers).to_have_count(1)
    await mia.ask_for("Say what I'll say")
    await expect(mia.toast).to_contain_text("until the others have guessed")
    await expect(mia.button("Show me a photo")).to_be_focused()
    await mia.show(pictures.draw_olaf())
    for person in (mia, ben):
        asking = person.rounds.last
        await expect(asking).to_contain_text("What will I say?")
        await expect(asking.get_by_text("guess", exact=True)).to_be_visible()
        await expect(asking.get_by_role("timer")).to_have_text(re.compile(r"[1-3]?\d"))
        await expect(person.answers).to_have_count(1)
    await expect(mia.toast).to_be_empty()
    for label in Label:  # it is her photo, so the others guess
        button = EN.text.label(label)
        await expect(ben.rounds.last.get_by_role("button", name=button)).to_be_visible()
        await expect(mia.rounds.last.get_by_role("button", name=button)).to_have_count(0)
    await ben.rounds.last.get_by_role("button", name=YETI_BUTTON).click()
    await expect(ben.toast).to_contain_text(EN.rounds.guess_noted(Label.ABOMINABLE))
    for person in (mia, ben):
        await expect(person.rounds).to_have_count(3)
        await expect(person.answers).to_have_count(2)
        await expect(person.rounds.last).to_contain_text(EN.rounds.guessed(["Ben"], 10))
        await expect(person.rounds.nth(1).locator(".tap")).to_have_count(0)
        await expect(person.page.get_by_role("timer")).to_have_count(0)
        await expect(person.page.locator("#places li")).to_have_text(["1.BBen10"])
    await expect(ben.rounds.last.get_by_role("button", name=OLAF_BUTTON)).to_have_count(0)
    await mia.rounds.last.get_by_role("button", name=OLAF_BUTTON).click()
    for person in (mia, ben):
        await expect(person.page.locator("#places li")).to_have_text(["1.MMia84", "2.BBen10"])
    await mia.ask_for("An idea for a photo")
    await expect(mia.rounds).to_have_count(4)
    challenge = await mia.rounds.last.get_attribute("data-id")
    async with mia.page.expect_file_chooser() as chooser:
        await mia.rounds.last.get_by_role("button", name=re.compile("Here.s mine!")).click()
    async with mia.page.expect_request(lambda request: request.url.endswith("/photos")) as sent:
        await (await chooser.value).set_files(photo(encoded(pictures.draw_yeti())))
    assert (await sent.value).headers["x-reply-to"] == challenge
    await expect(mia.answers).to_have_count(3)


async def test_guesses_end_by_themselves(
    mia: Visitor, ben: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guessing, "GUESS_WITHIN", timedelta(seconds=1))
    await ben.show(pictures.draw_yeti(), "guess")
    for person in (mia, ben):
        await expect(person.rounds).to_have_count(2)
        await expect(person.answers).to_have_count(1)
        await expect(person.rounds.first.locator(".tap")).to_have_count(0)


async def test_a_reveal_is_in_sight_however_the_log_shrank_and_grew_before_it(
    served: Served, table: str, mia: Visitor, ben: Visitor
) -> None:
    await mia.show(pictures.draw_olaf(), "guess")
    await expect(ben.rounds).to_contain_text("What will I say?")
    room = served.rooms.find(table.rsplit("/", 1)[1])
    assert room is not None
    # One frame is drawn without the question's buttons, and the answer comes before the next.
    await ben.page.evaluate(
        """async () => {
            const log = document.querySelector('#log');
            await new Promise(requestAnimationFrame);
            log.querySelector('.taps').remove();
            const { port1, port2 } = new MessageChannel();
            const drawn = new Promise((resolve) => (port1.onmessage = resolve));
            port2.postMessage('');
            await drawn;
            log.append(log.querySelector('.round').cloneNode(true));
        }"""
    )
    assert await ben.page.evaluate(HIDDEN_BELOW) <= 1
    # Who has scrolled up a little, to look at the photo, sees the answer all the same.
    # A photo that is drawn only then takes the log to its end once more.
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while await ben.page.evaluate(HIDDEN_BELOW) < 100:
            await ben.page.locator("#scroller").evaluate("scroller => scroller.scrollBy(0, -200)")
    await ben.rounds.last.evaluate("round => round.remove()")
    await served.server.send(room.room, Reply("Olaf!", OLAF), to=room.entries[0].message)
    await expect(ben.answers).to_be_in_viewport()


async def test_a_caption_is_out_of_the_way_on_a_phone_and_may_tell_the_truth(
    mia: Visitor, ben: Visitor
) -> None:
    field = ben.page.locator("#caption")
    await expect(field).to_be_hidden()
    await expect(mia.page.locator("#caption")).to_be_visible()
    await ben.page.locator("#caption-button").click()
    await expect(field).to_be_focused()
    await field.fill("Це Олаф! <3")
    await field.press("Enter")
    await expect(ben.button("Show me a photo")).to_be_focused()
    await ben.show(pictures.draw_olaf())
    for person in (mia, ben):
        await expect(person.rounds).to_contain_text("Це Олаф! <3")
        await expect(person.rounds).to_contain_text("84 points for Ben!")
    await expect(field).to_be_hidden()
    await expect(field).to_have_value("")


async def test_snow_falls_for_who_fools_the_bot_unless_motion_is_unwanted(
    browser: Browser, served: Served, table: str, mia: Visitor
) -> None:
    snow = "canvas.confetti"
    watch = """() => new MutationObserver((changes) => {
        for (const { addedNodes } of changes)
            for (const node of addedNodes) if (node.localName === 'canvas') window.snowed = true;
    }).observe(document.body, { childList: true })"""
    async with visiting(browser, table, reduced_motion="no-preference") as lively:
        for person in (mia, lively):
            await person.page.evaluate(watch)
        served.vision.verdict = OLAF
        await mia.show(pictures.draw_olaf(), "olaf")
        await expect(lively.rounds).to_contain_text(EN.rounds.told("Mia", Label.OLAF))
        assert not await lively.page.evaluate("window.snowed")
        await mia.show(pictures.draw_yeti(), "yeti")
        await expect(lively.page.locator(snow)).to_have_css("pointer-events", "none")
        # What is below the snow can be tapped all the same, and then the snow is gone.
        await lively.button("Invite").click()
        await expect(lively.page.get_by_role("dialog")).to_be_visible()
        await expect(lively.page.locator(snow)).to_have_count(0)
        await expect(mia.rounds).to_have_count(2)
        await expect(mia.rounds.last).to_contain_text("points for Mia!")
        assert not await mia.page.evaluate("window.snowed")
        await lively.page.evaluate("window.snowed = false")
        await lively.page.reload()
        await expect(lively.rounds).to_have_count(2)
        await expect(lively.page.locator(snow)).to_have_count(0)


@pytest.mark.parametrize(("scheme", "locale"), [("light", "uk-UA"), ("dark", "de-DE")])
async def test_the_board_opens_on_a_phone_and_stays_open_beside_the_photos_on_a_desk(
    browser: Browser, table: str, mia: Visitor, scheme: str, locale: str
) -> None:
    await mia.rename("Wilhelmina Alexandra von Schneeb")
    await mia.show(pictures.draw_olaf(), "olaf")
    await mia.show(pictures.draw_yeti(), "yeti")
    await expect(mia.page.locator("#places li")).to_have_count(1)
    await expect(mia.board).to_be_visible()
    await expect(mia.page.locator("#board-button")).to_be_hidden()
    outcomes = {"viewport": PHONE, "locale": locale, "color_scheme": scheme}
    async with visiting(browser, table, **outcomes) as phone:
        opener = phone.page.locator("#board-button")
        await expect(opener).to_contain_text("84")
        await expect(phone.board).to_be_hidden()
        await opener.press("Enter")
        await expect(phone.board).to_be_visible()
        await expect(opener).to_have_attribute("aria-expanded", "true")
        assert await overflowing(phone) == []
        assert await phone.page.evaluate(CONTRAST, "#places li bdi") >= 4.5
        await opener.press("Enter")
        await expect(phone.board).to_be_hidden()


async def test_the_hall_leads_to_its_photos_and_shows_those_that_melted_as_such(
    mia: Visitor, ben: Visitor
) -> None:
    await mia.show(pictures.draw_olaf(), "olaf")
    await expect(ben.rounds).to_have_count(1)
    await ben.ask_for("The photos that fooled me best")
    for person in (mia, ben):
        hung = person.page.get_by_role("link", name="1. Mia, 84 points.")
        await expect(hung.locator("img")).to_have_js_property("naturalWidth", 320)
        assert await overflowing(person) == []
    await ben.page.get_by_role("link", name="1. Mia").click()
    await expect(ben.rounds.first).to_be_focused()
    await ben.page.route("**/photos/*", lambda route: route.fulfill(status=404))
    await ben.page.reload()
    await expect(ben.page.get_by_role("link", name="1. Mia")).to_contain_text("melted")
    ben.forgive("status of 404")


async def test_everything_known_of_a_person_is_a_file_to_keep(mia: Visitor, tmp_path: Path) -> None:
    await mia.show(pictures.draw_olaf(), "olaf")
    await expect(mia.answers).to_have_count(1)
    await mia.ask_for("What I remember")
    await mia.button(EN.privacy.export_button()).click()
    async with mia.page.expect_download() as download:
        await mia.page.get_by_role("link", name="Save the file").click()
    path = tmp_path / "saved.zip"
    await (await download.value).save_as(path)
    assert (await download.value).suggested_filename == "snowpeople.zip"
    with ZipFile(path) as files:
        assert "Mia" in json.dumps(json.loads(files.read("snowpeople.json")))
        assert files.namelist()[1].startswith("pictures/")


async def test_who_is_forgotten_is_gone_from_everybodys_page(mia: Visitor, ben: Visitor) -> None:
    await mia.show(pictures.draw_olaf(), "olaf")
    await expect(ben.rounds).to_have_count(1)
    await mia.ask_for("What I remember")
    await mia.button(EN.privacy.forget_me_button()).click()
    await mia.button(EN.privacy.forget_button()).click()
    await expect(ben.rounds).to_have_count(0)
    await expect(mia.rounds).to_have_count(2)  # what is remembered, and this
    await expect(mia.rounds.last).to_contain_text(EN.privacy.forgot())
    await expect(ben.page.locator("#places li bdi")).to_have_text("a forgotten snow person")


async def test_whoever_has_no_nickname_is_named_in_the_language_of_each_page(
    browser: Browser, served: Served, table: str, mia: Visitor
) -> None:
    room = table.rsplit("/", 1)[1]
    nobody = await served.join("n" * 24, "", room)
    async with visiting(browser, table, locale="de-DE") as german:
        headers = {"X-Player": "n" * 24}
        await served.photo(encoded(pictures.draw_olaf()), headers, room=room)
        for person, word in ((mia, "Somebody"), (german, "Jemand")):
            await expect(person.rounds.locator(".who bdi")).to_have_text(word)
            await expect(person.rounds.get_by_role("img", name=word)).to_be_visible()
            await expect(person.page.locator("#people")).to_contain_text(word)
        # A room that chooses a language changes the word that is on the page, too.
        headers = {**headers, "X-Admin": served.admin_token(room)}
        await served.post("presses", {"data": "set:language:es"}, room, headers)
        for person in (mia, german):
            await expect(person.page.locator("html")).to_have_attribute("lang", "es")
            await expect(person.rounds.locator(".who bdi")).to_have_text("Alguien")
    await nobody.socket.close()


async def test_a_photo_that_is_a_day_old_leaves_every_page(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "EXPIRY_SECONDS", 0.01)
    clock = Clock()
    async with (
        serving(vision=SharpVision(YETI), rooms=Rooms(clock)) as served,
        visiting(browser, f"{served.url}/r/home") as ana,
        visiting(browser, f"{served.url}/r/home") as ben,
    ):
        await ana.show(pictures.draw_olaf())
        for person in (ana, ben):
            await expect(person.answers).to_have_count(1)
        clock.now += ENTRY_SECONDS
        for person in (ana, ben):
            await expect(person.rounds).to_have_count(0)


async def test_the_menu_offers_choices_where_there_are_some(mia: Visitor, ben: Visitor) -> None:
    await mia.button("Menu").click()
    await mia.button("More").click()
    choices = mia.page.get_by_role("group", name="may I keep photos")
    await choices.get_by_role("button", name="On").click()
    for person in (mia, ben):
        await expect(person.rounds).to_contain_text("Mia has switched learning on.")


async def say(served: Served, table: str, reply: Reply) -> None:
    """Have the bot turn the newest entry of a room into something else."""
    room = served.rooms.find(table.rsplit("/", 1)[1])
    assert room is not None
    await served.server.edit(room.room, room.entries[-1].id, reply)


def percent(verdict: Verdict) -> int:
    """Return the confidence as it is shown."""
    return min(99, round(100 * verdict.confidence))


def pair(verdict: Verdict) -> float:
    """Return where the slider stands between yeti and Olaf."""
    return verdict.confidence if verdict.label is Label.OLAF else 1 - verdict.confidence


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_bar_tells_which_of_the_two_and_how_familiar_without_a_small_number(
    browser: Browser, served: Served, table: str, scheme: str
) -> None:
    options = {"viewport": USUAL_PHONE, "color_scheme": scheme}
    async with visiting(browser, table, **options) as mia:
        await mia.show(pictures.draw_yeti())
        slider = mia.answers
        knob = (
            "(slider) => parseFloat(getComputedStyle(slider, '::before').left) / slider.clientWidth"
        )
        await expect(slider).to_have_attribute("aria-valuetext", f"Yeti, {percent(YETI)}%")
        assert await slider.evaluate(knob) == pytest.approx(pair(YETI), abs=0.01)
        await expect(mia.page.get_by_role("img", name="Snow person? Surely.")).to_be_visible()
        await say(served, table, Reply("Olaf! 97%", verdict=OLAF))
        await expect(slider).to_have_attribute("aria-valuetext", f"Olaf, {percent(OLAF)}%")
        assert await slider.evaluate(knob) == pytest.approx(pair(OLAF), abs=0.01)
        await say(served, table, Reply("Neither, I'd say.", verdict=STRANGER))
        hardly = mia.page.get_by_role("img", name="Snow person? Hardly.")
        await expect(hardly).to_be_visible()
        filled = "(groove) => parseFloat(getComputedStyle(groove, '::before').width)"
        width: float = await hardly.evaluate("(groove) => groove.clientWidth")
        assert await hardly.evaluate(filled) == pytest.approx(0.3 * width, abs=1)
        bars = mia.page.locator(".pair, .familiar")
        said = " ".join(
            [await each.evaluate("(bar) => bar.outerHTML") for each in await bars.all()]
        )
        spoken = re.findall(r'aria-[a-z]+="([^"]*)"|>([^<]+)<', said)
        numbers = [int(found) for pair in spoken for found in re.findall(r"\d+", " ".join(pair))]
        assert numbers
        assert min(numbers) >= 50
        assert await overflowing(mia) == []
        for part in (".pair .olaf", ".pair .abominable", ".familiar span"):
            assert await mia.page.evaluate(CONTRAST, part) >= 4.5


async def test_a_round_and_the_menu_fit_a_phone_upright_and_on_its_side(
    browser: Browser, table: str, mia: Visitor
) -> None:
    upright = ViewportSize(width=390, height=700)
    on_its_side = ViewportSize(width=844, height=390)
    async with visiting(browser, table, viewport=upright) as ben:
        await mia.show(pictures.draw_yeti())
        await expect(ben.answers).to_have_count(1)
        await ben.show(pictures.draw_olaf((400, 400)))
        await expect(ben.answers).to_have_count(2)
        for viewport in (upright, on_its_side):
            await ben.page.set_viewport_size(viewport)
            assert await ben.page.evaluate(HIDDEN_BELOW) <= 1
            log = await ben.page.locator("#scroller").bounding_box()
            shown = await ben.rounds.last.locator(".photo").bounding_box()
            assert log
            assert shown
            assert shown["y"] > log["y"]
            assert shown["height"] > 100
            truths = ben.rounds.last.locator(".taps").first.get_by_role("button")
            boxes = [await truth.bounding_box() for truth in await truths.all()]
            assert len({box["y"] for box in boxes if box}) == 1
            assert await overflowing(ben) == []
        await ben.page.set_viewport_size(upright)
    await mia.page.set_viewport_size(upright)  # she is admin: her menu is the longest
    await mia.button("Menu").click()
    menu = mia.page.locator("#menu")
    await expect(menu.get_by_role("button")).to_have_count(7)
    for _ in range(2):
        assert await menu.evaluate("menu => menu.scrollHeight <= menu.clientHeight")
        bottom = await menu.evaluate("menu => menu.getBoundingClientRect().bottom")
        assert bottom <= upright["height"]
        await mia.page.locator("#more").click()
    await mia.page.keyboard.press("Escape")
    await mia.page.locator("#caption-button").click()
    await mia.page.locator("#caption").fill("/ME Ann")
    await mia.page.keyboard.press("Enter")
    await expect(mia.rounds.last).to_contain_text("Only you see this")
    await expect(mia.page.locator("#caption")).to_be_hidden()
    # What is written on the bot's own picture is not to be seen once more below it.
    await mia.show(pictures.draw_olaf(), "olaf")
    await expect(mia.rounds.last).to_contain_text("84 points for Mia")
    await mia.ask_for("Who fooled me best")
    said = mia.rounds.last.locator(".said")
    await expect(said.locator(".line").first).to_be_visible()
    hidden = said.locator(".unseen")
    await expect(hidden).to_have_count(3)
    await expect(hidden.nth(1)).to_contain_text("84 points")
    assert await hidden.first.evaluate("line => line.offsetWidth") <= 1


async def test_players_react_to_a_photo_with_one_of_five_emoji(mia: Visitor, ben: Visitor) -> None:
    await mia.show(pictures.draw_olaf())
    opener = ben.rounds.get_by_role("button", name="React to this photo")
    await opener.click()
    emoji = ben.page.locator(".reactions button:not(.opener)")
    await expect(emoji).to_have_count(5)
    await emoji.nth(1).click()
    for person, pressed in ((ben, "true"), (mia, "false")):
        given = person.page.locator(".reactions button:not(.opener)")
        await expect(given).to_have_text(["😂 1"])
        await expect(given).to_have_attribute("aria-pressed", pressed)
    await mia.button("😂 1").click()
    await expect(ben.button("😂 2")).to_be_visible()
    await ben.page.reload()
    await ben.button("😂 2").click()
    await expect(mia.button("😂 1")).to_be_visible()
    assert await overflowing(ben) == []


async def test_children_hand_one_phone_on_with_a_tap_each_with_points_of_their_own(
    mia: Visitor, ben: Visitor
) -> None:
    await ben.page.locator("#name-button").click()
    await ben.button("One more plays on this device").click()
    name = ben.page.get_by_label("Everybody in the room")
    await expect(name).not_to_have_value("Ben")
    await name.fill("Eva")
    await ben.page.keyboard.press("Enter")
    await expect(mia.button("2 here:")).to_contain_text("Eva, Mia")
    await ben.show(pictures.draw_olaf(), "olaf")
    await expect(mia.page.locator("#places li")).to_have_text(["1.EEva84"])
    await expect(ben.rounds.first).to_have_class(re.compile("mine"))
    await ben.page.locator("#name-button").click()
    await expect(ben.toast).to_have_text(re.compile("Ben.s turn!"))
    await expect(mia.button("2 here:")).to_contain_text("Ben, Mia")
    # What was her own is another's now, who may object to it.
    await expect(ben.rounds.first).not_to_have_class(re.compile("mine"))
    await expect(ben.button(OBJECT)).to_be_visible()
    await ben.show(pictures.draw_yeti(), "olaf")
    await expect(mia.page.locator("#places li")).to_have_count(2)
    await ben.page.reload()
    await expect(ben.page.locator("#nickname")).to_have_text("Ben")
    await ben.ask_for("Names on this device")
    await ben.button("Ben stops playing here").click()
    await expect(ben.page.locator("#nickname")).to_have_text("Eva")
    await ben.page.locator("#name-button").click()
    await expect(name).to_have_value("Eva")


async def test_sound_is_off_until_somebody_wants_it_and_then_stays(
    mia: Visitor, ben: Visitor
) -> None:
    rung = "() => window.rung ?? 0"
    for person in (mia, ben):
        await person.context.add_init_script(
            "const start = OscillatorNode.prototype.start; "
            "OscillatorNode.prototype.start = function (at) {"
            "  window.rung = (window.rung ?? 0) + 1; return start.call(this, at); }"
        )
        await person.page.reload()
    await ben.page.locator("#menu-button").click()
    await ben.page.locator("#more").click()
    await ben.page.get_by_role("group", name="Sound").get_by_role("button", name="On").click()
    await ben.page.reload()
    await ben.page.locator("#people").click()  # no page may sound before it is touched
    await mia.show(pictures.draw_olaf())
    await expect(ben.answers).to_have_count(1)
    assert await ben.page.evaluate(rung) == 2
    await mia.button(OLAF_BUTTON).click()
    await expect(ben.rounds).to_contain_text("84 points for Mia!")
    assert await ben.page.evaluate(rung) == 7
    assert await mia.page.evaluate(rung) == 0


@pytest.mark.parametrize("locale", TRUTHS)
async def test_three_truths_stand_in_one_row_and_are_for_the_sender_and_the_admin(
    browser: Browser, served: Served, table: str, mia: Visitor, ben: Visitor, locale: str
) -> None:
    async with visiting(browser, table, viewport=USUAL_PHONE, locale=locale) as sender:
        await sender.show(pictures.draw_olaf())
        await expect(ben.answers).to_have_count(1)
        row = tuple(
            Button(text, f"truth:1:{label}")
            for text, label in zip(TRUTHS[locale], Label, strict=True)
        )
        await say(served, table, Reply("Olaf! 97%", buttons=(row, (Button("Hm?", "where:1"),))))
        taps = sender.rounds.last.locator(".taps").first.get_by_role("button")
        await expect(taps).to_have_text(list(TRUTHS[locale]))
        boxes = [await tap.bounding_box() for tap in await taps.all()]
        assert len({box["y"] for box in boxes if box}) == 1
        assert min(box["height"] for box in boxes if box) >= 44
        assert await overflowing(sender) == []
        await expect(ben.rounds.last.locator(".tap")).to_have_text(["Hm?"])
        # Who created the room decides as well.
        await expect(mia.rounds.last.locator(".tap")).to_have_text([*TRUTHS[locale], "Hm?"])
        await say(served, table, Reply("Olaf! 97%"))
        for person in (mia, ben, sender):
            await expect(person.rounds.last.locator(".tap")).to_have_count(0)


async def test_who_created_the_room_is_admin_and_so_is_who_opens_the_admin_link(
    browser: Browser, table: str, mia: Visitor, ben: Visitor
) -> None:
    reset = '#menu [data-command="reset"]'
    await expect(mia.page.locator(reset)).to_have_count(1)
    await expect(ben.page.locator(reset)).to_have_count(0)
    await ben.button("Invite").click()
    await expect(ben.button("Copy my own link")).to_be_hidden()
    await mia.button("Invite").click()
    await mia.button("Copy my own link").click()
    link = await mia.page.locator("#share-link").input_value()
    assert link.startswith(f"{table}#admin=")
    # Pasted into the open page of somebody who was none.
    await ben.page.goto(link)
    await expect(ben.page.locator(reset)).to_have_count(1)
    assert ben.page.url == table
    await ben.page.reload()
    await expect(ben.page.locator(reset)).to_have_count(1)
    # Another device, all cookies lost.
    async with visiting(browser, link) as other:
        await expect(other.page.locator(reset)).to_have_count(1)
        assert other.page.url == table
        await other.ask_for("points back to zero")
        await expect(other.button("Yes, back to zero")).to_be_visible()


async def test_a_private_answers_button_brings_a_private_answer_with_its_file(
    served: Served, mia: Visitor, ben: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def export(_: ButtonPress) -> ButtonOutcome:
        document = Document(b'{"name": "Mia"}', "snowpeople.json")
        return ButtonOutcome(send=Reply("All about you.", document=document))

    await mia.ask_for("Privacy")
    monkeypatch.setattr(served.service, "handle_button", export)
    await mia.button(speaker_for("en").privacy.export_button()).click()
    await expect(mia.rounds).to_have_count(2)
    await expect(mia.rounds.last).to_contain_text("Only you see this")
    async with mia.page.expect_download() as download:
        await mia.page.get_by_role("link", name="Save the file").click()
    assert (await download.value).suggested_filename == "snowpeople.json"
    await expect(ben.rounds).to_have_count(0)


# How many pixels of the log are below what is in sight, once the next two frames are drawn.
HIDDEN_BELOW = """async () => {
    for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
    const scroller = document.querySelector('#scroller');
    return scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
}"""


# The contrast (WCAG 2) of an element's text against the first opaque colour behind it, which is
# where a gradient begins.
CONTRAST = """(selector) => {
    const element = document.querySelector(selector);
    const pen = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const light = (colour) => {
        pen.clearRect(0, 0, 1, 1);
        pen.fillStyle = colour;
        pen.fillRect(0, 0, 1, 1);
        const [r, g, b] = [...pen.getImageData(0, 0, 1, 1).data].map((part) => part / 255)
            .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (each) => {
        const { backgroundColor, backgroundImage } = getComputedStyle(each);
        const shade = /gradient.*?(rgba?\\([^)]*\\))/.exec(backgroundImage);
        if (shade) return shade[1];
        const isClear = /, 0\\)$|transparent/.test(backgroundColor);
        return isClear && each.parentElement ? behind(each.parentElement) : backgroundColor;
    };
    const colours = [getComputedStyle(element).color, behind(element)];
    const [dark, bright] = colours.map(light).sort((a, b) => a - b);
    return (bright + 0.05) / (dark + 0.05);
}"""
