"""The network and its file: torchvision's resnet18, safetensors, and the card inside them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, cast

import torch
from PIL import Image
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes
from torch import nn
from torchvision.models import ResNet, ResNet18_Weights, resnet18
from torchvision.transforms.v2 import functional as F

from classifier.images.decode import BACKDROP
from classifier.types import CATEGORIES, NEITHER, ModelError

MODELS = Path(__file__).parent.parent / "models"
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
# A probability that is rounded to nothing counts as this, so that it has a logarithm.
TINY = 1e-30


@dataclass(frozen=True)
class Card:
    """What has to be known to use a weights file; it travels in the file's metadata.

    Attributes:
        name: The model's name, which is that of its file.
        size: Side of the square input, in pixels.
        temperature: The logits are divided by it for the probabilities of all three; fitted, as are
            the numbers below, on pictures the network had not seen.
        pair_temperature: The same for the two snow people alone; fitted on pictures of them.
        sure_pair: An answer is sure from this confidence between the two on, 0.5 to 1, ...
        sure_label: ... if the answer's probability among all three is this high as well, 0 to 1.
        unfamiliar_above: A photo is called unfamiliar above this probability of 'neither'; chosen
            on pictures the network had not seen.
        copy_above: A photo is a copy of an earlier one above this likeness, -1 to 1; by default
            none is. This and the next are chosen by `classifier.evaluation.copies`.
        alike_above: A photo may remind of an earlier one above this likeness.
        labels: The categories, in the order of the network's outputs.
        mean: Of the RGB channels (0..1), as the network was trained with.
        std: Their deviation, likewise.
        trained_on: A sentence about the pictures.
        metrics: How well it did on pictures it had not seen.
    """

    name: str
    size: int
    temperature: float = 1.0
    pair_temperature: float = 1.0
    sure_pair: float = 0.9
    sure_label: float = 0.6
    unfamiliar_above: float = 0.5
    copy_above: float = 1.0
    alike_above: float = 1.0
    labels: tuple[str, ...] = CATEGORIES
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    trained_on: str = ""
    metrics: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise ValueError for a card that no network of ours can have."""
        if tuple(self.labels) != CATEGORIES:
            raise ValueError(f"its labels are {self.labels}")
        if not isinstance(self.size, int) or not 16 <= self.size <= 1024:
            raise ValueError(f"its size is {self.size}")
        temperatures = {
            "temperature": self.temperature,
            "pair_temperature": self.pair_temperature,
        }
        bounds = {
            "unfamiliar_above": self.unfamiliar_above,
            "sure_pair": self.sure_pair,
            "sure_label": self.sure_label,
            "copy_above": self.copy_above,
            "alike_above": self.alike_above,
        }
        numbers = (*self.mean, *self.std, *temperatures.values(), *bounds.values())
        if not all(isinstance(number, int | float) for number in numbers):
            raise ValueError("its mean, std, a temperature or a bound is no number")
        if len(self.mean) != 3 or len(self.std) != 3 or min(self.std) <= 0:
            raise ValueError("its mean or std is not one of RGB pictures")
        for name, number in temperatures.items():
            if not 0 < number < math.inf:
                raise ValueError(f"its {name} is {number}")
        for name, number in bounds.items():
            if not 0 <= number <= 1:
                raise ValueError(f"its {name} is {number}")

    def pair_probabilities(self, probabilities: torch.Tensor) -> torch.Tensor:
        """Return how likely each of the two snow people is, were it certain to be one of them.

        Args:
            probabilities: Of all three, at `temperature`, float (..., 3).

        Returns:
            float, (..., 2), at `pair_temperature`.
        """
        logits = probabilities[..., :NEITHER].clamp(min=TINY).log() * self.temperature
        return (logits / self.pair_temperature).softmax(-1)

    def sure(self, probabilities: torch.Tensor) -> torch.Tensor:
        """Return whether the likelier snow person is a sure answer, bool (...).

        Args:
            probabilities: Of all three, at `temperature`, float (..., 3).
        """
        pair = self.pair_probabilities(probabilities).amax(-1)
        return (pair >= self.sure_pair) & (probabilities[..., :NEITHER].amax(-1) >= self.sure_label)


def evaluation_view(
    photo: Image.Image, size: int, mean: Sequence[float], std: Sequence[float]
) -> torch.Tensor:
    """Return the network's input for a photo, in training, evaluation and serving alike.

    The whole picture is fitted into a square, between bars of BACKDROP. It is not cropped: people
    do not put the snow person in the middle. Nor is it squeezed: that cost up to two points of
    accuracy.

    Args:
        photo: RGB, of any size.
        size: Side of the square, in pixels.
        mean: Of the RGB channels (0..1).
        std: Their deviation.

    Returns:
        float32, (3, size, size), normalised.
    """
    width, height = (max(1, round(side * size / max(photo.size))) for side in photo.size)
    small = photo.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=3.0)
    square = Image.new("RGB", (size, size), BACKDROP)
    square.paste(small, ((size - width) // 2, (size - height) // 2))
    pixels = F.to_dtype(F.pil_to_tensor(square), torch.float32, scale=True)
    view: torch.Tensor = F.normalize(pixels, list(mean), list(std))
    return view


def crop_to_photo(heat: torch.Tensor, photo: Image.Image) -> torch.Tensor:
    """Return the part of a map of an evaluation view that lies over the photo, not over the bars.

    Args:
        heat: float32, (h, w), of the whole view.
        photo: The one that the view is of.

    Returns:
        float32, (h, w), of the photo's area, interpolated.
    """
    x, y = (side / max(photo.size) for side in photo.size)
    theta = torch.tensor([[[x, 0.0, 0.0], [0.0, y, 0.0]]])
    grid = nn.functional.affine_grid(theta, [1, 1, *heat.shape], align_corners=False)
    sampled = nn.functional.grid_sample(
        heat[None, None], grid, padding_mode="border", align_corners=False
    )
    return sampled[0, 0]


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
    path = find(model)
    try:
        card = _read_card(path)
        with torch.device("meta"):  # no weights yet: neither memory nor time for random ones
            network = build()
        network.load_state_dict(load_file(path), assign=True)
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path} is damaged or no safetensors file: {error}") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(f"{path} is not one of snowpeople's models: {error}") from error
    except RuntimeError as error:  # torch's word for missing, surplus or misshapen tensors
        raise ModelError(f"{path} does not hold a resnet18 of three labels.") from error
    return network.float().eval(), card


def folds_folder(path: Path) -> Path:
    """Return the folder of a weights file's fold networks, each trained without one fold."""
    return path.with_name(f"{path.stem}-folds")


def find(model: str | Path) -> Path:
    """Return the file that `small`, `full` or a path means; raise ModelError if there is none."""
    path = MODELS / f"{model}.safetensors" if model in ("small", "full") else Path(model)
    if not path.is_file():
        raise ModelError(f"There is no model at {path}; choose small, full or a .safetensors file.")
    return path


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


def _read_card(path: Path) -> Card:
    """Return the card in a weights file; raise ValueError, TypeError or KeyError for a bad one."""
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata() or {}
    if "card" not in metadata:
        raise ValueError("it carries no card")
    values = json.loads(metadata["card"])
    known = {item.name for item in fields(Card)}
    card = {name: value for name, value in values.items() if name in known}
    card.setdefault("pair_temperature", card.get("temperature", 1.0))  # files of before
    for name in ("labels", "mean", "std"):
        card[name] = tuple(card[name])
    return Card(**card)
