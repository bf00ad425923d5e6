"""The game in a web room, over real HTTP and WebSockets, with the real memory of it."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from bot.services import guessing
from bot.domain import Reply
from bot.platforms.web.requests import CAPTION_LENGTH
from bot.platforms.web.rooms import room_of
from tests.fakes.web_room import HEADERS, SECRET, Live, Served, serving

HOME = room_of("home")
ANA = HEADERS
BEN = {"X-Player": "b" * 24, "X-Nickname": "Ben"}
BOT = "Me, the bot"


@pytest.fixture
async def served(tmp_path: Any) -> AsyncIterator[Served]:
    async with serving(kept=tmp_path / "kept") as served:
        yield served


async def shown(
    served: Served, data: bytes, who: dict[str, str] = ANA, caption: str = "", id_: str = ""
) -> dict[str, Any]:
    """Send a photo, as the page does, and return its entry."""
    id_ = id_ or data.hex().ljust(16, "0")[:40]
    headers = {**who, "X-Photo-Id": id_, "X-Caption": quote(caption)}
    response = await served.send(data, headers=headers)
    assert response.status == 201
    entry: dict[str, Any] = (await response.json())["entry"]
    return entry


async def tapped(
    served: Served, data: str, entry: dict[str, Any] | None, who: dict[str, str] = ANA
) -> dict[str, Any]:
    message = {"data": data, "entry": entry and entry["id"]}
    response = await served.ask("presses", message, headers=who)
    assert response.status == 200
    outcome: dict[str, Any] = await response.json()
    return outcome


async def asked(
    served: Served, name: str, argument: str = "", who: dict[str, str] = ANA
) -> dict[str, Any]:
    message = {"name": name, "argument": argument}
    response = await served.ask("commands", message, headers=who)
    assert response.status == 200
    answer: dict[str, Any] = await response.json()
    return answer


def buttons(entry: dict[str, Any]) -> dict[str, str]:
    """Return the data of an entry's buttons, by what is on them."""
    return {b["text"]: b["data"] for row in entry["answer"]["buttons"] for b in row}


async def points(live: Live) -> dict[str, int]:
    """Return what the board says that comes next."""
    return {place["name"]: place["points"] for place in (await live.hear("board"))["places"]}


async def arrived(served: Served, who: dict[str, str] = ANA) -> Live:
    """Return the page of somebody who has come in, and was told that nobody has points."""
    live = await served.join(who["X-Player"], who["X-Nickname"])
    assert await points(live) == {}
    return live


async def entries(served: Served) -> list[dict[str, Any]]:
    late = await served.join("l" * 24, "Late")
    found: list[dict[str, Any]] = (await late.hear("welcome"))["entries"]
    return found


async def test_a_round_is_told_objected_to_and_void_and_everyone_follows_the_points(
    served: Served,
) -> None:
    ana, ben = await arrived(served), await arrived(served, BEN)
    photo = await shown(served, b"an Olaf")
    await tapped(served, buttons(photo)["It's Olaf"], photo)
    for page in (ana, ben):
        edit = await page.hear("edit")
        assert edit["cheer"] is True
        assert edit["entry"]["answer"]["text"].splitlines()[0] == "Abominable! 84%"
        assert "Ana says: it's Olaf." in edit["entry"]["answer"]["text"]
        assert edit["entry"]["answer"]["confidence"] == 0.84
        assert await points(page) == {"Ana": 68}
    told = edit["entry"]
    own = await tapped(served, buttons(told)["Objection!"], told)
    assert own["notice"] == "Objecting is for the others."
    await tapped(served, buttons(told)["Objection!"], told, BEN)
    edit = await ana.hear("edit")
    assert "cheer" not in edit
    assert "doesn't count" in edit["entry"]["answer"]["text"]
    assert await points(ana) == {}


async def test_a_cheer_is_for_who_is_there_and_not_for_who_comes_later(served: Served) -> None:
    photo = await shown(served, b"an Olaf")
    await tapped(served, buttons(photo)["It's Olaf"], photo)
    assert "cheer" not in json.dumps(await entries(served))


