"""Training, on pictures that the tests draw themselves."""

from __future__ import annotations

import copy
import random
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from PIL import Image, ImageDraw
from safetensors.torch import save_file
from torch import nn

from classifier import train
from classifier.evaluation import metrics
from classifier.model import build, folds_folder, load, pooled_features
from classifier.training import loop
from classifier.training.augment import Augmenter
from classifier.training.corruptions import (
    CLEAN_SHARE,
    MILD,
    STRONG,
    TEXT_ROWS,
    draw_captions,
    cover,
    frame_as_screenshot,
    jitter_colours,
    corrupt,
)
from classifier.training.dataset import (
    FOLDS,
    LABELS,
    Pictures,
    Row,
    evaluation_batch,
    labels_of,
    read_folder,
    some_groups,
)
from classifier.training.loop import Stage, fit, normalised, predict, fit_head
from classifier.training.small_convs import MatmulConv2d, use_matmul_convs
from classifier.training.teacher import Teacher, soft_labels
from classifier.training.views import BATCH, TrainingViews
from classifier.types import Category

if TYPE_CHECKING:
    from torchvision.models import ResNet

TINY = (Stage(32, 1, 1e-3), Stage(48, 1, 1e-3))


def drawn(seed: int, mode: str = "RGB") -> Image.Image:
    """Draw a picture of a few large ellipses, unlike any of another seed."""
    chance = random.Random(seed)
    picture = Image.new(mode, (96, 80), 0 if mode == "RGBA" else (90, 120, 150))
    pen = ImageDraw.Draw(picture)
    for _ in range(6):
        x, y = chance.randrange(80), chance.randrange(60)
        colour = (chance.randrange(256), chance.randrange(256), chance.randrange(256))
        pen.ellipse((x, y, x + chance.randrange(10, 50), y + chance.randrange(10, 50)), fill=colour)
    return picture


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Return a folder of ten pictures for each label, some of them cut-outs."""
    folder = tmp_path / "photos"
    for number, label in enumerate(Category):
        (folder / label).mkdir(parents=True)
        for index in range(10):
            cut_out = label is not Category.NEITHER and index < 3
            picture = drawn(100 * number + index, "RGBA" if cut_out else "RGB")
            picture.save(folder / label / f"{index}.png")
    return folder


@pytest.fixture
def backbone(tmp_path: Path) -> Path:
    """Return the file of a resnet18 that knows nothing."""
    path = tmp_path / "backbone.safetensors"
    state = {name: value for name, value in build().state_dict().items() if "fc" not in name}
    save_file({name: value.half() for name, value in state.items()}, path)
    return path


class Pedant(Teacher):
    """A teacher who only knows the average colour."""

    def __init__(self) -> None:
        """Need no packages."""

    def describe(self, views: torch.Tensor) -> torch.Tensor:
        return views.mean((2, 3)).half()


class Dazzled(Pedant):
    """To whom the red of a view is ten times what its blue is."""

    def describe(self, views: torch.Tensor) -> torch.Tensor:
        return views.mean((2, 3)).mul(torch.tensor([10.0, 5.0, 1.0])).half()


def small_pool(photos: Path) -> TrainingViews:
    return TrainingViews.make(Pictures.read(read_folder(photos), 64), count=320, side=48, teacher=None)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the command do what it does in seconds."""
    monkeypatch.setattr(train, "RECIPES", {64: TINY, 224: (*TINY, Stage(48, 1, 1e-3))})
    monkeypatch.setattr(train, "PICTURE_SIDE", 64)
    monkeypatch.setattr(train, "VIEW_SIDE", 48)
    monkeypatch.setattr(train, "VIEWS", 320)
    monkeypatch.setattr(train, "load_teacher", Pedant)


def command(photos: Path, backbone: Path, *more: object) -> int:
    arguments = ["--photos", photos, "--backbone", backbone, *more]
    return train.main([str(argument) for argument in arguments])


@pytest.mark.usefixtures("quick")
def test_training_writes_both_models_and_what_they_say_of_unseen_folds(
    photos: Path, backbone: Path
) -> None:
    outs = {64: photos.parent / "own.safetensors", 224: photos.parent / "large.safetensors"}
    assert command(photos, backbone, "--size", *outs, "--out", *outs.values(), "--folds") == 0
    for size, out in outs.items():
        network, card = load(out)
        kept = [load(folds_folder(out) / f"{fold}.safetensors") for fold in range(FOLDS)]
        assert all(its_card == card for _, its_card in kept)
        assert (card.name, card.size) == (out.stem, size)
        assert (card.metrics["n"], card.metrics["n_snow"]) == (30, 20)
        assert network(torch.zeros(1, 3, size, size)).isfinite().all()


