"""Party nights as a platform runs them: photos are looked at, a restart is outlived, all ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bot.domain import Preview, Refused, Room, Verdict
from bot.game.party import Party, Phase
from bot.game.party_acts import End, Guess, Join, Next, NotAllowed, Why
from bot.metrics import Metrics
from bot.platforms.web import WebServer
from bot.services import Service
from bot.services.party import Wish, decode_act, decode_wish
from bot.services.party_view import render
from bot.speech import speaker_for
from bot.storage import Store
from tests.fakes.messenger import FakeMessenger
from tests.fakes.vision import YETI, FakeVision
from tests.support.metrics import counted
from tests.support.services import make_service

ROOM = Room("web", "living-room")
TV = "tv"
EN = speaker_for("en")


class Eyes(FakeVision):
    """Eyes that make real pictures of whatever they are shown."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict)
        self.heat_may_answer = asyncio.Event()
        self.heat_may_answer.set()

    async def heatmap(self, photo: bytes) -> tuple[Verdict, Image.Image]:
        found = await super().heatmap(photo)
        await self.heat_may_answer.wait()
        return found

    async def preview(self, photo: bytes, side: int) -> Preview:
        self._seen(photo)
        buffer = BytesIO()
        Image.new("RGB", (64, 48), "white").save(buffer, "JPEG")
        return Preview(buffer.getvalue(), 64, 48)


