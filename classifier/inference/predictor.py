"""The network made fast: folded, channels last, and in bfloat16 where that is native and agrees."""

from __future__ import annotations

import copy
import ctypes
import sys

import torch
from PIL import Image
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torchvision.models import ResNet
from torchvision.models.resnet import BasicBlock

from classifier.model import Card
from classifier.transforms import evaluation_view
from classifier.types import Label, Verdict

# A photo at a time gains little from more threads, and the rest of the machine is not ours.
MAX_THREADS = 4
# How far apart the probabilities of the two precisions may be, at the most, on trial pictures.
AGREEMENT = 0.02
# A smaller input leaves a map of too few cells: two by two at 64 pixels.
HEAT_SIZE = 224


class Predictor:
    """Calibrated probabilities for pictures. Blocking; for one thread at a time.

    Takes over the network that it is given.
    """

    def __init__(self, network: ResNet, card: Card) -> None:
        self.card = card
        self._network = fold(network).to(memory_format=torch.channels_last)
        self._precision = torch.float32

    def view(self, photo: Image.Image) -> torch.Tensor:
        """Return the network's input for an RGB picture: float32, shape (3, size, size)."""
        return evaluation_view(photo, self.card.size, self.card.mean, self.card.std)

    @torch.inference_mode()
    def probabilities(self, views: torch.Tensor) -> torch.Tensor:
        """Return float32 (n, 3), a row of three for each of views (n, 3, size, size)."""
        views = views.to(self._precision, memory_format=torch.channels_last)
        logits: torch.Tensor = self._network(views)
        return (logits.float() / self.card.temperature).softmax(dim=1)

    def verdict(self, row: torch.Tensor) -> Verdict:
        """Return what a row of probabilities, (3,), amounts to."""
        probabilities = dict(zip(Label, row.tolist(), strict=True))
        label = max((Label.OLAF, Label.ABOMINABLE), key=probabilities.__getitem__)
        return Verdict(
            label=label,
            confidence=probabilities[label],
            probabilities=probabilities,
            unfamiliar=probabilities[Label.NEITHER] > self.card.unfamiliar_above,
        )

    @torch.inference_mode()
    def look_closely(self, photo: Image.Image) -> tuple[Verdict, torch.Tensor]:
        """Return the verdict on an RGB picture, and where it comes from.

        The latter is the class-activation map, (h, w) of 0..1: the last feature map, weighted with
        how much each channel speaks for the answer rather than for the labels on average (Zhou et
        al., 2016). It is exact, as nothing but an average and a linear layer follows the map; but
        a network with a smaller input than HEAT_SIZE looks again at that size, and then it is of
        what the network would see there.
        """
        features = self._features(self.view(photo))
        rows = self._network.fc.weight.float()
        logits = rows @ features.mean((1, 2)) + self._network.fc.bias.float()
        verdict = self.verdict((logits / self.card.temperature).softmax(dim=0))
        if self.card.size < HEAT_SIZE:
            larger = evaluation_view(photo, HEAT_SIZE, self.card.mean, self.card.std)
            features = self._features(larger)
        row = rows[list(Label).index(verdict.label)] - rows.mean(0)
        heat = torch.einsum("c,chw->hw", row, features).relu()
        return verdict, heat / heat.max().clamp(min=1e-6)

    def _features(self, view: torch.Tensor) -> torch.Tensor:
        """Return the last feature map, float32 (512, size / 32, size / 32), of an input."""
        *body, _, _ = self._network.children()
        views = view[None].to(self._precision, memory_format=torch.channels_last)
        features: torch.Tensor = nn.Sequential(*body)(views)[0].float()
        return features

    def warm_up(self) -> None:
        """Choose threads and precision, and run once: the first photo is as fast as the rest."""
        torch.set_num_threads(min(MAX_THREADS, torch.get_num_threads()))
        trial = _trial_views(self.card.size)
        exact = self.probabilities(trial)
        if _has_native_bfloat16():
            in_float32 = self._network
            self._network = copy.deepcopy(in_float32).bfloat16()
            self._precision = torch.bfloat16
            if (self.probabilities(trial) - exact).abs().max() > AGREEMENT:
                self._network, self._precision = in_float32, torch.float32
        self.probabilities(trial[:1])
        _give_memory_back()


def fold(network: ResNet) -> ResNet:
    """Fold each batch norm into the convolution before it, in place, and return the network."""
    network.eval().requires_grad_(False)
    network.conv1, network.bn1 = _folded(network.conv1, network.bn1)
    for block in network.modules():
        if isinstance(block, BasicBlock):
            block.conv1, block.bn1 = _folded(block.conv1, block.bn1)
            block.conv2, block.bn2 = _folded(block.conv2, block.bn2)
            if isinstance(block.downsample, nn.Sequential):
                block.downsample[0], block.downsample[1] = _folded(*block.downsample)
    return network


def _folded(convolution: nn.Module, norm: nn.Module) -> tuple[nn.Module, nn.Module]:
    assert isinstance(convolution, nn.Conv2d)
    assert isinstance(norm, nn.BatchNorm2d)
    return fuse_conv_bn_eval(convolution, norm), nn.Identity()


def _has_native_bfloat16() -> bool:
    # Elsewhere oneDNN computes it by way of float32, which is slower than float32 itself.
    processor = torch.cpu.get_capabilities()
    return bool(processor.get("avx512_bf16") or processor.get("amx_bf16"))


def _give_memory_back() -> None:
    """Hand what loading left behind back to the system: a hundred megabytes, measured.

    glibc keeps freed memory for itself until it is asked; other C libraries have no such call.
    """
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)):
        trim(0)


def _trial_views(size: int) -> torch.Tensor:
    """Return noise and smooth gradients, (8, 3, size, size), the same each time."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.randn(8, 3, 4, 4, generator=generator)
    smooth = nn.functional.interpolate(coarse, size=(size, size), mode="bilinear")
    return smooth + 0.2 * torch.randn(smooth.shape, generator=generator)