@pytest.mark.usefixtures("quick")
def test_a_model_is_the_same_whether_the_other_is_made_as_well(
    photos: Path, backbone: Path
) -> None:
    out, again, other = (photos.parent / f"{name}.safetensors" for name in "abc")
    assert command(photos, backbone, "--size", 64, "--out", out) == 0
    assert command(photos, backbone, "--size", 224, 64, "--out", other, again) == 0
    alone, card = load(out)
    assert not folds_folder(out).exists()
    assert not card.metrics
    assert torch.equal(alone.fc.weight, load(again)[0].fc.weight)


@pytest.mark.usefixtures("quick")
def test_a_point_of_the_learning_curve_is_asked_about_all_photos(
    photos: Path, backbone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taught = []
    monkeypatch.setattr(train, "fit_head", lambda _, rows, *__: taught.append(len(rows)))
    out = photos.parent / "half.safetensors"
    assert command(photos, backbone, "--size", 64, "--out", out, "--folds", "--share", 0.5) == 0
    _, card = load(out)
    assert card.trained_on == "5 olaf, 5 abominable, 5 neither"
    assert card.metrics["n"] == 30
    assert taught == [12, 12, 12, 12, 12, 15]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("is_taught", [True, False])
def test_the_last_layer_hears_of_its_own_pictures_what_the_teacher_says_if_there_is_one(
    photos: Path, backbone: Path, is_taught: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = []

    def hear(_: ResNet, rows: list[Row], target: torch.Tensor, __: int) -> None:
        heard.append((rows, target))

    monkeypatch.setattr(train, "fit_head", hear)
    if not is_taught:
        monkeypatch.setattr(train, "load_teacher", lambda: None)
    out = photos.parent / "own.safetensors"
    assert command(photos, backbone, "--size", 64, "--out", out, "--folds") == 0
    for fold, (rows, target) in enumerate(heard):
        assert all(row.fold != fold for row in rows)
        assert len(rows) == (24 if fold < FOLDS else 30)
        assert torch.equal(target, certain(rows)) is not is_taught
        torch.testing.assert_close(target.sum(1), torch.ones(len(rows)))


def test_the_teacher_describes_the_pictures_themselves_in_their_order(photos: Path) -> None:
    rows = read_folder(photos)
    pool = TrainingViews.make(Pictures.read(rows, 64), count=320, side=48, teacher=Pedant())
    assert pool.rows == rows
    torch.testing.assert_close(pool.plain, evaluation_batch(rows, 48).mean((2, 3)).half())


@pytest.mark.parametrize("share", ["0", "1.5", "half"])
def test_a_share_is_some_of_the_whole(
    photos: Path, backbone: Path, share: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        command(photos, backbone, "--size", 64, "--out", "a", "--share", share)
    assert share in capsys.readouterr().err


def test_a_share_of_the_groups_is_whole_groups_of_every_label() -> None:
    rows = [
        Row(Path(f"{label}{number}"), label, f"{label}{number // 3}", number // 3 % FOLDS)
        for label in LABELS
        for number in range(60)
    ]
    quarter, half = some_groups(rows, 0.25), some_groups(rows, 0.5)
    assert set(quarter) < set(half) < set(rows)
    assert some_groups(rows, 1) == rows
    for label in LABELS:
        chosen = [row for row in half if row.label is label]
        assert len(chosen) == 30
        assert len({row.group for row in chosen}) == 10
        assert {row.fold for row in chosen} == set(range(FOLDS))


@pytest.mark.parametrize("wrong", [("64", "224", "--out", "a"), ("64", "64", "--out", "a", "b")])
def test_each_size_is_named_once_and_has_a_file(
    photos: Path, backbone: Path, wrong: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        command(photos, backbone, "--size", *wrong)
    assert "each --size once" in capsys.readouterr().err


def test_no_feature_of_the_teacher_weighs_more_than_another(photos: Path) -> None:
    pictures = Pictures.read(read_folder(photos), 64)
    pool = TrainingViews.make(pictures, count=320, side=48, teacher=Dazzled())
    features = pool.features.float()
    torch.testing.assert_close(features.mean(0), torch.zeros(3), atol=1e-2, rtol=0)
    assert float(features.std(0).min()) > 0.5
    assert float(features.std(0).max()) <= 1
    seen = pool.views.float().mean((2, 3))
    assert torch.corrcoef(torch.stack([features[:, 0], seen[:, 0]]))[0, 1] > 0.99


def learn(pool: TrainingViews, network: ResNet) -> ResNet:
    torch.manual_seed(0)
    pupil = nn.Linear(network.fc.in_features, pool.features.shape[1])
    target = nn.functional.one_hot(pool.label, 3).float()
    chosen, before = torch.arange(len(pool.label)), pupil.weight.clone()
    learned, taught = fit(network, pupil, pool, target, chosen, Stage(32, 2, 1e-3), "")
    assert torch.equal(pupil.weight, before)
    assert not torch.equal(taught.weight, before)
    return learned


def test_learning_leaves_what_it_began_with_alone(photos: Path) -> None:
    network = build()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    learned = learn(small_pool(photos), network)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert not torch.equal(learned.conv1.weight, network.conv1.weight)
    assert not any(isinstance(layer, MatmulConv2d) for layer in learned.modules())


def test_more_than_half_of_the_views_are_learned_from_spoilt(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = small_pool(photos)
    pool.views.fill_(100)
    monkeypatch.setattr(loop, "corrupt", lambda views: views + 1)
    monkeypatch.setattr(loop, "MIXUP_SHARE", 0)
    network, brightness = build(), []
    network.conv1.register_forward_pre_hook(
        lambda _, given: brightness.extend(given[0].mean((1, 2, 3)).tolist())
    )
    learn(pool, network)
    assert len(brightness) == 2 * BATCH
    spoilt = sum(seen > 3 for seen in brightness)
    assert BATCH < spoilt < 2 * BATCH


@pytest.mark.parametrize("side", [32, 50, 112])
def test_gathering_is_the_same_convolution(side: int) -> None:
    torch.manual_seed(0)
    views = torch.rand(3, 3, side, side)
    plain = build().train()
    quick = use_matmul_convs(copy.deepcopy(plain))
    assert sum(isinstance(layer, MatmulConv2d) for layer in quick.modules()) == 4
    assert [*quick.state_dict()] == [*plain.state_dict()], "the average is taken in this order"
    found = [pooled_features(network, views) for network in (plain, quick)]
    torch.testing.assert_close(found[1], found[0], atol=1e-4, rtol=1e-4)
    for features in found:
        features.square().sum().backward()
    for one, other in zip(plain.layer4.parameters(), quick.layer4.parameters(), strict=True):
        scale = float(one.grad.abs().max())
        torch.testing.assert_close(other.grad, one.grad, atol=1e-3 * scale, rtol=1e-3)


def certain(rows: list[Row]) -> torch.Tensor:
    return nn.functional.one_hot(labels_of(rows), len(LABELS)).float()


def test_settling_listens_to_what_ought_to_be_said(photos: Path) -> None:
    rows = read_folder(photos)
    torch.manual_seed(0)
    network = build().eval()
    unsure = torch.full((len(rows), 3), 1 / 3)
    fit_head(network, rows, unsure, 48)
    torch.testing.assert_close(predict(network, rows, 48).softmax(1), unsure, atol=0.02, rtol=0)
    fit_head(network, rows, certain(rows).roll(1, 1), 48)
    wrong = (predict(network, rows, 48).argmax(1) - labels_of(rows)) % 3 == 1
    assert wrong.float().mean() > 0.5


def test_settling_changes_the_last_layer_alone(photos: Path) -> None:
    rows = read_folder(photos)
    torch.manual_seed(0)
    network = build().eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    fit_head(network, rows, certain(rows), 48)
    changed = {n for n, value in network.state_dict().items() if not torch.equal(value, before[n])}
    assert changed == {"fc.weight", "fc.bias"}
    answers = predict(network, rows, 48).argmax(1)
    right = [list(Category)[int(said)] is row.label for said, row in zip(answers, rows, strict=True)]
    assert sum(right) > len(rows) / 2, "it was fitted to these very pictures"


def test_settling_hears_of_spoilt_pictures(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        schooling, "corrupt", lambda views, strength: 1 - views if strength is STRONG else views
    )
    rows = read_folder(photos)
    torch.manual_seed(0)
    network = build().eval()
    fit_head(network, rows, certain(rows), 48)
    with torch.no_grad():
        answers = network(normalised(1 - evaluation_batch(rows, 48))).argmax(1)
    right = [list(Category)[int(said)] is row.label for said, row in zip(answers, rows, strict=True)]
    assert sum(right) > len(rows) / 2


def test_without_its_packages_there_is_no_teacher(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "efficientnet_lite_pytorch", None)
    assert train.load_teacher() is None
    assert "pip install" in capsys.readouterr().err


def test_the_teacher_says_of_new_views_what_its_features_tell() -> None:
    torch.manual_seed(0)
    label = torch.arange(300) % 3
    features = torch.nn.functional.one_hot(label, 3) + 0.3 * torch.randn(300, 3)
    said = soft_labels(features, label, torch.arange(150), torch.ones(150), 0.03)
    assert (said[150:].argmax(1) == label[150:]).float().mean() > 0.9
    torch.testing.assert_close(said.sum(1), torch.ones(300))


def test_the_teacher_never_hears_of_views_that_were_not_chosen() -> None:
    torch.manual_seed(0)
    features, label, chosen = torch.randn(60, 4), torch.arange(60) % 3, torch.arange(40)
    said = soft_labels(features, label, chosen, torch.ones(40), 0.03)
    others = torch.cat([label[:40], label[40:].roll(1)])
    assert torch.equal(said, soft_labels(features, others, chosen, torch.ones(40), 0.03))


def test_a_fold_is_made_of_its_own_pictures(photos: Path) -> None:
    rows = read_folder(photos)
    pictures = Pictures.read(rows, 64)
    for level in pictures.levels:
        for row, pixels in zip(rows, level, strict=True):
            pixels[3] = 255
            pixels[:3] = 255 if row.fold == 2 else 0
    pool = TrainingViews.make(pictures, count=320, side=32, teacher=None)
    assert pool.fold.bincount().tolist() == [64] * FOLDS
    bright = pool.views.float().mean((1, 2, 3))
    assert bright[pool.fold == 2].mean() > bright[pool.fold != 2].mean() + 50


def test_copies_stay_on_one_side_of_a_split(photos: Path) -> None:
    original = drawn(1)
    original.resize((200, 160)).save(photos / "olaf" / "copy-larger.png")
    original.save(photos / "olaf" / "copy-spoilt.jpg", quality=30)
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
    with pytest.raises(FileNotFoundError, match="olaf"):
        read_folder(tmp_path)


def test_manifest_decides_groups_and_folds(photos: Path) -> None:
    lines = ["file,label,style,group,fold", "olaf/1.png,olaf,toy,a,4"]
    lines += ["abominable/1.png,abominable,toy,b,2", "neither/1.png,neither,everyday,c,0"]
    (photos / "manifest.csv").write_text("\n".join(lines))
    rows = read_folder(photos)
    assert (rows[0].label, rows[0].group, rows[0].fold) == (Category.OLAF, "a", 4)
    assert [row.everyday for row in rows] == [False, False, True]


def test_pictures_that_are_held_out_leave_no_trace(photos: Path) -> None:
    rows = read_folder(photos)
    pictures = Pictures.read(rows, 64)
    inside = pictures.index(row.fold != 0 for row in rows)
    outside = pictures.index(row.fold == 0 for row in rows)
    levels = [level.clone() for level in pictures.levels]
    for level in levels:
        level[outside] = 255
    spoilt = replace(pictures, levels=tuple(levels), aspect=pictures.aspect.clone())
    spoilt.aspect[outside] = 7
    batches = []
    for version in (pictures, spoilt):
        torch.manual_seed(0)
        batches.append(Augmenter(version, inside).batch(200, 32))
    assert torch.equal(batches[0][0], batches[1][0])
    assert torch.equal(batches[0][1], batches[1][1])


def test_views_are_pictures_of_every_label(photos: Path) -> None:
    pictures = Pictures.read(read_folder(photos), 64)
    torch.manual_seed(0)
    views, labels = Augmenter(pictures, torch.arange(len(pictures.rows))).batch(64, 48)
    assert views.shape == (64, 3, 48, 48)
    assert float(views.min()) >= 0
    assert float(views.max()) <= 1
    assert set(labels.tolist()) == {0, 1, 2}


def test_spoiling_leaves_the_views_that_it_is_given_alone() -> None:
    torch.manual_seed(0)
    views = torch.rand(1000, 3, 16, 16)
    before = views.clone()
    spoilt = corrupt(views)
    assert torch.equal(views, before)
    assert float(spoilt.min()) >= 0
    assert float(spoilt.max()) <= 1
    whole = (spoilt == before).flatten(1).all(1).float().mean()
    # As they are: those kept clean that are neither frame_as_screenshot (0.15) nor cover (0.45).
    assert whole == pytest.approx(CLEAN_SHARE * 0.85 * 0.55, abs=0.02)


def test_strong_spoiling_is_lighter_and_covers_more() -> None:
    grey = torch.full((400, 3, 16, 16), 0.3)
    found = []
    for strength in (MILD, STRONG):
        torch.manual_seed(0)
        lightness = float(jitter_colours(grey, strength.light).mean())
        touched = int((cover(grey.clone(), strength) != grey).flatten(1).any(1).sum())
        found.append((lightness, touched))
    assert found[0][0] < found[1][0]
    assert 0 < found[0][1] < found[1][1] < len(grey)


def test_covers_leave_a_part_to_be_seen() -> None:
    torch.manual_seed(0)
    views = torch.rand(400, 3, 40, 40)
    changed = (cover(views.clone()) != views).any(1).float().mean((1, 2))
    assert 0.35 < (changed > 0).float().mean() < 0.6
    assert changed.max() <= 0.6


def test_some_bars_are_written_on() -> None:
    torch.manual_seed(0)
    views = cover(torch.full((200, 3, 64, 64), 0.5))
    # Covers are of one colour each; only letters give a line many tones.
    tones = torch.tensor([max(len(line.unique()) for line in view[0]) for view in views])
    assert 0.1 < (tones > 5).float().mean() < 0.25


def test_a_phones_screen_shows_the_picture_smaller() -> None:
    torch.manual_seed(0)
    views = torch.rand(200, 3, 40, 40)
    shown = frame_as_screenshot(views.clone())
    changed = (shown != views).flatten(1).any(1)
    assert 0.08 < changed.float().mean() < 0.25
    assert (shown[changed][:, :, 0].std(2) == 0).all(), "a bar lies along its upper edge"


def test_captions_lie_in_the_rows_that_are_cut_out_of_them() -> None:
    alpha = draw_captions()[:, 3].bool()
    inside = torch.zeros(alpha.shape[1], dtype=torch.bool)
    inside[TEXT_ROWS] = True
    assert not alpha[:, ~inside].any()
    assert alpha[:, inside].flatten(1).any(1).all()


def test_cut_outs_are_found(photos: Path) -> None:
    rows: list[Row] = read_folder(photos)
    assert int(Pictures.read(rows, 32).cut_out.sum()) == 6


def test_metrics_of_a_known_table() -> None:
    probabilities = torch.tensor(
        [[0.8, 0.1, 0.1], [0.3, 0.4, 0.3], [0.1, 0.6, 0.3], [0.1, 0.2, 0.7], [0.5, 0.2, 0.3]]
    )
    truth = torch.tensor([0, 0, 1, 2, 2])
    numbers = metrics.summary(probabilities, truth, unfamiliar_above=0.5)
    assert numbers["accuracy_two"] == pytest.approx(2 / 3)
    # 'neither' is the answer above one half only: the second Olaf is taken for a yeti.
    assert numbers["balanced_accuracy_three"] == pytest.approx((0.5 + 1 + 0.5) / 3)
    # Olaf at 0.8 and the yeti at 0.6 are right; 0.4, 0.2 and 0.5 are not.
    assert numbers["ece"] == pytest.approx((0.2 + 0.4 + 0.4 + 0.2 + 0.5) / 5)
    assert numbers["auroc_unfamiliar"] == pytest.approx((3 + 2 * 0.5 + 1) / 6)


def test_calibration_softens_what_is_too_sure() -> None:
    truth = torch.tensor([0, 1, 2, 0, 1, 2, 0, 1, 2, 0])
    logits = 8.0 * torch.nn.functional.one_hot(truth, 3).float()
    logits[:3] = logits[:3].roll(1, 1)
    assert metrics.fit_calibration(logits, truth)[1] > 1


def test_calibration_finds_the_shares_of_the_pictures_it_is_fitted_to() -> None:
    torch.manual_seed(0)
    for neither in (100, 1000):
        truth = torch.tensor([0] * 100 + [1] * 100 + [2] * neither)
        logits = torch.nn.functional.one_hot(truth, 3) + torch.randn(len(truth), 3)
        shift, temperature = metrics.fit_calibration(logits, truth)
        logits[:, 2] += shift
        probabilities = (logits / temperature).softmax(1)
        share = neither / len(truth)
        assert float(probabilities[:, 2].mean()) == pytest.approx(share, abs=0.03)


def test_one_in_twenty_snow_people_is_called_unfamiliar_at_the_most() -> None:
    torch.manual_seed(0)
    truth = torch.tensor([0, 1, 2, 2] * 50)
    probabilities = (torch.nn.functional.one_hot(truth, 3) + torch.randn(200, 3)).softmax(1)
    above = metrics.fit_threshold(probabilities, truth)
    numbers = metrics.summary(probabilities, truth, above)
    assert numbers["snow_called_unfamiliar"] == pytest.approx(0.05)
    lower = metrics.summary(probabilities, truth, above - 0.02)
    assert lower["snow_called_unfamiliar"] > 0.05
