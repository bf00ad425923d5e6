from __future__ import annotations

import asyncio
import base64
import re
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Browser, Page, Route, WebSocketRoute, expect

from tests.support.browser import CHROMIUM, Visitor, encoded, photo, snow_person, visiting

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium or Chrome is installed"),
    pytest.mark.asyncio(loop_scope="session"),
]

ANSWER = re.compile(r"((Olaf|Abominable)[!?] |(Olaf|Yeti), )\d+%")
NASTY_NAME = "<img src=x onerror=alert(1)>"


async def test_empty_room_explains_the_game(visitor: Visitor) -> None:
    await expect(visitor.page.get_by_role("heading", name="Show me a snow person")).to_be_visible()
    await expect(visitor.page.get_by_text("Olaf and the Abominable Snowman")).to_be_visible()


async def test_chosen_photo_is_answered_in_a_bubble_with_a_bar(visitor: Visitor) -> None:
    await visitor.choose(photo())
    await expect(visitor.rounds).to_have_count(1)
    await expect(visitor.rounds).to_contain_text(ANSWER)
    sure = int(await visitor.answers.get_attribute("aria-valuenow") or 0)
    assert 50 <= sure <= 99
    told = re.compile(f"^(Olaf|Yeti), {sure}%$")
    await expect(visitor.answers).to_have_attribute("aria-valuetext", told)


async def test_dropped_photo_is_answered_in_a_bubble(visitor: Visitor, tmp_path: Path) -> None:
    path = tmp_path / "dropped.jpg"
    path.write_bytes(encoded(snow_person()))
    await visitor.drop(path)
    await expect(visitor.rounds).to_contain_text(ANSWER)


async def test_pasted_photo_is_answered_in_a_bubble(visitor: Visitor) -> None:
    await visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await visitor.page.evaluate(
        """async (encoded) => {
            const bytes = Uint8Array.from(atob(encoded), (sign) => sign.charCodeAt(0));
            const blob = new Blob([bytes], { type: 'image/png' });
            await navigator.clipboard.write([new ClipboardItem({ 'image/png': blob })]);
        }""",
        base64.b64encode(encoded(snow_person(), "PNG")).decode(),
    )
    await visitor.page.keyboard.press("Control+V")
    await expect(visitor.rounds).to_contain_text(ANSWER)


async def test_several_photos_are_sent_one_after_another(visitor: Visitor) -> None:
    under_way = 0
    most_under_way = 0

    async def count(route: Route) -> None:
        nonlocal under_way, most_under_way
        under_way += 1
        most_under_way = max(most_under_way, under_way)
        response = await route.fetch()
        under_way -= 1
        await route.fulfill(response=response)

    await visitor.page.route("**/photos", count)
    skies = ("red", "green", "blue")
    await visitor.choose(*(photo(encoded(snow_person(sky=sky))) for sky in skies))
    await expect(visitor.answers).to_have_count(3)
    await expect(visitor.rounds).to_have_count(3)
    assert most_under_way == 1


async def test_own_photo_is_seen_while_it_is_on_its_way(visitor: Visitor) -> None:
    go_on = asyncio.Event()

    async def hold(route: Route) -> None:
        await go_on.wait()
        await route.continue_()

    await visitor.page.route("**/photos", hold)
    await visitor.choose(photo())
    await expect(visitor.page.get_by_role("img", name="Your photo")).to_be_visible()
    await expect(visitor.page.get_by_role("progressbar", name="Sending")).to_be_attached()
    await expect(visitor.answers).to_have_count(0)
    go_on.set()
    await expect(visitor.answers).to_have_count(1)
    await expect(visitor.page.get_by_role("progressbar")).to_have_count(0)
    await expect(visitor.rounds).to_have_count(1)


async def test_own_photo_keeps_its_place_when_the_room_hears_of_the_answer_first(
    visitor: Visitor,
) -> None:
    heard = asyncio.Event()

    def listen(frame: str | bytes) -> None:
        if '"type": "entry"' in str(frame):
            heard.set()

    async def answer_late(route: Route) -> None:
        response = await route.fetch()
        await heard.wait()
        await route.fulfill(response=response)

    visitor.page.on("websocket", lambda socket: socket.on("framereceived", listen))
    await visitor.page.reload()
    await visitor.page.route("**/photos", answer_late)
    await visitor.choose(photo())
    pending = await visitor.rounds.element_handle()
    await expect(visitor.answers).to_have_count(1)
    await expect(visitor.rounds).to_have_count(1)
    await expect(visitor.page.get_by_role("progressbar")).to_have_count(0)
    assert await pending.evaluate("round => round.isConnected")


