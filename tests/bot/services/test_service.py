from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain import (
    Button,
    CommandRequest,
    Photo,
    Player,
    ButtonPress,
    Fetch,
    Refusal,
    Refused,
    Reply,
    Room,
)
from bot.services.admission import AT_ONCE, MAX_BYTES, Admission
from bot.services.service import Service
from bot.services.rate_limit import RateLimits, Rate
from bot.storage.store import Store
from tests.fakes.vision import NOTHING_KEPT, OLAF, STRANGER, YETI, FakeVision

HOME = Room("test", "home")
ANA = Player("ana", "Ana")
EVENING = datetime(2026, 12, 24, 18, 0, tzinfo=UTC)


class Chat:
    """A platform that can fetch the photos it was told of."""

    def __init__(self) -> None:
        self.photos: dict[str, bytes] = {}

    def read(self, room: Room, reference: str) -> Fetch:
        async def read(limit: int) -> bytes:
            if reference not in self.photos:
                raise Refused(Refusal.GONE)
            return self.photos[reference]

        return read

    async def say(self, room: Room, reply: Reply, to: str | None = None) -> bool:
        raise AssertionError("nobody asked")


@pytest.fixture
def eye() -> FakeVision:
    return FakeVision()


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    async with Store.open("sqlite://") as store:
        yield store


@pytest.fixture
def chat() -> Chat:
    return Chat()


@pytest.fixture
def host(eye: FakeVision, store: Store, chat: Chat) -> Service:
    return made(eye, store, chat)


def made(
    eye: FakeVision, store: Store, chat: Chat | None = None, limits: RateLimits | None = None
) -> Service:
    often = RateLimits(Rate(1000, 60), Rate(1000, 60))
    door = Admission(limits or often, clock=lambda: 0.0, read_seconds=0.05)
    host = Service(eye, door, store, NOTHING_KEPT, now=lambda: EVENING)
    host.add("test", chat or Chat())
    return host


def photo(data: bytes = b"snow", **more: object) -> Photo:
    async def read(limit: int) -> bytes:
        return data

    return Photo(HOME, ANA, **{"read": read, **more})  # type: ignore[arg-type]


async def look(host: Service, photo: Photo) -> Reply:
    """Look at a photo that was not answered before, and send the answer."""
    reply = await host.look(photo)
    assert reply is not None
    await host.sent(reply, 3.0)
    return reply


async def admin() -> bool:
    return True


async def no_admin() -> bool:
    return False


def tap(button: Button | str, room: Room = HOME, player: Player = ANA) -> ButtonPress:
    return ButtonPress(room, player, button if isinstance(button, str) else button.data, admin)


def buttons(reply: Reply | None) -> list[Button]:
    assert reply is not None
    return [button for row in reply.buttons for button in row]


async def test_a_photo_is_answered_with_name_and_confidence(host: Service) -> None:
    reply = await look(host, photo())
    assert reply.text == "Olaf! 97%"
    assert reply.verdict == OLAF
    assert reply.refusal is None


async def test_the_same_bytes_are_looked_at_once(host: Service, eye: FakeVision) -> None:
    first, second = await look(host, photo()), await look(host, photo())
    assert first.verdict == second.verdict
    assert eye.looked == 1


async def test_a_known_key_is_answered_without_a_download(host: Service, eye: FakeVision) -> None:
    await look(host, photo(key="telegram:abc"))

    async def read(limit: int) -> bytes:
        raise AssertionError("downloaded again")

    reply = await look(host, photo(key="telegram:abc", read=read))
    assert reply.verdict == OLAF


async def test_a_message_is_answered_once(host: Service) -> None:
    await look(host, photo(message="7", reference="a"))
    assert await host.look(photo(message="7", reference="a")) is None
    assert (await look(host, photo(message="8", reference="a"))).verdict == OLAF


async def test_what_was_in_hand_at_the_end_is_answered_by_the_next_process_once(
    eye: FakeVision, store: Store
) -> None:
    before, after = made(eye, store), made(eye, store)
    in_hand = photo(message="7", reference="a", key="k")
    assert await before.look(in_hand) is not None  # and never sent
    (waiting,) = await after.left_over("test")
    assert (waiting.room, waiting.player.id, waiting.message) == (HOME, "ana", "7")
    assert waiting.reference == "a"
    await look(after, photo(message="7", reference="a", key=waiting.key))
    assert await after.left_over("test") == []


async def test_what_waited_longer_than_five_minutes_is_left_alone(
    eye: FakeVision, store: Store
) -> None:
    await made(eye, store).look(photo(message="7", reference="a"))
    later = Service(
        eye, Admission(RateLimits()), store, NOTHING_KEPT, now=lambda: EVENING + timedelta(minutes=6)
    )
    assert await later.left_over("test") == []


async def test_a_declared_size_over_the_cap_is_not_even_fetched(host: Service) -> None:
    async def read(limit: int) -> bytes:
        raise AssertionError("fetched")

    reply = await look(host, photo(size=MAX_BYTES + 1, read=read))
    assert reply.refusal is Refusal.TOO_MANY_BYTES
    assert "20 MB" in reply.text


