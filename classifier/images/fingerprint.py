"""Hash photos, so that a photo, or a disguise of it, is known again.

The hashes cannot be turned back into a picture: they say where a tiny grey version of the photo is
lighter than elsewhere, and nothing else. Two photos look the same when a query of one and a stored
hash of the other differ in few of their 128 bits; how few, whoever compares them decides. Measured
on 2,080 pictures: others come within 17 bits in 14 of 2.2 million pairs, mostly the same scene
again; of 300 photos, each changed in 22 ways (turning the hue by 45 degrees among them), 99 % are
found. 20 bits would let in 50 pairs, 14 lose photos.

The network's features (`inference.likeness`) see through more, but take a hundred in a million
pairs for the same: good enough to compare with what fooled the bot, not with all that a room ever
sent. And they are another network's tomorrow, while a hash stays what it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from PIL import Image, ImageOps

from classifier.images.hashes import SIDE, shape_hashes, slope_hashes

# Views are cut from a picture of this shorter side; the hashes do not get better with a larger one.
DECODED_SIDE = 192
# Whoever disguises a photo by cutting more than this off a side makes another photo of it.
CUT = 0.08

Cut = tuple[float, float]
# How much is cut off two opposite sides: nothing, a little of both, or a lot of one or both. What
# lies between is close enough to one of them.
CUTS: tuple[Cut, ...] = ((0, 0), (CUT / 2, CUT / 2), (CUT, CUT), (0, CUT), (CUT, 0))
# Where among the views those two stand.
WHOLE, MIDDLE = (len(CUTS) * CUTS.index((cut, cut)) + CUTS.index((cut, cut)) for cut in (0, CUT))


@dataclass(frozen=True, slots=True)
class PhotoHashes:
    """What to store of a photo, and what to look for among what is stored.

    Each number is a hash of 128 bits, without a sign.

    Attributes:
        stored: Of the whole photo and of its middle. A photo cut from this one shows the middle,
            too; one that this was cut from shows the whole.
        queries: Of what either may look like, mirrored or not. Never stored.
    """

    stored: tuple[int, int]
    queries: tuple[int, ...]


def hash_picture(picture: Image.Image) -> PhotoHashes:
    """Return the hashes of an upright RGB picture, of any size. Blocking: some milliseconds."""
    grey = ImageOps.grayscale(picture)
    if min(grey.size) > DECODED_SIDE:
        grey = ImageOps.cover(grey, (DECODED_SIDE, DECODED_SIDE), Image.Resampling.BOX)
    views = [
        _cut(side, across, down)
        for side in (grey, ImageOps.mirror(grey))
        for across, down in product(CUTS, repeat=2)
    ]
    both = zip(shape_hashes(views), slope_hashes(views), strict=True)
    hashes = [shapes << 64 | slopes for shapes, slopes in both]
    return PhotoHashes((hashes[WHOLE], hashes[MIDDLE]), tuple(hashes))


def _cut(grey: Image.Image, across: Cut, down: Cut) -> Image.Image:
    """Return what a cut leaves, as small as hashes are made from."""
    box = (
        grey.width * across[0],
        grey.height * down[0],
        grey.width * (1 - across[1]),
        grey.height * (1 - down[1]),
    )
    return grey.resize((SIDE, SIDE), Image.Resampling.LANCZOS, box)
