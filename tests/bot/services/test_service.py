from __future__ import annotations

import asyncio
import hashlib
import logging
import shutil
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.domain import (
    STALE,
    Button,
    ButtonPress,
    CommandRequest,
    Delivery,
    Fingerprint,
    Hello,
    Photo,
    Player,
    Preview,
    Refusal,
    Refused,
    Reply,
    Room,
    Timings,
    Verdict,
)
from bot.services import Service
from bot.services.admission import AT_ONCE, MAX_BYTES, Admission
from bot.services.line import FIRST_PACE
from bot.services.rate_limit import Rate, RateLimits
from bot.speech import speaker_for
from bot.storage import Store
from tests.fakes.messenger import FakeMessenger
from tests.fakes.vision import OLAF, STRANGER, YETI, FakeVision
from tests.support.services import OFTEN, make_service

HOME = Room("test", "home")
ANA = Player("ana", "Ana")
HELLO = Hello("snowbot", hears_all=True)
EVENING = datetime(2026, 12, 24, 18, 0, tzinfo=UTC)


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    async with Store.open("sqlite://") as store:
        yield store


@pytest.fixture
def messenger() -> FakeMessenger:
    return FakeMessenger()


@pytest.fixture
def service(vision: FakeVision, store: Store, messenger: FakeMessenger) -> Service:
    return made(vision, store, messenger)


def made(
    vision: FakeVision,
    store: Store,
    messenger: FakeMessenger | None = None,
    limits: RateLimits | None = None,
    *,
    pace: float = FIRST_PACE,
    fetch_seconds: float = 0.05,
    now: datetime = EVENING,
) -> Service:
    return make_service(
        vision,
        store,
        {"test": messenger or FakeMessenger()},
        admission=Admission(
            limits or RateLimits(OFTEN, OFTEN),
            clock=lambda: 0.0,
            fetch_seconds=fetch_seconds,
            pace=pace,
        ),
        now=lambda: now,
    )


def photo(data: bytes = b"snow", **more: object) -> Photo:
    async def fetch(limit: int) -> bytes:
        return data

    return Photo(HOME, ANA, **{"fetch": fetch, **more})  # type: ignore[arg-type]


async def answer(service: Service, photo: Photo) -> Reply:
    """Show a photo that was not answered before, and send the answer."""
    reply = await service.handle_photo(photo)
    assert reply is not None
    await service.mark_sent(reply.outcomes, 3.0)
    return reply


async def attempted(messenger: FakeMessenger, number: int) -> None:
    """Wait until the bot has tried so often to send something by itself."""
    async with asyncio.timeout(5):
        while messenger.attempts < number:
            await asyncio.sleep(0)


async def admin() -> bool:
    return True


async def no_admin() -> bool:
    return False


def tap(button: Button | str, room: Room = HOME, player: Player = ANA) -> ButtonPress:
    return ButtonPress(room, player, button if isinstance(button, str) else button.data, admin)


def buttons(reply: Reply | None) -> list[Button]:
    assert reply is not None
    return [button for row in reply.buttons for button in row]


async def test_a_photo_is_answered_with_name_and_confidence(service: Service) -> None:
    reply = await answer(service, photo())
    assert reply.text.startswith("Olaf! 97%")
    assert reply.verdict == OLAF
    assert reply.refusal is None


async def test_the_same_bytes_are_looked_at_once(service: Service, vision: FakeVision) -> None:
    first, second = await answer(service, photo()), await answer(service, photo())
    assert first.verdict == second.verdict
    assert vision.classified == 1


async def test_a_known_key_is_answered_without_a_download(
    service: Service, vision: FakeVision
) -> None:
    await answer(service, photo(key="telegram:abc"))

    async def fetch(limit: int) -> bytes:
        raise AssertionError("downloaded again")

    reply = await answer(service, photo(key="telegram:abc", fetch=fetch))
    assert reply.verdict == OLAF


async def test_a_message_is_answered_once(service: Service) -> None:
    await answer(service, photo(message="7", reference="a"))
    assert await service.handle_photo(photo(message="7", reference="a")) is None
    assert (await answer(service, photo(message="8", reference="a"))).verdict == OLAF


