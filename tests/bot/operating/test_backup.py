"""A backup of a bot in play, restored into an empty one of either kind of database, plays on."""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path
from zipfile import ZipFile

import pytest
from pydantic import AnyHttpUrl, SecretStr

from bot.domain import AdminAction, Fingerprint, Label, Room
from bot.operating import commands
from bot.operating.backup import BackupError, back_up, bring_back
from bot.services.photo_archive import PhotoArchive
from bot.settings import Settings
from bot.storage import Store, StoreError
from tests.support.records import (
    ANNA,
    BEN,
    NOW,
    OLAF,
    ROOM,
    SUPERGROUP,
    fool,
    guess,
    object_to,
    opened,
    photo,
    played,
    points,
)

TOKEN = "123456789:" + "A" * 35
PASSWORD = "sekret"


def settings(folder: Path, url: str | None = None) -> Settings:
    secret = SecretStr(url) if url else None
    return Settings.model_construct(
        data_folder=folder,
        database_url=secret,
        telegram_token=SecretStr(TOKEN),
        web_port=8081,
        classifier_url=AnyHttpUrl(f"http://bot:{PASSWORD}@tier:8000"),
    )


async def play(store: Store) -> int:
    """Leave something in each table; return the number of the last round, which is gone."""
    first = await fool(store)
    await fool(store, BEN)
    await guess(store, BEN)
    await object_to(store, first, BEN)
    await store.rooms.log_action(ROOM, ANNA, AdminAction.RESET, NOW)
    prints = Fingerprint((2**128 - 1,), ())
    await store.rounds.note_verdict(await opened(store, photo("77")), OLAF, prints)
    await store.notes.remember("menus", "abc")
    await store.rooms.move(ROOM, SUPERGROUP)
    last = await played(store, room=Room("telegram", "5", private=True), player=BEN)
    await store.people.forget("telegram", BEN.id)
    return last


@pytest.mark.parametrize(
    ("database_url", "new_url"),
    [("sqlite", "postgresql"), ("postgresql", "sqlite")],
    indirect=True,
)
async def test_a_backup_of_a_running_bot_plays_on_in_an_empty_one(
    database_url: str, new_url: str, tmp_path: Path
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    old, new, path = settings(here, database_url), settings(there, new_url), tmp_path / "a.zip"
    await PhotoArchive(here / "kept").keep(
        b"photo", Label.OLAF, platform="telegram", player_id="7", round_id=1
    )
    (here / "web_secret").write_text("secret")
    (here / "web_photos").mkdir()
    (here / "web_photos" / "1.jpg").write_bytes(b"of the day")
    async with Store.open(database_url) as store:
        last = await play(store)
        before = await store.people.export("telegram", ANNA.id)
        score = await points(store, SUPERGROUP)
        room = await store.rooms.export(SUPERGROUP)
        await asyncio.to_thread(back_up, old, path)
        with pytest.raises(BackupError, match="exists already"):
            await asyncio.to_thread(back_up, old, path)

    assert path.stat().st_mode & 0o077 == 0
    with ZipFile(path) as archive:
        whole = b"".join(archive.read(name) for name in archive.namelist())
    assert TOKEN.encode() not in whole
    assert PASSWORD.encode() not in whole
    async with Store.open(new_url) as store:  # it was started once, and nobody has played
        await store.notes.remember("menus", "other")
    await asyncio.to_thread(bring_back, new, path)
    assert (there / "web_secret").read_text() == "secret"
    assert [file.read_bytes() for file in (there / "kept" / "olaf").iterdir()] == [b"photo"]
    assert not (there / "web_photos").exists()
    assert "WEB_PORT=8081" in (there / "restored-settings.env").read_text()

    async with Store.open(new_url) as store:
        assert await store.people.export("telegram", ANNA.id) == before
        assert await points(store, SUPERGROUP) == score
        assert await store.rooms.export(ROOM) == {**room, "room": ROOM.id}
        assert await store.notes.recall("menus") == "abc"
        # A button may still name the round that is gone: nobody else gets its number.
        assert await fool(store, room=SUPERGROUP) > last
    with pytest.raises(StoreError, match="not empty"):
        await asyncio.to_thread(bring_back, new, path)
    async with Store.open(new_url) as store:
        assert await points(store, SUPERGROUP) != score  # and nothing was overwritten


def test_what_is_no_backup_is_one_sentence(tmp_path: Path) -> None:
    empty = settings(tmp_path / "data")
    other, text = tmp_path / "other.zip", tmp_path / "text.zip"
    with ZipFile(other, "w") as archive:
        archive.writestr("hello.txt", "hello")
    text.write_text("hello")
    for path in (other, text, tmp_path / "missing.zip"):
        with pytest.raises(BackupError, match=path.name) as error:
            bring_back(empty, path)
        assert "\n" not in str(error.value)
    with pytest.raises(StoreError, match="nothing to back up"):
        back_up(empty, tmp_path / "new.zip")
    assert not list(tmp_path.glob("new.zip*"))


async def test_a_room_is_printed_as_json_by_what_counts_as_no_process(
    new_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here = settings(tmp_path, new_url)

    async def export(*given: str) -> int:
        platform, room = given or (None, None)
        options = argparse.Namespace(command="export-room", platform=platform, room=room)
        return await asyncio.to_thread(commands.run, options, here)

    async with Store.open(here.database()) as store:  # the bot may run meanwhile
        await fool(store)
        await played(store, BEN, room=Room("telegram", "another"))
        exporting, most = asyncio.ensure_future(export()), 1
        while not exporting.done():
            await asyncio.sleep(0)
            if store.leases.are_shared:
                await store.leases.renew()
            most = max(most, store.leases.living)
        assert (await exporting, most) == (0, 1)
    assert f"telegram\t{ROOM.id}\tgroup\t1 photos" in capsys.readouterr().out.splitlines()
    assert await export("telegram", ROOM.id) == 0
    room = json.loads(capsys.readouterr().out)
    assert [player["name"] for player in room["players"]] == [ANNA.name]
    (round_,) = room["rounds"]
    assert (round_["label"], round_["truth"]) == ("olaf", "abominable")
    assert await export("web", "nowhere") == 1
    assert "Nothing is known of this room" in capsys.readouterr().err
