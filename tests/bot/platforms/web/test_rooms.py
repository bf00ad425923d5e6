from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from typing import Any

import pytest

from bot.domain import Button, Label, Player, Preview, Reply, Verdict
from bot.platforms.web import rooms as rooms_module
from bot.platforms.web.requests import NAME_LENGTH, clean, clean_room_name
from bot.platforms.web.rooms import (
    ENTRIES,
    ENTRY_SECONDS,
    ROOMS,
    UNSENT,
    Entry,
    Full,
    Member,
    Rooms,
    render_reply,
    room_of,
)
from bot.services.buttons import (
    Action,
    CastBallot,
    ConfirmTruth,
    HidePhoto,
    MakeGuess,
    MarkMade,
    ObjectToTruth,
    ShowHeatmap,
    TellTruth,
    UndoTruth,
    button,
)
from tests.fakes.vision import OLAF
from tests.fakes.web_room import Clock

ANA, BEN = Player("ana", "Ana"), Player("ben", "Ben")


def entry(id_: str, at: float = 1_000_000.0, size: int = 10) -> Entry:
    return Entry(id_, at, Reply("Olaf! 97%", OLAF), ANA, Preview(b"x" * size, 4, 3))


def received(member: Member) -> list[Any]:
    events = []
    while not member.outbox.empty():
        events.append(member.outbox.get_nowait())
    return events


async def test_everyone_in_the_room_hears_of_an_entry_and_nobody_elsewhere(rooms: Rooms) -> None:
    ana, ben, stranger = (
        rooms.join("home", ANA),
        rooms.join("home", BEN),
        rooms.join("away", Player("eve", "Eve")),
    )
    for member in (ana, ben, stranger):
        received(member)
    rooms.publish("home", entry("1"))
    assert received(ana) == received(ben) == [{"type": "entry", "entry": entry("1").render("home")}]
    assert received(stranger) == []


async def test_who_comes_later_is_welcomed_with_what_was_shown(rooms: Rooms) -> None:
    rooms.publish("home", entry("1"))
    welcome = received(rooms.join("home", BEN))[0]
    assert welcome["type"] == "welcome"
    assert welcome["you"] == "ben"
    assert [shown["id"] for shown in welcome["entries"]] == ["1"]


async def test_a_player_with_two_pages_is_there_once(rooms: Rooms) -> None:
    rooms.join("home", ANA)
    second = rooms.join("home", ANA)
    assert received(second)[-1]["people"] == [{"id": "ana", "name": "Ana"}]


async def test_leaving_and_renaming_are_told(rooms: Rooms) -> None:
    ana, ben = rooms.join("home", ANA), rooms.join("home", BEN)
    received(ana)
    rooms.rename("home", ben, "Benjamin")
    assert [person["name"] for person in received(ana)[-1]["people"]] == ["Ana", "Benjamin"]
    rooms.leave("home", ben)
    assert [person["name"] for person in received(ana)[-1]["people"]] == ["Ana"]


async def test_nobody_is_called_as_somebody_else_is_or_as_the_bot(rooms: Rooms) -> None:
    wide = "\uff4d\uff49\uff41"
    first = rooms.join("home", Player("1", "Mia"))
    second = rooms.join("home", Player("2", wide))
    assert received(second)[0]["name"] == f"{wide} 2"
    assert rooms.join("home", Player("1", "Mia")).player.name == "Mia"
    assert rooms.join("away", Player("2", "Mia")).player.name == "Mia"
    third = rooms.join("home", Player("3", ""))
    received(third)
    for wish, name in (
        ("MIA", "MIA 3"),
        ("Schnee wesen", "Schnee wesen 2"),
        ("", "Schnee wesen 2"),
    ):
        rooms.rename("home", third, wish)
        assert received(third)[-1] == {"type": "name", "name": name}
    # Whose photos are still shown is still called so, though they left.
    rooms.publish("home", replace(entry("1"), player=first.player))
    for member in list(rooms.find("home").members):  # type: ignore[union-attr]
        rooms.leave("home", member)
    assert rooms.named("home", Player("4", "Mia")).name == "Mia 2"


