"""A party night as a family has it: a big screen, two phones, in real browsers."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.support.browser import (
    CHROMIUM,
    PATIENCE_MS,
    encoded,
    photo,
    snow_person,
    stumbling_blocks,
)

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium"),
    pytest.mark.asyncio(loop_scope="session"),
]


class Household:
    """Everybody's browsers, and what went wrong in them."""

    def __init__(self, browser: Browser, room: str) -> None:
        self.browser, self.room = browser, room
        self.contexts: list[BrowserContext] = []
        self.trouble: list[str] = []

    async def open(self, path: str, width: int, height: int, *, dark: bool = False) -> Page:
        context = await self.browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE_MS)
        self.contexts.append(context)
        page = await context.new_page()
        page.on("pageerror", lambda error: self.trouble.append(str(error)))
        page.on("dialog", lambda dialog: dialog.accept())
        await page.goto(f"{self.room}{path}")
        return page

    async def phone(self, name: str, width: int, height: int, *, dark: bool = False) -> Page:
        """Open the phones' page, and come in."""
        page = await self.open("/play", width, height, dark=dark)
        await page.get_by_label("Your name").fill(name)
        await page.get_by_role("button", name="m in!").click()
        await expect(page.get_by_text(f"in, {name}!")).to_be_visible()
        return page

    async def look(self, phase: str, tv: Page, phone: Page, *others: Page) -> None:
        """Wait for a phase, and see that nobody stumbles over it on a big screen and a phone."""
        await in_phase(phase, tv, phone, *others)
        for page in (tv, phone):
            self.trouble += [f"{phase}, {block}" for block in await stumbling_blocks(page)]

    async def close(self) -> None:
        for context in self.contexts:
            await context.close()


async def in_phase(phase: str, *pages: Page) -> None:
    for page in pages:
        await expect(page.locator("body")).to_have_attribute("data-phase", phase)


async def overflowing(page: Page) -> list[str]:
    """Return what can be seen and is wider than the screen."""
    found: list[str] = await page.evaluate(
        """() => [...document.querySelectorAll('body *')]
            .filter((each) => each.checkVisibility() && !each.closest('.scenery, svg, .unseen'))
            .filter((each) => each.getBoundingClientRect().right > innerWidth + 1)
            .map((each) => each.outerHTML.slice(0, 80))"""
    )
    return found


