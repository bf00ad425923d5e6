"""Photos that are kept for learning: where they lie, and that they go when they must."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.domain import Fetch, Label, Room
from bot.services.photo_archive import HALF_SECONDS, KEPT_DAYS, PhotoArchive
from bot.speech import speaker_for
from tests.fakes.messenger import FakeMessenger
from tests.support.table import MIA, OMA, Table

DAY = 24 * 3600.0
EN = speaker_for("en")


class SlowMessenger(FakeMessenger):
    """Fetches photos only when it may."""

    def __init__(self) -> None:
        super().__init__()
        self.fetching = asyncio.Event()
        self.may_fetch = asyncio.Event()

    def fetcher(self, room: Room, reference: str) -> Fetch:
        fetch_now = super().fetcher(room, reference)

        async def fetch(limit: int) -> bytes:
            self.fetching.set()
            await self.may_fetch.wait()
            return await fetch_now(limit)

        return fetch


@pytest.fixture
def archive(tmp_path: Path) -> PhotoArchive:
    return PhotoArchive(tmp_path / "kept")


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


async def keep(archive: PhotoArchive, player_id: str = "7", round_id: int = 1) -> None:
    await archive.keep(
        b"snow", Label.OLAF, platform="telegram", player_id=player_id, round_id=round_id
    )


async def test_a_photo_lies_under_its_label_and_its_name_tells_nobody_whose_it_is(
    archive: PhotoArchive, tmp_path: Path
) -> None:
    await keep(archive, player_id="Mia")
    (file,) = files(tmp_path)
    assert file.parent.name == "olaf"
    assert file.read_bytes() == b"snow"
    assert "Mia" not in file.name
    assert not file.stat().st_mode & 0o077


async def test_who_is_forgotten_loses_their_photos_and_others_do_not(
    archive: PhotoArchive, tmp_path: Path
) -> None:
    await keep(archive, "7", 1)
    await keep(archive, "8", 2)
    assert await archive.forget("telegram", "7") == 1
    assert len(files(tmp_path)) == 1


async def test_photos_go_when_their_time_is_over(archive: PhotoArchive, tmp_path: Path) -> None:
    await keep(archive)
    now = files(tmp_path)[0].stat().st_mtime
    assert await archive.prune(now + (KEPT_DAYS - 1) * DAY) == 0
    assert await archive.prune(now + (KEPT_DAYS + 1) * DAY) == 1
    assert files(tmp_path) == []


async def test_what_a_kill_left_half_written_is_forgotten_with_its_sender_and_pruned(
    archive: PhotoArchive, tmp_path: Path
) -> None:
    await keep(archive)
    whole = files(tmp_path)[0]
    half = tmp_path / "kept" / f"{whole.name}.half"
    half.write_bytes(b"sn")
    now = half.stat().st_mtime
    assert await archive.prune(now + HALF_SECONDS - 1) == 0
    assert await archive.prune(now + HALF_SECONDS + 1) == 1
    assert files(tmp_path) == [whole]
    half.write_bytes(b"sn")
    assert await archive.forget("telegram", "7") == 2
    assert files(tmp_path) == []


async def test_a_photo_that_is_being_fetched_is_not_kept_of_who_is_forgotten_meanwhile(
    table: Table, tmp_path: Path
) -> None:
    slow = SlowMessenger()
    service = table.restart({"telegram": slow})
    slow.photos = table.messenger.photos
    await table.ask(OMA, "keep", "on")
    await table.tap(MIA, await table.photo(MIA), EN.rounds.truth_button(Label.ABOMINABLE))
    await slow.fetching.wait()
    await table.tap(MIA, await table.ask(MIA, "forget"), EN.privacy.forget_button())
    slow.may_fetch.set()
    await service.settle()
    assert files(tmp_path / "kept") == []
