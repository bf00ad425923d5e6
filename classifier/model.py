"""The network as torch knows it: torchvision's resnet18, for training and as the reference."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import cast

import torch
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from classifier import torchvision_ops as _before_torchvision  # noqa: F401

# isort: split
from torchvision.models import ResNet, ResNet18_Weights, resnet18
from torchvision.models.resnet import BasicBlock

from classifier.card import Card
from classifier.types import CATEGORIES
from classifier.weights import Weights, read


def build() -> ResNet:
    """Return a resnet18 with an output for each Category, its weights random."""
    return cast(ResNet, resnet18(weights=None, num_classes=len(CATEGORIES)))


def save(path: Path, network: ResNet, card: Card) -> None:
    """Write the weights in half precision, with the card in the file's metadata.

    Batch norms stay in single precision: variances are too small for half, and cost three points.
    """
    state = {
        name: (value.half() if value.ndim > 1 else value).contiguous()
        for name, value in network.state_dict().items()
    }
    path.write_bytes(to_bytes(state, metadata={"card": json.dumps(asdict(card))}))


def load(model: str | Path) -> tuple[ResNet, Card]:
    """Load a model: the network in float32, in evaluation mode, and its card.

    Args:
        model: `small`, `full` or the path of a file of ours.

    Raises:
        ModelError: With a sentence that says what is wrong with the file.
    """
    weights = read(model)
    return network_of(weights), weights.card


def network_of(weights: Weights) -> ResNet:
    """Return the network of some weights, in float32, in evaluation mode."""
    with torch.device("meta"):  # no weights yet: neither memory nor time for random ones
        network = build()
    tensors = {name: torch.from_numpy(value) for name, value in weights.tensors.items()}
    network.load_state_dict(tensors, assign=True)
    return network.float().eval()


def weights_of(network: ResNet, card: Card) -> Weights:
    """Return the weights of a network, as a file would hold them but in its own precision."""
    return Weights({name: value.numpy() for name, value in network.state_dict().items()}, card)


def load_backbone(network: ResNet, path: Path) -> None:
    """Load all weights but the last layer's from a resnet18's safetensors file."""
    state = {name: value.float() for name, value in load_file(path).items()}
    own = network.state_dict()
    own.update({name: value for name, value in state.items() if not name.startswith("fc.")})
    network.load_state_dict(own)


def build_on(backbone: str) -> ResNet:
    """Return a network with a backbone's weights and a random last layer.

    Args:
        backbone: The path of a resnet18's safetensors file, or `imagenet`.
    """
    network = build()
    if backbone == "imagenet":
        trained = resnet18(weights=ResNet18_Weights.IMAGENET1K_V1).state_dict()
        del trained["fc.weight"], trained["fc.bias"]
        network.load_state_dict(trained, strict=False)
    else:
        load_backbone(network, Path(backbone))
    return network


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
