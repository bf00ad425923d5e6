"""`python -m classifier.evaluate`: its figures, its report, its refusals."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from classifier import evaluate, model
from classifier.card import Card
from classifier.evaluation.distortions import DISTORTIONS, NOT_JUDGED
from classifier.evaluation.evaluation import Evaluation
from classifier.evaluation.heat import PLACEMENTS
from classifier.evaluation.table import table
from classifier.training.dataset import FOLDS, labels_of, read_folder
from classifier.types import CATEGORIES, Category
from classifier.weights import folds_folder
from tests.support.pictures import cut_out
from tools import season


@pytest.fixture
def weights(tiny_model: Path, tmp_path: Path) -> Path:
    """A model with a place of its own, for the networks of its folds."""
    return Path(shutil.copy(tiny_model, tmp_path))


@pytest.mark.slow
def test_the_figures_are_one_json_object_and_the_report_is_one_page(
    drawings: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(8):
        cut_out((200, 200 + number)).save(drawings / "olaf" / f"{number}.png")
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
    assert set(found["robustness"]) == {"undistorted", *DISTORTIONS}
    plain, worst = found["robustness"]["undistorted"]["two"], found["lost_at_worst"]
    assert worst["distortion"] not in NOT_JUDGED
    judged = found["robustness"].keys() - {"undistorted", *NOT_JUDGED}
    lowest = min(found["robustness"][name]["two"] for name in judged)
    assert worst["two"] == pytest.approx(plain - lowest)
    assert found["compared"]["snow_called_unfamiliar"] <= 0.05
    heat = found["heat"]
    assert heat["n"] <= 8 * PLACEMENTS
    if heat["n"]:  # the network is one of random weights
        assert 0 < heat["area"] < 0.4
        assert 0 <= heat["top_inside"] <= 1
        assert 0 <= heat["deletion_wins"] <= 1
        assert 0 <= heat["pointing"] <= 1
    written = page.read_text()
    assert written.count("data:image/png;base64,") == 6
    assert "http" not in written


def test_each_fold_is_judged_by_the_network_that_never_saw_it(
    drawings: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = read_folder(drawings)
    kept = folds_folder(weights)
    kept.mkdir()
    for fold in range(FOLDS):  # each says the same of all: olaf, or abominable for fold 3
        network = model.build()
        torch.nn.init.zeros_(network.fc.weight)
        with torch.no_grad():
            network.fc.bias.copy_(torch.tensor([0.0, 5.0, 0.0] if fold == 3 else [5.0, 0.0, 0.0]))
        model.save(kept / f"{fold}.safetensors", network, Card("random", 64))
    page = drawings / "report.html"
    arguments = ["--photos", str(drawings), "--model", str(weights), "--folds", "--json"]
    assert evaluate.main(["--quick", *arguments, "--report", str(page)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["n"] == len(rows)
    yetis = [row for row in rows if row.label is Category.ABOMINABLE]
    in_three = sum(row.fold == 3 for row in yetis)
    assert found["recall"]["abominable"] == pytest.approx(in_three / len(yetis))
    assert list(found["by_fold"]) == [f"fold {fold}" for fold in range(FOLDS)]
    assert sum(of["n"] for of in found["by_fold"].values()) == len(rows)
    in_fold = [row.label for row in rows if row.fold == 3 and row.label is not Category.NEITHER]
    right = in_fold.count(Category.ABOMINABLE) / len(in_fold)
    assert found["by_fold"]["fold 3"]["accuracy_two"] == pytest.approx(right)
    assert evaluate.main(["--quick", *arguments[:-1], "--report", str(page)]) == 0
    shown = capsys.readouterr().out.splitlines()
    worst = min(of["accuracy_two"] for of in found["by_fold"].values())
    assert any(line.split()[:2] == ["worst", f"{worst:.3f}"] for line in shown)


def test_without_networks_of_folds_it_says_how_to_make_them(
    drawings: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        evaluate.main(["--photos", str(drawings), "--model", str(weights), "--folds"])
    assert exit_.value.code == 2
    assert "`python -m classifier.train` makes" in capsys.readouterr().err


def test_folds_that_were_never_held_out_are_left_out_and_counted(
    drawings: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = read_folder(drawings)
    kept = folds_folder(weights)
    kept.mkdir()
    shutil.copy(weights, kept / "2.safetensors")
    page = drawings / "report.html"
    arguments = ["--photos", str(drawings), "--model", str(weights), "--folds", "--json"]
    assert evaluate.main(["--quick", *arguments, "--report", str(page)]) == 0
    output = capsys.readouterr()
    inside = sum(row.fold == 2 for row in rows)
    assert json.loads(output.out)["n"] == inside
    assert f"{len(rows) - inside} photos are in folds that were never held out" in output.err


def test_answers_are_a_line_each_as_the_season_reads_them_and_name_no_photo(
    drawings: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = drawings / "answers.jsonl"
    arguments = ["--photos", str(drawings), "--model", str(weights), "--answers", str(path)]
    assert evaluate.main(["--quick", *arguments, "--report", str(drawings / "report.html")]) == 0
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(lines) == len(season.load(path)) == 24
    for answer in lines:
        assert set(answer) == {
            "truth", "probabilities", "confidence", "unfamiliar", "sure", "style",
        }  # fmt: skip
        assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-4)
        assert 0.5 <= answer["confidence"] <= 1
        assert answer["unfamiliar"] is (answer["probabilities"]["neither"] > 0.5)
    assert [answer["truth"] for answer in lines].count("olaf") == 8


def test_what_is_left_out_is_named_and_models_are_compared(
    drawings: Path,
    weights: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)  # the reports go to ./reports
    without_folds(drawings, "file,label", "{label}/{n}.png,{label}")
    (drawings / "olaf" / "broken.jpg").write_text("no picture")
    shutil.copy(drawings / "olaf" / "0.png", drawings / "neither" / "unlisted.png")
    (drawings / "snowmen").mkdir()
    other = Path(shutil.copy(weights, tmp_path / "other.safetensors"))
    arguments = ["--photos", str(drawings), "--model", str(weights), str(other)]
    assert evaluate.main(["--quick", *arguments]) == 0
    shown = capsys.readouterr()
    assert "as the manifest does not name them: neither/unlisted.png." in shown.err
    assert "as they cannot be read: olaf/broken.jpg." in shown.err
    assert "as no label is called that: drawings/snowmen." in shown.err
    (line,) = [line for line in shown.out.splitlines() if line.startswith("over 2 models")]
    assert line.split()[-2:] == ["least", "most"]
    for name in ("tiny", "other"):
        assert (tmp_path / "reports" / f"{name}.html").is_file()
    with pytest.raises(SystemExit):
        evaluate.main(["--quick", *arguments, "--answers", str(tmp_path / "answers")])
    assert "take the figures of one model" in capsys.readouterr().err


def test_the_table_says_in_words_what_was_found(drawings: Path) -> None:
    rows = read_folder(drawings)
    truth = labels_of(rows)
    answered = 0.9 * torch.nn.functional.one_hot(truth, 3) + 0.1 / 3
    wrong = answered.roll(1, 1)
    found = Evaluation(
        Card("half", 64),
        rows,
        torch.where((truth == 1)[:, None], wrong, answered),
        truth,
        {"dark": answered, "half_a_face": wrong},
        torch.arange(len(rows)),
        {"n": 3, "pointing": 0.25},
    )
    shown = table(found.numbers()).splitlines()
    assert shown[0] == "half, 64 px, on 24 photos: 8 olaf, 8 abominable, 8 neither"
    lines = {line[:44].strip(): line[44:].split() for line in shown}
    assert lines["Olaf or abominable"] == ["0.500"]
    assert lines["abominable (none)"] == ["8", "0.000", "0.000"]
    assert lines["dark"] == ["1.000", "1.000"]
    assert lines["hottest point on the figure"] == ["0.250"]
    assert "lost at worst between the two: -0.500 (dark)" in shown
    assert "worst style of snow people: abominable (none), 0.000 of 8" in shown


@pytest.mark.parametrize("numbers", [{}, {"n": 24}], ids=["never calibrated", "calibrated"])
def test_it_says_when_confidence_was_never_calibrated(
    drawings: Path, weights: Path, numbers: dict[str, int], capsys: pytest.CaptureFixture[str]
) -> None:
    model.save(weights, model.build(), Card("random", 64, metrics=numbers))
    page = drawings / "report.html"
    evaluate.main(
        ["--quick", "--photos", str(drawings), "--model", str(weights), "--report", str(page)]
    )
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
    numbers = Evaluation(Card("perfect", 64), rows, sure, truth).numbers()
    assert numbers["accuracy_two"] == numbers["balanced_accuracy_three"] == 1
    assert numbers["auroc_unfamiliar"] == numbers["everyday_called_unfamiliar"] == 1
    assert numbers["ece_pair"] == numbers["ece_unfamiliar"] == pytest.approx(0)
    assert numbers["snow_sure"] == numbers["sure_and_right"] == 1


def without_folds(drawings: Path, header: str, line: str) -> None:
    lines = [line.format(label=label, n=n) for label in CATEGORIES for n in range(8)]
    (drawings / "manifest.csv").write_text("\n".join([header, *lines]))


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
    assert evaluate.main(["--quick", *arguments, "--report", str(page)]) == 0
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
