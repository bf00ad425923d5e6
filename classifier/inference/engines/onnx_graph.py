"""A resnet18 written down for ONNX's runtimes, straight from its weights.

An ONNX file is a protocol buffer of few kinds of parts (github.com/onnx/onnx, onnx.proto3), and a
resnet18 has but six kinds of operators, so this needs neither the library that trained the network
nor ONNX's own, of fifty megabytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from classifier.weights import BLOCKS, CHANNELS, Weights

INPUT, MIDDLE, LAST, FEATURES = "views", "middle", "last", "features"
OUTPUTS = (FEATURES, MIDDLE, LAST)
# What torchvision's batch norms add to a variance.
EPSILON = 1e-5
# Known to runtimes since 2021.
OPERATORS, FORMAT = 13, 7
FLOAT32, FLOAT16 = 1, 10
INTEGER, INTEGERS = 2, 7


def onnx_file(weights: Weights) -> bytes:
    """Return a network as an ONNX file, its batch norms fused into the convolutions before them.

    It takes views, float32 (n, 3, h, w), and gives features (n, 512) and the last two feature maps,
    `middle` (n, 256, h / 16, w / 16) and `last` (n, 512, h / 32, w / 32). The last layer is left to
    whoever uses it; it and the card are in the metadata. Convolutions are in half precision, as in
    the weights file; a runtime widens them as it loads. So it is half as large, and ONNX Runtime,
    which keeps what it was given, takes 23 MB less.
    """
    graph = _Graph()
    seen = graph.relu(graph.convolution(weights, "conv1", "bn1", INPUT, 2, 3))
    seen = graph.node("MaxPool", [seen], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    for stage in range(1, len(CHANNELS) + 1):
        for block in range(BLOCKS):
            stride = 2 if stage > 1 and block == 0 else 1
            name = f"layer{stage}.{block}"
            one = graph.convolution(weights, f"{name}.conv1", f"{name}.bn1", seen, stride, 1)
            two = graph.convolution(weights, f"{name}.conv2", f"{name}.bn2", graph.relu(one), 1, 1)
            if stride == 2:
                down = f"{name}.downsample"
                seen = graph.convolution(weights, f"{down}.0", f"{down}.1", seen, 2, 0)
            output = {"layer3.1": MIDDLE, "layer4.1": LAST}.get(name)
            seen = graph.relu(graph.node("Add", [two, seen]), output)
    pooled = graph.node("GlobalAveragePool", [seen])
    graph.node("Flatten", [pooled], FEATURES, axis=1)
    return _model(graph, weights)


class _Graph:
    """Nodes, one after another, and the numbers that they use."""

    def __init__(self) -> None:
        self._nodes: list[bytes] = []
        self._numbers: list[bytes] = []

    def convolution(
        self, weights: Weights, name: str, norm: str, seen: str, stride: int, padding: int
    ) -> str:
        """Add a convolution that does the work of its batch norm; return what it gives."""
        tensors = weights.tensors
        scale, shift, mean, variance = (
            tensors[f"{norm}.{of}"].astype(np.float64)
            for of in ("weight", "bias", "running_mean", "running_var")
        )
        scale = scale / np.sqrt(variance + EPSILON)
        kernel = tensors[f"{name}.weight"].astype(np.float64) * scale[:, None, None, None]
        side = kernel.shape[-1]
        return self.node(
            "Conv",
            [
                seen,
                self._add_numbers(f"{name}.weight", kernel),
                self._add_numbers(f"{name}.bias", shift - mean * scale),
            ],
            kernel_shape=[side, side],
            strides=[stride, stride],
            pads=[padding] * 4,
        )

    def relu(self, seen: str, output: str | None = None) -> str:
        """Add what leaves out all below 0; return what it gives."""
        return self.node("Relu", [seen], output)

    def node(
        self,
        operator: str,
        inputs: list[str],
        output: str | None = None,
        **options: int | list[int],
    ) -> str:
        """Add a node; return its output's name."""
        output = output or f"{operator}{len(self._nodes)}"
        attributes = (_attribute(name, value) for name, value in options.items())
        self._nodes.append(
            b"".join((_texts(1, inputs), _texts(2, [output]), _texts(4, [operator]), *attributes))
        )
        return output

    def encoded(self) -> bytes:
        """Return the graph as ONNX writes it."""
        maps = ("n", 512), ("n", 256, "rows", "columns"), ("n", 512, "rows / 2", "columns / 2")
        return b"".join(
            (
                *(_part(1, node) for node in self._nodes),
                _texts(2, ["resnet18"]),
                *(_part(5, numbers) for numbers in self._numbers),
                _part(11, _value(INPUT, ("n", 3, "height", "width"))),
                *(_part(12, _value(*output)) for output in zip(OUTPUTS, maps, strict=True)),
            )
        )

    def _add_numbers(self, name: str, numbers: NDArray[np.float64]) -> str:
        """Add numbers, in half precision if they are a convolution's; return their name."""
        is_half = numbers.ndim > 1
        kind, dtype = (FLOAT16, "<f2") if is_half else (FLOAT32, "<f4")
        written = f"{name}.half" if is_half else name
        dimensions = b"".join(_whole(1, length) for length in numbers.shape)
        self._numbers.append(
            dimensions
            + _whole(2, kind)
            + _texts(8, [written])
            + _part(9, numbers.astype(dtype).tobytes())
        )
        return self.node("Cast", [written], name, to=FLOAT32) if is_half else written


def _model(graph: _Graph, weights: Weights) -> bytes:
    weight, bias = weights.last_layer()
    metadata = {
        "card": json.dumps(asdict(weights.card)),
        "digest": weights.digest,
        "last_layer": json.dumps({"weight": weight.tolist(), "bias": bias.tolist()}),
    }
    return b"".join(
        (
            _whole(1, FORMAT),
            _texts(2, ["snowpeople"]),
            _part(7, graph.encoded()),
            _part(8, _whole(2, OPERATORS)),
            *(_part(14, _texts(1, [name]) + _texts(2, [text])) for name, text in metadata.items()),
        )
    )


def _attribute(name: str, value: int | list[int]) -> bytes:
    if isinstance(value, int):
        return _part(5, _texts(1, [name]) + _whole(3, value) + _whole(20, INTEGER))
    each = b"".join(_whole(8, one) for one in value)
    return _part(5, _texts(1, [name]) + each + _whole(20, INTEGERS))


def _value(name: str, shape: Iterable[int | str]) -> bytes:
    """Return a description of float32 of a shape, in which names stand for any length."""
    lengths = (
        _part(1, _texts(2, [length]) if isinstance(length, str) else _whole(1, length))
        for length in shape
    )
    tensor = _whole(1, FLOAT32) + _part(2, b"".join(lengths))
    return _texts(1, [name]) + _part(2, _part(1, tensor))


# Protocol buffers: a field's number and kind, then a number, or a length and that many bytes.


def _whole(field: int, number: int) -> bytes:
    return _varint(field << 3) + _varint(number)


def _part(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _texts(field: int, texts: Iterable[str]) -> bytes:
    return b"".join(_part(field, text.encode()) for text in texts)


def _varint(number: int) -> bytes:
    """Return a number of 0 or more, seven bits a byte, the lowest first."""
    return bytes(_sevens(number))


def _sevens(number: int) -> Iterator[int]:
    while number > 127:
        yield number & 127 | 128
        number >>= 7
    yield number