async def test_everybody_in_the_room_sees_the_same_photo_and_answer(
    browser: Browser, room: str, visitor: Visitor
) -> None:
    async with visiting(browser, room) as other:
        await visitor.rename("Grandma")
        await expect(other.page.get_by_role("button", name="2 here:")).to_contain_text("Grandma")
        await visitor.choose(photo())
        await expect(visitor.answers).to_have_count(1)
        seen = other.page.get_by_role("img", name="Photo from Grandma")
        await expect(seen).to_have_js_property("complete", True)
        assert await seen.evaluate("image => image.naturalWidth") > 0
        verdict = await visitor.page.locator(".verdict").inner_text()
        await expect(other.page.locator(".verdict")).to_have_text(verdict)


async def test_reload_keeps_the_rooms_history(visitor: Visitor) -> None:
    await visitor.choose(photo())
    verdict = await visitor.page.locator(".verdict").inner_text()
    await visitor.page.reload()
    await expect(visitor.rounds).to_have_count(1)
    await expect(visitor.page.locator(".verdict")).to_have_text(verdict)


async def test_nickname_is_remembered(visitor: Visitor) -> None:
    await visitor.rename("سارة ⛄")
    await visitor.page.reload()
    playing_as = visitor.page.get_by_role("button", name="Playing as")
    await expect(playing_as).to_contain_text("سارة ⛄")


async def test_who_comes_for_the_first_time_is_told_the_game_once_and_asked_for_a_name(
    browser: Browser, room: str, visitor: Visitor
) -> None:
    await visitor.rename("Mia")
    phone = {"width": 320, "height": 568}
    async with visiting(browser, room, knows_the_game=False, viewport=phone) as newcomer:
        how = newcomer.page.get_by_role("dialog", name="This is how it goes")
        await expect(how.get_by_role("listitem")).to_have_count(3)
        await expect(how.locator("svg").last).to_be_in_viewport()
        await newcomer.page.locator("#how-done").click()
        name = newcomer.page.get_by_label("Everybody in the room")
        await expect(name).to_have_value(re.compile(r"\w+ \w+"))
        await name.fill("mia")
        await newcomer.page.keyboard.press("Enter")
        mine = newcomer.page.get_by_role("button", name="Playing as")
        await expect(mine).to_contain_text("mia 2")
        await expect(visitor.button("2 here:")).to_contain_text("mia 2")
        await newcomer.page.reload()
        await expect(mine).to_contain_text("mia 2")
        await expect(newcomer.page.locator("dialog[open]")).to_have_count(0)


async def test_player_gets_a_friendly_nickname_without_typing(visitor: Visitor) -> None:
    playing_as = visitor.page.get_by_role("button", name="Playing as")
    await expect(playing_as).to_have_text(re.compile(r"Playing as \w+ \w+"))
    name = await playing_as.locator("bdi").inner_text()
    await expect(visitor.page.get_by_role("button", name="1 here:")).to_contain_text(name)


async def test_nickname_is_shown_as_text_and_never_runs(
    browser: Browser, room: str, visitor: Visitor
) -> None:
    popped_up: list[str] = []
    async with visiting(browser, room) as other:
        for person in (visitor, other):
            person.page.on("dialog", lambda dialog: popped_up.append(dialog.message))
        await visitor.rename(NASTY_NAME)
        await visitor.choose(photo())
        for person in (visitor, other):
            await expect(person.rounds).to_contain_text(NASTY_NAME)
            await expect(person.page.get_by_role("button", name="here:")).to_contain_text(
                NASTY_NAME
            )
            await expect(person.page.locator('img[src="x"]')).to_have_count(0)
    assert popped_up == []


async def test_broken_file_gives_a_friendly_bubble_and_the_page_goes_on(visitor: Visitor) -> None:
    await visitor.choose(photo(b"a carrot, not a picture"))
    await expect(visitor.rounds).to_contain_text("picture")
    await expect(visitor.answers).to_have_count(0)
    await visitor.choose(photo())
    await expect(visitor.answers).to_have_count(1)
    visitor.forgive("status of 415")


async def test_huge_file_is_refused_without_being_sent(visitor: Visitor, tmp_path: Path) -> None:
    sent: list[str] = []
    visitor.page.on("request", lambda request: sent.append(request.method))
    path = tmp_path / "film.heic"
    with path.open("wb") as file:
        file.truncate(21 * 1024 * 1024)
    await visitor.page.locator("input[type=file]").set_input_files(path)
    await expect(visitor.rounds).to_contain_text("20 MB")
    await expect(visitor.page.get_by_role("button", name="Try again")).to_have_count(0)
    assert "POST" not in sent


