"""Party nights in chats: what is said in which moment, and what becomes of it on a bad day."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.domain import CommandRequest, Delivery, Label, Player, Reply, Room, Verdict
from bot.game import party_flow as flow
from bot.game.party import Party, Phase, opened
from bot.game.party_acts import Join, Judge, Start
from bot.platforms.discord import DiscordAdapter
from bot.platforms.telegram import TelegramAdapter
from bot.services.party_chat import LONGEST_NAME, SCREEN
from bot.services.party_screens import Screen, draw
from bot.speech import LANGUAGES, speaker_for
from bot.storage import Store
from tests.fakes.messenger import FakeMessenger
from tests.support.party import DRAWING, KITCHEN, WHITE, Eyes, settled
from tests.support.services import make_service

NOW = datetime(2026, 11, 29, 18, tzinfo=UTC)
GROUP, PRIVATE = Room("telegram", "-100"), Room("telegram", "7", private=True)
EN = speaker_for("en")
MIA, BEN = Player("1", "Mia"), Player("2", "Ben")


class Table:
    """The service in a group whose platform does what a test wants."""

    def __init__(self, store: Store, kept: Path) -> None:
        self.now = NOW
        self.messenger = FakeMessenger()
        messengers = {"telegram": self.messenger}
        self.service = make_service(Eyes(), store, messengers, kept=kept, now=lambda: self.now)

    @property
    def party(self) -> Party:
        party = self.service.parties.find(GROUP)
        assert party is not None
        return party

    @property
    def texts(self) -> list[str]:
        return [reply.text for _, reply, _ in self.messenger.sent]

    async def ask(
        self, player: Player, argument: str = "", room: Room = GROUP, *, is_admin: bool = False
    ) -> Reply | None:
        async def may() -> bool:
            return is_admin

        request = CommandRequest(room, player, "party", may, argument=argument)
        reply = await self.service.handle_command(request)
        await settled()
        return reply

    async def pass_(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.service.parties.enter(GROUP, SCREEN)
        await settled()


@pytest.fixture
async def table(tmp_path: Path) -> AsyncIterator[Table]:
    async with Store.open("sqlite://") as store:
        table = Table(store, tmp_path / "kept")
        yield table
        await table.service.party_chats.close()
        await table.service.parties.close()


async def test_an_invitation_can_be_asked_for_again_and_called_off(table: Table) -> None:
    assert await table.ask(MIA, "stop") == Reply(EN.party.none_is_on())
    assert await table.ask(MIA, room=PRIVATE) == Reply(EN.party.only_in_groups())
    assert await table.ask(MIA) is None
    assert await table.ask(BEN) is None  # it is shown anew, where people are now
    assert table.texts == [EN.party.lobby(["Mia"]), EN.party.lobby(["Mia", "Ben"])]
    assert await table.ask(BEN, "stop") == Reply(EN.party.host_stops())
    assert await table.ask(BEN, "stop", is_admin=True) is None
    await table.pass_(10)
    _, message, called_off = table.messenger.edited[-1]
    assert (message, called_off.text) == ("sent-2", EN.party.called_off())
    assert await table.ask(BEN) is None  # another evening, with another host
    assert (table.party.host, table.texts[-1]) == (BEN.id, EN.party.lobby(["Ben"]))


async def test_what_could_not_be_sent_is_sent_once_the_platform_is_back(table: Table) -> None:
    table.messenger.delivery = Delivery.FAILED
    await table.ask(MIA)
    await table.pass_(3)
    table.messenger.delivery = Delivery.SENT
    await table.pass_(3)
    await table.pass_(3)
    assert table.texts == [EN.party.lobby(["Mia"])]


async def test_a_group_that_wants_no_messages_is_left_in_peace(table: Table) -> None:
    table.messenger.delivery = Delivery.REFUSED
    await table.ask(MIA)
    assert table.party.phase is Phase.OVER
    attempts = table.messenger.attempts
    await table.pass_(60)
    assert table.messenger.attempts == attempts


def everything_said(language: str, players: int) -> Iterator[Screen]:
    """Yield all that a chat reads of an evening with names as long as they may be."""
    speaker, now = speaker_for(language), NOW
    party = flow.connected(opened("0" * 32, now), SCREEN, now, is_screen=True)
    for number in range(players):
        name = f"{number:02}".ljust(LONGEST_NAME, "W")
        party = flow.act(party, name, Join(name, number), now)
    party = flow.act(party, SCREEN, Start((KITCHEN, DRAWING, WHITE), 90), now)
    verdict = Verdict(Label.ABOMINABLE, 0.84, {}, unfamiliar=False)
    ids = (f"{number:032x}" for number in range(99))
    while party.phase is not Phase.OVER:
        if party.phase is Phase.COLLECTING and party.round is not None:
            for sender in [side[0] for side in party.round.sides]:
                if (player := party.player(sender)) is not None:
                    photo = next(ids)
                    party = flow.add_photo(party, player.device, sender, photo, photo, now)
                    party = flow.note_verdict(party, photo, verdict, now)
        if party.phase is Phase.JUDGING and party.photo:
            for player in party.present:
                if player.number not in party.photo.members:
                    party = flow.act(party, player.device, Judge(player.number, True), now)
        for platform in (TelegramAdapter, DiscordAdapter):
            yield from draw(party, speaker, platform.traits, now)
        now = party.until
        party = flow.tick(party, now)
    yield from draw(party, speaker, TelegramAdapter.traits, now)


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_that_twelve_players_read_fits_everywhere(language: str) -> None:
    said = list(everything_said(language, 12))
    speaker = speaker_for(language)
    assert any(speaker.party.teams() in screen.text for screen in said)
    assert said[-1].text.startswith(speaker.party.title())
    for screen in said:
        assert len(screen.text) <= (1024 if screen.picture else 2000)
        assert all(len(row) <= 5 for row in screen.buttons)
        assert len(screen.buttons) <= 5
