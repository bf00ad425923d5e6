"""The browser's rooms: who is there and what was shown lately, bounded in every direction.

Nothing here knows of HTTP or sockets: a member holds a queue of events that somebody else sends.
"""

from __future__ import annotations

import asyncio
import math
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, NotRequired, TypedDict

from bot.domain import Kept, Label, Player, Preview, Reply, Room, Verdict
from bot.platforms.web.names import distinct
from bot.services import buttons
from bot.services.buttons import Audience
from bot.speech import is_challenge

if TYPE_CHECKING:
    from bot.platforms.web.shelf import Shelf

PLATFORM = "web"

# What fits a long scroll; older ones are of no interest to who comes in late.
ENTRIES = 50
# As long as `/privacy` promises.
ENTRY_SECONDS = 24 * 3600.0
# Of previews, over all rooms: some four hundred.
PREVIEW_BYTES = 64 * 1024 * 1024
ROOMS = 200
PEOPLE = 500
# A browser this far behind does not read any more; it is let go and may come back.
UNSENT = 100

# Stands where somebody is named who is forgotten, in every language.
NO_NAME = "⛄"
# What players may say to each other about a photo: nobody has to moderate these.
REACTIONS = ("❤️", "😂", "😮", "👏", "⛄")

# What pages receive: `type` tells what it is about.
Event = Mapping[str, object]


class ButtonJson(TypedDict):
    """A button, as pages get it.

    Attributes:
        text: What it says.
        data: What the page posts when it is tapped; nothing that a page understands.
        audience: Whom the page shows it to: who sent the photo; who did or is an admin; the others;
            or everyone.
    """

    text: str
    data: str
    audience: Audience


class DocumentJson(TypedDict):
    """A file to keep, as pages get it; `data` is in Base64."""

    name: str
    data: str


class ReplyJson(TypedDict):
    """A reply, as pages get it.

    Attributes:
        text: The words; with a label, the first line is the verdict.
        buttons: Rows of them.
        label: The verdict's, if the text tells one.
        confidence: The verdict's, 0 to 1.
        pair: Which of the two it is, from 0 for the yeti to 1 for Olaf.
        familiar: How much it looks like one of the two at all, 0 to 1.
        unfamiliar: The verdict's.
        document: Goes with the text.
        until: When its question ends, in seconds of the rooms' clock.
    """

    text: str
    buttons: list[list[ButtonJson]]
    label: NotRequired[str]
    confidence: NotRequired[float]
    pair: NotRequired[float]
    familiar: NotRequired[float]
    unfamiliar: NotRequired[bool]
    document: NotRequired[DocumentJson]
    until: NotRequired[float]


class PlayerJson(TypedDict):
    """A player, as pages get it; the name is empty where there is none."""

    id: str
    name: str


class PhotoJson(TypedDict):
    """Where a picture can be loaded, and its size in pixels."""

    photo: str
    width: int
    height: int


class PastPhotoJson(PhotoJson):
    """A photo that is shown again, as pages get it."""

    entry: str
    caption: str


class EntryJson(TypedDict):
    """An entry, as pages get it; see Entry."""

    id: str
    at: float
    to: str | None
    answer: ReplyJson
    asker: NotRequired[str]
    player: NotRequired[PlayerJson]
    caption: NotRequired[str]
    photo: NotRequired[str]
    width: NotRequired[int]
    height: NotRequired[int]
    description: NotRequired[str]
    past_photos: NotRequired[list[PastPhotoJson]]
    challenge: NotRequired[bool]
    reactions: NotRequired[dict[str, list[str]]]


class Full(Exception):
    """There is no place for another room or person at the moment."""


@dataclass(frozen=True, slots=True)
class PastPreview:
    """A photo of an earlier entry, shown again.

    Attributes:
        entry: The earlier entry's id.
        preview: The photo.
        caption: What to write under it.
    """

    entry: str
    preview: Preview
    caption: str

    def render(self, room: str) -> PastPhotoJson:
        """Return what the page gets to know of it."""
        photo = _render_photo(room, self.entry, self.preview)
        return {**photo, "entry": self.entry, "caption": self.caption}


