"""Learning from what fooled a network: new things are learned, known ones stay."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from classifier.card import Card
from classifier.model import build
from classifier.training.learning import Views, answers, confusion, learn, with_one
from classifier.training.rehearsal import Rehearsal, fingerprint
from classifier.types import CATEGORIES, ModelError

CARD = Card("a model", 64, temperature=0.8, unfamiliar_above=0.7)


def clusters(count: int, seed: int, *, shift: float = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Return features of each label around a direction of its own, and the labels."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % len(CATEGORIES)
    features = 0.5 * torch.rand(count, 512, generator=generator)
    features[torch.arange(count), labels] += 2
    features[:, 10] += shift  # what a new thing has, and known photos only a little of
    return features, labels


@pytest.mark.parametrize("unfamiliar_above", [0.3, 0.7, 0.97])
def test_a_new_thing_is_learned_from_half_of_its_views_and_known_photos_stay(
    unfamiliar_above: float,
) -> None:
    card = replace(CARD, unfamiliar_above=unfamiliar_above)
    torch.manual_seed(0)
    network = build()
    with torch.no_grad():
        network.fc.weight.zero_()
        network.fc.weight[:, :3] = 3 * torch.eye(3)
        network.fc.bias.zero_()
    known, unseen = (Rehearsal(*clusters(300, seed)) for seed in (1, 2))
    looks_like_olaf = clusters(240, 3, shift=1.5)[0][::3]
    label = torch.full((80,), 2)
    learned, asked = (Views(looks_like_olaf[part::2], label[part::2]) for part in (0, 1))
    before = confusion(network, card, Views(unseen.features, unseen.labels))
    assert confusion(network, card, asked)[2].tolist() == [40, 0, 0], "it is fooled"
    body = fingerprint(network)
    steps = learn(network, card, learned, known)
    assert confusion(network, card, asked)[2, 2] >= 36
    after = confusion(network, card, Views(unseen.features, unseen.labels))
    assert (before - after).diagonal().abs().max() <= 1
    assert fingerprint(network) == body, "the body stays"
    assert steps[-1].loss < steps[0].loss
    assert (steps[0].held_back, steps[0].learned) == (0, 0)
    assert min(steps[-1].held_back, steps[-1].known) > 0.9


def test_answers_are_those_that_people_get() -> None:
    logits = torch.tensor([[2.0, 1, 0], [0, 1, 1.2], [0, 0, 4]])
    assert answers(CARD, logits).tolist() == [0, 1, 2]  # neither from 0.7 on
    assert with_one(logits).shape == (3, 4)


def test_a_rehearsal_is_a_byte_a_number_and_fits_one_body_only(tmp_path: Path) -> None:
    network, path = build(), tmp_path / "a.rehearsal.safetensors"
    features, labels = clusters(60, 1)
    Rehearsal(features, labels).save(path, network)
    assert path.stat().st_size < 1.2 * features.numel() + 4096
    found = Rehearsal.load(path, network)
    torch.testing.assert_close(found.features, features, atol=0.01, rtol=0)
    assert torch.equal(found.labels, labels)
    with torch.no_grad():
        network.fc.weight += 1
    Rehearsal.load(path, network)
    with torch.no_grad():
        network.layer4[1].conv2.weight += 1
    with pytest.raises(ModelError, match="made for another network"):
        Rehearsal.load(path, network)
    path.write_bytes(b"no file of ours")
    with pytest.raises(ModelError, match="damaged"):
        Rehearsal.load(path, network)
