"""Logging set up once: to stderr, quiet about requests, and blind to tokens."""

from __future__ import annotations

import logging
from collections.abc import Sequence

# Only our own lines are known to hold no secrets: at DEBUG libraries print whole messages, names
# and captions included, and what a photo's EXIF says, the place included.
OURS = ("bot", "classifier")
# At INFO these print a line for each request, tokens and addresses included; Alembic only tells of
# its plug-ins.
TALKATIVE = ("httpx", "httpcore", "discord.http", "aiohttp.access", "alembic")


class _Blind(logging.Formatter):
    """Writes a record, its traceback included, without the secrets."""

    def __init__(self, secrets: Sequence[str]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        for secret in self._secrets:
            line = line.replace(secret, "[secret]")
        return line


def set_up(level: str, secrets: Sequence[str]) -> None:
    """Log to stderr from `level` on, without the secrets."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Blind(secrets))
    logging.basicConfig(
        level=logging.INFO if level == "DEBUG" else level, handlers=[handler], force=True
    )
    for name in OURS:
        logging.getLogger(name).setLevel(level)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
