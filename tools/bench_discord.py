"""What a photo costs from the message to its answer: the real process, on a Discord of our own."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from random import Random
from time import perf_counter

from tests.fakes.discord.server import DiscordServer
from tests.fakes.discord.world import Channel, Message, User
from tests.support.family import BotProcess, Family, a_family
from tools.bench_telegram import AT_ONCE, OF_A_CHAT, PATIENCE_SECONDS, Figures, Sent, draw, measured


class Friends:
    """People who show the bot photos that nobody has seen before, in private or in a server."""

    def __init__(self, discord: DiscordServer, seed: int) -> None:
        self._discord = discord
        self._random = Random(seed)
        self._sent: dict[Message, tuple[int, int]] = {}
        self._seen = len(discord.said)

    def chats(self, number: int) -> list[tuple[User, Channel]]:
        """Return so many private chats of new people."""
        people = [self._discord.user(f"Friend {each}") for each in range(number)]
        return [(person, self._discord.dm(person)) for person in people]

    def servers(self, number: int) -> list[tuple[User, Channel]]:
        """Return a channel in each of so many new servers, with somebody in it."""
        guilds = [self._discord.guild(f"Server {each}", "home") for each in range(number)]
        return [(self._discord.user(guild.name), guild.channels[0]) for guild in guilds]

    def photos(self, number: int) -> list[bytes]:
        """Draw so many photos, each unlike the others."""
        return [draw(self._random) for _ in range(number)]

    async def send(self, chat: tuple[User, Channel], photo: bytes, sent: Sent) -> None:
        """Send a photo."""
        person, channel = chat
        attached = self._discord.world.attach(channel, photo, "photo.jpg")
        began = perf_counter()
        is_called = channel.guild is not None
        message = await self._discord.send(person, channel, "", attached, mention=is_called)
        key = channel.id, message.id
        self._sent[message], sent.at[key] = key, began

    async def answered(self, sent: Sent, number: int, patience: float = PATIENCE_SECONDS) -> None:
        """Note when answers come, until there are so many, or none comes any more."""

        def look() -> bool:
            now, said = perf_counter(), self._discord.said
            for answer in said[self._seen :]:
                if answer.reply_to is not None and (key := self._sent.get(answer.reply_to)):
                    sent.answered.setdefault(key, now)
                    sent.refused += "%" not in answer.content
            self._seen = len(said)
            return len(sent.answered) >= number

        with suppress(TimeoutError):
            await self._discord.until(look, patience)

    def out_of_order(self, chats: Sequence[tuple[User, Channel]]) -> int:
        """Return in how many chats an answer overtook another."""
        orders: dict[Channel, list[int]] = {channel: [] for _, channel in chats}
        for answer in self._discord.said:
            if answer.reply_to is not None and answer.channel in orders:
                orders[answer.channel].append(answer.reply_to.id)
        return sum(order != sorted(order) for order in orders.values())


async def burst(family: Family, bot: BotProcess, number: int) -> Figures:
    """Have so many photos come at once, five from a chat."""
    friends = Friends(family.discord, number)
    chats = friends.chats(max(1, number // OF_A_CHAT))
    photos = friends.photos(number)

    async def send(sent: Sent) -> None:
        for index, photo in enumerate(photos):
            await friends.send(chats[index % len(chats)], photo, sent)

    figures = await measured(bot, friends, number, send)
    return {**figures, "chats": len(chats), "chats_out_of_order": friends.out_of_order(chats)}


async def run(at_once: Sequence[int] = AT_ONCE, **settings: str) -> dict[str, Figures]:
    """Have so many photos come at once, each time to a bot of its own; return what was measured."""
    figures: dict[str, Figures] = {}
    for number in at_once:
        async with a_family(TELEGRAM_TOKEN="", **settings) as family:
            bot = await family.start()
            await bot.running("discord")
            await burst(family, bot, 8)  # whatever is only made once
            loaded = os.getloadavg()[0]
            figures[str(number)] = await burst(family, bot, number)
            figures[str(number)]["load_before"] = round(loaded, 1)
            await bot.stop()
        print(number, figures[str(number)], flush=True)
    return figures
