from __future__ import annotations

import asyncio

from bot.platforms.common import ReplyOrder, Slot


async def say(slot: Slot, word: str, said: list[str]) -> None:
    async with slot.reached():
        said.append(word)


async def test_answers_of_one_chat_keep_the_order_of_their_questions() -> None:
    order, said = ReplyOrder(), list[str]()
    first, second, third = (order.reserve("home") for _ in range(3))
    late = [
        asyncio.create_task(say(slot, word, said)) for slot, word in ((third, "3"), (second, "2"))
    ]
    await asyncio.sleep(0)
    assert said == []
    await say(first, "1", said)
    await asyncio.gather(*late)
    assert said == ["1", "2", "3"]


async def test_one_chat_does_not_wait_for_another() -> None:
    order, said = ReplyOrder(), list[str]()
    order.reserve("slow")
    await say(order.reserve("quick"), "quick", said)
    assert said == ["quick"]


async def test_a_turn_that_is_given_up_or_cancelled_lets_only_the_next_one_in_when_it_may() -> None:
    order, said = ReplyOrder(), list[str]()
    first, second, third, fourth = (order.reserve("home") for _ in range(4))
    cancelled = asyncio.create_task(say(second, "2", said))
    rest = [asyncio.create_task(say(fourth, "4", said))]
    await asyncio.sleep(0)
    cancelled.cancel()
    third.release()
    await asyncio.gather(cancelled, return_exceptions=True)
    await asyncio.sleep(0)
    assert said == []
    await say(first, "1", said)
    await asyncio.gather(*rest)
    assert said == ["1", "4"]


async def test_a_fault_during_a_turn_does_not_stop_the_chat() -> None:
    order, said = ReplyOrder(), list[str]()
    first, second = order.reserve("home"), order.reserve("home")
    try:
        async with first.reached():
            raise ZeroDivisionError
    except ZeroDivisionError:
        await say(second, "2", said)
    assert said == ["2"]


async def test_a_quiet_chat_is_forgotten() -> None:
    order = ReplyOrder()
    await say(order.reserve("home"), "1", [])
    await asyncio.sleep(0)
    assert not order._last
