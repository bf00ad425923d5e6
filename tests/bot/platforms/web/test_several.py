"""Two processes on one PostgreSQL: whichever is asked, a room in the browser is the same."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp import WSCloseCode

from bot.domain import Refusal
from bot.platforms.web import peers, requests, uploads
from bot.platforms.web.requests import player_of
from bot.platforms.web.rooms import ENTRY_SECONDS, room_of
from bot.services.buttons import ForgetMe, button
from bot.services.rate_limit import Rate
from bot.speech import speaker_for
from bot.storage.database import open_database
from tests.bot.platforms.web.test_party import TV, act, enter, told
from tests.bot.platforms.web.test_uploads import Slow
from tests.fakes.web_room import HEADERS, Served, buttons, serving
from tests.support.postgres import execute

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

EN = speaker_for("en")
# Where people find both, through whatever shares them out.
PUBLIC = "https://snow.example"
BEN = {"X-Player": "b" * 24, "X-Nickname": "Ben"}


class Two:
    """Two processes that share a database and a folder. one: has the room `home`."""

    def __init__(self, url: str, one: Served, other: Served, ends: AsyncExitStack) -> None:
        self._url = url
        self.one, self.other = one, other
        self._ends = ends

    async def end_one(self) -> None:
        """End the first in good order."""
        await self._ends.aclose()

    async def kill_one(self) -> None:
        """Have the first answer nobody any more; the database does not know that yet."""
        runner = self.one.server._runner
        assert runner is not None
        self.one.server._runner = None
        for site in list(runner.sites):
            await site.stop()
        for connection in runner.server.connections if runner.server else ():
            if connection.transport is not None:
                connection.transport.abort()
        if self.one.server._shelf is not None:
            await asyncio.to_thread(self.one.server._shelf.close)

    async def bury_one(self) -> None:
        """Have the time pass after which the first is known to be dead."""
        await self.execute("DELETE FROM processes WHERE id = '{}'")

    async def execute(self, statement: str) -> None:
        """Execute some SQL about the first."""
        async with open_database(self._url) as database:
            await execute(database, statement.format(self.one.service._store.leases.me))


@pytest.fixture
async def two(database_url: str, tmp_path: Path) -> AsyncIterator[Two]:
    given: dict[str, Any] = {
        "public": PUBLIC,
        "database_url": database_url,
        "data_folder": tmp_path,
        "kept": tmp_path / "kept",
    }
    async with serving(**given) as other, AsyncExitStack() as ends:
        one = await ends.enter_async_context(serving(**given))
        assert (await one.session.get(f"{one.url}/r/home")).status == 200
        yield Two(database_url, one, other, ends)


async def test_whoever_is_in_a_room_sees_the_same_by_whichever_process(two: Two) -> None:
    one, other = two.one, two.other
    ana, ben = await one.join(), await other.join("b" * 24, "Ben", language="de")
    assert [each["name"] for each in (await ben.receive("welcome"))["people"]] == ["Ana", "Ben"]
    assert (await ben.receive("language"))["language"] == "de"
    first = await other.photo(b"big" * 300_000, BEN, caption="mop")
    for live in (ana, ben):
        assert (await live.receive("entry"))["entry"]["id"] == first["id"]
    for served in two.one, two.other:
        async with served.session.get(served.url + first["photo"]) as picture:
            assert picture.content_type == "image/jpeg"
            assert picture.headers["Cache-Control"].startswith("private")
            assert len(await picture.read()) == picture.content_length
    await one.press(buttons(first)["Where did you look?"], first)
    assert (await ben.receive("entry"))["entry"]["to"] == first["id"]
    emoji = {"entry": first["id"], "emoji": "❤️"}
    assert (await other.post("reactions", emoji, headers=BEN)).status == 200
    assert (await ana.receive("reactions"))["id"] == first["id"]
    again = await other.post_photo(b"damaged", headers=BEN)
    assert again.status == 422
    assert (await again.json())["error"] == speaker_for("de").photos.refusal(Refusal.DAMAGED)
    assert (await other.post_photo(BytesIO(b"x" * 30_000_000), headers=BEN)).status == 413
    async with other.session.get(f"{other.url}/r/home", headers={"Accept-Language": "uk"}) as page:
        assert "words.uk.json" in await page.text()
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    async with other.session.get(f"{other.url}/r/home/share") as shared:
        assert (await shared.json())["url"] == f"{PUBLIC}/r/home"
    await ana.socket.send_json({"type": "name", "name": "Anna"})
    await ben.receive("people")
    for live in (ana, ben):
        await live.socket.send_str("no hello")
        assert await live.closed() == WSCloseCode.POLICY_VIOLATION


async def test_a_party_night_is_the_same_on_screens_of_both(two: Two) -> None:
    one, other = two.one, two.other
    tv = await enter(other, TV, screen=True)
    for served, secret, name in (one, "a" * 24, "Ana"), (other, "b" * 24, "Ben"):
        await enter(served, secret)
        await act(served, secret, "join", name=name, colour=0)
    await act(other, TV, "start", rounds=1, minutes=None)
    await act(other, TV, "next")
    for served, secret, number in (one, "a" * 24, 1), (other, "b" * 24, 2):
        url = f"{served.url}/r/home/party/photos?player={number}"
        sent = await served.session.post(url, data=secret.encode(), headers={"X-Player": secret})
        assert sent.status == 201
    await act(one, TV, "next")
    state = await told(tv, "guessing")
    picture = f"/r/home/party/pictures/{state['photo']['id']}"
    assert (await other.session.get(other.url + picture)).status == 200
    await two.end_one()
    assert await tv.closed() == WSCloseCode.GOING_AWAY
    assert (await told(await enter(other, TV, screen=True), "guessing"))["photo"] == state["photo"]


async def test_who_takes_a_room_over_shows_what_was_shown_and_knows_its_admin(two: Two) -> None:
    one, other = two.one, two.other
    ben = await other.join("b" * 24, "Ben")
    mine = await one.photo()
    await ben.receive("entry")
    await two.kill_one()
    assert await ben.closed() in (WSCloseCode.GOING_AWAY, None, 1006)
    asked = {**HEADERS, "Accept-Language": "de"}
    upload = await other.post_photo(b"photo", headers=asked)
    assert (upload.status, upload.headers["Retry-After"]) == (503, "2")
    sentence = speaker_for("de").photos.refusal(Refusal.BUSY)
    assert await upload.json() == {"error": sentence}
    async with other.session.get(f"{other.url}/r/home", headers={"Accept": "text/html"}) as page:
        assert (page.status, page.headers["Refresh"]) == (503, "2")
    await two.execute(f"UPDATE processes SET address = '{other.url}' WHERE id = '{{}}'")
    # As after a restart at the same address, before the one before is known to be dead.
    assert (await other.post_photo(b"photo")).status == 503
    await two.bury_one()
    ben = await other.join("b" * 24, "Ben")
    (entry,) = (await ben.receive("welcome"))["entries"]
    assert entry == mine
    assert (await other.session.get(other.url + entry["photo"])).status == 200
    # Whoever comes first after that has not created the room.
    refused = (await other.command("reset", headers=HEADERS))["entry"]
    assert refused["answer"]["text"] == EN.rooms.only_admins()


async def test_limits_of_an_address_hold_over_both_and_nobody_speaks_for_another(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "OF_AN_ADDRESS", 1)
    one, other = two.one, two.other
    neighbours = HEADERS | {"X-Forwarded-For": "10.0.0.7"}
    slow = await Slow.open(other, 1, "home", behind="10.0.0.7")
    while not one.server._api._uploads._arriving:  # type: ignore[union-attr]
        await asyncio.sleep(0.01)
    waiting = asyncio.create_task(one.post_photo(b"photo", headers=neighbours))
    forged = {"X-Forwarded-For": "10.0.0.9", peers.HEADER: f"10.0.0.7 {'0' * 64}"}
    for served, status in (one, 201), (other, 503):  # what was passed on goes no further
        assert (await served.post_photo(b"photo", headers=HEADERS | forged)).status == status
    assert not waiting.done()
    await slow.close()
    assert (await waiting).status == 201
    # What no browser sends harms nobody.
    host, port = other.url.removeprefix("http://").split(":")
    for line in (b"GET /r/home?\xff HTTP/1.1", b"GET http://localhost/r/home HTTP/1.1"):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            line + b"\r\nHost: localhost\r\nX-Odd: \xff\r\nConnection: X-Odd, close\r\n\r\n"
        )
        assert (await reader.readline()).split()[1] in (b"200", b"400")
        writer.close()
    packed = HEADERS | {"Content-Encoding": "gzip"}
    sent = await other.post_photo(gzip.compress(b"photo"), headers=packed)
    assert sent.status == 201


async def test_who_is_forgotten_goes_from_rooms_of_all_processes_and_from_the_disk(
    two: Two, tmp_path: Path, database_url: str
) -> None:
    one, other = two.one, two.other
    folder = tmp_path / "web_photos"
    given: dict[str, Any] = {"database_url": database_url, "data_folder": tmp_path}
    async with serving(**given) as third:  # whose rooms are nobody's in a moment
        for served, room in (one, "home"), (other, "sauna"), (third, "attic"):
            await served.photo(b"bens", BEN, room=room)
            await served.photo(b"anas", room=room)
    ana = await one.join()
    shown = (await ana.receive("welcome"))["entries"]
    ben = player_of(BEN["X-Player"], "Ben")
    assert ben is not None
    # Any of them can tell him what all show.
    exported = await other.server.export(ben.id)
    assert [len(exported.files), len(cast("list[object]", exported.record["shown"]))] == [3, 3]
    yes = button("Yes", ForgetMe(player_id=ben.id, confirmed=True)).data
    assert (await one.post("presses", {"data": yes}, "sauna", BEN)).status == 200
    assert (await ana.receive("gone"))["id"] == shown[0]["id"]
    async with asyncio.timeout(10):
        while len(list(folder.iterdir())) > 6:
            await asyncio.sleep(0.02)
    left = [json.loads(path.read_text())[1]["player"]["name"] for path in folder.glob("*.json")]
    assert left == ["Ana"] * 3
    kept = [path.name for path in folder.iterdir()]
    assert len([name for name in kept if name.startswith(room_of("attic").id)]) == 2
    # What is nobody's leaves the disk with its day.
    late = time.time() - ENTRY_SECONDS
    for path in folder.iterdir():
        if path.name.startswith(room_of("attic").id):
            os.utime(path, (late, late))
    other.server.expire()
    async with asyncio.timeout(10):
        while len(list(folder.iterdir())) > 4:
            await asyncio.sleep(0.02)


async def test_a_process_that_was_held_up_sends_its_people_to_the_next_one(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two.one, two.other
    ana = await one.join()
    tv = await enter(one, TV, screen=True)
    await act(one, TV, "join", name="Mia", colour=0)
    await two.bury_one()
    shown = await other.photo()
    one.service._store.leases._valid_until = -1.0
    await one.server._sharing._look_after("home")  # type: ignore[union-attr]
    for live in (ana, tv):
        await live.closed()
    assert one.service.parties.find(room_of("home")) is None
    (entry,) = (await (await one.join()).receive("welcome"))["entries"]
    assert entry == shown


async def test_who_makes_up_rooms_takes_few_of_them(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "NEW_ROOMS", Rate(2, 3600))
    asked = ("home", "away", "made-up", "home", "away")
    found = [(await two.one.session.get(f"{two.one.url}/r/{room}")).status for room in asked]
    assert found == [200, 200, 429, 200, 200]