async def test_what_was_in_hand_at_the_end_is_answered_by_the_next_process_once(
    vision: FakeVision, store: Store
) -> None:
    before, after = made(vision, store), made(vision, store)
    in_hand = photo(message="7", reference="a", key="k")
    assert await before.handle_photo(in_hand) is not None  # and never sent
    (pending,) = await after.pending_photos("test")
    assert (pending.room, pending.player.id, pending.message) == (HOME, "ana", "7")
    assert pending.reference == "a"
    await answer(after, photo(message="7", reference="a", key=pending.key))
    assert await after.pending_photos("test") == []


class DeadlyVision(FakeVision):
    """Ends the process over a photo of `deadly`: what has happened by then is all that has."""

    def __init__(self) -> None:
        super().__init__()
        self.died = asyncio.Event()

    async def classify(
        self, photo: bytes, timings: Timings, preview: int = 0
    ) -> tuple[Verdict, Fingerprint, Preview | None]:
        await asyncio.sleep(0.05)  # whoever is not alone is in here by now
        if photo == b"deadly":
            self.died.set()
            await asyncio.Event().wait()
        return await super().classify(photo, timings, preview)


async def process_over(
    vision: DeadlyVision,
    folder: Path,
    after: Path,
    *,
    sent: Sequence[Photo] = (),
    answers: int = 0,
    dies: bool = True,
) -> dict[str, Refusal | None]:
    """Have a process answer so many photos of those in hand, and die over another.

    What is stored by then is found in another folder.
    """
    vision.died.clear()
    told: dict[str, Refusal | None] = {}
    async with Store.open(f"sqlite:///{folder}/game.db") as store:
        service = made(vision, store)
        for one in sent:
            await service.note_arrival(one)
        photos = sent or [
            each.to_answer(photo(each.key.encode()).fetch)
            for each in await service.pending_photos("test")
        ]

        async def answer_one(one: Photo) -> None:
            told[one.key or ""] = (await answer(service, one)).refusal

        answering = asyncio.gather(*map(answer_one, photos))
        async with asyncio.timeout(10):
            while len(told) < answers or vision.died.is_set() != dies:
                await asyncio.sleep(0.01)
        shutil.copytree(folder, after)
        answering.cancel()
        await asyncio.gather(answering, return_exceptions=True)
    return told


async def test_a_photo_that_ends_the_process_twice_is_given_up_and_the_others_are_answered(
    tmp_path: Path,
) -> None:
    vision, folders = DeadlyVision(), [tmp_path / str(number) for number in range(4)]
    vision.may_answer.clear()
    sent = [
        photo(each.encode(), message=str(number), key=each, reference="a")
        for number, each in enumerate(("first", "deadly", "last"))
    ]
    assert await process_over(vision, folders[0], folders[1], sent=sent) == {}
    vision.may_answer.set()
    told = await process_over(vision, folders[1], folders[2], answers=1)
    assert told == {"first": None}
    told = await process_over(vision, folders[2], folders[3], answers=2, dies=False)
    assert told == {"deadly": Refusal.DAMAGED, "last": None}
    async with Store.open(f"sqlite:///{folders[3]}/game.db") as store:
        assert await made(vision, store).pending_photos("test") == []


async def test_what_waited_longer_than_five_minutes_is_left_alone(
    vision: FakeVision, store: Store
) -> None:
    await made(vision, store).handle_photo(photo(message="7", reference="a"))
    later = made(vision, store, now=EVENING + timedelta(minutes=6))
    assert await later.pending_photos("test") == []


async def test_a_declared_size_over_the_cap_is_not_even_fetched(service: Service) -> None:
    async def fetch(limit: int) -> bytes:
        raise AssertionError("fetched")

    reply = await answer(service, photo(size=MAX_BYTES + 1, fetch=fetch))
    assert reply.refusal is Refusal.TOO_MANY_BYTES
    assert "20 MB" in reply.text


async def test_a_platform_that_refuses_while_reading_gets_its_reason_worded(
    service: Service,
) -> None:
    async def fetch(limit: int) -> bytes:
        assert limit == MAX_BYTES
        raise Refused(Refusal.GONE)

    assert (await answer(service, photo(fetch=fetch))).refusal is Refusal.GONE


