"""The weights file with its card, and the network made fast."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from classifier import weights as weights_file
from classifier.card import Card, softmax
from classifier.images.decode import BACKDROP
from classifier.images.view import evaluation_view
from classifier.inference.engines import Array, pytorch
from classifier.inference.engines.pytorch import MAX_PRECISION_GAP, TorchEngine
from classifier.inference.interpolation import crop_to_photo
from classifier.inference.predictor import Predictor
from classifier.model import build, fuse_batch_norms, load, save, weights_of
from classifier.types import Category, ModelError
from classifier.weights import find
from tests.support.pictures import draw_olaf, draw_yeti, everyday

if TYPE_CHECKING:  # where it is run, the package has to be imported first
    from torchvision.models import ResNet

CARD = Card(
    name="tiny",
    size=64,
    temperature=1.7,
    trained_on="nothing at all",
    metrics={"accuracy": 0.5, "by label": {"olaf": 0.25}},
)


@pytest.fixture(scope="module")
def network() -> ResNet:
    """A network of random weights, whose batch norms are not those of a fresh one."""
    torch.manual_seed(0)
    network = build()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, 0, 0.2)
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 1.5)
    return network.eval()


@pytest.fixture(scope="module")
def weights(network: ResNet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    save(path, network, CARD)
    return path


@pytest.fixture
def state(weights: Path) -> dict[str, torch.Tensor]:
    return load_file(weights)


@pytest.fixture
def views() -> Array:
    drawings = draw_olaf(), draw_yeti(), everyday()
    return np.stack([evaluation_view(each, CARD.size, CARD.mean, CARD.std) for each in drawings])


def predictor_of(network: ResNet, card: Card) -> Predictor:
    return Predictor(TorchEngine(copy.deepcopy(network)), weights_of(network, card))


def written(path: Path, state: dict[str, torch.Tensor], card: object) -> Path:
    save_file(state, path, metadata={"card": json.dumps(card)})
    return path


def test_a_model_comes_back_with_its_card(weights: Path, network: ResNet) -> None:
    loaded, card = load(weights)
    assert card == CARD
    assert not loaded.training
    for name, value in loaded.state_dict().items():
        if value.is_floating_point():
            assert value.dtype == torch.float32
            torch.testing.assert_close(value, network.state_dict()[name], atol=1e-3, rtol=1e-3)


def test_a_model_is_small_on_disk(weights: Path, state: dict[str, torch.Tensor]) -> None:
    assert {value.dtype for value in state.values() if value.ndim > 1} == {torch.float16}
    assert weights.stat().st_size < 25_000_000


def test_batch_norms_keep_variances_that_are_too_small_for_half_precision(tmp_path: Path) -> None:
    network = build()
    assert network.bn1.running_var is not None
    network.bn1.running_var.fill_(1e-7)
    save(tmp_path / "fine.safetensors", network, CARD)
    loaded, _ = load(tmp_path / "fine.safetensors")
    assert torch.equal(loaded.get_buffer("bn1.running_var"), network.bn1.running_var)


def test_the_card_can_be_read_without_the_weights(weights: Path) -> None:
    with safe_open(weights, framework="pt") as file:
        card = json.loads(file.metadata()["card"])
    assert card["labels"] == ["olaf", "abominable", "neither"]
    assert card["metrics"] == CARD.metrics


def test_a_card_of_a_later_version_is_understood(
    tmp_path: Path, state: dict[str, torch.Tensor]
) -> None:
    card = dict(vars(CARD), unheard_of=1)
    assert load(written(tmp_path / "later", state, card))[1] == CARD


def test_a_card_of_before_the_bounds_is_understood(
    tmp_path: Path, state: dict[str, torch.Tensor]
) -> None:
    later = ("unfamiliar_above", "pair_temperature", "sure_pair", "sure_label")
    card = {name: value for name, value in vars(CARD).items() if name not in later}
    loaded = load(written(tmp_path / "earlier", state, card))[1]
    assert [getattr(loaded, name) for name in later] == [0.5, CARD.temperature, 0.9, 0.6]


@pytest.mark.parametrize("name", ["small", "full"])
def test_a_size_is_a_name_of_a_model(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights_file, "MODELS", tmp_path)
    with pytest.raises(ModelError, match=f"no model at .*{name}.safetensors"):
        find(name)
    (tmp_path / f"{name}.safetensors").touch()
    assert find(name) == tmp_path / f"{name}.safetensors"


@pytest.mark.parametrize("name", ["nowhere.safetensors", "", ".", "large"])
def test_a_missing_model_is_named_with_what_there_is(name: str) -> None:
    with pytest.raises(ModelError, match=r"choose small, full or a \.safetensors file"):
        load(name)


class Poison:
    """A pickle of this leaves a file behind when it is loaded."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.trace,)


