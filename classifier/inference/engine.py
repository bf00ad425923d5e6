"""The classifier as an asyncio program uses it: photos in, verdicts out, no waiting on the loop."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import torch

from classifier import model as model_file
from classifier.images.decode import open_photo
from classifier.inference import heatmap
from classifier.inference.heatmap import Explanation
from classifier.inference.predictor import Predictor
from classifier.model import Card
from classifier.types import Busy, Verdict

# Photos inside at once: at a few milliseconds each, the last one waits well under a second.
QUEUE = 64
# Larger batches gain nothing more on a CPU, and everybody in one waits for all of it.
BATCH = 8
DECODERS = 2

# A photo's row of probabilities, (3,), and the seconds that the network took.
Judged = tuple[torch.Tensor, float]


@dataclass(frozen=True, slots=True)
class Timing:
    """Where one photo's time went, in seconds: waiting for its turn; decoding and the network."""

    queue: float
    inference: float


class Classifier:
    """Tells Olaf from the abominable snowman.

    Use it as an asynchronous context manager: entering warms it up, leaving finishes the photos in
    hand. Photos are decoded in one pool of threads and go through the network in another; those
    that wait at the same moment go through together.
    """

    def __init__(self, predictor: Predictor, *, queue: int = QUEUE) -> None:
        self._predictor = predictor
        self._places = queue
        self._inside = 0
        self._closing = False
        self._waiting: deque[tuple[torch.Tensor, asyncio.Future[Judged]]] = deque()
        self._arrived = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._decoders = ThreadPoolExecutor(DECODERS, "decode")
        self._network = ThreadPoolExecutor(1, "network")
        self._batches: asyncio.Task[None] | None = None

    @classmethod
    def load(cls, model: str | Path = "full", *, queue: int = QUEUE) -> Self:
        """Load `small`, `full` or a weights file; blocks for about a second.

        queue: how many photos may be inside at once.
        Raises ModelError when the file is missing, damaged or not one of ours.
        """
        return cls(Predictor(*model_file.load(model)), queue=queue)

    @property
    def card(self) -> Card:
        """What the loaded model is: its size, labels and metrics."""
        return self._predictor.card

    @property
    def waiting(self) -> int:
        """How many photos are inside at this moment."""
        return self._inside

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._network, self._predictor.warm_up)
        self._batches = asyncio.create_task(self._run_batches(), name="classifier")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def classify(self, photo: bytes) -> Verdict:
        """Say who is on the photo, given the bytes of its file.

        Raises UnreadablePhoto or TooLarge when it cannot be judged, Busy when too many others are
        waiting, RuntimeError outside of `async with`. Cancelling gives the place in the queue back.
        """
        verdict, _ = await self.classify_timed(photo)
        return verdict

    async def classify_timed(self, photo: bytes) -> tuple[Verdict, Timing]:
        """Classify, and say how long it took; raises as classify does."""
        with self._place():
            began = time.perf_counter()
            loop = asyncio.get_running_loop()
            view, decoding = await loop.run_in_executor(self._decoders, self._view, photo)
            result: asyncio.Future[Judged] = loop.create_future()
            self._waiting.append((view, result))
            self._arrived.set()
            row, network = await result
            busy = decoding + network
            timing = Timing(max(0.0, time.perf_counter() - began - busy), busy)
            return self._predictor.verdict(row), timing

    async def explain(self, photo: bytes) -> Explanation:
        """Say who is on the photo and show where the answer comes from; raises as classify does."""
        with self._place():
            loop = asyncio.get_running_loop()
            picture = await loop.run_in_executor(self._decoders, heatmap.open_for_drawing, photo)
            seen = await loop.run_in_executor(self._network, self._predictor.look_closely, picture)
            return await loop.run_in_executor(self._decoders, heatmap.explanation, picture, *seen)

    @contextmanager
    def _place(self) -> Iterator[None]:
        """Hold a place in the queue while a photo is inside; raises Busy when all are taken."""
        if self._batches is None or self._closing:
            raise RuntimeError("The classifier is not running; use it inside `async with`.")
        if self._inside >= self._places:
            raise Busy("Too many photos at once; try again in a moment.")
        self._inside += 1
        self._empty.clear()
        try:
            yield
        finally:
            self._inside -= 1
            if not self._inside:
                self._empty.set()

    async def close(self) -> None:
        """Take no more photos, finish those in hand, and let the threads go."""
        self._closing = True
        await self._empty.wait()
        if self._batches is not None:
            self._batches.cancel()
            await asyncio.gather(self._batches, return_exceptions=True)
        self._decoders.shutdown()
        self._network.shutdown()

    def _view(self, photo: bytes) -> tuple[torch.Tensor, float]:
        began = time.perf_counter()
        view = self._predictor.view(open_photo(photo, self._predictor.card.size))
        return view, time.perf_counter() - began

    def _judge(self, views: torch.Tensor) -> tuple[torch.Tensor, float]:
        began = time.perf_counter()
        rows = self._predictor.probabilities(views)
        return rows, time.perf_counter() - began

    async def _run_batches(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._arrived.wait()
            batch = self._next_batch()
            if not batch:
                self._arrived.clear()
                continue
            views = torch.stack([view for view, _ in batch])
            try:
                rows, seconds = await loop.run_in_executor(self._network, self._judge, views)
            except Exception as error:  # out of memory, say: these photos fail, the next may not
                for _, result in batch:
                    if not result.done():
                        result.set_exception(error)
                continue
            for (_, result), row in zip(batch, rows, strict=True):
                if not result.done():
                    result.set_result((row, seconds))

    def _next_batch(self) -> list[tuple[torch.Tensor, asyncio.Future[Judged]]]:
        batch: list[tuple[torch.Tensor, asyncio.Future[Judged]]] = []
        while self._waiting and len(batch) < BATCH:
            view, result = self._waiting.popleft()
            if not result.cancelled():
                batch.append((view, result))
        return batch
