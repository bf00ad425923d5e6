"""Logging set up once: to stderr, quiet about requests, and blind to tokens."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

# Only our own lines are known to hold no secrets: at DEBUG libraries print whole messages, names
# and captions included, and what a photo's EXIF says, the place included.
OURS = ("bot", "classifier")
# At INFO these print a line for each request, tokens and addresses included; Alembic only tells of
# its plug-ins.
TALKATIVE = ("httpx", "httpcore", "discord.http", "aiohttp.access", "alembic")


class _Blind(logging.Formatter):
    """Writes a record, its traceback included, without the secrets."""

    def __init__(self, secrets: Sequence[str], layout: str) -> None:
        super().__init__(layout)
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        for secret in self._secrets:
            line = line.replace(secret, "[secret]")
        return line


class _BlindJson(_Blind):
    """Writes a record as one line of JSON, whose text holds no secret."""

    def __init__(self, secrets: Sequence[str]) -> None:
        super().__init__(secrets, "%(message)s")

    def format(self, record: logging.LogRecord) -> str:
        # Before it becomes JSON, which would write a secret's quotes in another way.
        message = super().format(record)
        at = datetime.fromtimestamp(record.created, UTC)
        said = {
            "time": at.isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": message,
        }
        return json.dumps(said, ensure_ascii=False)


def set_up(level: str, secrets: Sequence[str], layout: Literal["text", "json"] = "text") -> None:
    """Log to stderr from `level` on, without the secrets; as text, or a line of JSON a record."""
    handler = logging.StreamHandler()
    if layout == "json":
        handler.setFormatter(_BlindJson(secrets))
    else:
        handler.setFormatter(_Blind(secrets, "%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(
        level=logging.INFO if level == "DEBUG" else level, handlers=[handler], force=True
    )
    for name in OURS:
        logging.getLogger(name).setLevel(level)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
