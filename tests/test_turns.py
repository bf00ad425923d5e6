from __future__ import annotations

import asyncio

from bot.platforms.turns import Turn, Turns


async def say(turn: Turn, word: str, said: list[str]) -> None:
    async with turn.reached():
        said.append(word)


async def test_answers_of_one_chat_keep_the_order_of_their_questions() -> None:
    turns, said = Turns(), list[str]()
    first, second, third = (turns.take("home") for _ in range(3))
    late = [
        asyncio.create_task(say(turn, word, said)) for turn, word in ((third, "3"), (second, "2"))
    ]
    await asyncio.sleep(0)
    assert said == []
    await say(first, "1", said)
    await asyncio.gather(*late)
    assert said == ["1", "2", "3"]


async def test_one_chat_does_not_wait_for_another() -> None:
    turns, said = Turns(), list[str]()
    turns.take("slow")
    await say(turns.take("quick"), "quick", said)
    assert said == ["quick"]


async def test_a_turn_that_is_given_up_or_cancelled_lets_only_the_next_one_in_when_it_may() -> None:
    turns, said = Turns(), list[str]()
    first, second, third, fourth = (turns.take("home") for _ in range(4))
    cancelled = asyncio.create_task(say(second, "2", said))
    rest = [asyncio.create_task(say(fourth, "4", said))]
    await asyncio.sleep(0)
    cancelled.cancel()
    third.give_up()
    await asyncio.gather(cancelled, return_exceptions=True)
    await asyncio.sleep(0)
    assert said == []
    await say(first, "1", said)
    await asyncio.gather(*rest)
    assert said == ["1", "4"]


async def test_a_fault_during_a_turn_does_not_stop_the_chat() -> None:
    turns, said = Turns(), list[str]()
    first, second = turns.take("home"), turns.take("home")
    try:
        async with first.reached():
            raise ZeroDivisionError
    except ZeroDivisionError:
        await say(second, "2", said)
    assert said == ["2"]


async def test_a_quiet_chat_is_forgotten() -> None:
    turns = Turns()
    await say(turns.take("home"), "1", [])
    await asyncio.sleep(0)
    assert not turns._last
