"""What computes the network: torch where it is installed, ONNX Runtime everywhere."""

from __future__ import annotations

import importlib.util
from typing import Literal

from classifier.inference.engines.contract import Array, Engine
from classifier.types import EngineError
from classifier.weights import Weights

__all__ = ["Array", "Engine", "EngineName", "chosen_engine", "load_engine"]

EngineName = Literal["auto", "torch", "onnx"]


def load_engine(name: EngineName, weights: Weights) -> Engine:
    """Return an engine that computes the network of some weights. Blocking.

    Args:
        name: `torch`, `onnx`, or `auto` for the former where it is installed.
        weights: The network's.

    Raises:
        EngineError: torch is wanted, and not installed.
    """
    if chosen_engine(name) == "torch":
        from classifier.inference.engines.pytorch import TorchEngine

        return TorchEngine.of(weights)
    from classifier.inference.engines.onnx import OnnxEngine

    return OnnxEngine(weights)


def chosen_engine(name: EngineName) -> Literal["torch", "onnx"]:
    """Return the engine that a name means here; raise EngineError when it is not installed."""
    if name == "auto":
        return "torch" if _has_torch() else "onnx"
    if name == "torch" and not _has_torch():
        raise EngineError("torch is not installed; choose onnx, or pip install '.[torch]'.")
    return name


def _has_torch() -> bool:
    try:
        return importlib.util.find_spec("torch") is not None
    except ValueError:  # somebody keeps it out
        return False
