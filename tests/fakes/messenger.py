"""A platform that keeps what is sent through it, and fetches what it is told of."""

from __future__ import annotations

from bot.domain import Delivery, Fetch, Kept, Receipt, Refusal, Refused, Reply, Room
from bot.platforms.telegram import TelegramAdapter
from bot.services.ports import Traits


class FakeMessenger:
    """Answers every send and every edit with `delivery`; what did not go out is not kept.

    traits: Telegram's, unless told otherwise.
    """

    def __init__(self, traits: Traits = TelegramAdapter.traits) -> None:
        self.traits = traits
        self.sent: list[tuple[Room, Reply, str | None]] = []
        self.edited: list[tuple[Room, str, Reply]] = []
        self.photos: dict[str, bytes] = {}
        self.spoilers: set[str] = set()
        self.delivery = Delivery.SENT
        self.attempts = 0

    def fetcher(self, room: Room, reference: str) -> Fetch:
        async def fetch(limit: int) -> bytes:
            if reference not in self.photos:
                raise Refused(Refusal.GONE)
            return self.photos[reference]

        return fetch

    async def export(self, player: str) -> Kept:
        return Kept()

    def is_spoiler(self, reference: str) -> bool:
        return reference in self.spoilers

    async def send(
        self, room: Room, reply: Reply, to: str | None = None, topic: str | None = None
    ) -> Receipt:
        self.attempts += 1
        if self.delivery is not Delivery.SENT:
            return Receipt(self.delivery)
        self.sent.append((room, reply, to))
        return Receipt(self.delivery, f"sent-{len(self.sent)}")

    async def edit(self, room: Room, message: str, reply: Reply) -> Delivery:
        if self.delivery is Delivery.SENT:
            self.edited.append((room, message, reply))
        return self.delivery
