"""`python -m classifier.evaluate`: its figures, its report, its refusals."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from classifier import evaluate, model
from classifier.evaluation.distortions import DISTORTIONS
from classifier.evaluation.evaluation import Evaluation
from classifier.training.dataset import FOLDS, labels_of, read_folder
from classifier.types import CATEGORIES, Category
from tests.support.pictures import cut_out


@pytest.fixture
def weights(tiny_model: Path, tmp_path: Path) -> Path:
    """A model with a place of its own, for the networks of its folds."""
    return Path(shutil.copy(tiny_model, tmp_path))


def test_the_figures_are_one_json_object_and_the_report_is_one_page(
    drawings: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = drawings / "out" / "report.html"
    arguments = [
        "--photos",
        str(drawings),
        "--model",
        str(weights),
        "--json",
        "--report",
        str(page),
    ]
    assert evaluate.main(arguments) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["n"], found["n_snow"]) == (24, 16)
    for name in ("accuracy_two", "balanced_accuracy_three", "auroc_unfamiliar"):
        assert 0 <= found[name] <= 1
    assert sum(of["n"] for of in found["reliability"]["pair"]) == 16
    assert sum(of["n"] for of in found["reliability"]["unfamiliar"]) == 24
    assert {name: of["n"] for name, of in found["by_style"].items()} == {
        f"{label} (none)": 8 for label in CATEGORIES
    }
    assert set(found["recall"]) == {"olaf", "abominable", "neither"}
    assert set(found["robustness"]) == set(DISTORTIONS)
    written = page.read_text()
    assert written.count("data:image/png;base64,") == 6
    assert "http" not in written


@pytest.fixture
def undistorted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Evaluate photos as they are only, which is quick."""
    monkeypatch.setattr("classifier.evaluation.evaluation.DISTORTIONS", {})


