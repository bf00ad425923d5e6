"""What light, lenses, chats and phones do to a picture, done to a whole batch of training views.

Every function takes and returns float32 RGB in 0..1, shape (n, 3, size, size).
"""

from __future__ import annotations

import functools
import io
import math

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch.nn import functional as F

from classifier.training.augment import alpha_over, paste, random_mask

# So many views keep their light and sharpness: most photos that people send are in order.
CLEAN_SHARE = 0.4
# The factor by which a view becomes lighter at most.
MAX_LIGHT = 1.9
# So many views are covered by something: by a bar, a half, or else a rectangle, in these shares.
COVERED_SHARE, BAR_SHARE, HALF_SHARE = 0.3, 0.45, 0.3
# The rows of a drawn caption, of 256, that hold its writing.
TEXT_ROWS = slice(104, 152)
CAPTIONS = ("I love it", "GUESS WHO CAME", "happy birthday!", "who is that?", "12:45", "so cold")


def corrupt(views: torch.Tensor) -> torch.Tensor:
    """Return views as they may arrive: most recoloured, some blurred, captioned, covered."""
    views = views.clone()
    rows = (~random_mask(len(views), CLEAN_SHARE)).nonzero()[:, 0]
    views[rows] = _caption(degrade(jitter_colours(views[rows])))
    return cover(frame_as_screenshot(views)).clamp(0, 1)


