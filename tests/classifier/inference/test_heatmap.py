from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from io import BytesIO
from math import dist
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from PIL import Image, ImageChops

from classifier import Busy, Category, Classifier, Heatmap, UnreadablePhoto
from classifier.__main__ import main
from classifier.images import look
from classifier.images.decode import decode_photo
from classifier.images.look import MIN_PICTURE_SIDE, PICTURE_SIDE, Look, Wanted, look_at
from classifier.inference.activation import activation_map
from classifier.inference.classifier import HEATMAPS_AT_ONCE
from classifier.inference.heatmap import (
    draw_heatmap,
    write_caption,
)
from classifier.inference.interpolation import Map
from classifier.inference.predictor import Predictor
from classifier.types import Prediction
from tests.support.pictures import draw_olaf, encoded, everyday


@pytest_asyncio.fixture(params=["full", "small"])
async def classifier(request: pytest.FixtureRequest) -> AsyncIterator[Classifier]:
    async with Classifier.load(request.param) as classifier:
        yield classifier


# How long a test waits for a thread that should come, in seconds.
PATIENCE = 20
SOMEBODY = Prediction(
    Category.OLAF, 1.0, dict.fromkeys(Category, 1 / 3), unfamiliar=False, sure=True
)


def opened(png: bytes) -> Image.Image:
    picture = Image.open(BytesIO(png))
    assert picture.format == "PNG"
    return picture.convert("RGB")


async def test_a_heat_map_has_the_prediction_that_classify_gives(classifier: Classifier) -> None:
    photo = encoded(draw_olaf((640, 480)), "PNG")
    found = await classifier.heatmap(photo)
    prediction = await classifier.classify(photo)
    assert found.prediction.label is prediction.label
    assert found.prediction.confidence == pytest.approx(prediction.confidence, abs=0.05)


async def test_the_heat_is_a_grid_between_nothing_and_one(classifier: Classifier) -> None:
    found = await classifier.heatmap(encoded(draw_olaf(), "PNG"))
    values = [value for row in found.heat for value in row]
    assert len(found.heat) == len(found.heat[0]) == 14
    assert min(values) >= 0
    assert max(values) == pytest.approx(1)


async def test_the_heat_follows_the_snow_person(classifier: Classifier) -> None:
    olaf = draw_olaf((240, 240))
    warmer = []
    for left in (0, 240):
        scene = everyday((480, 480))
        scene.paste(olaf, (left, 120))
        found = await classifier.heatmap(encoded(scene, "PNG"))
        assert found.prediction.label is Category.OLAF, "the heat is that of the answer"
        heat = np.array(found.heat)
        warmer.append(float(heat[:, :7].sum() - heat[:, 7:].sum()))
    assert warmer[0] > 0 > warmer[1]


def test_the_finer_map_says_where_within_a_coarse_cell_and_only_what_speaks_for_it_counts() -> None:
    last = np.zeros((2, 4, 4), np.float32)
    last[0, 1, 1] = last[1, 3, 3] = 1  # the second channel speaks against the answer
    middle = np.zeros((3, 8, 8), np.float32)
    middle[0, 2, 2] = middle[1, 7, 7] = 5  # what is seen within each
    middle[2] = np.linspace(0, 1, 8)  # and what has nothing to do with either
    heat = activation_map(middle, last, np.array([1, -1], np.float32))
    assert heat.shape == (8, 8)
    assert divmod(int(heat.argmax()), 8) == (2, 2)
    assert float(heat[2:4, 2:4].sum() / heat.sum()) > 0.5
    assert float(heat[6:, 6:].sum()) == 0
    assert not activation_map(middle, last, np.zeros(2, np.float32)).any()


@pytest.mark.parametrize(
    ("size", "side"), [((3000, 1000), PICTURE_SIDE), ((32, 16), MIN_PICTURE_SIDE)]
)
async def test_the_picture_keeps_its_proportions_at_a_size_to_look_at(
    classifier: Classifier, size: tuple[int, int], side: int
) -> None:
    picture = (await classifier.heatmap(encoded(draw_olaf(size), "PNG"))).image
    assert picture.mode == "RGB"
    assert max(picture.size) == side
    assert picture.width / picture.height == pytest.approx(size[0] / size[1], rel=0.01)


def test_hot_parts_shine_and_cold_parts_are_dimmed() -> None:
    grey = Image.new("RGB", (512, 512), (120, 120, 120))
    heat = np.zeros((4, 4), np.float32)
    heat[0, 3] = 1
    picture = draw_heatmap(grey, SOMEBODY, heat).image.convert("L")
    assert picture.getpixel((480, 32)) > 130  # type: ignore[operator]
    assert picture.getpixel((32, 300)) < 90  # type: ignore[operator]


