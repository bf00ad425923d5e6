"""The bot's side: asks the tier, and does by itself what the tier fails to do."""

from __future__ import annotations

import asyncio
import io
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import aiohttp
from yarl import URL

from classifier.card import Card
from classifier.images.cell import Cell
from classifier.images.look import SmallCopy
from classifier.inference import likeness
from classifier.inference.classifier import Answer, Classifier, State, Timing
from classifier.inference.engines import EngineName, chosen_engine
from classifier.inference.heatmap import Heatmap
from classifier.inference.predictor import release_freed_memory
from classifier.serving.contract import (
    MAX_ANSWER_BYTES,
    MODEL_HEADER,
    Question,
    Task,
    Told,
    from_json,
    identity,
)
from classifier.types import photo_error
from classifier.weights import read

# The slowest photo that is let through takes ten, and others may be before it.
ANSWER_SECONDS = 15.0
CONNECT_SECONDS = 2.0
LOOK_TIMEOUT = aiohttp.ClientTimeout(CONNECT_SECONDS)
# Between two looks whether a tier that failed is there again.
LOOK_SECONDS = 5.0

T = TypeVar("T")

log = logging.getLogger(__name__)


class Outcome(StrEnum):
    """What became of asking the tier; what was asked for again counts as one of the others, too."""

    THERE = "there"
    # Another copy of the classifier got the photo: the first failed over it, or was gone.
    AGAIN = "again"
    # The bot looked at the photo by itself.
    HERE = "here"


class TierError(Exception):
    """The tier did not do what it was asked for. Its message says why, in a few words."""


