"""Bytes to picture: open a stranger's file safely and hand out plain RGB.

Everything that looks at a photo (serving, evaluation, training, the command line) comes through
here, so that what is measured is what is served.
"""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import pillow_heif
from PIL import ExifTags, Image, UnidentifiedImageError

from classifier.verdict import PhotoError, TooLarge, UnreadablePhoto

pillow_heif.register_heif_opener(thumbnails=False)

# Telegram's bots cannot download more than 20 MB; no phone photo comes near it.
MAX_BYTES = 20 * 1024 * 1024
# The largest pictures that phones save by themselves have 48 to 50 megapixels.
MAX_PIXELS = 50_000_000
# From here on a decoded picture takes a hundred megabytes (Pillow keeps four bytes a pixel):
# larger ones are checked more closely and decoded one at a time.
HUGE_PIXELS = 24_000_000
# A real photo of that size has at least one byte for each 20 pixels. A flat bomb has one for 300.
HUGE_PIXELS_PER_BYTE = 100
# A line a pixel high and a million wide is no photo, and a view of it would be stretched for ever.
MAX_ASPECT = 100

# Only these decoders ever see a stranger's bytes: no EPS (Ghostscript), no PSD, no camera raw.
# HEIF is pillow-heif's; the rest are Pillow's own.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF")
# Their usual file endings, for whoever looks for pictures in a folder.
SUFFIXES = frozenset(
    suffix for suffix, format_ in Image.registered_extensions().items() if format_ in FORMATS
)

# Cut-outs are laid over this: snow people are white, so on white they would lose their outline.
BACKDROP = (176, 190, 200)

# The eight EXIF orientations, as what has to be done to set the picture upright.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# Pillow warns of odd EXIF and of large pictures; the former do no harm, the latter meet our caps.
warnings.filterwarnings("ignore", module=r"PIL\.")

_huge = threading.Lock()


def open_photo(data: bytes, side: int = 512) -> Image.Image:
    """Decode a photo to upright RGB.

    data: the file's bytes, of whatever origin.
    side: what the caller needs of the shorter side, in pixels. A larger picture comes back reduced
        to somewhere between that and a few times as much, which is cheap; a smaller one as it is.

    Raises UnreadablePhoto or TooLarge, and nothing else, whatever the bytes are.
    """
    if not data:
        raise UnreadablePhoto("empty")
    if len(data) > MAX_BYTES:
        raise TooLarge("too_many_bytes")
    with _decoding_faults():
        photo = Image.open(io.BytesIO(data), formats=FORMATS)
        width, height = photo.size
        _check_size(width, height, len(data))
        if width * height <= HUGE_PIXELS:
            return _decode(photo, side)
        with _huge:
            photo.verify()  # finds a truncated PNG before its pixels are allocated
            return _decode(Image.open(io.BytesIO(data), formats=FORMATS), side)


def shrink_to_jpeg(data: bytes, side: int) -> tuple[bytes, int, int]:
    """Re-encode a photo as a JPEG whose longer side is at most `side` pixels.

    What comes back holds pixels only: no EXIF, no place, no thumbnail, nothing else of the original
    file, so it may be shown to others. Returns the bytes, the width and the height. Raises as
    open_photo does.
    """
    photo = open_photo(data, side)
    photo.thumbnail((side, side), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    photo.save(out, "JPEG", quality=82, optimize=True, progressive=True)
    return out.getvalue(), photo.width, photo.height


@contextmanager
def _decoding_faults() -> Iterator[None]:
    """Turn whatever a decoder raises over somebody's bytes into one of our own errors."""
    try:
        yield
    except PhotoError:
        raise
    except Image.DecompressionBombError as error:
        raise TooLarge("too_many_pixels") from error
    except UnidentifiedImageError as error:
        raise UnreadablePhoto("not_a_picture") from error
    except Exception as error:
        # Decoders raise nearly anything on hostile bytes: OSError, SyntaxError, struct.error,
        # ValueError, KeyError, OverflowError, MemoryError... None of it is the caller's business.
        raise UnreadablePhoto("damaged") from error


def _check_size(width: int, height: int, size: int) -> None:
    pixels = width * height
    if pixels > MAX_PIXELS or (pixels > HUGE_PIXELS and pixels > size * HUGE_PIXELS_PER_BYTE):
        raise TooLarge("too_many_pixels")
    if min(width, height) < 1 or max(width, height) > MAX_ASPECT * min(width, height):
        raise UnreadablePhoto("not_a_picture")


def _decode(photo: Image.Image, side: int) -> Image.Image:
    # A JPEG decoder can leave out what will not be needed: an eighth of the size costs a fraction.
    scale = side / min(photo.size)
    photo.draft("RGB", (int(photo.width * scale) or 1, int(photo.height * scale) or 1))
    photo.load()
    orientation = _orientation(photo)
    picture = _to_rgb(_reduced(photo, side))
    return picture.transpose(TURNS[orientation]) if orientation in TURNS else picture


def _orientation(photo: Image.Image) -> object:
    # Read after load(): the TIFF and HEIF decoders turn the picture themselves and say so here.
    try:
        return photo.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # a broken EXIF block is no reason to refuse the pixels
        return None


def _reduced(photo: Image.Image, side: int) -> Image.Image:
    """Shrink by a whole number, before a conversion makes a second copy of every pixel."""
    factor = min(photo.size) // (2 * side)
    if factor < 2:
        return photo
    if photo.mode not in ("1", "P", "PA") and not photo.mode.startswith("I;"):
        return photo.reduce(factor)
    # Palette numbers cannot be averaged; where memory allows, they are converted first.
    if photo.width * photo.height <= HUGE_PIXELS:
        return photo
    size = (photo.width // factor, photo.height // factor)
    return photo.resize(size, Image.Resampling.NEAREST)


def _to_rgb(photo: Image.Image) -> Image.Image:
    if photo.mode.startswith(("I", "F")):
        return _eight_bits(photo).convert("RGB")
    if photo.has_transparency_data:
        cut_out = photo.convert("RGBA")
        backdrop = Image.new("RGBA", cut_out.size, BACKDROP)
        return Image.alpha_composite(backdrop, cut_out).convert("RGB")
    return photo.convert("RGB")


def _eight_bits(photo: Image.Image) -> Image.Image:
    """Scale 16-bit, 32-bit and floating-point grey to 0..255; Pillow would clip it to white."""
    grey = photo.convert("F")
    low, high = (float(bound) for bound in grey.getextrema())  # type: ignore[arg-type]
    if photo.mode.startswith("I;16"):
        low, high = 0.0, 65535.0
    elif low >= 0 and high <= 255:  # what is written as 0..1 or 0..255 keeps its brightness
        low, high = 0.0, 1.0 if high <= 1 else 255.0
    scale = 255.0 / max(high - low, 1e-9)
    return grey.point(lambda value: value * scale - low * scale).convert("L")
