"""What people do to a photo to show it again: turn it, tilt it, crop it, frame it, halve it."""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image, ImageOps

from classifier.images.decode import BACKDROP

Disguise = Callable[[Image.Image], Image.Image]


def turned(degrees: int) -> Disguise:
    """Return what turns a picture, by 90, 180 or 270 degrees to the left."""
    turn = {
        90: Image.Transpose.ROTATE_90,
        180: Image.Transpose.ROTATE_180,
        270: Image.Transpose.ROTATE_270,
    }[degrees]
    return lambda picture: picture.transpose(turn)


def tilted(degrees: float) -> Disguise:
    """Return what tilts a picture to the left within its frame, over its average colour."""
    return lambda picture: picture.rotate(
        degrees, Image.Resampling.BICUBIC, fillcolor=average_colour(picture)
    )


def cut(left: float, top: float, right: float, bottom: float) -> Disguise:
    """Return what cuts off so much of each side, as shares of the width and the height."""
    return lambda picture: picture.crop(
        (
            round(picture.width * left),
            round(picture.height * top),
            max(1, round(picture.width * (1 - right))),
            max(1, round(picture.height * (1 - bottom))),
        )
    )


def framed(share: float, colour: tuple[int, int, int] = BACKDROP) -> Disguise:
    """Return what lays a border around a picture, as wide as a share of its longer side."""
    return lambda picture: ImageOps.expand(picture, round(share * max(picture.size)), colour)


def average_colour(picture: Image.Image) -> tuple[int, ...]:
    """Return the average colour of an RGB picture."""
    colour = picture.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    assert isinstance(colour, tuple)
    return tuple(int(value) for value in colour)


def _as_it_is(picture: Image.Image) -> Image.Image:
    return picture


# By these views a photo is known again. What lies between two of them, such as a tilt by ten
# degrees, is close enough to one.
VIEWS: tuple[Disguise, ...] = (
    _as_it_is,
    ImageOps.mirror,
    turned(90),
    turned(180),
    turned(270),
    tilted(15),
    tilted(-15),
    cut(0.1, 0.1, 0.1, 0.1),
    cut(0.2, 0.2, 0.2, 0.2),
    framed(0.2),
    cut(0, 0, 0.5, 0),
    cut(0.5, 0, 0, 0),
    cut(0, 0, 0, 0.5),
    cut(0, 0.5, 0, 0),
)
