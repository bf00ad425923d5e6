"""The room in Chromium: buttons, the bot's own messages, the menu, and languages."""

from __future__ import annotations

import json
import re

import pytest
from playwright.async_api import Browser, Route, expect

from tests.support.browser import CHROMIUM, Visitor, overflowing, photo, visiting

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium or Chrome is installed"),
    pytest.mark.asyncio(loop_scope="session"),
]

WHERE = "Where did you look?"
GLOWS = "The photo again; it glows where I looked."
# What each language calls the big button, and the one under an answer.
BUTTONS = {
    "de-AT": ("Zeig mir ein Foto", "Wo hast du hingeschaut?"),
    "uk-UA": ("Покажи мені фото", "Куди ти дивився?"),
}


async def test_where_did_you_look_shows_the_heat_map_to_everybody_once(
    browser: Browser, room: str, visitor: Visitor
) -> None:
    async with visiting(browser, room) as other:
        await visitor.choose(photo())
        where = other.page.get_by_role("button", name=WHERE)
        await where.click()
        for person in (visitor, other):
            picture = person.page.get_by_role("img", name=GLOWS)
            await expect(picture).to_be_visible()
            await expect(picture).to_have_js_property("naturalWidth", 640)
            await expect(person.rounds.last).to_contain_text("I looked hardest where it glows")
        await visitor.page.get_by_role("button", name=WHERE).click()
        await expect(visitor.toast).to_contain_text("shown that already")
        await expect(other.toast).to_be_empty()
        await visitor.toast.click()
        await expect(visitor.toast).to_be_empty()
    await visitor.page.reload()
    await expect(visitor.page.get_by_role("img", name=GLOWS)).to_be_visible()
    await expect(visitor.rounds).to_have_count(2)


async def test_button_of_another_time_says_kindly_that_its_time_is_over(visitor: Visitor) -> None:
    async def age(route: Route) -> None:
        tap = json.loads(route.request.post_data or "{}")
        await route.continue_(post_data=json.dumps({**tap, "data": "where:999999"}))

    await visitor.page.route("**/presses", age)
    await visitor.choose(photo())
    await visitor.page.get_by_role("button", name=WHERE).click()
    await expect(visitor.toast).to_contain_text("That button has melted")


async def test_tap_without_the_network_is_said_kindly_and_works_later(visitor: Visitor) -> None:
    await visitor.choose(photo())
    where = visitor.page.get_by_role("button", name=WHERE)
    await expect(where).to_be_visible()
    await visitor.context.set_offline(True)
    await where.click()
    await expect(visitor.toast).to_contain_text("the connection froze")
    await visitor.context.set_offline(False)
    await where.click()
    await expect(visitor.page.get_by_role("img", name=GLOWS)).to_be_visible()
    visitor.forgive("ERR_INTERNET_DISCONNECTED")


async def test_photo_whose_answer_the_network_lost_is_not_shown_twice(
    browser: Browser, room: str, visitor: Visitor
) -> None:
    async def lose_the_answer(route: Route) -> None:
        await route.fetch()
        await route.abort("connectionreset")

    async with visiting(browser, room) as other:
        await visitor.page.route("**/photos", lose_the_answer, times=1)
        await visitor.choose(photo())
        await expect(visitor.answers).to_have_count(1)
        await expect(visitor.rounds).to_have_count(1)
        await expect(other.rounds).to_have_count(1)
    visitor.forgive("ERR_CONNECTION_RESET")


async def test_menu_answers_who_asked_alone_and_is_closed_with_escape(
    browser: Browser, room: str, visitor: Visitor
) -> None:
    menu = visitor.page.get_by_role("button", name="Menu")
    async with visiting(browser, room) as other:
        await menu.press("Enter")
        about = visitor.page.get_by_role("button", name="The game in five lines")
        await expect(about).to_be_visible()
        await visitor.page.keyboard.press("Escape")
        await expect(about).to_be_hidden()
        await visitor.ask_for("The game in five lines")
        await expect(visitor.rounds).to_contain_text("Only you see this")
        await expect(visitor.rounds).to_contain_text("1. Show me a photo")
        await expect(other.rounds).to_have_count(0)


