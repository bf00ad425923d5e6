"""Convolutions of small maps, done as one matrix product.

On a CPU, oneDNN takes several times as long over the gradients of a convolution whose map has four
or sixteen cells, which is what the last block of a resnet18 sees of a small view: half of a step.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F
from torchvision.models import ResNet


class MatmulConv2d(nn.Conv2d):
    """A 3 by 3 convolution, padded by one and without bias, done as one matrix product."""

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Return what nn.Conv2d returns for maps (n, channels, height, width)."""
        height, width = maps.shape[2:]
        padded = F.pad(maps.permute(0, 2, 3, 1), (0, 0, 1, 1, 1, 1))
        down, across = self.stride
        near = [
            padded[:, y : y + height : down, x : x + width : across]
            for y in range(3)
            for x in range(3)
        ]
        seen = torch.stack(near, 3).flatten(3)
        weight = self.weight.permute(0, 2, 3, 1).flatten(1)
        return F.linear(seen, weight).permute(0, 3, 1, 2)


def use_matmul_convs(network: ResNet) -> ResNet:
    """Replace the last block's convolutions, in place; the weights stay where they are."""
    for block in network.layer4:
        for name in ("conv1", "conv2"):
            plain = getattr(block, name)
            conv = MatmulConv2d(
                plain.in_channels, plain.out_channels, 3, plain.stride, 1, bias=False, device="meta"
            )
            conv.weight = plain.weight
            setattr(block, name, conv)
    return network
