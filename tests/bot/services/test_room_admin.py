"""Commands and settings, through the host, as a person uses them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.domain import ButtonOutcome, ButtonPress, CommandRequest, Player, Reply, Room
from bot.services import Service
from bot.storage import Store
from tests.fakes.vision import FakeVision
from tests.support.services import make_service

GROUP = Room("telegram", "-100")
PRIVATE = Room("telegram", "7", private=True)
ANA = Player("ana", "Ana", language="de")


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    async with Store.open("sqlite://") as store:
        yield make_service(FakeVision(), store, {})


async def asked(service: Service, name: str, room: Room = GROUP, player: Player = ANA) -> Reply:
    reply = await service.handle_command(CommandRequest(room, player, name, _yes, bot="@snowbot"))
    assert reply is not None
    return reply


async def tapped(
    service: Service, data: str, room: Room = GROUP, *, admin: bool = True
) -> ButtonOutcome:
    return await service.handle_button(ButtonPress(room, ANA, data, _yes if admin else _no))


async def _yes() -> bool:
    return True


async def _no() -> bool:
    return False


def labels(reply: Reply | None) -> list[str]:
    assert reply is not None
    return [button.text for row in reply.buttons for button in row]


@pytest.mark.parametrize("name", ["start", "help", "who", "where", "settings", "privacy", "about"])
async def test_every_command_has_an_answer_in_the_persons_language(
    service: Service, name: str
) -> None:
    english = await asked(service, name, player=Player("bo", "Bo", language="xx"))
    german = await asked(service, name)
    assert english.text
    assert german.text != english.text


async def test_an_unknown_command_gets_help(service: Service) -> None:
    assert (await asked(service, "frobnicate")).text == (await asked(service, "help")).text
    assert "/who@snowbot" in (await asked(service, "help")).text


async def test_admins_choose_which_photos_are_answered(service: Service) -> None:
    assert await service.wants_photo(GROUP, addressed=False)
    outcome = await tapped(service, "set:photos:called")
    assert outcome.notice
    assert "✓" in labels(outcome.edit)[1]
    assert not await service.wants_photo(GROUP, addressed=False)
    assert await service.wants_photo(GROUP, addressed=True)
    await tapped(service, "set:photos:every")
    assert await service.wants_photo(GROUP, addressed=False)


async def test_a_private_chat_always_wants_its_photos_and_offers_no_such_choice(
    service: Service,
) -> None:
    assert "melted" in (await tapped_in_english(service, "set:photos:called")).notice
    assert not any("photo" in label for label in labels(await asked(service, "settings", PRIVATE)))
    assert await service.wants_photo(PRIVATE, addressed=False)


async def tapped_in_english(service: Service, data: str) -> ButtonOutcome:
    return await service.handle_button(ButtonPress(PRIVATE, Player("bo", "Bo"), data, _yes))


async def test_only_admins_change_settings(service: Service) -> None:
    outcome = await tapped(service, "set:photos:called", admin=False)
    assert outcome.notice
    assert outcome.edit is None
    assert await service.wants_photo(GROUP, addressed=False)


async def test_a_rooms_language_goes_before_a_persons(service: Service) -> None:
    assert "Photos" not in (await asked(service, "settings")).text
    menu = await tapped(service, "set:language")
    assert "Français" in labels(menu.edit)
    outcome = await tapped(service, "set:language:en")
    assert outcome.edit is not None
    assert "Language: English" in outcome.edit.text
    assert "Photos" in (await asked(service, "settings")).text
    await tapped(service, "set:language:auto")
    assert "Photos" not in (await asked(service, "settings")).text


async def test_the_way_back_leads_to_the_settings(service: Service) -> None:
    back = await tapped(service, "set")
    assert labels(back.edit) == labels(await asked(service, "settings"))
    assert back.edit is not None
    assert back.edit.text == (await asked(service, "settings")).text


@pytest.mark.parametrize("data", ["set:language:xx", "set:photos:none", "set:x", "set:photos:"])
async def test_a_button_without_sense_changes_nothing(service: Service, data: str) -> None:
    outcome = await tapped(service, data)
    assert outcome.notice
    assert outcome.edit is None
