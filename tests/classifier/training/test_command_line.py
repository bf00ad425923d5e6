"""`python -m classifier.train`, with recipes that take a second."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from safetensors.torch import save_file

from classifier import train
from classifier.model import build, load
from classifier.training.dataset import split
from classifier.training.loop import RECIPES, Lessons, Recipe, fine_tune
from classifier.types import CATEGORIES
from classifier.weights import folds_folder
from tests.support.pictures import draw_ellipses

if TYPE_CHECKING:  # where it is run, the package has to be imported first
    from torchvision.models import ResNet

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make both models tiny, each in a step, and in this process."""
    monkeypatch.setattr(train, "WORKERS", 1)
    monkeypatch.setitem(RECIPES, "full", Recipe(48, ((32, 1),), taught=False, seeds=1))
    monkeypatch.setitem(RECIPES, "small", Recipe(32, ((32, 1),), seeds=1))
    monkeypatch.setattr(train, "PICTURE_SIDE", 64)
    monkeypatch.setattr(train, "load_teacher", lambda: None)


@pytest.fixture
def backbone(tmp_path: Path) -> Path:
    """The file of a resnet18 of random weights."""
    torch.manual_seed(0)
    path = tmp_path / "backbone.safetensors"
    state = {name: value for name, value in build().state_dict().items() if "fc" not in name}
    save_file({name: value.half() for name, value in state.items()}, path)
    return path


def command(photos: Path, backbone: Path, *more: object) -> int:
    arguments = ["--photos", photos, "--backbone", backbone, "--out", photos.parent, *more]
    return train.main([str(argument) for argument in arguments])


def test_training_writes_both_models_with_cards_of_folds_that_were_held_out(
    photos: Path, backbone: Path
) -> None:
    assert command(photos, backbone, "--folds", 2) == 0
    for name, size in (("full", 48), ("small", 32)):
        network, card = load(photos.parent / f"{name}.safetensors")
        assert (card.name, card.size) == (name, size)
        assert card.trained_on == "10 olaf, 10 abominable, 10 neither"
        assert 6 <= card.metrics["n"] <= 18
        assert network(torch.zeros(1, 3, size, size)).isfinite().all()
        folder = folds_folder(photos.parent / f"{name}.safetensors")
        kept = sorted(path for path in folder.iterdir() if "-" not in path.stem)
        assert len(kept) == 3
        assert kept.pop().stem == "all"
        for path in kept:
            of_fold = load(path)[1]
            assert of_fold.metrics == card.metrics
            assert of_fold.temperature == card.temperature


def test_all_folds_can_be_held_out(photos: Path, backbone: Path) -> None:
    assert command(photos, backbone, "--model", "small", "--folds", 5) == 0
    assert load(photos.parent / "small.safetensors")[1].metrics["n"] == 30


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Lessons]]:
    """The title of each training, and what was learned in it."""
    noted: list[tuple[str, Lessons]] = []

    def note(recipe: Recipe, backbone: str, lessons: Lessons, title: str, seed: int) -> ResNet:
        noted.append((title, lessons))
        return fine_tune(recipe, backbone, lessons, title, seed)

    monkeypatch.setattr(train, "fine_tune", note)
    return noted


def test_a_model_of_two_seeds_is_the_mean_of_their_networks_which_are_kept(
    photos: Path, backbone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train, "WORKERS", 2)  # the same by two processes as by one, see below
    monkeypatch.setitem(RECIPES, "full", replace(RECIPES["full"], seeds=2))
    arguments = ("--model", "full", "--folds", 0)
    assert command(photos, backbone, *arguments) == 0
    folder = folds_folder(photos.parent / "full.safetensors")
    first, second = (load(folder / f"all-{seed}.safetensors")[0] for seed in range(2))
    made = load(photos.parent / "full.safetensors")[0]
    for name, value in made.named_parameters():
        mean = (first.get_parameter(name) + second.get_parameter(name)) / 2
        torch.testing.assert_close(value, mean, atol=1e-3, rtol=1e-3)
    assert not first.fc.weight.equal(second.fc.weight)
    (folder / "all.safetensors").unlink()  # broken off before the second was trained
    (folder / "all-1.safetensors").unlink()
    assert command(photos, backbone, *arguments) == 0
    assert load(photos.parent / "full.safetensors")[0].fc.weight.equal(made.fc.weight)


