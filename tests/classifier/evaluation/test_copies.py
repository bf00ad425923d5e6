"""`python -m classifier.evaluation.copies`: bounds that hold, found with a real network."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from classifier import model
from classifier.evaluation import copies
from classifier.evaluation.copies import DISGUISES, bound_for
from classifier.training.dataset import read_folder


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare few photos, which is quick."""
    monkeypatch.setattr(copies, "STORED", 4)
    monkeypatch.setattr(copies, "COMPARED", 12)
    names = "turned by 90 degrees", "left half", "photographed from a screen"
    monkeypatch.setattr(copies, "DISGUISES", {name: DISGUISES[name] for name in names})


def test_no_more_than_the_wanted_share_of_pairs_is_above_a_bound() -> None:
    likenesses = torch.linspace(0, 0.99, 1_000)
    for rate, above in ((1 / 100, 10), (1 / 2_000, 0), (0, 0)):
        assert int((likenesses > bound_for(likenesses, rate)).sum()) == above
    assert bound_for(torch.tensor([]), 0.5) == 1


def test_the_bounds_go_onto_the_card_and_the_weights_stay_as_they_were(
    drawings: Path, tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = Path(shutil.copy(tiny_model, tmp_path))
    arguments = ["--photos", str(drawings), "--model", str(weights)]
    assert copies.main([*arguments, "--json", "--write"]) == 0
    found = json.loads(capsys.readouterr().out)
    network, card = model.load(weights)
    assert 0.5 < card.alike_above <= card.copy_above <= 1
    assert (card.copy_above, card.alike_above) == (found["copy_above"], found["alike_above"])
    before = model.load(tiny_model)[0].state_dict()
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert (found["stored"], found["pairs"]) == (4, 4 * 15)
    assert set(found["found"]) == set(copies.DISGUISES)
    # These are among the stored views, so they are found; by the one vector they are not.
    assert found["found"]["turned by 90 degrees"]["views"] == 1
    assert found["found"]["left half"]["views"] == 1
    assert found["found"]["left half"]["one"] < 1
    assert copies.choose_bounds(network, card, read_folder(drawings), quiet=True) == card


def test_what_is_missing_is_named(drawings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        copies.main(["--photos", str(drawings), "--model", "nowhere"])
    assert "no model at nowhere" in capsys.readouterr().err
