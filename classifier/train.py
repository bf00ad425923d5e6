"""Train snowpeople's models: `python -m classifier.train --photos DIR --backbone FILE --size 224`.

One network per call, from labelled photos and a backbone to a weights file with its card. With
--folds it first trains a network on every four fifths of the photos and asks it about the fifth;
the card's temperature, threshold and numbers come from these answers, and the five networks are
kept beside the weights, for `classifier.evaluate --folds`.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F
from torchvision.models import ResNet
from tqdm import tqdm

from classifier import metrics
from classifier.augment import chance
from classifier.dataset import FOLDS, Pictures, Row, evaluation_batch, read_folder
from classifier.linear import fit_linear
from classifier.model import Card, folds_of, pooled, save, start
from classifier.pool import BATCH, Pool, spoil
from classifier.teacher import Teacher, opinions


@dataclass(frozen=True)
class Stage:
    """So many batches of views of `size` pixels, the learning rate peaking at `rate`.

    renewed: the share of the moving average of the weights that a step renews at least; the average
    is what comes out.
    """

    size: int
    steps: int
    rate: float
    renewed: float = 0.005


# Most of what there is to learn can be learned from small views, at a fraction of the time; so both
# models begin as one.
BASIS = (Stage(48, 1200, 8e-4), Stage(64, 200, 4e-4))
RECIPES = {
    64: BASIS,
    224: (
        *BASIS,
        Stage(112, 200, 3e-4, renewed=0.02),
        Stage(160, 120, 3e-4, renewed=0.02),
        Stage(224, 40, 1e-4, renewed=0.05),
    ),
}

# The pictures are kept as squares of this side, and made into so many views of that side.
PICTURE_SIDE = 256
VIEWS, VIEW_SIDE = 20_000, 224
DECAY = 0.05
SMOOTHING = 0.02
# The share of batches whose views are mixed in pairs.
MIXED = 0.3
# What agreement with the teacher's features weighs against the labels.
TAUGHT = 5.0
# How much the teacher's opinion of a view counts beside its label.
TRUSTED = 0.6
# The last layer is fitted to each eighth view, to the labels in these shares, and so smoothly.
SETTLED = 8
BALANCE = (0.29, 0.29, 0.42)
RIDGE = 0.01


def fit(
    network: ResNet,
    pupil: nn.Linear,
    pool: Pool,
    target: torch.Tensor,
    chosen: torch.Tensor,
    stage: Stage,
    name: str,
) -> ResNet:
    """Train on the chosen views of the pool and return the moving average of the weights.

    pupil: tells from the network's last features the teacher's; trained along, in place.
    target: the probabilities, (n, 3), that the network is to give each view of the pool.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    shipped = copy.deepcopy(network).to(device)
    network = network.to(device, memory_format=torch.channels_last).train()
    pupil = pupil.to(device)
    parameters = [*network.parameters(), *pupil.parameters()]
    optimizer = torch.optim.AdamW(parameters, weight_decay=DECAY, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, stage.rate, total_steps=stage.steps, pct_start=0.1
    )
    rounds = 1 + stage.steps * BATCH // len(chosen)
    order = torch.cat([chosen[torch.randperm(len(chosen))] for _ in range(rounds)])
    with tqdm(range(stage.steps), desc=name, unit="step", mininterval=5) as bar:
        for step in bar:
            picked = order[step * BATCH : (step + 1) * BATCH]
            views = pool.batch(picked, stage.size)
            views = normalised(spoil(views))
            truth = target[picked].to(device)
            lesson = pool.features[picked].float().to(device)
            if chance(1, MIXED):
                share = float(torch.distributions.Beta(0.4, 0.4).sample())
                views, truth, lesson = (
                    share * value + (1 - share) * value.flip(0) for value in (views, truth, lesson)
                )
            with torch.autocast(device.type, torch.bfloat16):
                seen = pooled(network, views.to(device, memory_format=torch.channels_last))
                logits, learned = network.fc(seen), pupil(seen)
            loss = F.cross_entropy(logits.float(), truth, label_smoothing=SMOOTHING)
            loss = loss + TAUGHT * (1 - F.cosine_similarity(learned.float(), lesson)).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            blend(shipped, network, max(stage.renewed, 1 / (step + 1)))
            bar.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
    return shipped.cpu().eval()


@torch.no_grad()
def settle(
    network: ResNet, pool: Pool, chosen: torch.Tensor, rows: Sequence[Row], size: int
) -> None:
    """Fit the last layer anew: to the rows' pictures, and to some of the chosen views.

    Views are what the other layers learn from; but of things that are neither, which are many and
    unlike each other, each view shows one, and what people send is no view. So each picture counts
    as it is, mirrored, and twice framed or covered.
    """
    truth = torch.tensor([metrics.LABELS.index(row.label) for row in rows])
    some = chosen[::SETTLED]
    of_pictures = []
    with torch.autocast("cpu", torch.bfloat16):
        for begin in range(0, len(rows), BATCH):
            views = evaluation_batch(rows[begin : begin + BATCH], size)
            versions = (views, views.flip(3), spoil(views.clone()), spoil(views.clone()))
            of_pictures.append(torch.stack([pooled(network, normalised(v)) for v in versions]))
        views_of = (normalised(pool.batch(picked, size)) for picked in some.split(BATCH))
        of_views = [pooled(network, views) for views in views_of]
    features = torch.cat([torch.cat(of_pictures, 1).flatten(0, 1), *of_views]).float()
    parts = [*[truth] * len(versions), pool.label[some]]
    weight = torch.cat([balanced(label) for label in parts])
    with torch.enable_grad():
        layer = fit_linear(features, torch.cat(parts), weight, RIDGE)
    network.fc.weight.copy_(layer.weight)
    network.fc.bias.copy_(layer.bias)


