"""Buttons, commands and the bot's own messages in a web room, and uploads that come twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any

import pytest

from bot.domain import Button, Picture, Preview, Refusal, Refused, Reply
from bot.platforms.web.requests import ASK_BYTES, TAPS_OF_A_PLAYER
from bot.platforms.web.rooms import room_of
from tests.fakes.web_room import HEADERS, SECRET, Served, serving

HOME = room_of("home")
GERMAN = {**HEADERS, "Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}
ONCE = {**HEADERS, "X-Photo-Id": "i" * 32}


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    async with serving() as served:
        yield served


async def shown(served: Served, data: bytes = b"photo", **more: Any) -> dict[str, Any]:
    """Send a photo and return its entry."""
    entry: dict[str, Any] = (await (await served.send(data, **more)).json())["entry"]
    return entry


async def tapped(
    served: Served, data: str, entry: str | None = None, **more: Any
) -> dict[str, Any]:
    response = await served.ask("presses", {"data": data, "entry": entry}, **more)
    assert response.status == 200
    outcome: dict[str, Any] = await response.json()
    return outcome


async def entries(served: Served) -> list[dict[str, Any]]:
    """Return what somebody who comes in now is shown."""
    late = await served.join("l" * 24, "Late")
    found: list[dict[str, Any]] = (await late.hear("welcome"))["entries"]
    return found


def where(entry: dict[str, Any]) -> str:
    data: str = entry["answer"]["buttons"][-1][0]["data"]
    return data


async def test_where_did_you_look_is_shown_to_everyone_and_to_who_comes_later(
    served: Served,
) -> None:
    ben = await served.join("b" * 24, "Ben")
    photo = await shown(served)
    await ben.hear("entry")
    outcome = await tapped(served, where(photo), photo["id"])
    said = outcome["entry"]
    assert outcome["notice"] == ""
    assert said["answer"]["text"].startswith("Abominable! 84%")
    assert said["description"] == "The photo again; it glows where I looked."
    assert said["to"] == photo["id"]
    assert "player" not in said
    assert (await ben.hear("entry"))["entry"] == said
    assert (await entries(served))[-1] == said
    picture = await served.session.get(served.url + said["photo"])
    assert picture.content_type == "image/jpeg"
    assert await picture.read() == b"jpeg of \x89PNG heat of jpeg of photo"


async def test_the_second_tap_gets_a_notice_and_the_room_hears_nothing(served: Served) -> None:
    photo = await shown(served)
    await tapped(served, where(photo), photo["id"])
    again = await tapped(served, where(photo), photo["id"])
    assert "shown that already" in again["notice"]
    assert "entry" not in again
    assert len(await entries(served)) == 2


async def test_a_button_of_another_time_says_kindly_that_its_time_is_over(served: Served) -> None:
    assert "time is over" in (await tapped(served, "where:999", "no entry"))["notice"]


async def test_a_button_of_another_room_shows_nothing(served: Served) -> None:
    photo = await shown(served, room="away")
    assert "time is over" in (await tapped(served, where(photo), photo["id"]))["notice"]


@pytest.mark.parametrize(
    "message",
    [
        *(b"", b"no json", b"[]", b"null", b"\xff\xfe", b"[" * ASK_BYTES, b"9" * ASK_BYTES),
        *({}, {"data": 1}, {"data": ""}, {"data": "x" * 65}, {"data": "ü"}, {"data": "a\nb"}),
        {"data": "where:1", "padding": "x" * ASK_BYTES},
    ],
)
async def test_a_senseless_tap_is_refused_with_a_sentence(served: Served, message: object) -> None:
    response = await served.ask("presses", message)
    assert response.status == 400
    assert (await response.json())["error"].endswith(".")


@pytest.mark.parametrize(
    "message",
    [
        *(b"no json", {}, {"name": 1}, {"name": "../x"}, {"name": "who"}, {"name": "x" * 33}),
        *({"name": "about", "argument": 1}, {"name": "about", "argument": "x" * 201}),
    ],
)
async def test_a_senseless_command_is_refused_with_a_sentence(
    served: Served, message: object
) -> None:
    response = await served.ask("commands", message)
    assert response.status == 400
    assert (await response.json())["error"].endswith(".")


@pytest.mark.parametrize("where", ["presses", "commands"])
async def test_only_our_own_pages_may_tap_and_command(served: Served, where: str) -> None:
    message = {"data": "set", "name": "about"}
    foreign = {**HEADERS, "Origin": "https://evil.example"}
    assert (await served.ask(where, message, headers=foreign)).status == 403
    assert (await served.ask(where, message, headers={"X-Player": "short"})).status == 403
    assert (await served.ask(where, message, room="%21")).status == 404


async def test_who_taps_without_end_is_asked_to_wait(served: Served) -> None:
    for _ in range(TAPS_OF_A_PLAYER.times):
        await tapped(served, "nothing")
    response = await served.ask("presses", {"data": "nothing"})
    assert response.status == 429
    assert (await response.json())["error"].endswith(".")
    other = {"X-Player": "b" * 24}
    assert (await served.ask("presses", {"data": "nothing"}, headers=other)).status == 200


async def test_a_command_is_answered_to_who_asked_alone(served: Served) -> None:
    response = await served.ask("commands", {"name": "about", "argument": ""}, headers=GERMAN)
    said = (await response.json())["say"]
    assert "neuronales Netz" in said["text"]
    assert said["buttons"] == []
    assert await entries(served) == []


async def test_settings_offer_nothing_but_the_language(served: Served) -> None:
    said = (await (await served.ask("commands", {"name": "settings"})).json())["say"]
    assert [b["data"] for row in said["buttons"] for b in row] == ["set:language"]
    chosen = (await tapped(served, "set:language"))["edit"]
    assert ["English", "Deutsch"] in [[b["text"] for b in row] for row in chosen["buttons"]]


async def test_whoever_is_in_the_room_may_choose_its_language_and_every_page_is_told(
    served: Served,
) -> None:
    ana = await served.join(language="en")
    ben = await served.join("b" * 24, "Ben", language="fr")
    assert (await ana.hear("language"))["language"] == "en"
    assert (await ben.hear("language"))["language"] == "fr"
    outcome = await tapped(served, "set:language:uk")
    assert outcome["notice"].startswith("Готово")
    for page in (ana, ben):
        told = await page.hear("language")
        assert told["language"] == "uk"
        assert "Хто я такий" in {item["description"] for item in told["menu"]}
    await tapped(served, "set:language:auto")
    assert (await ben.hear("language"))["language"] == "fr"


async def test_the_menu_leaves_out_what_needs_a_photo_to_reply_to(served: Served) -> None:
    menu = (await (await served.join()).hear("language"))["menu"]
    names = {item["name"] for item in menu}
    assert {"settings", "privacy", "about"} <= names
    assert not names & {"who", "where", "help", "start"}


async def test_the_page_comes_in_the_rooms_language_else_in_the_browsers(served: Served) -> None:
    page = await served.session.get(
        f"{served.url}/r/home", headers={"Accept-Language": "tlh, pt-BR;q=0.7, de;q=0.3"}
    )
    text = await page.text()
    assert '<html lang="pt">' in text
    assert "words.pt.json" in text
    assert "words.en.json" not in text
    assert page.headers["Vary"] == "Accept-Language"
    await tapped(served, "set:language:fr")
    assert '<html lang="fr">' in await (await served.session.get(f"{served.url}/r/home")).text()


async def test_the_servers_sentences_come_in_the_persons_language(served: Served) -> None:
    entry = await shown(served, headers=GERMAN)
    assert entry["answer"]["text"] == "Yeti! 84\N{NO-BREAK SPACE}%"
    assert entry["answer"]["buttons"][-1][0]["text"] == "Wo hast du hingeschaut?"
    response = await served.send(b"damaged", headers=GERMAN)
    assert "kaputt" in (await response.json())["error"]
    stranger = await served.send(b"photo", headers={"Accept-Language": "de"})
    assert "Ich weiß nicht, wer" in (await stranger.json())["error"]
    share = await served.session.get(f"{served.url}/r/home/share", headers=GERMAN)
    assert "nur dieser Computer" in (await share.json())["note"]


async def test_what_the_bot_says_is_seen_by_everyone_and_its_buttons_edit_it_for_everyone(
    served: Served,
) -> None:
    ana = await served.join()
    await ana.hear("language")
    ask = Reply("Which language?", buttons=((Button("Deutsch", "set:language:de"),),))
    await served.chat.say(HOME, ask, to="nothing that is shown")
    said = (await ana.hear("entry"))["entry"]
    assert said["answer"]["text"] == "Which language?"
    assert "photo" not in said
    outcome = await tapped(served, "set:language:de", said["id"])
    assert "edit" not in outcome
    edited = (await ana.hear("edit"))["entry"]
    assert edited["answer"]["text"].startswith("Sprache: Deutsch")
    assert (edited["id"], edited["at"]) == (said["id"], said["at"])
    assert await entries(served) == [edited]


async def test_an_edit_leaves_an_entry_alone_that_has_no_such_button(served: Served) -> None:
    photo = await shown(served)
    outcome = await tapped(served, "set:language", photo["id"])
    assert outcome["edit"]["text"] == "Which language shall I speak here?"
    assert await entries(served) == [photo]


async def test_what_the_bot_says_may_have_a_picture(served: Served) -> None:
    ana = await served.join()
    await ana.hear("language")
    picture = Picture(b"points", "points.png", "Ana 3, bot 2")
    await served.chat.say(HOME, Reply("The points so far", picture=picture))
    said = (await ana.hear("entry"))["entry"]
    assert (said["description"], said["width"], said["height"]) == ("Ana 3, bot 2", 40, 30)
    loaded = await served.session.get(served.url + said["photo"])
    assert await loaded.read() == b"jpeg of points"


async def test_a_picture_that_cannot_be_shown_is_no_fault() -> None:
    async def make_preview(picture: bytes, side: int) -> Preview:
        if b"PNG" in picture:
            raise Refused(Refusal.TOO_MANY_PIXELS)
        return Preview(picture, 4, 3)

    async with serving(make_preview=make_preview) as served:
        photo = await shown(served)
        await served.chat.say(HOME, Reply("", picture=Picture(b"PNG", "big.png", "too big")))
        outcome = await tapped(served, where(photo), photo["id"])
        assert "too big for me" in outcome["notice"]
        assert await entries(served) == [photo]


async def test_what_is_said_in_a_room_that_nobody_opened_is_no_fault(served: Served) -> None:
    await served.chat.say(room_of("nowhere"), Reply("Hello?"))
    assert [room.name for room in served.chat._rooms] == []


async def test_a_photo_that_melted_away_is_said_to_be_gone(served: Served) -> None:
    photo = await shown(served)
    served.chat._rooms.find("home").entries.clear()  # type: ignore[union-attr]
    assert "gone" in (await tapped(served, where(photo), photo["id"]))["notice"]


async def test_the_time_that_showing_took_is_logged(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="bot")
    await shown(served, headers=ONCE)
    (line,) = [line for line in caplog.messages if line.startswith("photo platform=web")]
    assert f"room={HOME.id}" in line
    assert line.endswith("label=abominable")
    assert "Ana" not in line
    assert ONCE["X-Photo-Id"] not in line


async def test_an_upload_whose_answer_got_lost_is_shown_once(served: Served) -> None:
    first = await shown(served, headers=ONCE)
    again = await served.send(b"photo", headers=ONCE)
    assert again.status == HTTPStatus.OK
    assert (await again.json())["entry"] == first
    assert await entries(served) == [first]


async def test_an_upload_that_comes_twice_at_once_is_shown_once(served: Served) -> None:
    served.eye.may_answer.clear()
    sending = [asyncio.create_task(shown(served, headers=ONCE)) for _ in range(2)]
    while served.eye.looked < 2:
        await asyncio.sleep(0.001)
    served.eye.may_answer.set()
    first, second = await asyncio.gather(*sending)
    assert first == second
    assert await entries(served) == [first]


async def test_an_upload_that_broke_off_may_come_again(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    host, port = served.url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    headers = "".join(f"{name}: {value}\r\n" for name, value in ONCE.items())
    writer.write(
        f"POST /r/home/photos HTTP/1.1\r\nHost: localhost\r\n{headers}"
        "Content-Length: 5\r\n\r\nph".encode()
    )
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    for _ in range(3):  # by then the server has noticed, too
        await tapped(served, "nothing")
    response = await served.send(b"photo", headers=ONCE)
    assert response.status == HTTPStatus.CREATED
    assert len(await entries(served)) == 1
    assert "Traceback" not in caplog.text


async def test_an_upload_whose_photo_has_melted_away_since_is_said_to_be_gone(
    served: Served,
) -> None:
    await shown(served, headers=ONCE)
    served.chat._rooms.find("home").entries.clear()  # type: ignore[union-attr]
    again = await served.send(b"photo", headers=ONCE)
    assert again.status == HTTPStatus.GONE
    assert "gone" in (await again.json())["error"]


async def test_two_players_with_the_same_upload_id_are_two_photos(served: Served) -> None:
    await shown(served, headers=ONCE)
    await shown(served, headers={**ONCE, "X-Player": "b" * 24})
    assert len(await entries(served)) == 2


@pytest.mark.parametrize("made", ["", "short", "x" * 41, "<script>alert(1)</script>"])
async def test_an_upload_id_that_no_page_makes_is_none(served: Served, made: str) -> None:
    for _ in range(2):
        await shown(served, headers={**HEADERS, "X-Photo-Id": made})
    assert len(await entries(served)) == 2


async def test_while_closing_a_tap_is_told_to_come_back(served: Served) -> None:
    photo = await shown(served)
    await served.host.drain(0)
    outcome = await tapped(served, where(photo), photo["id"])
    assert outcome["notice"] == (await served.host.words(HOME, None)).refusal(Refusal.CLOSING)
    assert SECRET not in str(outcome)