async def test_when_the_bot_was_right_it_has_a_point_and_nobody_cheers(served: Served) -> None:
    ana = await arrived(served)
    photo = await shown(served, b"a yeti")
    await tapped(served, buttons(photo)["It's Abominable"], photo)
    assert "cheer" not in await ana.hear("edit")
    assert await points(ana) == {BOT: 1}


async def test_nobody_may_tell_the_truth_about_anothers_photo(served: Served) -> None:
    photo = await shown(served, b"an Olaf")
    outcome = await tapped(served, buttons(photo)["It's Olaf"], photo, BEN)
    assert outcome["notice"].startswith("Only whoever sent the photo")
    assert await entries(served) == [photo]


async def test_a_caption_that_tells_the_truth_settles_the_round_at_once(served: Served) -> None:
    ana = await arrived(served)
    photo = await shown(served, b"an Olaf", caption="It's Olaf!")
    event = await ana.hear("entry")
    assert event["cheer"] is True
    assert event["entry"]["caption"] == "It's Olaf!"
    assert "It's Abominable" not in buttons(photo)
    assert await points(ana) == {"Ana": 68}


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
    assert (await served.send(b"photo", headers=headers)).status == 201


async def test_guesses_are_answered_when_all_have_guessed_and_the_answer_means_that_photo(
    served: Served,
) -> None:
    ana, ben = await arrived(served), await arrived(served, BEN)
    await shown(served, b"another", BEN)
    photo = await shown(served, b"what is it?", caption="guess")
    assert "label" not in photo["answer"]
    assert set(buttons(photo)) == {"Olaf", "Abominable"}
    noted = await tapped(served, buttons(photo)["Abominable"], photo, BEN)
    assert noted["notice"].startswith("Noted: Abominable.")
    closed = (await ben.hear("edit"))["entry"]
    assert (closed["id"], closed["answer"]["buttons"]) == (photo["id"], [])
    while (answer := (await ana.hear("entry"))["entry"])["to"] is None:
        pass
    assert answer["to"] == photo["id"]
    assert answer["answer"]["label"] == "abominable"
    assert "Ben saw that coming: 10 points!" in answer["answer"]["text"]
    assert await points(ben) == {"Ben": 10}
    await tapped(served, buttons(answer)["It's Olaf"], answer)
    assert await points(ben) == {"Ana": 68, "Ben": 10}


async def test_guesses_are_answered_when_their_time_is_over(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guessing, "GUESS_WITHIN", timedelta(milliseconds=20))
    ana = await arrived(served)
    photo = await shown(served, b"what is it?", caption="guess")
    answered = (await ana.hear("edit"))["entry"]
    assert (answered["id"], answered["answer"]["buttons"]) == (photo["id"], [])
    assert (await entries(served))[-1]["to"] == photo["id"]


async def test_what_is_said_may_always_be_forgotten(served: Served) -> None:
    assert await served.chat.say(HOME, Reply("Hello?")) is True
    assert await served.chat.say(room_of("nowhere"), Reply("Hello?"), to="no photo") is True


async def test_the_menu_begins_with_the_game_and_offers_choices(served: Served) -> None:
    menu = (await (await served.join()).hear("language"))["menu"]
    names = [item["name"] for item in menu]
    assert names[:3] == ["guess", "challenge", "leaderboard"]
    assert set(names) >= {"hall", "me", "stats", "forget", "export", "reset", "keep", "log"}
    assert {item["name"]: item["choices"] for item in menu if item["choices"]} == {
        "keep": ["on", "off"]
    }


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("challenge", "Today"),
        ("leaderboard", "Nobody has points"),
        ("hall", "Nobody has fooled me"),
        ("stats", "No round here"),
        ("log", "haven't changed anything"),
        ("reset", "Nothing brings them back"),
    ],
)
async def test_what_is_for_the_room_is_said_to_everyone(
    served: Served, name: str, part: str
) -> None:
    ben = await arrived(served, BEN)
    said = (await asked(served, name))["entry"]
    assert part in said["answer"]["text"]
    assert (await ben.hear("entry"))["entry"] == said


@pytest.mark.parametrize("name", ["me", "settings", "privacy", "about", "forget", "export"])
async def test_what_is_for_one_is_said_to_who_asked_alone(served: Served, name: str) -> None:
    assert "say" in await asked(served, name)
    assert await entries(served) == []


