"""A party night's pictures on disk: small copies of its photos, until a day after its end."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Collection
from pathlib import Path

from bot.disk import written_whole

NAME = re.compile(r"[0-9a-f]{32}(\.heat)?|evening")


class PartyPictures:
    """A folder for each evening, with a file for each picture.

    Args:
        folder: Where they are; made when it is needed, for nobody else to read.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def keep(self, evening: str, name: str, data: bytes) -> None:
        """Keep a picture; raise OSError when the disk takes none."""
        await asyncio.to_thread(_write, self._folder / evening / name, data)

    async def find(self, evening: str, name: str) -> bytes | None:
        """Return a picture, if it is there."""
        if not NAME.fullmatch(name):
            return None
        try:
            return await asyncio.to_thread((self._folder / evening / name).read_bytes)
        except OSError:
            return None

    def has(self, evening: str, name: str) -> bool:
        """Return whether a picture is there."""
        return (self._folder / evening / name).is_file()

    async def drop(self, evening: str, *names: str) -> None:
        """Remove some of an evening's pictures."""
        for name in names:
            await asyncio.to_thread((self._folder / evening / name).unlink, missing_ok=True)

    async def prune(self, kept: Collection[str]) -> None:
        """Remove what belongs to none of some evenings."""

        def remove() -> None:
            if self._folder.is_dir():
                for each in self._folder.iterdir():
                    if each.name not in kept:
                        shutil.rmtree(each, ignore_errors=True)

        await asyncio.to_thread(remove)


def _write(path: Path, data: bytes) -> None:
    with written_whole(path) as file:
        file.write(data)
