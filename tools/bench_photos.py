"""From a photo's bytes to who is on it: the bot's way, and others', by turns in one run.

Rivals are what one would write in an afternoon: Pillow, torchvision's transforms and eager torch;
fastai's `predict`. Candidates are other runtimes behind the bot's own decoding. Packages that are
not installed are left out: the extra `bench` brings them.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from PIL import Image

from classifier import Classifier
from classifier.images.decode import decode_photo
from classifier.inference.engines import onnx_graph
from classifier.inference.engines.contract import Array, Engine
from classifier.inference.engines.onnx import OnnxEngine
from classifier.inference.predictor import Predictor
from classifier.types import CATEGORIES
from classifier.weights import Weights, read
from tests.support.pictures import draw_olaf, draw_yeti, everyday

CORES = os.cpu_count() or 1
# How often each way is asked, by turns; fewer times what takes long.
TURNS, LONG_TURNS = 25, 7
TOGETHER = (8, 64)
CALIBRATED_ON = 64

# Who is on some photos, for each its probabilities of CATEGORIES.
Ask = Callable[[Sequence[bytes]], Awaitable[list[list[float]]]]
Figures = dict[str, dict[str, dict[str, float]]]


def photos() -> dict[str, bytes]:
    """Draw the photos, one of each kind."""
    phone = _detailed(4032, 3024)
    with_holes = _detailed(1000, 1000).convert("RGBA")
    with_holes.putalpha(Image.effect_noise((1000, 1000), 80))
    return {
        "JPEG 320x240": _file(_detailed(320, 240), "JPEG", quality=85),
        "JPEG 1280x960": _file(_detailed(1280, 960), "JPEG", quality=85),
        "JPEG 4032x3024": _file(phone, "JPEG", quality=85),
        "PNG 1000x1000, transparent": _file(with_holes, "PNG"),
        "HEIC 4032x3024": _file(phone, "HEIF", quality=60),
    }


async def measure(model: str, seen: Sequence[bytes] = ()) -> tuple[Figures, dict[str, str]]:
    """Time all ways by turns.

    Args:
        model: `small` or `full`.
        seen: Photos on which the runtimes' answers are compared with torch's.

    Returns:
        By kind of photo and way the median and the quartiles of a photo's time in milliseconds; and
        how far each way's answers are from torch's.
    """
    figures: Figures = {}
    async with ways(model, seen) as asked:
        for kind, photo in photos().items():
            turns = LONG_TURNS if "4032" in kind else TURNS
            figures[kind] = await _by_turns(asked, [photo], turns)
        together = photos()["JPEG 1280x960"]
        for number in TOGETHER:
            kind = f"JPEG 1280x960, {number} at once"
            figures[kind] = await _by_turns(asked, [together] * number, LONG_TURNS)
        return figures, await _differences(asked, seen)


@asynccontextmanager
async def ways(model: str, seen: Sequence[bytes]) -> AsyncIterator[dict[str, Ask]]:
    """Yield all ways that are installed, by their names; each is ready."""
    weights = read(model)
    async with AsyncExitStack() as stack:
        asked: dict[str, Ask] = {}
        for name, engine in _engines(weights, seen):
            classifier = Classifier(Predictor(engine, weights))
            asked[name] = _asking(await stack.enter_async_context(classifier))
        pool = stack.enter_context(ThreadPoolExecutor(CORES))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for name, ask in _rivals(model, weights.card.size, folder):
            # fastai's learner has a state: it answers one at a time.
            asked[name] = _in_threads(ask, pool if name == "plain torch" else ThreadPoolExecutor(1))
        yield asked


def _engines(weights: Weights, seen: Sequence[bytes]) -> Iterator[tuple[str, Engine]]:
    yield "ONNX Runtime", OnnxEngine(weights)
    if _is_installed("torch"):
        from classifier.inference.engines.pytorch import TorchEngine

        yield "torch", TorchEngine.of(weights)
    if _is_installed("openvino"):
        yield "OpenVINO", OpenVino(weights)
    if _is_installed("onnx"):
        yield "ONNX Runtime, int8", Int8(weights, seen)


class OpenVino:
    """Computes a network by OpenVINO, in single precision or what the processor has."""

    name = "openvino"

    def __init__(self, weights: Weights) -> None:
        import openvino

        core = openvino.Core()
        network = core.read_model(onnx_graph.onnx_file(weights))
        self._network = core.compile_model(network, "CPU", {"INFERENCE_NUM_THREADS": CORES})
        self._request = self._network.create_infer_request()

    def features(self, views: Array) -> Array:
        """Return what the last layer sees of views, (n, 3, size, size): (n, 512)."""
        features: Array = self._request.infer({onnx_graph.INPUT: views})[onnx_graph.FEATURES]
        return features

    def feature_maps(self, view: Array) -> tuple[Array, Array]:
        """Return the last two feature maps of one view, (3, size, size)."""
        maps = self._request.infer({onnx_graph.INPUT: view[None]})
        return maps[onnx_graph.MIDDLE][0], maps[onnx_graph.LAST][0]

    def warm_up(self, views: Array, judge: Callable[[Array], Array]) -> None:
        """Run once."""
        self.features(views[:1])


class Int8(OnnxEngine):
    """Computes a network by ONNX Runtime in whole numbers, whose ranges some pictures gave."""

    name = "onnx int8"

    def __init__(self, weights: Weights, seen: Sequence[bytes]) -> None:
        from onnxruntime import quantization

        super().__init__(weights)
        looks = Predictor(OnnxEngine(weights), weights)
        size = weights.card.size
        pictures = [decode_photo(each, size) for each in seen[:CALIBRATED_ON]]
        pictures = pictures or [draw((400, 300)) for draw in (draw_olaf, draw_yeti, everyday)]
        views = iter([{onnx_graph.INPUT: looks.view(picture)[None]} for picture in pictures])

        class Reader(quantization.CalibrationDataReader):  # type: ignore[misc]
            def get_next(self) -> dict[str, Array] | None:
                return next(views, None)

        with tempfile.TemporaryDirectory() as folder:
            plain, small = Path(folder) / "plain.onnx", Path(folder) / "int8.onnx"
            plain.write_bytes(onnx_graph.onnx_file(weights))
            quantization.quantize_static(plain, small, Reader(), per_channel=True)
            self._session = onnxruntime.InferenceSession(
                small.read_bytes(), providers=["CPUExecutionProvider"]
            )


def _rivals(
    model: str, size: int, folder: Path
) -> Iterator[tuple[str, Callable[[bytes], list[float]]]]:
    if not _is_installed("torch"):
        return
    import torch

    from classifier.model import load

    network, card = load(model)

    from torchvision import transforms  # after the classifier's own

    to_input = transforms.Compose(
        [
            transforms.Resize((size, size)),
            transforms.ToTensor(),
            transforms.Normalize(card.mean, card.std),
        ]
    )

    @torch.inference_mode()
    def plainly(photo: bytes) -> list[float]:
        view = to_input(Image.open(BytesIO(photo)).convert("RGB"))
        answer: list[float] = network(view[None])[0].softmax(0).tolist()
        return answer

    yield "plain torch", plainly
    if not _is_installed("fastai"):
        return
    from fastai.vision import all as fastai

    files = []
    for number, draw in enumerate((draw_olaf, draw_yeti, everyday) * 2):
        draw((400, 300)).save(path := folder / f"{number}.png")
        files.append(path)
    loaders = fastai.ImageDataLoaders.from_lists(
        folder,
        files,
        [str(label) for label in CATEGORIES] * 2,
        item_tfms=fastai.Resize(size),
        batch_tfms=fastai.Normalize.from_stats(card.mean, card.std),
        bs=2,
        num_workers=0,
    )
    learner = fastai.Learner(loaders, network, loss_func=fastai.CrossEntropyLossFlat())

    def by_fastai(photo: bytes) -> list[float]:
        with learner.no_bar(), learner.no_logging():
            answer: list[float] = learner.predict(fastai.PILImage.create(photo))[2].tolist()
        return answer

    yield "fastai", by_fastai


def _asking(classifier: Classifier) -> Ask:
    async def ask(photos: Sequence[bytes]) -> list[list[float]]:
        answers = await asyncio.gather(*(classifier.classify(photo) for photo in photos))
        return [[answer.probabilities[each] for each in CATEGORIES] for answer in answers]

    return ask


def _in_threads(ask_one: Callable[[bytes], list[float]], pool: ThreadPoolExecutor) -> Ask:
    async def ask(photos: Sequence[bytes]) -> list[list[float]]:
        loop = asyncio.get_running_loop()
        return list(
            await asyncio.gather(*(loop.run_in_executor(pool, ask_one, photo) for photo in photos))
        )

    return ask


async def _by_turns(
    asked: dict[str, Ask], photos: Sequence[bytes], turns: int
) -> dict[str, dict[str, float]]:
    spent: dict[str, list[float]] = {name: [] for name in asked}
    for turn in range(turns + 1):
        for name, ask in asked.items():
            began = time.perf_counter()
            await ask(photos)
            if turn:  # the first is for whatever is made once
                spent[name].append(1000 * (time.perf_counter() - began) / len(photos))
    figures = {}
    for name, each in spent.items():
        low, middle, high = statistics.quantiles(each, n=4)
        figures[name] = {"median_ms": middle, "quartiles_ms": high - low}
    return figures


async def _differences(asked: dict[str, Ask], seen: Sequence[bytes]) -> dict[str, str]:
    """Return how far the runtimes' answers are from torch's."""
    if not seen or "torch" not in asked:
        return {}
    answers = {}
    for name in ("torch", "ONNX Runtime", "OpenVINO", "ONNX Runtime, int8"):
        if name in asked:
            # Not more at once than may be inside.
            each = [await asked[name](seen[at : at + 32]) for at in range(0, len(seen), 32)]
            answers[name] = np.concatenate([np.array(some) for some in each])
    right = answers.pop("torch")
    return {
        name: f"{np.abs(its - right).max():.4f} at most, {np.abs(its - right).mean():.4f} in the "
        f"mean, another label on {(its.argmax(1) != right.argmax(1)).sum()} of {len(right)}"
        for name, its in answers.items()
    }


def table(figures: Figures) -> str:
    """Return the figures as a table in Markdown: medians and, after ±, half of the quartiles."""
    names = list(next(iter(figures.values())))
    lines = [f"| ms a photo | {' | '.join(names)} |", "| --- |" + " --- |" * len(names)]
    for kind, its in figures.items():
        cells = (
            f"{its[name]['median_ms']:.1f} ± {its[name]['quartiles_ms'] / 2:.1f}" for name in names
        )
        lines.append(f"| {kind} | {' | '.join(cells)} |")
    return "\n".join(lines)


def plot(figures: dict[str, Figures], path: Path) -> None:
    """Draw the medians as bars, a panel for each model."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot

    sheet, panels = pyplot.subplots(1, len(figures), figsize=(6 * len(figures), 6), squeeze=False)
    for panel, (model, its) in zip(panels[0], figures.items(), strict=True):
        names = list(next(iter(its.values())))
        for index, name in enumerate(names):
            places = [row + 0.8 * index / len(names) for row in range(len(its))]
            medians = [kind[name]["median_ms"] for kind in its.values()]
            panel.barh(places, medians, 0.75 / len(names), label=name)
        panel.set_yticks([row + 0.4 for row in range(len(its))], list(its))
        panel.invert_yaxis()
        panel.set_xscale("log")
        panel.set_xlabel("milliseconds a photo, median")
        panel.set_title(model)
        panel.legend(fontsize="small")
    sheet.tight_layout()
    sheet.savefig(path, dpi=100)


def _is_installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def _detailed(width: int, height: int) -> Image.Image:
    """Return a picture with about as much detail as a phone's photo."""
    coarse = Image.effect_noise((width // 16, height // 16), 120).resize((width, height))
    fine = Image.effect_noise((width, height), 12)
    return Image.merge("RGB", (coarse, fine, coarse.rotate(180)))


def _file(picture: Image.Image, format_: str, **options: Any) -> bytes:
    out = BytesIO()
    picture.save(out, format_, **options)
    return out.getvalue()