async def test_the_leaderboard_is_a_picture_for_everyone(served: Served) -> None:
    await shown(served, b"an Olaf", caption="olaf")
    said = (await asked(served, "leaderboard"))["entry"]
    assert "1. Ana: 68 points" in said["answer"]["text"]
    picture = await served.session.get(served.url + said["photo"])
    assert (await picture.read()).startswith(b"jpeg of \x89PNG")


async def test_the_hall_shows_the_photos_that_are_still_there(served: Served) -> None:
    gone = await shown(served, b"melted", caption="olaf")
    kept = await shown(served, b"kept", BEN, caption="olaf")
    room = served.chat._rooms.find("home")
    assert room is not None
    room.entries.popleft()
    said = (await asked(served, "hall"))["entry"]
    (again,) = said["shown"]
    assert again["photo"] == kept["photo"] != gone["photo"]
    assert again["caption"].startswith("2. Ben, 68 points.")
    assert (await entries(served))[-1] == said


async def test_an_export_is_a_file_for_who_asked(served: Served) -> None:
    assert "document" not in (await asked(served, "export"))["say"]
    await shown(served, b"photo")
    said = (await asked(served, "export"))["say"]
    assert said["document"]["name"] == "snowpeople.json"
    everything = base64.b64decode(said["document"]["data"]).decode()
    assert "Ana" in everything
    assert SECRET not in everything
    assert len(await entries(served)) == 1


async def test_who_is_forgotten_is_gone_from_the_room_and_from_the_board(served: Served) -> None:
    ben = await arrived(served, BEN)
    photo = await shown(served, b"an Olaf", caption="olaf")
    others = await shown(served, b"another", BEN)
    about = await tapped(served, buttons(photo)["Where did you look?"], photo)
    assert await points(ben) == {"Ana": 68}
    ask = (await asked(served, "forget"))["say"]
    yes, no = (row[0]["data"] for row in ask["buttons"])
    assert "missed you" in (await tapped(served, no, None))["edit"]["text"]
    assert len(await entries(served)) == 3
    stolen = await tapped(served, yes, None, BEN)
    assert "edit" not in stolen
    assert len(await entries(served)) == 3
    assert "Have we met?" in (await tapped(served, yes, None))["edit"]["text"]
    assert {(await ben.hear("gone"))["id"] for _ in range(2)} == {photo["id"], about["entry"]["id"]}
    assert [entry["id"] for entry in await entries(served)] == [others["id"]]
    board = await ben.hear("board")
    assert "Ana" not in str(board)
    assert photo["player"]["id"] not in str(board)
    picture = await served.session.get(served.url + photo["photo"])
    assert picture.status == 404


async def test_anybody_in_the_room_may_set_the_season_back(served: Served) -> None:
    ana = await arrived(served)
    await shown(served, b"an Olaf", caption="olaf")
    ask = (await asked(served, "reset", who=BEN))["entry"]
    assert await points(ana) == {"Ana": 68}
    await tapped(served, buttons(ask)["Yes, back to zero"], ask, BEN)
    edit = await ana.hear("edit")
    assert "By decision of Ben" in edit["entry"]["answer"]["text"]
    assert await points(ana) == {}
    assert "points back to zero" in (await asked(served, "log"))["entry"]["answer"]["text"]


async def test_photos_are_kept_to_learn_from_where_the_room_wants_it(
    served: Served, tmp_path: Any
) -> None:
    await asked(served, "keep", "on")
    photo = await shown(served, b"told by a caption", caption="olaf")
    assert "label" in photo["answer"]
    photo = await shown(served, b"told by a tap")
    await tapped(served, buttons(photo)["It's Olaf"], photo)
    await served.host._learning.close()
    kept = {path.read_bytes() for path in (tmp_path / "kept" / "olaf").iterdir()}
    assert kept == {b"told by a caption", b"jpeg of told by a tap"}


async def test_settings_offer_no_choice_of_photos(served: Served) -> None:
    outcome = await tapped(served, "set:photos:called", None)
    assert "time is over" in outcome["notice"]
