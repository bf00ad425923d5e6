"""The commands that an operator types instead of starting the bot, and what they print."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path

from bot.domain import Room
from bot.operating.backup import RESTORED_SETTINGS, BackupError, back_up, bring_back
from bot.operating.check import check
from bot.operating.invite import invite
from bot.platforms.web.rooms import PLATFORM as WEB
from bot.platforms.web.rooms import room_of
from bot.settings import Settings
from bot.storage import Store, StoreError


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Do what a command asks for, and print what comes of it.

    Args:
        options: The command's, see `bot.__main__`.
        settings: The operator's.

    Returns:
        0 when all is well, 1 when something is left to do.
    """
    try:
        match options.command:
            case "check":
                return _check(settings)
            case "invite":
                return _invite(settings)
            case "backup":
                return _back_up(settings, options.file)
            case "restore":
                return _restore(settings, options.file)
            case _:
                return asyncio.run(_export_room(settings, options.platform, options.room))
    except (BackupError, StoreError) as error:
        print(error, file=sys.stderr)
        return 1


def _check(settings: Settings) -> int:
    findings = asyncio.run(check(settings))
    for finding in findings:
        print(finding)
    return 0 if all(finding.is_fine for finding in findings) else 1


def _invite(settings: Settings) -> int:
    findings = asyncio.run(invite(settings))
    for finding in findings:
        print(finding.text)
    return 0 if all(finding.is_fine for finding in findings) else 1


def _back_up(settings: Settings, path: Path) -> int:
    size = back_up(settings, path)
    print(
        f"{path}: {-(-size // 1000):,} kB. It holds people's names and kept photos, and what admin "
        "links are made with: guard it as you do the bot's own folder. Tokens are not in it."
    )
    return 0


def _restore(settings: Settings, path: Path) -> int:
    bring_back(settings, path)
    before = settings.data_folder / RESTORED_SETTINGS
    print(
        f"All of {path} is back. The settings it was made with are in {before}; "
        "set the tokens in .env and start the bot."
    )
    return 0


async def _export_room(settings: Settings, platform: str | None, room: str | None) -> int:
    async with Store.read(settings.database()) as store:
        if platform is None or room is None:
            for known, photos in await store.rooms.known():
                kind = "private" if known.private else "group"
                print(f"{known.platform}\t{known.id}\t{kind}\t{photos} photos")
            return 0
        wanted = room_of(room) if platform == WEB else Room(platform, room)
        exported = await store.rooms.export(wanted)
        if not exported and platform == WEB:  # it may have been given as it is listed
            exported = await store.rooms.export(Room(platform, room))
    if not exported:
        print(
            f"Nothing is known of this room; `snowpeople export-room` lists those of {platform}.",
            file=sys.stderr,
        )
        return 1
    json.dump(exported, sys.stdout, ensure_ascii=False, indent=2)
    print()
    return 0
