"""The people of the soak: who they are, where they are, and what they send."""

from __future__ import annotations

import asyncio
import struct
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Hashable
from itertools import count
from random import Random

from tests.fakes.discord.server import DiscordServer
from tests.fakes.discord.world import Channel
from tests.fakes.discord.world import User as DiscordUser
from tests.fakes.telegram.chats import Chat
from tests.fakes.telegram.server import TelegramServer
from tests.fakes.telegram.things import File, User
from tests.support.pictures import draw_ellipses, draw_olaf, draw_yeti, encoded
from tools.soak_count import DiscordAnswers, Ledger, guessed_first, telegram_sent

# Below the limits of bot/services/rate_limit.py, with room for what piles up while the line is
# broken; and below the twenty messages a minute that Telegram allows in a group.
A_PLAYER, A_GROUP, A_ROOM = 11, 13, 33
# Mean seconds between two times that somebody in a room sends something.
GROUP_SECONDS, ROOM_SECONDS = 7.0, 5.0
BURSTS = (1, 1, 1, 1, 1, 1, 2, 3, 5)
# A guess round counts as so many photos: its question is edited every ten seconds.
A_GUESS = 5


class Pace:
    """Knows who sent how many photos in the last minute."""

    def __init__(self) -> None:
        self._times: dict[Hashable, deque[float]] = defaultdict(deque)

    def may(self, photos: int, **most: tuple[Hashable, int]) -> bool:
        """Return whether so many more are all right for each of these, and count them if so."""
        now = time.monotonic()
        for key, _ in most.values():
            while self._times[key] and self._times[key][0] < now - 60:
                self._times[key].popleft()
        if any(len(self._times[key]) + photos > limit for key, limit in most.values()):
            return False
        for key, _ in most.values():
            self._times[key].extend([now] * photos)
        return True


class Pictures:
    """A stack of drawn photos, none of which is like another to the bot."""

    def __init__(self, telegram: TelegramServer) -> None:
        self._numbers = count(1)
        drawn = [
            draw((width, 240)) for width in range(300, 360, 10) for draw in (draw_olaf, draw_yeti)
        ]
        self.jpegs = [encoded(picture, "JPEG") for picture in drawn]
        self._telegram = telegram
        self._sizes = [telegram.photo(jpeg) for jpeg in self.jpegs]

    def jpeg(self, random: Random) -> bytes:
        """Return a photo that was never seen before."""
        return self._another(random.choice(self.jpegs))

    def new(self) -> bytes:
        """Return a photo that looks like no other: nobody may guess about one that is known."""
        return encoded(draw_ellipses(next(self._numbers)).resize((384, 320)), "JPEG")

    def sizes(self, random: Random) -> list[File]:
        """Return such a photo in the sizes that Telegram keeps."""
        return [
            self._telegram.file(
                self._another(size.data), size.name, width=size.width, height=size.height
            )
            for size in random.choice(self._sizes)
        ]

    def _another(self, jpeg: bytes) -> bytes:
        """Return a JPEG that differs by a comment."""
        comment = f"soak {next(self._numbers)}".encode()
        return jpeg[:2] + b"\xff\xfe" + struct.pack(">H", 2 + len(comment)) + comment + jpeg[2:]