@dataclass(frozen=True, slots=True)
class Entry:
    """Something the bot said, as everyone in the room sees it: to a photo, or by itself.

    Attributes:
        id: Tells it from all others; nobody can guess it.
        at: When it was shown, in seconds of the rooms' clock.
        reply: What the bot said.
        player: Who sent the photo; None where the bot speaks by itself.
        preview: The photo, or the bot's own picture where there is one.
        asker: The id of who asked for it, where it is no answer to a photo.
        message: Under which id the photo came.
        caption: What was written beside the photo.
        to: The id of the entry that it is in reply to.
        past_photos: Photos of the room that it shows again, as far as they are still there.
        reactions: Each player's id, and an emoji that they gave to the photo.
    """

    id: str
    at: float
    reply: Reply
    player: Player | None = None
    preview: Preview | None = None
    asker: str | None = None
    message: str | None = None
    caption: str = ""
    to: str | None = None
    past_photos: tuple[PastPreview, ...] = ()
    reactions: tuple[tuple[str, str], ...] = ()

    def render(self, room: str) -> EntryJson:
        """Return what the page gets to know of it.

        Args:
            room: The room's name.
        """
        entry: EntryJson = {
            "id": self.id,
            "at": self.at,
            "to": self.to,
            "answer": render_reply(self.reply),
        }
        if self.asker:
            entry["asker"] = self.asker
        if self.player:
            entry["player"] = _render_player(self.player)
            entry["caption"] = self.caption
            entry["reactions"] = self.render_reactions()
        if self.preview:
            photo = _render_photo(room, self.id, self.preview)
            entry["photo"] = photo["photo"]
            entry["width"], entry["height"] = photo["width"], photo["height"]
        if picture := self.reply.picture:
            entry["description"] = picture.description
        if self.player is None and is_challenge(self.reply.text):
            entry["challenge"] = True
        if self.reply.past_photos:
            entry["past_photos"] = [past.render(room) for past in self.past_photos]
        return entry

    def render_reactions(self) -> dict[str, list[str]]:
        """Return by emoji the ids of who gave it."""
        return {
            emoji: [player for player, given in self.reactions if given == emoji]
            for emoji in dict.fromkeys(given for _, given in self.reactions)
        }

    @property
    def drawn(self) -> str:
        """What is written on its picture and under the photos that it shows again."""
        picture = self.reply.picture
        captions = (past.caption for past in self.past_photos)
        return "\n".join((picture.description if picture else "", *captions))

    def has_button(self, data: str) -> bool:
        """Return whether one of its buttons has these data."""
        return any(button.data == data for row in self.reply.buttons for button in row)

    @property
    def size(self) -> int:
        """How many bytes its picture holds."""
        return len(self.preview.jpeg) if self.preview else 0


@dataclass(eq=False, slots=True)
class Member:
    """One open page of a player; the same player may have several.

    Attributes:
        player: Whose page it is.
        is_admin: Whether they may decide for the room.
        outbox: Events that were not sent yet.
        lost: Set when the page does not keep up.
    """

    player: Player
    is_admin: bool = False
    outbox: asyncio.Queue[Event] = field(default_factory=lambda: asyncio.Queue(maxsize=UNSENT))
    lost: asyncio.Event = field(default_factory=asyncio.Event)

    def send(self, event: Event) -> None:
        """Queue an event; a member who does not keep up is marked as lost."""
        try:
            self.outbox.put_nowait(event)
        except asyncio.QueueFull:
            self.lost.set()


@dataclass(eq=False, slots=True)
class WebRoom:
    """One room.

    Attributes:
        name: As its link has it.
        entries: What was shown lately, the oldest first.
        members: Its open pages.
        active_at: When something last happened, in seconds of the rooms' clock.
        is_used: Whether anything was ever shown there.
        broadcasting: Held while each member is sent something of their own.
    """

    name: str
    entries: deque[Entry] = field(default_factory=deque)
    members: set[Member] = field(default_factory=set)
    active_at: float = 0.0
    is_used: bool = False
    broadcasting: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def room(self) -> Room:
        """The room as the service knows it."""
        return room_of(self.name)

    def broadcast(self, event: Event) -> None:
        """Send an event to every member."""
        for member in self.members:
            member.send(event)

    def broadcast_people(self) -> None:
        """Send every member who the members are."""
        self.broadcast({"type": "people", "people": self.people()})

    def people(self) -> list[PlayerJson]:
        """Return each player once, by name."""
        players = {member.player.id: member.player for member in self.members}
        by_name = sorted(players.values(), key=lambda player: player.name.casefold())
        return [_render_player(player) for player in by_name]

    def names_of(self, player: Player) -> Iterator[str]:
        """Yield the names that a player has here, or had when they sent what is shown."""
        return (each.name for each in self._seen() if each.id == player.id)

    def names_of_others(self, player: Player) -> Iterator[str]:
        """Yield the names of all who are here or sent what is shown, but for one of them."""
        return (each.name for each in self._seen() if each.id != player.id)

    def _seen(self) -> Iterator[Player]:
        yield from (member.player for member in self.members)
        yield from (entry.player for entry in self.entries if entry.player)

    def find(self, entry_id: str) -> Entry | None:
        """Return an entry that is still remembered."""
        return next((entry for entry in self.entries if entry.id == entry_id), None)

    def find_message(self, message: str | None) -> Entry | None:
        """Return the entry of a photo that came under that id, if it is still remembered."""
        same = (entry for entry in self.entries if entry.message == message)
        return None if message is None else next(same, None)


