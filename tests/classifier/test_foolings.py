"""What the measure of learning from foolings draws, and what it says."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from PIL import Image

from tests.support.pictures import everyday
from tools import foolings


def test_each_object_is_photographed_in_frames_of_its_own(tmp_path: Path) -> None:
    scene = tmp_path / "scene.png"
    everyday((200, 200)).save(scene)
    photos = foolings.photograph_all(tmp_path, [scene], 1, count=2)
    assert len(photos) == len(foolings.FOOLINGS)
    seen = {row.path.read_bytes() for rows in photos.values() for row in rows}
    assert len(seen) == 2 * len(photos)
    for rows in photos.values():
        assert all(row.path.parent.name == row.label for row in rows)
    again = foolings.photograph(foolings.egg, Image.open(scene), random.Random(4))
    assert again == foolings.photograph(foolings.egg, Image.open(scene), random.Random(4))


@pytest.mark.slow
def test_it_tells_what_was_learned_and_what_was_forgotten(
    drawings: Path,
    tiny_model: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(foolings, "LEARNED", 1)
    monkeypatch.setattr(foolings, "ASKED", 1)
    monkeypatch.setattr(foolings, "OBJECTS", 2)
    code = foolings.main(["--photos", str(drawings), "--model", str(tiny_model)])
    lines = {line[:28].strip(): line[28:].split() for line in capsys.readouterr().out.splitlines()}
    assert set(foolings.FOOLINGS) < set(lines)
    after = [float(lines[name][1]) for name in foolings.FOOLINGS if len(lines[name]) == 2]
    assert len(after) == 2
    assert float(lines["mean of the learned"][0]) == pytest.approx(sum(after) / 2, abs=0.01)
    assert code in (0, 1)
