"""People who play with what the bot says: they tell truths, object, vote and guess."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from random import Random

from bot.services.buttons import (
    Action,
    CastBallot,
    ConfirmTruth,
    MakeGuess,
    ObjectToTruth,
    TellTruth,
    decode,
)
from tests.fakes.discord.world import Message as DiscordMessage
from tests.fakes.telegram.chats import Chat
from tests.fakes.telegram.things import Message
from tools.soak_people import People

# What is tapped, and the mean seconds between two such taps of everybody.
TAPS: dict[str, tuple[tuple[type[Action], ...], float]] = {
    "truths": ((TellTruth,), 1.5),
    "doubts": ((ConfirmTruth, ObjectToTruth), 3.0),
    "votes": ((CastBallot,), 2.0),
    "guesses": ((MakeGuess,), 1.0),
}
GUESS_ROUND_SECONDS = 5.0
# So many taps may be without an answer when somebody taps again: it is as fast as the machine is.
MOST_WAITING = 10
# Nobody scrolls further up.
LATEST = 6
ON_DISCORD = "sp:"


@dataclass(eq=False)
class Tap:
    """A tap on a button. is_answered: whether the bot said or did anything. by_sender: whether it
    is about one's own photo. is_excused: whoever was told of it was killed; a tap is not stored, as
    who gets no answer taps again.
    """

    action: Action
    by_sender: bool
    is_answered: Callable[[], bool]
    is_excused: bool = False


@dataclass(frozen=True)
class Button:
    """A button that is there. owner: whose photo it is about, if that is known."""

    place: Chat | DiscordMessage
    message: Message | DiscordMessage
    label: str
    data: str
    action: Action
    owner: int | None


class Players:
    """Taps what the bot shows, wherever people are, as they would or should not."""

    def __init__(self, people: People, seed: int) -> None:
        self.taps: list[Tap] = []
        self._people = people
        self._random = Random(f"{seed} players")

    def begin(self) -> list[asyncio.Task[None]]:
        """Begin; end it by cancelling what is returned."""
        lives = [self._tap_now_and_then(*each) for each in TAPS.values()]
        return [asyncio.create_task(life) for life in (*lives, self._guess_now_and_then())]

    def open(self) -> list[Tap]:
        """Return the taps that nothing came of."""
        return [tap for tap in self.taps if not tap.is_excused and not tap.is_answered()]

    def excuse(self) -> None:
        """Excuse what a process had in hand that was killed."""
        for tap in self.open():
            tap.is_excused = True

    def told(self) -> set[int]:
        """Return the rounds whose truth was told by who sent the photo."""
        return {
            tap.action.round_id
            for tap in self.taps
            if isinstance(tap.action, TellTruth) and tap.by_sender and tap.is_answered()
        }

    async def _guess_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(self._random.expovariate(1 / GUESS_ROUND_SECONDS))
            await self._people.ask_to_guess(self._random)

    async def _tap_now_and_then(self, kinds: tuple[type[Action], ...], seconds: float) -> None:
        while True:
            await asyncio.sleep(self._random.expovariate(1 / seconds))
            found = [each for each in self._buttons() if isinstance(each.action, kinds)]
            if found and len(self.open()) < MOST_WAITING:
                await self._tap(self._random.choice(found))

    def _buttons(self) -> Iterator[Button]:
        """Yield the buttons under what was said last, in each chat."""
        people = self._people
        for chat in (*people.groups, *people.homes):
            senders = {each.id: each.raw["from"]["id"] for each in chat.messages}
            for message in chat.bots[-LATEST:]:
                owner = senders.get(message.reply_to or 0)
                for button in (each for row in message.keyboard for each in row):
                    if (action := decode(button["callback_data"])) is not None:
                        data = button["callback_data"]
                        yield Button(chat, message, button["text"], data, action, owner)
        yield from self._buttons_on_discord()

    def _buttons_on_discord(self) -> Iterator[Button]:
        if not self._people.discord.gateway.live:
            return
        rooms = len(self._people.channels) + len(self._people.dms)
        shown = (each for each in reversed(self._people.discord.said) if each.only_for is None)
        for message in islice(shown, LATEST * rooms):
            owner = message.reply_to.author.id if message.reply_to is not None else None
            for button in (
                each for row in message.components for each in row.get("components", ())
            ):
                data = str(button.get("custom_id", "")).removeprefix(ON_DISCORD)
                if (action := decode(data)) is not None:
                    yield Button(message, message, button["label"], data, action, owner)

    async def _tap(self, button: Button) -> None:
        """Have somebody tap a button: mostly one whose it is to tap."""
        is_own = isinstance(button.action, TellTruth) == (self._random.random() < 0.8)
        if isinstance(button.place, Chat):
            assert isinstance(button.message, Message)
            self._tap_on_telegram(button, button.place, button.message, is_own=is_own)
        else:
            assert isinstance(button.message, DiscordMessage)
            await self._press(button, button.message, is_own=is_own)

    def _tap_on_telegram(
        self, button: Button, chat: Chat, message: Message, *, is_own: bool
    ) -> None:
        people = self._people
        members = people.members if chat.kind != "private" else [people.owner(chat)]
        fitting = [each for each in members if (each.id == button.owner) == is_own]
        who = self._random.choice(fitting or members)
        tap = chat.tap(who, message, button.data)
        self.taps.append(Tap(button.action, who.id == button.owner, lambda: tap.notice is not None))

    async def _press(self, button: Button, message: DiscordMessage, *, is_own: bool) -> None:
        people = self._people
        if not people.discord.gateway.live:
            return  # while shards change hands Discord itself says that it failed
        alone = message.channel.person
        members = people.users if alone is None else [alone]
        fitting = [each for each in members if (each.id == button.owner) == is_own]
        who = self._random.choice(fitting or members)
        before = message.edited
        pressed = await people.discord.press(who, message, button.label)

        def is_answered() -> bool:
            # That it is acknowledged does not say that it is done.
            return bool(pressed.followups) or message.edited != before

        tap = Tap(button.action, who.id == button.owner, is_answered)
        tap.is_excused = not people.discord.gateway.live  # it was told to who is no more
        self.taps.append(tap)
