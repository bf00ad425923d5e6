"""`python -m classifier.learn` and `python -m classifier.rehearse`, as an owner uses them."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest
import torch
from PIL import Image

from bot.domain import Label
from bot.services.photo_archive import PhotoArchive
from classifier import learn, model, rehearse
from classifier.card import Card
from classifier.training import learning
from classifier.types import Category
from tests.support.pictures import draw_olaf, draw_yeti, encoded


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A network to which everything is a yeti."""
    torch.manual_seed(3)
    network = model.build()
    with torch.no_grad():
        network.fc.bias.copy_(torch.tensor([0.0, 4.0, 0.0]))
    path = tmp_path / "tiny.safetensors"
    model.save(path, network, Card("tiny", 64, trained_on="drawings"))
    return path


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """What /keep fills: an Olaf and a yeti, the latter no longer a fooling."""
    archive = PhotoArchive(tmp_path / "data" / "kept")
    for number, (label, picture) in enumerate(
        ((Label.OLAF, draw_olaf()), (Label.ABOMINABLE, draw_yeti()))
    ):
        photo = encoded(picture, "JPEG")
        keeping = archive.keep(photo, label, platform="web", player_id="1", round_id=number)
        asyncio.run(keeping)
    return tmp_path / "data" / "kept"


def arguments(kept: Path, weights: Path, *more: object) -> list[str]:
    return [str(one) for one in ("--foolings", kept, "--model", weights, *more)]


def test_what_keep_collects_becomes_a_model_beside_it_and_the_old_one_stays(
    kept: Path, weights: Path, drawings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rehearse.main(["--photos", str(drawings), "--model", str(weights)]) == 0
    assert "tiny.rehearsal.safetensors: 24 photos, 0.0 MB" in capsys.readouterr().out
    (kept / "half.photo.half").write_bytes(b"left behind by a kill")
    (kept / "olaf" / "notes.txt").write_text("rubbish")
    before = weights.read_bytes()
    assert learn.main(arguments(kept, weights)) == 0
    shown = capsys.readouterr()
    assert "notes.txt is left out: That is no picture" in shown.err
    assert "2 pictures to learn from: 1 olaf, 1 abominable." in shown.out
    assert "That is little" in shown.out
    assert "Fooled by 1 of them before" in shown.out
    assert weights.read_bytes() == before
    out = kept.parent / "learned.safetensors"
    assert f"MODEL={out}" in shown.out
    (old, old_card), (new, card) = model.load(weights), model.load(out)
    assert torch.equal(old.conv1.weight, new.conv1.weight)
    assert not torch.equal(old.fc.weight, new.fc.weight)
    assert card.trained_on == "drawings, and 2 that fooled it"
    assert card.unfamiliar_above == old_card.unfamiliar_above
    with Image.open(out.with_suffix(".png")) as plot:
        assert min(plot.size) > 500
    assert learn.main(arguments(kept, out, "--photos", drawings)) == 0, "learned again, on top"


def test_what_no_longer_fools_it_is_not_learned(
    kept: Path, weights: Path, drawings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(kept / "olaf")
    assert learn.main(arguments(kept, weights, "--photos", drawings)) == 0
    assert "there is nothing to learn" in capsys.readouterr().out
    assert not (kept.parent / "learned.safetensors").exists()


def test_nothing_to_learn_from_or_to_rehearse_is_told_in_a_sentence(
    kept: Path, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty" / Category.OLAF).mkdir(parents=True)
    (tmp_path / "empty" / Category.OLAF / "a.photo").write_bytes(b"rubbish")
    for folder, more, complaint in (
        (tmp_path / "nowhere", (), "no pictures to learn from in"),
        (tmp_path / "empty", (), "/keep on puts what fools the bot"),
        (kept, (), "`python -m classifier.rehearse` makes it"),
        (kept, ("--photos", tmp_path / "empty"), "holds no pictures of"),
    ):
        with pytest.raises(SystemExit) as exit_:
            learn.main(arguments(folder, weights, *more))
        assert exit_.value.code == 2
        assert complaint in capsys.readouterr().err.splitlines()[-1]


def test_breaking_off_loses_nothing(
    kept: Path,
    weights: Path,
    drawings: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(learning, "see_views", interrupted)
    assert learn.main(arguments(kept, weights, "--photos", drawings)) == 130
    assert "nothing was written" in capsys.readouterr().err
    assert not (kept.parent / "learned.safetensors").exists()
