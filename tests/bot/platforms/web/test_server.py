"""The web room's server over real HTTP and WebSockets on loopback; its eye sees what it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import WSServerHandshakeError

from bot.domain import Delivery, Player, Refusal, Refused, Reply
from bot.platforms.web import WebAddress, WebServer, server, websocket
from bot.platforms.web.requests import MESSAGE_BYTES, STATUS
from bot.platforms.web.rooms import ENTRY_SECONDS, PEOPLE, UNSENT, Rooms, room_of
from bot.platforms.web.websocket import CLOSED_FULL, CLOSED_IDLE
from bot.services.admission import MAX_BYTES
from bot.speech import speaker_for
from tests.fakes.vision import YETI
from tests.fakes.web_room import HEADERS, SECRET, Clock, Live, Served, serving

HOME = room_of("home")
EN = speaker_for("en")


async def test_a_photo_is_answered_and_everyone_in_the_room_sees_both(served: Served) -> None:
    ana, ben = await served.join(), await served.join("b" * 24, "Ben")
    response = await served.post_photo(b"photo")
    assert response.status == 201
    entry = (await response.json())["entry"]
    assert entry["answer"] == {
        "text": f"{EN.photos.answer(YETI, 1)}\n{EN.rounds.truth_ask()}",
        "label": "abominable",
        "confidence": 0.84,
        "pair": 0.16,
        "familiar": 0.94,
        "unfamiliar": False,
        "buttons": [
            [
                {"text": "Olaf", "data": "truth:1:olaf", "audience": "deciders"},
                {"text": "Yeti", "data": "truth:1:abominable", "audience": "deciders"},
                {"text": "Neither", "data": "truth:1:neither", "audience": "deciders"},
            ],
            [{"text": "Where did you look?", "data": "where:1", "audience": "everyone"}],
        ],
    }
    assert (await ana.receive("entry"))["entry"] == (await ben.receive("entry"))["entry"] == entry
    picture = await served.session.get(served.url + entry["photo"])
    assert (picture.content_type, await picture.read()) == ("image/jpeg", b"jpeg of photo")


async def test_who_reloads_sees_the_recent_entries(served: Served) -> None:
    await served.post_photo(b"photo")
    welcome = await (await served.join()).receive("welcome")
    assert [entry["player"]["name"] for entry in welcome["entries"]] == ["Ana"]


async def test_a_photo_is_gone_after_a_day_from_everywhere(served: Served, clock: Clock) -> None:
    entry = await served.photo()
    clock.now += ENTRY_SECONDS - 5
    picture = await served.session.get(served.url + entry["photo"])
    assert "max-age=5," in picture.headers["Cache-Control"]
    assert await served.server.fetcher(HOME, entry["id"])(MAX_BYTES) == b"jpeg of photo"
    clock.now += 5
    assert (await served.session.get(served.url + entry["photo"])).status == 404
    with pytest.raises(Refused, match="gone"):
        await served.server.fetcher(HOME, entry["id"])(MAX_BYTES)
    assert await served.entries() == []


async def test_pages_are_told_when_a_photo_is_too_old_though_nobody_comes_or_posts(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "EXPIRY_SECONDS", 0.001)
    async with serving(rooms=Rooms(clock)) as quick:
        ana = await quick.join()
        entry = await quick.photo()
        clock.now += ENTRY_SECONDS
        assert await ana.receive("gone") == {"type": "gone", "id": entry["id"]}


async def test_before_the_start_nothing_can_be_sent_or_fetched() -> None:
    early = WebServer(WebAddress("127.0.0.1", 80), health=dict)
    assert (await early.send(HOME, Reply("Hello?"))).delivery is Delivery.REFUSED
    assert await early.edit(HOME, "entry", Reply("Hello?")) is Delivery.REFUSED
    with pytest.raises(Refused, match="gone"):
        await early.fetcher(HOME, "photo")(MAX_BYTES)
    await early.stop()


async def test_alive_and_ready_are_two_things(served: Served) -> None:
    alive = await served.session.get(f"{served.url}/healthz")
    ready = await served.session.get(f"{served.url}/readyz")
    assert (alive.status, ready.status) == (200, 503)
    assert await alive.json() == await ready.json()


async def test_rooms_do_not_hear_of_each_other(served: Served) -> None:
    await served.post_photo(b"photo", room="other")
    assert (await (await served.join()).receive("welcome"))["entries"] == []


async def test_a_players_secret_is_not_shown_to_the_others(served: Served) -> None:
    ana = await served.join()
    welcome = await ana.receive("welcome")
    response = await served.post_photo(b"photo")
    entry = (await response.json())["entry"]
    assert entry["player"]["id"] == welcome["you"]
    assert SECRET not in await response.text()


@pytest.mark.parametrize("reason", [r for r in Refusal if r is not Refusal.EMPTY])
async def test_a_refused_photo_gets_its_status_and_sentence_and_the_room_does_not_see_it(
    served: Served, reason: Refusal
) -> None:
    response = await served.post_photo(reason.value.encode())
    assert response.status == STATUS[reason]
    assert (await response.json())["error"].endswith(".")
    assert (await (await served.join()).receive("welcome"))["entries"] == []


async def test_an_upload_over_the_cap_is_given_up_while_it_streams(served: Served) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 4 * MAX_BYTES:
            sent += 2**16
            yield b"x" * 2**16

    response = await served.post_photo(endless())  # chunked: no length is declared
    assert response.status == 413
    assert sent < 2 * MAX_BYTES


async def test_a_declared_length_over_the_cap_is_refused_before_the_upload(served: Served) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(served.url.rsplit(":", 1)[1]))
    writer.write(
        b"POST /r/home/photos HTTP/1.1\r\nHost: localhost\r\nX-Player: " + SECRET.encode() + b"\r\n"
        b"Content-Length: 99999999999\r\n\r\n"
    )
    assert b"413" in await reader.readline()
    writer.close()


async def test_a_photo_from_no_page_of_ours_is_refused(served: Served) -> None:
    for headers in ({}, {"X-Player": "short"}, {"X-Player": "<script>" * 4}):
        assert (await served.post_photo(b"photo", headers=headers)).status == 403


async def test_nicknames_arrive_cleaned(served: Served) -> None:
    headers = {"X-Player": SECRET, "X-Nickname": "%00%E2%80%AE Zo%C3%AB%20%20%3Cb%3E"}
    entry = (await (await served.post_photo(b"photo", headers=headers)).json())["entry"]
    assert entry["player"]["name"] == "Zoë <b>"


@pytest.mark.parametrize("path", ["/", "/r/home", "/r/home/share", "/static/app.js", "/nowhere"])
async def test_every_answer_carries_the_security_headers(served: Served, path: str) -> None:
    response = await served.session.get(served.url + path, allow_redirects=False)
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "no-referrer"


async def test_other_sites_may_neither_post_nor_listen(served: Served) -> None:
    foreign = {**HEADERS, "Origin": "https://evil.example"}
    assert (await served.post_photo(b"photo", headers=foreign)).status == 403
    with pytest.raises(WSServerHandshakeError, match="403"):
        await served.session.ws_connect(
            f"{served.url}/r/home/live", headers={"Origin": "https://evil.example"}
        )


async def test_our_own_origin_may(served: Served) -> None:
    assert (
        await served.post_photo(b"photo", headers={**HEADERS, "Origin": served.url})
    ).status == 201


@pytest.mark.parametrize(
    ("host", "status"),
    [("localhost", 200), ("[::1]:8080", 200), ("nas.local:8080", 200), ("rebound.example", 421)],
)
async def test_a_public_name_that_points_here_is_refused(
    served: Served, host: str, status: int
) -> None:
    response = await served.session.get(f"{served.url}/r/home", headers={"Host": host})
    assert response.status == status


async def test_a_published_room_knows_its_own_name_and_shares_it() -> None:
    async with serving(public="https://snow.example") as served:
        share = await served.session.get(
            f"{served.url}/r/home/share", headers={"Host": "snow.example"}
        )
        assert await share.json() == {"url": "https://snow.example/r/home", "note": ""}


async def test_a_room_that_only_this_computer_can_open_says_so(served: Served) -> None:
    share = await (await served.session.get(f"{served.url}/r/home/share")).json()
    assert share["url"] == f"{served.url}/r/home"
    assert "--host 0.0.0.0" in share["note"]


async def test_who_came_by_an_address_that_works_shares_that_address(served: Served) -> None:
    share = await served.session.get(
        f"{served.url}/r/home/share", headers={"Host": "192.168.1.5:9000"}
    )
    assert await share.json() == {"url": "http://192.168.1.5:9000/r/home", "note": ""}


async def test_the_qr_code_is_a_picture(served: Served) -> None:
    picture = await served.session.get(f"{served.url}/r/home/qr.svg")
    assert picture.content_type == "image/svg+xml"
    assert "<svg" in await picture.text()


@pytest.mark.parametrize(
    ("typed", "room"),
    [
        *(("", "/r/home"), ("r/", "/r/home"), ("r/%2e%2e", "/r/home")),
        *(("r/The%20Smiths!", "/r/the-smiths"), ("r/%F0%9F%8E%84!", "/r/🎄")),
    ],
)
async def test_a_link_that_is_nearly_right_leads_to_its_room(
    served: Served, typed: str, room: str
) -> None:
    assert (await served.session.get(f"{served.url}/{typed}")).url.path == room


async def test_a_link_without_a_name_says_what_a_name_needs_instead_of_leading_elsewhere(
    served: Served,
) -> None:
    headers = {"Accept-Language": "de"}
    response = await served.session.get(f"{served.url}/r/%21%21", headers=headers)
    assert response.status == 404
    assert "braucht einen Buchstaben" in await response.text()


async def test_files_outside_the_page_are_not_served(served: Served) -> None:
    for path in ("/static/..%2fserver.py", "/static/%2e%2e/server.py", "/r/home/photos/nope"):
        assert (await served.session.get(served.url + path)).status in (403, 404)


async def test_a_socket_that_says_no_hello_is_closed(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "HELLO_SECONDS", 0.01)
    silent = Live(await served.session.ws_connect(f"{served.url}/r/home/live"))
    assert await silent.closed() == 1008


@pytest.mark.parametrize(
    "hello", ["not json", "[]", "[" * 4000, '{"type":"hello","player":"x"}', "{}"]
)
async def test_a_socket_that_says_nonsense_is_closed(served: Served, hello: str) -> None:
    live = await served.session.ws_connect(f"{served.url}/r/home/live")
    await live.send_str(hello)
    assert await Live(live).closed() == 1008


async def test_a_socket_that_floods_is_closed_and_the_room_goes_on(served: Served) -> None:
    ana, flooder = await served.join(), await served.join("f" * 24, "Flood")
    for _ in range(websocket.MESSAGES.times + 1):
        await flooder.socket.send_json({"type": "here"})
    assert await flooder.closed() == 1008
    await served.post_photo(b"photo")
    assert await ana.receive("entry")


async def test_an_idle_socket_is_closed(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "IDLE_SECONDS", 0.01)
    assert await (await served.join()).closed() == CLOSED_IDLE


async def test_a_huge_message_closes_its_socket(served: Served) -> None:
    ana = await served.join()
    await ana.socket.send_str("x" * (MESSAGE_BYTES + 1))
    assert await ana.closed() == 1009


async def test_a_page_that_does_not_keep_up_is_cut_off_and_the_room_goes_on() -> None:
    rooms = Rooms()
    async with serving(rooms=rooms) as served:
        deaf = await served.join("d" * 24, "Deaf")
        await deaf.receive("people")
        room = rooms.find("home")
        assert room is not None
        (member,) = room.members
        for _ in range(UNSENT + 1):
            member.send({"type": "people", "people": []})
        assert await deaf.closed() == 1006
        assert (await served.post_photo(b"photo")).status == 201
        assert not room.members


async def test_a_full_house_says_so() -> None:
    rooms = Rooms()
    async with serving(rooms=rooms) as served:
        for number in range(PEOPLE):
            rooms.join("crowd", Player(str(number), ""))
        assert await (await served.join()).closed() == CLOSED_FULL


async def test_a_new_name_is_told_to_the_room(served: Served) -> None:
    ana = await served.join()
    await ana.receive("people")
    await ana.socket.send_json({"type": "name", "name": "Anna"})
    assert (await ana.receive("people"))["people"][0]["name"] == "Anna"


async def test_stopping_closes_the_sockets_so_that_pages_reconnect() -> None:
    async with serving() as served:
        ana = await served.join()
        await ana.receive("welcome")
        closed = asyncio.create_task(ana.closed())
        await served.server.stop()
        assert await closed == 1001


async def test_while_closing_a_photo_is_told_to_come_back(served: Served) -> None:
    await served.service.drain(0)
    response = await served.post_photo(b"photo")
    assert response.status == 503
    assert "Try again" in (await response.json())["error"]
