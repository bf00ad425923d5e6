"""All that is wanted of a photo, from one decoding of it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Protocol

from PIL import Image

from classifier.images.decode import decode_photo
from classifier.images.disguises import VIEWS
from classifier.images.fingerprint import DECODED_SIDE, PhotoHashes, hash_picture
from classifier.images.view import fit_into_square

# A chat shows no more of a photo under its heat map.
PICTURE_SIDE = 1024
# A sprite of 32 pixels is shown this large.
MIN_PICTURE_SIDE = 512


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted of a photo: one thing at the least.

    Attributes:
        square: Side of the square that the network looks at, in pixels; 0 for none.
        disguised: Whether squares of the photo's likely disguises are wanted as well.
        hashes: Whether its hashes are.
        preview: Longer side of a small copy to show, in pixels; 0 for none.
        picture: Whether a picture to lay a heat map over is.
        huge: Whether it is wanted even if that takes much memory.
    """

    square: int = 0
    disguised: bool = False
    hashes: bool = False
    preview: int = 0
    picture: bool = False
    huge: bool = True


@dataclass(frozen=True, slots=True)
class SmallCopy:
    """A photo shrunk to a JPEG that holds pixels only: no EXIF, no place, no thumbnail.

    Attributes:
        jpeg: The file.
        width: In pixels.
        height: In pixels.
    """

    jpeg: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Look:
    """What came of it; what was not wanted is empty.

    Attributes:
        squares: RGB; the photo as it is comes first.
        hashes: The photo's.
        preview: The small copy.
        picture: RGB, its longer side MIN_PICTURE_SIDE to PICTURE_SIDE pixels.
    """

    squares: tuple[Image.Image, ...] = ()
    hashes: PhotoHashes | None = None
    preview: SmallCopy | None = None
    picture: Image.Image | None = None


class Decoder(Protocol):
    """Looks at photos, here or elsewhere. Blocking; for several threads at a time."""

    def start(self) -> None:
        """Get ready, if that takes time."""

    def look(self, photo: bytes, wanted: Wanted) -> Look:
        """Return what is wanted of a photo; raise as `look_at` does."""

    def close(self) -> None:
        """End what was started."""


class DecoderHere:
    """Looks at photos in this process: for files of one's own."""

    def start(self) -> None:
        """Do nothing."""

    def look(self, photo: bytes, wanted: Wanted) -> Look:
        """Return what is wanted of a photo; raise as `look_at` does."""
        return look_at(photo, wanted)

    def close(self) -> None:
        """Do nothing."""


def look_at(photo: bytes, wanted: Wanted) -> Look:
    """Decode a photo once, and make all that is wanted of it.

    Args:
        photo: The bytes of its file.
        wanted: What.

    Raises:
        PhotoError, HugePhoto: As decode_photo does.
    """
    # Disguises show a part of it, so it takes twice the size.
    shorter = max(wanted.square * (2 if wanted.disguised else 1), DECODED_SIDE * wanted.hashes)
    longer = max(wanted.preview, PICTURE_SIDE * wanted.picture)
    decoded = decode_photo(photo, shorter, longer=longer, huge=wanted.huge)
    views = VIEWS if wanted.disguised else VIEWS[:1]
    return Look(
        tuple(fit_into_square(of(decoded), wanted.square) for of in views if wanted.square),
        hash_picture(decoded) if wanted.hashes else None,
        _small_copy(decoded, wanted.preview) if wanted.preview else None,
        _picture(decoded) if wanted.picture else None,
    )


def _small_copy(decoded: Image.Image, side: int) -> SmallCopy:
    small = decoded.copy()
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    small.save(out, "JPEG", quality=82, optimize=True, progressive=True)
    return SmallCopy(out.getvalue(), small.width, small.height)


def _picture(decoded: Image.Image) -> Image.Image:
    scale = min(1.0, PICTURE_SIDE / max(decoded.size))  # never larger than that
    scale = max(scale, MIN_PICTURE_SIDE / max(decoded.size))  # and never too small to write on
    size = max(1, round(decoded.width * scale)), max(1, round(decoded.height * scale))
    return decoded.resize(size, Image.Resampling.LANCZOS)
