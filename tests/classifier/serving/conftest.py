"""What the tier's tests share: the small network, which a tier and a bot may both have."""

from __future__ import annotations

import pytest

from classifier.inference.predictor import Predictor


@pytest.fixture(scope="session")
def predictor() -> Predictor:
    return Predictor.load("small", "onnx")