class Rooms:
    """All rooms, with the bounds that hold over all of them.

    Whoever finds a room here finds nothing in it that is older than ENTRY_SECONDS.

    Args:
        shelf: Keeps what is shown, for after a restart; without one it ends with the process.
        are_shared: Whether each room is another process's until it is entered here.

    Attributes:
        now: Returns the time in seconds, of a clock that pages have as well.
    """

    def __init__(
        self,
        now: Callable[[], float] = time.time,
        shelf: Shelf | None = None,
        *,
        are_shared: bool = False,
    ) -> None:
        self.now = now
        self._shelf = shelf
        self._rooms: dict[str, WebRoom] = {}
        if shelf and not are_shared:
            self._put_back(shelf.load())

    def __iter__(self) -> Iterator[WebRoom]:
        return iter(self._rooms.values())

    def find(self, name: str) -> WebRoom | None:
        """Return the room of a name, if it exists."""
        self.expire()
        return self._rooms.get(name)

    async def bring_back(self, room: Room | None = None) -> None:
        """Show what other processes showed in a room, or in all of them."""
        if self._shelf:
            self._put_back(await self._shelf.find(room))

    def let_go(self, name: str) -> None:
        """Send everybody out of a room that is another process's by now; they come back there."""
        room = self._rooms.pop(name, None)
        for member in room.members if room else ():
            member.lost.set()

    def _put_back(self, shown: Iterable[tuple[str, Entry]]) -> None:
        for name, entry in shown:
            room = self._rooms.setdefault(name, WebRoom(name))
            room.entries.append(entry)
            room.active_at, room.is_used = entry.at, True
        self.expire()

    def find_room(self, room: Room) -> WebRoom | None:
        """Return the room that the service means, if it exists."""
        self.expire()
        return next((found for found in self if found.room == room), None)

    def join(self, name: str, player: Player, *, is_admin: bool = False) -> Member:
        """Let a player into a room, tell the others, and send what was shown lately.

        Raises:
            Full: When there is no place.
        """
        if sum(len(room.members) for room in self) >= PEOPLE:
            raise Full
        room = self.open(name)
        member = Member(self.named(name, player), is_admin)
        room.members.add(member)
        member.send(
            {
                "type": "welcome",
                "you": player.id,
                "name": member.player.name,
                "room": name,
                "now": self.now(),
                "entries": [entry.render(name) for entry in room.entries],
                "people": room.people(),
            }
        )
        room.broadcast_people()
        return member

    def leave(self, name: str, member: Member) -> None:
        """Let a member go and tell the others."""
        if (room := self._rooms.get(name)) is None:
            return  # it was let go
        room.members.discard(member)
        room.active_at = self.now()
        room.broadcast_people()

    def rename(self, name: str, member: Member, nickname: str) -> None:
        """Give a member another nickname, tell them how that came out, and tell the others."""
        if nickname and (room := self._rooms.get(name)):
            member.player = self.named(name, replace(member.player, name=nickname))
            room.broadcast_people()
        member.send({"type": "name", "name": member.player.name})

    def named(self, name: str, player: Player) -> Player:
        """Return a player under a name that nobody else in the room has, nor the bot itself.

        Args:
            name: The room's.
            player: The player, under the name that they wish for.
        """
        room = self._rooms.get(name)
        others = room.names_of_others(player) if room else ()
        return replace(player, name=distinct(player.name, others))

    def publish(self, name: str, entry: Entry) -> None:
        """Show an entry to everyone in the room and remember it for a while.

        Raises:
            Full: When there is no place for its room.
        """
        room = self.open(name)
        room.is_used = True
        room.entries.append(entry)
        if self._shelf:
            self._shelf.keep(name, entry)
        if len(room.entries) > ENTRIES:
            self._drop_oldest(room)
        self._drop_beyond_the_bytes()
        room.broadcast(_entry_event("entry", name, entry, entry.reply))

    def edit(self, name: str, entry_id: str, reply: Reply) -> None:
        """Give an entry the words and buttons of a reply, and tell everyone in the room.

        A reply that is older than the one that is there changes nothing.
        """
        room = self.find(name)
        entry = room and room.find(entry_id)
        if not room or not entry or reply.revision < entry.reply.revision:
            return
        edited = replace(
            entry,
            reply=replace(
                entry.reply,
                text=reply.text,
                verdict=reply.verdict or entry.reply.verdict,
                buttons=reply.buttons,
                until=reply.until,
                revision=reply.revision,
            ),
        )
        self._replace(room, entry, edited)
        room.broadcast(_entry_event("edit", name, edited, reply))

    def react(self, name: str, entry_id: str, player: Player, emoji: str) -> bool:
        """Note a player's reaction to a photo, or take it back, and tell everyone in the room.

        Returns:
            Whether there is such a photo, and such a reaction.
        """
        room = self.find(name)
        entry = room and room.find(entry_id)
        if not room or not entry or not entry.player or emoji not in REACTIONS:
            return False
        self._set_reactions(room, entry, {*entry.reactions} ^ {(player.id, emoji)})
        return True

    def _set_reactions(self, room: WebRoom, entry: Entry, reactions: set[tuple[str, str]]) -> Entry:
        edited = replace(entry, reactions=tuple(sorted(reactions)))
        self._replace(room, entry, edited)
        shown = edited.render_reactions()
        room.broadcast({"type": "reactions", "id": entry.id, "reactions": shown})
        return edited

    def take_down(self, name: str, photo: str) -> None:
        """Take a photo, and the bot's pictures of it, away from where they are shown.

        What was said about it stays: the round goes on.

        Args:
            name: The room's.
            photo: The id of the photo's entry.
        """
        room = self.find(name)
        for entry in list(room.entries) if room else ():
            past_photos = tuple(past for past in entry.past_photos if past.entry != photo)
            preview = None if photo in (entry.id, entry.to) else entry.preview
            without = replace(entry, preview=preview, past_photos=past_photos)
            if room and without != entry:
                self._replace(room, entry, without)
                room.broadcast(_entry_event("edit", name, without, without.reply))

    def forget(self, player: Player) -> None:
        """Take a player out of all rooms: photos, what was said to them, their name, reactions."""
        for room in self:
            theirs = {e.id for e in room.entries if e.player and e.player.id == player.id}
            named = _any_of(player.name, *room.names_of(player))
            for entry in list(room.entries):
                is_drawn = named is not None and named.search(entry.drawn) is not None
                if theirs & {entry.id, entry.to} or entry.asker == player.id or is_drawn:
                    self._remove(room, entry)
                    continue
                reactions = {each for each in entry.reactions if each[0] != player.id}
                if len(reactions) < len(entry.reactions):
                    entry = self._set_reactions(room, entry, reactions)
                if named and named.search(entry.reply.text):
                    # The round of somebody else goes on.
                    text = named.sub(NO_NAME, entry.reply.text)
                    edited = replace(entry, reply=replace(entry.reply, text=text))
                    self._replace(room, entry, edited)
                    room.broadcast(_entry_event("edit", room.name, edited, Reply("")))

    def export(self, player: str) -> Kept:
        """Return a player's photos, reactions, and what was said to them, as they are shown.

        Args:
            player: Their id.
        """
        self.expire()
        shown = [
            (room, entry)
            for room in self
            for entry in room.entries
            if player == (entry.player.id if entry.player else entry.asker)
        ]
        reactions = [
            {"room": room.room.id, "entry": entry.id, "reaction": emoji}
            for room in self
            for entry in room.entries
            for by, emoji in entry.reactions
            if by == player
        ]
        photos = {_file_of(each): each.preview.jpeg for _, each in shown if each.preview}
        entries = [
            {
                "room": room.room.id,
                "entry": entry.id,
                "at": datetime.fromtimestamp(entry.at, UTC).isoformat(),
                "caption": entry.caption,
                "said": entry.reply.text,
                "picture": _file_of(entry) if entry.preview else None,
            }
            for room, entry in shown
        ]
        record = {"shown": entries, "reactions": reactions}
        return Kept({name: found for name, found in record.items() if found}, photos)

    def expire(self) -> None:
        """Take out what is too old, and tell everyone in its room; close rooms that nobody uses."""
        latest = self.now() - ENTRY_SECONDS
        for room in list(self):
            while room.entries and room.entries[0].at <= latest:
                self._remove(room, room.entries[0])
            if not room.is_used and not room.members and room.active_at <= latest:
                del self._rooms[room.name]

    def seconds_until_expiry(self) -> float:
        """Return in how many seconds the oldest entry will be too old; infinite without one."""
        oldest = min((room.entries[0].at for room in self if room.entries), default=math.inf)
        return max(0.0, oldest + ENTRY_SECONDS - self.now())

    def open(self, name: str) -> WebRoom:
        """Return the room of a name, made if there is none; raise Full when there is no place."""
        self.expire()
        if name not in self._rooms:
            if len(self._rooms) >= ROOMS:
                self._close_the_quietest()
            self._rooms[name] = WebRoom(name)
        room = self._rooms[name]
        room.active_at = self.now()
        return room

    def _close_the_quietest(self) -> None:
        empty = [room for room in self if not room.members]
        if not empty:
            raise Full
        # Whoever makes up rooms takes no place of those in which something happened.
        quietest = min(empty, key=lambda room: (room.is_used, room.active_at))
        while quietest.entries:
            self._drop_oldest(quietest)
        del self._rooms[quietest.name]

    def _replace(self, room: WebRoom, entry: Entry, edited: Entry) -> None:
        room.entries[room.entries.index(entry)] = edited
        if self._shelf:
            self._shelf.keep(room.name, edited, is_new=False)

    def _remove(self, room: WebRoom, entry: Entry) -> None:
        """Take an entry out, and tell everyone in its room."""
        room.entries.remove(entry)
        if self._shelf:
            self._shelf.drop(room.name, entry.id)
        room.broadcast({"type": "gone", "id": entry.id})

    def _drop_oldest(self, room: WebRoom) -> int:
        """Take the oldest entry out, which pages may go on to show; return its bytes."""
        oldest = room.entries.popleft()
        if self._shelf:
            self._shelf.drop(room.name, oldest.id)
        return oldest.size

    def _drop_beyond_the_bytes(self) -> None:
        held = sum(entry.size for room in self for entry in room.entries)
        while held > PREVIEW_BYTES:
            rooms = (room for room in self if room.entries)
            first = min(rooms, key=lambda room: room.entries[0].at)
            held -= self._drop_oldest(first)


