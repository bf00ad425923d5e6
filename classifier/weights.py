"""A weights file: resnet18's tensors and its card, read without the library that trained it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from classifier.card import Card, card_of
from classifier.types import CATEGORIES, ModelError

MODELS = Path(__file__).parent.parent / "models"
# The channels of resnet18's four stages, and how many blocks each has.
CHANNELS = (64, 128, 256, 512)
BLOCKS = 2

Tensors = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Weights:
    """A trained network, whatever computes it.

    Attributes:
        tensors: By the names of torchvision's resnet18, as the file holds them: convolutions in
            half precision, batch norms in single.
        card: The one that belongs to it.
    """

    tensors: Tensors
    card: Card

    @cached_property
    def digest(self) -> str:
        """Sixteen digits of what makes the network's features: its weights and its input."""
        card = self.card
        digest = hashlib.sha256(repr((card.size, card.mean, card.std)).encode())
        with np.errstate(over="ignore"):  # how often a batch norm was trained is of no interest
            for name, value in sorted(self.tensors.items()):
                digest.update(name.encode() + value.astype("<f2").tobytes())
        return digest.hexdigest()[:16]

    def last_layer(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the last layer: its weights, float32 (3, 512), and its biases, (3,)."""
        weight, bias = self.tensors["fc.weight"], self.tensors["fc.bias"]
        return weight.astype(np.float32), bias.astype(np.float32)


def find(model: str | Path) -> Path:
    """Return the file that `small`, `full` or a path means; raise ModelError if there is none."""
    path = MODELS / f"{model}.safetensors" if model in ("small", "full") else Path(model)
    if not path.is_file():
        raise ModelError(f"There is no model at {path}; choose small, full or a .safetensors file.")
    return path


def folds_folder(path: Path) -> Path:
    """Return the folder of a weights file's fold networks, each trained without one fold."""
    return path.with_name(f"{path.stem}-folds")


def read(model: str | Path) -> Weights:
    """Read a model's file.

    Args:
        model: `small`, `full` or the path of a file of ours.

    Raises:
        ModelError: With a sentence that says what is wrong with the file.
    """
    with _opened(model) as (file, card):
        return Weights({name: file.get_tensor(name) for name in file.keys()}, card)  # noqa: SIM118


def check(model: str | Path) -> None:
    """Raise ModelError as `read` would, in a millisecond: a file's header tells nearly all."""
    with _opened(model):
        pass


@contextmanager
def _opened(model: str | Path) -> Iterator[tuple[Any, Card]]:
    """Yield a model's file and its card; raise ModelError, also for what the block finds wrong."""
    path = find(model)
    try:
        with safe_open(path, framework="np") as file:
            metadata = file.metadata() or {}
            if "card" not in metadata:
                raise ValueError("it carries no card")
            card = card_of(metadata["card"])
            parts = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
            found = {
                name: (tuple(part.get_shape()), part.get_dtype()[0]) for name, part in parts.items()
            }
            if found != dict(_expected()):
                raise ModelError(f"{path} does not hold a resnet18 of three labels.")
            yield file, card
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path} is damaged or no safetensors file: {error}") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(f"{path} is not one of snowpeople's models: {error}") from error


def _expected() -> Iterator[tuple[str, tuple[tuple[int, ...], str]]]:
    """Yield the name, shape and kind of number of each tensor of a resnet18 of ours."""
    yield from _convolution("conv1", "bn1", 64, 3, 7)
    before = 64
    for stage, channels in enumerate(CHANNELS, 1):
        for block in range(BLOCKS):
            name = f"layer{stage}.{block}"
            yield from _convolution(f"{name}.conv1", f"{name}.bn1", channels, before, 3)
            yield from _convolution(f"{name}.conv2", f"{name}.bn2", channels, channels, 3)
            if before != channels:
                yield from _convolution(
                    f"{name}.downsample.0", f"{name}.downsample.1", channels, before, 1
                )
            before = channels
    yield "fc.weight", ((len(CATEGORIES), before), "F")
    yield "fc.bias", ((len(CATEGORIES),), "F")


def _convolution(
    name: str, norm: str, channels: int, before: int, side: int
) -> Iterator[tuple[str, tuple[tuple[int, ...], str]]]:
    """Yield the tensors of a convolution and of the batch norm after it."""
    yield f"{name}.weight", ((channels, before, side, side), "F")
    for of_norm in ("weight", "bias", "running_mean", "running_var"):
        yield f"{norm}.{of_norm}", ((channels,), "F")
    yield f"{norm}.num_batches_tracked", ((), "I")