def frame_as_screenshot(views: torch.Tensor) -> torch.Tensor:
    """Show some views as a phone's screen does, smaller and between bars, in place."""
    size = views.shape[-1]
    for row in random_mask(len(views), 0.15).nonzero()[:, 0].tolist():
        height, width = (int(size * float(torch.empty(1).uniform_(0.5, 0.95))) for _ in "yx")
        top, left = (size - height) // 2, (size - width) // 2
        small = F.interpolate(views[row : row + 1], size=(height, width), mode="area")[0]
        views[row] = torch.rand(3, 1, 1)
        views[row, :, : size // 8] = torch.rand(3, 1, 1)
        views[row, :, top : top + height, left : left + width] = small
    return views


def cover(views: torch.Tensor) -> torch.Tensor:
    """Cover some views, in place, by a bar, with writing or without, by a half or a rectangle."""
    size = views.shape[-1]
    for row in random_mask(len(views), COVERED_SHARE).nonzero()[:, 0].tolist():
        colour = torch.rand(3, 1, 1) if random_mask(1, 0.5) else torch.rand(1).round()
        kind = float(torch.rand(1))
        if kind < BAR_SHARE:
            thick = int(torch.randint(size // 10, size // 4, ()))
            top = int(torch.randint(size - thick, ()))
            bar = views[row, :, top : top + thick]
            bar[:] = colour
            if random_mask(1, 0.7):
                _write(bar)
        elif kind < BAR_SHARE + HALF_SHARE:
            half = [slice(0, size // 2), slice(size // 2, size)][int(torch.randint(2, ()))]
            views[(row, slice(None), half) if random_mask(1, 0.7) else (row, ..., half)] = colour
        else:
            top, left, height, width = (torch.randint(size // 2, (4,)) + 1).tolist()
            views[row, :, top : top + height, left : left + width] = colour
    return views


def jitter_colours(views: torch.Tensor) -> torch.Tensor:
    """Change brightness, contrast, saturation, hue and gamma; some become grey or a sketch."""
    count = len(views)
    luma = torch.tensor([0.299, 0.587, 0.114])
    saturation = torch.empty(count).uniform_(0.4, 1.6)
    saturation = torch.where(random_mask(count, 0.12), torch.zeros(count), saturation)
    keep = saturation[:, None, None] * torch.eye(3)
    matrix = keep + (1 - saturation)[:, None, None] * luma.expand(3, 3)
    # Hue: a rotation about the grey axis. Snow people are white and orange: most stay so.
    angle = torch.randn(count) * torch.where(random_mask(count, 0.15), 0.8, 0.12)
    axis = torch.ones(3) / math.sqrt(3)
    cross = torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)
    hue = (
        angle.cos()[:, None, None] * torch.eye(3)
        + angle.sin()[:, None, None] * cross
        + (1 - angle.cos())[:, None, None] * torch.outer(axis, axis)
    )
    gain = torch.empty(count, 1, 1).uniform_(math.log(0.4), math.log(MAX_LIGHT)).exp()
    gain = torch.empty(count, 3, 1).uniform_(0.9, 1.1) * gain
    views = torch.einsum("nij,njhw->nihw", gain * (hue @ matrix), views)
    mean = views.mean((1, 2, 3), keepdim=True)
    contrast = torch.empty(count, 1, 1, 1).uniform_(0.6, 1.4)
    views = (mean + (views - mean) * contrast).clamp(0, 1)
    gamma = (torch.randn(count, 1, 1, 1) * 0.35).clamp(-1, 1.2).exp()
    views = views.clamp(min=1e-4) ** gamma
    rows = random_mask(count, 0.04).nonzero()[:, 0]
    if len(rows):
        grey = (views[rows] * luma[:, None, None]).sum(1, keepdim=True)
        smooth = F.avg_pool2d(F.pad(grey, (2, 2, 2, 2), mode="replicate"), 5, 1)
        views[rows] = (1 - 6 * (grey - smooth).abs()).clamp(0, 1).expand(-1, 3, -1, -1)
    return views


def degrade(views: torch.Tensor) -> torch.Tensor:
    """Blur, shrink, add noise to and compress some of the views."""
    count, size = len(views), views.shape[-1]
    for row in random_mask(count, 0.15).nonzero()[:, 0].tolist():
        small = int(size * float(torch.empty(1).uniform_(0.25, 0.7)))
        less = F.interpolate(views[row : row + 1], size=small, mode="area")
        views[row] = F.interpolate(less, size=size, mode="bilinear")[0]
    rows = random_mask(count, 0.12).nonzero()[:, 0]
    if len(rows):
        views[rows] = blur(views[rows], float(torch.empty(1).uniform_(0.004, 0.02)) * size)
    rows = random_mask(count, 0.1).nonzero()[:, 0]
    noise = torch.randn(len(rows), *views.shape[1:]) * torch.rand(len(rows), 1, 1, 1) * 0.12
    views[rows] = (views[rows] + noise).clamp(0, 1)
    for row in random_mask(count, 0.2).nonzero()[:, 0].tolist():
        views[row] = compress(views[row], int(torch.randint(12, 60, ())))
    return views


def blur(views: torch.Tensor, sigma: float) -> torch.Tensor:
    """Blur with a Gaussian of `sigma` pixels."""
    reach = max(1, math.ceil(2.5 * sigma))
    line = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / max(sigma, 1e-3)) ** 2)
    line = (line / line.sum()).expand(3, 1, 1, -1)
    views = F.conv2d(F.pad(views, (reach, reach, 0, 0), mode="replicate"), line, groups=3)
    views = F.pad(views, (0, 0, reach, reach), mode="replicate")
    return F.conv2d(views, line.transpose(2, 3), groups=3)


def compress(view: torch.Tensor, quality: int) -> torch.Tensor:
    """Return one view, (3, size, size), as JPEG of that quality leaves it."""
    pixels = (view * 255).round().to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    lossy = np.array(Image.open(file))
    return torch.from_numpy(lossy).permute(2, 0, 1).float() / 255


def _caption(views: torch.Tensor) -> torch.Tensor:
    """Lay a line of writing across some views."""
    rows = random_mask(len(views), 0.1).nonzero()[:, 0]
    if len(rows):
        drawn = draw_captions()
        picked = torch.randint(len(drawn), (len(rows),))
        centre = torch.empty(len(rows), 2).uniform_(-1, 1) * torch.tensor([0.15, 0.9])
        half = torch.empty(len(rows), 2).uniform_(0.6, 1.1)
        still = torch.zeros(len(rows))
        unmirrored = torch.zeros(len(rows), dtype=torch.bool)
        size = views.shape[-1]
        writing = paste((drawn,), picked, centre, half, still, unmirrored, size)
        views[rows] = alpha_over(views[rows], writing)
    return views


def _write(bar: torch.Tensor) -> None:
    """Write a line all along a bar, (3, height, width)."""
    drawn = draw_captions()
    line = drawn[int(torch.randint(len(drawn), ())), :, TEXT_ROWS].float()[None] / 255
    line = F.interpolate(line, size=bar.shape[1:], mode="bilinear", antialias=True)
    bar.copy_(alpha_over(bar, line)[0])


@functools.cache
def draw_captions() -> torch.Tensor:
    """Draw lines of writing, plain or in a bar: premultiplied RGBA, uint8, (n, 4, 256, 256).

    All of it is within TEXT_ROWS, a slice of the rows.
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
