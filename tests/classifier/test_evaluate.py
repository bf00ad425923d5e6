from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from PIL import Image, ImageChops

from classifier import evaluate, model, photos
from classifier.evaluation.distortions import DISTORTIONS, Distortion
from classifier.evaluation.evaluation import Evaluation
from classifier.training.dataset import FOLDS, labels_of, read_folder
from classifier.types import Category
from tests.support.pictures import cut_out, draw_olaf, draw_yeti, everyday

DRAW = {"olaf": draw_olaf, "abominable": draw_yeti, "neither": everyday}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of eight different drawings for each label."""
    for label, draw in DRAW.items():
        (tmp_path / label).mkdir()
        for number in range(8):
            picture = draw((160 + 40 * number, 200)).rotate(40 * number, expand=True)
            picture.save(tmp_path / label / f"{number}.png")
    return tmp_path


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    path = tmp_path / "random.safetensors"
    model.save(path, model.build(), model.Card("random", 64))
    return path


@pytest.mark.parametrize("distortion", DISTORTIONS.values(), ids=list(DISTORTIONS))
def test_each_distortion_leaves_a_different_rgb_picture(distortion: Distortion) -> None:
    photo = draw_olaf((320, 240))
    before = photo.copy()
    distorted = distortion(photo)
    assert distorted.mode == "RGB"
    assert distorted != before
    assert ImageChops.difference(photo, before).getbbox() is None, "the original was changed"


def test_the_figures_are_one_json_object_and_the_report_is_one_page(
    folder: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = folder / "out" / "report.html"
    arguments = ["--photos", str(folder), "--model", str(weights), "--json", "--report", str(page)]
    assert evaluate.main(arguments) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["n"], found["n_snow"]) == (24, 16)
    for name in ("accuracy_two", "balanced_accuracy_three", "ece", "auroc_unfamiliar"):
        assert 0 <= found[name] <= 1
    assert set(found["recall"]) == {"olaf", "abominable", "neither"}
    assert set(found["robustness"]) == set(DISTORTIONS)
    written = page.read_text()
    assert written.count("data:image/png;base64,") == 6
    assert "http" not in written


def test_each_fold_is_judged_by_the_network_that_never_saw_it(
    folder: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = read_folder(folder)
    kept = model.folds_folder(weights)
    kept.mkdir()
    for fold in range(FOLDS):  # each says the same of all: olaf, or abominable for fold 3
        network = model.build()
        torch.nn.init.zeros_(network.fc.weight)
        with torch.no_grad():
            network.fc.bias.copy_(torch.tensor([0.0, 5.0, 0.0] if fold == 3 else [5.0, 0.0, 0.0]))
        model.save(kept / f"{fold}.safetensors", network, model.Card("random", 64))
    page = folder / "report.html"
    arguments = ["--photos", str(folder), "--model", str(weights), "--folds", "--json"]
    assert evaluate.main([*arguments, "--report", str(page)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["n"] == len(rows)
    yetis = [row for row in rows if row.label is Category.ABOMINABLE]
    in_three = sum(row.fold == 3 for row in yetis)
    assert found["recall"]["abominable"] == pytest.approx(in_three / len(yetis))


def test_without_networks_of_folds_it_says_how_to_make_them(
    folder: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        evaluate.main(["--photos", str(folder), "--model", str(weights), "--folds"])
    assert exit_.value.code == 2
    assert "classifier.train --folds" in capsys.readouterr().err


def test_the_heat_of_cut_outs_is_measured_against_their_area(
    folder: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(8):
        snowball = cut_out((200, 200 + number))
        snowball.save(folder / "olaf" / f"{number}.png")
    page = folder / "report.html"
    arguments = ["--photos", str(folder), "--model", str(weights), "--json", "--report", str(page)]
    evaluate.main(arguments)
    heat = json.loads(capsys.readouterr().out)["heat"]
    assert heat["n"] == 8
    assert 0 < heat["area"] < 0.25
    assert 0 < heat["inside"] < 1


def test_the_table_says_the_same_in_words(
    folder: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = folder / "report.html"
    evaluate.main(["--photos", str(folder), "--model", str(weights), "--report", str(page)])
    shown = capsys.readouterr().out
    assert "accuracy two" in shown
    assert "half covered" in shown


@pytest.mark.parametrize("numbers", [{}, {"n": 24}], ids=["never calibrated", "calibrated"])
def test_it_says_when_confidence_was_never_calibrated(
    folder: Path, weights: Path, numbers: dict[str, int], capsys: pytest.CaptureFixture[str]
) -> None:
    model.save(weights, model.build(), model.Card("random", 64, metrics=numbers))
    page = folder / "report.html"
    evaluate.main(["--photos", str(folder), "--model", str(weights), "--report", str(page)])
    assert ("rough guesses" in capsys.readouterr().err) is not bool(numbers)


def test_a_folder_without_a_label_is_wrong_usage(
    tmp_path: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        evaluate.main(["--photos", str(tmp_path), "--model", str(weights)])
    assert exit_.value.code == 2
    assert "olaf" in capsys.readouterr().err


def test_a_model_that_knows_all_gets_full_marks(folder: Path) -> None:
    rows = read_folder(folder)
    truth = labels_of(rows)
    sure = torch.nn.functional.one_hot(truth, 3).float()
    numbers = Evaluation("perfect", rows, sure, truth, 0.5, {}, {}).numbers()
    assert numbers["accuracy_two"] == numbers["balanced_accuracy_three"] == 1
    assert numbers["auroc_unfamiliar"] == numbers["everyday_called_unfamiliar"] == 1
    assert numbers["ece"] == pytest.approx(0)


def test_a_good_folder_has_nothing_to_mend_but_its_size(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert photos.main([str(folder)]) == 1
    shown = capsys.readouterr().out
    assert "olaf             8 pictures" in shown
    assert "olaf: 8 pictures are few" in shown


def test_what_would_spoil_a_training_is_found(folder: Path) -> None:
    (folder / "olaf" / "broken.jpg").write_bytes(b"no picture")
    Image.open(folder / "olaf" / "1.png").resize((40, 40)).save(folder / "olaf" / "tiny.png")
    copy = Image.open(folder / "olaf" / "3.png")
    copy.resize((copy.width // 2, copy.height // 2)).save(folder / "olaf" / "copy.jpg")
    Image.open(folder / "abominable" / "5.png").save(folder / "neither" / "wrong.webp")
    found = photos.inspect_folder(folder)
    assert [str(name) for name, _ in found.unreadable] == ["olaf/broken.jpg"]
    assert [str(name) for name in found.tiny] == ["olaf/tiny.png"]
    assert {Path("olaf/3.png"), Path("olaf/copy.jpg")} in [set(names) for names in found.copies]
    wrong = {Path("abominable/5.png"), Path("neither/wrong.webp")}
    assert any(wrong <= set(names) for names in found.contradictions)
    assert found.has_faults


def test_contact_sheets_are_drawn(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photos.main([str(folder), "--sheets", str(folder / "sheets")])
    assert "drawn" in capsys.readouterr().out
    assert {path.name for path in (folder / "sheets").iterdir()} == {
        "olaf-1.jpg",
        "abominable-1.jpg",
        "neither-1.jpg",
    }


def test_a_folder_of_something_else_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as exit_:
        photos.main([str(tmp_path)])
    assert exit_.value.code == 2