async def test_history_is_bounded_by_number(rooms: Rooms) -> None:
    for number in range(ENTRIES + 5):
        rooms.publish("home", entry(str(number)))
    room = rooms.find("home")
    assert room is not None
    assert [room.entries[0].id, len(room.entries)] == ["5", ENTRIES]
    assert room.find("0") is None


async def test_history_is_bounded_by_bytes_over_all_rooms(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms_module, "PREVIEW_BYTES", 25)
    rooms.publish("home", entry("1", at=1_000_000.0))
    rooms.publish("away", entry("2", at=1_000_001.0))
    rooms.publish("home", entry("3", at=1_000_002.0))
    kept = {entry.id for room in rooms for entry in room.entries}
    assert kept == {"2", "3"}


async def test_history_is_bounded_by_age(rooms: Rooms, clock: Clock) -> None:
    rooms.publish("home", entry("1", at=clock.now))
    clock.now += ENTRY_SECONDS + 1
    assert received(rooms.join("home", BEN))[0]["entries"] == []


async def test_what_is_too_old_goes_by_itself_and_pages_are_told(
    rooms: Rooms, clock: Clock
) -> None:
    ana = rooms.join("home", ANA)
    rooms.publish("home", entry("1", at=clock.now))
    clock.now += 60
    rooms.publish("home", entry("2", at=clock.now))
    received(ana)
    clock.now += ENTRY_SECONDS - 61
    assert rooms.seconds_until_expiry() == 1
    rooms.expire()
    assert received(ana) == []
    clock.now += 1
    rooms.expire()
    assert received(ana) == [{"type": "gone", "id": "1"}]
    assert rooms.seconds_until_expiry() == 60
    clock.now += 60
    rooms.expire()
    assert rooms.seconds_until_expiry() == math.inf


async def test_whoever_finds_a_room_finds_nothing_there_that_is_too_old(
    rooms: Rooms, clock: Clock
) -> None:
    rooms.publish("home", entry("1", at=clock.now))
    clock.now += ENTRY_SECONDS
    for found in (rooms.find("home"), rooms.find_room(room_of("home"))):
        assert found is not None
        assert found.find("1") is None


async def test_an_older_edit_does_not_replace_a_newer_one(rooms: Rooms) -> None:
    ana = rooms.join("home", ANA)
    rooms.publish("home", entry("1"))
    rooms.edit("home", "1", Reply("first", revision=3))
    received(ana)
    rooms.edit("home", "1", Reply("late", revision=2, cheer=True))
    assert received(ana) == []
    rooms.edit("home", "1", Reply("last", revision=4))
    assert [event["type"] for event in received(ana)] == ["edit"]
    room = rooms.find("home")
    assert room is not None
    assert room.entries[0].reply.text == "last"


async def test_the_quietest_empty_room_makes_place_for_a_new_one(
    rooms: Rooms, clock: Clock
) -> None:
    for number in range(ROOMS - 1):
        clock.now += 1
        rooms.publish(f"room-{number}", entry(str(number), at=clock.now))
    kept = rooms.join("room-0", ANA)
    for number in range(3):  # which take the place of each other
        rooms.leave(f"made-up-{number}", rooms.join(f"made-up-{number}", BEN))
    for number in range(2):
        rooms.publish(f"new-{number}", entry("new", at=clock.now))
    assert len(list(rooms)) == ROOMS
    assert rooms.find("room-1") is None
    assert rooms.find("room-0") is not None
    assert rooms.find("room-2") is not None
    rooms.leave("room-0", kept)


async def test_a_room_that_nobody_ever_used_is_closed_after_a_day(
    rooms: Rooms, clock: Clock
) -> None:
    rooms.publish("home", entry("1", at=clock.now))
    rooms.join("away", ANA)
    rooms.leave("made-up", rooms.join("made-up", BEN))
    clock.now += ENTRY_SECONDS
    assert [rooms.find(name) is not None for name in ("home", "away", "made-up")] == [
        True,
        True,
        False,
    ]


