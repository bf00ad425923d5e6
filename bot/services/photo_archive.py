"""Photos that fooled the bot: known again by numbers, and kept where a room's admins want it."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Mapping
from pathlib import Path

from bot.disk import written_whole
from bot.domain import Fetch, Label, Refused, Room, StoredRound
from bot.game.rules import Round
from bot.services.admission import FETCH_SECONDS, MAX_BYTES
from bot.services.ports import Messenger, PhotoClassifier
from bot.storage import Store

log = logging.getLogger(__name__)

KEPT_DAYS = 90
# A file is written in a moment; one that is half written for so long was left behind by a kill.
HALF_SECONDS = 3600.0


class PhotoArchive:
    """A folder for each label, as `classifier.learn` takes them.

    A file's name holds a digest of who sent it, so that it can be found again to be removed, and
    nothing that tells who that is.

    Args:
        folder: Where it is; made when it is needed, for nobody else to read.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def keep(
        self, photo: bytes, truth: Label, *, platform: str, player_id: str, round_id: int
    ) -> None:
        """Keep a photo. The bytes are stored as they are; the trainer opens what the bot opens.

        Args:
            photo: The file.
            truth: Who is on it.
            platform: The sender's.
            player_id: The platform's id of the sender.
            round_id: The photo's round.
        """
        name = f"{_digest(platform, player_id)}-{round_id}.photo"
        await asyncio.to_thread(self._write, self._folder / truth.value / name, photo)

    async def rounds(self, platform: str, player_id: str) -> list[int]:
        """Return the rounds of which a person's photos are kept."""
        pattern = f"*/{_digest(platform, player_id)}-*.photo"
        found = await asyncio.to_thread(lambda: list(self._folder.glob(pattern)))
        return sorted(int(path.stem.rpartition("-")[2]) for path in found)

    async def forget(self, platform: str, player_id: str) -> int:
        """Remove a person's photos, and return how many there were."""
        return await asyncio.to_thread(self._remove, f"{_digest(platform, player_id)}-*")

    async def drop(self, round_id: int) -> None:
        """Remove the photo of a round, when its truth turned out to be none."""
        await asyncio.to_thread(self._remove, f"*-{round_id}.photo*")

    async def prune(self, now: float | None = None) -> int:
        """Remove what is older than it may be, and return how many that were.

        Args:
            now: Seconds since 1970; the present if left out.
        """
        now = time.time() if now is None else now
        removed = await asyncio.to_thread(self._remove, "*.half", now - HALF_SECONDS)
        return removed + await asyncio.to_thread(self._remove, "*", now - KEPT_DAYS * 24 * 3600)

    def _write(self, path: Path, photo: bytes) -> None:
        # Until it is whole it is not where the trainer would find it.
        with written_whole(path, self._folder / f"{path.name}.half") as file:
            file.write(photo)

    def _remove(self, pattern: str, before: float | None = None) -> int:
        removed = 0
        for path in (*self._folder.glob(pattern), *self._folder.glob(f"*/{pattern}")):
            if path.is_file() and (before is None or path.stat().st_mtime < before):
                path.unlink(missing_ok=True)
                removed += 1
        return removed


class ArchiveJobs:
    """Fetches photos that fooled the bot once more, beside everything else that goes on.

    What the network sees of a photo and of its likely disguises is stored, so that a copy of it is
    known again. The photo itself is kept only where a room wants that. Where it can no longer be
    had, what was stored of it with the verdict stays.

    Args:
        archive: Where photos are kept.
        store: Knows which rooms want that, and where photos are.
        vision: Looks at them.
        messengers: The platforms, by name.
    """

    def __init__(
        self,
        archive: PhotoArchive,
        store: Store,
        vision: PhotoClassifier,
        messengers: Mapping[str, Messenger],
    ) -> None:
        self._archive = archive
        self._store = store
        self._vision = vision
        self._messengers = messengers
        # By whose photo it is: who is forgotten must not come back by a fetch that is under way.
        self._jobs: dict[asyncio.Task[None], tuple[str, str]] = {}

    async def round_ended(self, room: Room, round_: Round) -> None:
        """Have the photo of a round looked at again if it fooled the bot; else drop it if kept."""
        if round_.is_void or not round_.is_fooled or round_.truth is None:
            # Whatever the settings are by now: it may have been kept before they changed.
            await self._archive.drop(round_.id)
            return
        found = await self._store.rounds.find(round_.id)
        keeps = (await self._store.rooms.settings(room)).keep
        messenger = self._messengers.get(room.platform)
        if found is None or found.reference is None or messenger is None:
            return
        fetch = messenger.fetcher(found.sent_to, found.reference)
        job = asyncio.create_task(
            self._look_again(fetch, found, round_.truth.label if keeps else None)
        )
        self._jobs[job] = room.platform, found.player_id
        job.add_done_callback(self._jobs.pop)

    async def forget(self, platform: str, player_id: str) -> None:
        """Remove a person's photos, those that are just being fetched as well."""
        theirs = [job for job, whose in self._jobs.items() if whose == (platform, player_id)]
        for job in theirs:
            job.cancel()
        await asyncio.gather(*theirs, return_exceptions=True)
        await self._archive.forget(platform, player_id)

    async def rounds(self, platform: str, player_id: str) -> list[int]:
        """Return the rounds of which a person's photos are kept."""
        return await self._archive.rounds(platform, player_id)

    async def prune(self) -> None:
        """Remove what is older than it may be."""
        await self._archive.prune()

    async def finish(self) -> None:
        """Wait for what is under way."""
        await asyncio.gather(*self._jobs, return_exceptions=True)

    async def _look_again(self, fetch: Fetch, found: StoredRound, keep_as: Label | None) -> None:
        """Fetch a photo, store what is seen of it, and keep it under a label if there is one."""
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                photo = await fetch(MAX_BYTES)
        except Refused as refused:
            log.info("a photo that fooled could not be had: %s", refused.reason)
            return
        except TimeoutError:
            log.info("a photo that fooled took too long")
            return
        except Exception:
            log.exception("a photo that fooled could not be had")
            return
        if keep_as is not None:
            await self._keep(photo, found, keep_as)
        try:
            features = await self._vision.features(photo)
            await self._store.foolings.remember(found.id, features)
        except Refused as refused:
            log.info("a photo that fooled could not be looked at again: %s", refused.reason)
        except Exception:
            log.exception("a photo that fooled could not be looked at again")

    async def _keep(self, photo: bytes, found: StoredRound, truth: Label) -> None:
        keeping = asyncio.create_task(
            self._archive.keep(
                photo,
                truth,
                platform=found.room.platform,
                player_id=found.player_id,
                round_id=found.id,
            )
        )
        try:
            await asyncio.shield(keeping)
        except asyncio.CancelledError:
            # The thread that writes goes on: whoever removes the file must come after it.
            await asyncio.wait([keeping])
            raise
        except OSError:
            log.exception("a photo to learn from could not be kept")


def _digest(platform: str, player_id: str) -> str:
    return hashlib.sha256(f"{platform} {player_id}".encode()).hexdigest()[:16]
