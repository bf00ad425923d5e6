"""A bot beside a classifier tier: it is asked, asked again, done without, and found again."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import replace

import pytest

from classifier import Classifier, PhotoError
from classifier.images.decode import MAX_BYTES
from classifier.inference.predictor import Predictor
from classifier.serving import Outcome, RemoteClassifier
from tests.fakes.tier import Fault, Tier
from tests.support.pictures import draw_olaf, encoded

OLAF = encoded(draw_olaf((320, 240)), "JPEG")
PATIENCE = 20


@pytest.fixture
async def tier(predictor: Predictor) -> AsyncIterator[Tier]:
    async with Classifier(predictor) as classifier, Tier(classifier) as tier:
        yield tier


class Bot:
    """A remote classifier, what it counted, and how often it loaded its own network."""

    def __init__(self, url: str, predictor: Predictor, answer_seconds: float) -> None:
        self.loads = 0
        self.counted: Counter[str] = Counter()
        self.predictor = predictor
        self.classifier = RemoteClassifier(
            url,
            predictor.card,
            predictor.digest,
            here=self._load,
            engine="onnx",
            note=lambda outcome: self.counted.update([outcome]),
            answer_seconds=answer_seconds,
            look_seconds=0.05,
        )

    def _load(self) -> Classifier:
        self.loads += 1
        return Classifier(self.predictor)

    async def found(self, tier: Tier) -> None:
        async with asyncio.timeout(PATIENCE):
            while self.classifier.engine != f"ray at {tier.url}":
                await asyncio.sleep(0.01)


@asynccontextmanager
async def beside(tier: Tier, predictor: Predictor, answers: float = PATIENCE) -> AsyncIterator[Bot]:
    bot = Bot(tier.url, predictor, answers)
    async with bot.classifier:
        yield bot
    assert bot.classifier.state == "closed"
    assert bot.classifier.waiting == 0


@pytest.fixture
async def bot(tier: Tier, predictor: Predictor) -> AsyncIterator[Bot]:
    async with beside(tier, predictor) as bot:
        yield bot


async def test_whatever_a_classifier_says_the_tier_says(tier: Tier, bot: Bot) -> None:
    there, own = bot.classifier, tier.classifier
    assert there.engine == f"ray at {tier.url}"
    assert (there.card, there.digest, there.state) == (own.card, own.digest, "ready")
    told = await there.answer(OLAF, hashes=True, preview=48)
    assert told == replace(await own.answer(OLAF, hashes=True, preview=48), timing=told.timing)
    assert told.timing.inference > 0
    assert await there.vectors(OLAF) == await own.vectors(OLAF)
    assert await there.preview(OLAF, 64) == await own.preview(OLAF, 64)
    drawn, expected = await there.heatmap(OLAF), await own.heatmap(OLAF)
    assert drawn == replace(expected, image=drawn.image)
    assert drawn.image.tobytes() == expected.image.tobytes()
    assert (await there.answer(OLAF)).hashes is None
    assert bot.counted == {Outcome.THERE: 5}
    assert bot.loads == 0


async def test_a_refusal_is_an_answer_and_is_asked_for_once(tier: Tier, bot: Bot) -> None:
    refused = {b"no picture": "not_a_picture", b"": "empty", bytes(MAX_BYTES + 1): "too_many_bytes"}
    for photo, reason in refused.items():
        with pytest.raises(PhotoError) as error:
            await bot.classifier.answer(photo, hashes=True)
        assert error.value.reason == reason
    assert tier.asked == 3 * ["/answer"]
    assert bot.counted == {Outcome.THERE: 3}
    assert bot.loads == 0


@pytest.mark.parametrize("fault", [each for each in Fault if each is not Fault.HANGS])
async def test_what_fails_once_is_asked_for_again_and_what_fails_twice_is_done_here(
    tier: Tier, bot: Bot, fault: Fault
) -> None:
    expected = (await tier.classifier.answer(OLAF)).prediction
    tier.faults.append(fault)
    assert (await bot.classifier.answer(OLAF)).prediction == expected
    assert bot.counted == {Outcome.AGAIN: 1, Outcome.THERE: 1}
    assert bot.loads == 0
    tier.faults.extend((fault, fault))
    assert (await bot.classifier.answer(OLAF)).prediction == expected
    assert bot.counted == {Outcome.AGAIN: 2, Outcome.THERE: 1, Outcome.HERE: 1}
    assert bot.loads == 1
    await bot.found(tier)
    assert (await bot.classifier.answer(OLAF)).prediction == expected
    assert bot.counted == {Outcome.AGAIN: 2, Outcome.THERE: 2, Outcome.HERE: 1}


async def test_a_tier_that_hangs_is_not_waited_for_by_everybody(
    tier: Tier, predictor: Predictor
) -> None:
    tier.faults.extend(5 * [Fault.HANGS])
    async with beside(tier, predictor, answers=0.3) as bot:
        answers = [bot.classifier.answer(OLAF) for _ in range(3)]
        first, *rest = [answer.prediction for answer in await asyncio.gather(*answers)]
    assert rest == [first, first]
    assert bot.counted[Outcome.HERE] >= 1
    assert bot.loads == 1  # by the one who came first, for all


async def test_the_start_needs_no_tier_and_finds_one_that_comes_later(
    predictor: Predictor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with Classifier(predictor) as classifier:
        tier = Tier(classifier)
        async with tier:
            pass  # now it has a port, at which nobody listens
        async with beside(tier, predictor) as bot:
            assert bot.classifier.state == "ready"
            away = f"onnx, as ray at {tier.url} does not answer"
            assert bot.classifier.engine.startswith(away)
            assert bot.loads == 0
            before = (await bot.classifier.answer(OLAF)).prediction
            async with tier:
                await bot.found(tier)
                assert (await bot.classifier.answer(OLAF)).prediction == before
            after = (await bot.classifier.answer(OLAF)).prediction
            assert after == before
            assert bot.counted == {Outcome.HERE: 2, Outcome.THERE: 1, Outcome.AGAIN: 1}
            assert bot.loads == 1
    said = [record.getMessage() for record in caplog.records if "tier" in record.getMessage()]
    assert [line.split(" (")[0] for line in said] == [
        "the classifier tier does not answer",
        "the classifier tier is there",
        "the classifier tier does not answer",
    ]


async def test_a_tier_with_another_model_is_told_of_and_never_believed(
    tier: Tier, predictor: Predictor, caplog: pytest.LogCaptureFixture
) -> None:
    warmer = copy(predictor)
    warmer.card = replace(predictor.card, temperature=predictor.card.temperature * 2)
    async with beside(tier, warmer) as bot:  # the same weights, and other probabilities
        assert "has another model (small:" in bot.classifier.engine
        assert "not small:" in bot.classifier.engine
        await bot.classifier.answer(OLAF)
        assert bot.counted == {Outcome.HERE: 1}
    async with beside(tier, predictor) as bot:  # it was right at the start, and is started anew
        tier.model = "full:1"
        await bot.classifier.answer(OLAF)
        assert bot.counted == {Outcome.AGAIN: 1, Outcome.HERE: 1}
    assert caplog.text.count("give both the same MODEL") == 2


async def test_who_gives_up_leaves_nothing_behind(tier: Tier, bot: Bot) -> None:
    tier.faults.append(Fault.HANGS)
    waiting = asyncio.create_task(bot.classifier.answer(OLAF))
    async with asyncio.timeout(PATIENCE):
        while not tier.asked:
            await asyncio.sleep(0.01)
    assert bot.classifier.waiting == 1
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert bot.classifier.waiting == 0
    assert (await bot.classifier.answer(OLAF)).prediction.label
    assert bot.counted == {Outcome.THERE: 1}
    await bot.classifier.close()
    with pytest.raises(RuntimeError):
        await bot.classifier.answer(OLAF)
