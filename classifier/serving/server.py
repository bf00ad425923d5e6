"""The tier's side: a request in, a reply out, and the deployment that Ray Serve makes copies of."""

from __future__ import annotations

from collections.abc import AsyncIterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from classifier.images.cell import Cell
from classifier.images.decode import MAX_BYTES
from classifier.inference.classifier import Classifier
from classifier.serving.contract import (
    MODEL_HEADER,
    Drawn,
    Question,
    Task,
    Told,
    identity,
    to_json,
)
from classifier.types import Busy, PhotoError, TooLarge

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

# The room's own is 320.
MAX_PREVIEW = 4096


@dataclass(frozen=True, slots=True)
class Reply:
    """What is said to a request.

    Attributes:
        status: HTTP's.
        model: What the classifier is, for `MODEL_HEADER`.
        body: An answer, or a sentence that says what is wrong.
    """

    status: int
    model: str
    body: bytes = b""


async def respond(
    classifier: Classifier,
    method: str,
    path: str,
    query: Mapping[str, str],
    model: str | None,
    body: AsyncIterable[bytes],
) -> Reply:
    """Answer one request.

    Args:
        classifier: A running one.
        method: HTTP's.
        path: What is wanted.
        query: The details of it.
        model: What the other side takes this classifier for, where it says so.
        body: The photo, as it comes in.

    Returns:
        200 with a `Told`, also for a photo that is refused; 409 for another model than is expected,
        503 when too many photos are inside, 400 and 404 for what is no question.
    """
    own = identity(classifier.card, classifier.digest)
    if method == "GET" and path == "/":
        return Reply(200, own, classifier.engine.encode())
    if model not in (None, own):
        return Reply(409, own, b"another model")
    try:
        question = _question(path, query)
    except ValueError:
        return Reply(404, own, b"no such question")
    try:
        told = await _look(classifier, question, await _photo(body))
    except PhotoError as error:
        told = Told(refused=error.reason)
    except Busy as error:
        return Reply(503, own, str(error).encode())
    return Reply(200, own, to_json(told))


def _question(path: str, query: Mapping[str, str]) -> Question:
    preview = int(query.get("preview", "0"))
    task = Task(path.strip("/"))
    if not (task is Task.PREVIEW) <= preview <= MAX_PREVIEW:
        raise ValueError("no such size")
    return Question(task, hashes=query.get("hashes") == "1", preview=preview)


async def _photo(body: AsyncIterable[bytes]) -> bytes:
    """Return all of a photo; raise TooLarge as soon as that is known."""
    photo = bytearray()
    async for part in body:
        photo += part
        if len(photo) > MAX_BYTES:
            raise TooLarge("too_many_bytes")
    return bytes(photo)


async def _look(classifier: Classifier, question: Question, photo: bytes) -> Told:
    match question.task:
        case Task.ANSWER:
            answer = await classifier.answer(
                photo, hashes=question.hashes, preview=question.preview
            )
            return Told(answer=answer)
        case Task.VECTORS:
            return Told(vectors=await classifier.vectors(photo))
        case Task.HEATMAP:
            return Told(heatmap=Drawn.of(await classifier.heatmap(photo)))
        case Task.PREVIEW:
            return Told(preview=await classifier.preview(photo, question.preview))


class Replica:
    """One copy of the classifier, in a process of Ray's.

    Photos that wait at the same moment go through the network together: that is `Classifier`'s own
    doing, which waits for nobody; `serve.batch` around it would.

    Attributes:
        classifier: Of this copy; None before it is started.
    """

    def __init__(self) -> None:
        self.classifier: Classifier | None = None

    async def reconfigure(self, chosen: Mapping[str, Any]) -> None:
        """Start; Ray Serve calls it before the first request.

        Args:
            chosen: The model and the engine, as `Classifier.load` takes them.
        """
        classifier = Classifier.load(**chosen, decoder=Cell())
        self.classifier = await classifier.__aenter__()

    def check_health(self) -> None:
        """Raise when a new copy has to take the place of this one."""
        if self.classifier is None or self.classifier.state != "ready":
            raise RuntimeError("The classifier is not ready.")

    async def __call__(self, request: Request) -> Response:
        """Answer a request."""
        from starlette.responses import Response

        assert self.classifier is not None
        reply = await respond(
            self.classifier,
            request.method,
            request.url.path,
            request.query_params,
            request.headers.get(MODEL_HEADER),
            request.stream(),
        )
        return Response(reply.body, reply.status, {MODEL_HEADER: reply.model})