@pytest.mark.usefixtures("undistorted")
def test_each_fold_is_judged_by_the_network_that_never_saw_it(
    drawings: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = read_folder(drawings)
    kept = model.folds_folder(weights)
    kept.mkdir()
    for fold in range(FOLDS):  # each says the same of all: olaf, or abominable for fold 3
        network = model.build()
        torch.nn.init.zeros_(network.fc.weight)
        with torch.no_grad():
            network.fc.bias.copy_(torch.tensor([0.0, 5.0, 0.0] if fold == 3 else [5.0, 0.0, 0.0]))
        model.save(kept / f"{fold}.safetensors", network, model.Card("random", 64))
    page = drawings / "report.html"
    arguments = ["--photos", str(drawings), "--model", str(weights), "--folds", "--json"]
    assert evaluate.main([*arguments, "--report", str(page)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["n"] == len(rows)
    yetis = [row for row in rows if row.label is Category.ABOMINABLE]
    in_three = sum(row.fold == 3 for row in yetis)
    assert found["recall"]["abominable"] == pytest.approx(in_three / len(yetis))


def test_without_networks_of_folds_it_says_how_to_make_them(
    drawings: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        evaluate.main(["--photos", str(drawings), "--model", str(weights), "--folds"])
    assert exit_.value.code == 2
    assert "`python -m classifier.train` makes" in capsys.readouterr().err


@pytest.mark.usefixtures("undistorted")
def test_folds_that_were_never_held_out_are_left_out_and_counted(
    drawings: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = read_folder(drawings)
    kept = model.folds_folder(weights)
    kept.mkdir()
    shutil.copy(weights, kept / "2.safetensors")
    page = drawings / "report.html"
    arguments = ["--photos", str(drawings), "--model", str(weights), "--folds", "--json"]
    assert evaluate.main([*arguments, "--report", str(page)]) == 0
    output = capsys.readouterr()
    inside = sum(row.fold == 2 for row in rows)
    assert json.loads(output.out)["n"] == inside
    assert f"{len(rows) - inside} photos are in folds that were never held out" in output.err


@pytest.mark.usefixtures("undistorted")
def test_the_heat_of_cut_outs_is_measured_against_their_area(
    drawings: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(8):
        snowball = cut_out((200, 200 + number))
        snowball.save(drawings / "olaf" / f"{number}.png")
    page = drawings / "report.html"
    arguments = [
        "--photos",
        str(drawings),
        "--model",
        str(weights),
        "--json",
        "--report",
        str(page),
    ]
    evaluate.main(arguments)
    heat = json.loads(capsys.readouterr().out)["heat"]
    assert heat["n"] <= 8
    if heat["n"]:  # the network is one of random weights
        assert 0 < heat["area"] < 0.25
        assert 0 <= heat["top_inside"] <= 1
        assert 0 <= heat["pointing"] <= 1


def test_the_table_says_the_same_in_words(
    drawings: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = drawings / "report.html"
    evaluate.main(["--photos", str(drawings), "--model", str(weights), "--report", str(page)])
    shown = capsys.readouterr().out
    assert "accuracy two" in shown
    assert "half covered" in shown


@pytest.mark.usefixtures("undistorted")
@pytest.mark.parametrize("numbers", [{}, {"n": 24}], ids=["never calibrated", "calibrated"])
def test_it_says_when_confidence_was_never_calibrated(
    drawings: Path, weights: Path, numbers: dict[str, int], capsys: pytest.CaptureFixture[str]
) -> None:
    model.save(weights, model.build(), model.Card("random", 64, metrics=numbers))
    page = drawings / "report.html"
    evaluate.main(["--photos", str(drawings), "--model", str(weights), "--report", str(page)])
    assert ("rough guesses" in capsys.readouterr().err) is not bool(numbers)


def test_a_folder_without_a_label_is_wrong_usage(
    tmp_path: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        evaluate.main(["--photos", str(tmp_path), "--model", str(weights)])
    assert exit_.value.code == 2
    assert "olaf" in capsys.readouterr().err


def test_a_model_that_knows_all_gets_full_marks(drawings: Path) -> None:
    rows = read_folder(drawings)
    truth = labels_of(rows)
    sure = torch.nn.functional.one_hot(truth, 3).float()
    numbers = Evaluation(model.Card("perfect", 64), rows, sure, truth, {}, {}).numbers()
    assert numbers["accuracy_two"] == numbers["balanced_accuracy_three"] == 1
    assert numbers["auroc_unfamiliar"] == numbers["everyday_called_unfamiliar"] == 1
    assert numbers["ece_pair"] == numbers["ece_unfamiliar"] == pytest.approx(0)
    assert numbers["snow_sure"] == numbers["sure_and_right"] == 1


def without_folds(drawings: Path, header: str, line: str) -> None:
    lines = [line.format(label=label, n=n) for label in CATEGORIES for n in range(8)]
    (drawings / "manifest.csv").write_text("\n".join([header, *lines]))


@pytest.mark.usefixtures("undistorted")
@pytest.mark.parametrize(
    ("header", "line"),
    [
        ("file,label", "{label}/{n}.png,{label}"),
        ("file,label,group", "{label}/{n}.png,{label},{label}{n}"),
        ("file,label,fold", "{label}/{n}.png,{label},0"),
    ],
)
def test_a_manifest_without_folds_or_groups_can_be_evaluated(
    drawings: Path,
    weights: Path,
    header: str,
    line: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    without_folds(drawings, header, line)
    page = drawings / "report.html"
    arguments = ["--photos", str(drawings), "--model", str(weights), "--json"]
    assert evaluate.main([*arguments, "--report", str(page)]) == 0
    assert json.loads(capsys.readouterr().out)["n"] == 24


@pytest.mark.parametrize(
    ("manifest", "complaint"),
    [
        ("photo,label\nolaf/0.png,olaf", "manifest.csv, line 1: there is no column file;"),
        ("file,label\nolaf/0.png,snow", "manifest.csv, line 2: 'snow' is no label; write olaf,"),
        ("file,label\nolaf/9.png,olaf", "olaf/9.png; correct it or take the line out."),
    ],
)
def test_a_manifest_that_makes_no_sense_ends_with_2_and_a_sentence(
    drawings: Path,
    weights: Path,
    manifest: str,
    complaint: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (drawings / "manifest.csv").write_text(manifest)
    with pytest.raises(SystemExit) as exit_:
        evaluate.main(["--photos", str(drawings), "--model", str(weights)])
    assert exit_.value.code == 2
    assert complaint in capsys.readouterr().err.splitlines()[-1]


def test_a_photo_that_cannot_be_read_ends_with_2_and_its_name(
    drawings: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    without_folds(drawings, "file,label,group,fold", "{label}/{n}.png,{label},{n},0")
    (drawings / "olaf" / "3.png").write_bytes(b"no picture")
    with pytest.raises(SystemExit) as exit_:
        evaluate.main(["--photos", str(drawings), "--model", str(weights)])
    assert exit_.value.code == 2
    assert "olaf/3.png: That is no picture" in capsys.readouterr().err
