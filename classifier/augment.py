"""Training views: pictures laid over backgrounds, distorted and spoilt, a whole batch at a time.

All of it is tensor code on batches, because two processor cores must feed the network as well as
train it. Every function takes and returns float32 RGB in 0..1, shape (n, 3, size, size).
"""

from __future__ import annotations

import functools
import io
import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch.nn import functional as F

from classifier.dataset import Pictures
from classifier.photo import BACKDROP
from classifier.verdict import Label

# How often each kind of picture is drawn. The two snow people are what it is about; look-alikes are
# few, but harder than the everyday pictures.
SHARES = {"olaf": 0.29, "abominable": 0.29, "look-alike": 0.22, "everyday": 0.20}
# So many views are only moved, turned and mirrored: most photos that people send are in order.
CLEAN = 0.25
# The rows of a drawn caption, of 256, that hold its writing.
WRITTEN = slice(104, 152)
CAPTIONS = ("I love it", "GUESS WHO CAME", "happy birthday!", "who is that?", "12:45", "so cold")


class Augmenter:
    """Makes training batches out of some of the pictures, and of nothing else."""

    def __init__(self, pictures: Pictures, chosen: torch.Tensor) -> None:
        """chosen: positions in `pictures` that may be used; the others are never looked at."""
        self.pictures = pictures
        rows = [pictures.rows[int(i)] for i in chosen]
        kinds = [
            "everyday"
            if row.everyday
            else "look-alike"
            if row.label is Label.NEITHER
            else str(row.label)
            for row in rows
        ]
        # Within its kind a picture's chance falls with the size of its group: forty crops of one
        # poster are worth more than one picture, but not forty.
        sizes = Counter(row.group for row in rows)
        raw = torch.tensor([1 / math.sqrt(sizes[row.group]) for row in rows])
        weight = torch.zeros(len(rows))
        for kind, share in SHARES.items():
            mine = torch.tensor([found == kind for found in kinds])
            if mine.any():
                weight[mine] = share * raw[mine] / raw[mine].sum()
        self.chosen, self.weight = chosen, weight
        backdrop = pictures.index(row.everyday for row in pictures.rows)
        self.backdrops = backdrop[torch.isin(backdrop, chosen)]
        self.captions = captions()

    def batch(self, count: int, size: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return `count` views and their labels (int64)."""
        picked = self.chosen[torch.multinomial(self.weight, count, replacement=True)]
        views = self._backgrounds(count, size)
        views = over(views, self._placed(picked, size))
        spoilt = (~chance(count, CLEAN)).nonzero()[:, 0]
        views[spoilt] = self._captioned(degraded(photometric(self._occluded(views[spoilt]))))
        return views.clamp(0, 1), self.pictures.label[picked]

    def _placed(self, picked: torch.Tensor, size: int) -> torch.Tensor:
        """Place each picture somewhere in a transparent frame: (n, 4, size, size)."""
        count = len(picked)
        cut_out = self.pictures.cut_out[picked]
        # An opaque picture mostly fills the frame, cropped by up to a half; now and then it is a
        # smaller picture on something else, as in a screenshot.
        zoom = torch.empty(count).uniform_(0, math.log(2.0)).exp()
        zoom = torch.where(chance(count, 0.3), torch.ones(count), zoom)
        zoom = torch.where(chance(count, 0.2), torch.empty(count).uniform_(0.45, 1.0), zoom)
        scale = torch.where(cut_out, torch.empty(count).uniform_(0.3, 1.1), zoom)
        stretch = torch.where(
            cut_out,
            self.pictures.aspect[picked].log() / 2 + torch.randn(count) * 0.15,
            torch.randn(count) * 0.1,
        )
        stretch = stretch.clamp(-0.7, 0.7)
        half = torch.stack([scale * stretch.exp(), scale * (-stretch).exp()], 1)
        # A cut-out keeps its longer side at `scale`.
        half = torch.where(cut_out[:, None], half * (scale / half.amax(1))[:, None], half)
        turn = torch.randn(count) * math.radians(15)
        turn = torch.where(chance(count, 0.1), turn * 3, turn)
        centre = torch.empty(count, 2).uniform_(-1, 1) * (half - 1).abs()
        levels = self.pictures.levels
        return paste(levels, picked, centre, half, turn, chance(count, 0.5), size)

    def _backgrounds(self, count: int, size: int) -> torch.Tensor:
        """Return everyday pictures and plain colours."""
        colour = torch.rand(count, 3)
        grey = torch.rand(count, 1).expand(-1, 3)
        colour = torch.where(chance(count, 0.3)[:, None], grey, colour)
        for tone, share in (((0.0,) * 3, 0.12), ((1.0,) * 3, 0.12), (BACKDROP, 0.2)):
            known = torch.tensor(tone) / (255 if max(tone) > 1 else 1)
            colour = torch.where(chance(count, share)[:, None], known, colour)
        views = colour[:, :, None, None].expand(-1, -1, size, size).clone()
        if len(self.backdrops):
            rows = chance(count, 0.6).nonzero()[:, 0]
            views[rows] = self._everyday(len(rows), size)
        return views

    def _everyday(self, count: int, size: int) -> torch.Tensor:
        picked = self.backdrops[torch.randint(len(self.backdrops), (count,))]
        half = torch.empty(count, 1).uniform_(1, 2.5).expand(-1, 2)
        centre = torch.empty(count, 2).uniform_(-1, 1) * (half - 1)
        still = torch.zeros(count)
        levels = self.pictures.levels
        return paste(levels, picked, centre, half, still, chance(count, 0.5), size)[:, :3]

    def _occluded(self, views: torch.Tensor) -> torch.Tensor:
        """Cover up to half of some views with a colour or a piece of an everyday picture."""
        rows = chance(len(views), 0.25).nonzero()[:, 0]
        if not len(rows):
            return views
        size = views.shape[-1]
        cover = torch.rand(len(rows), 3, 1, 1).expand(-1, -1, size, size).clone()
        if len(self.backdrops):
            pictured = chance(len(rows), 0.4).nonzero()[:, 0]
            cover[pictured] = self._everyday(len(pictured), size)
        corner = torch.rand(len(rows), 2, 1, 1) * 1.2 - 0.2
        extent = torch.empty(len(rows), 2, 1, 1).uniform_(0.15, 0.6)
        # One in three covers exactly a half: left, right, top or bottom.
        halves = torch.tensor([[0, 0, 1, 2], [1, 0, 1, 2], [0, 0, 2, 1], [0, 1, 2, 1]]) / 2
        side = halves[torch.randint(4, (len(rows),))][:, :, None, None]
        half = chance(len(rows), 0.33)[:, None, None, None]
        corner = torch.where(half, side[:, :2], corner)
        extent = torch.where(half, side[:, 2:], extent)
        axis = (torch.arange(size) + 0.5) / size
        inside_x = (axis >= corner[:, 0]) & (axis < corner[:, 0] + extent[:, 0])
        column = axis[:, None]
        inside_y = (column >= corner[:, 1]) & (column < corner[:, 1] + extent[:, 1])
        inside = (inside_x.expand(-1, size, -1) & inside_y.expand(-1, -1, size))[:, None]
        views[rows] = torch.where(inside, cover, views[rows])
        return views

    def _captioned(self, views: torch.Tensor) -> torch.Tensor:
        """Lay a line of writing across some views."""
        rows = chance(len(views), 0.1).nonzero()[:, 0]
        if len(rows):
            picked = torch.randint(len(self.captions), (len(rows),))
            centre = torch.empty(len(rows), 2).uniform_(-1, 1) * torch.tensor([0.15, 0.9])
            half = torch.empty(len(rows), 2).uniform_(0.6, 1.1)
            still = torch.zeros(len(rows))
            unmirrored = torch.zeros(len(rows), dtype=torch.bool)
            size = views.shape[-1]
            writing = paste((self.captions,), picked, centre, half, still, unmirrored, size)
            views[rows] = over(views[rows], writing)
        return views


def chance(count: int, share: float) -> torch.Tensor:
    """Return bools (count,), each true with probability `share`."""
    return torch.rand(count) < share


def over(below: torch.Tensor, above: torch.Tensor) -> torch.Tensor:
    """Lay premultiplied RGBA `above` over RGB `below`."""
    return below * (1 - above[:, 3:]) + above[:, :3]


def paste(
    levels: Sequence[torch.Tensor],
    picked: torch.Tensor,
    centre: torch.Tensor,
    half: torch.Tensor,
    turn: torch.Tensor,
    mirrored: torch.Tensor,
    size: int,
) -> torch.Tensor:
    """Place RGBA squares in transparent frames.

    levels: as in Pictures; picked: which of them, (n,). centre, half: (n, 2), x and y of the middle
    and half of the extent, in frames that reach from -1 to 1. turn: (n,), radians. Returns
    (n, 4, size, size).
    """
    cos, sin = turn.cos(), turn.sin()
    flip = torch.where(mirrored, -1.0, 1.0)
    to_x = torch.stack([cos, sin], 1) / half[:, :1] * flip[:, None]
    to_y = torch.stack([-sin, cos], 1) / half[:, 1:]
    matrix = torch.stack([to_x, to_y], 1)
    shift = -(matrix @ centre[:, :, None])
    theta = torch.cat([matrix, shift], 2)
    # Sampled from a copy of about the right size: a much larger one would flicker.
    shrink = levels[0].shape[-1] / (half.amin(1) * size)
    level = shrink.log2().round().clamp(0, len(levels) - 1).long()
    frame = torch.empty(len(picked), 4, size, size)
    for step in level.unique().tolist():
        rows = (level == step).nonzero()[:, 0]
        pixels = levels[step][picked[rows]].float() / 255
        grid = F.affine_grid(theta[rows], [len(rows), 4, size, size], align_corners=False)
        frame[rows] = F.grid_sample(pixels, grid, padding_mode="zeros", align_corners=False)
    return frame


def photometric(views: torch.Tensor) -> torch.Tensor:
    """Change brightness, contrast, saturation, hue, gamma; some views become grey or a sketch."""
    count = len(views)
    luma = torch.tensor([0.299, 0.587, 0.114])
    saturation = torch.empty(count).uniform_(0.4, 1.6)
    saturation = torch.where(chance(count, 0.12), torch.zeros(count), saturation)
    keep = saturation[:, None, None] * torch.eye(3)
    matrix = keep + (1 - saturation)[:, None, None] * luma.expand(3, 3)
    # Hue: a rotation about the grey axis. Snow people are white and orange: most stay so.
    angle = torch.randn(count) * torch.where(chance(count, 0.15), 0.8, 0.12)
    axis = torch.ones(3) / math.sqrt(3)
    cross = torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)
    hue = (
        angle.cos()[:, None, None] * torch.eye(3)
        + angle.sin()[:, None, None] * cross
        + (1 - angle.cos())[:, None, None] * torch.outer(axis, axis)
    )
    light = torch.empty(count, 1, 1).uniform_(math.log(0.4), math.log(1.7)).exp()
    gain = torch.empty(count, 3, 1).uniform_(0.9, 1.1) * light
    views = torch.einsum("nij,njhw->nihw", gain * (hue @ matrix), views)
    mean = views.mean((1, 2, 3), keepdim=True)
    contrast = torch.empty(count, 1, 1, 1).uniform_(0.6, 1.4)
    views = (mean + (views - mean) * contrast).clamp(0, 1)
    gamma = (torch.randn(count, 1, 1, 1) * 0.35).clamp(-1, 1.2).exp()
    views = views.clamp(min=1e-4) ** gamma
    rows = chance(count, 0.04).nonzero()[:, 0]
    if len(rows):
        grey = (views[rows] * luma[:, None, None]).sum(1, keepdim=True)
        smooth = F.avg_pool2d(F.pad(grey, (2, 2, 2, 2), mode="replicate"), 5, 1)
        views[rows] = (1 - 6 * (grey - smooth).abs()).clamp(0, 1).expand(-1, 3, -1, -1)
    return views


def degraded(views: torch.Tensor) -> torch.Tensor:
    """Blur, shrink, add noise to and compress some of the views."""
    count, size = len(views), views.shape[-1]
    for row in chance(count, 0.15).nonzero()[:, 0].tolist():
        small = int(size * float(torch.empty(1).uniform_(0.25, 0.7)))
        less = F.interpolate(views[row : row + 1], size=small, mode="area")
        views[row] = F.interpolate(less, size=size, mode="bilinear")[0]
    rows = chance(count, 0.12).nonzero()[:, 0]
    if len(rows):
        views[rows] = blurred(views[rows], float(torch.empty(1).uniform_(0.004, 0.02)) * size)
    rows = chance(count, 0.1).nonzero()[:, 0]
    noise = torch.randn(len(rows), *views.shape[1:]) * torch.rand(len(rows), 1, 1, 1) * 0.12
    views[rows] = (views[rows] + noise).clamp(0, 1)
    for row in chance(count, 0.2).nonzero()[:, 0].tolist():
        views[row] = compressed(views[row], int(torch.randint(12, 60, ())))
    return views


def blurred(views: torch.Tensor, sigma: float) -> torch.Tensor:
    """Blur with a Gaussian of `sigma` pixels."""
    reach = max(1, math.ceil(2.5 * sigma))
    line = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / max(sigma, 1e-3)) ** 2)
    line = (line / line.sum()).expand(3, 1, 1, -1)
    views = F.conv2d(F.pad(views, (reach, reach, 0, 0), mode="replicate"), line, groups=3)
    views = F.pad(views, (0, 0, reach, reach), mode="replicate")
    return F.conv2d(views, line.transpose(2, 3), groups=3)


def compressed(view: torch.Tensor, quality: int) -> torch.Tensor:
    """Send one view, (3, size, size), through JPEG."""
    pixels = (view * 255).round().to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    spoilt = np.array(Image.open(file))
    return torch.from_numpy(spoilt).permute(2, 0, 1).float() / 255


@functools.cache
def captions() -> torch.Tensor:
    """Draw lines of writing, plain or in a bar: premultiplied RGBA, uint8, (n, 4, 256, 256).

    All of it is within WRITTEN, a slice of the rows.
    """
    drawn = []
    for number, text in enumerate(CAPTIONS * 2):
        square = Image.new("RGBA", (256, 256))
        pen = ImageDraw.Draw(square)
        if number % 3 == 0:
            pen.rectangle((0, 106, 256, 150), fill=(0, 0, 0, 200) if number % 2 else (255,) * 4)
        dark = number % 3 == 0 and not number % 2
        font = ImageFont.load_default(34 if number % 2 else 26)
        pen.text(
            (128, 128),
            text,
            font=font,
            anchor="mm",
            fill=(0, 0, 0, 255) if dark else (255,) * 4,
            stroke_width=0 if number % 3 == 0 else 3,
            stroke_fill=(0, 0, 0, 255),
        )
        drawn.append(torch.from_numpy(np.array(square.convert("RGBa"))).permute(2, 0, 1))
    return torch.stack(drawn)