async def test_settings_change_the_language_of_everybodys_page(
    browser: Browser, room: str, visitor: Visitor
) -> None:
    async with visiting(browser, room) as other:
        await visitor.ask_for("in which language")
        # By keyboard: it stays in the message whose buttons change.
        await visitor.rounds.get_by_role("button", name="Language").press("Enter")
        await expect(visitor.rounds.get_by_role("button").first).to_be_focused()
        await visitor.rounds.get_by_role("button", name="Deutsch").press("Enter")
        await expect(visitor.toast).to_have_text("Gemacht. Daran halte ich mich.")
        for person in (visitor, other):
            choose = person.page.get_by_role("button", name="Zeig mir ein Foto")
            await expect(choose).to_be_visible()
            await expect(person.page.locator("html")).to_have_attribute("lang", "de")
            await expect(person.page.get_by_role("button", name="2 da:")).to_be_visible()
        await expect(visitor.rounds).to_contain_text("Sprache: Deutsch")
    await visitor.page.reload()
    await expect(visitor.page.get_by_role("button", name="Zeig mir ein Foto")).to_be_visible()


@pytest.mark.parametrize("locale", BUTTONS)
async def test_page_speaks_the_browsers_language_and_nothing_overflows_a_narrow_screen(
    browser: Browser, room: str, locale: str
) -> None:
    asked: list[str] = []
    narrow = {"width": 320, "height": 600}
    async with visiting(browser, room, locale=locale, viewport=narrow) as visitor:
        visitor.page.on("request", lambda request: asked.append(request.url))
        await visitor.page.reload()
        choose, where = BUTTONS[locale]
        await expect(visitor.page.get_by_role("button", name=choose)).to_be_visible()
        language = locale.split("-")[0]
        await expect(visitor.page.locator("html")).to_have_attribute("lang", language)
        assert [url for url in asked if "/words." in url and url.endswith(".json")] == [
            f"{visitor.site}/static/words.{language}.json"
        ]
        await visitor.page.locator("#name-button").click()
        await visitor.page.locator("#name-input").fill("W" * 32)
        await visitor.page.keyboard.press("Enter")
        await visitor.choose(photo(), photo(b"broken"))
        await expect(visitor.rounds).to_have_count(2)
        await visitor.page.get_by_role("button", name=where).click()
        await expect(visitor.page.locator(".said img")).to_be_visible()
        await visitor.page.get_by_role("button", name=where).click()
        await expect(visitor.toast).not_to_be_empty()
        await visitor.page.locator("#menu-button").click()
        await visitor.page.locator("#more").click()
        assert await overflowing(visitor) == []
        await visitor.page.locator('#menu [data-command="settings"]').click()
        await visitor.page.locator(".only-you ~ .taps .tap").first.click()
        await expect(visitor.page.get_by_role("button", name="Українська")).to_be_visible()
        await visitor.page.locator("#menu-button").click()
        assert await overflowing(visitor) == []
        visitor.forgive("status of 415")


async def test_what_the_bot_says_is_shown_as_text_and_never_runs(visitor: Visitor) -> None:
    nasty = "<img src=x onerror=alert(1)>"

    async def say_something_nasty(route: Route) -> None:
        buttons = [[{"text": nasty, "data": "nasty"}]]
        await route.fulfill(json={"private": {"text": nasty, "buttons": buttons}, "notice": nasty})

    await visitor.page.route("**/commands", say_something_nasty)
    await visitor.ask_for("The game in five lines")
    await expect(visitor.rounds.get_by_role("button", name=nasty)).to_be_visible()
    await expect(visitor.rounds).to_contain_text(re.compile(re.escape(nasty)))
    await expect(visitor.toast).to_have_text(nasty)
    await expect(visitor.page.locator('img[src="x"]')).to_have_count(0)
