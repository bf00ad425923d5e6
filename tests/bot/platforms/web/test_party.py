"""A party night over HTTP and WebSockets: what screens may ask, and what they are told."""

from __future__ import annotations

from typing import Any

import pytest

from bot.speech import speaker_for
from tests.fakes.web_room import HEADERS, Live, Served

TV, BEN = "t" * 24, "b" * 24
EN = speaker_for("en")


async def enter(served: Served, secret: str, *, screen: bool = False) -> Live:
    live = await served.session.ws_connect(f"{served.url}/r/home/party/live")
    await live.send_json({"type": "hello", "player": secret, "name": "", "screen": screen})
    return Live(live)


async def act(served: Served, secret: str, act: str, status: int = 200, **fields: Any) -> Any:
    """Tap something, and return what the server says to it."""
    headers = HEADERS | {"X-Player": secret}
    response = await served.post("party/acts", {"act": act, **fields}, headers=headers)
    said = await response.json()
    assert response.status == status, said
    return said


async def told(live: Live, phase: str) -> dict[str, Any]:
    """Return the first state that a screen is told of a phase."""
    while True:
        party: dict[str, Any] = (await live.receive("party"))["party"]
        if party["phase"] == phase:
            return party


async def test_screens_are_told_what_phones_tap_and_see_nothing_too_early(served: Served) -> None:
    tv = await enter(served, TV, screen=True)
    mia, ben = HEADERS["X-Player"], BEN
    phone = await enter(served, mia)
    await enter(served, ben)
    assert "two" in (await act(served, TV, "start", 409))["error"]
    await act(served, mia, "join", name=" Mia\u202e ", colour=3)
    await act(served, ben, "join", name="Ben", colour=3)
    await act(served, mia, "nonsense", 400)
    await act(served, ben, "start", 409)
    await act(served, TV, "start", rounds=1, minutes=None, places=["kitchen"])
    state = await told(tv, "prompt")
    assert [(each["name"], each["colour"]) for each in state["players"]] == [("Mia", 3), ("Ben", 4)]
    assert state["prompt"]["place"] == "kitchen"
    await act(served, TV, "next")
    photos = f"{served.url}/r/home/party/photos?player="
    for secret, number, data, status in (
        (mia, "1", b"mop", 201),
        (mia, "1", b"other", 409),
        (ben, "2", b"mop", 409),
        (ben, "1", b"sock", 409),
        (ben, "two", b"sock", 400),
        (ben, "2", b"damaged", 422),
    ):
        headers = {"X-Player": secret}
        response = await served.session.post(photos + number, data=data, headers=headers)
        assert response.status in (status, 201 if data == b"damaged" else status)
    await act(served, TV, "next")
    state = await told(tv, "guessing")
    assert "verdict" not in state
    picture = f"{served.url}/r/home/party/pictures/{state['photo']['id']}"
    assert (await served.session.get(picture)).status == 200
    assert (await served.session.get(f"{served.url}/r/home/party/pictures/evening")).status == 404
    await act(served, ben, "guess", player=2, label="olaf")
    await act(served, ben, "guess", 409, player=1, label="olaf")
    mine = (await told(phone, "guessing"))["mine"]
    assert [(each["number"], each["own"]) for each in mine] == [(1, True)]
    await act(served, TV, "next")
    state = await told(tv, "looking")
    assert state["verdict"]["label"] == "abominable"
    assert state["guesses"] == {"olaf": [2]}


async def test_a_phone_that_goes_is_away_only_when_its_last_tab_is_closed(served: Served) -> None:
    tv = await enter(served, TV, screen=True)
    one, other = await enter(served, BEN), await enter(served, BEN)
    await act(served, BEN, "join", name="Ben", colour=0)
    await one.socket.close()
    await act(served, BEN, "join", name="Eva", colour=1)
    party = served.service.parties.find
    state = await told(tv, "lobby")
    while len(state["players"]) < 2:
        state = await told(tv, "lobby")
    (room,) = [found.room for found in served.rooms]
    assert not party(room).away  # type: ignore[union-attr]
    await other.socket.close()
    while not (await told(tv, "lobby"))["players"]:
        pass
    found = party(room)
    assert found is not None
    assert len(found.away) == 1


async def test_a_phone_full_of_children_is_never_too_fast_and_the_host_takes_one_out(
    served: Served,
) -> None:
    tv = await enter(served, TV, screen=True)
    for number, name in enumerate(["Mia", "Ben", *"ABCDEFGHIJ"]):
        await act(served, HEADERS["X-Player"] if number else BEN, "join", name=name, colour=number)
    await act(served, HEADERS["X-Player"], "leave", 409, player=1)
    await act(served, TV, "start", rounds=0, minutes=None)  # no rounds are one
    assert (await told(tv, "prompt"))["rounds"] == 1
    await act(served, BEN, "leave", player=2)
    state = await told(tv, "prompt")
    while len(state["players"]) > 11:
        state = await told(tv, "prompt")
    assert "Ben" not in [each["name"] for each in state["players"]]
    for number in range(70):  # more than a room of pages may
        tapped = {"player": 3 + number % 10, "label": "olaf"}
        said = await act(served, HEADERS["X-Player"], "guess", 409, **tapped)
        assert said["error"] == EN.party.not_allowed("not_now")


@pytest.mark.parametrize("page", ["party", "play"])
async def test_both_pages_come_in_the_language_of_who_opens_them(served: Served, page: str) -> None:
    headers = {"Accept-Language": "uk"}
    response = await served.session.get(f"{served.url}/r/home/{page}", headers=headers)
    assert response.status == 200
    assert "words.uk.json" in await response.text()
    away = await served.session.get(f"{served.url}/r/The%20Smiths/{page}", allow_redirects=False)
    assert away.headers["Location"] == f"/r/the-smiths/{page}"


async def test_the_qr_code_leads_to_the_phones_page(served: Served) -> None:
    shared = await (await served.session.get(f"{served.url}/r/home/play/share")).json()
    assert shared["url"].endswith("/r/home/play")
    assert "--party" in shared["note"]
    assert "svg" in await (await served.session.get(f"{served.url}/r/home/play/qr.svg")).text()