async def test_a_platform_that_refuses_while_reading_gets_its_reason_worded(host: Service) -> None:
    async def read(limit: int) -> bytes:
        assert limit == MAX_BYTES
        raise Refused(Refusal.GONE)

    assert (await look(host, photo(read=read))).refusal is Refusal.GONE


async def test_a_photo_that_does_not_arrive_in_time_is_given_up(host: Service) -> None:
    async def read(limit: int) -> bytes:
        await asyncio.Event().wait()
        return b""

    assert (await look(host, photo(read=read))).refusal is Refusal.TOO_SLOW


async def test_who_asks_too_often_is_asked_to_wait(eye: FakeVision, store: Store) -> None:
    host = made(eye, store, limits=RateLimits(Rate(2, 60), Rate(100, 60)))
    replies = [await look(host, photo()) for _ in range(3)]
    assert [reply.refusal for reply in replies] == [None, None, Refusal.TOO_OFTEN]


async def test_what_comes_in_at_once_waits_for_its_turn(host: Service, eye: FakeVision) -> None:
    eye.may_answer.clear()
    outcomes = [asyncio.create_task(look(host, photo(bytes([i])))) for i in range(AT_ONCE + 8)]
    while eye.looked < AT_ONCE:
        await asyncio.sleep(0)
    for _ in range(100):
        await asyncio.sleep(0)
    assert eye.looked == AT_ONCE
    eye.may_answer.set()
    assert {reply.refusal for reply in await asyncio.gather(*outcomes)} == {None}


async def test_too_many_photos_at_once_are_told_to_come_back(eye: FakeVision, store: Store) -> None:
    host = Service(eye, Admission(RateLimits(), most=3), store, NOTHING_KEPT)
    eye.may_answer.clear()
    outcomes = [asyncio.create_task(look(host, photo(bytes([i])))) for i in range(4)]
    while eye.looked < 3:
        await asyncio.sleep(0)
    eye.may_answer.set()
    refusals = [reply.refusal for reply in await asyncio.gather(*outcomes)]
    assert sorted(map(str, refusals)) == ["None"] * 3 + ["busy"]


async def test_an_unforeseen_fault_is_a_friendly_sentence_and_the_next_photo_goes_on(
    host: Service, eye: FakeVision, caplog: pytest.LogCaptureFixture
) -> None:
    eye.fault = ZeroDivisionError("a bug")
    reply = await look(host, photo())
    assert reply.refusal is Refusal.FAULT
    assert "Something went wrong" in reply.text
    eye.fault = None
    assert (await look(host, photo())).verdict == OLAF
    assert "ZeroDivisionError" in caplog.text


async def test_an_album_gets_one_answer_with_a_line_for_each_picture(
    host: Service, eye: FakeVision
) -> None:
    eye.sees = {b"b": YETI, b"c": STRANGER}
    reply = await host.look_at_album([photo(b"a"), photo(b"b"), photo(b"damaged"), photo(b"c")])
    assert reply is not None
    lines = reply.text.splitlines()
    assert lines[0] == "1. Olaf! 97%"
    assert lines[1] == "2. Abominable! 84%"
    assert lines[2].startswith("3. That picture is damaged")
    assert lines[3].startswith("4. Olaf! 20%. Honestly")
    assert [button.text for button in buttons(reply)] == ["1: where?", "2: where?", "4: where?"]


async def test_an_album_that_was_answered_is_not_answered_again(host: Service) -> None:
    album = [photo(b"a", message="1", reference="a"), photo(b"b", message="2", reference="b")]
    reply = await host.look_at_album(album)
    assert reply is not None
    await host.sent(reply, 1.0)
    assert await host.look_at_album(album) is None


async def test_the_button_under_an_answer_shows_where_it_looked_once(
    host: Service, chat: Chat
) -> None:
    chat.photos["ref"] = b"snow"
    where = buttons(await look(host, photo(message="1", reference="ref")))[-1]
    assert where.text == "Where did you look?"
    said = (await host.press(tap(where))).say
    assert said is not None
    assert said.picture is not None
    assert said.picture.png == b"\x89PNG heat of snow"
    assert said.text.startswith("Olaf! 97%")
    again = await host.press(tap(where))
    assert again.say is None
    assert "shown that already" in again.notice


async def test_two_taps_at_once_show_one_picture(host: Service, chat: Chat, eye: FakeVision) -> None:
    chat.photos["ref"] = b"snow"
    where = buttons(await look(host, photo(message="1", reference="ref")))[-1]
    outcomes = await asyncio.gather(host.press(tap(where)), host.press(tap(where)))
    assert eye.explained == 1
    assert sum(outcome.say is not None for outcome in outcomes) == 1


