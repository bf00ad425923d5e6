"""The classifier as an asyncio program uses it: bytes in, predictions out, a loop never blocked."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import numpy as np

from classifier.card import Card
from classifier.images.fingerprint import PhotoHashes
from classifier.images.look import Decoder, DecoderHere, Look, SmallCopy, Wanted
from classifier.inference import likeness
from classifier.inference.engines import Array, EngineName, chosen_engine
from classifier.inference.heatmap import Heatmap, draw_heatmap
from classifier.inference.predictor import Predictor
from classifier.types import Busy, Prediction
from classifier.weights import check

# Photos inside at once: at a few milliseconds each, the last one waits well under a second.
MAX_PHOTOS = 64
# Larger batches gain nothing more on a CPU, and everybody in one waits for all of it.
MAX_BATCH = 8
DECODING_THREADS = 2
# A photo under its heat map takes some ten megabytes while it is made, a photo that waits to be
# classified half of one; the other heat maps wait as bytes.
HEATMAPS_AT_ONCE = 2

log = logging.getLogger(__name__)

State = Literal["starting", "ready", "failed", "closed"]
# A photo's row of probabilities, (3,), its vector, (512,), and the seconds that the network took.
BatchAnswer = tuple[Array, Array, float]
# A photo's view, (3, size, size), and where its answer is waited for.
WaitingPhoto = tuple[Array, asyncio.Future[BatchAnswer]]


@dataclass(frozen=True, slots=True)
class Timing:
    """How long one photo took.

    Attributes:
        queue: Seconds of waiting for its turn.
        inference: Seconds of decoding and of the network.
    """

    queue: float
    inference: float


@dataclass(frozen=True, slots=True)
class Answer:
    """All that came of one photo.

    Attributes:
        prediction: Who is on it.
        timing: How long that took.
        hashes: By which it is known again, where they were wanted.
        preview: A small copy, where one was wanted.
    """

    prediction: Prediction
    timing: Timing
    hashes: PhotoHashes | None = None
    preview: SmallCopy | None = None


class Classifier:
    """Tells Olaf from the abominable snowman.

    Use it as an asynchronous context manager: entering warms it up, leaving finishes the photos in
    hand. Photos are decoded by one thread pool and go through the network in another; those that
    wait at the same moment go through together.
    """

    def __init__(
        self, predictor: Predictor, *, decoder: Decoder | None = None, queue: int = MAX_PHOTOS
    ) -> None:
        """Serve a predictor.

        Args:
            predictor: Used by one thread at a time.
            decoder: What opens photos: this process, unless it is told otherwise.
            queue: How many photos may be inside at once.
        """
        self._predictor = predictor
        self._decoder = decoder or DecoderHere()
        self._max_inside = queue
        self._inside = 0
        self._closing = False
        self._failed = False
        self._waiting: deque[WaitingPhoto] = deque()
        self._arrived = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._heatmaps = asyncio.Semaphore(HEATMAPS_AT_ONCE)
        self._decoders = ThreadPoolExecutor(DECODING_THREADS, "decode")
        self._network = ThreadPoolExecutor(1, "network")
        self._batches: asyncio.Task[None] | None = None

    @classmethod
    def load(
        cls,
        model: str | Path = "full",
        *,
        engine: EngineName = "auto",
        decoder: Decoder | None = None,
        queue: int = MAX_PHOTOS,
    ) -> Self:
        """Load a model; blocks for half a second, with torch for one and a half.

        Args:
            model: `small`, `full` or the path of a weights file.
            engine: What is to compute it; `auto` is torch where that is installed, and ONNX
                Runtime elsewhere.
            decoder: What opens photos: this process, unless it is told otherwise. Strangers' are
                best opened in a `Cell`.
            queue: How many photos may be inside at once.

        Raises:
            ModelError: The file is missing, damaged or not one of ours.
            EngineError: The engine is not installed.
        """
        return cls(Predictor.load(model, engine), decoder=decoder, queue=queue)

    @staticmethod
    def check(model: str | Path = "full", *, engine: EngineName = "auto") -> None:
        """Raise as `load` would, in milliseconds: of the file no more than its header is read."""
        check(model)
        chosen_engine(engine)

    @property
    def card(self) -> Card:
        """What the loaded model is: its size, labels and metrics."""
        return self._predictor.card

    @property
    def engine(self) -> str:
        """The name of what computes the network."""
        return self._predictor.engine.name

    @property
    def digest(self) -> str:
        """Sixteen digits that tell the loaded weights from all others."""
        return self._predictor.digest

    @property
    def waiting(self) -> int:
        """How many photos are inside at this moment."""
        return self._inside

    @property
    def state(self) -> State:
        """Whether photos are served: only while it is "ready"."""
        if self._closing:
            return "closed"
        if self._failed:
            return "failed"
        return "starting" if self._batches is None else "ready"

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        try:
            self._decoder.start()
            await loop.run_in_executor(self._network, self._predictor.warm_up)
        except Exception:
            self._failed = True
            raise
        self._batches = asyncio.create_task(self._run_batches(), name="classifier")
        self._batches.add_done_callback(self._batches_ended)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def classify(self, photo: bytes) -> Prediction:
        """Return who is on a photo. Cancelling gives its place in the queue back.

        Args:
            photo: The bytes of its file.

        Raises:
            UnreadablePhoto: It is no picture of a known format, or damaged.
            TooLarge: It has too many bytes or pixels.
            Busy: Too many other photos are inside.
            RuntimeError: The classifier is not ready, as outside of `async with`.
        """
        return (await self.answer(photo)).prediction

    async def answer(self, photo: bytes, *, hashes: bool = False, preview: int = 0) -> Answer:
        """Return who is on a photo and what else is wanted of it; raise as classify does.

        Args:
            photo: The bytes of its file.
            hashes: Whether its hashes are wanted.
            preview: Longer side of a small copy that is wanted, in pixels; 0 for none.
        """
        with self._place():
            began = time.perf_counter()
            wanted = Wanted(self._predictor.card.size, hashes=hashes, preview=preview)
            (view,), look, decoding = await self._look(photo, wanted)
            row, vector, network = await self._answer(view)
            busy = decoding + network
            timing = Timing(max(0.0, time.perf_counter() - began - busy), busy)
            prediction = self._predictor.prediction(row, likeness.to_bytes(vector[None]))
            return Answer(prediction, timing, look.hashes, look.preview)

    async def preview(self, photo: bytes, side: int) -> SmallCopy:
        """Return a photo shrunk to at most so many pixels on its longer side.

        It waits for its turn among the photos that are opened, and takes no place.

        Raises:
            PhotoError: As classify does.
        """
        _, look, _ = await self._look(photo, Wanted(preview=side))
        assert look.preview is not None
        return look.preview

    async def vectors(self, photo: bytes) -> bytes:
        """Return vectors by which a photo is known again, turned, cropped or tilted as well.

        It takes a place in the queue, and its views wait there one after another, each behind the
        photos that came meanwhile.

        Args:
            photo: The bytes of its file.

        Raises:
            UnreadablePhoto: It is no picture of a known format, or damaged.
            TooLarge: It has too many bytes or pixels.
            Busy: Too many other photos are inside.
            RuntimeError: The classifier is not ready, as outside of `async with`.
        """
        with self._place():
            views, *_ = await self._look(photo, Wanted(self._predictor.card.size, disguised=True))
            vectors = [(await self._answer(view))[1] for view in views]
            return likeness.to_bytes(np.stack(vectors))

    def likenesses(self, vector: bytes, stored: Sequence[bytes]) -> list[float]:
        """Return how much a photo is like each of others, -1 to 1. Blocking: milliseconds.

        Args:
            vector: Of the photo, as `classify` returns it.
            stored: Of each of the others what `vectors` or `classify` returned, by a model of the
                same digest.
        """
        return likeness.likenesses(vector, stored)

    async def heatmap(self, photo: bytes) -> Heatmap:
        """Return who is on a photo, and which parts of it say so.

        It takes a place in the queue as a photo to classify does.

        Args:
            photo: The bytes of its file.

        Raises:
            UnreadablePhoto: It is no picture of a known format, or damaged.
            TooLarge: It has too many bytes or pixels.
            Busy: Too many other photos are inside.
            RuntimeError: The classifier is not ready, as outside of `async with`.
        """
        with self._place():
            loop = asyncio.get_running_loop()
            async with self._heatmaps:
                picture = (await self._look(photo, Wanted(picture=True)))[1].picture
                assert picture is not None
                prediction, heat = await loop.run_in_executor(
                    self._network, self._predictor.predict_with_heat, picture
                )
                return await loop.run_in_executor(
                    self._decoders, draw_heatmap, picture, prediction, heat
                )

    async def _answer(self, view: Array) -> BatchAnswer:
        """Wait for a view's turn in a batch, and return the answer for it."""
        self._check_ready()  # the batches may have ended meanwhile
        answer: asyncio.Future[BatchAnswer] = asyncio.get_running_loop().create_future()
        self._waiting.append((view, answer))
        self._arrived.set()
        return await answer

    @contextmanager
    def _place(self) -> Iterator[None]:
        """Hold a place in the queue while a photo is inside; raise Busy when all are taken."""
        if self._closing:
            raise RuntimeError("The classifier is not running; use it inside `async with`.")
        self._check_ready()
        if self._inside >= self._max_inside:
            raise Busy("Too many photos at once; try again in a moment.")
        self._inside += 1
        self._empty.clear()
        try:
            yield
        finally:
            self._inside -= 1
            if not self._inside:
                self._empty.set()

    def _check_ready(self) -> None:
        """Raise RuntimeError unless batches run; they do until the last photo, while it closes."""
        if self._failed:
            raise RuntimeError("The classifier has failed and classifies no more photos.")
        if self._batches is None:
            raise RuntimeError("The classifier is not running; use it inside `async with`.")

    async def close(self) -> None:
        """Accept no more photos, finish those in hand, and end the threads."""
        self._closing = True
        await self._empty.wait()
        if self._batches is not None:
            self._batches.cancel()
            await asyncio.gather(self._batches, return_exceptions=True)
        self._decoders.shutdown()
        self._network.shutdown()
        self._decoder.close()

    async def _look(self, photo: bytes, wanted: Wanted) -> tuple[list[Array], Look, float]:
        """Return the network's inputs for a photo, what else is wanted, and the seconds it took."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._decoders, self._look_now, photo, wanted)

    def _look_now(self, photo: bytes, wanted: Wanted) -> tuple[list[Array], Look, float]:
        began = time.perf_counter()
        look = self._decoder.look(photo, wanted)
        views = [self._predictor.view(square) for square in look.squares]
        return views, look, time.perf_counter() - began

    def _compute(self, views: Sequence[Array]) -> list[BatchAnswer]:
        """Return the answer for each view."""
        began = time.perf_counter()
        features = self._predictor.features(np.stack(views))
        rows = self._predictor.classify(features)
        vectors = likeness.to_vectors(features)
        seconds = time.perf_counter() - began
        return [(row, vector, seconds) for row, vector in zip(rows, vectors, strict=True)]

    async def _run_batches(self) -> None:
        while True:
            await self._arrived.wait()
            if batch := self._next_batch():
                await self._run_batch(batch)
            else:
                self._arrived.clear()

    async def _run_batch(self, batch: Sequence[WaitingPhoto]) -> None:
        """Answer the photos of a batch, each with a row of probabilities or an error."""
        loop = asyncio.get_running_loop()
        views = [view for view, _ in batch]
        try:
            rows = await loop.run_in_executor(self._network, self._compute, views)
            for (_, answer), row in zip(batch, rows, strict=True):
                if not answer.done():
                    answer.set_result(row)
        except Exception as error:  # out of memory, say: these photos fail, the next may not
            _fail(batch, error)
        except BaseException:  # the task ends: whoever waits must not wait for ever
            _fail(batch, RuntimeError("The classifier ended before this photo's turn."))
            raise

    def _batches_ended(self, _: asyncio.Task[None]) -> None:
        """Fail the photos that wait for a batch which will never come."""
        if not self._closing or self._inside:
            self._failed = True
            log.critical("the classifier's batches have ended; it needs a restart")
        _fail(self._waiting, RuntimeError("The classifier ended before this photo's turn."))
        self._waiting.clear()

    def _next_batch(self) -> list[WaitingPhoto]:
        batch: list[WaitingPhoto] = []
        while self._waiting and len(batch) < MAX_BATCH:
            view, answer = self._waiting.popleft()
            if not answer.cancelled():
                batch.append((view, answer))
        return batch


def _fail(photos: Iterable[WaitingPhoto], error: Exception) -> None:
    """Let those who wait for these photos' answers get the error."""
    for _, answer in photos:
        if not answer.done():
            answer.set_exception(error)