async def test_a_family_plays_a_round_from_the_qr_code_to_the_podium(
    browser: Browser, room: str
) -> None:
    home = Household(browser, room)
    tv = await home.open("", 1280, 720)
    await tv.evaluate("localStorage.setItem('snowpeople.welcomed', 'yes')")
    await tv.goto(f"{room}/party")
    await expect(tv.get_by_alt_text("QR code")).to_be_visible()
    mia = await home.phone("Mia", 390, 844)
    await expect(tv.get_by_text("Here: Mia. One more")).to_be_visible()
    for page in (tv, mia):
        await expect(page.get_by_role("button", name="Short")).to_be_disabled()
    ben = await home.phone("Ben", 320, 568, dark=True)
    wrong = await home.phone("Cat", 390, 844)
    await expect(tv.get_by_text("Here: Mia, Ben, and Cat")).to_be_visible()
    await mia.get_by_text("More", exact=True).click()
    await mia.get_by_text("Take somebody out").click()
    await mia.get_by_role("button", name="Take Cat out").click()
    await expect(wrong.get_by_label("Your name")).to_have_value("Cat")
    await expect(tv.get_by_text("Here: Mia and Ben")).to_be_visible()
    await home.look("lobby", tv, ben)
    assert await overflowing(ben) == []

    # The first who came in directs the evening; a child more plays on the other phone.
    await ben.get_by_role("button", name="One more on this phone").click()
    await ben.get_by_label("Your name").fill("Eva")
    await ben.get_by_role("button", name="m in!").click()
    await expect(ben.get_by_role("button", name="Eva")).to_have_attribute("aria-pressed", "true")
    await mia.get_by_text("As you like").click()
    await mia.get_by_label("Rounds").select_option("1")
    await mia.get_by_role("button", name="Start", exact=True).click()
    await home.look("prompt", tv, ben, mia)
    await tv.keyboard.press("Space")
    await home.look("collecting", tv, ben, mia)
    await tv.keyboard.press("p")
    await expect(ben.get_by_role("heading", name="A little break")).to_be_visible()
    await home.look("collecting", tv, ben, mia)
    await tv.keyboard.press("p")

    async def send(page: Page, content: bytes) -> None:
        await page.locator("#file").set_input_files([photo(content)])
        await page.get_by_role("button", name="Send this one").click()
        await expect(page.get_by_role("heading", name="Got it")).to_be_visible()

    first = encoded(snow_person())
    await send(mia, first)
    await expect(tv.get_by_text("1 of 3 photos are in")).to_be_visible()
    await mia.reload()  # and is where it was
    await expect(mia.get_by_role("heading", name="Got it")).to_be_visible()
    # Eva sends the same file: another shot is allowed. Ben, on the same phone, has not sent his.
    await ben.locator("#file").set_input_files([photo(first)])
    await ben.get_by_role("button", name="Send this one").click()
    await expect(ben.get_by_text("Take another one!")).to_be_visible()
    await send(ben, encoded(snow_person(sky="#803030")))
    await ben.get_by_role("button", name="Ben").click()
    await expect(ben.get_by_role("button", name="Take a photo")).to_be_visible()
    await tv.keyboard.press("Space")

    for number in range(2):
        see = in_phase if number else home.look
        await see("guessing", tv, ben, mia)
        await expect(tv.locator(".watched img")).to_be_visible()
        guess = ben.get_by_role("button", name="Yeti")
        await guess.click()
        await expect(guess).to_have_attribute("aria-pressed", "true")
        await tv.keyboard.press("Space")
        await in_phase("looking", tv, mia, ben)
        if not number:
            await tv.reload()  # in the middle of it
            await expect(tv.locator(".shout")).to_be_visible()
        await see("looking", tv, ben)
        await tv.keyboard.press("Space")
        await see("judging", tv, ben, mia)
        await tv.keyboard.press("Space")
        await see("told", tv, ben, mia)
        await expect(tv.locator(".outcome")).to_be_visible()
        await tv.keyboard.press("Space")
    await home.look("starring", tv, ben, mia)
    await expect(ben.locator(".choice-photo")).to_have_count(2)
    await ben.get_by_role("button", name="Photo from Mia").click()
    await expect(tv.locator(".stars .icon")).to_have_count(1)
    await tv.keyboard.press("Space")
    await home.look("scoring", tv, ben, mia)
    await expect(tv.locator(".bars li")).to_have_count(4)  # the bot's, too
    await tv.keyboard.press("Space")
    await in_phase("over", tv, mia, ben)
    await expect(tv.locator(".podium .person").first).to_be_visible()
    await expect(ben.get_by_role("link", name="Save the picture")).to_be_visible()
    await home.look("over", tv, ben)
    assert await overflowing(ben) == []
    assert await overflowing(tv) == []
    # The room's own page tells how it ended.
    await mia.evaluate("localStorage.setItem('snowpeople.welcomed', 'yes')")
    await mia.goto(room)
    await expect(mia.get_by_text("Party night is over")).to_be_visible()
    assert await stumbling_blocks(mia) == []
    assert home.trouble == []
    await home.close()


async def test_bars_begin_where_they_were(browser: Browser, room: str) -> None:
    context = await browser.new_context(reduced_motion="no-preference")
    tv = await context.new_page()
    await tv.goto(f"{room}/party")
    await expect(tv.get_by_alt_text("QR code")).to_be_visible()
    names = await tv.evaluate(
        """async () => {
            const { race } = await import('/static/bars.js');
            const list = document.createElement('ol');
            list.className = 'bars of-few';
            document.getElementById('stage').replaceChildren(list);
            const place = (name, points, before) => ({ rank: 1, name, colour: 0, points, before });
            race(list, [place('Ben', 50, 0), place('Mia', 40, 40)], { points: 10, before: 10 });
            const top = (each) => each.getBoundingClientRect().top;
            return [...list.children]
                .sort((one, other) => top(one) - top(other))
                .map((each) => each.querySelector('bdi').textContent);
        }"""
    )
    assert names == ["Mia", "Me, the bot", "Ben"]
    await context.close()