async def test_photo_outlives_a_network_failure(visitor: Visitor) -> None:
    await visitor.context.set_offline(True)
    await visitor.choose(photo())
    await expect(visitor.rounds).to_contain_text("try again by myself.")
    await visitor.context.set_offline(False)
    await expect(visitor.answers).to_have_count(1)
    await expect(visitor.rounds).to_have_count(1)
    await expect(visitor.rounds).not_to_contain_text("by myself")
    visitor.forgive("ERR_INTERNET_DISCONNECTED")


async def test_many_photos_go_one_by_one_without_a_tap_however_busy_and_after_a_reload(
    visitor: Visitor,
) -> None:
    busy = '{"error": "I have my stick arms full right now."}'
    answers = iter([503, 0, 429])

    async def be_busy(route: Route) -> None:
        match next(answers, 200):
            case 200:
                await route.continue_()
            case 0:
                await route.abort("connectionreset")
            case status:
                await route.fulfill(status=status, body=busy)

    await visitor.page.route("**/photos", be_busy)
    skies = ("red", "green", "blue", "black")
    await visitor.choose(*(photo(encoded(snow_person(sky=sky))) for sky in skies))
    await expect(visitor.page.locator("#queue")).to_contain_text("Photo 1 of 4")
    await expect(visitor.rounds).to_contain_text("stick arms full")
    for _ in range(3):  # nobody needs to, but whoever is impatient may
        await visitor.button("Try again").click()
    await expect(visitor.answers.first).to_be_visible()
    await visitor.page.reload()
    await expect(visitor.answers).to_have_count(4)
    await expect(visitor.rounds).to_have_count(4)
    await expect(visitor.page.locator("#queue")).to_be_hidden()
    await visitor.page.reload()
    await expect(visitor.rounds).to_have_count(4)
    visitor.forgive("status of 503", "status of 429", "ERR_CONNECTION_RESET")


async def test_page_comes_back_after_the_network_was_away(
    browser: Browser, room: str, visitor: Visitor
) -> None:
    banner = visitor.page.get_by_text("Reconnecting…")
    await visitor.context.set_offline(True)
    await expect(banner).to_be_visible()
    async with visiting(browser, room) as other:
        await other.choose(photo())
        await expect(other.answers).to_have_count(1)
        await expect(visitor.answers).to_have_count(0)
        await visitor.context.set_offline(False)
        await expect(visitor.answers).to_have_count(1)
    await expect(banner).to_be_hidden()
    visitor.forgive("ERR_INTERNET_DISCONNECTED")


