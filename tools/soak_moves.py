"""What people of the soak do besides sending photos: throw the bot out, move, be slow."""

from __future__ import annotations

import asyncio
from collections import Counter
from random import Random

from tests.fakes.telegram.chats import Chat
from tools.soak_count import Sent, telegram_sent
from tools.soak_people import People

# Seconds between two of these deeds, and for which the bot is not wanted.
DEED_SECONDS, OUT_SECONDS = 6.0, 8.0
UNWANTED = "the chat had thrown the bot out (403)"


class Moves:
    """moved: groups that became supergroups, and those."""

    def __init__(self, people: People, random: Random, seen: Counter[str]) -> None:
        self._people = people
        self._random = random
        self._seen = seen
        self.moved: list[tuple[Chat, Chat]] = []

    def begin(self) -> list[asyncio.Task[None]]:
        """Begin; end it by cancelling what is returned."""
        return [asyncio.create_task(self._live()), asyncio.create_task(self._be_slow())]

    def carry(self) -> int:
        """Count what was said where groups are now; returns how much nobody had asked for."""
        return sum(self._people.ledger.carry(old, new) for old, new in self.moved)

    async def _live(self) -> None:
        while True:
            await asyncio.sleep(self._random.expovariate(1 / DEED_SECONDS))
            deed = self._random.choice((self._block, self._throw_out, self._move))
            await deed()

    async def _block(self) -> None:
        """Send a photo and block the bot in the same moment."""
        people = self._people
        home = self._random.choice(people.homes)
        self._seen["telegram blocked (403)"] += 1
        who = people.owner(home)
        people.ledger.add(telegram_sent("photo", home, home.send_photo(who, people.new_photo())))
        home.remove_bot(who)
        try:
            await self._out(home)
        finally:  # also when the storm ends meanwhile
            home.blocked = False
            home.invite_bot(who)

    async def _throw_out(self) -> None:
        """Throw the bot out of a group, and have it back."""
        group = self._random.choice(self._people.groups[4:])
        self._seen["telegram thrown out (403)"] += 1
        admin = self._people.members[0]
        group.remove_bot(admin)
        try:
            await self._out(group)
        finally:
            group.invite_bot(admin, "administrator")

    async def _out(self, chat: Chat) -> None:
        for sent in self._of(chat):
            sent.excused = UNWANTED
        await asyncio.sleep(OUT_SECONDS)

    def _of(self, chat: Chat) -> list[Sent]:
        return [sent for sent in self._people.ledger.open() if sent.keys[0][0] == str(chat.id)]

    async def _move(self) -> None:
        """Make a supergroup of a group; there is a new group for it."""
        number = self._random.randrange(4)
        old = self._people.groups[number]
        if old.kind == "group":
            self._seen["telegram group moved"] += 1
            announced = self._random.random() < 0.5
            self._people.groups[number] = new = old.migrate(announced=announced)
            self.moved.append((old, new))

    async def _be_slow(self) -> None:
        """Send a photo on Discord that comes a byte a second."""
        while True:
            await asyncio.sleep(self._random.expovariate(1 / 60))
            self._seen["discord slow file"] += 1
            await self._people.send_slowly()
