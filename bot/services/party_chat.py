"""Party nights in chats: keeps one message a phase as it is to read, and takes taps and photos.

The rules are in `bot/game/party_flow.py`, their clock in `bot/services/party.py`, and what the
messages say in `bot/services/party_screens.py`. A platform brings taps, and photos that reply to
one of an evening's messages; the rest goes through its `Messenger`.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.domain import (
    ButtonOutcome,
    ButtonPress,
    CommandRequest,
    Delivery,
    Photo,
    Picture,
    Player,
    Refusal,
    Refused,
    Reply,
    Room,
)
from bot.game.party import Party, Phase
from bot.game.party_acts import End, Guess, Join, Judge, NotAllowed, Star, Tell, Why
from bot.game.party_acts import Next as GoOn
from bot.game.party_scoring import best_photos
from bot.services import party_screens
from bot.services.buttons import (
    GuessAtParty,
    JoinParty,
    JudgeAtParty,
    PartyAction,
    StarAtParty,
    StartParty,
    TellAtParty,
)
from bot.services.clock import Clock
from bot.services.language import Languages
from bot.services.party import Parties, Wish
from bot.services.party_screens import Rows, Screen
from bot.services.ports import Messenger
from bot.services.revisions import Revisions
from bot.services.timers import Timers
from bot.speech import Speaker
from bot.storage import Store

log = logging.getLogger(__name__)

# The chat itself, in the place of a big screen; no player's id is a word.
SCREEN = "chat"
# A chat shows a task with the way to send a photo, and a verdict with the question after it.
PASSED_OVER = frozenset({Phase.PROMPT, Phase.LOOKING})
# How long a phase lasts at least, so that no message has to be edited sooner.
LEAST = timedelta(seconds=10)
# For a photo: it is found in a chat more slowly than in a living room, and sent in reply.
PHOTO_SECONDS = 90
# What could not be sent is tried again, as long as it is of interest.
AGAIN_IN, GIVE_UP = timedelta(seconds=3), timedelta(minutes=5)
# The evening's picture is drawn within moments, or never.
PICTURE_WITHIN = timedelta(seconds=20)
CLOSE_SECONDS = 1.0
# With twelve of them an evening's end fits under its picture.
LONGEST_NAME = 24


@dataclass(slots=True)
class _Shown:
    """A message that is there: its id, what it says if that is known, and since when."""

    message: str
    content: tuple[str, Rows] | None
    at: datetime


@dataclass(eq=False, slots=True)
class _Chat:
    """What a chat has been shown of an evening, by the screens' keys, and which photos came.

    It is written in one topic of a forum, and moves with its group when that gets another id.
    """

    room: Room
    party: str = ""
    topic: str | None = None
    shown: dict[str, _Shown] = field(default_factory=dict)
    photos: set[str] = field(default_factory=set)
    is_stale: bool = False
    drawing: asyncio.Task[None] | None = None


class PartyChats:
    """Draws party nights in chats, and takes what people send and tap there.

    Args:
        parties: Every room's evening.
        messengers: The platforms, by name.
        store: Remembers which messages an evening has.
        languages: Finds a room's sentences.
        clock: The time.
        revisions: Numbers edits.
    """

    def __init__(
        self,
        parties: Parties,
        messengers: Mapping[str, Messenger],
        store: Store,
        languages: Languages,
        clock: Clock,
        revisions: Revisions,
    ) -> None:
        self._parties = parties
        self._messengers = messengers
        self._store = store
        self._languages = languages
        self._clock = clock
        self._revisions = revisions
        self._timers = Timers(clock.now)
        self._chats: dict[Room, _Chat] = {}
        parties.listen(self._changed)

    async def command(self, request: CommandRequest, speaker: Speaker) -> Reply | None:
        """Open an evening, or end one; None when the evening's messages are the answer."""
        room, player = request.room, request.player
        if request.argument.strip().lower() == "stop":
            return await self._stop(request, speaker)
        if room.private:
            return Reply(speaker.party.only_in_groups())
        if player.shared:
            return Reply(speaker.rounds.shared_identity_cannot_tap())
        if room.platform not in self._messengers:
            raise Refused(Refusal.FAULT)
        # The room has a language before it is spoken to: that of who was the first to ask.
        await self._store.rooms.add(room, self._clock.now())
        await self._languages.speaker(room, player)
        party = self._parties.find(room)
        if party is not None and party.phase not in (Phase.LOBBY, Phase.OVER):
            return Reply(speaker.party.is_on())
        chat = self._chat(room)
        chat.topic = request.topic
        if party is not None and party.phase is Phase.LOBBY:
            chat.shown.pop("lobby", None)  # it is shown anew, where people are
        else:
            self._parties.open(room, SCREEN, LEAST)
        try:
            self._join(room, player, speaker)
        except NotAllowed as error:
            return Reply(speaker.party.not_allowed(error.why))
        return None

    async def tap(self, press: ButtonPress, action: PartyAction, speaker: Speaker) -> ButtonOutcome:
        """Do what somebody taps; the notice is for them alone."""
        if press.player.shared:
            return ButtonOutcome(speaker.rounds.shared_identity_cannot_tap())
        try:
            return ButtonOutcome(self._do(press.room, press.player, action, speaker))
        except NotAllowed as error:
            return ButtonOutcome(speaker.party.not_allowed(error.why))

    def takes(self, room: Room, message: str | None) -> bool:
        """Return whether a photo that replies to a message is for the evening.

        Args:
            room: Where.
            message: The id of the bot's own message, as `Messenger.send` returned it.
        """
        party, chat = self._parties.find(room), self._chats.get(room)
        if party is None or chat is None or party.phase is Phase.OVER or party.id != chat.party:
            return False
        return bool(message) and message in {shown.message for shown in chat.shown.values()}

    async def send_photo(self, photo: Photo) -> str:
        """Take a photo that replies to one of the evening's messages. Never raises.

        Returns:
            A sentence for who sent it; none when it is taken, which the task's message shows.
        """
        speaker = await self._languages.speaker(photo.room, photo.player)
        if photo.player.shared:
            return speaker.rounds.shared_identity_cannot_tap()
        try:
            if not await self._is_new(photo):
                return ""
            return await self._take(photo, speaker)
        except NotAllowed as error:
            return speaker.party.not_allowed(error.why)
        except Refused as refused:
            return speaker.photos.refusal(refused.reason)
        except Exception:
            log.exception("a photo of a party could not be taken")
            return speaker.photos.refusal(Refusal.FAULT)

    async def move(self, old: Room, new: Room) -> None:
        """Go on with a room's evening under the room's new id: what matters now is sent anew there.

        Its messages stayed behind, where nobody can edit them.
        """
        if (chat := self._chats.pop(old, None)) is not None:
            chat.room = new
            chat.shown.clear()
            self._chats[new] = chat
        self._parties.move(old, new)
        await self._store.notes.forget(_key(old))

    def open(self) -> None:
        """Draw again, after `close`."""
        self._timers.open()

    async def close(self) -> None:
        """Stop drawing, which the next process does again; what is on its way arrives."""
        await self._timers.close()
        drawing = [chat.drawing for chat in self._chats.values() if chat.drawing is not None]
        if drawing:
            _, late = await asyncio.wait(drawing, timeout=CLOSE_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        self._chats.clear()

    # --- what people do ---

    async def _stop(self, request: CommandRequest, speaker: Speaker) -> Reply | None:
        party = self._parties.find(request.room)
        if party is None or party.phase is Phase.OVER:
            return Reply(speaker.party.none_is_on())
        if party.host != request.player.id and not await request.is_admin():
            return Reply(speaker.party.host_stops())
        self._parties.act(request.room, SCREEN, End())
        return None

    def _do(self, room: Room, player: Player, action: PartyAction, speaker: Speaker) -> str:
        """Do what a tap means; return the notice. Raises NotAllowed."""
        party = self._parties.find(room)
        match action:
            case JoinParty(id_):
                if party is None or party.id != id_:
                    raise NotAllowed(Why.NOT_NOW)
                return self._join(room, player, speaker) or speaker.party.joined_before()
            case StartParty(id_, minutes):
                if party is None or party.id != id_:
                    raise NotAllowed(Why.NOT_NOW)
                self._parties.start(room, player.id, Wish(minutes, seconds=PHOTO_SECONDS))
                return ""
        if party is None or party.round is None:
            raise NotAllowed(Why.NOT_NOW)
        if not (players := party.players_on(player.id)):
            return speaker.party.not_in()
        number = players[0].number
        if not party.round.side_of(number):
            return speaker.party.joined_late()
        is_shown = party.photo is not None and party.photo.id == action.photo
        if not is_shown and not isinstance(action, StarAtParty):
            raise NotAllowed(Why.NOT_NOW)
        match action:
            case GuessAtParty(label=label):
                if party.photo is not None and number in party.photo.members:
                    return speaker.rounds.guess_own()
                self._parties.act(room, player.id, Guess(number, label))
                return speaker.rounds.guess_noted(label)
            case TellAtParty(label=label):
                self._parties.act(room, player.id, Tell(number, label))
            case JudgeAtParty(fair=fair):
                self._parties.act(room, player.id, Judge(number, fair))
            case StarAtParty(photo):
                self._parties.act(room, player.id, Star(number, photo))
        return speaker.party.noted()

    def _join(self, room: Room, player: Player, speaker: Speaker) -> str:
        """Let somebody in; return the notice, none if they are in already. Raises NotAllowed."""
        party = self._parties.find(room)
        if party is not None and party.players_on(player.id):
            return ""
        name = speaker.text.name(player.name)[:LONGEST_NAME]
        colour = len(party.players) if party is not None else 0
        party = self._parties.act(room, player.id, Join(name, colour))
        is_lobby = party.phase is Phase.LOBBY
        return speaker.party.joined() if is_lobby else speaker.party.joined_late()

    async def _is_new(self, photo: Photo) -> bool:
        """Return whether a photo's message comes for the first time: a restart brings it again."""
        chat = self._chats.get(photo.room)
        if chat is None or photo.message is None:
            return True
        if photo.message in chat.photos:
            return False
        chat.photos.add(photo.message)
        await self._remember(chat)
        return True

    async def _take(self, photo: Photo, speaker: Speaker) -> str:
        room, device = photo.room, photo.player.id
        if came := self._join(room, photo.player, speaker):
            return came
        party = self._parties.find(room)
        if party is None:
            raise NotAllowed(Why.NOT_NOW)
        number = party.players_on(device)[0].number
        if party.round is not None and not party.round.side_of(number):
            return speaker.party.joined_late()
        await self._parties.send_photo(room, device, number, photo.fetch)
        return ""

    # --- what is shown ---

    def _changed(self, room: Room) -> None:
        """Have a room's messages drawn, together with what else changes at this moment."""
        messenger = self._messengers.get(room.platform)
        if messenger is None or not messenger.traits.plays_in_messages:
            return
        if self._parties.find(room) is None:  # it is another process's
            self._chats.pop(room, None)
            return
        chat = self._chat(room)
        chat.is_stale = True
        if chat.drawing is None or chat.drawing.done():
            chat.drawing = asyncio.create_task(self._draw(chat))

    def _chat(self, room: Room) -> _Chat:
        return self._chats.setdefault(room, _Chat(room))

    async def _draw(self, chat: _Chat) -> None:
        while chat.is_stale:
            chat.is_stale = False
            try:
                await self._draw_once(chat)
            except Exception:
                log.exception("a party could not be shown")

    async def _draw_once(self, chat: _Chat) -> None:
        room = chat.room
        party, messenger = self._parties.find(room), self._messengers.get(room.platform)
        if party is None or messenger is None or not await self._store.leases.own(room):
            return
        if chat.party != party.id:
            await self._recall(chat, party)
        # In a chat everybody is there, before a restart and after it.
        for device in party.away:
            party = self._parties.enter(room, device)
        if party.phase in PASSED_OVER:
            self._parties.act(room, SCREEN, GoOn())
            return
        speaker = await self._languages.speaker(room, None)
        due = []
        for screen in party_screens.draw(party, speaker, messenger.traits, self._clock.now()):
            shown = chat.shown.get(screen.key)
            if screen.is_counting:
                due.append(self._clock.now() + (messenger.traits.edit_every or LEAST))
            if shown is None and screen.is_current:
                again = await self._send(chat, party, screen, messenger)
            elif shown is not None and shown.content != (screen.text, screen.buttons):
                again = await self._edit(chat, screen, shown, messenger)
            else:
                continue
            due += [again] if again is not None else []
            if chat.room != room:  # it has moved meanwhile: what is due there is another matter
                return
        if due:
            self._timers.set(room, min(due), lambda: self._redraw(room))

    async def _redraw(self, room: Room) -> None:
        self._changed(room)

    async def _send(
        self, chat: _Chat, party: Party, screen: Screen, messenger: Messenger
    ) -> datetime | None:
        """Send a message; return when to draw again, if that is to be tried again."""
        now = self._clock.now()
        picture = await self._parties.picture(chat.room, screen.picture) if screen.picture else None
        is_last = party.phase is Phase.OVER
        is_drawn = not is_last or picture is not None or not best_photos(party.rounds, 1)
        if not is_drawn and now < party.since + PICTURE_WITHIN:
            return now + AGAIN_IN
        reply = Reply(
            screen.text,
            buttons=screen.buttons,
            picture=_picture(screen, picture) if picture else None,
            sound=screen.sound,
        )
        reply = self._revisions.number(reply)
        receipt = await messenger.send(chat.room, reply, topic=chat.topic)
        if receipt.delivery is Delivery.REFUSED and chat.topic is not None:
            chat.topic = None  # it is closed, or no more
            receipt = await messenger.send(chat.room, reply)
        if receipt.delivery is Delivery.FAILED:
            return None if is_last and now > party.since + GIVE_UP else now + AGAIN_IN
        message = receipt.message or ""
        chat.shown[screen.key] = _Shown(message, (screen.text, screen.buttons), now)
        await self._remember(chat)
        if receipt.delivery is Delivery.REFUSED and not is_last:
            log.info("a party ends: room=%s does not want its messages", chat.room.id)
            self._parties.act(chat.room, SCREEN, End())
        return None

    async def _edit(
        self, chat: _Chat, screen: Screen, shown: _Shown, messenger: Messenger
    ) -> datetime | None:
        """Edit a message, or return when that may be done."""
        room, now = chat.room, self._clock.now()
        may = shown.at + messenger.traits.edit_every
        if now < may:
            return may
        if not shown.message:  # Nobody knows where it is, or it is not wanted.
            return None
        shown.at = now
        reply = self._revisions.number(Reply(screen.text, buttons=screen.buttons))
        delivery = await messenger.edit(room, shown.message, reply)
        if delivery is Delivery.FAILED:
            return now + (messenger.traits.edit_every or AGAIN_IN)
        shown.content = (screen.text, screen.buttons)
        if delivery is Delivery.REFUSED and screen.is_current:
            chat.shown.pop(screen.key, None)  # it was deleted: it is sent anew
            return now + AGAIN_IN
        return None

    async def _recall(self, chat: _Chat, party: Party) -> None:
        """Find which messages an evening has, as the last process left it."""
        noted = json.loads(await self._store.notes.recall(_key(chat.room)) or "{}")
        chat.shown.clear()
        chat.photos.clear()
        if noted.get("party") == party.id:
            now = self._clock.now()
            chat.topic = noted.get("topic")
            chat.photos |= set(noted["photos"])
            for key, message in noted["messages"].items():
                chat.shown[key] = _Shown(message, None, now)
        chat.party = party.id

    async def _remember(self, chat: _Chat) -> None:
        noted = {
            "party": chat.party,
            "topic": chat.topic,
            "messages": {key: shown.message for key, shown in chat.shown.items()},
            "photos": sorted(chat.photos),
        }
        await self._store.notes.remember(_key(chat.room), json.dumps(noted))


def _key(room: Room) -> str:
    return f"party {room.platform} {room.id}"


def _picture(screen: Screen, data: bytes) -> Picture:
    name = "evening.png" if screen.picture == "evening" else "photo.jpg"
    return Picture(data, name, screen.text)
