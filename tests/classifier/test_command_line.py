"""`python -m classifier PHOTO...`: what it prints, and how it ends."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from classifier.__main__ import PHOTOS_AT_ONCE, main
from classifier.card import Card
from classifier.model import build, save
from tests.conftest import PROJECT
from tests.support.pictures import draw_olaf, draw_yeti, encoded, everyday

ANSWER = re.compile(r"(Olaf|Abominable)! \d{1,3}%( \(looks like neither\))?")


@pytest.fixture(scope="module")
def model(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A network of random weights, in a file whose name has a space."""
    path = tmp_path_factory.mktemp("command line") / "tiny model.safetensors"
    shutil.copyfile(tiny_model, path)
    return str(path)


@pytest.fixture(scope="module")
def doubtful_model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A network that sees no snow person anywhere."""
    network = build()
    with torch.no_grad():
        network.fc.bias.copy_(torch.tensor([1.0, 0.0, 9.0]))
        network.fc.weight.zero_()
    path = tmp_path_factory.mktemp("command line") / "doubtful.safetensors"
    save(path, network, Card("doubtful", 64))
    return str(path)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a few photos."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "olaf.jpg").write_bytes(encoded(draw_olaf(), "JPEG"))
    (tmp_path / "yeti.png").write_bytes(encoded(draw_yeti(), "PNG"))
    (tmp_path / "house.HEIC").write_bytes(encoded(everyday(), "HEIF"))
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[str], str]:
    """Return the exit code, the lines on standard output, and standard error."""
    try:
        code: Any = main(list(arguments))
    except SystemExit as exit_:
        code = exit_.code
    out, err = capsys.readouterr()
    return code, out.splitlines(), err


def test_a_line_for_each_photo(
    folder: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, lines, err = run(capsys, "olaf.jpg", "yeti.png", "--model", model)
    assert (code, err) == (0, "")
    assert [line.split(": ")[0] for line in lines] == ["olaf.jpg", "yeti.png"]
    assert all(ANSWER.fullmatch(line.split(": ")[1]) for line in lines)


def test_an_object_for_each_photo(
    folder: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, lines, err = run(capsys, "--json", "--model", model, "olaf.jpg", "nothing.jpg")
    assert (code, err) == (1, "")
    answer, error = map(json.loads, lines)
    assert list(answer) == [
        "photo",
        "label",
        "confidence",
        "probabilities",
        "unfamiliar",
        "sure",
    ]
    assert answer["photo"] == "olaf.jpg"
    assert answer["label"] in ("olaf", "abominable")
    assert list(answer["probabilities"]) == ["olaf", "abominable", "neither"]
    assert 0.5 <= answer["confidence"] <= 1
    likelier = max(answer["probabilities"]["olaf"], answer["probabilities"]["abominable"])
    assert likelier == answer["probabilities"][answer["label"]]
    assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    neither_wins = answer["probabilities"]["neither"] > 0.5
    assert answer["unfamiliar"] is neither_wins
    assert answer["sure"] in (True, False)
    assert error == {"photo": "nothing.jpg", "error": "No such file or directory."}


def test_what_looks_like_neither_is_answered_with_doubt(
    folder: Path, doubtful_model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, lines, _ = run(capsys, "olaf.jpg", "--model", doubtful_model)
    assert (code, lines) == (0, ["olaf.jpg: Olaf! 73% (looks like neither)"])
    _, lines, _ = run(capsys, "olaf.jpg", "--json", "--model", doubtful_model)
    answer = json.loads(lines[0])
    assert answer["label"] == "olaf"
    assert answer["confidence"] == pytest.approx(0.731, abs=0.001)
    assert answer["probabilities"]["olaf"] == pytest.approx(0.0003, abs=0.0001)
    assert answer["unfamiliar"] is True
    assert answer["sure"] is False


def test_text_and_objects_say_the_same(
    folder: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _, text, _ = run(capsys, "--model", model, ".")
    _, objects, _ = run(capsys, "--json", "--model", model, ".")
    for line, answer in zip(text, map(json.loads, objects), strict=True):
        doubt = " (looks like neither)" if answer["unfamiliar"] else ""
        percent = f"{answer['confidence']:.0%}"
        assert line == f"{answer['photo']}: {answer['label'].capitalize()}! {percent}{doubt}"


def test_a_folder_means_the_pictures_in_it_in_order(
    folder: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    deep = folder / "b" / "deep.JPEG"
    deep.parent.mkdir()
    deep.write_bytes((folder / "olaf.jpg").read_bytes())
    (folder / "a.txt").write_text("no photo")
    (folder / "clip.mp4").write_bytes(b"no photo")
    (folder / "album.png").mkdir()
    code, lines, err = run(capsys, ".", "--model", model)
    assert (code, err) == (0, "")
    names = [line.split(": ")[0] for line in lines]
    assert names == ["b/deep.JPEG", "house.HEIC", "olaf.jpg", "yeti.png"]


def test_the_order_of_many_photos_is_kept(
    folder: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    large = encoded(draw_olaf((900, 700)), "PNG")
    names = []
    for number in range(3 * PHOTOS_AT_ONCE):
        names.append(f"{number}.png")
        content = [large, b"", encoded(draw_yeti((40, 30)), "PNG")][number % 3]
        Path(names[-1]).write_bytes(content)
    code, lines, err = run(capsys, "--model", model, *names)
    assert (code, err) == (1, "")
    assert [line.split(": ")[0] for line in lines] == names
    empty = [line.endswith("That file is empty.") for line in lines]
    assert empty == [number % 3 == 1 for number in range(3 * PHOTOS_AT_ONCE)]


def test_photos_that_cannot_be_read_leave_the_others_answered(
    folder: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("text.jpg").write_text("not a photo at all")
    Path("empty.jpg").touch()
    Path("half.jpg").write_bytes((folder / "olaf.jpg").read_bytes()[:3000])
    with Path("huge.jpg").open("wb") as file:
        file.truncate(30 * 1024 * 1024)
    names = ["text.jpg", "empty.jpg", "half.jpg", "huge.jpg", "gone.jpg", "olaf.jpg/x", "olaf.jpg"]
    code, lines, err = run(capsys, "--model", model, *names)
    assert (code, err) == (1, "")
    answers = dict(line.split(": ", 1) for line in lines)
    assert list(answers) == names
    assert ANSWER.fullmatch(answers.pop("olaf.jpg"))
    assert answers == {
        "text.jpg": "That is no picture I can open; try a JPEG or a PNG.",
        "empty.jpg": "That file is empty.",
        "half.jpg": "That picture is damaged or incomplete; try sending it again.",
        "huge.jpg": "That file is too large for me; 20 MB is the most I can take.",
        "gone.jpg": "No such file or directory.",
        "olaf.jpg/x": "Not a directory.",
    }


@pytest.mark.parametrize(
    "name", ["Schneemann am Fluß.jpg", "雪だるま ⛄.jpg", "-n.jpg", "a\tb.jpg", 'it\'s "this".jpg']
)
def test_a_photo_may_have_any_name(
    name: str, folder: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(name).write_bytes((folder / "olaf.jpg").read_bytes())
    code, lines, err = run(capsys, "--model", model, "--json", "--", name)
    assert (code, err) == (0, "")
    assert [json.loads(line)["photo"] for line in lines] == [name]
    code, lines, err = run(capsys, "--model", model, "--", name)
    assert (code, err) == (0, "")
    assert lines[0].startswith(f"{name}: ")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "PHOTO"),
        (["olaf.jpg", "--colour"], "--colour"),
        (["olaf.jpg", "--model"], "--model: expected one argument"),
        (["empty"], "there are no pictures in empty"),
        (["olaf.jpg", "--model", "enormous"], "There is no model at enormous"),
        (["olaf.jpg", "--model", "olaf.jpg"], "olaf.jpg is damaged or no safetensors file"),
        (["olaf.jpg", "--model", "empty"], "There is no model at empty"),
    ],
)
def test_wrong_usage_ends_with_2_and_a_sentence(
    arguments: list[str], complaint: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "empty").mkdir()
    code, lines, err = run(capsys, *arguments)
    assert (code, lines) == (2, [])
    assert complaint in err.splitlines()[-1]
    assert "Traceback" not in err


def test_help_names_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    code, lines, _ = run(capsys, "--help")
    assert code == 0
    assert {"PHOTO", "--model", "--json"} <= set(" ".join(lines).split())


def test_the_true_program_with_its_exit_code(folder: Path, model: str) -> None:
    bad = os.fsdecode(b"caf\xe9.jpg")  # a name from an older system, in no encoding of today
    Path(bad).write_bytes((folder / "olaf.jpg").read_bytes())
    command = [sys.executable, "-m", "classifier", "--model", model]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "PYTHONIOENCODING": "utf-8"}
    process = subprocess.run(
        [*command, "olaf.jpg", bad, "gone.jpg"],
        capture_output=True,
        env=environment,
        timeout=60,
        check=False,
    )
    assert process.stderr == b""
    lines = process.stdout.decode(errors="surrogateescape").splitlines()
    assert [line.split(":")[0] for line in lines] == ["olaf.jpg", "caf\\udce9.jpg", "gone.jpg"]
    assert process.returncode == 1


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of Unix")
def test_a_reader_that_has_seen_enough_is_no_error(folder: Path, model: str) -> None:
    process = subprocess.run(
        '"$PYTHON" -m classifier --model "$MODEL" olaf.jpg yeti.png | true',
        shell=True,
        capture_output=True,
        env={
            **os.environ,
            "PYTHONPATH": str(PROJECT),
            "PYTHON": sys.executable,
            "MODEL": model,
            "PYTHONUNBUFFERED": "",  # nothing is written before the end
        },
        timeout=60,
        check=True,
    )
    assert process.stderr == b""
