"""What a network rehearses while it learns: its old photos, as 512 numbers each, no picture."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import nn
from torchvision.models import ResNet
from tqdm import tqdm

from classifier.card import Card
from classifier.model import fuse_batch_norms
from classifier.training.dataset import (
    EVALUATION_BATCH,
    Row,
    batches_of,
    evaluation_batch,
    labels_of,
)
from classifier.training.loop import normalise
from classifier.types import ModelError
from classifier.weights import MODELS

SUFFIX = ".rehearsal.safetensors"


class Body:
    """A network without its last layer: what learning from foolings leaves as it is."""

    def __init__(self, network: ResNet) -> None:
        """Copy what is needed of a network, made fast."""
        *body, _ = fuse_batch_norms(
            copy.deepcopy(network).to(memory_format=torch.channels_last)
        ).children()
        self._body = nn.Sequential(*body, nn.Flatten())

    @torch.inference_mode()
    def features(self, views: torch.Tensor) -> torch.Tensor:
        """Return float32 (n, 512) for RGB views in 0..1, (n, 3, size, size)."""
        seen = normalise(views).contiguous(memory_format=torch.channels_last)
        found: torch.Tensor = self._body(seen)
        return found

    def features_of(self, rows: Sequence[Row], size: int, title: str) -> torch.Tensor:
        """Return float32 (n, 512) for the rows' pictures, seen as serving sees them."""
        batches = batches_of(rows, EVALUATION_BATCH)
        bar = tqdm(batches, title, -(-len(rows) // EVALUATION_BATCH), unit="batch", leave=False)
        return torch.cat([self.features(evaluation_batch(batch, size)) for batch in bar])


@dataclass(frozen=True)
class Rehearsal:
    """Photos that a network knows.

    Attributes:
        features: What the network's body makes of each, float32 (n, 512), 0 or more.
        labels: What they show, int64 (n,).
    """

    features: torch.Tensor
    labels: torch.Tensor

    @classmethod
    def of_rows(cls, network: ResNet, card: Card, rows: Sequence[Row]) -> Rehearsal:
        """Look at photos; raise DatasetError for one that cannot be read."""
        features = Body(network).features_of(rows, card.size, "looking at the photos")
        return cls(features, labels_of(rows))

    @classmethod
    def load(cls, path: Path, network: ResNet) -> Rehearsal:
        """Load what was made for a network with this body.

        Raises:
            ModelError: The file is damaged, or was made for another network.
        """
        try:
            with safe_open(path, framework="pt") as file:
                made_for = (file.metadata() or {}).get("body")
            tensors = load_file(path)
            features = tensors["features"].float() * tensors["scale"]
            rehearsal = cls(features, tensors["labels"].long())
        except (SafetensorError, OSError, KeyError) as error:
            raise ModelError(f"{path} is damaged, or no rehearsal of ours.") from error
        if made_for != fingerprint(network):
            raise ModelError(
                f"{path} was made for another network; make it anew, or give --photos."
            )
        return rehearsal

    def save(self, path: Path, network: ResNet) -> None:
        """Write it, in a byte a number, for networks with this body."""
        scale = self.features.amax(0).clamp(min=1e-6) / 255
        tensors = {
            "features": (self.features / scale).round().to(torch.uint8),
            "scale": scale,
            "labels": self.labels.to(torch.uint8),
        }
        save_file(tensors, path, metadata={"body": fingerprint(network)})


def rehearsal_path(model: Path, card: Card) -> Path:
    """Return where a model's rehearsal is: beside it, or with the shipped model it was made of."""
    beside = model.with_name(f"{model.stem}{SUFFIX}")
    return beside if beside.is_file() else MODELS / f"{card.name}{SUFFIX}"


def fingerprint(network: ResNet) -> str:
    """Return what tells bodies apart: sixteen digits of all weights but the last layer's."""
    digest = hashlib.sha256()
    for name, value in network.state_dict().items():
        if not name.startswith("fc."):
            digest.update(value.float().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]
