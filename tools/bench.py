"""`make bench`: what the bot costs, measured on this machine.

Without arguments: the engines, as docs/engines.md quotes them. With `photos`: from a photo's bytes
to the prediction, beside other ways; `make bench ARGS="photos --plot docs/bench.png"`. With
`telegram` or `discord`: from the message to the answer; `make bench ARGS="telegram 1000 stream"`.
With `rounds`: the memory, up to a million rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import statistics
import time
from pathlib import Path

import numpy as np

from classifier import Classifier
from classifier.images.decode import SUFFIXES
from classifier.inference.engines import EngineName
from classifier.inference.predictor import Predictor
from tests.conftest import running_bot
from tools import bench_discord, bench_photos, bench_rounds, bench_telegram
from tools.bench_photos import photos
from tools.bench_telegram import AT_ONCE
from tools.processes import MEGABYTE, children, resident_bytes

ENGINES: tuple[EngineName, ...] = ("torch", "onnx")
STARTS = 3
TURNS = 25
PHOTOS = 100
SEEN = 200


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__)
    parts = parser.add_subparsers(dest="part")
    telegram = parts.add_parser("telegram", help="from the message to the answer")
    telegram.add_argument(
        "scenarios",
        nargs="*",
        metavar="SCENARIO",
        help="photos at once; large: 24 of 12 megapixels; stream: fifteen a second for a minute; "
        "by default all",
    )
    beside = parts.add_parser("photos", help="from bytes to prediction, beside other ways")
    beside.add_argument("--model", nargs="+", default=["full", "small"])
    beside.add_argument(
        "--seen", type=Path, help="a folder of photos on which the answers are compared, too"
    )
    beside.add_argument("--json", type=Path, help="where to write the figures")
    beside.add_argument("--plot", type=Path, help="where to draw them")
    parts.add_parser("rounds", help="what the memory costs with up to a million rounds")
    discord = parts.add_parser("discord", help="the same on Discord")
    discord.add_argument("at_once", nargs="*", type=int, metavar="PHOTOS", help="at once")
    for part in (telegram, discord):
        part.add_argument("--model", default="full")
        part.add_argument("--database", help="an empty one; by default a file of its own")
        part.add_argument("--json", type=Path, help="where to write the figures")
    given = parser.parse_args()
    if given.part is None:
        _measure_engines()
        return
    if given.part == "rounds":
        for row in asyncio.run(bench_rounds.run()):
            print(", ".join(f"{name} {value:,.1f}" for name, value in row.items()))
        return
    if given.part == "photos":
        _measure_photos(given.model, given.seen, given.json, given.plot)
        return
    settings = {"MODEL": given.model, "ENGINE": "onnx"}
    if given.database:
        settings["DATABASE_URL"] = given.database
    if given.part == "discord":
        figures = asyncio.run(bench_discord.run(given.at_once or AT_ONCE, **settings))
    else:
        scenarios = given.scenarios or bench_telegram.SCENARIOS
        figures = asyncio.run(bench_telegram.run(scenarios, **settings))
    if given.json is not None:
        given.json.write_text(json.dumps(figures, indent=2) + "\n")


def _measure_photos(
    models: list[str], seen: Path | None, json_file: Path | None, plot: Path | None
) -> None:
    """Print a table for each model."""
    files = sorted(path for path in seen.rglob("*") if path.suffix in SUFFIXES) if seen else []
    # Evenly out of all folders.
    known = [path.read_bytes() for path in files[:: max(1, len(files) // SEEN)]]
    figures = {}
    for model in models:
        figures[model], differences = asyncio.run(bench_photos.measure(model, known))
        print(f"\n{model}\n\n{bench_photos.table(figures[model])}\n")
        for name, difference in differences.items():
            print(f"{name}, a probability beside torch's: {difference}")
    if json_file is not None:
        json_file.write_text(json.dumps(figures, indent=2) + "\n")
    if plot is not None:
        bench_photos.plot(figures, plot)


def _measure_engines() -> None:
    """Print a line for each figure."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    for engine in ENGINES:
        ready = min(_seconds_to_ready(engine) for _ in range(STARTS))
        with running_bot(MODEL="full", ENGINE=engine) as bot:
            processes = [bot.process.pid, *children(bot.process.pid)]
            own, *workers = (resident_bytes(process) / MEGABYTE for process in processes)
        print(
            f"{engine}: start to ready {ready:.1f} s, resident at rest {own:.0f} MB "
            f"and {' + '.join(f'{each:.0f}' for each in workers)} MB for the decoders"
        )
    for model in ("small", "full"):
        _compare_engines(model)
    photo = photos()["JPEG 1280x960"]
    for model in ("small", "full"):
        one, together = asyncio.run(_time_to_prediction(model, photo))
        print(
            f"{model}: {one * 1000:.1f} ms from bytes to prediction (median of {PHOTOS}, "
            f"1280x960 JPEG of {len(photo) // 1024} KB), {1 / together:.0f} photos/s at once"
        )


def _compare_engines(model: str) -> None:
    """Print what the network alone takes of each engine, measured in turns."""
    predictors = [Predictor.load(model, engine) for engine in ENGINES]
    for predictor in predictors:
        predictor.warm_up()
    size = predictors[0].card.size
    views = np.random.default_rng(0).standard_normal((8, 3, size, size), np.float32)
    for count in (1, 8):
        spent: list[list[tuple[float, float]]] = [[] for _ in predictors]
        for _ in range(TURNS):
            for predictor, its in zip(predictors, spent, strict=True):
                clock, processor = time.perf_counter(), time.process_time()
                predictor.features(views[:count])
                its.append((time.perf_counter() - clock, time.process_time() - processor))
        for engine, its in zip(ENGINES, spent, strict=True):
            clock, processor = (1000 * statistics.median(each) for each in zip(*its, strict=True))
            print(
                f"{model}, {count} at once, {engine}: {clock / count:.1f} ms a photo, "
                f"{processor / count:.1f} ms of processor time"
            )


def _seconds_to_ready(engine: str) -> float:
    started = time.perf_counter()
    with running_bot(MODEL="full", ENGINE=engine):
        return time.perf_counter() - started


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
