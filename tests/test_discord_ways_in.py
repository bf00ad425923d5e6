from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.fakes.discord_bot import OLAF_PNG, YETI_PNG, Evening, an_evening

# In German, with the space that does not break.
GERMAN = "Olaf! 97\xa0%"


@pytest.fixture
async def evening() -> AsyncIterator[Evening]:
    async with an_evening() as evening:
        yield evening


async def test_a_mention_with_a_picture_is_answered_by_a_reply(evening: Evening) -> None:
    discord, home = evening.discord, evening.home
    message = await discord.send(evening.ana, home, "who is it?", OLAF_PNG, mention=True)
    answer = await discord.answer(message)
    assert answer.content == "Olaf! 97%"
    assert answer.labels == ["Where did you look?"]


async def test_a_slash_command_with_an_attachment_carries_the_photo_again(
    evening: Evening,
) -> None:
    discord = evening.discord
    interaction = await discord.slash(evening.ana, evening.home, "who", OLAF_PNG)
    answer = await discord.answered(interaction)
    assert answer.content == "Olaf! 97%"
    assert discord.read(answer) == b"jpeg of " + OLAF_PNG


async def test_the_message_menu_looks_at_a_photo_that_nobody_showed_the_bot(
    evening: Evening,
) -> None:
    discord = evening.discord
    message = await discord.send(evening.ana, evening.home, "look!", YETI_PNG)
    interaction = await discord.menu(evening.ben, message)
    answer = await discord.answered(interaction)
    assert answer.content == GERMAN
    pressed = await discord.press(evening.ben, answer, "?")
    shown = await discord.followed_up(pressed)
    assert shown.attachments