def damaged_files(weights: Path, folder: Path) -> Iterator[tuple[str, bytes]]:
    whole = weights.read_bytes()
    yield "empty", b""
    yield "random", bytes(range(256)) * 50
    yield "cut off in the header", whole[:1000]
    yield "cut off in the weights", whole[:-1000]
    yield "of a header that never ends", b"\xff" * 8 + whole[8:]
    yield "a pickle", pickle.dumps(Poison(folder / "trace"))
    torch.save({"fc.bias": Poison(folder / "trace")}, folder / "saved.pt")
    yield "a checkpoint of torch", (folder / "saved.pt").read_bytes()


def test_a_damaged_or_foreign_file_is_refused_and_no_pickle_is_loaded(
    weights: Path, tmp_path: Path
) -> None:
    for name, content in damaged_files(weights, tmp_path):
        path = tmp_path / f"{name}.safetensors"
        path.write_bytes(content)
        with pytest.raises(ModelError, match="is damaged or no safetensors file") as refused:
            load(path)
        assert str(path) in str(refused.value), name
    assert not (tmp_path / "trace").exists()


def test_weights_without_a_card_are_refused(tmp_path: Path, state: dict[str, torch.Tensor]) -> None:
    save_file(state, tmp_path / "bare")
    with pytest.raises(ModelError, match="not one of snowpeople's models: it carries no card"):
        load(tmp_path / "bare")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"labels": ["cat", "dog", "neither"]}, "labels are .*cat"),
        ({"labels": ["abominable", "olaf", "neither"]}, "labels are .*abominable"),
        ({"size": 0}, "size is 0"),
        ({"size": 100_000}, "size is 100000"),
        ({"size": 64.5}, "size is 64.5"),
        ({"size": "64"}, "size is 64"),
        ({"mean": [0.5]}, "mean or std"),
        ({"mean": ["a", "b", "c"]}, "no number"),
        ({"std": [1, 1, 0]}, "mean or std"),
        ({"std": None}, "mean or std|NoneType"),
        ({"temperature": 0}, "temperature is 0"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"pair_temperature": float("inf")}, "pair_temperature is inf"),
        ({"sure_pair": 1.01}, "sure_pair is 1.01"),
        ({"sure_label": -0.1}, "sure_label is -0.1"),
        ({"sure_label": "very"}, "no number"),
        ({"temperature": "warm"}, "no number"),
        ({"unfamiliar_above": 1.5}, "unfamiliar_above is 1.5"),
        ({"unfamiliar_above": float("nan")}, "unfamiliar_above is nan"),
        ({"unfamiliar_above": None}, "no number"),
    ],
)
def test_a_card_that_none_of_our_networks_can_have_is_refused(
    change: dict[str, object], complaint: str, tmp_path: Path, state: dict[str, torch.Tensor]
) -> None:
    path = written(tmp_path / "odd", state, {**vars(CARD), **change})
    with pytest.raises(ModelError, match=f"not one of snowpeople's models: .*({complaint})"):
        load(path)


@pytest.mark.parametrize("card", [None, [], "card", 3, {}, {"name": "x"}])
def test_a_card_that_is_none_is_refused(
    card: object, tmp_path: Path, state: dict[str, torch.Tensor]
) -> None:
    with pytest.raises(ModelError, match="not one of snowpeople's models"):
        load(written(tmp_path / "odd", state, card))


def test_a_card_that_is_no_json_is_refused(tmp_path: Path, state: dict[str, torch.Tensor]) -> None:
    save_file(state, tmp_path / "odd", metadata={"card": "{"})
    with pytest.raises(ModelError, match="not one of snowpeople's models"):
        load(tmp_path / "odd")


