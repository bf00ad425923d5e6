"""Commands and settings, through the host, as a person uses them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.domain import CommandRequest, ButtonOutcome, Player, ButtonPress, Reply, Room
from bot.services.admission import Admission
from bot.services.service import Service
from bot.services.rate_limit import RateLimits
from bot.storage.store import Store
from tests.fakes.vision import NOTHING_KEPT, FakeVision

GROUP = Room("telegram", "-100")
PRIVATE = Room("telegram", "7", private=True)
ANA = Player("ana", "Ana", language="de")


@pytest.fixture
async def host() -> AsyncIterator[Service]:
    async with Store.open("sqlite://") as store:
        yield Service(FakeVision(), Admission(RateLimits()), store, NOTHING_KEPT)


async def asked(host: Service, name: str, room: Room = GROUP, player: Player = ANA) -> Reply:
    reply = await host.command(CommandRequest(room, player, name, _yes, bot="@snowbot"))
    assert reply is not None
    return reply


async def tapped(host: Service, data: str, room: Room = GROUP, *, admin: bool = True) -> ButtonOutcome:
    return await host.press(ButtonPress(room, ANA, data, _yes if admin else _no))


async def _yes() -> bool:
    return True


async def _no() -> bool:
    return False


def labels(reply: Reply | None) -> list[str]:
    assert reply is not None
    return [button.text for row in reply.buttons for button in row]


@pytest.mark.parametrize("name", ["start", "help", "who", "where", "settings", "privacy", "about"])
async def test_every_command_has_an_answer_in_the_persons_language(host: Service, name: str) -> None:
    english = await asked(host, name, player=Player("bo", "Bo", language="xx"))
    german = await asked(host, name)
    assert english.text
    assert german.text != english.text


async def test_an_unknown_command_gets_help(host: Service) -> None:
    assert (await asked(host, "frobnicate")).text == (await asked(host, "help")).text
    assert "/who@snowbot" in (await asked(host, "help")).text


async def test_the_menu_offers_commands_in_each_language(host: Service) -> None:
    menu = host.commands("fr")
    assert [word.name for word in menu] == [word.name for word in host.commands("en")]
    assert menu[0].description != host.commands("en")[0].description
    assert {word.name for word in menu if word.takes_photo} == {"who", "where", "guess"}


async def test_admins_choose_which_photos_are_answered(host: Service) -> None:
    assert await host.wants(GROUP, addressed=False)
    outcome = await tapped(host, "set:photos:called")
    assert outcome.notice
    assert "✓" in labels(outcome.edit)[1]
    assert not await host.wants(GROUP, addressed=False)
    assert await host.wants(GROUP, addressed=True)
    await tapped(host, "set:photos:every")
    assert await host.wants(GROUP, addressed=False)


async def test_a_private_chat_always_wants_its_photos_and_offers_no_such_choice(host: Service) -> None:
    assert len(labels(await asked(host, "settings", PRIVATE))) == 1
    assert "melted" in (await tapped_in_english(host, "set:photos:called")).notice
    assert await host.wants(PRIVATE, addressed=False)


async def tapped_in_english(host: Service, data: str) -> ButtonOutcome:
    return await host.press(ButtonPress(PRIVATE, Player("bo", "Bo"), data, _yes))


async def test_only_admins_change_settings(host: Service) -> None:
    outcome = await tapped(host, "set:photos:called", admin=False)
    assert outcome.notice
    assert outcome.edit is None
    assert await host.wants(GROUP, addressed=False)


async def test_a_rooms_language_goes_before_a_persons(host: Service) -> None:
    assert "Photos" not in (await asked(host, "settings")).text
    menu = await tapped(host, "set:language")
    assert "Français" in labels(menu.edit)
    outcome = await tapped(host, "set:language:en")
    assert outcome.edit is not None
    assert "Language: English" in outcome.edit.text
    assert "Photos" in (await asked(host, "settings")).text
    await tapped(host, "set:language:auto")
    assert "Photos" not in (await asked(host, "settings")).text


async def test_the_way_back_leads_to_the_settings(host: Service) -> None:
    back = await tapped(host, "set")
    assert labels(back.edit) == labels(await asked(host, "settings"))
    assert back.edit is not None
    assert back.edit.text == (await asked(host, "settings")).text


@pytest.mark.parametrize("data", ["set:language:xx", "set:photos:none", "set:x", "set:photos:"])
async def test_a_button_without_sense_changes_nothing(host: Service, data: str) -> None:
    outcome = await tapped(host, data)
    assert outcome.notice
    assert outcome.edit is None
