"""Training views: pictures laid over backgrounds, a whole batch at a time.

All of it is tensor code on batches, because two processor cores must feed the network as well as
train it. Every function takes and returns float32 RGB in 0..1, shape (n, 3, size, size).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import torch
from torch.nn import functional as F

from classifier.images.decode import BACKDROP
from classifier.training.dataset import Pictures
from classifier.types import Category

# How often each kind of picture is drawn. The two snow people are what it is about; look-alikes are
# few, but harder than the everyday pictures.
KIND_SHARES = {"olaf": 0.29, "abominable": 0.29, "look-alike": 0.22, "everyday": 0.20}


class Augmenter:
    """Makes batches of training views out of some of the pictures, and of nothing else."""

    def __init__(self, pictures: Pictures, chosen: torch.Tensor) -> None:
        """Choose how often each picture is drawn.

        Args:
            pictures: The others among them are never looked at.
            chosen: The positions in `pictures` that may be used, int64.
        """
        self.pictures = pictures
        rows = [pictures.rows[int(i)] for i in chosen]
        kinds = [
            "everyday"
            if row.everyday
            else "look-alike"
            if row.label is Category.NEITHER
            else str(row.label)
            for row in rows
        ]
        # Within its kind a picture's chance falls with the size of its group: forty crops of one
        # poster are worth more than one picture, but not forty.
        sizes = Counter(row.group for row in rows)
        raw = torch.tensor([1 / math.sqrt(sizes[row.group]) for row in rows])
        weight = torch.zeros(len(rows))
        for kind, share in KIND_SHARES.items():
            mine = torch.tensor([found == kind for found in kinds])
            if mine.any():
                weight[mine] = share * raw[mine] / raw[mine].sum()
        self.chosen, self.weight = chosen, weight
        backdrop = pictures.index(row.everyday for row in pictures.rows)
        self.backdrops = backdrop[torch.isin(backdrop, chosen)]

    def batch(self, count: int, size: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return `count` views, (count, 3, size, size), and their labels, int64 (count,)."""
        picked = self.chosen[torch.multinomial(self.weight, count, replacement=True)]
        views = self._backgrounds(count, size)
        views = alpha_over(views, self._placed(picked, size))
        return views.clamp(0, 1), self.pictures.label[picked]

    def _placed(self, picked: torch.Tensor, size: int) -> torch.Tensor:
        """Place each picture somewhere in a transparent frame: (n, 4, size, size)."""
        count = len(picked)
        cut_out = self.pictures.cut_out[picked]
        # An opaque picture mostly fills the frame, cropped by up to a half; now and then it is a
        # smaller picture on something else, as in a screenshot.
        zoom = torch.empty(count).uniform_(0, math.log(2.0)).exp()
        zoom = torch.where(random_mask(count, 0.3), torch.ones(count), zoom)
        zoom = torch.where(random_mask(count, 0.2), torch.empty(count).uniform_(0.45, 1.0), zoom)
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
        turn = torch.where(random_mask(count, 0.1), turn * 3, turn)
        centre = torch.empty(count, 2).uniform_(-1, 1) * (half - 1).abs()
        levels = self.pictures.levels
        return paste(levels, picked, centre, half, turn, random_mask(count, 0.5), size)

    def _backgrounds(self, count: int, size: int) -> torch.Tensor:
        """Return everyday pictures and plain colours."""
        colour = torch.rand(count, 3)
        grey = torch.rand(count, 1).expand(-1, 3)
        colour = torch.where(random_mask(count, 0.3)[:, None], grey, colour)
        for tone, share in (((0.0,) * 3, 0.12), ((1.0,) * 3, 0.12), (BACKDROP, 0.2)):
            known = torch.tensor(tone) / (255 if max(tone) > 1 else 1)
            colour = torch.where(random_mask(count, share)[:, None], known, colour)
        views = colour[:, :, None, None].expand(-1, -1, size, size).clone()
        if len(self.backdrops):
            rows = random_mask(count, 0.6).nonzero()[:, 0]
            views[rows] = self._everyday(len(rows), size)
        return views

    def _everyday(self, count: int, size: int) -> torch.Tensor:
        picked = self.backdrops[torch.randint(len(self.backdrops), (count,))]
        half = torch.empty(count, 1).uniform_(1, 2.5).expand(-1, 2)
        centre = torch.empty(count, 2).uniform_(-1, 1) * (half - 1)
        still = torch.zeros(count)
        levels = self.pictures.levels
        return paste(levels, picked, centre, half, still, random_mask(count, 0.5), size)[:, :3]


def random_mask(count: int, share: float) -> torch.Tensor:
    """Return bools, (count,), each true with probability `share`."""
    return torch.rand(count) < share


def alpha_over(below: torch.Tensor, above: torch.Tensor) -> torch.Tensor:
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

    Args:
        levels: As in Pictures.
        picked: Which of the pictures, int64 (n,).
        centre: x and y of the middle, (n, 2), in frames that reach from -1 to 1.
        half: Half of the extent in x and y, (n, 2), likewise.
        turn: Radians, (n,).
        mirrored: bool, (n,).
        size: Side of the frames, in pixels.

    Returns:
        Premultiplied RGBA, float32 (n, 4, size, size).
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