def seen(colour: tuple[int, int, int]) -> tuple[float, float, float]:
    """Return a colour's lightness, 0 to 100, and its two opponent colours, in CIELAB."""
    shares = [value / 255 for value in colour]
    red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in shares)
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089
    x, y, z = (v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (x, y, z))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@pytest.mark.parametrize(
    "photo",
    ["white", "#eef2f8", "grey", "black", "orange", "#d23c28", "#28a03c", "#3c3cc8", "#ffe600"],
)
def test_hot_and_cold_differ_on_photos_of_any_colour(photo: str) -> None:
    plain = Image.new("RGB", (512, 512), photo)
    heat = np.zeros((4, 4), np.float32)
    heat[0, 3] = heat[0, 2] = heat[1, 3] = heat[1, 2] = 1
    picture = draw_heatmap(plain, SOMEBODY, heat).image
    hot, cold = (seen(picture.getpixel(place)) for place in ((400, 110), (32, 480)))  # type: ignore[arg-type]
    assert hot[0] > cold[0] + 20  # in grey and for the colour-blind
    assert dist(hot, cold) > 45


@pytest.mark.parametrize("snow", ["white", "#eef2f8", "#cfe6f8"])
def test_the_hot_part_of_snow_does_not_look_like_snow(snow: str) -> None:
    plain = Image.new("RGB", (512, 512), snow)
    picture = draw_heatmap(plain, SOMEBODY, np.ones((4, 4), np.float32)).image
    hot, before = (seen(one.getpixel((256, 256))) for one in (picture, plain))  # type: ignore[arg-type]
    assert dist(hot, before) > 35


async def test_what_is_no_picture_is_refused_as_usual(classifier: Classifier) -> None:
    with pytest.raises(UnreadablePhoto):
        await classifier.heatmap(b"no picture")


def test_only_who_writes_a_caption_finds_one_in_the_corner() -> None:
    photo = Image.new("RGB", (512, 512), (120, 120, 120))
    plain = draw_heatmap(photo, SOMEBODY, np.ones((4, 4), np.float32)).image
    assert len(plain.getcolors(1000) or ()) == 1
    written = plain.copy()
    write_caption(written, "Olaf! 97%")
    changed = ImageChops.difference(plain, written).getbbox()
    assert changed is not None
    left, top, right, bottom = changed
    assert left < 60 < right
    assert top > 256
    assert bottom > 452


@pytest.mark.filterwarnings(r"ignore:::PIL\.")  # as in the program itself
@pytest.mark.parametrize("size", [(20_000, 2_040), (2_040, 20_000)])
def test_a_long_photo_is_decoded_no_larger_than_its_heat_map_needs(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded = []

    def watched(*arguments: Any, **options: Any) -> Image.Image:
        decoded.append(decode_photo(*arguments, **options))
        return decoded[-1]

    monkeypatch.setattr(look, "decode_photo", watched)
    picture = look.look_at(encoded(Image.new("L", size), "JPEG"), Wanted(picture=True)).picture
    assert picture is not None
    assert max(picture.size) == PICTURE_SIDE
    assert max(decoded[0].size) <= 4 * PICTURE_SIDE


async def test_heat_maps_take_places_in_the_queue_and_only_a_few_are_decoded_at_once(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded = []
    go_on = threading.Event()

    def watched(photo: bytes, wanted: Wanted) -> Look:
        decoded.append(look_at(photo, wanted))
        return decoded[-1]

    def waiting(self: Predictor, photo: Image.Image) -> tuple[Prediction, Map]:
        assert go_on.wait(PATIENCE)
        return original(self, photo)

    original = Predictor.predict_with_heat
    monkeypatch.setattr(look, "look_at", watched)
    monkeypatch.setattr(Predictor, "predict_with_heat", waiting)
    photo = encoded(draw_olaf(), "PNG")
    async with Classifier.load(tiny_model, queue=6) as classifier:
        inside = [asyncio.create_task(classifier.heatmap(photo)) for _ in range(6)]
        async with asyncio.timeout(PATIENCE):
            while len(decoded) < HEATMAPS_AT_ONCE:
                await asyncio.sleep(0.005)
        await asyncio.sleep(0.1)  # more of them would come now
        assert len(decoded) == HEATMAPS_AT_ONCE
        assert classifier.waiting == 6
        for ask in (classifier.classify, classifier.heatmap):
            with pytest.raises(Busy):
                await ask(photo)
        closing = asyncio.create_task(classifier.close())
        await asyncio.sleep(0.02)
        assert not closing.done(), "heat maps in hand are finished first"
        go_on.set()
        assert all(isinstance(found, Heatmap) for found in await asyncio.gather(*inside))
        await closing


def test_the_command_line_draws_the_heat_map(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo, out = tmp_path / "olaf.png", tmp_path / "out.png"
    photo.write_bytes(encoded(draw_olaf(), "PNG"))
    assert main([str(photo), "--heatmap", str(out), "--model", "small"]) == 0
    assert "!" in capsys.readouterr().out
    assert opened(out.read_bytes()).size[0] >= MIN_PICTURE_SIDE


def test_the_command_line_draws_one_photo_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        main([str(tmp_path / "a"), str(tmp_path / "b"), "--heatmap", str(tmp_path / "out.png")])
    assert exit_.value.code == 2
    assert "one photo" in capsys.readouterr().err
