"""Who may decide for a room: whoever created it, or holds its admin link."""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from cachetools import LRUCache

from bot.domain import Player
from bot.platforms.web.rooms import room_of

log = logging.getLogger(__name__)

SECRET_FILE = "web_secret"
CREATED_FILE = "web_rooms"
SECRET_BYTES = 32
# Creators of rooms in which nothing has happened, or whose page is still to be told the token.
CREATORS = 2048
# In place of one who is forgotten.
NOBODY = ""
# A line of 13 bytes each: beyond this, new rooms have no admin but who holds the link.
CREATED = 100_000


class Admins:
    """Makes and checks the tokens of admin links, and remembers who created a room.

    Args:
        folder: Keeps the secret that the tokens are made with, and which rooms were created, so
            that neither ends with the process; None keeps both in memory.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._secret = secrets.token_bytes(SECRET_BYTES)
        self._created: set[str] = set()
        self._creators: LRUCache[str, str] = LRUCache(CREATORS)
        self._created_file: Path | None = None
        if folder is not None:
            try:
                self._secret = _kept_secret(folder / SECRET_FILE, self._secret)
                self._created_file = folder / CREATED_FILE
                self.read_created()
            except OSError as error:
                log.warning("admin links end with this process: %s", error)

    def token(self, name: str) -> str:
        """Return the token of a room's admin link."""
        digest = hmac.digest(self._secret, f"admin:{name}".encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest[:24]).decode()

    def add_existing(self, rooms: Iterable[str]) -> None:
        """Note rooms that exist already: nobody who comes in has created them.

        Args:
            rooms: Their ids.
        """
        self._created.update(rooms)

    def read_created(self) -> None:
        """Learn which rooms were created, by now in whatever process that shares the folder."""
        if self._created_file is not None:
            self._created.update(_lines(self._created_file))

    def is_admin(self, name: str, player: Player, token: object) -> bool:
        """Return whether a player may decide for a room.

        Whoever comes first into a room in which nothing has ever happened is its creator; a room
        that existed before has no admin but who holds its link.

        Args:
            name: The room's, as its link has it.
            player: Who wants to know.
            token: What their page holds, if anything.
        """
        if self.is_new(name) and len(self._created) < CREATED:
            self._creators.setdefault(name, player.id)
        if self._creators.get(name) == player.id:
            return True
        if not isinstance(token, str):
            return False
        given = token.encode("utf-8", "surrogateescape")
        return hmac.compare_digest(given, self.token(name).encode())

    def forget(self, player: Player) -> None:
        """Forget which rooms a player created; a page that was told so keeps its token."""
        for name in [name for name, creator in self._creators.items() if creator == player.id]:
            self._creators[name] = NOBODY

    def is_new(self, name: str) -> bool:
        """Return whether nothing has ever happened in a room: then nothing is stored of it."""
        return room_of(name).id not in self._created

    def note_use(self, name: str) -> None:
        """Note that something happens in a room: from now on it has been created."""
        room = room_of(name).id
        if room in self._created or len(self._created) >= CREATED:
            return
        self._created.add(room)
        if self._created_file is not None:
            # Without this line whoever came first after a restart would be taken for the creator.
            with suppress(OSError), self._created_file.open("a", encoding="ascii") as file:
                file.write(f"{room}\n")


def _kept_secret(path: Path, fresh: bytes) -> bytes:
    """Return the secret in a file; one that is missing or broken is made anew.

    Of several processes that start at once all get what the first of them made.
    """
    with suppress(FileNotFoundError):
        kept = path.read_bytes()
        if len(kept) == SECRET_BYTES:
            return kept
        path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(fresh)
    try:
        path.hardlink_to(part)
    except FileExistsError:
        return path.read_bytes()
    except OSError:  # a disk without links
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return fresh


def _lines(path: Path) -> list[str]:
    """Return the lines of a file, none where there is none."""
    try:
        return path.read_text(encoding="ascii", errors="replace").split()
    except FileNotFoundError:
        return []
