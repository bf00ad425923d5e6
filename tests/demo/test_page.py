"""The demo in a real browser: the network runs in there, and nothing leaves it."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from PIL import Image
from playwright.async_api import Browser, expect

from bot.domain import Refusal
from bot.speech import speaker_for
from classifier.images.decode import decode_photo
from classifier.inference.predictor import Predictor
from classifier.weights import read
from demo.build import build, has_runtime
from tests.support.browser import CHROMIUM, PATIENCE_MS, Visitor, overflowing, photo
from tests.support.pictures import draw_olaf, draw_yeti, encoded, exif

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium or Chrome is installed"),
    pytest.mark.skipif(
        not has_runtime(), reason="no onnxruntime-web is there; `npm ci --prefix demo` brings it"
    ),
    pytest.mark.asyncio(loop_scope="session"),
]


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreadingHTTPServer]:
    """A static host with the demo."""
    site = tmp_path_factory.mktemp("site")
    build(site, read("small"))
    handler = partial(QuietHandler, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


async def test_demo_answers_photos_in_the_browser_alone_and_without_the_network(
    server: ThreadingHTTPServer, browser: Browser
) -> None:
    url = f"http://127.0.0.1:{server.server_port}/"
    context = await browser.new_context(
        viewport={"width": 360, "height": 640}, locale="en-GB", reduced_motion="reduce"
    )
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    visitor = Visitor(context, page, url)
    visitor.watch()
    await page.goto(url)
    await expect(page.get_by_role("heading", name="Show me a snow person")).to_be_visible()
    await expect(page.get_by_text("stay on this device")).to_be_visible()

    # It says what the bot says of the same photo, held upside down by the camera.
    jpeg = encoded(draw_olaf((640, 480)).rotate(180), "JPEG", quality=95, exif=exif(3))
    await visitor.choose(photo(jpeg))
    await expect(visitor.answers).to_have_count(1, timeout=3 * PATIENCE_MS)
    await expect(page.get_by_role("progressbar", name="waking up")).to_be_hidden()
    predictor = Predictor.load("small", "onnx")
    view = predictor.view(decode_photo(jpeg, predictor.card.size))
    prediction = predictor.prediction(predictor.probabilities(view[None])[0])
    shown = int(await visitor.answers.get_attribute("aria-valuenow") or 0)
    assert shown == pytest.approx(100 * prediction.confidence, abs=2)
    called = {"olaf": "Olaf", "abominable": "Abominable|Yeti"}[prediction.label]
    await expect(visitor.rounds.first).to_contain_text(re.compile(f"({called})[!?,] {shown}%"))
    assert await overflowing(visitor) == []

    # Where it looked, what it was, and that in another language.
    await visitor.button("Where did you look?").click()
    glowing = page.get_by_role("img", name="it glows where I looked")
    await expect(glowing).to_be_visible()
    assert await glowing.evaluate("each => [each.naturalWidth, each.naturalHeight]") == [640, 480]
    await visitor.button("Neither").click()
    await expect(visitor.button("Oops, undo")).to_be_visible()
    await visitor.button("Oops, undo").click()
    await page.locator("#menu-button").click()
    await visitor.button("Deutsch").click()
    await expect(visitor.button("Wo hast du hingeschaut?")).to_be_visible()
    german = speaker_for("de")
    await expect(visitor.rounds.first).to_contain_text(german.rounds.truth_ask())

    # What cannot be opened gets the bot's own sentence.
    refusals = german.photos.refusal
    heic = encoded(draw_yeti(), "HEIF")
    for content, reason in {
        heic: Refusal.NOT_A_PICTURE,
        b"": Refusal.EMPTY,
        b"\xff\xd8\xff\xe0 no more": Refusal.DAMAGED,
        b"Dear snowman, ": Refusal.NOT_A_PICTURE,
        encoded(Image.new("L", (4000, 20)), "PNG"): Refusal.NOT_A_PICTURE,
    }.items():
        before = await visitor.rounds.count()
        await visitor.choose(photo(content))
        await expect(visitor.rounds).to_have_count(before + 1)
        await expect(visitor.rounds.last).to_contain_text(refusals(reason))

    # The host is gone: all is kept here.
    server.shutdown()
    server.server_close()
    await page.reload()
    await visitor.choose(photo(encoded(draw_yeti((700, 500)), "PNG"), kind="png"))
    await expect(page.get_by_role("meter")).to_have_count(1, timeout=3 * PATIENCE_MS)
    await context.close()
    assert visitor.trouble == []