def balanced(label: torch.Tensor) -> torch.Tensor:
    """Return what each of (n,) labels is to weigh, for BALANCE between the three."""
    return (torch.tensor(BALANCE) / label.bincount(minlength=len(BALANCE)).clamp(min=1))[label]


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
        views = normalised(evaluation_batch(rows[begin : begin + 32], size))
        logits.append(network(views.contiguous(memory_format=torch.channels_last)))
    return torch.cat(logits)


def whole(
    pool: Pool,
    chosen: torch.Tensor,
    rows: Sequence[Row],
    stages: Sequence[Stage],
    backbone: str,
    seed: int,
    name: str,
) -> ResNet:
    """Train a network on the chosen views, stage after stage, then settle it on the rows."""
    target = F.one_hot(pool.label, len(metrics.LABELS)).float()
    if pool.taught:
        target = target.lerp(opinions(pool.features, pool.label, chosen), TRUSTED)
    torch.manual_seed(seed)
    network = start(backbone)
    pupil = nn.Linear(network.fc.in_features, pool.features.shape[1])
    for stage in stages:
        network = fit(network, pupil, pool, target, chosen, stage, f"{name}, {stage.size} px")
    settle(network, pool, chosen, rows, stages[-1].size)
    return network


def without_fold(
    pool: Pool, fold: int, rows: Sequence[Row], stages: Sequence[Stage], backbone: str
) -> ResNet:
    """Train a network on nothing of that fold."""
    inside = (pool.fold != fold).nonzero()[:, 0]
    others = [row for row in rows if row.fold != fold]
    return whole(pool, inside, others, stages, backbone, fold, f"without fold {fold}")


def calibrate(networks: Sequence[ResNet], rows: Sequence[Row], card: Card) -> tuple[float, Card]:
    """Return what to add to the logit of 'neither', and the card of the model so corrected.

    networks: for each fold the one that was trained without it.
    """
    logits = torch.zeros(len(rows), len(metrics.LABELS))
    for fold, network in enumerate(networks):
        held_out = [index for index, row in enumerate(rows) if row.fold == fold]
        logits[held_out] = predict(network, [rows[index] for index in held_out], card.size)
    truth = torch.tensor([metrics.LABELS.index(row.label) for row in rows])
    shift, temperature = metrics.fit_calibration(logits, truth)
    logits[:, metrics.NEITHER] += shift
    probabilities = (logits / temperature).softmax(1)
    above = metrics.fit_threshold(probabilities, truth)
    numbers = metrics.summary(probabilities, truth, above)
    return shift, replace(card, temperature=temperature, unfamiliar_above=above, metrics=numbers)


@torch.no_grad()
def keep(path: Path, network: ResNet, card: Card, shift: float) -> None:
    """Write a network, the shift added to its logit of 'neither'."""
    path.parent.mkdir(parents=True, exist_ok=True)
    network.fc.bias[metrics.NEITHER] += shift
    save(path, network, card)


def hire() -> Teacher | None:
    """Return the teacher; without the packages that it comes in, say so and return None."""
    try:
        return Teacher()
    except ModuleNotFoundError as error:
        advice = "pip install -e '.[train]' gets the teacher"
        print(f"Training without a teacher, to a worse model: {error}; {advice}.", file=sys.stderr)
        return None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m classifier.train", description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="a folder for each label")
    parser.add_argument("--backbone", required=True, help="a resnet18's safetensors, or 'imagenet'")
    parser.add_argument(
        "--size", type=int, choices=sorted(RECIPES), required=True, help="64: small; 224: full"
    )
    parser.add_argument("--out", type=Path, required=True, help="the weights file to write")
    parser.add_argument("--folds", action="store_true", help="measure by cross-validation first")
    options = parser.parse_args(arguments)

    began = time.monotonic()
    stages = RECIPES[options.size]
    rows = read_folder(options.photos)
    pool = Pool.make(Pictures.read(rows, PICTURE_SIDE), VIEWS, VIEW_SIDE, hire())
    count = {name: sum(row.label is name for row in rows) for name in metrics.LABELS}
    card = Card(
        name=options.out.stem,
        size=options.size,
        trained_on=", ".join(f"{number} {name}" for name, number in count.items()),
    )
    shift = 0.0
    if options.folds:
        networks = [
            without_fold(pool, fold, rows, stages, options.backbone) for fold in range(FOLDS)
        ]
        shift, card = calibrate(networks, rows, card)
        for fold, network in enumerate(networks):
            keep(folds_of(options.out) / f"{fold}.safetensors", network, card, shift)
        print(json.dumps(asdict(card), indent=2))
    everything = torch.arange(len(pool.label))
    network = whole(pool, everything, rows, stages, options.backbone, FOLDS, "all photos")
    keep(options.out, network, card, shift)
    print(f"{options.out}: {(time.monotonic() - began) / 60:.1f} minutes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
