"""`snowpeople check`: looks at everything that the bot needs, and says of each how it is."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import socket
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from bot.listening import bind
from bot.operating.platforms import examine_all
from bot.platforms.findings import Examination, Finding
from bot.settings import Settings, without_slash
from bot.storage import StoreError
from bot.storage.copies import look
from classifier import Classifier, EngineError, ModelError

# A year of a family's games, and kept photos beside them.
DISK_BYTES = 500_000_000
# Guess rounds, days and months go by this computer's clock.
CLOCK_SECONDS = 60.0
CONNECT_SECONDS = 10.0


async def check(settings: Settings) -> list[Finding]:
    """Look at everything, also while the bot runs. Changes nothing.

    Args:
        settings: The operator's, which were read without trouble.

    Returns:
        A line for each thing.
    """
    examined = await examine_all(settings)
    return [
        _settings(settings),
        await _database(settings),
        await asyncio.to_thread(_model, settings),
        *await classifier_tier(settings),
        _disk(settings.data_folder),
        _port(settings.web_host, settings.web_port),
        _clock(examined),
        *(finding for platform in examined for finding in platform.findings),
    ]


def _settings(settings: Settings) -> Finding:
    tokens = {"Telegram": settings.telegram_token, "Discord": settings.discord_token}
    named = [name for name, token in tokens.items() if token is not None]
    if settings.web_room:
        named.append("the room in the browser")
    if not named:
        text = "no token is set and WEB_ROOM is off: set one of them in .env."
        return Finding("settings", text, is_fine=False)
    return Finding("settings", f"for {', '.join(named)}.")


async def _database(settings: Settings) -> Finding:
    address = settings.database()
    kind = "SQLite" if address.startswith("sqlite") else "PostgreSQL"
    file = address.removeprefix("sqlite:///")
    if kind == "SQLite" and not os.path.exists(file):  # noqa: ASYNC240, PTH110
        return Finding("database", "there is none yet; the start makes it.")
    try:
        rounds = await look(address)
    except StoreError as error:
        return Finding("database", str(error), is_fine=False)
    if rounds is None:
        return Finding("database", f"{kind} answers, and is empty; the start makes the tables.")
    return Finding("database", f"{kind} answers; photos that it knows: {rounds}.")


def _model(settings: Settings) -> Finding:
    try:
        classifier = Classifier.load(settings.model, engine=settings.engine)
    except (ModelError, EngineError) as error:
        return Finding("model", f"{error} Correct MODEL or ENGINE.", is_fine=False)
    return Finding("model", f"{classifier.card.name}, computed by {classifier.engine}.")


async def classifier_tier(settings: Settings) -> list[Finding]:
    """Return how the classifier tier is, where there is to be one."""
    url = without_slash(settings.classifier_url)
    if url is None:
        return []
    from classifier.serving import RemoteClassifier

    try:
        load = partial(RemoteClassifier.load, url, settings.model, engine=settings.engine)
        async with await asyncio.to_thread(load) as classifier:
            text = classifier.fault
    except (ModelError, EngineError):
        return []  # of which the line before this one tells
    if text:
        text = f"it {text}; until then the bot looks at photos by itself."
        return [Finding("classifier tier", text, is_fine=False)]
    return [Finding("classifier tier", "it answers, and has this model.")]


def _disk(folder: Path) -> Finding:
    there = next(each for each in (folder, *folder.absolute().parents) if each.is_dir())
    if not os.access(there, os.W_OK):
        text = f"{folder} cannot be written by this user: change its owner, or DATA_FOLDER."
        return Finding("disk", text, is_fine=False)
    free = shutil.disk_usage(there).free
    if free < DISK_BYTES:
        text = f"only {free / 1e6:.0f} MB are free at {folder}: make room."
        return Finding("disk", text, is_fine=False)
    return Finding("disk", f"{free / 1e9:.1f} GB are free at {folder}.")


def _port(host: str, port: int) -> Finding:
    try:
        with bind(host, port):
            return Finding("port", f"{port} at {host} is free.")
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            text = f"the room cannot open at {host}, port {port}: correct WEB_HOST and WEB_PORT."
            return Finding("port", text, is_fine=False)
    if _is_ours(host, port):
        return Finding("port", f"the bot itself is running at {port}.")
    text = f"another program uses {port}: stop that, or choose another WEB_PORT."
    return Finding("port", text, is_fine=False)


def _is_ours(host: str, port: int) -> bool:
    """Return whether it is a snowpeople that listens there."""
    local = "127.0.0.1" if host in ("", "0.0.0.0") else "::1" if host == "::" else host
    request = f"GET /healthz HTTP/1.0\r\nHost: {local}\r\n\r\n".encode()
    try:
        with socket.create_connection((local, port), CONNECT_SECONDS) as connection:
            connection.sendall(request)
            answer = b""
            while more := connection.recv(4096):
                answer += more
    except OSError:
        return False
    return b'"classifier"' in answer


def _clock(examined: Sequence[Examination]) -> Finding:
    theirs = next((each.clock for each in examined if each.clock is not None), None)
    if theirs is None:
        return Finding(
            "clock", f"{datetime.now().astimezone():%Y-%m-%d %H:%M %Z}, see for yourself."
        )
    seconds = abs((datetime.now(UTC) - theirs).total_seconds())
    if seconds > CLOCK_SECONDS:
        text = (
            f"it is wrong by {seconds / 60:.0f} minutes: turn on the system's time synchronisation."
        )
        return Finding("clock", text, is_fine=False)
    return Finding("clock", "it agrees with the platform's.")
