"""The network made fast: fused, channels last, and in bfloat16 where that is native and agrees."""

from __future__ import annotations

import copy
import ctypes
import hashlib
import sys

import torch
from PIL import Image
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torchvision.models import ResNet
from torchvision.models.resnet import BasicBlock

from classifier.inference.activation import activation_map
from classifier.model import Card, crop_to_photo, evaluation_view
from classifier.types import CATEGORIES, NEITHER, Category, Prediction

# A photo at a time gains little from more threads, and the rest of the machine is not ours.
MAX_THREADS = 4
# How far apart the probabilities of the two precisions may be, at the most, on trial views.
MAX_PRECISION_GAP = 0.02
# A smaller input leaves a map of too few cells: two by two at 64 pixels.
HEATMAP_INPUT_SIZE = 224


class Predictor:
    """Calibrated probabilities for pictures. Blocking; for one thread at a time.

    Attributes:
        card: What the model is.
        digest: Sixteen digits that tell its weights from all others.
    """

    def __init__(self, network: ResNet, card: Card) -> None:
        """Prepare a network for inference.

        Args:
            network: Changed in place; nobody else may use it afterwards.
            card: The one that belongs to it.
        """
        self.card = card
        self.digest = digest_of(network, card)
        self._network = fuse_batch_norms(network).to(memory_format=torch.channels_last)
        self._precision = torch.float32

    def view(self, photo: Image.Image) -> torch.Tensor:
        """Return the network's input for an RGB picture: float32, shape (3, size, size)."""
        return evaluation_view(photo, self.card.size, self.card.mean, self.card.std)

    @torch.inference_mode()
    def features(self, views: torch.Tensor) -> torch.Tensor:
        """Return what the last layer sees of views (n, 3, size, size): float32 (n, 512)."""
        *body, _ = self._network.children()
        views = views.to(self._precision, memory_format=torch.channels_last)
        features: torch.Tensor = nn.Sequential(*body)(views)
        return features.flatten(1).float()

    @torch.inference_mode()
    def classify(self, features: torch.Tensor) -> torch.Tensor:
        """Return probabilities, float32 (n, 3), for features (n, 512)."""
        weight, bias = self._network.fc.weight.float(), self._network.fc.bias.float()
        logits = nn.functional.linear(features, weight, bias)
        return (logits / self.card.temperature).softmax(dim=1)

    def probabilities(self, views: torch.Tensor) -> torch.Tensor:
        """Return probabilities, float32 (n, 3), for views (n, 3, size, size)."""
        return self.classify(self.features(views))

    def prediction(self, row: torch.Tensor, vector: bytes = b"") -> Prediction:
        """Return the prediction that a row of probabilities, (3,), amounts to.

        Args:
            row: The probabilities.
            vector: By which the photo is known again, where that is wanted.
        """
        probabilities = dict(zip(CATEGORIES, row.tolist(), strict=True))
        label = max(CATEGORIES[:NEITHER], key=probabilities.__getitem__)
        return Prediction(
            label=label,
            confidence=float(self.card.pair_probabilities(row).amax()),
            probabilities=probabilities,
            unfamiliar=probabilities[Category.NEITHER] > self.card.unfamiliar_above,
            sure=bool(self.card.sure(row)),
            vector=vector,
        )

    @torch.inference_mode()
    def predict_with_heat(self, photo: Image.Image) -> tuple[Prediction, torch.Tensor]:
        """Return the prediction for an RGB picture, and the map of what speaks for it.

        For a network with a smaller input than HEATMAP_INPUT_SIZE the map is made at that size, and
        then shows what the network would see there.

        Returns:
            The prediction, and the map of the photo's area: float32, (h, w) of 0..1.
        """
        middle, last = self._feature_maps(self.view(photo))
        rows = self._network.fc.weight.float()
        logits = rows @ last.mean((1, 2)) + self._network.fc.bias.float()
        prediction = self.prediction((logits / self.card.temperature).softmax(dim=0))
        if self.card.size < HEATMAP_INPUT_SIZE:
            larger = evaluation_view(photo, HEATMAP_INPUT_SIZE, self.card.mean, self.card.std)
            middle, last = self._feature_maps(larger)
        row = rows[CATEGORIES.index(prediction.label)] - rows.mean(0)
        heat = crop_to_photo(activation_map(middle, last, row), photo)
        return prediction, heat / heat.max().clamp(min=1e-6)

    def _feature_maps(self, view: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return an input's last two feature maps, float32.

        They are (256, size / 16, size / 16) and (512, size / 32, size / 32).
        """
        *body, last_layer, _, _ = self._network.children()
        views = view[None].to(self._precision, memory_format=torch.channels_last)
        middle = nn.Sequential(*body)(views)
        return middle[0].float(), last_layer(middle)[0].float()

    def warm_up(self) -> None:
        """Choose threads and precision, and run once: the first photo is as fast as the rest."""
        torch.set_num_threads(min(MAX_THREADS, torch.get_num_threads()))
        trial = _trial_views(self.card.size)
        exact = self.probabilities(trial)
        if _has_native_bfloat16():
            in_float32 = self._network
            self._network = copy.deepcopy(in_float32).bfloat16()
            self._precision = torch.bfloat16
            if (self.probabilities(trial) - exact).abs().max() > MAX_PRECISION_GAP:
                self._network, self._precision = in_float32, torch.float32
        self.probabilities(trial[:1])
        _release_freed_memory()


def digest_of(network: ResNet, card: Card) -> str:
    """Return sixteen digits of what makes a model's features: its weights and its input."""
    digest = hashlib.sha256(repr((card.size, card.mean, card.std)).encode())
    for name, value in sorted(network.state_dict().items()):
        digest.update(name.encode() + value.half().numpy().tobytes())  # as files hold them
    return digest.hexdigest()[:16]


def fuse_batch_norms(network: ResNet) -> ResNet:
    """Fuse each batch norm with the convolution before it, in place, and return the network."""
    network.eval().requires_grad_(False)
    network.conv1, network.bn1 = _fused(network.conv1, network.bn1)
    for block in network.modules():
        if isinstance(block, BasicBlock):
            block.conv1, block.bn1 = _fused(block.conv1, block.bn1)
            block.conv2, block.bn2 = _fused(block.conv2, block.bn2)
            if isinstance(block.downsample, nn.Sequential):
                block.downsample[0], block.downsample[1] = _fused(*block.downsample)
    return network


def _fused(convolution: nn.Module, norm: nn.Module) -> tuple[nn.Module, nn.Module]:
    """Return a convolution that does the work of both, and what takes the norm's place."""
    assert isinstance(convolution, nn.Conv2d)
    assert isinstance(norm, nn.BatchNorm2d)
    return fuse_conv_bn_eval(convolution, norm), nn.Identity()


def _has_native_bfloat16() -> bool:
    """Return whether this processor computes in bfloat16 by itself."""
    # Elsewhere oneDNN computes it by way of float32, which is slower than float32 itself.
    processor = torch.cpu.get_capabilities()
    return bool(processor.get("avx512_bf16") or processor.get("amx_bf16"))


def _release_freed_memory() -> None:
    """Return the memory that loading has freed to the system: a hundred megabytes, measured.

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
