"""What the rooms showed in the last day, on disk, so that it outlives a restart."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from bot.disk import written_whole
from bot.domain import Picture, Preview, Room
from bot.platforms.web.rooms import PLATFORM, Entry, room_of

log = logging.getLogger(__name__)

_STORED = TypeAdapter(tuple[str, Entry])


class Shelf:
    """A folder with two files for each entry: its words, and its picture where it has one.

    A file's name begins with its room's id, and its time is the entry's: several processes may
    share the folder, each for its own rooms. Nothing waits for the disk: one thread writes, in the
    order in which it is asked to. A disk that is full costs a restart's memory and nothing else.

    Args:
        folder: Where it is; made when it is needed, for nobody else to read.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer = ThreadPoolExecutor(1, "shelf")

    def load(self, room: Room | None = None) -> Iterator[tuple[str, Entry]]:
        """Yield each entry with its room's name, the oldest first; what is broken is removed.

        Args:
            room: Whose; all rooms' if left out.
        """
        entries: dict[str, tuple[str, Entry]] = {}
        for path in self._folder.glob(f"{room.id if room else ''}*.json"):
            try:
                name, entry = _STORED.validate_json(path.read_bytes())
                if entry.preview is not None:
                    jpeg = path.with_suffix(".jpg").read_bytes()
                    entry = replace(entry, preview=replace(entry.preview, jpeg=jpeg))
                entries[entry.id] = name, entry
                if path != self._path(name, entry.id):  # as earlier versions named it
                    for each in (path.with_suffix(".jpg"), path):
                        with suppress(FileNotFoundError):
                            each.rename(self._path(name, entry.id).with_suffix(each.suffix))
            except (OSError, ValidationError) as error:
                log.warning("an entry of a room could not be read: %s", type(error).__name__)
                self._do(lambda path=path: _remove(path))  # type: ignore[misc]
        for name, entry in sorted(entries.values(), key=lambda each: each[1].at):
            yield name, _with_past_photos(entry, entries)

    async def find(self, room: Room | None = None) -> list[tuple[str, Entry]]:
        """Return the entries of a room, or of all, after what is to be written; see `load`."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._writer, lambda: list(self.load(room)))

    async def rooms(self) -> set[Room]:
        """Return the rooms of which something is kept."""

        def found() -> set[Room]:
            ids = {path.stem.partition("-")[0] for path in self._folder.glob("*-*.json")}
            return {Room(PLATFORM, id_) for id_ in ids}

        return await asyncio.to_thread(found)

    def keep(self, name: str, entry: Entry, *, is_new: bool = True) -> None:
        """Keep an entry as it is now.

        Args:
            name: Its room's.
            entry: The entry.
            is_new: Whether its picture is still to be written.
        """
        words = _STORED.dump_json((name, _without_pictures(entry)))

        def write() -> None:
            path = self._path(name, entry.id)
            if entry.preview is None:
                path.with_suffix(".jpg").unlink(missing_ok=True)
            elif is_new:
                _write(path.with_suffix(".jpg"), entry.preview.jpeg, entry.at)
            _write(path, words, entry.at)

        self._do(write)

    def drop(self, name: str, entry: str) -> None:
        """Remove an entry of a room by its id."""
        self._do(lambda: _remove(self._path(name, entry)))

    def sweep(self, latest: float) -> None:
        """Remove what is too old, of whatever room: nobody may have it open.

        Args:
            latest: Until when entries are, in seconds since 1970.
        """

        def remove() -> None:
            for path in self._folder.glob("*.json"):
                with suppress(FileNotFoundError):  # another process was quicker
                    if path.stat().st_mtime <= latest:
                        _remove(path)

        self._do(remove)

    def close(self) -> None:
        """Finish what is to be written."""
        self._writer.shutdown()

    def _do(self, job: Callable[[], None]) -> None:
        def safely() -> None:
            try:
                job()
            except OSError as error:
                log.warning("what a room shows could not be kept: %s", error.strerror)

        with suppress(RuntimeError):  # closed: the process ends
            self._writer.submit(safely)

    def _path(self, name: str, entry: str) -> Path:
        return self._folder / f"{room_of(name).id}-{entry}.json"


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.with_suffix(".jpg").unlink(missing_ok=True)


def _write(path: Path, data: bytes, at: float) -> None:
    with written_whole(path) as file:
        file.write(data)
    os.utime(path, (at, at))


def _without_pictures(entry: Entry) -> Entry:
    """Return what is written as words; a new process numbers revisions anew."""
    picture = entry.reply.picture
    return replace(
        entry,
        reply=replace(
            entry.reply,
            picture=picture and Picture(b"", picture.name, picture.description),
            document=None,
            outcomes=(),
            cheer=False,
            revision=0,
        ),
        preview=entry.preview and _empty(entry.preview),
        past_photos=tuple(
            replace(past, preview=_empty(past.preview)) for past in entry.past_photos
        ),
    )


def _with_past_photos(entry: Entry, entries: dict[str, tuple[str, Entry]]) -> Entry:
    """Return an entry with the photos that it shows again, as far as they are still there."""
    found = ((past, entries.get(past.entry)) for past in entry.past_photos)
    past_photos = tuple(
        replace(past, preview=other[1].preview)
        for past, other in found
        if other and other[1].preview
    )
    return replace(entry, past_photos=past_photos)


def _empty(preview: Preview) -> Preview:
    return replace(preview, jpeg=b"")