async def test_page_comes_back_after_a_restart_and_shows_nothing_twice(
    browser: Browser, room: str
) -> None:
    sockets: list[WebSocketRoute] = []

    def pass_on(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        socket.connect_to_server()

    async with visiting(browser, room) as visitor:
        await visitor.page.route_web_socket("**/live", pass_on)
        await visitor.page.reload()
        await visitor.choose(photo())
        await expect(visitor.answers).to_have_count(1)
        await sockets[-1].close(code=1012)
        await expect(visitor.page.get_by_text("Reconnecting…")).to_be_visible()
        await expect(visitor.page.get_by_text("Reconnecting…")).to_be_hidden()
        assert len(sockets) == 2
        await expect(visitor.rounds).to_have_count(1)


async def test_full_house_is_said_kindly(browser: Browser, room: str) -> None:
    async with visiting(browser, room) as visitor:
        await visitor.page.route_web_socket("**/live", lambda socket: socket.close(code=4029))
        await visitor.page.reload()
        await expect(visitor.page.get_by_text("full house")).to_be_visible()


async def test_share_dialog_shows_a_code_and_the_link(visitor: Visitor, room: str) -> None:
    await visitor.page.get_by_role("button", name="Invite").click()
    dialog = visitor.page.get_by_role("dialog", name="Invite your family")
    code = dialog.get_by_role("img", name="QR code")
    await expect(code).to_be_visible()
    assert await code.evaluate("image => image.naturalWidth") > 0
    await expect(dialog.get_by_label("Link to this room")).to_have_value(room)
    await expect(dialog.get_by_text("Only this computer")).to_be_visible()
    await visitor.page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()


async def test_link_is_copied(visitor: Visitor, room: str) -> None:
    await visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await visitor.page.get_by_role("button", name="Invite").click()
    await visitor.page.get_by_role("button", name="Copy link").click()
    await expect(visitor.page.get_by_text("Copied!")).to_be_visible()
    assert await visitor.page.evaluate("navigator.clipboard.readText()") == room


async def test_photo_that_is_gone_leaves_a_placeholder(visitor: Visitor) -> None:
    await visitor.choose(photo())
    await expect(visitor.answers).to_have_count(1)
    await visitor.page.route("**/photos/*", lambda route: route.fulfill(status=404))
    await visitor.page.reload()
    await expect(visitor.rounds).to_contain_text("melted")
    await expect(visitor.answers).to_have_count(1)
    visitor.forgive("status of 404")


@pytest.mark.parametrize("kind", ["TIFF", "HEIF"])
async def test_picture_that_only_the_server_can_read_is_seen_with_its_answer(
    visitor: Visitor, kind: str
) -> None:
    await visitor.choose(photo(encoded(snow_person(), kind), kind=kind.lower()))
    await expect(visitor.answers).to_have_count(1)
    seen = visitor.page.get_by_role("img", name="Photo from")
    await expect(seen).to_be_visible()
    await expect(seen).to_have_js_property("naturalWidth", 640)


async def test_keyboard_alone_opens_the_file_chooser(visitor: Visitor) -> None:
    choose = visitor.page.get_by_role("button", name="Show me a photo")
    # The wait opens first: Chromium takes a moment until it hands choosers to the test.
    async with visitor.page.expect_file_chooser() as chooser:
        while not await choose.evaluate("button => button === document.activeElement"):
            await visitor.page.keyboard.press("Tab")
        await visitor.page.keyboard.press("Enter")
    await (await chooser.value).set_files(photo())
    await expect(visitor.answers).to_have_count(1)


async def test_large_photo_is_shrunk_before_it_is_sent(visitor: Visitor) -> None:
    large = encoded(snow_person((6000, 4000)), quality=95)
    async with visitor.page.expect_request_finished(
        lambda request: request.method == "POST"
    ) as sending:
        await visitor.choose(photo(large))
    headers = await (await sending.value).all_headers()
    assert 0 < int(headers["content-length"]) < len(large) / 3
    await expect(visitor.answers).to_have_count(1)


async def test_photo_is_turned_upright_and_forgets_where_it_was_taken(visitor: Visitor) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side: turn it clockwise
    exif.get_ifd(0x8825)[1] = "N"
    sent = await prepared(visitor.page, encoded(snow_person((300, 200)), exif=exif), "image/jpeg")
    assert sent.format == "JPEG"
    assert sent.size == (200, 300)
    assert not sent.getexif()


async def test_large_photo_keeps_its_shape(visitor: Visitor) -> None:
    sent = await prepared(visitor.page, encoded(snow_person((1000, 4000))), "image/jpeg")
    assert sent.size == (400, 1600)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
async def test_see_through_picture_does_not_turn_black(visitor: Visitor, kind: str) -> None:
    picture = encoded(snow_person((2000, 1000), mode="RGBA"), kind)
    sent = await prepared(visitor.page, picture, f"image/{kind.lower()}")
    assert sent.format == kind
    assert sent.size == (1600, 800)
    assert sent.convert("RGBA").getpixel((0, 0)) == (0, 0, 0, 0)


@pytest.mark.parametrize("content", [encoded(snow_person(), "PNG"), b"what only a server can read"])
async def test_file_is_sent_as_it_is(visitor: Visitor, content: bytes) -> None:
    assert await prepared_bytes(visitor.page, content, "image/png") == content


async def prepared(page: Page, content: bytes, kind: str) -> Image.Image:
    return Image.open(BytesIO(await prepared_bytes(page, content, kind)))


async def prepared_bytes(page: Page, content: bytes, kind: str) -> bytes:
    """Return what the page would send of a file."""
    sent = await page.evaluate(
        """async ([encoded, type]) => {
            const { prepare } = await import('/static/wire.js');
            const bytes = Uint8Array.from(atob(encoded), (sign) => sign.charCodeAt(0));
            const blob = await prepare(new File([bytes], 'photo', { type }));
            const sent = new Uint8Array(await blob.arrayBuffer());
            return btoa(Array.from(sent, (byte) => String.fromCharCode(byte)).join(''));
        }""",
        [base64.b64encode(content).decode(), kind],
    )
    return base64.b64decode(sent)
