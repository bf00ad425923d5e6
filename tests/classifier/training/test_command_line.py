"""`python -m classifier.train`, with recipes that take a second."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from classifier import train
from classifier.model import build, folds_folder, load
from classifier.training import loop
from classifier.training.dataset import FOLDS, Row, labels_of
from classifier.training.loop import Stage
from classifier.types import CATEGORIES
from tests.classifier.training.fake_teachers import MeanColourTeacher
from tests.support.pictures import draw_ellipses

if TYPE_CHECKING:  # where it is run, the package has to be imported first
    from torchvision.models import ResNet

pytestmark = pytest.mark.slow

SMALL, LARGE = 16, 32
ONE_STEP = Stage(SMALL, 1, 1e-3)


def make_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the command two small sizes, one step a stage, few views and a quick teacher."""
    monkeypatch.setattr(
        train, "RECIPES", {SMALL: (ONE_STEP,), LARGE: (ONE_STEP, Stage(LARGE, 1, 1e-3))}
    )
    monkeypatch.setattr(train, "PICTURE_SIDE", 64)
    monkeypatch.setattr(train, "VIEW_SIDE", 48)
    monkeypatch.setattr(train, "VIEWS", 320)
    monkeypatch.setattr(train, "load_teacher", MeanColourTeacher)
    monkeypatch.setattr(loop, "BATCH", 8)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    make_quick(monkeypatch)


@pytest.fixture
def untrained(quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the stages out, for tests of what comes before and after them."""
    monkeypatch.setattr(train, "train_stage", lambda network, projection, *_: (network, projection))


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a resnet18 of random weights."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("backbone") / "backbone.safetensors"
    state = {name: value for name, value in build().state_dict().items() if "fc" not in name}
    save_file({name: value.half() for name, value in state.items()}, path)
    return path


def command(photos: Path, backbone: Path, *more: object) -> int:
    arguments = ["--photos", photos, "--backbone", backbone, *more]
    return train.main([str(argument) for argument in arguments])


@dataclass(frozen=True)
class Trained:
    """Both models, trained together with the networks of their folds."""

    photos: Path
    outs: dict[int, Path]


@pytest.fixture(scope="module")
def trained(backbone: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("trained")
    photos = folder / "photos"
    for number, label in enumerate(CATEGORIES):
        (photos / label).mkdir(parents=True)
        for index in range(10):
            draw_ellipses(100 * number + index).save(photos / label / f"{index}.png")
    outs = {SMALL: folder / "own.safetensors", LARGE: folder / "large.safetensors"}
    with pytest.MonkeyPatch.context() as monkeypatch:
        make_quick(monkeypatch)
        assert command(photos, backbone, "--size", *outs, "--out", *outs.values(), "--folds") == 0
    return Trained(photos, outs)


def test_training_writes_both_models_and_the_networks_of_their_folds(trained: Trained) -> None:
    for size, out in trained.outs.items():
        network, card = load(out)
        kept = [load(folds_folder(out) / f"{fold}.safetensors") for fold in range(FOLDS)]
        assert all(its_card == card for _, its_card in kept)
        assert (card.name, card.size) == (out.stem, size)
        assert (card.metrics["n"], card.metrics["n_snow"]) == (30, 20)
        assert network(torch.zeros(1, 3, size, size)).isfinite().all()


@pytest.mark.usefixtures("quick")
def test_a_model_is_the_same_whether_the_other_is_made_before_it_or_not(
    trained: Trained, backbone: Path, tmp_path: Path
) -> None:
    outs = {size: tmp_path / f"{size}.safetensors" for size in (LARGE, SMALL)}
    assert command(trained.photos, backbone, "--size", *outs, "--out", *outs.values()) == 0
    for size, out in outs.items():
        network, card = load(out)
        assert not folds_folder(out).exists()
        assert not card.metrics
        other, _ = load(trained.outs[size])
        assert torch.equal(network.conv1.weight, other.conv1.weight)
        assert torch.equal(network.fc.weight, other.fc.weight)


@pytest.mark.usefixtures("untrained")
def test_a_point_of_the_learning_curve_is_evaluated_on_all_photos(
    photos: Path, backbone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted = []
    monkeypatch.setattr(train, "fit_head", lambda _, rows, *__: fitted.append(len(rows)))
    out = photos.parent / "half.safetensors"
    assert command(photos, backbone, "--size", SMALL, "--out", out, "--folds", "--share", 0.5) == 0
    _, card = load(out)
    assert card.trained_on == "5 olaf, 5 abominable, 5 neither"
    assert card.metrics["n"] == 30
    assert fitted == [12, 12, 12, 12, 12, 15]


@pytest.mark.usefixtures("untrained")
@pytest.mark.parametrize("has_teacher", [True, False])
def test_the_head_learns_soft_labels_of_its_own_pictures_if_there_is_a_teacher(
    photos: Path, backbone: Path, has_teacher: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted = []

    def note(_: ResNet, rows: list[Row], target: torch.Tensor, __: int) -> None:
        fitted.append((rows, target))

    monkeypatch.setattr(train, "fit_head", note)
    if not has_teacher:
        monkeypatch.setattr(train, "load_teacher", lambda: None)
    out = photos.parent / "own.safetensors"
    assert command(photos, backbone, "--size", SMALL, "--out", out, "--folds") == 0
    for fold, (rows, target) in enumerate(fitted):
        assert all(row.fold != fold for row in rows)
        assert len(rows) == (24 if fold < FOLDS else 30)
        certain = nn.functional.one_hot(labels_of(rows), len(CATEGORIES)).float()
        assert torch.equal(target, certain) is not has_teacher
        torch.testing.assert_close(target.sum(1), torch.ones(len(rows)))


@pytest.mark.parametrize("share", ["0", "1.5", "half"])
def test_a_share_is_some_of_the_whole(
    photos: Path, backbone: Path, share: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        command(photos, backbone, "--size", 64, "--out", "a", "--share", share)
    assert share in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [("64", "224", "--out", "a"), ("64", "64", "--out", "a", "b")])
def test_each_size_is_named_once_and_has_a_file(
    photos: Path, backbone: Path, wrong: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        command(photos, backbone, "--size", *wrong)
    assert "each --size once" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("manifest", "complaint"),
    [
        ("file,what\nolaf/0.png,olaf", "manifest.csv, line 1: there is no column label"),
        ("file,label\nolaf/0.png,me", "manifest.csv, line 2: 'me' is no label"),
        (
            "file,label,fold\nolaf/0.png,olaf,0\nabominable/0.png,abominable,0\n"
            "neither/0.png,neither,2",
            "There are no photos in fold 1, 3, 4;",
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
        command(photos, backbone, "--size", 64, "--out", photos.parent / "a")
    assert exit_.value.code == 2
    assert complaint in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.usefixtures("quick")
def test_a_manifest_without_folds_can_be_trained_on(photos: Path, backbone: Path) -> None:
    lines = [f"{label}/{n}.png,{label}" for label in CATEGORIES for n in range(6)]
    (photos / "manifest.csv").write_text("\n".join(["file,label", *lines]))
    out = photos.parent / "own.safetensors"
    assert command(photos, backbone, "--size", SMALL, "--out", out) == 0
    assert load(out)[1].trained_on == "6 olaf, 6 abominable, 6 neither"