def test_weights_of_another_network_are_refused(
    tmp_path: Path, state: dict[str, torch.Tensor]
) -> None:
    others = {
        "more labels": {**state, "fc.weight": torch.zeros(1000, 512), "fc.bias": torch.zeros(1000)},
        "a layer short": {name: v for name, v in state.items() if not name.startswith("fc.")},
        "a layer too many": {**state, "fc2.bias": torch.zeros(3)},
        "nothing": {"x": torch.zeros(1)},
        "whole numbers": {**state, "fc.bias": torch.zeros(3, dtype=torch.int64)},
    }
    for name, other in others.items():
        with pytest.raises(ModelError, match="does not hold a resnet18 of three labels"):
            load(written(tmp_path / name, other, vars(CARD)))


# What the network gets to see of a photo.


@pytest.mark.parametrize("size", [(400, 100), (100, 400), (200, 200), (3000, 2), (1, 1)])
def test_a_view_shows_the_whole_photo_in_proportion_between_bars(size: tuple[int, int]) -> None:
    view = evaluation_view(Image.new("RGB", size, (255, 0, 0)), 64, (0, 0, 0), (1, 1, 1))
    assert view.shape == (3, 64, 64)
    photo = (view == np.array([1, 0, 0])[:, None, None]).all(0)
    bars = np.isclose(view, np.array(BACKDROP)[:, None, None] / 255).all(0)
    assert (photo | bars).all()
    width, height = (max(1, round(64 * side / max(size))) for side in size)
    assert (int(photo.any(0).sum()), int(photo.any(1).sum())) == (width, height)
    rows = photo.any(1).nonzero()[0]
    assert abs(int(rows[0]) - (63 - int(rows[-1]))) <= 1, "it lies in the middle"


@pytest.mark.parametrize("size", [(400, 200), (200, 400), (300, 300)])
def test_the_heat_of_a_view_is_mapped_back_onto_the_photo(size: tuple[int, int]) -> None:
    photo = Image.new("RGB", size)
    x, y = np.meshgrid(np.arange(7, dtype=np.float32), np.arange(7, dtype=np.float32))
    for heat, extent in ((x, size[0] / max(size)), (y, size[1] / max(size))):
        found = crop_to_photo(heat, photo)
        assert found.shape == heat.shape
        # The photo's outermost cells are so far from its middle, in cells of the view.
        assert float(found.max()) == pytest.approx(3 + 3 * extent, abs=1e-4)
        assert float(found.min()) == pytest.approx(3 - 3 * extent, abs=1e-4)


def test_the_heat_of_the_bars_is_left_out() -> None:
    heat = np.zeros((8, 8), np.float32)
    heat[:2] = heat[6:] = 1  # above and below a photo twice as wide as high
    assert float(crop_to_photo(heat, Image.new("RGB", (400, 200)))[1:-1].max()) == 0


# The network made fast.


def test_fusing_batch_norms_changes_no_answer(network: ResNet, views: Array) -> None:
    with torch.inference_mode():
        expected = (network(torch.from_numpy(views)) / CARD.temperature).softmax(dim=1)
    predictor = predictor_of(network, CARD)
    np.testing.assert_allclose(predictor.probabilities(views), expected, atol=1e-5, rtol=1e-4)
    assert expected.std() > 0.01, "an answer that is the same for all would prove nothing"


def test_no_batch_norm_is_left_after_fusing(network: ResNet) -> None:
    fused = fuse_batch_norms(copy.deepcopy(network))
    assert not [m for m in fused.modules() if isinstance(m, torch.nn.BatchNorm2d)]


def test_the_temperature_softens_the_answer(network: ResNet, views: Array) -> None:
    sharp = predictor_of(network, replace(CARD, temperature=0.5))
    soft = predictor_of(network, replace(CARD, temperature=5))
    assert sharp.probabilities(views).max() > soft.probabilities(views).max()


def test_a_row_of_probabilities_is_the_same_alone_and_among_others(
    network: ResNet, views: Array
) -> None:
    predictor = predictor_of(network, CARD)
    alone = np.concatenate([predictor.probabilities(view[None]) for view in views])
    np.testing.assert_allclose(predictor.probabilities(views), alone, atol=1e-5, rtol=1e-4)