async def test_a_photo_that_does_not_arrive_in_time_is_given_up(service: Service) -> None:
    async def fetch(limit: int) -> bytes:
        await asyncio.Event().wait()
        return b""

    assert (await answer(service, photo(fetch=fetch))).refusal is Refusal.TOO_SLOW


async def test_who_asks_too_often_is_asked_to_wait(vision: FakeVision, store: Store) -> None:
    service = made(vision, store, limits=RateLimits(Rate(2, 60), Rate(100, 60)))
    replies = [await answer(service, photo()) for _ in range(3)]
    assert [reply.refusal for reply in replies] == [None, None, Refusal.TOO_OFTEN]


async def test_a_photo_counts_for_when_it_was_sent_and_not_for_when_it_came(
    vision: FakeVision, store: Store
) -> None:
    service = made(vision, store, limits=RateLimits(Rate(2, 60), Rate(100, 60)))
    # Nothing was sent in the future, nor before what is answered at all.
    minutes = (4, 3, 2, 0, -1, -2, 4000, 4000, 4000)
    sent = [EVENING - timedelta(minutes=ago) for ago in minutes]
    replies = [await answer(service, photo(sent=at)) for at in sent]
    often = Refusal.TOO_OFTEN
    assert [reply.refusal for reply in replies] == [None] * 5 + [often, None, None, often]
    exported = await store.people.export("test", ANA.id)
    assert isinstance(exported["rounds"], list)
    arrived = [datetime.fromisoformat(each["arrived"]) for each in exported["rounds"]]
    assert arrived == [*sent[:4], EVENING, *[EVENING - STALE] * 2]


async def test_what_comes_in_at_once_waits_for_its_turn(
    service: Service, vision: FakeVision
) -> None:
    vision.may_answer.clear()
    outcomes = [asyncio.create_task(answer(service, photo(bytes([i])))) for i in range(AT_ONCE + 8)]
    while vision.classified < AT_ONCE:
        await asyncio.sleep(0)
    for _ in range(100):
        await asyncio.sleep(0)
    assert vision.classified == AT_ONCE
    vision.may_answer.set()
    assert {reply.refusal for reply in await asyncio.gather(*outcomes)} == {None}


async def test_who_would_wait_over_two_minutes_is_told_to_come_back(
    vision: FakeVision, store: Store
) -> None:
    service = made(vision, store, pace=60)
    vision.may_answer.clear()
    photos = [photo(bytes([number])) for number in range(AT_ONCE + 5)]
    outcomes = [asyncio.create_task(answer(service, each)) for each in photos]
    await asyncio.wait(outcomes, return_when=asyncio.FIRST_COMPLETED)
    assert service.is_waited_in(HOME)
    vision.may_answer.set()
    refusals = [reply.refusal for reply in await asyncio.gather(*outcomes)]
    assert sorted(map(str, refusals)) == [*["None"] * (AT_ONCE + 3), "busy", "busy"]
    assert not service.is_waited_in(HOME)


async def test_an_unforeseen_fault_is_a_friendly_sentence_and_the_next_photo_goes_on(
    service: Service, vision: FakeVision, caplog: pytest.LogCaptureFixture
) -> None:
    vision.fault = ZeroDivisionError("a bug")
    reply = await answer(service, photo())
    assert reply.refusal is Refusal.FAULT
    assert "Something went wrong" in reply.text
    vision.fault = None
    assert (await answer(service, photo())).verdict == OLAF
    assert "ZeroDivisionError" in caplog.text


async def test_an_album_gets_one_answer_with_a_line_for_each_picture(
    service: Service, vision: FakeVision
) -> None:
    vision.sees = {b"b": YETI, b"c": STRANGER}
    reply = await service.handle_album([photo(b"a"), photo(b"b"), photo(b"damaged"), photo(b"c")])
    assert reply is not None
    lines = reply.text.splitlines()
    assert lines[0] == "1. Olaf! 97%"
    assert lines[1] == "2. Abominable! 84%"
    assert lines[2].startswith("3. That picture is damaged")
    assert "If I must choose: Olaf, 67%" in lines[3]
    texts = [button.text for button in buttons(reply)]
    assert texts == ["Olaf", "Yeti", "Neither", "1: where?", "2: where?", "4: where?"]


