"""`python -m classifier.photos`: what is wrong with a folder before training on it."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from classifier import photos


def test_a_good_folder_has_nothing_to_mend_but_its_size(
    drawings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert photos.main([str(drawings)]) == 1
    shown = capsys.readouterr().out
    assert "olaf             8 pictures" in shown
    assert "olaf: 8 pictures are few" in shown


def test_what_would_spoil_a_training_is_found(drawings: Path) -> None:
    (drawings / "olaf" / "broken.jpg").write_bytes(b"no picture")
    Image.open(drawings / "olaf" / "1.png").resize((40, 40)).save(drawings / "olaf" / "tiny.png")
    copy = Image.open(drawings / "olaf" / "3.png")
    copy.resize((copy.width // 2, copy.height // 2)).save(drawings / "olaf" / "copy.jpg")
    Image.open(drawings / "abominable" / "5.png").save(drawings / "neither" / "wrong.webp")
    found = photos.inspect_folder(drawings)
    assert [str(name) for name, _ in found.unreadable] == ["olaf/broken.jpg"]
    assert [str(name) for name in found.tiny] == ["olaf/tiny.png"]
    assert {Path("olaf/3.png"), Path("olaf/copy.jpg")} in [set(names) for names in found.copies]
    wrong = {Path("abominable/5.png"), Path("neither/wrong.webp")}
    assert any(wrong <= set(names) for names in found.contradictions)
    assert found.has_faults


def test_contact_sheets_are_drawn(drawings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photos.main([str(drawings), "--sheets", str(drawings / "sheets")])
    assert "drawn" in capsys.readouterr().out
    assert {path.name for path in (drawings / "sheets").iterdir()} == {
        "olaf-1.jpg",
        "abominable-1.jpg",
        "neither-1.jpg",
    }


def test_a_folder_of_something_else_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as exit_:
        photos.main([str(tmp_path)])
    assert exit_.value.code == 2
