"""A room with its people around it, a clock that is turned by hand, and what each may do."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

from bot.domain import (
    Button,
    ButtonOutcome,
    ButtonPress,
    CommandRequest,
    Photo,
    Player,
    Reply,
    Room,
    Verdict,
)
from bot.metrics import Metrics
from bot.services import Service
from bot.services.ports import Messenger
from bot.storage import Store
from tests.fakes.messenger import FakeMessenger
from tests.fakes.vision import OLAF, FakeVision
from tests.support.services import make_service

HOME = Room("telegram", "-100")
ALONE = Room("telegram", "7", private=True)
MIA, BEN, OMA = Player("mia", "Mia"), Player("ben", "Ben"), Player("oma", "Oma")
CHANNEL = Player("136817688", "Channel", shared=True)


class Table:
    """A room with its people around it, a clock that is turned by hand, and what each may do."""

    def __init__(
        self,
        service: Service,
        store: Store,
        messenger: FakeMessenger,
        vision: FakeVision,
        kept: Path,
        now: datetime,
    ) -> None:
        self.service, self.store, self.kept, self.now = service, store, kept, now
        self.messenger, self.vision = messenger, vision
        self.admins = {"oma"}
        self._photos = 0

    def restart(
        self,
        messengers: Mapping[str, Messenger],
        zone: tzinfo = UTC,
        metrics: Metrics | None = None,
    ) -> Service:
        """Have another process answer from now on, which knows only what is stored."""
        self.service = make_service(
            self.vision,
            self.store,
            messengers,
            kept=self.kept,
            now=lambda: self.now,
            zone=zone,
            metrics=metrics,
        )
        return self.service

    async def due(self) -> None:
        """Have the process do all that the clock asks for by now, until that is done."""
        service = self.service
        for part in (service.guessing, service.voting, service._greetings):
            await part.resume()
        await service._season_end.show()
        await service._daily.post_due()
        await self.settled()

    async def settled(self) -> None:
        """Wait until no timer of the process rings or has rung."""
        service, loop = self.service, asyncio.get_running_loop()
        guessing = service.guessing
        parts = (
            *(guessing._timers, guessing._countdowns),
            *(service.voting._timers, service._greetings._timers),
        )

        def is_busy() -> bool:
            due = (timer.when() for each in parts for timer in each._timers.values())
            return any(each._working for each in parts) or any(at <= loop.time() for at in due)

        async with asyncio.timeout(5):
            while is_busy():
                await asyncio.sleep(0)

    def later(self, **time: float) -> None:
        self.now += timedelta(**time)

    async def photo(
        self,
        player: Player,
        verdict: Verdict = OLAF,
        *,
        caption: str = "",
        data: bytes = b"",
        room: Room = HOME,
        replies_to: str = "",
    ) -> Reply:
        """Send a photo that the bot sees so; each one is another, unless the data is given."""
        self._photos += 1
        data = data or f"photo {self._photos}".encode()
        reference = f"file-{self._photos}"
        self.vision.sees[data] = verdict
        self.messenger.photos[reference] = data

        async def fetch(limit: int) -> bytes:
            return data

        photo = Photo(
            room,
            player,
            fetch,
            message=str(self._photos),
            reference=reference,
            caption=caption,
            replies_to=replies_to,
        )
        reply = await self.service.handle_photo(photo)
        assert reply is not None
        await self.service.mark_sent(reply.outcomes, 1.0, answer=f"answer-{self._photos}")
        return reply

    async def album(self, player: Player, verdicts: Sequence[Verdict | None]) -> Reply:
        """Send several photos at once that the bot sees so; None is for one that is damaged."""
        photos = []
        for verdict in verdicts:
            self._photos += 1
            data, reference = f"photo {self._photos}".encode(), f"file-{self._photos}"
            if verdict is None:
                data = b"damaged"
            else:
                self.vision.sees[data] = verdict
            self.messenger.photos[reference] = data

            async def fetch(limit: int, data: bytes = data) -> bytes:
                return data

            photos.append(
                Photo(HOME, player, fetch, message=str(self._photos), reference=reference)
            )
        reply = await self.service.handle_album(photos)
        assert reply is not None
        await self.service.mark_sent(reply.outcomes, 1.0, answer=f"answer-{self._photos}")
        return reply

    async def tap(
        self, player: Player, reply: Reply | None, text: str, room: Room = HOME
    ) -> ButtonOutcome:
        assert reply is not None
        (button,) = [b for row in reply.buttons for b in row if b.text == text]
        return await self.press(player, button, room)

    async def press(self, player: Player, button: Button, room: Room = HOME) -> ButtonOutcome:
        async def is_admin() -> bool:
            return player.id in self.admins

        self.later(seconds=1)
        return await self.service.handle_button(ButtonPress(room, player, button.data, is_admin))

    async def ask(self, player: Player, name: str, argument: str = "", room: Room = HOME) -> Reply:
        async def is_admin() -> bool:
            return player.id in self.admins

        reply = await self.service.handle_command(
            CommandRequest(room, player, name, is_admin, argument, alone=room.private)
        )
        assert reply is not None
        return reply

    async def points(self) -> dict[str, int]:
        """Return the month's points by name, as the board shows them."""
        rows = await self.service.board(HOME, MIA)
        return {row.name: row.points for row in rows}


def labels(reply: Reply | None) -> list[str]:
    assert reply is not None
    return [button.text for row in reply.buttons for button in row]


def said(outcome: ButtonOutcome) -> str:
    assert outcome.edit is not None, outcome.notice
    return outcome.edit.text


async def changed(table: Table, text: str) -> Reply:
    """Wait until the bot has given a message of its own some text by itself."""
    async with asyncio.timeout(5):
        while not (
            found := [reply for _, _, reply in table.messenger.edited if text in reply.text]
        ):
            await asyncio.sleep(0)
    return found[-1]


async def reveal(table: Table) -> Reply:
    """Wait until the bot tells what it thinks."""
    async with asyncio.timeout(5):
        while not table.messenger.sent:
            await asyncio.sleep(0)
    room, reply, to = table.messenger.sent.pop()
    assert room == HOME
    assert to is not None
    return reply