async def test_an_album_that_was_answered_is_not_answered_again(service: Service) -> None:
    album = [photo(b"a", message="1", reference="a"), photo(b"b", message="2", reference="b")]
    reply = await service.handle_album(album)
    assert reply is not None
    await service.mark_sent(reply.outcomes, 1.0)
    assert await service.handle_album(album) is None


async def test_the_button_under_an_answer_shows_where_it_looked_once(
    service: Service, messenger: FakeMessenger
) -> None:
    messenger.photos["ref"] = b"snow"
    where = buttons(await answer(service, photo(message="1", reference="ref")))[-1]
    assert where.text == "Where did you look?"
    shown = (await service.handle_button(tap(where))).send
    assert shown is not None
    assert shown.picture is not None
    assert shown.picture.png.startswith(b"\x89PNG")
    assert shown.text.startswith("Olaf! 97%")
    again = await service.handle_button(tap(where))
    assert again.send is None
    assert "shown that already" in again.notice


async def test_two_taps_at_once_show_one_picture(
    service: Service, messenger: FakeMessenger, vision: FakeVision
) -> None:
    messenger.photos["ref"] = b"snow"
    where = buttons(await answer(service, photo(message="1", reference="ref")))[-1]
    outcomes = await asyncio.gather(
        service.handle_button(tap(where)), service.handle_button(tap(where))
    )
    assert vision.heatmaps == 1
    assert sum(outcome.send is not None for outcome in outcomes) == 1


async def test_a_photo_that_is_gone_is_said_to_be_gone_and_may_be_asked_for_again(
    service: Service, messenger: FakeMessenger
) -> None:
    where = buttons(await answer(service, photo(message="1", reference="ref")))[-1]
    assert "gone" in (await service.handle_button(tap(where))).notice
    messenger.photos["ref"] = b"snow"
    assert (await service.handle_button(tap(where))).send is not None


async def test_a_button_of_another_room_or_another_time_says_kindly_that_its_time_is_over(
    service: Service, messenger: FakeMessenger
) -> None:
    messenger.photos["ref"] = b"snow"
    where = buttons(await answer(service, photo(message="1", reference="ref")))[-1]
    for press in (
        tap(where, room=Room("test", "elsewhere")),
        tap("where:123456789"),
        tap("where:"),
        tap("where:99999999999999999999999"),
        tap("frobnicate:1"),
        tap(""),
    ):
        outcome = await service.handle_button(press)
        assert "melted" in outcome.notice
        assert outcome.send is outcome.edit is None


async def test_a_reference_that_is_only_known_after_sending_is_remembered(
    service: Service, messenger: FakeMessenger
) -> None:
    messenger.photos["later"] = b"snow"
    reply = await service.handle_photo(photo())
    assert reply is not None
    await service.mark_sent(reply.outcomes, 1.0, reference="later")
    assert (await service.handle_button(tap(buttons(reply)[-1]))).send is not None


async def test_where_in_reply_to_a_photo_shows_where_it_looked(service: Service) -> None:
    reply = await service.handle_command(CommandRequest(HOME, ANA, "where", admin, photo=photo()))
    assert reply is not None
    assert reply.picture is not None


async def test_who_with_a_photo_is_a_photo(service: Service) -> None:
    reply = await service.handle_command(CommandRequest(HOME, ANA, "who", admin, photo=photo()))
    assert reply is not None
    assert reply.verdict == OLAF


async def test_a_group_hears_hello_once_until_it_invites_the_bot_again(
    service: Service, messenger: FakeMessenger
) -> None:
    for number in (1, 2):
        async with service.running():
            for _ in range(2):
                await service.greet(HOME, ANA, HELLO)
            await attempted(messenger, number)
        assert len(messenger.sent) == number
        await service.leave(HOME)


