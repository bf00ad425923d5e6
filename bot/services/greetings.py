"""Hello in a group that the bot was invited to: once, also when it gets there only later."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.domain import Delivery, Hello, Player, Reply, Room
from bot.services.buttons import ExplainPrivacyMode, button
from bot.services.clock import Clock
from bot.services.inviting import with_invitation
from bot.services.language import Languages
from bot.services.ports import Messenger, Traits
from bot.services.timers import AGAIN_IN, GIVE_UP, Timers
from bot.speech import Speaker
from bot.storage import Store


class Greetings:
    """Says hello, also after a restart.

    Args:
        store: Remembers who was greeted, and who is to be.
        messengers: The platforms, by name.
        languages: Finds a room's sentences.
        clock: The time.
    """

    def __init__(
        self,
        store: Store,
        messengers: Mapping[str, Messenger],
        languages: Languages,
        clock: Clock,
    ) -> None:
        self._store = store
        self._messengers = messengers
        self._languages = languages
        self._clock = clock
        self._timers = Timers(clock.now)

    async def greet(self, room: Room, player: Player | None, hello: Hello) -> None:
        """Have a group greeted, unless it has been.

        Args:
            room: The group.
            player: Who invited the bot, where that is known.
            hello: What to go by.
        """
        now = self._clock.now()
        if await self._store.rooms.mark_greeted(room, now, hello):
            await self._languages.speaker(room, player)  # which notes the language to greet in
            self._wait(room, now)

    async def resume(self) -> None:
        """Go on with what a restart interrupted."""
        self._timers.open()
        await self.look()

    async def look(self) -> None:
        """Greet those whom nothing here is about to: another process may have left them."""
        for room in await self._store.rooms.unsaid_hellos():
            if not self._timers.has(room):
                self._wait(room, self._clock.now())

    async def close(self) -> None:
        """Stop trying, which the next process does again, and finish what is being said."""
        await self._timers.close()

    def _wait(self, room: Room, at: datetime) -> None:
        self._timers.set(room, at, lambda: self._say(room))

    async def _say(self, room: Room) -> None:
        """Say hello; try again later while that cannot be."""
        room = await self._store.rooms.present(room)  # its group may have moved meanwhile
        messenger = self._messengers.get(room.platform)
        if messenger is None or not await self._store.leases.own(room):
            return
        since, hello = (await self._store.rooms.unsaid_hellos()).get(room, (None, None))
        if since is None or hello is None:
            return
        speaker = await self._languages.speaker(room, None)
        said = _worded(room, hello, speaker, messenger.traits)
        delivery = (await messenger.send(room, said)).delivery
        now = self._clock.now()
        if delivery is Delivery.FAILED and now < since + GIVE_UP:
            self._wait(room, now + AGAIN_IN)
        elif delivery is Delivery.SENT:
            await self._timers.do(room, lambda: self._store.rooms.mark_hello_said(room, since))
        else:  # nobody has heard it: the next invitation is a new one
            await self._store.rooms.mark_left(room)


def _worded(room: Room, hello: Hello, speaker: Speaker, traits: Traits) -> Reply:
    text = speaker.rooms.hello(room.platform, hello.name, hears_all=hello.hears_all)
    if not hello.is_in_privacy_mode:
        return with_invitation(Reply(text), speaker, traits)
    explain = button(speaker.rooms.privacy_mode_button(), ExplainPrivacyMode())
    return Reply(text, buttons=((explain,),))
