from __future__ import annotations

from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import pytest
import pytest_asyncio
import torch
from PIL import Image

from classifier import Classifier, UnreadablePhoto
from classifier.__main__ import main
from classifier.inference.heatmap import LEAST_SIDE, PICTURE_SIDE, draw
from classifier.types import Category
from tests.support.pictures import draw_olaf, encoded, everyday


@pytest_asyncio.fixture(params=["full", "small"])
async def classifier(request: pytest.FixtureRequest) -> AsyncIterator[Classifier]:
    async with Classifier.load(request.param) as classifier:
        yield classifier


def opened(png: bytes) -> Image.Image:
    picture = Image.open(BytesIO(png))
    assert picture.format == "PNG"
    return picture.convert("RGB")


async def test_an_explanation_has_the_verdict_that_classify_gives(classifier: Classifier) -> None:
    photo = encoded(draw_olaf((640, 480)), "PNG")
    explanation = await classifier.explain(photo)
    verdict = await classifier.classify(photo)
    assert explanation.verdict.label is verdict.label
    assert explanation.verdict.confidence == pytest.approx(verdict.confidence, abs=0.05)


async def test_the_heat_is_a_grid_between_nothing_and_one(classifier: Classifier) -> None:
    explanation = await classifier.explain(encoded(draw_olaf(), "PNG"))
    values = [value for row in explanation.heat for value in row]
    assert len(explanation.heat) == len(explanation.heat[0]) == 7
    assert min(values) >= 0
    assert max(values) == pytest.approx(1)


async def test_the_heat_follows_the_snow_person(classifier: Classifier) -> None:
    olaf = draw_olaf((240, 240))
    warmer = []
    for left in (0, 240):
        scene = everyday((480, 480))
        scene.paste(olaf, (left, 120))
        explanation = await classifier.explain(encoded(scene, "PNG"))
        assert explanation.verdict.label is Category.OLAF, "the heat is that of the answer"
        heat = torch.tensor(explanation.heat)
        warmer.append(float(heat[:, :3].sum() - heat[:, 4:].sum()))
    assert warmer[0] > 0 > warmer[1]


@pytest.mark.parametrize(("size", "side"), [((3000, 1000), PICTURE_SIDE), ((32, 16), LEAST_SIDE)])
async def test_the_picture_keeps_its_proportions_at_a_size_to_look_at(
    classifier: Classifier, size: tuple[int, int], side: int
) -> None:
    picture = opened((await classifier.explain(encoded(draw_olaf(size), "PNG"))).picture)
    assert max(picture.size) == side
    assert picture.width / picture.height == pytest.approx(size[0] / size[1], rel=0.01)


def test_hot_parts_shine_and_cold_parts_are_dimmed() -> None:
    grey = Image.new("RGB", (512, 512), (120, 120, 120))
    heat = torch.zeros(4, 4)
    heat[0, 3] = 1
    picture = draw(grey, heat, "").convert("L")
    assert picture.getpixel((480, 32)) > 130  # type: ignore[operator]
    assert picture.getpixel((32, 300)) < 90  # type: ignore[operator]


async def test_what_is_no_picture_is_refused_as_usual(classifier: Classifier) -> None:
    with pytest.raises(UnreadablePhoto):
        await classifier.explain(b"no picture")


def test_the_command_line_draws_the_heat_map(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo, out = tmp_path / "olaf.png", tmp_path / "out.png"
    photo.write_bytes(encoded(draw_olaf(), "PNG"))
    assert main([str(photo), "--heatmap", str(out), "--model", "small"]) == 0
    assert "!" in capsys.readouterr().out
    assert opened(out.read_bytes()).size[0] >= LEAST_SIDE


def test_the_command_line_draws_one_photo_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        main([str(tmp_path / "a"), str(tmp_path / "b"), "--heatmap", str(tmp_path / "out.png")])
    assert exit_.value.code == 2
    assert "one photo" in capsys.readouterr().err
