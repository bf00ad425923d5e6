"""Train snowpeople's models: `python -m classifier.train --photos DIR --backbone FILE --size 224`.

One network per call, from labelled photos and a backbone to a weights file with its card. With
--folds it first trains a network on every four fifths of the photos and asks it about the fifth;
the card's temperature and numbers come from these answers.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch.nn import functional as F
from torchvision.models import ResNet, ResNet18_Weights, resnet18
from tqdm import tqdm

from classifier import metrics
from classifier.augment import Augmenter, chance
from classifier.dataset import FOLDS, Pictures, Row, evaluation_batch, read_folder
from classifier.model import Card, build, load_backbone, save


@dataclass(frozen=True)
class Recipe:
    """What is decided before training starts.

    stages: (side of the views in pixels, steps) one after the other: most of what there is to learn
        can be learned from small views, at a fraction of the time.
    side: of the squares that the pictures are kept as in memory.
    average: share of the moving average of the weights that a step leaves; the average is shipped.
    """

    stages: tuple[tuple[int, int], ...]
    side: int
    batch: int = 64
    rate: float = 8e-4
    decay: float = 0.05
    smoothing: float = 0.05
    mixed: float = 0.3
    average: float = 0.995

    @property
    def steps(self) -> int:
        """Steps of all stages together."""
        return sum(steps for _, steps in self.stages)


RECIPES = {
    64: Recipe(stages=((64, 400),), side=128),
    224: Recipe(stages=((128, 130), (224, 20)), side=256),
}


def fit(
    pictures: Pictures, chosen: torch.Tensor, recipe: Recipe, backbone: str, seed: int, name: str
) -> ResNet:
    """Train a network on the chosen pictures; the others are never looked at."""
    torch.manual_seed(seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = start(backbone).to(device, memory_format=torch.channels_last)
    shipped = start(backbone).to(device)
    augmenter = Augmenter(pictures, chosen)
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=recipe.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.rate, total_steps=recipe.steps, pct_start=0.1
    )
    sizes = [size for size, steps in recipe.stages for _ in range(steps)]
    bar = tqdm(sizes, desc=name, unit="step", mininterval=5)
    network.train()
    for step, size in enumerate(bar):
        views, labels = augmenter.batch(recipe.batch, size)
        views = normalised(views).to(device, memory_format=torch.channels_last)
        truth = F.one_hot(labels.to(device), 3).float()
        if chance(1, recipe.mixed):
            share = float(torch.distributions.Beta(0.4, 0.4).sample())
            views = share * views + (1 - share) * views.flip(0)
            truth = share * truth + (1 - share) * truth.flip(0)
        with torch.autocast(device.type, torch.bfloat16):
            logits = network(views)
        loss = F.cross_entropy(logits.float(), truth, label_smoothing=recipe.smoothing)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        blend(shipped, network, max(1 - recipe.average, 1 / (step + 1)))
        bar.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
    return shipped.cpu().eval()


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


@torch.no_grad()
def blend(average: ResNet, network: ResNet, share: float) -> None:
    """Move the averaged weights and batch-norm statistics towards the network's by `share`."""
    for mean, value in zip(
        average.state_dict().values(), network.state_dict().values(), strict=True
    ):
        if mean.is_floating_point():
            mean.lerp_(value, share)
        else:
            mean.copy_(value)


def normalised(views: torch.Tensor) -> torch.Tensor:
    """Return RGB in 0..1 as the network wants it; the mean and deviation are the card's."""
    mean, std = (torch.tensor(values)[:, None, None] for values in (Card.mean, Card.std))
    return (views - mean) / std


@torch.no_grad()
def predict(network: ResNet, rows: Sequence[Row], size: int) -> torch.Tensor:
    """Return the logits, (n, 3), for the rows' pictures, seen as serving sees them."""
    logits = []
    for begin in range(0, len(rows), 32):
        views = evaluation_batch(rows[begin : begin + 32], size, Card.mean, Card.std)
        logits.append(network(views.contiguous(memory_format=torch.channels_last)))
    return torch.cat(logits)


def across_folds(pictures: Pictures, recipe: Recipe, backbone: str, size: int) -> torch.Tensor:
    """Return for every picture the logits, (n, 3), of a network trained on the other folds."""
    logits = torch.zeros(len(pictures.rows), 3)
    for fold in range(FOLDS):
        inside = pictures.index(row.fold != fold for row in pictures.rows)
        held_out = pictures.index(row.fold == fold for row in pictures.rows)
        network = fit(pictures, inside, recipe, backbone, fold, f"without fold {fold}")
        logits[held_out] = predict(network, [pictures.rows[int(i)] for i in held_out], size)
    return logits


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m classifier.train", description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="a folder for each label")
    parser.add_argument("--backbone", required=True, help="a resnet18's safetensors, or 'imagenet'")
    parser.add_argument("--size", type=int, choices=sorted(RECIPES), required=True)
    parser.add_argument("--out", type=Path, required=True, help="the weights file to write")
    parser.add_argument("--folds", action="store_true", help="measure by cross-validation first")
    options = parser.parse_args(arguments)

    began = time.monotonic()
    recipe = RECIPES[options.size]
    rows = read_folder(options.photos)
    pictures = Pictures.read(rows, recipe.side)
    count = {label: sum(row.label is label for row in rows) for label in metrics.LABELS}
    card = Card(
        name=options.out.stem,
        size=options.size,
        trained_on=", ".join(f"{number} {label}" for label, number in count.items()),
    )
    if options.folds:
        logits = across_folds(pictures, recipe, options.backbone, options.size)
        temperature = metrics.fit_temperature(logits, pictures.label)
        numbers = metrics.summary((logits / temperature).softmax(1), pictures.label)
        card = replace(card, temperature=temperature, metrics=numbers)
        print(json.dumps({"temperature": temperature, **numbers}, indent=2))
    everything = torch.arange(len(rows))
    network = fit(pictures, everything, recipe, options.backbone, FOLDS, "all photos")
    save(options.out, network, card)
    print(f"{options.out}: {(time.monotonic() - began) / 60:.1f} minutes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
