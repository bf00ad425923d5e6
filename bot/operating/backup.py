"""`snowpeople backup` and `restore`: one zip file with all that a bot is moved by, tokens aside."""

from __future__ import annotations

import asyncio
import json
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

from pydantic import SecretStr

from bot.disk import written_whole
from bot.settings import Settings, password_of
from bot.storage.copies import dump, restore

# Of the data folder: photos kept to learn from, what was learned, and what makes admin links good.
# Not the rooms' photos of the last day, of which people are told that they go after a day.
KEPT = ("kept/*/*.photo", "*.safetensors", "web_secret", "web_rooms")
FOLDER = "data/"
NAMES = re.compile(r"kept/\w+/[\w-]+\.photo|[\w.-]+\.safetensors|web_secret|web_rooms")
SETTINGS = "settings.env"
# Written beside what is restored, to be compared with the new host's own.
RESTORED_SETTINGS = "restored-settings.env"
FORMAT = "snowpeople-backup.json"


class BackupError(Exception):
    """A backup cannot be made or used. Its message is one sentence for the operator."""


def back_up(settings: Settings, path: Path) -> int:
    """Write everything into one new file, also while the bot runs.

    Args:
        settings: The operator's.
        path: The file's.

    Returns:
        Its size in bytes.

    Raises:
        BackupError: When the file exists or cannot be written.
        StoreError: When the database cannot be used.
    """
    if path.exists():
        raise BackupError(f"{path} exists already, and is not overwritten: choose another name.")
    try:
        with written_whole(path) as file, ZipFile(file, "w", ZIP_DEFLATED) as archive:
            archive.writestr(FORMAT, json.dumps({"at": datetime.now(UTC).isoformat()}))
            archive.writestr(SETTINGS, _without_secrets(settings))
            asyncio.run(dump(settings.database(), archive))
            for kept in _kept(settings.data_folder):
                _add(archive, kept, settings.data_folder)
    except OSError as error:
        raise BackupError(f"{path} cannot be written: {error.strerror}.") from error
    return path.stat().st_size


def bring_back(settings: Settings, path: Path) -> None:
    """Fill an empty database and the data folder from a backup.

    Args:
        settings: The operator's.
        path: The backup's.

    Raises:
        BackupError: When it is no backup, or a file of it cannot be written.
        StoreError: When the database is not empty or cannot be used. Nothing is changed then.
    """
    try:
        with ZipFile(path) as archive:
            if FORMAT not in archive.namelist():
                raise BackupError(f"{path} is no backup of snowpeople.")
            if broken := archive.testzip():
                raise BackupError(f"{path} is damaged at {broken}: use another backup.")
            asyncio.run(restore(settings.database(), archive))
            _bring_files_back(archive, settings.data_folder)
    except (BadZipFile, KeyError, ValueError) as error:
        raise BackupError(f"{path} is no backup of snowpeople, or is damaged.") from error
    except OSError as error:
        raise BackupError(f"{error.filename or path}: {error.strerror}.") from error


def _bring_files_back(archive: ZipFile, folder: Path) -> None:
    for name in archive.namelist():
        inside = name.removeprefix(FOLDER)
        if name.startswith(FOLDER) and NAMES.fullmatch(inside):
            with written_whole(folder / inside) as file:
                file.write(archive.read(name))
    with written_whole(folder / RESTORED_SETTINGS) as file:
        file.write(archive.read(SETTINGS))


def _kept(folder: Path) -> Iterator[Path]:
    for pattern in KEPT:
        yield from sorted(folder.glob(pattern))


def _add(archive: ZipFile, path: Path, folder: Path) -> None:
    # What people are forgotten by may remove a photo meanwhile.
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return
    # They are compressed already.
    archive.writestr(f"{FOLDER}{path.relative_to(folder).as_posix()}", data, zipfile.ZIP_STORED)


def _without_secrets(settings: Settings) -> str:
    """Return the settings that are not the usual ones, as a file `.env`."""
    lines = ["# The settings of the bot that was backed up. Secrets are not in it: set them again."]
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        if value == field.default:
            continue
        is_secret = isinstance(value, SecretStr) or password_of(value)
        lines.append(f"# {name.upper()}=" if is_secret else f"{name.upper()}={value}")
    return "\n".join([*lines, ""])