async def test_a_hello_that_did_not_get_there_is_said_by_who_starts_again(
    service: Service, messenger: FakeMessenger, store: Store, vision: FakeVision
) -> None:
    messenger.delivery = Delivery.FAILED
    async with service.running():
        await service.greet(HOME, Player("ana", "Ana", language="de"), HELLO)
        await attempted(messenger, 1)
    messenger.delivery = Delivery.SENT
    async with made(vision, store, messenger).running():
        await attempted(messenger, 2)
    assert not await store.rooms.unsaid_hellos()
    ((room, said, _),) = messenger.sent
    assert room == HOME
    assert said.text == speaker_for("de").rooms.hello("test", "snowbot", hears_all=True)


async def test_what_cannot_be_taken_over_keeps_nothing_else_waiting(
    service: Service, messenger: FakeMessenger, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken() -> None:
        raise OSError("no")

    monkeypatch.setattr(store.guesses, "unanswered", broken)
    await store.rooms.mark_greeted(HOME, EVENING, HELLO)
    await service.look()
    await attempted(messenger, 1)


async def test_a_hello_that_nobody_wanted_is_said_at_the_next_invitation(
    service: Service, messenger: FakeMessenger
) -> None:
    for number, messenger.delivery in enumerate((Delivery.REFUSED, Delivery.SENT), 1):
        async with service.running():
            await service.greet(HOME, ANA, HELLO)
            await attempted(messenger, number)
    assert len(messenger.sent) == 1


async def test_a_room_moves_with_its_rounds_and_settings(
    service: Service, messenger: FakeMessenger
) -> None:
    new = Room("test", "palace")
    messenger.photos["ref"] = b"snow"
    where = buttons(await answer(service, photo(message="1", reference="ref")))[-1]
    await service.handle_button(tap("set:language:de"))
    await service.move_room(HOME, new)
    shown = (await service.handle_button(tap(where, room=new))).send
    assert shown is not None
    assert "97\N{NO-BREAK SPACE}%" in shown.text


async def test_draining_answers_what_is_in_hand_and_takes_nothing_new(
    service: Service, vision: FakeVision
) -> None:
    vision.may_answer.clear()
    in_hand = asyncio.create_task(answer(service, photo()))
    while not vision.classified:
        await asyncio.sleep(0)
    draining = asyncio.create_task(service.drain(60))
    await asyncio.sleep(0)
    assert (await answer(service, photo(b"late"))).refusal is Refusal.CLOSING
    assert not draining.done()
    vision.may_answer.set()
    await draining
    assert (await in_hand).verdict == OLAF


async def test_a_photo_that_cannot_be_fetched_before_the_end_is_told_to_come_back(
    vision: FakeVision, store: Store
) -> None:
    service = made(vision, store, fetch_seconds=60)
    reading = asyncio.Event()

    async def fetch(limit: int) -> bytes:
        reading.set()
        await asyncio.Event().wait()
        return b""

    in_hand = asyncio.create_task(answer(service, photo(fetch=fetch)))
    await reading.wait()
    await service.drain(0.1)
    assert (await in_hand).refusal is Refusal.CLOSING


async def test_draining_gives_up_on_a_photo_that_takes_too_long(
    service: Service, vision: FakeVision
) -> None:
    vision.may_answer.clear()
    stuck = asyncio.create_task(answer(service, photo()))
    while not vision.classified:
        await asyncio.sleep(0)
    await service.drain(0.01)
    assert not stuck.done()
    stuck.cancel()


async def test_the_log_has_a_line_a_photo_and_no_name_caption_or_reference(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="bot")
    secret = photo(b"secret pixels", message="5", reference="file-id", caption="our kitchen")
    await answer(service, secret)
    (line,) = [
        record.getMessage() for record in caplog.records if record.name == "bot.services.service"
    ]
    assert line == (
        "photo platform=test room=home bytes=13 download=0 queue=1 inference=2 send=3 label=olaf"
    )
    for word in ("Ana", "kitchen", "file-id", hashlib.sha256(b"secret pixels").hexdigest()):
        assert word not in caplog.text


async def test_an_album_has_a_line_for_each_picture_in_the_log(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="bot")
    reply = await service.handle_album([photo(b"a"), photo(b"empty")])
    assert reply is not None
    await service.mark_sent(reply.outcomes, 1.0)
    ends = [line.rsplit(" ", 1)[1] for line in caplog.messages]
    assert ends == ["label=olaf", "refused=empty"]