def test_networks_are_used_again_on_the_same_photos_only(
    photos: Path, backbone: Path, trained: list[tuple[str, Lessons]]
) -> None:
    one_fold = ("--model", "small", "--folds", 1)
    assert command(photos, backbone, *one_fold) == 0
    first = load(photos.parent / "small.safetensors")
    assert command(photos, backbone, *one_fold) == 0
    again = load(photos.parent / "small.safetensors")
    assert first[1] == again[1]
    assert torch.equal(first[0].fc.weight, again[0].fc.weight)
    assert [title for title, _ in trained][1:] == ["small on all photos, seed 0"]
    for kept in folds_folder(photos.parent / "small.safetensors").glob("all*"):
        kept.write_bytes(kept.read_bytes()[:1000])  # broken off
    assert command(photos, backbone, *one_fold) == 0
    assert [title for title, _ in trained][2:] == ["small on all photos, seed 0"]
    draw_ellipses(999).save(photos / "olaf" / "new.png")
    assert command(photos, backbone, *one_fold) == 0
    assert len(trained) == 5


def test_a_network_of_a_fold_never_sees_it(
    photos: Path, backbone: Path, trained: list[tuple[str, Lessons]]
) -> None:
    assert command(photos, backbone, "--model", "small", "--folds", 5) == 0
    for _, lessons in trained[:5]:
        chosen, rows = lessons.chosen.tolist(), lessons.pictures.rows
        (fold,) = {row.fold for row in rows} - {rows[index].fold for index in chosen}
        assert chosen == split(rows, fold)[0]
    assert trained[5][1].chosen.tolist() == list(range(30))


def test_a_model_goes_on_from_another_that_saw_no_more(
    photos: Path, backbone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RECIPES, "small", replace(RECIPES["small"], start="full"))
    began: dict[str, str] = {}

    def note(recipe: Recipe, backbone: str, lessons: Lessons, title: str, seed: int) -> ResNet:
        began[title] = backbone
        return fine_tune(recipe, backbone, lessons, title, seed)

    monkeypatch.setattr(train, "fine_tune", note)
    assert command(photos, backbone, "--model", "small", "--folds", 1) == 0
    (fold,) = {title.split(",")[0][-1] for title in began if "without fold" in title}
    kept = folds_folder(photos.parent / "full.safetensors")
    assert began == {
        f"full without fold {fold}, seed 0": str(backbone),
        "full on all photos, seed 0": str(backbone),
        f"small without fold {fold}, seed 0": str(kept / f"{fold}.safetensors"),
        "small on all photos, seed 0": str(kept / "all.safetensors"),
    }


def test_without_folds_a_model_is_not_calibrated(photos: Path, backbone: Path) -> None:
    assert command(photos, backbone, "--model", "small", "--folds", 0) == 0
    assert not load(photos.parent / "small.safetensors")[1].metrics


@pytest.mark.parametrize(
    ("manifest", "complaint"),
    [
        ("file,what\nolaf/0.png,olaf", "manifest.csv, line 1: there is no column label"),
        ("file,label\nolaf/0.png,me", "manifest.csv, line 2: 'me' is no label"),
        (
            "file,label,fold\nolaf/0.png,olaf,0\nabominable/0.png,abominable,0\n"
            "neither/0.png,neither,2",
            "there are no photos of some label;",
        ),
    ],
)
def test_a_folder_that_cannot_be_used_ends_with_2_and_a_sentence(
    photos: Path,
    backbone: Path,
    manifest: str,
    complaint: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (photos / "manifest.csv").write_text(manifest)
    with pytest.raises(SystemExit) as exit_:
        command(photos, backbone)
    assert exit_.value.code == 2
    assert complaint in capsys.readouterr().err.splitlines()[-1]


def test_a_backbone_that_is_none_ends_with_2_and_its_name(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (photos / "nowhere.safetensors", photos / "olaf" / "0.png"):
        with pytest.raises(SystemExit) as exit_:
            command(photos, path)
        assert exit_.value.code == 2
        assert f"{path} cannot be used" in capsys.readouterr().err


def test_a_manifest_without_folds_can_be_trained_on(photos: Path, backbone: Path) -> None:
    lines = [f"{label}/{n}.png,{label}" for label in CATEGORIES for n in range(6)]
    (photos / "manifest.csv").write_text("\n".join(["file,label", *lines]))
    assert command(photos, backbone, "--model", "small") == 0
    card = load(photos.parent / "small.safetensors")[1]
    assert card.trained_on == "6 olaf, 6 abominable, 6 neither"