async def test_a_photo_that_is_gone_is_said_to_be_gone_and_may_be_asked_for_again(
    host: Service, chat: Chat
) -> None:
    where = buttons(await look(host, photo(message="1", reference="ref")))[-1]
    assert "gone" in (await host.press(tap(where))).notice
    chat.photos["ref"] = b"snow"
    assert (await host.press(tap(where))).say is not None


async def test_a_button_of_another_room_or_another_time_says_kindly_that_its_time_is_over(
    host: Service, chat: Chat
) -> None:
    chat.photos["ref"] = b"snow"
    where = buttons(await look(host, photo(message="1", reference="ref")))[-1]
    for press in (
        tap(where, room=Room("test", "elsewhere")),
        tap("where:123456789"),
        tap("where:"),
        tap("where:99999999999999999999999"),
        tap("frobnicate:1"),
        tap(""),
    ):
        outcome = await host.press(press)
        assert "time is over" in outcome.notice
        assert outcome.say is outcome.edit is None


async def test_a_reference_that_is_only_known_after_sending_is_remembered(
    host: Service, chat: Chat
) -> None:
    chat.photos["later"] = b"snow"
    reply = await host.look(photo())
    assert reply is not None
    await host.sent(reply, 1.0, reference="later")
    assert (await host.press(tap(buttons(reply)[-1]))).say is not None


async def test_where_in_reply_to_a_photo_shows_where_it_looked(host: Service) -> None:
    reply = await host.command(CommandRequest(HOME, ANA, "where", admin, photo=photo()))
    assert reply is not None
    assert reply.picture is not None


async def test_who_with_a_photo_is_a_photo(host: Service) -> None:
    reply = await host.command(CommandRequest(HOME, ANA, "who", admin, photo=photo()))
    assert reply is not None
    assert reply.verdict == OLAF


async def test_a_group_hears_hello_once_until_it_invites_the_bot_again(host: Service) -> None:
    first = await host.joined(HOME, ANA, name="snowbot", hears_all=True)
    assert first is not None
    assert await host.joined(HOME, ANA, name="snowbot", hears_all=True) is None
    await host.left(HOME)
    assert await host.joined(HOME, ANA, name="snowbot", hears_all=True) is not None


async def test_a_room_moves_with_its_rounds_and_settings(host: Service, chat: Chat) -> None:
    new = Room("test", "palace")
    chat.photos["ref"] = b"snow"
    where = buttons(await look(host, photo(message="1", reference="ref")))[-1]
    await host.press(tap("set:language:de"))
    await host.moved(HOME, new)
    said = (await host.press(tap(where, room=new))).say
    assert said is not None
    assert "97\N{NO-BREAK SPACE}%" in said.text


async def test_draining_answers_what_is_in_hand_and_takes_nothing_new(
    host: Service, eye: FakeVision
) -> None:
    eye.may_answer.clear()
    in_hand = asyncio.create_task(look(host, photo()))
    while not eye.looked:
        await asyncio.sleep(0)
    draining = asyncio.create_task(host.drain(60))
    await asyncio.sleep(0)
    assert (await look(host, photo(b"late"))).refusal is Refusal.CLOSING
    assert not draining.done()
    eye.may_answer.set()
    await draining
    assert (await in_hand).verdict == OLAF


async def test_a_photo_that_cannot_be_fetched_before_the_end_is_told_to_come_back(
    eye: FakeVision, store: Store
) -> None:
    host = Service(eye, Admission(RateLimits()), store, NOTHING_KEPT)
    reading = asyncio.Event()

    async def read(limit: int) -> bytes:
        reading.set()
        await asyncio.Event().wait()
        return b""

    in_hand = asyncio.create_task(look(host, photo(read=read)))
    await reading.wait()
    await host.drain(0.1)
    assert (await in_hand).refusal is Refusal.CLOSING


async def test_draining_gives_up_on_a_photo_that_takes_too_long(host: Service, eye: FakeVision) -> None:
    eye.may_answer.clear()
    stuck = asyncio.create_task(look(host, photo()))
    while not eye.looked:
        await asyncio.sleep(0)
    await host.drain(0.01)
    assert not stuck.done()
    stuck.cancel()


async def test_the_log_has_a_line_a_photo_and_no_name_caption_or_reference(
    host: Service, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="bot")
    secret = photo(b"secret pixels", message="5", reference="file-id", caption="our kitchen")
    await look(host, secret)
    (line,) = [record.getMessage() for record in caplog.records if record.name == "bot.services.service"]
    assert line == (
        "photo platform=test room=home bytes=13 download=0 queue=1 inference=2 send=3 label=olaf"
    )
    for word in ("Ana", "kitchen", "file-id", hashlib.sha256(b"secret pixels").hexdigest()):
        assert word not in caplog.text


async def test_an_album_has_a_line_for_each_picture_in_the_log(
    host: Service, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="bot")
    reply = await host.look_at_album([photo(b"a"), photo(b"empty")])
    assert reply is not None
    await host.sent(reply, 1.0)
    ends = [line.rsplit(" ", 1)[1] for line in caplog.messages]
    assert ends == ["label=olaf", "refused=empty"]
