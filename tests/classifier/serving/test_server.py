"""What a copy of the classifier says to a request, and the command that starts copies."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator, Mapping

import pytest

from classifier import Classifier
from classifier.images.decode import MAX_BYTES
from classifier.inference.predictor import Predictor
from classifier.serving import __main__ as command
from classifier.serving.contract import identity
from classifier.serving.server import Replica, Reply, respond
from tests.support.pictures import draw_olaf, encoded

OLAF = encoded(draw_olaf((320, 240)), "PNG")


class Parts:
    """A photo that comes in parts; how many were taken."""

    def __init__(self, *parts: bytes) -> None:
        self.left = list(parts)

    def __aiter__(self) -> Parts:
        return self

    async def __anext__(self) -> bytes:
        if not self.left:
            raise StopAsyncIteration
        return self.left.pop(0)


async def asked(
    classifier: Classifier,
    path: str,
    query: Mapping[str, str] | None = None,
    *,
    method: str = "POST",
    model: str | None = None,
    body: Parts | None = None,
) -> Reply:
    parts = Parts(OLAF[:1000], OLAF[1000:]) if body is None else body
    reply = await respond(classifier, method, path, query or {}, model, parts)
    assert reply.model == identity(classifier.card, classifier.digest)
    return reply


@pytest.fixture
async def classifier(predictor: Predictor) -> AsyncIterator[Classifier]:
    async with Classifier(predictor) as classifier:
        yield classifier


async def test_a_request_gets_what_it_asks_for_and_nothing_more(classifier: Classifier) -> None:
    reply = await asked(classifier, "/answer", {"preview": "32"}, model=None)
    told = json.loads(reply.body)
    assert reply.status == 200
    assert told["answer"]["prediction"]["label"] == "olaf"
    assert told["answer"]["preview"]["width"] == 32
    assert told.keys() == {"answer"}
    assert "hashes" not in told["answer"]
    there = await asked(classifier, "/", method="GET", model="another:1")
    assert (there.status, there.body) == (200, b"onnx")


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/", {}),
        ("/answers", {}),
        ("/answer", {"preview": "-1"}),
        ("/answer", {"preview": "5000"}),
        ("/answer", {"preview": "many"}),
        ("/preview", {}),
    ],
)
async def test_what_is_no_question_is_told_so(
    classifier: Classifier, path: str, query: Mapping[str, str]
) -> None:
    body = Parts(OLAF)
    assert (await asked(classifier, path, query, body=body)).status == 404
    assert body.left  # it was not even read


async def test_a_photo_for_another_model_is_not_read(classifier: Classifier) -> None:
    body = Parts(OLAF)
    assert (await asked(classifier, "/answer", model="small:1", body=body)).status == 409
    assert body.left


async def test_of_a_file_that_is_too_large_the_rest_is_not_read(classifier: Classifier) -> None:
    body = Parts(bytes(MAX_BYTES), b"1", b"2", b"3")
    reply = await asked(classifier, "/vectors", body=body)
    assert (reply.status, json.loads(reply.body)) == (200, {"refused": "too_many_bytes"})
    assert body.left == [b"2", b"3"]


async def test_when_too_many_photos_are_inside_the_bot_is_told(predictor: Predictor) -> None:
    async with Classifier(predictor, queue=0) as classifier:
        assert (await asked(classifier, "/answer")).status == 503


async def test_a_copy_is_well_when_it_has_its_model() -> None:
    replica = Replica()
    with pytest.raises(RuntimeError):
        replica.check_health()
    await replica.reconfigure({"model": "small", "engine": "onnx"})
    replica.check_health()
    assert replica.classifier is not None
    await replica.classifier.close()
    with pytest.raises(RuntimeError):
        replica.check_health()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--model", "larger"], "There is no model at larger"),
        (["--replicas", "0"], "one replica at the least"),
        (["--engine", "magic"], "invalid choice"),
    ],
)
def test_what_makes_no_sense_is_said_in_a_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    with pytest.raises(SystemExit):
        command.main(arguments)
    assert said in capsys.readouterr().err


def test_an_address_that_is_taken_is_said_before_ray_starts(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "find_spec", lambda _: "there")
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(SystemExit):
        command.main(["--model", "small", "--port", str(taken.getsockname()[1])])
    assert "already in use" in capsys.readouterr().err


def test_where_ray_is_not_installed_the_command_says_how_to_get_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "find_spec", lambda _: None)
    assert command.main(["--model", "small"]) == 1
    assert "pip install '.[cluster]'" in capsys.readouterr().err
