"""The cell: what a stranger's file does to a decoder happens to nobody else."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from classifier import Classifier, PhotoError, Prediction, TooLarge, UnreadablePhoto
from classifier.images.cell import Cell
from classifier.images.decode import MAX_BYTES
from classifier.images.look import Wanted, look_at
from classifier.images.worker import MEMORY_BYTES
from tests.support.pictures import draw_olaf, draw_yeti, encoded

EVERYTHING = Wanted(64, disguised=True, hashes=True, preview=100, picture=True)
OLAF = encoded(draw_olaf((300, 200)), "JPEG")
PATIENCE = 20

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@pytest.fixture(scope="module")
def cell() -> Iterator[Cell]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TELEGRAM_TOKEN", "123456789:secret")
        cell = Cell()
        cell.start()
    yield cell
    running = cell.processes()
    cell.close()
    for process in running:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


def test_what_comes_out_is_what_is_made_here(cell: Cell) -> None:
    found, expected = cell.look(OLAF, EVERYTHING), look_at(OLAF, EVERYTHING)
    assert [s.tobytes() for s in found.squares] == [s.tobytes() for s in expected.squares]
    assert len(found.squares) > 10
    assert (found.hashes, found.preview) == (expected.hashes, expected.preview)
    assert found.picture is not None
    assert found.picture == expected.picture
    alone = cell.look(OLAF, Wanted(preview=50))
    assert (alone.squares, alone.hashes, alone.picture) == ((), None, None)


def test_a_refusal_comes_out_as_it_is(cell: Cell) -> None:
    before = set(cell.processes())
    for data, error in ((b"", UnreadablePhoto), (b"snow", UnreadablePhoto)):
        with pytest.raises(error) as here:
            look_at(data, EVERYTHING)
        with pytest.raises(error, match=str(here.value)):
            cell.look(data, EVERYTHING)
    with pytest.raises(TooLarge, match="20 MB"):
        cell.look(bytes(MAX_BYTES + 1), EVERYTHING)
    assert set(cell.processes()) == before, "nobody died of it"


@on_linux
def test_a_worker_has_little_memory_and_nothing_to_tell(cell: Cell) -> None:
    cell.look(OLAF, Wanted(64))
    (used,) = {cell.processes()[-1]}
    place = Path(f"/proc/{used}")
    limits = place.joinpath("limits").read_text()
    assert f"Max address space         {MEMORY_BYTES}" in limits
    assert b"secret" not in place.joinpath("environ").read_bytes()
    libraries = place.joinpath("maps").read_text()
    assert "PIL" in libraries
    assert not [name for name in ("torch", "onnxruntime", "sqlalchemy") if name in libraries]


@pytest.fixture
async def classifier(cell: Cell, tiny_model: Path) -> AsyncIterator[Classifier]:
    class Shared:
        """The cell, which outlives the classifier."""

        start, look = cell.start, staticmethod(cell.look)

        def close(self) -> None:
            pass

    async with Classifier.load(tiny_model, engine="onnx", decoder=Shared()) as classifier:
        yield classifier


@pytest.mark.skipif(sys.platform == "win32", reason="sends signals")
async def test_a_worker_that_dies_takes_its_own_photo_along_and_no_other(
    cell: Cell, classifier: Classifier, caplog: pytest.LogCaptureFixture
) -> None:
    victim = cell.processes()[-1]
    os.kill(victim, signal.SIGSTOP)  # so that it is in the middle of a photo
    burst = [encoded(draw_yeti((100 + number, 100)), "JPEG") for number in range(12)]
    tasks = [asyncio.create_task(classifier.classify(photo)) for photo in burst]
    async with asyncio.timeout(PATIENCE):
        while sum(task.done() for task in tasks) < len(burst) - 1:
            await asyncio.sleep(0.01)
        os.kill(victim, signal.SIGKILL)
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        refused = [answer for answer in answers if isinstance(answer, PhotoError)]
        assert [str(error) for error in refused] == [str(UnreadablePhoto("damaged"))]
        assert sum(isinstance(answer, Prediction) for answer in answers) == len(burst) - 1
        assert isinstance(await classifier.classify(burst[0]), Prediction)
    assert victim not in cell.processes()
    assert len(cell.processes()) == 2
    assert "replaced" in caplog.text


@pytest.mark.skipif(sys.platform == "win32", reason="sends signals")
def test_a_worker_that_takes_too_long_is_killed() -> None:
    cell = Cell(workers=1, seconds=1)
    cell.start()
    cell.look(OLAF, Wanted(8))
    (slow,) = cell.processes()
    os.kill(slow, signal.SIGSTOP)
    with pytest.raises(UnreadablePhoto):
        cell.look(OLAF, Wanted(64))
    assert slow not in cell.processes()
    cell.close()
