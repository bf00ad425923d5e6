"""The rooms of the web chat: who is there and what was shown lately. In memory only, and bounded.

Nothing here knows of HTTP or sockets: a member holds a queue of events that somebody else sends.
"""

from __future__ import annotations

import asyncio
import re
import time
import unicodedata
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from bot.domain import Player, Reply, Room
from bot.platforms.web.entries import Entry

# What fits a long scroll; older ones are of no interest to who comes in late.
ENTRIES = 50
ENTRY_SECONDS = 24 * 3600.0
# Of previews, over all rooms: some four hundred.
PREVIEW_BYTES = 64 * 1024 * 1024
ROOMS = 200
PEOPLE = 500
# A browser this far behind does not read any more; it is let go and may come back.
UNSENT = 100
NAME_LENGTH = 32
ROOM_NAME_LENGTH = 40


class Full(Exception):
    """There is no place for another room or person at the moment."""


@dataclass(eq=False, slots=True)
class Member:
    """One open page of a player; the same player may have several."""

    player: Player
    outbox: asyncio.Queue[dict[str, Any]] = field(
        default_factory=lambda: asyncio.Queue(maxsize=UNSENT)
    )
    lost: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, event: dict[str, Any]) -> None:
        """Queue an event; a member who does not keep up is marked as lost."""
        try:
            self.outbox.put_nowait(event)
        except asyncio.QueueFull:
            self.lost.set()


@dataclass(eq=False, slots=True)
class WebRoom:
    """One room: its members, its recent entries, and when something last happened."""

    name: str
    entries: deque[Entry] = field(default_factory=lambda: deque(maxlen=ENTRIES))
    members: set[Member] = field(default_factory=set)
    touched: float = 0.0
    telling: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def room(self) -> Room:
        """The room as the host knows it."""
        return room_of(self.name)

    def tell(self, event: dict[str, Any]) -> None:
        """Tell every member."""
        for member in self.members:
            member.tell(event)

    def tell_who_is_here(self) -> None:
        """Tell every member who the members are."""
        self.tell({"type": "people", "people": self.people()})

    def people(self) -> list[dict[str, str]]:
        """Return each player once, by name."""
        players = {member.player.id: member.player for member in self.members}
        by_name = sorted(players.values(), key=lambda player: player.name.casefold())
        return [{"id": player.id, "name": player.name} for player in by_name]

    def find(self, entry_id: str) -> Entry | None:
        """Return an entry that is still remembered."""
        return next((entry for entry in self.entries if entry.id == entry_id), None)

    def find_message(self, message: str | None) -> Entry | None:
        """Return the entry of a photo that came under that id, if it is still remembered."""
        same = (entry for entry in self.entries if entry.message == message)
        return None if message is None else next(same, None)


class Rooms:
    """All rooms, with the bounds that hold over all of them."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._rooms: dict[str, WebRoom] = {}

    def __iter__(self) -> Iterator[WebRoom]:
        return iter(self._rooms.values())

    def find(self, name: str) -> WebRoom | None:
        """Return a room if it exists."""
        return self._rooms.get(name)

    def known_as(self, room: Room) -> WebRoom | None:
        """Return the room that the host means, if it exists."""
        return next((shown for shown in self if shown.room == room), None)

    def join(self, name: str, player: Player) -> Member:
        """Let a player into a room, tell the others, and welcome him with what was shown lately.

        Raises Full.
        """
        if sum(len(room.members) for room in self) >= PEOPLE:
            raise Full
        room = self._open(name)
        member = Member(player)
        room.members.add(member)
        member.tell(
            {
                "type": "welcome",
                "you": player.id,
                "room": name,
                "entries": [entry.as_json(name) for entry in room.entries],
                "people": room.people(),
            }
        )
        room.tell_who_is_here()
        return member

    def leave(self, name: str, member: Member) -> None:
        """Let a member go and tell the others."""
        room = self._rooms[name]
        room.members.discard(member)
        room.touched = self._clock()
        room.tell_who_is_here()

    def rename(self, name: str, member: Member, nickname: str) -> None:
        """Give a member another nickname and tell the others."""
        if nickname:
            member.player = replace(member.player, name=nickname)
            self._rooms[name].tell_who_is_here()

    def publish(self, name: str, entry: Entry) -> None:
        """Show an entry to everyone in the room and remember it for a while. Raises Full."""
        room = self._open(name)
        room.entries.append(entry)
        self._forget_the_oldest()
        room.tell(_event("entry", name, entry, entry.reply))

    def edit(self, name: str, entry_id: str, reply: Reply) -> None:
        """Give an entry the words and buttons of a reply, and tell everyone in the room."""
        room = self._rooms.get(name)
        entry = room and room.find(entry_id)
        if not room or not entry:
            return
        said = replace(entry.reply, text=reply.text, buttons=reply.buttons)
        edited = replace(entry, reply=said)
        room.entries[room.entries.index(entry)] = edited
        room.tell(_event("edit", name, edited, reply))

    def forget(self, player: Player) -> None:
        """Take a player's photos, and what the bot said to them, out of all rooms."""
        for room in self:
            theirs = {e.id for e in room.entries if e.player and e.player.id == player.id}
            gone = [entry for entry in room.entries if theirs & {entry.id, entry.to}]
            for entry in gone:
                room.entries.remove(entry)
                room.tell({"type": "gone", "id": entry.id})

    def _open(self, name: str) -> WebRoom:
        self._forget_the_old()
        if name not in self._rooms:
            if len(self._rooms) >= ROOMS:
                self._close_the_quietest()
            self._rooms[name] = WebRoom(name)
        room = self._rooms[name]
        room.touched = self._clock()
        return room

    def _close_the_quietest(self) -> None:
        empty = [room for room in self if not room.members]
        if not empty:
            raise Full
        del self._rooms[min(empty, key=lambda room: room.touched).name]

    def _forget_the_old(self) -> None:
        oldest = self._clock() - ENTRY_SECONDS
        for room in self:
            while room.entries and room.entries[0].at < oldest:
                room.entries.popleft()

    def _forget_the_oldest(self) -> None:
        held = sum(entry.size for room in self for entry in room.entries)
        while held > PREVIEW_BYTES:
            rooms = (room for room in self if room.entries)
            first = min(rooms, key=lambda room: room.entries[0].at)
            held -= first.entries.popleft().size


def room_of(name: str) -> Room:
    """Return the room of a name, under an id that may be logged."""
    return Room("web", sha256(name.encode()).hexdigest()[:12])


def _event(type_: str, name: str, entry: Entry, reply: Reply) -> dict[str, Any]:
    """Tell of an entry; a cheer is for who is there at that moment."""
    event = {"type": type_, "entry": entry.as_json(name)}
    return event | {"cheer": True} if reply.cheer else event


def clean(text: str, length: int = NAME_LENGTH) -> str:
    """Return a nickname or caption on one line, so that it cannot upset its surroundings.

    Control characters and the marks that turn the direction of text go; the joiner that holds
    family emoji together stays.
    """
    kept = (
        sign
        for sign in unicodedata.normalize("NFC", text)
        if sign == "\u200d" or sign.isspace() or not unicodedata.category(sign).startswith("C")
    )
    return " ".join("".join(kept).split())[:length].strip("\u200d ")


def clean_room_name(name: str) -> str:
    """Return a room's name as its link has it: `The Smiths!` is `the-smiths`; may be empty."""
    normal = unicodedata.normalize("NFKC", name).casefold()
    return re.sub(r"[^\w]+", "-", normal).strip("-_")[:ROOM_NAME_LENGTH].rstrip("-_")
