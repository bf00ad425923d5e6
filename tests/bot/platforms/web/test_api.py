"""Buttons, commands and the bot's own messages in a web room, and uploads that come twice."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import pytest

from bot.domain import (
    Button,
    ButtonOutcome,
    ButtonPress,
    Delivery,
    Document,
    PhotoOutcome,
    Picture,
    Preview,
    Refusal,
    Refused,
    Reply,
)
from bot.platforms.web.requests import MESSAGE_BYTES, MESSAGES
from bot.platforms.web.rooms import ENTRY_SECONDS, room_of
from bot.services.buttons import ExportMine, button
from bot.speech import speaker_for
from tests.fakes.vision import OLAF, YETI, FakeVision
from tests.fakes.web_room import HEADERS, SECRET, Clock, Served, buttons, serving

HOME = room_of("home")
EN, DE, UK = speaker_for("en"), speaker_for("de"), speaker_for("uk")
BEN = {"X-Player": "b" * 24, "X-Nickname": "Ben"}
GERMAN = {**HEADERS, "Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}
ONCE = {**HEADERS, "X-Photo-Id": "i" * 32}


def where(entry: dict[str, Any]) -> str:
    return buttons(entry)["Where did you look?"]


async def test_where_did_you_look_is_shown_to_everyone_and_to_who_comes_later(
    served: Served,
) -> None:
    ben = await served.join("b" * 24, "Ben")
    photo = await served.photo()
    await ben.receive("entry")
    served.vision.sees[b"jpeg of photo"] = OLAF  # it is what the room shows that is looked at
    outcome = await served.press(where(photo), photo)
    sent = outcome["entry"]
    assert outcome["notice"] == ""
    assert sent["answer"]["text"].startswith("Olaf! 97%")
    assert sent["description"] == "The photo again; it glows where I looked."
    assert sent["to"] == photo["id"]
    assert "player" not in sent
    assert (await ben.receive("entry"))["entry"] == sent
    assert (await served.entries())[-1] == sent
    picture = await served.session.get(served.url + sent["photo"])
    assert picture.content_type == "image/jpeg"
    assert (await picture.read()).startswith(b"jpeg of \x89PNG")


async def test_the_second_tap_gets_a_notice_and_the_room_hears_nothing(served: Served) -> None:
    photo = await served.photo()
    await served.press(where(photo), photo)
    again = await served.press(where(photo), photo)
    assert "shown that already" in again["notice"]
    assert "entry" not in again
    assert len(await served.entries()) == 2


async def test_a_button_of_another_time_says_kindly_that_its_time_is_over(served: Served) -> None:
    assert (await served.press("where:999", {"id": "no entry"}))["notice"] == EN.rooms.old_button()


async def test_a_button_of_another_room_shows_nothing(served: Served) -> None:
    photo = await served.photo(room="away")
    assert (await served.press(where(photo), photo))["notice"] == EN.rooms.old_button()


@pytest.mark.parametrize(
    "message",
    [
        *(b"", b"no json", b"[]", b"null", b"\xff\xfe", b"[" * MESSAGE_BYTES, b"9" * MESSAGE_BYTES),
        *({}, {"data": 1}, {"data": ""}, {"data": "x" * 65}, {"data": "ü"}, {"data": "a\nb"}),
        {"data": "where:1", "padding": "x" * MESSAGE_BYTES},
    ],
)
async def test_a_senseless_tap_is_refused_with_a_sentence(served: Served, message: object) -> None:
    response = await served.post("presses", message)
    assert response.status == 400
    assert (await response.json())["error"].endswith(".")


@pytest.mark.parametrize(
    "message",
    [
        *(b"no json", {}, {"name": 1}, {"name": "../x"}, {"name": "x" * 33}),
        *({"name": "rules", "argument": 1}, {"name": "rules", "argument": "x" * 201}),
    ],
)
async def test_a_senseless_command_is_refused_with_a_sentence(
    served: Served, message: object
) -> None:
    response = await served.post("commands", message)
    assert response.status == 400
    assert (await response.json())["error"].endswith(".")


@pytest.mark.parametrize("where", ["presses", "commands"])
async def test_only_our_own_pages_may_tap_and_command(served: Served, where: str) -> None:
    message = {"data": "set", "name": "about"}
    foreign = {**HEADERS, "Origin": "https://evil.example"}
    assert (await served.post(where, message, headers=foreign)).status == 403
    assert (await served.post(where, message, headers={"X-Player": "short"})).status == 403
    assert (await served.post(where, message, room="%21")).status == 404


async def test_who_taps_without_end_is_asked_to_wait(served: Served) -> None:
    for _ in range(MESSAGES[0].times):
        await served.press("nothing")
    response = await served.post("presses", {"data": "nothing"})
    assert response.status == 429
    assert (await response.json())["error"].endswith(".")
    other = {"X-Player": "b" * 24}
    assert (await served.post("presses", {"data": "nothing"}, headers=other)).status == 200


async def test_a_command_is_answered_to_who_asked_alone(served: Served) -> None:
    response = await served.post("commands", {"name": "rules", "argument": ""}, headers=GERMAN)
    sent = (await response.json())["private"]
    assert sent["text"] == DE.rooms.rules()
    assert sent["buttons"] == []
    assert await served.entries() == []


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("help", EN.rooms.rules()),
        ("nonsense", EN.rooms.help("web", "")),
        ("start", EN.rooms.start()),
        ("about", EN.rooms.about()),
        ("export", EN.privacy.export_nothing()),
        ("forget", EN.privacy.forget_ask()),
    ],
)
async def test_a_command_may_be_typed_though_no_menu_names_it(
    served: Served, name: str, part: str
) -> None:
    said = (await served.command(name))["private"]["text"]
    assert part in said
    assert "/who" not in said


async def test_typed_commands_for_a_photo_say_how_that_goes_here(served: Served) -> None:
    for name, sentence in (
        ("who", EN.photos.who_how("web")),
        ("where", EN.photos.where_how("web")),
    ):
        assert (await served.command(name))["entry"]["answer"]["text"] == sentence


async def test_settings_offer_the_language_and_the_time_zone_and_no_choice_of_photos(
    served: Served,
) -> None:
    sent = (await (await served.post("commands", {"name": "settings"})).json())["private"]
    assert [b["data"] for row in sent["buttons"] for b in row] == ["set:language", "set:zone"]
    chosen = (await served.press("set:language"))["edit"]
    assert ["English", "Deutsch"] in [[b["text"] for b in row] for row in chosen["buttons"]]


async def test_an_admin_of_the_room_may_choose_its_language_and_every_page_is_told(
    served: Served,
) -> None:
    ana = await served.join(language="en")
    ben = await served.join("b" * 24, "Ben", language="fr")
    assert (await ana.receive("language"))["language"] == "en"
    assert (await ben.receive("language"))["language"] == "fr"
    by_ben = await served.press("set:language:uk", headers=BEN)
    assert "edit" not in by_ben
    outcome = await served.press("set:language:uk")
    assert outcome["notice"] == UK.rooms.changed()
    for page in (ana, ben):
        told = await page.receive("language")
        assert told["language"] == "uk"
        assert UK.text.gettext("The game in five lines") in {
            item["description"] for item in told["menu"]
        }
    await served.press("set:language:auto")
    assert (await ben.receive("language"))["language"] == "fr"


async def test_the_menu_leaves_out_what_needs_a_photo_to_reply_to(served: Served) -> None:
    menu = (await (await served.join()).receive("language"))["menu"]
    names = {item["name"] for item in menu}
    assert {"settings", "privacy", "rules"} <= names
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
    await served.press("set:language:fr")
    assert '<html lang="fr">' in await (await served.session.get(f"{served.url}/r/home")).text()


async def test_the_servers_sentences_come_in_the_persons_language(served: Served) -> None:
    entry = await served.photo(headers=GERMAN)
    assert entry["answer"]["text"].startswith(DE.photos.heatmap_answer(YETI))
    assert entry["answer"]["text"].endswith(DE.rounds.truth_ask())
    assert entry["answer"]["buttons"][-1][0]["text"] == DE.photos.where_button()
    response = await served.post_photo(b"damaged", headers=GERMAN)
    assert "kaputt" in (await response.json())["error"]
    stranger = await served.post_photo(b"photo", headers={"Accept-Language": "de"})
    assert "Ich weiß nicht, wer" in (await stranger.json())["error"]
    share = await served.session.get(f"{served.url}/r/home/share", headers=GERMAN)
    assert "nur dieser Computer" in (await share.json())["note"]


async def test_what_the_bot_says_is_seen_by_everyone_and_its_buttons_edit_it_for_everyone(
    served: Served,
) -> None:
    ana = await served.join()
    await ana.receive("language")
    ask = Reply("Which language?", buttons=((Button("Deutsch", "set:language:de"),),))
    await served.server.send(HOME, ask, to="nothing that is shown")
    sent = (await ana.receive("entry"))["entry"]
    assert sent["answer"]["text"] == "Which language?"
    assert "photo" not in sent
    outcome = await served.press("set:language:de", sent)
    assert "edit" not in outcome
    edited = (await ana.receive("edit"))["entry"]
    assert edited["answer"]["text"].startswith("Sprache: Deutsch")
    assert (edited["id"], edited["at"]) == (sent["id"], sent["at"])
    assert await served.entries() == [edited]


async def test_of_two_edits_that_overtake_each_other_the_later_one_stays(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = await served.join()
    await ana.receive("language")
    row = tuple(Button(language, f"set:language:{language}") for language in ("de", "fr"))
    await served.server.send(HOME, Reply("Which language?", buttons=(row,)))
    sent = (await ana.receive("entry"))["entry"]
    is_done, may_go_on = asyncio.Event(), asyncio.Event()
    handle_button = served.service.handle_button

    async def handle_slowly(press: ButtonPress) -> ButtonOutcome:
        outcome = await handle_button(press)
        if press.data == "set:language:de":
            is_done.set()
            await may_go_on.wait()
        return outcome

    monkeypatch.setattr(served.service, "handle_button", handle_slowly)
    late = asyncio.create_task(served.press("set:language:de", sent))
    await is_done.wait()
    await served.press("set:language:fr", sent)
    may_go_on.set()
    await late
    (shown,) = await served.entries()
    assert "Français" in shown["answer"]["text"]


async def test_the_bot_edits_what_it_said_for_everyone_and_for_who_comes_later(
    served: Served,
) -> None:
    ana = await served.join()
    photo = await served.photo()
    edited = Reply("Abominable! It was a vote.", buttons=((Button("Fine", "where:1"),),))
    assert await served.server.edit(HOME, photo["id"], edited) is Delivery.SENT
    event = await ana.receive("edit")
    assert event["entry"] == {**photo, "answer": event["entry"]["answer"]}
    answer = event["entry"]["answer"]
    assert (answer["text"], answer["label"]) == (edited.text, "abominable")
    assert buttons(event["entry"]) == {"Fine": "where:1"}
    assert (await ana.receive("board"))["places"] == []
    assert await served.entries() == [event["entry"]]


async def test_of_the_bots_edits_the_one_of_the_later_revision_stays(served: Served) -> None:
    photo = await served.photo()
    for revision in (2, 1):
        reply = Reply(f"Revision {revision}", revision=revision)
        assert await served.server.edit(HOME, photo["id"], reply) is Delivery.SENT
    (shown,) = await served.entries()
    assert shown["answer"]["text"] == "Revision 2"


async def test_what_is_no_more_cannot_be_edited(served: Served, clock: Clock) -> None:
    photo = await served.photo()
    reply = Reply("Hello?")
    assert await served.server.edit(HOME, "no entry", reply) is Delivery.REFUSED
    assert await served.server.edit(room_of("away"), photo["id"], reply) is Delivery.REFUSED
    clock.now += ENTRY_SECONDS
    assert await served.server.edit(HOME, photo["id"], reply) is Delivery.REFUSED


async def test_the_service_learns_under_which_id_a_photo_was_answered(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[str | None] = []
    mark_sent = served.service.mark_sent

    async def note(
        outcomes: Sequence[PhotoOutcome],
        milliseconds: float,
        reference: str | None = None,
        answer: str | None = None,
    ) -> None:
        answers.append(answer)
        await mark_sent(outcomes, milliseconds, reference, answer)

    monkeypatch.setattr(served.service, "mark_sent", note)
    photo = await served.photo()
    assert answers == [photo["id"]]


@pytest.mark.parametrize("has_entry", [False, True])
async def test_what_a_private_answers_button_leads_to_is_for_who_tapped_alone(
    served: Served, monkeypatch: pytest.MonkeyPatch, has_entry: bool
) -> None:
    asked: list[ButtonPress] = []

    async def export(press: ButtonPress) -> ButtonOutcome:
        asked.append(press)
        reply = Reply("All about you.", document=Document(b"{}", "snowpeople.json"))
        return ButtonOutcome(send=reply)

    entry = await served.photo()
    monkeypatch.setattr(served.service, "handle_button", export)
    mine = button("All about me", ExportMine()).data
    outcome = await served.press(mine, entry if has_entry else None)
    assert outcome["private"]["text"] == "All about you."
    assert outcome["private"]["document"] == {"name": "snowpeople.json", "data": "e30="}
    # Whoever is alone with the bot may be handed everything.
    assert asked[0].room == HOME
    assert asked[0].room.private
    assert "entry" not in outcome
    assert len(await served.entries()) == 1


async def test_only_five_emoji_are_for_photos_and_a_forgotten_persons_go(served: Served) -> None:
    photo = await served.photo()
    for message in ({"entry": photo["id"], "emoji": "🤬"}, {"entry": "none", "emoji": "⛄"}):
        assert (await served.post("reactions", message)).status == 410
    assert (await served.post("reactions", {"entry": photo["id"], "emoji": 1})).status == 400
    ana = await served.join()
    await ana.receive("board")  # she is in the room
    for headers in (HEADERS, BEN):
        sent = {"entry": photo["id"], "emoji": "⛄"}
        assert (await served.post("reactions", sent, headers=headers)).status == 200
    first, both = [(await ana.receive("reactions"))["reactions"]["⛄"] for _ in range(2)]
    assert (len(first), len(both)) == (1, 2)
    ask = (await served.command("forget", headers=BEN))["private"]
    await served.press(ask["buttons"][0][0]["data"], headers=BEN)
    assert (await ana.receive("reactions"))["reactions"] == {"⛄": first}
    assert (await served.entries())[0]["reactions"] == {"⛄": first}


async def test_a_picture_is_for_everyone_wherever_its_button_was(served: Served) -> None:
    photo = await served.photo()
    outcome = await served.press(where(photo), None)
    assert "private" not in outcome
    assert (await served.entries())[-1] == outcome["entry"]


async def test_an_edit_leaves_an_entry_alone_that_has_no_such_button(served: Served) -> None:
    photo = await served.photo()
    outcome = await served.press("set:language", photo)
    assert outcome["edit"]["text"] == "Which language shall I speak here?"
    assert await served.entries() == [photo]


async def test_what_the_bot_says_may_have_a_picture(served: Served) -> None:
    ana = await served.join()
    await ana.receive("language")
    picture = Picture(b"points", "points.png", "Ana 3, bot 2")
    await served.server.send(HOME, Reply("The points so far", picture=picture))
    sent = (await ana.receive("entry"))["entry"]
    assert (sent["description"], sent["width"], sent["height"]) == ("Ana 3, bot 2", 40, 30)
    loaded = await served.session.get(served.url + sent["photo"])
    assert await loaded.read() == b"jpeg of points"


async def test_a_picture_that_cannot_be_shown_is_no_fault() -> None:
    class Vision(FakeVision):
        async def preview(self, photo: bytes, side: int) -> Preview:
            if b"PNG" in photo:
                raise Refused(Refusal.TOO_MANY_PIXELS)
            return Preview(photo, 4, 3)

    async with serving(vision=Vision(YETI)) as served:
        photo = await served.photo()
        too_big = Reply("", picture=Picture(b"PNG", "big.png", "too big"))
        assert (await served.server.send(HOME, too_big)).delivery is Delivery.REFUSED
        outcome = await served.press(where(photo), photo)
        assert "too big for me" in outcome["notice"]
        assert await served.entries() == [photo]


async def test_what_is_said_in_a_room_that_nobody_opened_is_no_fault(served: Served) -> None:
    await served.server.send(room_of("nowhere"), Reply("Hello?"))
    assert [room.name for room in served.rooms] == []


async def test_a_photo_that_melted_away_is_said_to_be_gone(served: Served) -> None:
    photo = await served.photo()
    served.rooms.find("home").entries.clear()  # type: ignore[union-attr]
    assert "gone" in (await served.press(where(photo), photo))["notice"]


async def test_the_time_that_showing_took_is_logged(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="bot")
    await served.photo(headers=ONCE)
    (line,) = [line for line in caplog.messages if line.startswith("photo platform=web")]
    assert f"room={HOME.id}" in line
    assert line.endswith("label=abominable")
    assert "Ana" not in line
    assert ONCE["X-Photo-Id"] not in line


async def test_an_upload_whose_answer_got_lost_is_shown_once(served: Served) -> None:
    first = await served.photo(headers=ONCE)
    again = await served.post_photo(b"photo", headers=ONCE)
    assert again.status == HTTPStatus.OK
    assert (await again.json())["entry"] == first
    assert await served.entries() == [first]


async def test_an_upload_that_comes_twice_at_once_is_shown_once(served: Served) -> None:
    served.vision.may_answer.clear()
    sending = [asyncio.create_task(served.photo(headers=ONCE)) for _ in range(2)]
    while served.vision.classified < 2:
        await asyncio.sleep(0.001)
    served.vision.may_answer.set()
    first, second = await asyncio.gather(*sending)
    assert first == second
    assert await served.entries() == [first]


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
        await served.press("nothing")
    response = await served.post_photo(b"photo", headers=ONCE)
    assert response.status == HTTPStatus.CREATED
    assert len(await served.entries()) == 1
    assert "Traceback" not in caplog.text


async def test_an_upload_whose_photo_has_melted_away_since_is_said_to_be_gone(
    served: Served,
) -> None:
    await served.photo(headers=ONCE)
    served.rooms.find("home").entries.clear()  # type: ignore[union-attr]
    again = await served.post_photo(b"photo", headers=ONCE)
    assert again.status == HTTPStatus.GONE
    assert "gone" in (await again.json())["error"]


async def test_two_players_with_the_same_upload_id_are_two_photos(served: Served) -> None:
    await served.photo(headers=ONCE)
    await served.photo(headers={**ONCE, "X-Player": "b" * 24})
    assert len(await served.entries()) == 2


@pytest.mark.parametrize("made", ["", "short", "x" * 41, "<script>alert(1)</script>"])
async def test_an_upload_id_that_no_page_makes_is_none(served: Served, made: str) -> None:
    for _ in range(2):
        await served.photo(headers={**HEADERS, "X-Photo-Id": made})
    assert len(await served.entries()) == 2


async def test_while_closing_a_tap_is_told_to_come_back(served: Served) -> None:
    photo = await served.photo()
    await served.service.drain(0)
    outcome = await served.press(where(photo), photo)
    speaker = await served.service.speaker(HOME, None)
    assert outcome["notice"] == speaker.photos.refusal(Refusal.CLOSING)
    assert SECRET not in str(outcome)


async def test_a_player_without_a_nickname_has_no_name_and_is_named_in_each_language(
    served: Served,
) -> None:
    ben = await served.join("b" * 24, "", language="de")
    assert [person["name"] for person in (await ben.receive("people"))["people"]] == [""]
    await ben.receive("board")
    entry = await served.photo(
        headers={"X-Player": SECRET, "Accept-Language": "uk"}, caption="olaf"
    )
    assert entry["player"]["name"] == ""
    assert speaker_for("uk").text.name("") in entry["answer"]["text"]
    (place,) = (await ben.receive("board"))["places"]
    assert place["name"] == speaker_for("de").text.name("")