class RemoteClassifier:
    """A classifier that lives elsewhere, as `Classifier` would be used.

    A photo is sent to the tier, once more when that fails, by another connection and so perhaps to
    another copy, and then looked at in this process, as are all others until the tier is there
    again. The network is loaded here only then: a bot beside a tier is small.

    Use it as an asynchronous context manager. Entering does not need the tier.
    """

    def __init__(
        self,
        url: str,
        card: Card,
        digest: str,
        *,
        here: Callable[[], Classifier],
        engine: str = "",
        note: Callable[[Outcome], None] = lambda _: None,
        answer_seconds: float = ANSWER_SECONDS,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        """Ask a tier.

        Args:
            url: Where it is.
            card: The model's, which the tier must have as well.
            digest: Its weights'.
            here: Loads the same model in this process. Blocking.
            engine: What computes it here.
            note: Told what became of each photo.
            answer_seconds: How long the tier may take for a photo.
            look_seconds: How long to wait between two looks at a tier that failed.
        """
        self.card = card
        self.digest = digest
        self._url = URL(url)
        self._model = identity(card, digest)
        self._load_here = here
        self._engine_here = engine
        self._note = note
        self._timeout = aiohttp.ClientTimeout(answer_seconds, sock_connect=CONNECT_SECONDS)
        self._look_seconds = look_seconds
        self._loading: asyncio.Task[Classifier] | None = None
        self._sessions: tuple[aiohttp.ClientSession, ...] = ()
        self._fault = ""
        self._is_away = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        self._inside = 0
        self._empty = asyncio.Event()
        self._empty.set()
        self._closing = False

    @classmethod
    def load(
        cls,
        url: str,
        model: str | Path = "full",
        *,
        engine: EngineName = "auto",
        note: Callable[[Outcome], None] = lambda _: None,
    ) -> Self:
        """Read a model's card and digest, and not keep its weights. Blocking.

        Args:
            url: Where the tier is.
            model: `small`, `full` or the path of a weights file.
            engine: What is to compute it in this process, when that is needed.
            note: Told what became of each photo.

        Raises:
            ModelError: The file is missing, damaged or not one of ours.
            EngineError: The engine is not installed.
        """
        weights = read(model)
        card, digest = weights.card, weights.digest
        del weights
        release_freed_memory()

        def here() -> Classifier:
            return Classifier.load(model, engine=engine, decoder=Cell())

        return cls(url, card, digest, here=here, engine=chosen_engine(engine), note=note)

    @property
    def engine(self) -> str:
        """Who computes the network, and if it is not the tier, why."""
        where = f"ray at {self._url.with_user(None)}"
        return where if self.fault is None else f"{self._engine_here}, as {where} {self.fault}"

    @property
    def fault(self) -> str | None:
        """Why the tier is done without, as the end of a sentence about it; None while it is not."""
        return self._fault if self._is_away.is_set() else None

    @property
    def waiting(self) -> int:
        """How many photos are inside at this moment."""
        return self._inside

    @property
    def state(self) -> State:
        """Whether photos are served: only while it is "ready"."""
        if self._closing:
            return "closed"
        if self._watching is None:
            return "starting"
        has_failed = self._here is not None and self._here.state == "failed"
        return "failed" if has_failed and self._is_away.is_set() else "ready"

    async def __aenter__(self) -> Self:
        self._sessions = tuple(
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, force_close=is_fresh),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={MODEL_HEADER: self._model},
            )
            for is_fresh in (False, True)
        )
        await self.look()
        self._watching = asyncio.create_task(self._watch(), name="classifier tier")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def answer(self, photo: bytes, *, hashes: bool = False, preview: int = 0) -> Answer:
        """Return who is on a photo and what else is wanted of it, as `Classifier.answer` does."""
        began = time.perf_counter()
        answer = await self._done(
            photo,
            Question(Task.ANSWER, hashes, preview),
            lambda told: told.answer,
            lambda here: here.answer(photo, hashes=hashes, preview=preview),
        )
        busy = answer.timing.inference
        return replace(answer, timing=Timing(max(0.0, time.perf_counter() - began - busy), busy))

    async def preview(self, photo: bytes, side: int) -> SmallCopy:
        """Return a photo shrunk to at most so many pixels, as `Classifier.preview` does."""
        return await self._done(
            photo,
            Question(Task.PREVIEW, preview=side),
            lambda told: told.preview,
            lambda here: here.preview(photo, side),
        )

    async def vectors(self, photo: bytes) -> bytes:
        """Return vectors by which a photo is known again, as `Classifier.vectors` does."""
        return await self._done(
            photo,
            Question(Task.VECTORS),
            lambda told: told.vectors,
            lambda here: here.vectors(photo),
        )

    async def heatmap(self, photo: bytes) -> Heatmap:
        """Return who is on a photo and which parts say so, as `Classifier.heatmap` does."""
        return await self._done(
            photo,
            Question(Task.HEATMAP),
            lambda told: None if told.heatmap is None else told.heatmap.heatmap(),
            lambda here: here.heatmap(photo),
        )

    def likenesses(self, vector: bytes, stored: Sequence[bytes]) -> list[float]:
        """Return how much a photo is like each of others, as `Classifier.likenesses` does."""
        return likeness.likenesses(vector, stored)

    async def look(self) -> bool:
        """Look whether the tier is there, and has this model; return it."""
        try:
            await self._said(self._sessions[-1], self._url / "")
        except TierError as error:
            self._leave(error)
            return False
        if self._is_away.is_set():
            log.info("the classifier tier is there")
            self._is_away.clear()
        return True

    async def close(self) -> None:
        """Finish the photos in hand, and hang up."""
        self._closing = True
        await self._empty.wait()
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        for session in self._sessions:
            await session.close()
        if self._loading is not None:  # by somebody who may have gone meanwhile
            await asyncio.gather(self._loading, return_exceptions=True)
        if self._here is not None:
            await self._here.close()

    async def _watch(self) -> None:
        """Look for a tier that failed, until it is there again."""
        while True:
            await self._is_away.wait()
            await asyncio.sleep(self._look_seconds)
            await self.look()

    async def _done(
        self,
        photo: bytes,
        question: Question,
        part: Callable[[Told], T | None],
        here: Callable[[Classifier], Awaitable[T]],
    ) -> T:
        """Return what the tier makes of a photo, or this process in its place.

        Args:
            photo: The bytes of its file.
            question: What is wanted of it.
            part: Where that is in what is told.
            here: Does the same in this process.
        """
        with self._place():
            for session in self._sessions:
                if self._is_away.is_set():
                    break
                if session is not self._sessions[0]:
                    self._note(Outcome.AGAIN)
                try:
                    found = await self._asked(session, question, photo, part)
                except TierError as error:
                    fault = error
                else:
                    self._note(Outcome.THERE)
                    return found
            else:
                self._leave(fault)
            self._note(Outcome.HERE)
            return await here(await self._classifier_here())

    async def _asked(
        self,
        session: aiohttp.ClientSession,
        question: Question,
        photo: bytes,
        part: Callable[[Told], T | None],
    ) -> T:
        """Return what the tier makes of a photo.

        Raises:
            PhotoError: It refuses the photo; others would as well.
            TierError: Anything else went wrong.
        """
        details = {"hashes": int(question.hashes), "preview": question.preview}
        url = (self._url / question.task).with_query(details)
        body = await self._said(session, url, photo)
        try:
            told = from_json(body)
            refusal = None if told.refused is None else photo_error(told.refused)
            found = part(told)
        except ValueError as error:
            raise TierError("says what makes no sense") from error
        if refusal is not None:
            self._note(Outcome.THERE)
            raise refusal
        if found is None:
            raise TierError("answers something else")
        return found

    async def _said(
        self, session: aiohttp.ClientSession, url: URL, photo: bytes | None = None
    ) -> bytes:
        """Return what the tier says of a photo, or of itself; raise TierError if it fails."""
        if photo is None:
            asking = session.get(url, timeout=LOOK_TIMEOUT, allow_redirects=False)
        else:
            data = io.BytesIO(photo)
            asking = session.post(url, data=data, timeout=self._timeout, allow_redirects=False)
        try:
            async with asking as response:
                model = response.headers.get(MODEL_HEADER)
                if model not in (None, self._model):
                    raise TierError(
                        f"has another model ({model}, not {self._model}): give both the same MODEL"
                    )
                if response.status != 200:
                    raise TierError(f"fails ({response.status})")
                if model is None:
                    raise TierError("is something else than a classifier tier")
                return await _body(response)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise TierError(f"does not answer ({type(error).__name__})") from error

    def _leave(self, fault: TierError) -> None:
        """Do without the tier until it is there again."""
        text = str(fault)
        if text != self.fault:
            log.warning("the classifier tier %s; photos are looked at here meanwhile", text)
        self._fault = text
        self._is_away.set()

    async def _classifier_here(self) -> Classifier:
        """Return the classifier of this process, which the first one to need it starts."""
        if self._loading is None or (self._loading.done() and self._loading.exception()):
            self._loading = asyncio.create_task(self._start_here(), name="classifier")
        # It starts for everybody: who does not wait for it any more must not end it.
        return await asyncio.shield(self._loading)

    async def _start_here(self) -> Classifier:
        here = await (await asyncio.to_thread(self._load_here)).__aenter__()
        log.info("the model is loaded in this process as well")
        return here

    @property
    def _here(self) -> Classifier | None:
        """The classifier of this process, if it was started."""
        loading = self._loading
        if loading is None or not loading.done() or loading.exception():
            return None
        return loading.result()

    @contextmanager
    def _place(self) -> Iterator[None]:
        """Count a photo as inside."""
        if self._closing or self._watching is None:
            raise RuntimeError("The classifier is not running; use it inside `async with`.")
        self._inside += 1
        self._empty.clear()
        try:
            yield
        finally:
            self._inside -= 1
            if not self._inside:
                self._empty.set()


async def _body(response: aiohttp.ClientResponse) -> bytes:
    """Return all that is said; raise TierError when it is too long."""
    body = bytearray()
    async for part in response.content.iter_any():
        body += part
        if len(body) > MAX_ANSWER_BYTES:
            raise TierError("says too much")
    return bytes(body)
