"""The classifier as a program uses it: many photos at once, a queue that ends, a clean close."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from classifier import Busy, Category, Classifier, Prediction, UnreadablePhoto
from classifier.card import Card, softmax
from classifier.inference.classifier import MAX_BATCH
from classifier.inference.engines import Array, load_engine
from classifier.inference.predictor import Predictor
from classifier.weights import MODELS, Weights, read
from tests.support.pictures import draw_olaf, draw_yeti, encoded, everyday

# How long a test waits for a thread that should come, in seconds; it never has to in a good run.
PATIENCE = 20


class ColourPredictor(Predictor):
    """Tells snow people by colour, red, green or blue; waits and fails when it is told to.

    batches: how many photos went through together, each time.
    decoding, computing: threads wait there while these are not set.
    misshapen: of so many photos the view has a wrong shape.
    """

    def __init__(self) -> None:
        self.card = Card("colours", 64, mean=(0, 0, 0), std=(1, 1, 1), temperature=0.1)
        self.batches: list[int] = []
        self.decoded = 0
        self.failures = 0
        self.misshapen = 0
        self.decoding, self.computing = threading.Event(), threading.Event()
        self.decoding.set()
        self.computing.set()
        self.decoder_came, self.network_came = threading.Event(), threading.Event()

    def warm_up(self) -> None:
        self.batches.clear()

    def view(self, photo: Image.Image) -> Array:
        self.decoder_came.set()
        assert self.decoding.wait(PATIENCE)
        view = super().view(photo)
        self.decoded += 1
        if self.misshapen:
            self.misshapen -= 1
            return view[:, :1]
        return view

    def features(self, views: Array) -> Array:
        self.network_came.set()
        assert self.computing.wait(PATIENCE)
        self.batches.append(len(views))
        if self.failures:
            self.failures -= 1
            raise MemoryError("no room for the network")
        means: Array = views.mean((2, 3))
        return means

    def classify(self, features: Array) -> Array:
        return softmax(features / np.float32(self.card.temperature))


def photo(*colour: int) -> bytes:
    return encoded(Image.new("RGB", (80, 60), colour), "PNG")


OLAF, YETI, OTHER = photo(220, 60, 60), photo(60, 220, 60), photo(60, 70, 220)


@asynccontextmanager
async def running(predictor: Predictor, queue: int = 64) -> AsyncIterator[Classifier]:
    async with Classifier(predictor, queue=queue) as classifier:
        try:
            yield classifier
        finally:
            if isinstance(predictor, ColourPredictor):  # a failed test must not wait for ever
                predictor.decoding.set()
                predictor.computing.set()


async def came(event: threading.Event) -> None:
    assert await asyncio.to_thread(event.wait, PATIENCE)


async def all_decoded(predictor: ColourPredictor, count: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while predictor.decoded < count:
            await asyncio.sleep(0.005)
    await asyncio.sleep(0.05)  # and from the thread's hands into the queue


async def test_the_answer_is_the_likelier_snow_person() -> None:
    async with running(ColourPredictor()) as classifier:
        predictions = [await classifier.classify(data) for data in (OLAF, YETI, OTHER)]
    assert [p.label for p in predictions] == [
        Category.OLAF,
        Category.ABOMINABLE,
        Category.ABOMINABLE,
    ]
    assert [p.unfamiliar for p in predictions] == [False, False, True]
    for prediction in predictions:
        assert sum(prediction.probabilities.values()) == pytest.approx(1, abs=1e-5)
        assert 0.5 <= prediction.confidence <= 1


async def test_photos_that_wait_at_the_same_moment_go_through_together() -> None:
    predictor = ColourPredictor()
    async with running(predictor) as classifier:
        predictor.computing.clear()
        first = asyncio.create_task(classifier.classify(OLAF))
        await came(predictor.network_came)
        rest = [asyncio.create_task(classifier.classify(YETI)) for _ in range(10)]
        await all_decoded(predictor, 11)
        predictor.computing.set()
        await asyncio.gather(first, *rest)
    assert predictor.batches[0] == 1
    assert sum(predictor.batches) == 11
    assert len(predictor.batches) <= 4  # three, unless this machine is very slow
    assert max(predictor.batches) <= MAX_BATCH


async def test_each_prediction_belongs_to_its_photo_when_many_come_at_once() -> None:
    colours = [(5 * n, 120, 255 - 5 * n) for n in range(50)]
    photos = [photo(*colour) for colour in colours]
    async with running(ColourPredictor()) as classifier:
        one_by_one = [await classifier.classify(data) for data in photos]
        at_once = await asyncio.gather(*map(classifier.classify, photos))
    for expected, prediction in zip(one_by_one, at_once, strict=True):
        assert prediction.confidence == pytest.approx(expected.confidence, abs=1e-6)
        assert prediction.label is expected.label
    assert len({round(prediction.probabilities[Category.OLAF], 4) for prediction in at_once}) > 20


async def test_a_full_queue_is_busy_until_a_place_is_free() -> None:
    predictor = ColourPredictor()
    async with running(predictor, queue=2) as classifier:
        predictor.computing.clear()
        inside = [asyncio.create_task(classifier.classify(OLAF)) for _ in range(2)]
        await came(predictor.network_came)
        assert classifier.waiting == 2
        with pytest.raises(Busy, match="try again"):
            await classifier.classify(OLAF)
        assert classifier.waiting == 2
        predictor.computing.set()
        await asyncio.gather(*inside)
        assert classifier.waiting == 0
        assert (await classifier.classify(OLAF)).label is Category.OLAF


async def test_cancelling_while_the_photo_is_decoded_frees_its_place() -> None:
    predictor = ColourPredictor()
    async with running(predictor, queue=1) as classifier:
        predictor.decoding.clear()
        caller = asyncio.create_task(classifier.classify(OLAF))
        await came(predictor.decoder_came)
        await cancelled(caller)
        assert classifier.waiting == 0
        predictor.decoding.set()
        assert (await classifier.classify(YETI)).label is Category.ABOMINABLE
    assert sum(predictor.batches) == 1


async def test_cancelling_while_the_photo_waits_frees_its_place_and_spares_the_work() -> None:
    predictor = ColourPredictor()
    async with running(predictor, queue=2) as classifier:
        predictor.computing.clear()
        first = asyncio.create_task(classifier.classify(OLAF))
        await came(predictor.network_came)
        second = asyncio.create_task(classifier.classify(OLAF))
        await all_decoded(predictor, 2)
        await cancelled(second)
        assert classifier.waiting == 1
        predictor.computing.set()
        assert (await classifier.classify(YETI)).label is Category.ABOMINABLE
        assert (await first).label is Category.OLAF
    assert sum(predictor.batches) == 2


async def test_cancelling_while_the_network_looks_at_the_photo_harms_no_other() -> None:
    predictor = ColourPredictor()
    async with running(predictor) as classifier:
        predictor.computing.clear()
        caller = asyncio.create_task(classifier.classify(OLAF))
        await came(predictor.network_came)
        await cancelled(caller)
        predictor.computing.set()
        assert (await classifier.classify(YETI)).label is Category.ABOMINABLE


async def cancelled(caller: asyncio.Task[Prediction]) -> None:
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller


async def test_closing_finishes_what_is_in_hand_and_then_refuses() -> None:
    predictor = ColourPredictor()
    async with running(predictor) as classifier:
        predictor.computing.clear()
        inside = [asyncio.create_task(classifier.classify(data)) for data in (OLAF, YETI, OLAF)]
        await came(predictor.network_came)
        closing = asyncio.create_task(classifier.close())
        await asyncio.sleep(0.02)
        assert not closing.done()
        with pytest.raises(RuntimeError, match="not running"):
            await classifier.classify(OLAF)
        predictor.computing.set()
        predictions = await asyncio.gather(*inside)
        await closing
        assert [p.label for p in predictions] == [Category.OLAF, Category.ABOMINABLE, Category.OLAF]
        with pytest.raises(RuntimeError, match="not running"):
            await classifier.classify(OLAF)


async def test_closing_leaves_no_thread_behind() -> None:
    before = set(threading.enumerate())
    async with running(ColourPredictor()) as classifier:
        await asyncio.gather(*(classifier.classify(OLAF) for _ in range(4)))
    own = [t.name for t in set(threading.enumerate()) - before]
    assert not [name for name in own if name.startswith(("decode", "network"))]


async def test_nobody_is_served_before_the_start() -> None:
    classifier = Classifier(ColourPredictor())
    with pytest.raises(RuntimeError, match="async with"):
        await classifier.classify(OLAF)
    await classifier.close()


async def test_a_batch_that_fails_takes_only_its_own_photos_along() -> None:
    predictor = ColourPredictor()
    async with running(predictor) as classifier:
        predictor.computing.clear()
        first = asyncio.create_task(classifier.classify(OLAF))
        await came(predictor.network_came)
        second = [asyncio.create_task(classifier.classify(OLAF)) for _ in range(8)]
        await all_decoded(predictor, 9)
        third = asyncio.create_task(classifier.classify(YETI))
        await all_decoded(predictor, 10)
        predictor.failures = 1
        predictor.computing.set()
        with pytest.raises(MemoryError):
            await first
        assert {(await task).label for task in second} == {Category.OLAF}
        assert (await third).label is Category.ABOMINABLE
        assert classifier.waiting == 0


async def test_photos_that_cannot_go_through_together_fail_and_the_next_are_answered() -> None:
    predictor = ColourPredictor()
    async with running(predictor) as classifier:
        predictor.computing.clear()
        first = asyncio.create_task(classifier.classify(OLAF))
        await came(predictor.network_came)
        predictor.misshapen = 1
        second = [asyncio.create_task(classifier.classify(OLAF)) for _ in range(2)]
        await all_decoded(predictor, 3)
        predictor.computing.set()
        assert (await first).label is Category.OLAF
        async with asyncio.timeout(PATIENCE):
            failed = await asyncio.gather(*second, return_exceptions=True)
            assert [type(error) for error in failed] == [ValueError, ValueError]
            assert (await classifier.classify(YETI)).label is Category.ABOMINABLE
        assert classifier.state == "ready"
        assert classifier.waiting == 0


async def test_the_state_is_what_the_classifier_does() -> None:
    predictor = ColourPredictor()
    classifier = Classifier(predictor)
    states: list[str] = [classifier.state]
    async with classifier:
        states.append(classifier.state)
        await classifier.classify(OLAF)
        states.append(classifier.state)
    states.append(classifier.state)
    assert states == ["starting", "ready", "ready", "closed"]


class BrokenPredictor(ColourPredictor):
    """A predictor that cannot even warm up."""

    def warm_up(self) -> None:
        raise MemoryError("no room for the network")


async def test_a_start_that_fails_is_no_endless_start() -> None:
    classifier = Classifier(BrokenPredictor())
    with pytest.raises(MemoryError):
        await classifier.__aenter__()
    assert classifier.state == "failed"
    await classifier.close()


async def test_nobody_waits_for_batches_that_have_ended(caplog: pytest.LogCaptureFixture) -> None:
    predictor = ColourPredictor()
    async with running(predictor) as classifier:
        predictor.computing.clear()
        callers = [asyncio.create_task(classifier.classify(OLAF))]
        await came(predictor.network_came)
        callers += [asyncio.create_task(classifier.classify(OLAF)) for _ in range(2)]
        await all_decoded(predictor, 3)
        predictor.decoding.clear()
        predictor.decoder_came.clear()
        callers.append(asyncio.create_task(classifier.classify(OLAF)))
        await came(predictor.decoder_came)
        batches = next(task for task in asyncio.all_tasks() if task.get_name() == "classifier")
        batches.cancel()
        await asyncio.wait([batches])
        assert classifier.state == "failed"
        predictor.decoding.set()
        async with asyncio.timeout(PATIENCE):
            failed = await asyncio.gather(*callers, return_exceptions=True)
        assert [type(error) for error in failed] == [RuntimeError] * 4
        with pytest.raises(RuntimeError, match="failed"):
            await classifier.classify(OLAF)
        with pytest.raises(RuntimeError, match="failed"):
            await classifier.heatmap(OLAF)
        assert classifier.waiting == 0
        assert "batches have ended" in caplog.text


async def test_the_event_loop_goes_on_while_the_network_computes() -> None:
    predictor = ColourPredictor()
    async with running(predictor) as classifier:
        predictor.computing.clear()
        caller = asyncio.create_task(classifier.classify(OLAF))
        await came(predictor.network_came)
        for _ in range(100):
            await asyncio.sleep(0)
        assert not caller.done()
        predictor.computing.set()
        assert (await caller).label is Category.OLAF


async def test_the_event_loop_goes_on_while_a_photo_is_decoded() -> None:
    predictor = ColourPredictor()
    async with running(predictor) as classifier:
        predictor.decoding.clear()
        caller = asyncio.create_task(classifier.classify(OLAF))
        await came(predictor.decoder_came)
        assert not caller.done()
        predictor.decoding.set()
        assert (await caller).label is Category.OLAF


async def test_an_unreadable_photo_is_an_error_for_its_sender_alone() -> None:
    async with running(ColourPredictor()) as classifier:
        answers = await asyncio.gather(
            *map(classifier.classify, (OLAF, b"no picture", YETI, b"", OTHER)),
            return_exceptions=True,
        )
        assert classifier.waiting == 0
    kinds = [type(answer) for answer in answers]
    assert kinds == [Prediction, UnreadablePhoto, Prediction, UnreadablePhoto, Prediction]


# With a true network.


async def test_a_model_of_a_file_answers(tiny_model: Path) -> None:
    async with Classifier.load(tiny_model) as classifier:
        assert classifier.card.name == "tiny"
        prediction = await classifier.classify(encoded(draw_olaf(), "JPEG"))
    assert prediction.label in (Category.OLAF, Category.ABOMINABLE)
    assert list(prediction.probabilities) == list(Category)
    assert sum(prediction.probabilities.values()) == pytest.approx(1, abs=1e-4)


async def test_a_disguised_photo_is_the_likest_to_its_original(tiny_model: Path) -> None:
    olaf, yeti = draw_olaf((160, 200)), draw_yeti((200, 160))
    turned = encoded(olaf.transpose(Image.Transpose.ROTATE_90), "JPEG")
    async with Classifier.load(tiny_model) as classifier:
        stored = [await classifier.vectors(encoded(photo, "PNG")) for photo in (yeti, olaf)]
        one = (await classifier.classify(encoded(olaf, "PNG"))).vector
        copy = (await classifier.classify(turned)).vector
        by_views = classifier.likenesses(copy, stored)
        by_one = classifier.likenesses(copy, [one])
        assert classifier.likenesses(one, []) == []
        assert classifier.likenesses(one, [one, *stored])[0] == pytest.approx(1, abs=2e-3)
    assert len(one) == 2 * 512
    assert by_views[1] > max(by_views[0], *by_one)
    assert by_views[1] == pytest.approx(1, abs=0.02)


async def test_other_weights_have_another_digest(tiny_model: Path) -> None:
    first = read(tiny_model)
    others = {**first.tensors, "conv1.weight": first.tensors["conv1.weight"] * 2}
    assert first.digest == Classifier.load(tiny_model).digest
    assert first.digest != replace(first, tensors=others).digest


class WatchedEngine:
    """A true engine that notes how many photos went through it, each time."""

    name = "watched"

    def __init__(self, weights: Weights) -> None:
        self._engine = load_engine("onnx", weights)
        self.feature_maps = self._engine.feature_maps
        self.batches: list[int] = []

    def features(self, views: Array) -> Array:
        self.batches.append(len(views))
        return self._engine.features(views)

    def warm_up(self, views: Array, judge: Callable[[Array], Array]) -> None:
        self.features(views)


async def test_the_network_has_run_before_the_first_photo(tiny_model: Path) -> None:
    weights = read(tiny_model)
    engine = WatchedEngine(weights)
    async with running(Predictor(engine, weights)):
        assert engine.batches


@pytest.mark.skipif(
    not (MODELS / "small.safetensors").is_file(), reason="the small model is not trained yet"
)
async def test_the_small_model_answers_photos_of_all_kinds() -> None:
    pictures = [draw_olaf(), draw_yeti(), everyday()]
    async with Classifier.load("small") as classifier:
        predictions = await asyncio.gather(
            *(classifier.classify(encoded(p, f)) for p in pictures for f in ("JPEG", "PNG", "HEIF"))
        )
    assert classifier.card.size == 112
    assert classifier.card.labels == tuple(Category)
    for prediction in predictions:
        assert sum(prediction.probabilities.values()) == pytest.approx(1, abs=1e-4)
        assert 0.5 <= prediction.confidence <= 1
    # The same picture is answered alike in every format.
    for n in range(0, 9, 3):
        olaf = [prediction.probabilities[Category.OLAF] for prediction in predictions[n : n + 3]]
        assert max(olaf) - min(olaf) < 0.2
