"""A folder of labelled photos, with a manifest and without."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from classifier.training.dataset import (
    FOLDS,
    DatasetError,
    Pictures,
    Row,
    assign_folds_by_source,
    folds_by_cost,
    read_folder,
    split,
)
from classifier.types import CATEGORIES, Category
from tests.support.pictures import draw_ellipses


def test_copies_stay_on_one_side_of_a_split(photos: Path) -> None:
    original = draw_ellipses(1)
    original.resize((200, 160)).save(photos / "olaf" / "copy-larger.png")
    original.save(photos / "olaf" / "copy-lossy.jpg", quality=30)
    original.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(photos / "olaf" / "copy-mirrored.png")
    original.save(photos / "olaf" / "copy.png")
    rows = read_folder(photos)
    copies = [row for row in rows if row.path.name.startswith("copy")]
    assert len({row.group for row in copies}) == 1
    assert len({row.group for row in rows}) > 20
    fold_of: dict[str, int] = {}
    assert all(fold_of.setdefault(row.group, row.fold) == row.fold for row in rows)
    assert {row.fold for row in rows} == set(range(FOLDS))


def test_an_unreadable_file_is_left_out(photos: Path) -> None:
    (photos / "olaf" / "broken.jpg").write_bytes(b"no picture")
    assert len(read_folder(photos)) == 30


def test_a_folder_without_a_label_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="olaf"):
        read_folder(tmp_path)


def test_manifest_decides_groups_and_folds(photos: Path) -> None:
    lines = ["file,label,style,group,fold", "olaf/1.png,olaf,toy,a,4"]
    lines += ["abominable/1.png,abominable,toy,b,2", "neither/1.png,neither,everyday,c,0"]
    (photos / "manifest.csv").write_text("\n".join(lines))
    rows = read_folder(photos)
    assert (rows[0].label, rows[0].group, rows[0].fold) == (Category.OLAF, "a", 4)
    assert [row.everyday for row in rows] == [False, False, True]


def test_cut_outs_are_found(photos: Path) -> None:
    rows: list[Row] = read_folder(photos)
    assert int(Pictures.read(rows, 32).cut_out.sum()) == 6


FILES = [f"{label}/{index}.png" for label in CATEGORIES for index in range(10)]


def write_manifest(photos: Path, header: str, line: str, encoding: str = "utf-8") -> None:
    """Write a line for each file, of its {file}, its {label} and a number {n} shared by two."""
    lines = [
        line.format(file=file, label=file.split("/")[0], n=n // 2) for n, file in enumerate(FILES)
    ]
    (photos / "manifest.csv").write_text("\n".join([header, *lines]), encoding=encoding)


def test_groups_of_a_manifest_without_folds_are_spread_over_the_folds(photos: Path) -> None:
    write_manifest(photos, "file,label,group", "{file},{label},g{n}")
    rows = read_folder(photos)
    assert [row.group for row in rows] == [f"g{n // 2}" for n in range(30)]
    fold_of: dict[str, int] = {}
    assert all(fold_of.setdefault(row.group, row.fold) == row.fold for row in rows)
    assert {row.fold for row in rows} == set(range(FOLDS))


def test_pictures_of_a_manifest_without_groups_and_folds_are_grouped_by_their_looks(
    photos: Path,
) -> None:
    draw_ellipses(0).save(photos / "olaf" / "0.png")
    draw_ellipses(0).resize((200, 160)).save(photos / "olaf" / "1.png")
    write_manifest(photos, "file,label", "{file},{label}")
    rows = read_folder(photos)
    assert (rows[0].group, rows[0].fold) == (rows[1].group, rows[1].fold)
    assert len({row.group for row in rows}) > 20
    assert {row.fold for row in rows} == set(range(FOLDS))


def test_folds_of_a_manifest_without_groups_stay_as_they_are(photos: Path) -> None:
    write_manifest(photos, "file,label,fold", "{file},{label},3")
    rows = read_folder(photos)
    assert {row.fold for row in rows} == {3}
    assert len({row.group for row in rows}) > 20


def test_a_manifest_of_a_spreadsheet_is_understood(photos: Path) -> None:
    write_manifest(photos, "file,label,fold", "{file},{label},3", encoding="utf-8-sig")
    assert len(read_folder(photos)) == 30


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "line 1: there is no column file or label; .* must name the columns"),
        ("name,label\nolaf/0.png,olaf", "line 1: there is no column file;"),
        ("file,what\nolaf/0.png,olaf", "line 1: there is no column label;"),
        ("file,label\nolaf/0.png,olaf\nolaf/1.png,snowman", "line 3: 'snowman' is no label; write"),
        ("file,label\nolaf/0.png", "line 2: '' is no label; write olaf, abominable or neither"),
        ("file,label\n,olaf", "line 2: no file is named"),
        ("file,label\nolaf/none.png,olaf", "line 2: there is no file .*none.png; correct it or"),
        ("file,label\nolaf,olaf", "line 2: there is no file .*olaf; correct it or"),
        ("file,label,group\nolaf/0.png,olaf,", "line 2: no group is named; name"),
        ("file,label,fold\nolaf/0.png,olaf,x", "line 2: 'x' is no fold; write 0 to 4"),
        ("file,label,fold\nolaf/0.png,olaf,5", "line 2: '5' is no fold"),
        ('file,label\n"' + "x" * 200_000, "line 1: this is no CSV"),
        (b"file,label\nolaf/\xff.png,olaf", "is not in UTF-8; save it"),
    ],
)
def test_a_manifest_that_makes_no_sense_is_a_sentence_with_its_line(
    photos: Path, content: str | bytes, complaint: str
) -> None:
    manifest = photos / "manifest.csv"
    manifest.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DatasetError, match=complaint) as refused:
        read_folder(photos)
    assert str(manifest) in str(refused.value)
    assert str(refused.value).endswith(".")


def test_a_picture_that_cannot_be_read_is_named(photos: Path) -> None:
    (photos / "olaf" / "0.png").write_bytes(b"no picture")
    write_manifest(photos, "file,label,group", "{file},{label},g{n}")
    with pytest.raises(DatasetError, match=r"olaf/0\.png: That is no picture"):
        Pictures.read(read_folder(photos), 32)


def sourced(number: int, label: Category, group: str, source: str, fold: int = 0) -> Row:
    return Row(Path(str(number)), label, group, fold, "toy", source)


def test_a_source_has_one_fold_and_the_folds_are_about_as_large() -> None:
    rows = [
        sourced(number, label, f"{label}{number}", f"someone/{number // 3}")
        for label in CATEGORIES
        for number in range(90)
    ]
    folds = assign_folds_by_source(rows)
    assert set(folds) == {row.source for row in rows}
    sizes = [sum(folds[row.source] == fold for row in rows) for fold in range(FOLDS)]
    assert max(sizes) - min(sizes) <= 9


def test_sources_that_share_originals_mostly_share_a_fold() -> None:
    rows = [
        sourced(number, label, f"{label}{number % 10}", f"someone/{number}")
        for label in CATEGORIES
        for number in range(40)
    ]
    folds = assign_folds_by_source(rows)
    parted = [
        len({folds[row.source] for row in rows if row.group == group})
        for group in {row.group for row in rows}
    ]
    assert sum(parted) / len(parted) < 2


def test_sources_of_a_manifest_decide_the_folds_and_collections_are_many_sources(
    photos: Path,
) -> None:
    lines = ["file,label,group,fold,source"]
    for number, file in enumerate(FILES):
        label = file.split("/")[0]
        source = "a collection" if label == "neither" else f"someone/{number // 2}:photos/{number}"
        lines.append(f"{file},{label},g{number},0,{'crop of ' * (number % 2)}{source}")
    (photos / "manifest.csv").write_text("\n".join(lines))
    rows = read_folder(photos)
    assert {row.fold for row in rows} == set(range(FOLDS))
    assert [row.source for row in rows[:3]] == ["someone/0", "someone/0", "someone/1"]
    assert len({row.source for row in rows[20:]}) == 10


def test_an_original_of_a_held_out_fold_is_left_out_wherever_it_is() -> None:
    rows = [
        sourced(0, Category.OLAF, "a", "x", fold=0),
        sourced(1, Category.OLAF, "a", "y", fold=1),
        sourced(2, Category.OLAF, "b", "z", fold=2),
    ]
    assert split(rows, 0) == ([2], [0])
    assert split(rows, 2) == ([0, 1], [2])
    assert folds_by_cost(rows) == [3, 4, 2, 0, 1]
