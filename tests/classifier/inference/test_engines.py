"""Both engines are the same network: the one of the safetensors file."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from PIL import Image

from classifier import export
from classifier.card import card_of, softmax
from classifier.inference.engines import load_engine
from classifier.inference.predictor import Predictor
from classifier.types import EngineError
from classifier.weights import read
from tests.support.pictures import draw_ellipses, draw_olaf, draw_yeti, everyday

# How far apart their probabilities may be.
GAP = 0.01


def pictures() -> Iterator[Image.Image]:
    """Yield twenty drawings, figures of all sizes among them."""
    for number in range(0, 20, 5):
        size = 120 + 20 * number, 400 - 10 * number
        yield from (draw_olaf(size), draw_yeti(size), everyday(size))
        yield from (draw_ellipses(number, "RGB"), draw_olaf(size).rotate(18 * number))


@pytest.mark.parametrize("model", ["small", "full"])
def test_both_engines_agree_on_drawings(model: str) -> None:
    reference, light = (Predictor.load(model, engine) for engine in ("torch", "onnx"))
    assert (reference.engine.name, light.engine.name) == ("torch", "onnx")
    assert light.digest == reference.digest
    views = np.stack([light.view(picture) for picture in pictures()])
    expected, found = reference.probabilities(views), light.probabilities(views)
    assert abs(found - expected).max() < GAP
    assert expected.std(0).min() > 0.02, "the same answer for all would prove nothing"


def test_both_engines_see_the_same_heat() -> None:
    reference, light = (Predictor.load("full", engine) for engine in ("torch", "onnx"))
    for picture in (draw_olaf((300, 200)), draw_yeti()):
        answer, expected = reference.predict_with_heat(picture)
        prediction, heat = light.predict_with_heat(picture)
        assert prediction.label is answer.label
        assert prediction.confidence == pytest.approx(answer.confidence, abs=GAP)
        np.testing.assert_allclose(heat, expected, atol=0.02)


def test_the_lighter_engine_is_chosen_where_torch_is_not_installed(
    monkeypatch: pytest.MonkeyPatch, tiny_model: Path
) -> None:
    weights = read(tiny_model)
    assert load_engine("auto", weights).name == "torch"
    monkeypatch.setitem(sys.modules, "torch", None)
    assert load_engine("auto", weights).name == "onnx"
    with pytest.raises(EngineError, match="not installed; choose onnx"):
        load_engine("torch", weights)


def test_nothing_that_serves_photos_imports_torch() -> None:
    code = "import bot.app, classifier.__main__, sys; print(*{'torch', 'scipy'} & {*sys.modules})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


def test_an_exported_file_is_half_as_large_and_holds_all_that_its_user_needs(
    tmp_path: Path, tiny_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "tiny.onnx"
    assert export.main([str(out), "--model", str(tiny_model)]) == 0
    assert "22 MB" in capsys.readouterr().out
    session = onnxruntime.InferenceSession(out, providers=["CPUExecutionProvider"])
    notes = session.get_modelmeta().custom_metadata_map
    weights, last = read(tiny_model), json.loads(notes["last_layer"])
    assert card_of(notes["card"]) == weights.card
    assert notes["digest"] == weights.digest
    predictor = Predictor(load_engine("onnx", weights), weights)
    views = np.stack([predictor.view(picture) for picture in pictures()])
    (features,) = session.run(["features"], {"views": views})
    logits = features @ np.array(last["weight"]).T + last["bias"]
    found = softmax(logits / weights.card.temperature)
    assert abs(found - predictor.probabilities(views)).max() < GAP


@pytest.mark.parametrize("arguments", [["nowhere/x.onnx"], ["x.onnx", "--model", "none"]])
def test_an_export_that_cannot_be_says_why(
    arguments: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path, tiny_model: Path
) -> None:
    given = arguments if "--model" in arguments else [*arguments, "--model", str(tiny_model)]
    with pytest.raises(SystemExit) as exit_:
        export.main([str(tmp_path / given[0]), *given[1:]])
    assert exit_.value.code == 2
    assert "cannot be written" in (said := capsys.readouterr().err) or "no model at" in said
