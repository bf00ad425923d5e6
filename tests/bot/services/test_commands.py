"""The registry of commands: menus, permissions, help."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.domain import CommandRequest, Player, Room
from bot.services import Service, commands
from bot.speech import speaker_for
from bot.storage import Store
from tests.fakes.vision import FakeVision
from tests.support.services import make_service

GROUP = Room("telegram", "-100")


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    async with Store.open("sqlite://") as store:
        yield make_service(FakeVision(), store, {})


async def _no() -> bool:
    return False


@pytest.mark.parametrize("platform", ["telegram", "discord", "web"])
def test_the_menu_offers_commands_in_each_language(platform: str) -> None:
    english, french = speaker_for("en"), speaker_for("fr")
    for command in commands.menu(platform):
        assert command.summary_in(english) == command.summary
        assert command.summary_in(french) != command.summary
        assert len(command.summary_in(french)) <= 90


def test_a_photo_goes_along_with_the_commands_that_are_about_one() -> None:
    assert {each.name for each in commands.COMMANDS if each.takes_photo} == {
        "who",
        "where",
        "guess",
    }


def test_the_browser_needs_no_command_for_what_its_page_does() -> None:
    names = {each.name for each in commands.menu("web")}
    assert names.isdisjoint({"start", "help", "who", "where"})
    assert {"guess", "leaderboard", "settings", "privacy"} <= names


async def test_what_only_admins_may_do_is_not_done_for_others(service: Service) -> None:
    for command in commands.COMMANDS:
        request = CommandRequest(GROUP, Player("bo", "Bo"), command.name, _no)
        reply = await service.handle_command(request)
        assert reply is not None
        assert ("for the admins" in reply.text) is command.admins_only
