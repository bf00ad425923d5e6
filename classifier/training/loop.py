"""How a network learns: stage after stage of views, and then a last layer fitted anew."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F
from torchvision.models import ResNet
from tqdm import tqdm

from classifier.model import Card, pooled_features
from classifier.training.augment import chance
from classifier.training.corruptions import STRONG, corrupt
from classifier.training.dataset import Row, evaluation_batch, labels_of
from classifier.training.linear_probe import fit_linear_probe
from classifier.training.small_convs import use_matmul_convs
from classifier.training.views import BATCH, TrainingViews

WEIGHT_DECAY = 0.05
LABEL_SMOOTHING = 0.02
# The share of views that are spoilt, anew each time they are seen.
CORRUPTED_SHARE = 0.6
# The share of batches whose views are mixed in pairs.
MIXUP_SHARE = 0.3
# What agreement with the teacher's features weighs against the labels.
FEATURE_LOSS_WEIGHT = 5.0
# The last layer is fitted to the labels in these shares, and so smoothly.
BALANCE = (0.29, 0.29, 0.42)
HEAD_RIDGE = 0.05
# So many times each picture is spoilt for it: which way, is left to chance, and once would show.
HEAD_CORRUPTED_COPIES = 3


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


def fit(
    network: ResNet,
    pupil: nn.Linear,
    pool: TrainingViews,
    target: torch.Tensor,
    chosen: torch.Tensor,
    stage: Stage,
    name: str,
) -> tuple[ResNet, nn.Linear]:
    """Train copies of both on the chosen views; return the network's moving average, and pupil.

    pupil: tells from the network's last features the teacher's; trained along.
    target: the probabilities, (n, 3), that the network is to give each view of the pool.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    shipped = copy.deepcopy(network).to(device)
    network = copy.deepcopy(network).to(device, memory_format=torch.channels_last).train()
    if device.type == "cpu":
        use_matmul_convs(network)
    pupil = copy.deepcopy(pupil).to(device)
    parameters = [*network.parameters(), *pupil.parameters()]
    optimizer = torch.optim.AdamW(parameters, weight_decay=WEIGHT_DECAY, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, stage.rate, total_steps=stage.steps, pct_start=0.1
    )
    rounds = 1 + stage.steps * BATCH // len(chosen)
    order = torch.cat([chosen[torch.randperm(len(chosen))] for _ in range(rounds)])
    with tqdm(range(stage.steps), desc=name, unit="step", mininterval=5) as bar:
        for step in bar:
            picked = order[step * BATCH : (step + 1) * BATCH]
            views = pool.batch(picked, stage.size)
            some = chance(len(views), CORRUPTED_SHARE)
            views[some] = corrupt(views[some])
            views = normalised(views)
            truth = target[picked].to(device)
            lesson = pool.features[picked].float().to(device)
            if chance(1, MIXUP_SHARE):
                share = float(torch.distributions.Beta(0.4, 0.4).sample())
                views, truth, lesson = (
                    share * value + (1 - share) * value.flip(0) for value in (views, truth, lesson)
                )
            with torch.autocast(device.type, torch.bfloat16):
                seen = pooled_features(network, views.to(device, memory_format=torch.channels_last))
                logits, learned = network.fc(seen), pupil(seen)
            loss = F.cross_entropy(logits.float(), truth, label_smoothing=LABEL_SMOOTHING)
            loss = loss + FEATURE_LOSS_WEIGHT * (1 - F.cosine_similarity(learned.float(), lesson)).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            blend(shipped, network, max(stage.renewed, 1 / (step + 1)))
            bar.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
    return shipped.cpu().eval(), pupil.cpu()


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


@torch.no_grad()
def fit_head(network: ResNet, rows: Sequence[Row], target: torch.Tensor, size: int) -> None:
    """Fit the last layer anew: to the rows' pictures as they are, mirrored, and well spoilt.

    target: float32, (n, 3), what it ought to say of each. Views are what the other layers learn
    from; but of things that are neither, which are many and unlike each other, each view shows
    one, and what people send is no view.
    """
    seen = []
    for begin in range(0, len(rows), BATCH):
        views = evaluation_batch(rows[begin : begin + BATCH], size)
        versions = (views, views.flip(3), *(corrupt(views, STRONG) for _ in range(HEAD_CORRUPTED_COPIES)))
        with torch.autocast("cpu", torch.bfloat16):
            seen.append(torch.stack([pooled_features(network, normalised(each)) for each in versions]))
    features = torch.cat(seen, 1).flatten(0, 1).float()
    weight = balanced(labels_of(rows)).repeat(len(versions))
    with torch.enable_grad():
        layer = fit_linear_probe(features, target.repeat(len(versions), 1), weight, HEAD_RIDGE)
    network.fc.weight.copy_(layer.weight)
    network.fc.bias.copy_(layer.bias)


def balanced(label: torch.Tensor) -> torch.Tensor:
    """Return what each of (n,) labels is to weigh, for BALANCE between the three."""
    return (torch.tensor(BALANCE) / label.bincount(minlength=len(BALANCE)).clamp(min=1))[label]


@torch.no_grad()
def predict(network: ResNet, rows: Sequence[Row], size: int) -> torch.Tensor:
    """Return the logits, (n, 3), for the rows' pictures, seen as serving sees them."""
    logits = []
    for begin in range(0, len(rows), 32):
        views = normalised(evaluation_batch(rows[begin : begin + 32], size))
        logits.append(network(views.contiguous(memory_format=torch.channels_last)))
    return torch.cat(logits)


def normalised(views: torch.Tensor) -> torch.Tensor:
    """Return RGB in 0..1 as the network wants it; the mean and deviation are the card's."""
    mean, std = (torch.tensor(values)[:, None, None] for values in (Card.mean, Card.std))
    return (views - mean) / std
