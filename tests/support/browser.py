"""What the page's tests need: a browser, visitors who notice trouble, and pictures to show."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pillow_heif
import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from PIL import Image, ImageDraw
from playwright.async_api import (
    Browser,
    BrowserContext,
    FilePayload,
    Locator,
    Page,
    Request,
    async_playwright,
    expect,
)

pillow_heif.register_heif_opener()

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
# The sandbox needs more than a container gives; the rest keeps the browser from calling home.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# A cold classifier on a busy machine takes its time; a test that passes never waits for this.
PATIENCE_MS = 20_000


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Run one browser until the block ends."""
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        await browser.close()


@dataclass
class Visitor:
    """A person with a browser of their own in a room, and what went wrong there."""

    context: BrowserContext
    page: Page
    site: str
    trouble: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Note errors, broken security rules, pop-ups, and requests to anybody else."""
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.page.on(
            "console",
            lambda line: self.trouble.append(line.text) if line.type == "error" else None,
        )
        self.context.on("request", self._note_stranger)

    def forgive(self, *parts: str) -> None:
        """Forget the trouble that a test has caused on purpose."""
        self.trouble = [line for line in self.trouble if not any(part in line for part in parts)]

    async def choose(self, *files: FilePayload) -> None:
        """Choose files as from the phone's dialog."""
        await self.page.locator("input[type=file]").set_input_files(list(files))

    async def drop(self, path: Path) -> None:
        """Drag a file from the desktop into the middle of the page."""
        session = await self.context.new_cdp_session(self.page)
        data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            await session.send(
                "Input.dispatchDragEvent", {"type": kind, "x": 200, "y": 300, "data": data}
            )

    async def show(self, picture: Image.Image, caption: str = "") -> None:
        """Choose a photo, and say something with it."""
        button = self.page.locator("#caption-button")
        if caption and await button.is_visible():
            await button.click()
        if caption:
            await self.page.get_by_role("textbox", name="A word to go with").fill(caption)
        await self.choose(photo(encoded(picture)))

    async def rename(self, name: str) -> None:
        """Take another nickname."""
        await self.page.get_by_role("button", name="Playing as").click()
        await self.page.get_by_label("Everybody in the room").fill(name)
        await self.page.keyboard.press("Enter")

    @property
    def rounds(self) -> Locator:
        """Return everything in the log: photos with their answers, and apologies."""
        return self.page.get_by_role("article")

    @property
    def answers(self) -> Locator:
        """Return the bars that come with answers."""
        return self.page.get_by_role("meter", name="How sure I am")

    @property
    def board(self) -> Locator:
        """Return the season's points, open or not."""
        return self.page.locator("#board")

    def button(self, text: str) -> Locator:
        """Return a button."""
        return self.page.get_by_role("button", name=text)

    @property
    def toast(self) -> Locator:
        """Return what the bot says to this person alone, for a moment."""
        return self.page.locator("#toast")

    async def ask_for(self, what: str) -> None:
        """Choose something from the menu."""
        await self.page.locator("#menu-button").click()
        chosen = self.page.get_by_role("button", name=what)
        more = self.page.locator("#more")
        await expect(chosen.or_(more).first).to_be_visible()
        if not await chosen.is_visible():
            await more.click()
        await chosen.click()

    def _note_stranger(self, request: Request) -> None:
        if not request.url.startswith((self.site, "blob:")):
            self.trouble.append(f"asked a stranger: {request.url}")


@asynccontextmanager
async def visiting(browser: Browser, url: str, **options: Any) -> AsyncIterator[Visitor]:
    """Open a room as somebody new; whoever leaves it must not have met trouble.

    The game is explained to who does not know it yet (`knows_the_game=False`).
    """
    knows_the_game = options.pop("knows_the_game", True)
    # Falling snow is drawn by the processor here, which has better things to do.
    context = await browser.new_context(**{"reduced_motion": "reduce", **options})
    context.set_default_timeout(PATIENCE_MS)
    if knows_the_game:
        await context.add_init_script("localStorage.setItem('snowpeople.welcomed', 'yes')")
    page = await context.new_page()
    visitor = Visitor(context, page, site=url.split("/r/")[0])
    visitor.watch()
    await page.goto(url)
    await expect(page.locator("#people")).to_be_visible()
    try:
        yield visitor
    finally:
        await context.close()
    assert visitor.trouble == []


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for all tests of the page."""
    async with chromium() as browser:
        yield browser


@pytest.fixture
def room(room_url: str) -> str:
    """The address of a room that nobody was in before."""
    return f"{room_url}/r/test-{uuid4().hex[:12]}"


@pytest_asyncio.fixture(loop_scope="session")
async def visitor(browser: Browser, room: str) -> AsyncIterator[Visitor]:
    """Somebody in that room."""
    async with visiting(browser, room) as visitor:
        yield visitor


async def overflowing(visitor: Visitor) -> list[str]:
    """Return what is wider than the screen; the first line of names is cut off on purpose."""
    found: list[str] = await visitor.page.evaluate(
        """() => [...document.querySelectorAll('body *')]
            .filter((each) => each.checkVisibility())
            .filter((each) => !each.closest('.scenery, svg, #people *, .unseen'))
            .filter((each) => each.getBoundingClientRect().right > innerWidth + 1)
            .map((each) => each.outerHTML.slice(0, 80))"""
    )
    return found


async def stumbling_blocks(page: Page) -> list[str]:
    """Return what axe-core finds on a page, as it is now, that people would stumble over."""
    found = (await Axe().run(page)).response["violations"]
    return [f"{each['id']}: {node['target']}" for each in found for node in each["nodes"]]


def snow_person(
    size: tuple[int, int] = (640, 480), *, sky: str = "#3f7fb8", mode: str = "RGB"
) -> Image.Image:
    """Draw three balls and a carrot; with mode RGBA the sky is see-through."""
    picture = Image.new(mode, size, (0, 0, 0, 0) if mode == "RGBA" else sky)
    draw = ImageDraw.Draw(picture)
    width, height = size
    for centre, radius in ((0.78, 0.2), (0.48, 0.15), (0.25, 0.1)):
        x, y, r = width / 2, height * centre, min(size) * radius
        draw.ellipse((x - r, y - r, x + r, y + r), fill="white")
    nose = [(0.5, 0.25), (0.6, 0.27), (0.5, 0.29)]
    draw.polygon([(width * x, height * y) for x, y in nose], fill="#ee7f2d")
    return picture


def encoded(picture: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    """Return a picture as a file's bytes."""
    buffer = BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def photo(content: bytes | None = None, *, kind: str = "jpeg") -> FilePayload:
    """Return a file to choose; a small drawn JPEG unless told."""
    if content is None:
        content = encoded(snow_person())
    return {"name": f"photo.{kind}", "mimeType": f"image/{kind}", "buffer": content}