class Home:
    """A room with a big screen and two phones, whose clock a test turns."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.now = datetime(2026, 12, 24, 18, tzinfo=UTC)
        self.folder, self.store = folder, store
        self.metrics = Metrics()
        self.vision, self.messenger = Eyes(YETI), FakeMessenger(WebServer.traits)
        self.service = self._service()

    def _service(self) -> Service:
        return make_service(
            self.vision,
            self.store,
            {"web": self.messenger},
            kept=self.folder / "kept",
            now=lambda: self.now,
            metrics=self.metrics,
        )

    @property
    def party(self) -> Party:
        party = self.service.parties.find(ROOM)
        assert party is not None
        return party

    def come(self, *names: str) -> None:
        self.service.parties.enter(ROOM, TV, is_screen=True)
        for name in names:
            self.service.parties.enter(ROOM, name)
            self.service.parties.act(ROOM, name, Join(name, 0))

    def next(self) -> None:
        self.service.parties.act(ROOM, TV, Next())

    def start(self) -> None:
        self.service.parties.start(ROOM, TV, Wish(minutes=None, rounds=2))
        self.next()

    async def send(self, name: str, data: bytes) -> None:
        number = next(player.number for player in self.party.players if player.name == name)

        async def fetch(_: int) -> bytes:
            return data

        await self.service.parties.send_photo(ROOM, name, number, fetch)

    async def restart(self) -> None:
        await self.service.parties.close()
        self.now += timedelta(minutes=1)
        self.service = self._service()
        await self.service.parties.resume()

    def seen(self, device: str = TV) -> dict[str, Any]:
        """Return what a screen shows."""
        return render(self.party, device, EN, self.now)


@pytest.fixture
async def store(tmp_path: Path) -> Any:
    async with Store.open(f"sqlite:///{tmp_path / 'party.db'}") as store:
        yield store


@pytest.fixture
def home(tmp_path: Path, store: Store) -> Home:
    return Home(tmp_path, store)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what goes on beside; a test that passes never waits for long."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


def pictures(home: Home) -> set[str]:
    return {path.name for path in (home.folder / "party_photos").glob("*/*")}


async def test_an_evening_outlives_a_restart_and_ends_with_a_picture_in_the_room(
    home: Home,
) -> None:
    home.come("Mia", "Ben")
    home.start()
    await home.send("Mia", b"mop")
    await home.send("Ben", b"sock")
    await until(lambda: all(photo.verdict for photo in home.party.rounds[0].photos))
    counted_as = {"platform": "web", "label": "abominable", "outcome": "party"}
    assert counted(home.metrics, "photos_total", **counted_as) == 2
    home.next()
    await until(lambda: len(pictures(home)) == 4)  # each with its heat map
    # Nothing of the verdict is told before the bot looks.
    assert not {"verdict", "guesses", "result"} & home.seen().keys()
    assert "abominable" not in str(home.seen("Ben"))
    home.service.parties.act(ROOM, "Ben", Guess(2, YETI.call))
    home.next()
    assert home.seen()["verdict"] == {"label": "abominable", "percent": 84, "needle": 0.16}
    await home.restart()
    assert home.party.phase is Phase.LOOKING
    assert home.party.until > home.now
    home.service.parties.enter(ROOM, TV, is_screen=True)
    home.next()
    home.next()
    assert home.seen()["result"]["awards"][-1]["player"] == 2
    home.service.parties.act(ROOM, TV, End())
    await until(lambda: len(home.messenger.sent) == 1)
    ((_, told, _),) = home.messenger.sent
    assert told.picture is not None
    assert EN.party.title() in told.text
    assert await home.service.parties.picture(ROOM, "evening") == told.picture.png
    assert await home.service.parties.picture(ROOM, "../../party.db") is None
    # A day later nothing is left of it.
    home.now += timedelta(days=1)
    await home.service.parties.prune()
    assert home.service.parties.find(ROOM) is None
    assert not pictures(home)
    assert await home.store.parties.all() == []


async def test_an_evening_in_which_nobody_scores_is_told_as_that(home: Home) -> None:
    home.come("Mia", "Ben")
    home.start()
    await home.send("Mia", b"mop")
    await until(lambda: all(photo.verdict for photo in home.party.rounds[0].photos))
    home.service.parties.act(ROOM, TV, End())
    seen = home.seen()
    assert (seen["sent"], seen["winners"]) == (True, EN.party.winners([]))


async def test_what_cannot_be_played_is_refused_and_another_shot_is_allowed(home: Home) -> None:
    home.come("Mia", "Ben")
    home.start()
    with pytest.raises(Refused):
        await home.send("Mia", b"not_a_picture")
    await home.send("Mia", b"mop")
    with pytest.raises(NotAllowed) as refused:
        await home.send("Ben", b"mop")
    assert refused.value.why is Why.SAME_FILE

    async def fetch(_: int) -> bytes:
        raise AssertionError("it is none of the evening's")

    for device, number in (("Mia", 1), ("Ben", 1), ("a stranger", 2)):
        with pytest.raises(NotAllowed):
            await home.service.parties.send_photo(ROOM, device, number, fetch)
    home.vision.fault = RuntimeError("a tensor of the wrong shape")
    # The preview works, the network does not.
    with pytest.raises(RuntimeError):
        await home.send("Ben", b"sock")
    home.vision.fault = None
    await home.send("Ben", b"sock")
    await until(lambda: all(photo.verdict for photo in home.party.rounds[0].photos))


async def test_no_photo_is_kept_that_the_evening_does_not_have(home: Home) -> None:
    home.come("Mia", "Ben")
    home.start()
    both = (home.send("Mia", b"mop"), home.send("Mia", b"sock"))  # the second comes too late
    refused = [each for each in await asyncio.gather(*both, return_exceptions=True) if each]
    assert [getattr(each, "why", None) for each in refused] == [Why.ALREADY]
    mias = home.party.rounds[0].photos[0].id
    await until(lambda: pictures(home) == {mias, f"{mias}.heat"})

    home.vision.may_answer.clear()
    await home.send("Ben", b"boot")
    home.vision.fault = RuntimeError("a tensor of the wrong shape")
    home.vision.may_answer.set()
    await until(lambda: len(home.party.rounds[0].photos) == 1)  # he may send another one
    await until(lambda: pictures(home) == {mias, f"{mias}.heat"})

    home.vision.fault = None
    home.vision.heat_may_answer.clear()
    await home.send("Ben", b"shoe")
    await until(lambda: home.vision.heatmaps == 2)
    await home.service.parties.forget("web", "Ben")
    home.vision.heat_may_answer.set()
    await until(lambda: not home.service.parties._evenings[ROOM].jobs)
    assert pictures(home) == {mias, f"{mias}.heat"}


async def test_a_photo_that_nobody_looked_at_before_a_restart_is_looked_at_after_it(
    home: Home,
) -> None:
    home.come("Mia", "Ben")
    home.start()
    home.vision.may_answer.clear()
    await home.send("Mia", b"mop")
    await home.restart()
    assert home.party.rounds[0].photos[0].verdict is None
    home.vision.may_answer.set()
    await until(lambda: home.party.rounds[0].photos[0].verdict is not None)


async def test_who_is_forgotten_leaves_the_evening_with_name_and_photos(home: Home) -> None:
    home.come("Mia", "Ben")
    home.start()
    await home.send("Mia", b"mop")
    await home.send("Ben", b"sock")
    await until(lambda: len(pictures(home)) == 4)
    parties = home.service.parties
    hers = f"party/{home.party.rounds[0].photos[0].id}.jpg"
    kept = await parties.export("web", "Mia")
    assert kept.record["parties"] == [
        {"room": ROOM.id, "players": [{"name": "Mia", "points": 0}], "photos": [hers]}
    ]
    ((name, jpeg),) = kept.files.items()
    assert (name, jpeg[:2]) == (hers, b"\xff\xd8")
    await parties.forget("web", "Mia")
    assert not (await parties.export("web", "Mia")).record
    assert (await parties.export("web", "Ben")).record
    assert [player.name for player in home.party.players] == ["⛄", "Ben"]
    assert len(pictures(home)) == 2
    await parties.close()
    ((_, stored),) = await home.store.parties.all()
    assert "Mia" not in stored


async def test_a_lobby_that_nobody_came_to_is_forgotten_when_its_screen_is_closed(
    home: Home,
) -> None:
    home.come()
    home.service.parties.leave(ROOM, TV)
    home.service.parties.close_unused(ROOM)
    assert home.service.parties.find(ROOM) is None
    assert await home.store.parties.all() == []


async def test_screens_are_told_when_somebody_else_may_take_over(home: Home) -> None:
    home.come("Mia", "Ben")
    home.service.parties.leave(ROOM, "Mia")
    assert not home.seen("Ben")["may_take_over"]
    due = home.party.due(home.now)
    while due is not None and due < home.party.until:
        home.now = due
        due = home.party.due(home.now)
    assert home.seen("Ben")["may_take_over"]


async def test_prompts_differ_from_round_to_round_and_are_of_the_places_that_were_chosen(
    home: Home,
) -> None:
    home.come("Mia", "Ben")
    wish = decode_wish({"minutes": None, "rounds": 5, "seconds": 40, "places": ["drawing"]})
    assert wish is not None
    home.service.parties.start(ROOM, TV, wish)
    prompts = [home.party.rounds[0].prompt, *home.party.prompts]
    assert {prompt.place for prompt in prompts} == {"drawing"}
    assert len({prompt.key for prompt in prompts}) == 5
    assert all(one.goal is not other.goal for one, other in pairwise(prompts))
    assert home.party.seconds == 40


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("guess", {"player": 1, "label": "mop"}),
        ("guess", {"player": "x", "label": "olaf"}),
        ("guess", {}),
        ("start", {}),
        ("explode", {}),
        (None, {}),
    ],
)
def test_a_tap_that_makes_no_sense_is_none(name: object, fields: dict[str, object]) -> None:
    assert decode_act(name, fields) is None
    assert decode_wish({"places": ["moon"]}) is None
