"""torch: the reference, fused, channels last, and in bfloat16 where that is native and agrees."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import nn

from classifier import model as model_file
from classifier.inference.engines.contract import MAX_THREADS, Array
from classifier.model import fuse_batch_norms
from classifier.weights import Weights

if TYPE_CHECKING:  # where it is run, classifier.model has to come first
    from torchvision.models import ResNet

# How far apart the probabilities of the two precisions may be, at the most, on trial views.
MAX_PRECISION_GAP = 0.02


class TorchEngine:
    """Computes a network by torch."""

    name = "torch"

    def __init__(self, network: ResNet) -> None:
        """Prepare a network for inference.

        Args:
            network: Changed in place; nobody else may use it afterwards.
        """
        self._network = fuse_batch_norms(network).to(memory_format=torch.channels_last)
        self._precision = torch.float32

    @classmethod
    def of(cls, weights: Weights) -> TorchEngine:
        """Return an engine for the weights of a file."""
        return cls(model_file.network_of(weights))

    @torch.inference_mode()
    def features(self, views: Array) -> Array:
        """Return what the last layer sees of views, (n, 3, size, size): (n, 512)."""
        *body, _ = self._network.children()
        seen: torch.Tensor = nn.Sequential(*body)(self._prepared(views))
        return seen.flatten(1).float().numpy()

    @torch.inference_mode()
    def feature_maps(self, view: Array) -> tuple[Array, Array]:
        """Return the last two feature maps of one view, (3, size, size)."""
        *body, last_layer, _, _ = self._network.children()
        middle = nn.Sequential(*body)(self._prepared(view[None]))
        return middle[0].float().numpy(), last_layer(middle)[0].float().numpy()

    def warm_up(self, views: Array, judge: Callable[[Array], Array]) -> None:
        """Choose threads and precision, and run once."""
        torch.set_num_threads(min(MAX_THREADS, torch.get_num_threads()))
        if _has_native_bfloat16():
            exact = judge(self.features(views))
            in_float32 = self._network
            self._network = copy.deepcopy(in_float32).bfloat16()
            self._precision = torch.bfloat16
            if abs(judge(self.features(views)) - exact).max() > MAX_PRECISION_GAP:
                self._network, self._precision = in_float32, torch.float32
        self.features(views[:1])

    def _prepared(self, views: Array) -> torch.Tensor:
        return torch.from_numpy(views).to(self._precision, memory_format=torch.channels_last)


def _has_native_bfloat16() -> bool:
    """Return whether this processor computes in bfloat16 by itself."""
    # Elsewhere oneDNN computes it by way of float32, which is slower than float32 itself.
    processor = torch.cpu.get_capabilities()
    return bool(processor.get("avx512_bf16") or processor.get("amx_bf16"))
