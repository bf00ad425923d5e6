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
from classifier.training.dataset import Pictures, Row

KINDS = ("olaf", "abominable", "look-alike", "everyday")
# Of pictures that fill their frame, so many are shown whole, between bars, as serving shows them;
# so many more are cropped; the rest are small on something else, as in a screenshot.
WHOLE_SHARE, CROPPED_SHARE = 0.5, 0.36


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
        # All kinds are drawn equally often. Within its kind a picture's chance falls with the size
        # of its group: forty crops of one poster are worth more than one picture, but not forty.
        sizes = Counter(row.group for row in rows)
        raw = torch.tensor([sizes[row.group] ** -0.5 for row in rows])
        weight = torch.zeros(len(rows))
        for kind in KINDS:
            mine = torch.tensor([row.kind == kind for row in rows])
            weight[mine] = raw[mine] / raw[mine].sum()
        self.chosen, self.weight = chosen, weight
        scenes = [row.everyday and not bool(pictures.cut_out[i]) for i, row in self._chosen_rows()]
        self.scenes = chosen[torch.tensor(scenes)]

    def _chosen_rows(self) -> list[tuple[int, Row]]:
        return [(int(i), self.pictures.rows[int(i)]) for i in self.chosen]

    def batch(self, count: int, size: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return `count` views, (count, 3, size, size), and of which pictures, int64 (count,)."""
        picked = self.chosen[torch.multinomial(self.weight, count, replacement=True)]
        cut_out = self.pictures.cut_out[picked]
        above, small = self._placed(picked, cut_out, size)
        below = random_colours(count)[:, :, None, None].expand(-1, -1, size, size).clone()
        on_scene = torch.where(cut_out, random_mask(count, 0.65), random_mask(count, 0.6) & small)
        rows = on_scene.nonzero()[:, 0]
        if len(rows) and len(self.scenes):
            below[rows] = self._scenes(len(rows), size)
        return alpha_over(below, above).clamp(0, 1), picked

    def _placed(
        self, picked: torch.Tensor, cut_out: torch.Tensor, size: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Place each picture in a transparent frame: (n, 4, size, size), and which are small."""
        count = len(picked)
        aspect = self.pictures.aspect[picked].clamp(0.25, 4) * (torch.randn(count) * 0.08).exp()
        # Halves of sides: those with which the longer side fills the frame, or the shorter one.
        whole = torch.stack([aspect.clamp(max=1), (1 / aspect).clamp(max=1)], 1)
        filling = whole / whole.amin(1, keepdim=True)
        mode = torch.rand(count)
        zoom = torch.where(random_mask(count, 0.5), torch.ones(count), uniform(count, 1, 1.25))
        half = whole * zoom[:, None]
        zoom = uniform(count, 0, math.log(1.9)).exp()
        half = torch.where((mode > WHOLE_SHARE)[:, None], filling * zoom[:, None], half)
        small = mode > WHOLE_SHARE + CROPPED_SHARE
        half = torch.where(small[:, None], whole * uniform(count, 0.22, 0.85)[:, None], half)
        scale = torch.where(
            random_mask(count, 0.25), uniform(count, 0.18, 0.45), uniform(count, 0.45, 1.1)
        )
        half = torch.where(cut_out[:, None], whole * scale[:, None], half)
        turn = torch.randn(count) * math.radians(8)
        turn = torch.where(random_mask(count, 0.12), turn * 4, turn)
        turn = torch.where(random_mask(count, 0.35) & ~cut_out, torch.zeros(count), turn)
        centre = uniform(count * 2, -1, 1).view(count, 2) * (half - 1).abs()
        # A fifth of the pictures shown whole are not in the middle, as those in a screenshot.
        centre[(mode < 0.8 * WHOLE_SHARE) & ~cut_out] = 0
        levels = self.pictures.levels
        placed = paste(levels, picked, centre, half, turn, random_mask(count, 0.5), size)
        return placed, small

    def _scenes(self, count: int, size: int) -> torch.Tensor:
        """Return everyday pictures that fill their frames, (n, 3, size, size)."""
        picked = self.scenes[torch.randint(len(self.scenes), (count,))]
        aspect = self.pictures.aspect[picked].clamp(0.4, 2.5)
        half = torch.stack([aspect.clamp(min=1), (1 / aspect).clamp(min=1)], 1)
        half = half * uniform(count, 1, 1.8)[:, None]
        centre = uniform(count * 2, -1, 1).view(count, 2) * (half - 1)
        still = torch.zeros(count)
        levels = self.pictures.levels
        return paste(levels, picked, centre, half, still, random_mask(count, 0.5), size)[:, :3]


def whole_views(pictures: Pictures, picked: torch.Tensor, size: int) -> torch.Tensor:
    """Return pictures as serving sees them, between bars of BACKDROP: (n, 3, size, size)."""
    aspect, still = pictures.aspect[picked], torch.zeros(len(picked))
    half = torch.stack([aspect.clamp(max=1), (1 / aspect).clamp(max=1)], 1)
    above = paste(pictures.levels, picked, half * 0, half, still, still.bool(), size)
    below = (torch.tensor(BACKDROP) / 255)[:, None, None].expand(len(picked), 3, size, size)
    return alpha_over(below, above).clamp(0, 1)


def random_colours(count: int) -> torch.Tensor:
    """Return colours, (count, 3): many of BACKDROP, as serving's bars are, of white and black."""
    colour = torch.rand(count, 3)
    grey_share, grey = random_mask(count, 0.3), torch.rand(count, 1).expand(-1, 3)
    colour = torch.where(grey_share[:, None], grey, colour)
    backdrop = torch.tensor(BACKDROP) / 255
    for tone, share in ((torch.zeros(3), 0.1), (torch.ones(3), 0.15), (backdrop, 0.35)):
        colour = torch.where(random_mask(count, share)[:, None], tone, colour)
    return colour


def uniform(count: int, low: float, high: float) -> torch.Tensor:
    """Return numbers between two others, (count,)."""
    return torch.empty(count).uniform_(low, high)


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
