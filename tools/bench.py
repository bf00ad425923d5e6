"""`make bench`: the figures that README quotes, measured on this machine."""

from __future__ import annotations

import asyncio
import os
import platform
import statistics
import subprocess
import sys
import time
from io import BytesIO

from PIL import Image

from classifier import Classifier
from tests.conftest import running_bot

STARTS = 3
PHOTOS = 100
MEGABYTE = 1024 * 1024


def main() -> None:
    """Print a line for each figure."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"start to ready: {min(_seconds_to_ready() for _ in range(STARTS)):.1f} s")
    torch = _resident_with_torch_alone()
    for model in ("small", "full"):
        with running_bot(MODEL=model) as bot:
            bot_bytes = _resident_bytes(bot.process.pid)
        print(
            f"{model}: resident at rest {bot_bytes / MEGABYTE:.0f} MB, "
            f"{(bot_bytes - torch) / MEGABYTE:.0f} MB over `import torch` alone"
        )
    photo = _photo(1280, 960)
    for model in ("small", "full"):
        one, together = asyncio.run(_time_to_prediction(model, photo))
        print(
            f"{model}: {one * 1000:.1f} ms from bytes to prediction (median of {PHOTOS}, "
            f"1280x960 JPEG of {len(photo) // 1024} KB), {1 / together:.0f} photos/s at once"
        )


def _seconds_to_ready() -> float:
    started = time.perf_counter()
    with running_bot(MODEL="full"):
        return time.perf_counter() - started


def _resident_with_torch_alone() -> int:
    idle = "import torch; print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", idle], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        size = _resident_bytes(process.pid)
        process.kill()
    return size


def _resident_bytes(pid: int) -> int:
    with open(f"/proc/{pid}/statm") as file:  # noqa: PTH123
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _photo(width: int, height: int) -> bytes:
    """Return a JPEG with about as much detail as a phone's photo."""
    coarse = Image.effect_noise((width // 16, height // 16), 120).resize((width, height))
    fine = Image.effect_noise((width, height), 12)
    out = BytesIO()
    Image.merge("RGB", (coarse, fine, coarse.rotate(180))).save(out, "JPEG", quality=85)
    return out.getvalue()


async def _time_to_prediction(model: str, photo: bytes) -> tuple[float, float]:
    async with Classifier.load(model) as classifier:
        times = []
        for _ in range(PHOTOS):
            started = time.perf_counter()
            await classifier.classify(photo)
            times.append(time.perf_counter() - started)
        started = time.perf_counter()
        for _ in range(4):
            await asyncio.gather(*(classifier.classify(photo) for _ in range(32)))
        return statistics.median(times), (time.perf_counter() - started) / 128


if __name__ == "__main__":
    main()
