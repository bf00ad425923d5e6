"""What the teacher sees, and how it is kept."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from classifier.training import teacher
from classifier.training.dataset import read_folder
from classifier.training.teacher import tokens_of


class Brightness:
    """A teacher that sees a picture's mean of red, green and blue, and counts the pictures."""

    def __init__(self) -> None:
        self.seen = 0

    def __call__(self, view: torch.Tensor) -> torch.Tensor:
        self.seen += 1
        return view.mean((1, 2))


class Interrupted(Brightness):
    """One that is stopped at the tenth picture."""

    def __call__(self, view: torch.Tensor) -> torch.Tensor:
        if self.seen == 9:
            raise KeyboardInterrupt
        return super().__call__(view)


def test_each_picture_is_looked_at_once_even_if_it_is_broken_off(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teacher, "WRITTEN_AFTER", 4)
    rows, kept = read_folder(photos), tmp_path / "new" / "tokens.safetensors"
    with pytest.raises(KeyboardInterrupt):
        tokens_of(rows, kept, Interrupted())
    goes_on, from_nothing = Brightness(), Brightness()
    tokens = tokens_of(rows, kept, goes_on)
    assert goes_on.seen == len(rows) - 8
    assert tokens is not None
    expected = tokens_of(rows, tmp_path / "other", from_nothing)
    assert expected is not None
    assert from_nothing.seen == len(rows)
    assert torch.equal(tokens, expected)
    assert len(tokens.unique(dim=0)) > 20


def test_what_was_kept_needs_no_teacher_but_a_new_picture_does(
    photos: Path, tmp_path: Path
) -> None:
    rows, kept = read_folder(photos), tmp_path / "tokens"
    assert tokens_of(rows, kept, None) is None
    tokens = tokens_of(rows[1:], kept, Brightness())
    assert tokens is not None
    again = tokens_of(rows[:0:-1], kept, None)
    assert again is not None
    assert torch.equal(again, tokens.flip(0))
    assert tokens_of(rows, kept, None) is None
    kept.write_bytes(kept.read_bytes()[:40])  # broken off
    assert tokens_of(rows[1:], kept, None) is None