class People:
    """Sends photos; on Discord, while the bot is to be seen there.

    patience: how much may be without an answer when somebody sends more; None for anything.
    """

    def __init__(
        self,
        telegram: TelegramServer,
        discord: DiscordServer,
        seed: int,
        patience: int | None = None,
    ) -> None:
        self.telegram = telegram
        self.discord = discord
        self.ledger = Ledger()
        self.bot_is_there = False
        self._seed = seed
        self._patience = patience
        self._pace = Pace()
        self._pictures = Pictures(telegram)
        self._answers = DiscordAnswers(discord)
        self.groups = [
            telegram.group(f"Group {n}", bot="administrator", supergroup=n > 3) for n in range(7)
        ]
        self.homes = [telegram.private(telegram.person(f"Home {n}", "en")) for n in range(8)]
        self.members = [telegram.person(f"Person {n}", "en") for n in range(4)]
        guilds = [discord.guild(f"Guild {n}", "home", "kitchen", "garden") for n in range(2)]
        self.users = [discord.user(f"User {n}") for n in range(4)]
        self.channels = [channel for guild in guilds for channel in guild.channels]
        self.dms = [discord.dm(discord.user(f"Friend {n}")) for n in range(4)]

    def begin(self) -> list[asyncio.Task[None]]:
        """Begin; end it by cancelling what is returned."""
        lives = [
            self._life(f"group {n}", GROUP_SECONDS, self._to_group(n))
            for n in range(len(self.groups))
        ]
        lives += [
            self._life(f"home {chat.id}", ROOM_SECONDS, self._to_home(chat)) for chat in self.homes
        ]
        lives += [
            self._life(f"channel {n}", ROOM_SECONDS, self._to_channel(channel))
            for n, channel in enumerate(self.channels)
        ]
        lives += [
            self._life(f"friend {n}", ROOM_SECONDS, self._to_friend(channel))
            for n, channel in enumerate(self.dms)
        ]
        return [asyncio.create_task(life) for life in lives]

    def send_everywhere(self, random: Random) -> None:
        """Send a photo in each home at once."""
        for chat in self.homes:
            self._photo(chat, self.owner(chat), random)

    def new_photo(self) -> list[File]:
        """Return a photo for Telegram that was never seen before."""
        return self._pictures.sizes(Random(self._seed))

    async def ask_to_guess(self, random: Random) -> None:
        """Send a photo about which everybody is to guess before it is answered."""
        places: list[Chat | Channel] = [*self.groups, *self.channels]
        place = random.choice(places)
        if isinstance(place, Chat):
            if self._pace.may(A_GUESS, room=(place.id, A_GROUP)):
                who = random.choice(self.members)
                message = place.send_photo(who, self._pictures.new(), caption="guess")
                self.ledger.add(guessed_first(telegram_sent("guess", place, message)))
        elif self._is_online() and self._pace.may(A_GUESS, room=(place.id, A_ROOM)):
            photo = self.discord.world.attach(place, self._pictures.new(), "photo.jpg")
            sending = self.discord.send(
                random.choice(self.users), place, "guess", photo, mention=True
            )
            self.ledger.add(guessed_first(self._answers.message("guess", await sending)))

    async def send_slowly(self) -> None:
        """Have somebody send a photo on Discord that comes a byte a second."""
        if self._is_online():
            who = self.discord.user("Far away")
            channel = self.discord.dm(who)
            photo = self.discord.world.attach(channel, self._pictures.jpegs[0], "photo.jpg")
            self.discord.spoil(photo, "slow")
            message = await self.discord.send(who, channel, "", photo)
            self.ledger.add(self._answers.message("slow", message))

    async def _life(
        self, name: str, seconds: float, send: Callable[[Random], Awaitable[None]]
    ) -> None:
        random = Random(f"{self._seed} {name}")
        while True:
            await asyncio.sleep(random.expovariate(1 / seconds))
            if self._patience is not None and len(self.ledger.open()) >= self._patience:
                continue
            for _ in range(random.choice(BURSTS)):
                await send(random)

    # Telegram

    def _to_group(self, number: int) -> Callable[[Random], Awaitable[None]]:
        async def send(random: Random) -> None:
            chat = self.groups[number]  # it may have moved
            who = random.choice(self.members)
            photos = random.choice((1, 1, 1, 1, 1, 1, 1, 1, 3))
            keys = {"player": ((chat.id, who.id), A_PLAYER), "room": (chat.id, A_GROUP)}
            if chat.bot_status == "administrator" and self._pace.may(photos, **keys):
                if photos > 1:
                    self._album(chat, who, photos, random)
                else:
                    self._something(chat, who, random)

        return send

    def _to_home(self, chat: Chat) -> Callable[[Random], Awaitable[None]]:
        async def send(random: Random) -> None:
            if not chat.blocked and self._pace.may(1, player=(chat.id, A_PLAYER)):
                self._something(chat, self.owner(chat), random)

        return send

    def owner(self, chat: Chat) -> User:
        """Return whose private chat it is."""
        return User(chat.id, chat.title, "en")

    def _something(self, chat: Chat, who: User, random: Random) -> None:
        kind = random.choice(("photo",) * 7 + ("file", "sticker", "video", "who"))
        if kind in ("sticker", "video") and chat.kind != "private":
            kind = "photo"  # in a group these are nobody's question
        match kind:
            case "file":
                message = chat.send_document(
                    who, self._pictures.jpeg(random), name="a.jpg", mime="image/jpeg"
                )
                self.ledger.add(telegram_sent("file", chat, message))
            case "sticker":
                message = chat.send_sticker(who, self._pictures.jpeg(random))
                self.ledger.add(telegram_sent("sticker", chat, message))
            case "video":
                still = self._pictures.jpeg(random)
                message = chat.send_moving(who, "video", still)
                self.ledger.add(telegram_sent("video", chat, message))
            case "who":
                photo = [size.json(sides=True) for size in self._pictures.sizes(random)]
                shown = chat.send(who, deliver=False, photo=photo)
                message = chat.send_text(who, "/who", reply_to=shown)
                self.ledger.add(telegram_sent("/who", chat, message))
            case _:
                self._photo(chat, who, random)

    def _photo(self, chat: Chat, who: User, random: Random) -> None:
        message = chat.send_photo(who, self._pictures.sizes(random))
        self.ledger.add(telegram_sent("photo", chat, message))

    def _album(self, chat: Chat, who: User, photos: int, random: Random) -> None:
        group = str(next(self.telegram.numbers))
        messages = [
            chat.send_photo(who, self._pictures.sizes(random), media_group_id=group)
            for _ in range(photos)
        ]
        self.ledger.add(telegram_sent("album", chat, *messages))

    # Discord

    def _to_channel(self, channel: Channel) -> Callable[[Random], Awaitable[None]]:
        async def send(random: Random) -> None:
            who = random.choice(self.users)
            way = random.choice(("mention",) * 6 + ("two", "who", "menu"))
            keys = {
                "player": ((channel.id, who.id), A_PLAYER),
                "room": (channel.id, A_ROOM),
            }
            if not self._is_online(asks=way in ("who", "menu")):
                return
            if not self._pace.may(2 if way == "two" else 1, **keys):
                return
            if way in ("who", "menu"):
                await self._ask(way, channel, who, random)
            else:
                photos = [self._pictures.jpeg(random) for _ in range(2 if way == "two" else 1)]
                await self._message(way, channel, who, photos, random)

        return send

    def _to_friend(self, channel: Channel) -> Callable[[Random], Awaitable[None]]:
        who = channel.person
        assert who is not None

        async def send(random: Random) -> None:
            if self._is_online() and self._pace.may(1, player=(channel.id, A_PLAYER)):
                photos = [self._pictures.jpeg(random)]
                await self._message("private", channel, who, photos, random)

        return send

    def _is_online(self, *, asks: bool = False) -> bool:
        """Return whether Discord keeps what is sent for the bot; menus need it to be there now."""
        gateway = self.discord.gateway
        return self.bot_is_there and bool(gateway.live if asks else gateway.sessions)

    async def _message(
        self, way: str, channel: Channel, who: DiscordUser, photos: list[bytes], random: Random
    ) -> None:
        attached = [self.discord.world.attach(channel, photo, "photo.jpg") for photo in photos]
        if how := random.choices(("", "broken once", "502", "expired"), (90, 6, 2, 2))[0]:
            self.discord.spoil(attached[0], how)
        sending = self.discord.send(
            who, channel, "who?", *attached, mention=channel.guild is not None
        )
        message = await sending
        self.ledger.add(self._answers.message(way, message, len(photos)))

    async def _ask(self, way: str, channel: Channel, who: DiscordUser, random: Random) -> None:
        photo = self._pictures.jpeg(random)
        if way == "who":
            interaction = await self.discord.slash(who, channel, "who", photo)
        else:
            shown = await self.discord.send(who, channel, "look", photo)
            interaction = await self.discord.menu(who, shown)
        self.ledger.add(self._answers.asked(f"/{way}", interaction))
