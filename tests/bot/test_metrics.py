from __future__ import annotations

from bot.domain import ButtonPress, Photo, Player, Room
from bot.metrics import Metrics
from bot.services import Service
from bot.storage import Store
from tests.fakes.messenger import FakeMessenger
from tests.fakes.vision import STRANGER, YETI, FakeVision
from tests.support.metrics import samples
from tests.support.services import make_service

HOME = Room("igloo", "the-room-of-ana")
ANA = Player("ana-of-all-people", "Ana")


def photo_of(data: bytes) -> Photo:
    async def fetch(_: int) -> bytes:
        return data

    return Photo(HOME, ANA, fetch, message=data.decode(), reference="")


async def show(service: Service, photo: bytes) -> int | None:
    reply = await service.handle_photo(photo_of(photo))
    assert reply is not None
    await service.mark_sent(reply.outcomes, 40.0)
    return reply.outcomes[0].round_id


async def test_what_happens_is_counted_and_timed_and_nobody_is_named() -> None:
    metrics, vision = Metrics(["igloo"]), FakeVision(YETI)
    vision.sees[b"mop"] = STRANGER
    async with Store.open("sqlite://", observe=metrics.note_transaction) as store:
        messengers = {HOME.platform: FakeMessenger()}
        service = make_service(vision, store, messengers, metrics=metrics)
        for photo in (b"yeti", b"olaf", b"mop", b"damaged"):
            round_id = await show(service, photo)
            if photo in (b"yeti", b"olaf"):
                data = f"truth:{round_id}:{'abominable' if photo == b'yeti' else 'olaf'}"
                await service.handle_button(ButtonPress(HOME, ANA, data, lambda: _no()))
        in_flight = await show_no_more(service)
        await service.pending_photos(HOME.platform)
        await service.settle()
        for photo in (b"yeti", b"damaged"):
            await service.glance(photo_of(photo))
    told = samples(metrics)

    def value(name: str, **labels: str) -> float:
        return told.get((name, frozenset(labels.items())), 0.0)

    def photos(label: str, outcome: str) -> float:
        return value("photos_total", platform="igloo", label=label, outcome=outcome)

    assert photos("abominable", "answered") == 2
    assert photos("neither", "answered") == 1
    assert photos("abominable", "guest") == 1
    assert photos("", "refused") == 2
    assert value("refusals_total", platform="igloo", reason="damaged") == 2
    assert value("truths_total", platform="igloo", fooled="yes") == 1
    assert value("truths_total", platform="igloo", fooled="no") == 1
    assert value("ambiguous_answers_total", platform="igloo") == in_flight
    assert value("photo_seconds_count", stage="send") == 4
    assert value("photo_seconds_sum", stage="inference") == 4 * 2.0 / 1000
    assert value("photo_seconds_count", stage="all") == 4
    assert value("photo_seconds_sum", stage="all") >= 4 * 0.042
    assert value("photo_seconds_bucket", stage="send", le="0.05") == 4
    assert value("photo_seconds_bucket", stage="send", le="0.025") == 0
    assert value("database_seconds_count", stage="write") > 4
    assert value("database_seconds_count", stage="read") > 4
    names = "".join(str(sample) for sample in told)
    assert HOME.id not in names
    assert ANA.id not in names


async def show_no_more(service: Service) -> int:
    """Leave an answer on its way, as a kill does; return how many that are."""
    reply = await service.handle_photo(photo_of(b"last"))
    assert reply is not None
    await service.note_sending(reply.outcomes, has_failed=False)
    return 1


async def _no() -> bool:
    return False


def test_what_has_not_happened_yet_is_zero_and_not_missing() -> None:
    told = samples(Metrics(["igloo"]))
    labels = frozenset({("platform", "igloo"), ("reason", "fault")})
    assert told["refusals_total", labels] == 0
    assert told["retries_total", frozenset({("platform", "igloo"), ("call", "send")})] == 0
    assert not any(dict(labels).get("platform", "igloo") != "igloo" for _, labels in told)


def test_how_things_are_is_asked_when_prometheus_asks() -> None:
    metrics = Metrics()
    states: dict[str, dict[str, str | int]] = {
        "igloo": {"state": "waiting", "reason": "ConnectionError", "faults": 3},
        "cave": {"state": "off"},
    }
    in_hand = [5]
    metrics.watch(
        states=lambda: states, in_hand=lambda: in_hand[0], waiting=lambda: 3, classifying=lambda: 2
    )
    before = samples(metrics)
    assert before["photos_in_hand", frozenset()] == 5
    assert before["photos_waiting", frozenset()] == 3
    assert before["classifier_photos", frozenset()] == 2
    assert before["platform_running", frozenset({("platform", "igloo")})] == 0
    assert not any(("platform", "cave") in labels for _, labels in before)
    assert not any("ConnectionError" in str(labels) for _, labels in before)
    reports = frozenset({("platform", "igloo"), ("what", "faults")})
    assert before["platform_reports", reports] == 3
    states["igloo"], in_hand[0] = {"state": "running"}, 0
    after = samples(metrics)
    assert after["photos_in_hand", frozenset()] == 0
    assert after["platform_running", frozenset({("platform", "igloo")})] == 1
    assert after["platform_state", frozenset({("platform", "igloo"), ("state", "running")})] == 1
    assert reports not in {labels for _, labels in after}