def test_half_the_precision_gives_the_same_answers_where_it_is_used(
    network: ResNet, views: Array
) -> None:
    predictor = predictor_of(network, CARD)
    exact = predictor.probabilities(views)
    predictor.warm_up()
    warm = predictor.probabilities(views)
    assert warm.dtype == np.float32
    assert abs(warm - exact).max() <= 2 * MAX_PRECISION_GAP
    assert (warm.argmax(1) == exact.argmax(1)).all()


def with_bfloat16(monkeypatch: pytest.MonkeyPatch, native: bool) -> None:
    monkeypatch.setattr(pytorch, "_has_native_bfloat16", lambda: native)


def test_a_processor_without_bfloat16_computes_as_before(
    network: ResNet, views: Array, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_bfloat16(monkeypatch, native=False)
    predictor = predictor_of(network, CARD)
    exact = predictor.probabilities(views)
    predictor.warm_up()
    np.testing.assert_allclose(predictor.probabilities(views), exact, rtol=1e-5)


def test_a_network_whose_answers_change_in_bfloat16_stays_in_float32(
    network: ResNet, views: Array, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_bfloat16(monkeypatch, native=True)
    touchy = copy.deepcopy(network)
    with torch.no_grad():  # the answer is in the last bits of large numbers
        touchy.fc.weight.mul_(200)
    predictor = predictor_of(touchy, CARD)
    exact = predictor.probabilities(views)
    predictor.warm_up()
    np.testing.assert_allclose(predictor.probabilities(views), exact, rtol=1e-5)


def test_the_answer_is_the_likelier_snow_person_even_when_neither_wins(network: ResNet) -> None:
    card = replace(CARD, pair_temperature=CARD.temperature)
    predictor = predictor_of(network, card)
    prediction = predictor.prediction(np.array([0.125, 0.25, 0.625], np.float32))
    assert prediction.label is Category.ABOMINABLE
    assert prediction.confidence == pytest.approx(2 / 3), "between the two alone"
    assert prediction.unfamiliar
    prediction = predictor.prediction(np.array([0.5, 0.25, 0.25], np.float32))
    assert prediction.label is Category.OLAF
    assert prediction.probabilities == {"olaf": 0.5, "abominable": 0.25, "neither": 0.25}
    assert not prediction.unfamiliar


@pytest.mark.parametrize(("above", "unfamiliar"), [(0.25, True), (0.75, False)])
def test_the_card_says_when_a_photo_is_unfamiliar(
    network: ResNet, above: float, unfamiliar: bool
) -> None:
    card = replace(CARD, unfamiliar_above=above)
    prediction = predictor_of(network, card).prediction(np.array([0.125, 0.375, 0.5], np.float32))
    assert prediction.unfamiliar is unfamiliar


@pytest.mark.parametrize(
    ("row", "bounds", "sure"),
    [
        ([0.7, 0.1, 0.2], (0.8, 0.6), True),
        ([0.7, 0.1, 0.2], (0.9, 0.6), False),
        ([0.7, 0.1, 0.2], (0.8, 0.8), False),
        ([0.1, 0.7, 0.2], (0.8, 0.6), True),
        ([0.05, 0.0, 0.95], (0.9, 0.6), False),
    ],
)
def test_an_answer_is_sure_when_both_its_numbers_are_high(
    network: ResNet, row: list[float], bounds: tuple[float, float], sure: bool
) -> None:
    card = replace(CARD, temperature=1, sure_pair=bounds[0], sure_label=bounds[1])
    assert predictor_of(network, card).prediction(np.array(row, np.float32)).sure is sure


def test_the_two_have_a_temperature_of_their_own() -> None:
    logits = np.array([[2.0, 1.0, -3.0], [0.5, 1.0, 7.0]])
    card = replace(CARD, temperature=1.7, pair_temperature=0.4)
    found = card.pair_probabilities(softmax(logits / 1.7))
    np.testing.assert_allclose(found, softmax(logits[:, :2] / 0.4))


def test_confidence_is_a_half_when_neither_of_the_two_is_possible(network: ResNet) -> None:
    prediction = predictor_of(network, CARD).prediction(np.array([0.0, 0.0, 1.0], np.float32))
    assert prediction.confidence == 0.5
    assert not prediction.sure
