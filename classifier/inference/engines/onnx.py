"""ONNX Runtime: small, fast on every processor, and enough for a bot."""

from __future__ import annotations

import os
from collections.abc import Callable

import onnxruntime

from classifier.inference.engines import onnx_graph
from classifier.inference.engines.contract import MAX_THREADS, Array
from classifier.weights import Weights


class OnnxEngine:
    """Computes a network by ONNX Runtime, in single precision, of half-precision weights."""

    name = "onnx"

    def __init__(self, weights: Weights) -> None:
        """Hand the network over to the runtime; blocks for half a second."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = min(MAX_THREADS, os.cpu_count() or 1)
        # Its threads would wait for the next photo by counting, on a core that others need, and
        # its memory would stay as large as the largest batch.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 3  # it wonders about processors that it cannot look up
        self._session = onnxruntime.InferenceSession(
            onnx_graph.onnx_file(weights), options, providers=["CPUExecutionProvider"]
        )

    def features(self, views: Array) -> Array:
        """Return what the last layer sees of views, (n, 3, size, size): (n, 512)."""
        features: Array
        (features,) = self._session.run([onnx_graph.FEATURES], {onnx_graph.INPUT: views})
        return features

    def feature_maps(self, view: Array) -> tuple[Array, Array]:
        """Return the last two feature maps of one view, (3, size, size)."""
        maps = [onnx_graph.MIDDLE, onnx_graph.LAST]
        middle, last = self._session.run(maps, {onnx_graph.INPUT: view[None]})
        return middle[0], last[0]

    def warm_up(self, views: Array, judge: Callable[[Array], Array]) -> None:
        """Run once."""
        self.features(views[:1])