def _any_of(*names: str) -> re.Pattern[str] | None:
    """Return what finds any of some names, as a word of its own; None where there is no name."""
    written = sorted({re.escape(name) for name in names if name}, key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(written)})(?!\w)") if written else None


def room_of(name: str) -> Room:
    """Return the room of a name, under an id that may be logged."""
    return Room(PLATFORM, sha256(name.encode()).hexdigest()[:12])


def _file_of(entry: Entry) -> str:
    """Return what the file of an entry's picture is called where it is handed out."""
    return f"pictures/{entry.id}.jpg"


def render_reply(reply: Reply) -> ReplyJson:
    """Return a reply's words and buttons as the page gets to know them."""
    rendered: ReplyJson = {
        "text": reply.text,
        "buttons": [
            [
                {"text": each.text, "data": each.data, "audience": _audience(each.data)}
                for each in row
            ]
            for row in reply.buttons
        ],
    }
    if verdict := reply.verdict:
        rendered["label"] = verdict.label
        rendered["confidence"] = round(verdict.confidence, 4)
        rendered["pair"], rendered["familiar"] = round(verdict.pair, 4), _familiar(verdict)
        rendered["unfamiliar"] = verdict.unfamiliar
    if reply.until is not None:
        rendered["until"] = reply.until.timestamp()
    return rendered


def _audience(data: str) -> Audience:
    """Return whom a button is shown to; the service refuses it to the others in any case."""
    action = buttons.decode(data)
    return Audience.EVERYONE if action is None else action.audience


def _familiar(verdict: Verdict) -> float:
    """Return how much it looks like one of the two at all, 0 to 1."""
    return round(min(1.0, max(0.0, 1 - verdict.probabilities.get(Label.NEITHER, 0.0))), 4)


def _render_player(player: Player) -> PlayerJson:
    return {"id": player.id, "name": player.name}


def _render_photo(room: str, entry: str, preview: Preview) -> PhotoJson:
    return {
        "photo": f"/r/{room}/photos/{entry}",
        "width": preview.width,
        "height": preview.height,
    }


def _entry_event(type_: str, name: str, entry: Entry, reply: Reply) -> Event:
    """Return the event of a new or edited entry; a cheer is for who is there at that moment."""
    event: dict[str, object] = {"type": type_, "entry": entry.render(name)}
    return event | {"cheer": True} if reply.cheer else event
