"""The network and its file: torchvision's resnet18, safetensors, and the card inside them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, cast

import torch
from PIL import Image
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes
from torchvision.models import ResNet, ResNet18_Weights, resnet18
from torchvision.transforms.v2 import functional as F

from classifier.types import CATEGORIES, ModelError

MODELS = Path(__file__).parent.parent / "models"
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Card:
    """What has to be known to use a weights file; it travels in the file's metadata.

    Attributes:
        name: The model's name, which is that of its file.
        size: Side of the square input, in pixels.
        temperature: The logits are divided by it; fitted on pictures the network had not seen.
        unfamiliar_above: A photo is called unfamiliar above this probability of 'neither'; chosen
            on pictures the network had not seen.
        labels: The categories, in the order of the network's outputs.
        mean: Of the RGB channels (0..1), as the network was trained with.
        std: Their deviation, likewise.
        trained_on: A sentence about the pictures.
        metrics: How well it did on pictures it had not seen.
    """

    name: str
    size: int
    temperature: float = 1.0
    unfamiliar_above: float = 0.5
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
        numbers = (*self.mean, *self.std, self.temperature, self.unfamiliar_above)
        if not all(isinstance(number, int | float) for number in numbers):
            raise ValueError("its mean, std, temperature or unfamiliar_above is no number")
        if len(self.mean) != 3 or len(self.std) != 3 or min(self.std) <= 0:
            raise ValueError("its mean or std is not one of RGB pictures")
        if not self.temperature > 0:
            raise ValueError(f"its temperature is {self.temperature}")
        if not 0 <= self.unfamiliar_above <= 1:
            raise ValueError(f"its unfamiliar_above is {self.unfamiliar_above}")


def evaluation_view(
    photo: Image.Image, size: int, mean: Sequence[float], std: Sequence[float]
) -> torch.Tensor:
    """Return the network's input for a photo, in evaluation and serving alike.

    The whole picture is squeezed into a square, not cropped: people do not put the snow person in
    the middle.

    Args:
        photo: RGB, of any size.
        size: Side of the square, in pixels.
        mean: Of the RGB channels (0..1).
        std: Their deviation.

    Returns:
        float32, (3, size, size), normalised.
    """
    square = photo.resize((size, size), Image.Resampling.BICUBIC, reducing_gap=3.0)
    pixels = F.to_dtype(F.pil_to_tensor(square), torch.float32, scale=True)
    view: torch.Tensor = F.normalize(pixels, list(mean), list(std))
    return view


def build() -> ResNet:
    """Return a resnet18 with an output for each Category, its weights random."""
    return cast(ResNet, resnet18(weights=None, num_classes=len(CATEGORIES)))


def pooled_features(network: ResNet, views: torch.Tensor) -> torch.Tensor:
    """Return what the last layer gets, (n, 512), of views (n, 3, size, size)."""
    for name, layer in network.named_children():
        if name != "fc":
            views = layer(views)
    return views.flatten(1)


def save(path: Path, network: ResNet, card: Card) -> None:
    """Write the weights in half precision, with the card in the file's metadata."""
    state = {
        name: (value.half() if value.is_floating_point() else value).contiguous()
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
    for name in ("labels", "mean", "std"):
        card[name] = tuple(card[name])
    return Card(**card)
