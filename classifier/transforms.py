"""RGB picture to the network's input, for evaluation and serving alike."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from PIL import Image
from torchvision.transforms.v2 import functional as F


def evaluation_view(
    photo: Image.Image, size: int, mean: Sequence[float], std: Sequence[float]
) -> torch.Tensor:
    """Return the whole picture squeezed into a square: float32, shape (3, size, size), normalised.

    Squeezed, not cropped: people do not put the snow person in the middle.
    """
    square = photo.resize((size, size), Image.Resampling.BICUBIC, reducing_gap=3.0)
    pixels = F.to_dtype(F.pil_to_tensor(square), torch.float32, scale=True)
    view: torch.Tensor = F.normalize(pixels, list(mean), list(std))
    return view
