"""Photos that fooled the bot, kept for learning where a room's admins asked for it."""

from __future__ import annotations

import asyncio
import hashlib
import time
from pathlib import Path

from bot.domain import Label

KEPT_DAYS = 90


class PhotoArchive:
    """Keeps photos in a folder for each label, as `classifier.train` takes them.

    A file's name holds a digest of who sent it, so that it can be found again to be removed, and
    nothing that tells who that is.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def keep(
        self, photo: bytes, truth: Label, *, platform: str, player_id: str, round_id: int
    ) -> None:
        """Keep a photo. The bytes are stored as they are; the trainer opens what the bot opens."""
        name = f"{_digest(platform, player_id)}-{round_id}.photo"
        await asyncio.to_thread(self._write, self._folder / truth.value / name, photo)

    async def forget(self, platform: str, player_id: str) -> int:
        """Remove a person's photos, and return how many there were."""
        return await asyncio.to_thread(self._remove, f"{_digest(platform, player_id)}-*")

    async def drop(self, round_id: int) -> None:
        """Remove the photo of a round, when its truth turned out to be none."""
        await asyncio.to_thread(self._remove, f"*-{round_id}.photo")

    async def prune(self, now: float | None = None) -> int:
        """Remove what is older than it may be, and return how many that were."""
        before = (time.time() if now is None else now) - KEPT_DAYS * 24 * 3600
        return await asyncio.to_thread(self._remove, "*", before)

    def _write(self, path: Path, photo: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        half = self._folder / f"{path.name}.half"  # not where the trainer would find it
        half.write_bytes(photo)
        half.replace(path)  # a kill leaves no half photo under the real name

    def _remove(self, pattern: str, before: float | None = None) -> int:
        removed = 0
        for path in self._folder.glob(f"*/{pattern}"):
            if before is None or path.stat().st_mtime < before:
                path.unlink(missing_ok=True)
                removed += 1
        return removed


def _digest(platform: str, player_id: str) -> str:
    return hashlib.sha256(f"{platform} {player_id}".encode()).hexdigest()[:16]