async def test_a_house_full_of_people_takes_no_more(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms_module, "PEOPLE", 1)
    rooms.join("home", ANA)
    with pytest.raises(Full):
        rooms.join("home", BEN)


async def test_a_page_that_does_not_listen_is_lost_and_the_others_are_not(rooms: Rooms) -> None:
    deaf, ana = rooms.join("home", BEN), rooms.join("home", ANA)
    for number in range(UNSENT + 1):
        received(ana)
        rooms.publish("home", entry(str(number)))
    assert deaf.lost.is_set()
    assert not ana.lost.is_set()
    await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("  Ana   Maria ", "Ana Maria"),
        ("a\x00b\u202ec\ufeff", "abc"),
        ("x" * 99, "x" * NAME_LENGTH),
        ("👨‍👩‍👧 Oma", "👨‍👩‍👧 Oma"),
        ("سنو", "سنو"),
        ("\u200d\n\t", ""),
        ("\u3164\u2800\ufe0f\u0301", ""),
        ("<b>Ana</b>", "<b>Ana</b>"),
    ],
)
def test_a_nickname_fits_a_line(typed: str, shown: str) -> None:
    assert clean(typed) == shown


@pytest.mark.parametrize(
    ("typed", "link"),
    [
        ("The Smiths!", "the-smiths"),
        ("../../etc", "etc"),
        ("Schneeburg-2", "schneeburg-2"),
        ("снег", "снег"),
        ("🎄🎅", "🎄🎅"),
        ("❤\ufe0f  & ⛄!", "❤-⛄"),
        ("👨‍👩‍👧 Oma", "👨‍👩‍👧-oma"),
        ("हिन्दी", "हिन्दी"),
        ("!!!", ""),
        ("\u3164\u2800\u200d\u0301", ""),
        ("y" * 99, "y" * 40),
    ],
)
def test_a_room_name_fits_a_link(typed: str, link: str) -> None:
    assert clean_room_name(typed) == link
    assert clean_room_name(link) == link


@pytest.mark.parametrize(
    ("label", "confidence", "neither", "pair", "familiar"),
    [
        (Label.OLAF, 0.9, 0.0, 0.9, 1.0),
        (Label.ABOMINABLE, 0.75, 0.92, 0.25, 0.08),
        (Label.ABOMINABLE, 1.0, 0.5, 0.0, 0.5),
        (Label.OLAF, 0.5, 1.0, 0.5, 0.0),
    ],
)
def test_a_verdict_tells_which_of_the_two_and_how_familiar(
    label: Label, confidence: float, neither: float, pair: float, familiar: float
) -> None:
    probabilities = {Label.OLAF: 0.0, Label.ABOMINABLE: 0.0, Label.NEITHER: neither}
    answer = render_reply(Reply("", verdict=Verdict(label, confidence, probabilities, False)))
    assert (answer["pair"], answer["familiar"]) == (pair, familiar)


@pytest.mark.parametrize(
    ("action", "audience"),
    [
        *((TellTruth(7, Label.OLAF), "deciders"), (UndoTruth(7), "deciders")),
        *((MarkMade(7), "sender"), (HidePhoto(7), "sender")),
        *((ConfirmTruth(7), "others"), (ObjectToTruth(7), "others")),
        *((CastBallot(7, Label.OLAF), "others"), (MakeGuess(7, Label.OLAF), "others")),
        (ShowHeatmap(7), "everyone"),
    ],
)
def test_a_button_is_for_whom_its_action_is(action: Action, audience: str) -> None:
    (row,) = render_reply(Reply("", buttons=((button("Tap", action),),)))["buttons"]
    assert [each["audience"] for each in row] == [audience]


def test_a_button_of_another_version_is_for_everyone() -> None:
    (row,) = render_reply(Reply("", buttons=((Button("Tap", "x"),),)))["buttons"]
    assert [each["audience"] for each in row] == ["everyone"]
