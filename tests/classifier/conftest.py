"""What many tests of the classifier use: a model of random weights, and folders of drawings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from PIL import Image

from classifier.card import Card
from classifier.model import build, save
from classifier.types import Category
from tests.support.pictures import draw_ellipses, draw_olaf, draw_yeti, everyday

DRAW: dict[Category, Callable[[tuple[int, int]], Image.Image]] = {
    Category.OLAF: draw_olaf,
    Category.ABOMINABLE: draw_yeti,
    Category.NEITHER: everyday,
}


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Compute with one thread: networks this small gain nothing by more, and tests run beside."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a network of random weights, for 64 pixels, that is not calibrated."""
    torch.manual_seed(3)
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    save(path, build(), Card("tiny", 64))
    return path


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of ten pictures for each label, some of them cut-outs, all unlike each other."""
    folder = tmp_path / "photos"
    for number, label in enumerate(Category):
        (folder / label).mkdir(parents=True)
        for index in range(10):
            cut_out = label is not Category.NEITHER and index < 3
            picture = draw_ellipses(100 * number + index, "RGBA" if cut_out else "RGB")
            picture.save(folder / label / f"{index}.png")
    return folder


@pytest.fixture
def drawings(tmp_path: Path) -> Path:
    """A folder of eight different drawings for each label, of what they are called."""
    folder = tmp_path / "drawings"
    for label, draw in DRAW.items():
        (folder / label).mkdir(parents=True)
        for number in range(8):
            picture = draw((160 + 40 * number, 200)).rotate(40 * number, expand=True)
            picture.save(folder / label / f"{number}.png")
    return folder
