"""The network and its file: torchvision's resnet18, safetensors, and the card inside them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes
from torchvision.models import ResNet, ResNet18_Weights, resnet18

from classifier.types import Label, ModelError

MODELS = Path(__file__).parent.parent / "models"
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Card:
    """What has to be known to use a weights file; it travels in the file's metadata.

    size: side of the square input, in pixels.
    mean, std: of the RGB channels (0..1), as the network was trained with.
    temperature: the logits are divided by it; fitted on pictures the network had not seen.
    unfamiliar_above: a photo is called unfamiliar above this probability of 'neither'; chosen on
        pictures the network had not seen.
    trained_on: a sentence about the pictures.
    metrics: how well it did on pictures it had not seen.
    """

    name: str
    size: int
    temperature: float = 1.0
    unfamiliar_above: float = 0.5
    labels: tuple[str, ...] = tuple(Label)
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    trained_on: str = ""
    metrics: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a card that no network of ours can have. Raises ValueError."""
        if tuple(self.labels) != tuple(Label):
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


def build() -> ResNet:
    """Return a resnet18 with an output for each Label, its weights random."""
    return cast(ResNet, resnet18(weights=None, num_classes=len(Label)))


def pooled(network: ResNet, views: torch.Tensor) -> torch.Tensor:
    """Return what the last layer sees, (n, 512)."""
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
    """Load `small`, `full` or a file of ours: the network in float32, in evaluation mode.

    Raises ModelError with a sentence that says what is wrong with the file.
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


def folds_of(path: Path) -> Path:
    """Return the folder where training keeps the networks that were each kept from a fold."""
    return path.with_name(f"{path.stem}-folds")


def find(model: str | Path) -> Path:
    """Return the file that `small`, `full` or a path means; raises ModelError if there is none."""
    path = MODELS / f"{model}.safetensors" if model in ("small", "full") else Path(model)
    if not path.is_file():
        raise ModelError(f"There is no model at {path}; choose small, full or a .safetensors file.")
    return path


def load_backbone(network: ResNet, path: Path) -> None:
    """Take over a resnet18's weights, all but its last layer, from a safetensors file."""
    state = {name: value.float() for name, value in load_file(path).items()}
    own = network.state_dict()
    own.update({name: value for name, value in state.items() if not name.startswith("fc.")})
    network.load_state_dict(own)


def start(backbone: str) -> ResNet:
    """Return a network with the backbone's weights: a safetensors file's, or `imagenet`."""
    network = build()
    if backbone == "imagenet":
        trained = resnet18(weights=ResNet18_Weights.IMAGENET1K_V1).state_dict()
        del trained["fc.weight"], trained["fc.bias"]
        network.load_state_dict(trained, strict=False)
    else:
        load_backbone(network, Path(backbone))
    return network


def _read_card(path: Path) -> Card:
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
