"""The game in a web room, over real HTTP and WebSockets, with the real memory of it."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from bot.domain import Button, Delivery, Label, Reply
from bot.graphics.palette import AVATARS, contrasting_ink, parse_hex
from bot.platforms.web.requests import CAPTION_LENGTH
from bot.platforms.web.rooms import ENTRY_SECONDS, Rooms, room_of
from bot.platforms.web.server import STATIC
from bot.platforms.web.shelf import Shelf
from bot.services import guessing
from bot.speech import speaker_for
from tests.fakes.vision import YETI
from tests.fakes.web_room import HEADERS, SECRET, Clock, Live, Served, buttons, serving

HOME = room_of("home")
ANA = HEADERS
BEN = {"X-Player": "b" * 24, "X-Nickname": "Ben"}
EN = speaker_for("en")
OLAF_BUTTON = EN.rounds.truth_button(Label.OLAF)
YETI_BUTTON = EN.rounds.truth_button(Label.ABOMINABLE)
OBJECT = EN.rounds.objection_button()


async def shown(
    served: Served, data: bytes, who: dict[str, str] = ANA, caption: str = ""
) -> dict[str, Any]:
    """Send a photo, as the page does, and return its entry."""
    id_ = data.hex().ljust(16, "0")[:40]
    return await served.photo(data, {**who, "X-Photo-Id": id_}, caption=caption)


async def points(live: Live) -> dict[str, int]:
    """Return what the board says that comes next."""
    return {place["name"]: place["points"] for place in (await live.receive("board"))["places"]}


async def arrived(served: Served, who: dict[str, str] = ANA) -> Live:
    """Return the page of somebody who has come in, and was told that nobody has points."""
    live = await served.join(who["X-Player"], who["X-Nickname"])
    assert await points(live) == {}
    return live


async def under_privacy(served: Served, label: str) -> dict[str, Any]:
    """Tap a button under /privacy, and return what one is told alone."""
    told = (await served.command("privacy"))["private"]
    data = buttons({"answer": told})[label]
    private: dict[str, Any] = (await served.press(data))["private"]
    return private


async def test_a_round_is_told_objected_to_and_void_and_everyone_follows_the_points(
    served: Served,
) -> None:
    ana, ben = await arrived(served), await arrived(served, BEN)
    await shown(served, b"another yeti", BEN)  # Ben plays, too
    photo = await shown(served, b"an Olaf")
    await served.press(buttons(photo)[OLAF_BUTTON], photo)
    for page in (ana, ben):
        edit = await page.receive("edit")
        assert edit["cheer"] is True
        assert edit["entry"]["answer"]["text"].startswith(EN.photos.heatmap_answer(YETI))
        assert EN.rounds.told("Ana", Label.OLAF) in edit["entry"]["answer"]["text"]
        assert edit["entry"]["answer"]["confidence"] == 0.84
        assert await points(page) == {"Ana": 84}
    told = edit["entry"]
    own = await served.press(buttons(told)[OBJECT], told)
    assert own["notice"] == EN.rounds.objection_own()
    await served.press(buttons(told)[OBJECT], told, BEN)
    edit = await ana.receive("edit")
    assert "cheer" not in edit
    assert EN.rounds.void() in edit["entry"]["answer"]["text"]
    assert await points(ana) == {}


async def test_a_cheer_is_for_who_is_there_and_not_for_who_comes_later(served: Served) -> None:
    photo = await shown(served, b"an Olaf")
    await served.press(buttons(photo)[OLAF_BUTTON], photo)
    assert "cheer" not in json.dumps(await served.entries())


async def test_when_the_bot_was_right_nobody_has_points_and_nobody_cheers(served: Served) -> None:
    ana = await arrived(served)
    photo = await shown(served, b"a yeti")
    await served.press(buttons(photo)[YETI_BUTTON], photo)
    assert "cheer" not in await ana.receive("edit")
    assert await points(ana) == {}


async def test_nobody_may_tell_the_truth_about_anothers_photo(served: Served) -> None:
    photo = await shown(served, b"an Olaf")
    outcome = await served.press(buttons(photo)[OLAF_BUTTON], photo, BEN)
    assert outcome["notice"] == EN.rounds.not_your_photo()
    assert await served.entries() == [photo]


async def test_an_admin_changes_what_was_told_about_anothers_photo_and_it_is_logged(
    served: Served,
) -> None:
    photo = await shown(served, b"an Olaf", BEN, caption="yeti")
    by_link = {**ANA, "X-Admin": served.admin_token()}
    data = buttons(photo)
    await served.press(data[EN.rounds.change_button()], photo, by_link)
    (undone,) = await served.entries()
    assert OLAF_BUTTON in buttons(undone)
    await served.press(buttons(undone)[OLAF_BUTTON], photo, by_link)
    (told,) = await served.entries()
    assert EN.rounds.told("Ana", Label.OLAF) in told["answer"]["text"]
    log = (await served.command("log", headers=by_link))["entry"]["answer"]["text"]
    assert log.count("Ana") == 2


async def test_a_caption_that_tells_the_truth_settles_the_round_at_once(served: Served) -> None:
    ana = await arrived(served)
    photo = await shown(served, b"an Olaf", caption="It's Olaf!")
    event = await ana.receive("entry")
    assert event["cheer"] is True
    assert event["entry"]["caption"] == "It's Olaf!"
    assert YETI_BUTTON not in buttons(photo)
    assert await points(ana) == {"Ana": 84}


@pytest.mark.parametrize(
    ("sent", "shown_as"),
    [
        ("  Олаф \N{SNOWMAN}\n\n<b> ", "Олаф \N{SNOWMAN} <b>"),
        ("a\N{RIGHT-TO-LEFT OVERRIDE}\0b", "ab"),
        ("x" * (CAPTION_LENGTH + 1), "x" * CAPTION_LENGTH),
    ],
)
async def test_a_caption_fits_a_line_and_cannot_upset_its_surroundings(
    served: Served, sent: str, shown_as: str
) -> None:
    assert (await shown(served, b"photo", caption=sent))["caption"] == shown_as


async def test_a_caption_that_is_no_text_does_no_harm(served: Served) -> None:
    headers = {**ANA, "X-Caption": "%ff%zz%"}
    assert (await served.post_photo(b"photo", headers=headers)).status == 201


async def test_guesses_are_answered_when_all_have_guessed_and_the_answer_means_that_photo(
    served: Served,
) -> None:
    ana, ben = await arrived(served), await arrived(served, BEN)
    await shown(served, b"another", BEN)
    photo = await shown(served, b"what is it?", caption="guess")
    assert "label" not in photo["answer"]
    assert set(buttons(photo)) == {EN.text.label(label) for label in Label}
    noted = await served.press(buttons(photo)[YETI_BUTTON], photo, BEN)
    assert noted["notice"] == EN.rounds.guess_noted(Label.ABOMINABLE)
    tapped = (await ben.receive("edit"))["entry"]
    assert tapped["answer"]["until"] == photo["answer"]["until"] > tapped["at"]
    assert tapped["answer"]["text"] == EN.rounds.guess_open(None, ["Ben"])
    closed = await edited_without_buttons(ben)
    assert closed["id"] == photo["id"]
    while (answer := (await ana.receive("entry"))["entry"])["to"] is None:
        pass
    assert answer["to"] == photo["id"]
    assert answer["answer"]["label"] == "abominable"
    assert EN.rounds.guessed(["Ben"], 10) in answer["answer"]["text"]
    await points_are(ben, {"Ben": 10})
    await served.press(buttons(answer)[OLAF_BUTTON], answer)
    await points_are(ben, {"Ana": 84, "Ben": 10})


async def points_are(live: Live, expected: dict[str, int]) -> None:
    """Wait for a board that shows these points."""
    while await points(live) != expected:
        pass


async def test_a_photo_that_answers_a_challenge_was_made_for_it(served: Served) -> None:
    made = EN.rounds.made_noted()
    await shown(served, b"another", BEN)
    challenge = (await served.command("challenge"))["entry"]
    assert challenge["challenge"]
    photo = await shown(served, b"a work", ANA | {"X-Reply-To": challenge["id"]})
    assert made in photo["answer"]["text"]
    assert "challenge" not in photo
    other = await shown(served, b"no work", ANA | {"X-Reply-To": photo["id"]})
    assert made not in other["answer"]["text"]


async def edited_without_buttons(live: Live) -> dict[str, Any]:
    """Wait for an edit that takes the buttons away, and return its entry."""
    while buttons(entry := (await live.receive("edit"))["entry"]):
        pass
    found: dict[str, Any] = entry
    return found


async def test_a_question_that_was_edited_is_answered_all_the_same(served: Served) -> None:
    ana, ben = await arrived(served), await arrived(served, BEN)
    photo = await shown(served, b"what is it?", caption="guess")
    row = tuple(Button(text, data) for text, data in buttons(photo).items())
    asked = Reply("What will I say? Ten seconds left.", buttons=(row,))
    assert await served.server.edit(HOME, photo["id"], asked) is Delivery.SENT
    edited = (await ben.receive("edit"))["entry"]
    assert (edited["answer"]["text"], buttons(edited)) == (asked.text, buttons(photo))
    await served.press(buttons(edited)[YETI_BUTTON], edited, BEN)
    assert (await edited_without_buttons(ben))["id"] == photo["id"]
    while (answer := (await ana.receive("entry"))["entry"])["to"] is None:
        pass
    assert (answer["to"], answer["answer"]["label"]) == (photo["id"], "abominable")
    while (await served.entries())[0]["answer"]["text"] != EN.rounds.guess_over(["Ben"]):
        await asyncio.sleep(0.01)
    first, last = await served.entries()
    assert (first["id"], buttons(first)) == (photo["id"], {})
    assert last == answer


async def test_guesses_are_answered_when_their_time_is_over(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guessing, "GUESS_WITHIN", timedelta(milliseconds=20))
    ana = await arrived(served)
    photo = await shown(served, b"what is it?", caption="guess")
    answered = (await ana.receive("edit"))["entry"]
    assert (answered["id"], answered["answer"]["buttons"]) == (photo["id"], [])
    assert (await served.entries())[-1]["to"] == photo["id"]


async def test_what_is_sent_to_a_room_that_is_no_more_is_refused(served: Served) -> None:
    await served.join()
    await shown(served, b"photo")
    assert (await served.server.send(HOME, Reply("Hello?"))).delivery is Delivery.SENT
    away = room_of("nowhere")
    assert (
        await served.server.send(away, Reply("Hello?"), to="no photo")
    ).delivery is Delivery.REFUSED


async def test_the_menu_begins_with_the_game_and_offers_choices(served: Served) -> None:
    menu = (await (await served.join()).receive("language"))["menu"]
    names = [item["name"] for item in menu]
    assert names[:4] == ["rules", "guess", "challenge", "leaderboard"]
    assert set(names) >= {"hall", "me", "stats", "undo", "daily", "reset", "keep", "log"}
    assert not set(names) & {"about", "forget", "export"}  # buttons under /privacy
    assert {item["name"]: item["choices"] for item in menu if item["choices"]} == {
        "leaderboard": ["week", "month", "all"],
        "keep": ["on", "off"],
    }


async def test_each_button_is_for_who_may_use_it(served: Served) -> None:
    def audiences(entry: dict[str, Any]) -> dict[str, str]:
        return {b["text"]: b["audience"] for row in entry["answer"]["buttons"] for b in row}

    photo = await shown(served, b"an Olaf")
    assert audiences(photo)[OLAF_BUTTON] == "deciders"
    assert audiences(photo)["Where did you look?"] == "everyone"
    told = await shown(served, b"another Olaf", caption="olaf")
    assert audiences(told)[OBJECT] == "others"
    asking = await shown(served, b"what is it?", caption="guess")
    assert set(audiences(asking).values()) == {"others"}


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("guess", EN.rounds.guess_how("web")),
        ("challenge", "Today"),
        ("leaderboard", EN.standings.leaderboard("", ())),
        ("hall", EN.standings.hall_empty()),
        ("stats", EN.standings.stats(0, 0, 0)),
        ("log", EN.privacy.log(())),
        ("reset", "back to zero?"),
        ("undo", EN.rounds.undo_nothing()),
    ],
)
async def test_what_is_for_the_room_is_said_to_everyone(
    served: Served, name: str, part: str
) -> None:
    await arrived(served)
    ben = await arrived(served, BEN)
    said = (await served.command(name))["entry"]
    assert part in said["answer"]["text"]
    assert (await ben.receive("entry"))["entry"] == said


@pytest.mark.parametrize("name", ["me", "rules", "settings", "privacy"])
async def test_what_is_for_one_is_said_to_who_asked_alone(served: Served, name: str) -> None:
    assert "private" in await served.command(name)
    assert await served.entries() == []


async def test_the_leaderboard_is_a_picture_for_everyone(served: Served) -> None:
    await shown(served, b"an Olaf", caption="olaf")
    said = (await served.command("leaderboard"))["entry"]
    assert EN.standings.place(1, ["Ana"], 84) in said["answer"]["text"]
    picture = await served.session.get(served.url + said["photo"])
    assert (await picture.read()).startswith(b"jpeg of \x89PNG")


async def test_the_hall_shows_the_photos_that_are_still_there(served: Served) -> None:
    gone = await shown(served, b"melted", caption="olaf")
    kept = await shown(served, b"kept", BEN, caption="olaf")
    room = served.rooms.find("home")
    assert room is not None
    room.entries.popleft()
    said = (await served.command("hall"))["entry"]
    (again,) = said["past_photos"]
    assert again["photo"] == kept["photo"] != gone["photo"]
    assert again["caption"] == EN.standings.hall_entry(2, "Ben", 84, YETI)
    assert (await served.entries())[-1] == said


async def test_a_round_goes_on_after_a_restart_with_its_story_its_bar_and_its_buttons(
    tmp_path: Path,
) -> None:
    kept: dict[str, Any] = {
        "data_folder": tmp_path,
        "database_url": f"sqlite:///{tmp_path / 'game.db'}",
    }
    async with serving(**kept) as before:
        await shown(before, b"another yeti", BEN)  # Ben plays, too
        told = await shown(before, b"an Olaf", caption="It's Olaf!")
        open_round = await shown(before, b"another Olaf")
        asking = await shown(before, b"what is it?", caption="guess")
        heat = (await before.press(buttons(told)["Where did you look?"], told))["entry"]
        hall = (await before.command("hall"))["entry"]
        entries = await before.entries()
    async with serving(**kept) as after:
        assert await after.entries() == entries
        ben = await after.join(BEN["X-Player"], "Ben")
        for shown_before in (told, open_round, heat, hall):
            if "photo" in shown_before:
                picture = await after.session.get(after.url + shown_before["photo"])
                assert (await picture.read()).startswith(b"jpeg of")
        # A false truth, told only now: the others see the story, and may object.
        await after.press(buttons(open_round)[OLAF_BUTTON], open_round)
        edited = (await ben.receive("edit"))["entry"]
        assert (edited["answer"]["label"], edited["answer"]["confidence"]) == ("abominable", 0.84)
        assert OBJECT in buttons(edited)
        await after.press(buttons(edited)[OBJECT], edited, BEN)
        assert EN.rounds.void() in (await ben.receive("edit"))["entry"]["answer"]["text"]
        await after.press(buttons(asking)[YETI_BUTTON], asking, BEN)
        while (answer := (await ben.receive("entry"))["entry"])["to"] != asking["id"]:
            pass
        assert answer["answer"]["label"] == "abominable"
        assert (await after.press(buttons(open_round)["Where did you look?"], open_round))["entry"]


async def test_photos_leave_the_disk_with_the_day_and_when_their_sender_wants_it(
    tmp_path: Path, clock: Clock
) -> None:
    folder = tmp_path / "web_photos"

    def on_disk() -> set[str]:
        assert not any(path.stat().st_mode & 0o077 for path in folder.iterdir())
        return {path.name for path in folder.iterdir()}

    def files(*entries: dict[str, Any]) -> set[str]:
        return {name_of(entry, kind) for entry in entries for kind in ("json", "jpg")}

    def name_of(entry: dict[str, Any], kind: str = "json") -> str:
        return f"{room_of('home').id}-{entry['id']}.{kind}"

    shelf = Shelf(folder)
    async with serving(rooms=Rooms(clock, shelf)) as served:
        ben = await arrived(served, BEN)
        mine, other = await shown(served, b"mine", caption="olaf"), await shown(served, b"other")
        bens = await shown(served, b"bens", BEN)
        hall = (await served.command("hall", headers=BEN))["entry"]
        assert hall["past_photos"]
        heat = (await served.press(buttons(mine)["Where did you look?"], mine))["entry"]
        round_id = buttons(mine)["Where did you look?"].split(":")[1]
        refused = await served.press(f"hide:{round_id}", headers=BEN)
        assert refused["notice"] == EN.privacy.not_yours_to_hide()
        await served.press(f"hide:{round_id}")
        gone = [(await ben.receive("edit"))["entry"] for _ in range(3)]
        assert [entry["id"] for entry in gone] == [mine["id"], hall["id"], heat["id"]]
        assert not any(entry.get("photo") or entry.get("past_photos") for entry in gone)
        assert gone[0]["answer"] == mine["answer"]
        assert (await served.session.get(served.url + mine["photo"])).status == 404
        shelf.close()
        left = files(other, bens) | {name_of(entry) for entry in gone}
        assert on_disk() == left
    shelf = Shelf(folder)
    async with serving(rooms=Rooms(clock, shelf)) as served:
        yes = (await under_privacy(served, EN.privacy.forget_me_button()))["buttons"][0][0]["data"]
        await served.press(yes)
        shelf.close()
        assert on_disk() == files(bens) | {name_of(hall)}
    (folder / name_of(hall)).write_text("half")
    for name in files(bens):  # as an earlier version named them
        (folder / name).rename(folder / name.partition("-")[2])
    clock.now += ENTRY_SECONDS
    shelf = Shelf(folder)
    assert [room for room in Rooms(clock, shelf) if room.entries] == []
    shelf.close()
    assert on_disk() == set()


async def test_an_export_is_a_file_for_who_asked_with_their_own_photos(
    clock: Clock, served: Served
) -> None:
    async def exported() -> dict[str, Any]:
        document = (await under_privacy(served, EN.privacy.export_button()))["document"]
        data = base64.b64decode(document["data"])
        assert SECRET not in data.decode(errors="replace")
        if document["name"] == "snowpeople.json":
            return {"": json.loads(data)}
        with ZipFile(BytesIO(data)) as files:
            assert document["name"] == "snowpeople.zip"
            found: dict[str, Any] = {name: files.read(name) for name in files.namelist()}
        return {"": json.loads(found.pop("snowpeople.json")), **found}

    assert "document" not in await under_privacy(served, EN.privacy.export_button())
    his = await shown(served, b"his", BEN, caption="his own words")
    await served.post("reactions", {"entry": his["id"], "emoji": "😂"})
    # Who sent nothing has said something all the same.
    (said,) = (await exported())[""]["reactions"]
    assert (said["entry"], said["reaction"]) == (his["id"], "😂")
    hers = await shown(served, b"hers", caption="our garden")
    await served.command("hall")
    everything = await exported()
    words = everything.pop("")
    assert everything == {f"pictures/{hers['id']}.jpg": b"jpeg of hers"}
    photo, hall = words["shown"]
    assert (photo["caption"], photo["picture"]) == ("our garden", *everything)
    assert hall["said"] == EN.standings.hall_empty()
    assert "his own words" not in str(words)
    assert len(await served.entries()) == 3
    clock.now += ENTRY_SECONDS
    assert list(await exported()) == [""]


async def test_who_is_forgotten_is_gone_from_the_room_and_from_the_board(served: Served) -> None:
    ben = await arrived(served, BEN)
    photo = await shown(served, b"an Olaf", caption="olaf")
    others = await shown(served, b"another", BEN)
    about = await served.press(buttons(photo)["Where did you look?"], photo)
    assert await points(ben) == {"Ana": 84}
    ask = await under_privacy(served, EN.privacy.forget_me_button())
    yes, no = (row[0]["data"] for row in ask["buttons"])
    assert EN.privacy.forgot_not() in (await served.press(no, None))["edit"]["text"]
    assert len(await served.entries()) == 3
    stolen = await served.press(yes, None, BEN)
    assert "edit" not in stolen
    assert len(await served.entries()) == 3
    assert EN.privacy.forgot() in (await served.press(yes, None))["edit"]["text"]
    assert {(await ben.receive("gone"))["id"] for _ in range(2)} == {
        photo["id"],
        about["entry"]["id"],
    }
    assert [entry["id"] for entry in await served.entries()] == [others["id"]]
    board = await ben.receive("board")
    assert "Ana" not in str(board)
    assert photo["player"]["id"] not in str(board)
    picture = await served.session.get(served.url + photo["photo"])
    assert picture.status == 404


async def test_who_is_forgotten_is_gone_from_what_the_bot_said_about_them(served: Served) -> None:
    await shown(served, b"an Olaf", caption="olaf")
    await shown(served, b"another", BEN)
    decided = (await served.command("keep", "on"))["entry"]
    assert "Ana has switched learning on" in decided["answer"]["text"]
    await served.command("leaderboard", headers=BEN)
    asking = await shown(served, b"what is it?", BEN, caption="guess")
    await served.press(buttons(asking)[YETI_BUTTON], asking)
    while (answer := (await served.entries())[-1])["to"] != asking["id"]:
        await asyncio.sleep(0.01)
    assert EN.rounds.guessed(["Ana"], 10) in answer["answer"]["text"]
    challenge = (await served.command("challenge", headers=BEN))["entry"]
    yes = (await under_privacy(served, EN.privacy.forget_me_button()))["buttons"][0][0]["data"]
    await served.press(yes)
    left = await served.entries()
    assert "Ana" not in json.dumps(left)
    assert challenge in left
    # Whose round it is may go on with it.
    (answer,) = [entry for entry in left if entry["to"] == asking["id"]]
    assert EN.rounds.guessed(["⛄"], 10) in answer["answer"]["text"]
    assert OLAF_BUTTON in buttons(answer)


async def test_only_an_admin_of_the_room_may_set_the_season_back(served: Served) -> None:
    ana = await arrived(served)
    await shown(served, b"an Olaf", caption="olaf")
    refused = (await served.command("reset", headers=BEN))["entry"]
    assert (buttons(refused), await points(ana)) == ({}, {"Ana": 84})
    ask = (await served.command("reset"))["entry"]
    assert (
        EN.rooms.only_admins()
        == (await served.press(buttons(ask)[EN.privacy.reset_button()], ask, BEN))["notice"]
    )
    by_link = {**BEN, "X-Admin": served.admin_token()}
    await served.press(buttons(ask)[EN.privacy.reset_button()], ask, by_link)
    edit = await ana.receive("edit")
    assert "Ben has set the points" in edit["entry"]["answer"]["text"]
    assert await points(ana) == {}
    assert "points back to zero" in (await served.command("log"))["entry"]["answer"]["text"]


async def test_photos_are_kept_to_learn_from_where_the_room_wants_it(
    served: Served, kept: Path
) -> None:
    await served.command("keep", "on")
    photo = await shown(served, b"told by a caption", caption="olaf")
    assert "label" in photo["answer"]
    photo = await shown(served, b"told by a tap")
    await served.press(buttons(photo)[OLAF_BUTTON], photo)
    await served.service.settle()
    assert {path.read_bytes() for path in (kept / "olaf").iterdir()} == {
        b"told by a caption",
        b"jpeg of told by a tap",
    }
    document = (await under_privacy(served, EN.privacy.export_button()))["document"]
    with ZipFile(BytesIO(base64.b64decode(document["data"]))) as files:
        words = json.loads(files.read("snowpeople.json"))
    assert words["kept_to_learn_from"] == [each["round"] for each in words["rounds"]]


async def test_settings_offer_no_choice_of_photos(served: Served) -> None:
    outcome = await served.press("set:photos:called", None)
    assert outcome["notice"] == EN.rooms.old_button()


async def test_the_board_tells_each_players_colour_in_the_order_of_joining(served: Served) -> None:
    await shown(served, b"a first Olaf", BEN, caption="olaf")
    await shown(served, b"a second Olaf", caption="olaf")
    places = (await (await served.join()).receive("board"))["places"]
    assert {place["name"]: place["colour"] for place in places} == {"Ben": 0, "Ana": 1}


def test_the_page_has_the_colours_of_the_bots_pictures() -> None:
    style = (STATIC / "style.css").read_text(encoding="utf-8")
    rule = r'\.letter\[data-colour="(\d+)"\] \{ background: (#\w{6}); color: (#\w{6}); \}'
    found = [
        (int(number), parse_hex(ground), parse_hex(ink))
        for number, ground, ink in re.findall(rule, style)
    ]
    expected = [(number, each, contrasting_ink(each)) for number, each in enumerate(AVATARS)]
    assert found == expected
    script = (STATIC / "elements.js").read_text(encoding="utf-8")
    assert f"const COLOURS = {len(AVATARS)};" in script
