from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest
from hypothesis import settings

# The same examples each time, on every machine; `--hypothesis-profile=default` goes hunting.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")

# A real PostgreSQL and a real Chromium, each started when the first test asks for it.
pytest_plugins = ["tests.support.postgres", "tests.support.browser"]

PROJECT = Path(__file__).parent.parent
# Where a bot under test runs: the developer's own .env must not reach it.
EMPTY = tempfile.mkdtemp(prefix="snowpeople-test-")


@dataclass
class Bot:
    """The real process, as an operator starts it, where its room is, and what it said so far."""

    process: subprocess.Popen[str]
    url: str
    said: str

    def stop(self, signal_: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(signal_)
        return self.process.wait(timeout=20)


@contextmanager
def running_bot(*arguments: str, stderr: IO[str] | None = None, **settings: str) -> Iterator[Bot]:
    """Run `python -m bot` on a free port with the small model, until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "--port", "0", *arguments],
        cwd=EMPTY,
        env=environment(**{"MODEL": "small"} | settings),
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )
    assert process.stdout is not None
    try:
        said = ""
        for line in process.stdout:
            said += line
            if found := re.search(r"http://\S+", line):
                yield Bot(process, found[0], said)
                break
        else:
            pytest.fail(f"the bot ended with {process.wait()} before it served")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def environment(**settings: str) -> dict[str, str]:
    """Return this process's environment without an operator's own settings, plus the given ones.

    The engine is the one that starts quickly.
    """
    ours = {"TELEGRAM_TOKEN", "DISCORD_TOKEN", "WEB_HOST", "WEB_PORT", "WEB_URL", "LOG_LEVEL"}
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return {**kept, "ENGINE": "onnx", **settings}


@pytest.fixture(autouse=True)
def no_drum_roll(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have answers to guesses come at once."""
    monkeypatch.setattr("bot.services.guessing.DRUM_ROLL_SECONDS", 0.0)


@pytest.fixture(scope="session")
def room_url() -> Iterator[str]:
    """The address of a real bot's web server, shared by all tests that need one."""
    with running_bot() as bot:
        yield bot.url
