from __future__ import annotations

import asyncio
import hashlib
import logging

import pytest

from bot.domain import Label, Photo, Player, Refusal, Refused, Room, Verdict
from bot.host import MAX_BYTES, MAX_IN_HAND, Host
from bot.limits import Limits, Rate

OLAF = Verdict(
    Label.OLAF, 0.97, {Label.OLAF: 0.97, Label.ABOMINABLE: 0.01, Label.NEITHER: 0.02}, False
)
HOME = Room("test", "home")
ANA = Player("ana", "Ana")


class OneEye:
    """Sees Olaf everywhere, after a while if it is told to wait; counts how often it looked."""

    def __init__(self) -> None:
        self.looked = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.fault: Exception | None = None

    async def look(self, photo: bytes) -> Verdict:
        self.looked += 1
        await self.may_answer.wait()
        if self.fault is not None:
            raise self.fault
        return OLAF


@pytest.fixture
def eye() -> OneEye:
    return OneEye()


@pytest.fixture
def host(eye: OneEye) -> Host:
    return Host(eye, Limits(Rate(1000, 60), Rate(1000, 60)), read_seconds=0.05)


def photo(data: bytes = b"snow", **more: object) -> Photo:
    async def read(limit: int) -> bytes:
        return data

    return Photo(HOME, ANA, **{"read": read, **more})  # type: ignore[arg-type]


async def test_a_photo_is_answered_with_name_and_confidence(host: Host) -> None:
    reply = await host.look(photo())
    assert reply.text == "Olaf! 97%"
    assert reply.verdict == OLAF
    assert reply.refusal is None


async def test_the_same_bytes_are_looked_at_once(host: Host, eye: OneEye) -> None:
    first, second = await host.look(photo()), await host.look(photo())
    assert first == second
    assert eye.looked == 1


async def test_a_known_key_is_answered_without_a_download(host: Host, eye: OneEye) -> None:
    await host.look(photo(key="telegram:abc"))

    async def read(limit: int) -> bytes:
        raise AssertionError("downloaded again")

    reply = await host.look(photo(key="telegram:abc", read=read))
    assert reply.verdict == OLAF


async def test_a_declared_size_over_the_cap_is_not_even_fetched(host: Host, eye: OneEye) -> None:
    async def read(limit: int) -> bytes:
        raise AssertionError("fetched")

    reply = await host.look(photo(size=MAX_BYTES + 1, read=read))
    assert reply.refusal is Refusal.TOO_MANY_BYTES
    assert "20 MB" in reply.text


async def test_a_platform_that_refuses_while_reading_gets_its_reason_worded(host: Host) -> None:
    async def read(limit: int) -> bytes:
        assert limit == MAX_BYTES
        raise Refused(Refusal.TOO_MANY_BYTES)

    assert (await host.look(photo(read=read))).refusal is Refusal.TOO_MANY_BYTES


async def test_a_photo_that_does_not_arrive_in_time_is_given_up(host: Host) -> None:
    async def read(limit: int) -> bytes:
        await asyncio.Event().wait()
        return b""

    assert (await host.look(photo(read=read))).refusal is Refusal.TOO_SLOW


async def test_who_asks_too_often_is_asked_to_wait(eye: OneEye) -> None:
    host = Host(eye, Limits(Rate(2, 60), Rate(100, 60)), clock=lambda: 0.0)
    replies = [await host.look(photo()) for _ in range(3)]
    assert [reply.refusal for reply in replies] == [None, None, Refusal.TOO_OFTEN]


async def test_too_many_photos_at_once_are_told_to_come_back(host: Host, eye: OneEye) -> None:
    eye.may_answer.clear()
    looks = [asyncio.create_task(host.look(photo(bytes([i])))) for i in range(MAX_IN_HAND + 1)]
    while eye.looked < MAX_IN_HAND:
        await asyncio.sleep(0)
    eye.may_answer.set()
    refusals = [reply.refusal for reply in await asyncio.gather(*looks)]
    assert refusals == [None] * MAX_IN_HAND + [Refusal.BUSY]


async def test_an_unforeseen_fault_is_a_friendly_sentence_and_the_next_photo_goes_on(
    host: Host, eye: OneEye, caplog: pytest.LogCaptureFixture
) -> None:
    eye.fault = ZeroDivisionError("a bug")
    reply = await host.look(photo())
    assert reply.refusal is Refusal.FAULT
    assert "Something went wrong" in reply.text
    eye.fault = None
    assert (await host.look(photo())).verdict == OLAF
    assert "ZeroDivisionError" in caplog.text


async def test_draining_answers_what_is_in_hand_and_takes_nothing_new(
    host: Host, eye: OneEye
) -> None:
    eye.may_answer.clear()
    in_hand = asyncio.create_task(host.look(photo()))
    while not eye.looked:
        await asyncio.sleep(0)
    draining = asyncio.create_task(host.drain(60))
    await asyncio.sleep(0)
    assert (await host.look(photo(b"late"))).refusal is Refusal.CLOSING
    assert not draining.done()
    eye.may_answer.set()
    await draining
    assert in_hand.done()
    assert (await in_hand).verdict == OLAF


async def test_draining_gives_up_on_a_photo_that_takes_too_long(host: Host, eye: OneEye) -> None:
    eye.may_answer.clear()
    stuck = asyncio.create_task(host.look(photo()))
    await host.drain(0.01)
    assert not stuck.done()
    stuck.cancel()


async def test_the_log_has_a_line_a_photo_and_no_name_and_no_bytes(
    host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await host.look(photo(b"secret pixels"))
    (line,) = caplog.messages
    assert "platform=test room=home" in line
    assert "label=olaf" in line
    assert "Ana" not in line
    assert hashlib.sha256(b"secret pixels").hexdigest() not in line
