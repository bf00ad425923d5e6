"""The bot beside a classifier tier: what it makes of it, and what it tells of it."""

from __future__ import annotations

from pydantic import AnyHttpUrl

from bot.domain import Label, Timings
from bot.loading import classifier_of
from bot.metrics import Metrics
from bot.operating.check import classifier_tier
from bot.settings import Settings
from bot.vision import Vision
from classifier import Classifier
from classifier.serving import Outcome
from tests.fakes.tier import Fault, Tier
from tests.support.metrics import counted
from tests.support.pictures import draw_olaf, encoded

OLAF = encoded(draw_olaf((320, 240)), "JPEG")


async def test_the_bot_sees_the_same_by_the_tier_and_without_and_tells_which() -> None:
    metrics = Metrics()
    async with Classifier.load("small", engine="onnx") as own, Tier(own) as tier:
        settings = Settings.model_construct(
            model="small",
            engine="onnx",
            classifier_url=AnyHttpUrl(tier.url.replace("//", "//ana:sekret@")),
        )
        assert "sekret" in settings.secrets()
        async with classifier_of(settings, metrics) as classifier:
            vision = Vision(classifier)
            assert vision.state()["engine"] == f"ray at {tier.url}"
            timings = Timings()
            by_tier = await vision.classify(OLAF, timings, preview=64)
            assert by_tier == await Vision(own).classify(OLAF, Timings(), preview=64)
            assert by_tier[0].label is Label.OLAF
            assert timings.inference > 0
            tier.faults.extend((Fault.ERROR, Fault.ERROR))
            assert await vision.classify(OLAF, Timings(), preview=64) == by_tier
            assert vision.state()["engine"] == f"onnx, as ray at {tier.url} fails (500)"
            assert vision.state()["state"] == "ready"
        (found,) = await classifier_tier(settings)
        assert found.is_fine
        tier.model = "full:1"
        (found,) = await classifier_tier(settings)
        assert "give both the same MODEL" in found.text
    told = {each: counted(metrics, "tier_photos_total", outcome=each) for each in Outcome}
    assert told == {Outcome.THERE: 1, Outcome.AGAIN: 1, Outcome.HERE: 1}
    (found,) = await classifier_tier(settings)
    assert found.text.startswith("it does not answer")
    assert "sekret" not in found.text
