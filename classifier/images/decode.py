"""Bytes to picture: open a stranger's file safely and hand out plain RGB.

Everything that looks at a photo (serving, evaluation, training, the command line) comes through
here, so that what is measured is what is served.
"""

from __future__ import annotations

import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pillow_heif
from PIL import ExifTags, Image, ImageFile, TiffImagePlugin, UnidentifiedImageError

from classifier.images.header_limits import MAX_EXIF_BYTES, limited, without_trailer
from classifier.images.heif_limits import coded_pixels
from classifier.images.profiles import to_srgb
from classifier.types import HugePhoto, PhotoError, TooLarge, UnreadablePhoto

pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)

# Telegram's bots cannot download more than 20 MB; no phone photo comes near it.
MAX_BYTES = 20 * 1024 * 1024
# The largest pictures that phones save by themselves have 48 to 50 megapixels.
MAX_PIXELS = 50_000_000
# Some decoders allocate while they open. Pillow's own check, at twice this value, comes before.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2
# Pictures that take more memory than this to decode are checked more closely, and decoded one at a
# time. What a pixel takes, in bytes, was measured: Pillow keeps four, decoders their own beside it.
HUGE_MEMORY = 64_000_000
MEMORY_PER_PIXEL = {"TIFF": 8, "WEBP": 16, "AVIF": 16, "HEIF": 16}
# Of all that a picture is made of: a phone's has some tiles at its edges that reach beyond it.
MAX_CODED_PIXELS = 2 * MAX_PIXELS
# Pillow decodes these BMPs in Python: a second for so many pixels.
RUN_LENGTH_CODED, MAX_SLOW_PIXELS = (1, 2), 8_000_000
# How a scan of a single colour begins in a JPEG, and how each JPEG ends.
SCAN_OF_ONE, END_OF_IMAGE = b"\xff\xda\x00\x08\x01", b"\xff\xd9"
# Some pixels' worth of coded noise.
FILLING = bytes(range(1, 255)) * 8
# So many frames of an animation are looked through for one that shows something, if they have no
# more pixels than this together.
MAX_FRAMES, MAX_FRAME_PIXELS = 32, 32_000_000
# A real photo of that size has at least one byte for each 20 pixels, a drawing of few colours for
# each 100. A flat bomb has one for 300 or more.
HUGE_PIXELS_PER_BYTE = 250
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
UPRIGHT = {
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

# Pictures are converted and reduced in bands of so many pixels, not in several copies of the whole.
BAND_PIXELS = 1_000_000

_huge_photo_lock = threading.Lock()


def decode_photo(
    data: bytes, side: int = 512, *, longer: int = 0, huge: bool = True
) -> Image.Image:
    """Decode a photo to upright RGB.

    Args:
        data: The file's bytes, of whatever origin.
        side: What the caller needs of the shorter side, in pixels. A larger picture comes back
            reduced to somewhere between that and a few times as much, which is cheap; a smaller one
            as it is.
        longer: What the caller needs of the longer side. With a `side` of 0 it bounds the memory
            that the picture takes, whatever its shape.
        huge: Whether pictures that take much memory are decoded; a caller who sees to it that there
            is one at a time may say no first.

    Raises:
        UnreadablePhoto: The bytes are no picture of a known format, or damaged.
        TooLarge: The file, or what it would decode to, exceeds a cap.
        HugePhoto: The picture takes much memory, and `huge` is not set. Nothing else is raised,
            whatever the bytes are.
    """
    if not data:
        raise UnreadablePhoto("empty")
    if len(data) > MAX_BYTES:
        raise TooLarge("too_many_bytes")
    with _decoding_faults():
        data = without_trailer(data)
        photo = Image.open(limited(data), formats=FORMATS)
        _check_shape(*photo.size)
        _check_cost(photo, data)
        if not _is_huge(photo, data):
            return _decode(photo, data, side, longer)
        if photo.width * photo.height > HUGE_PIXELS_PER_BYTE * len(data):
            raise TooLarge("too_many_pixels")
        if not huge:
            raise HugePhoto
        with _huge_photo_lock:
            photo.verify()  # finds a truncated PNG before its pixels are allocated
            return _decode(Image.open(limited(data), formats=FORMATS), data, side, longer)


@contextmanager
def _decoding_faults() -> Iterator[None]:
    """Turn whatever a decoder raises over somebody's bytes into one of our own errors."""
    try:
        yield
    except (PhotoError, HugePhoto):
        raise
    except Image.DecompressionBombError as error:
        raise TooLarge("too_many_pixels") from error
    except UnidentifiedImageError as error:
        raise UnreadablePhoto("not_a_picture") from error
    except Exception as error:
        # Decoders raise nearly anything on hostile bytes: OSError, SyntaxError, struct.error,
        # ValueError, KeyError, OverflowError, MemoryError... None of it is the caller's business.
        raise UnreadablePhoto("damaged") from error


def _check_shape(width: int, height: int) -> None:
    """Raise PhotoError for too many pixels, or a line."""
    if width * height > MAX_PIXELS:
        raise TooLarge("too_many_pixels")
    if min(width, height) < 1 or max(width, height) > MAX_ASPECT * min(width, height):
        raise UnreadablePhoto("not_a_picture")


def _check_cost(photo: ImageFile.ImageFile, data: bytes) -> None:
    """Raise TooLarge for a picture that costs far more than its size says."""
    coded = 0
    if photo.format in ("HEIF", "AVIF"):
        with suppress(ValueError, LookupError, struct.error):  # of boxes that make no sense
            coded = coded_pixels(data)
    is_slow = photo.format == "BMP" and photo.info.get("compression") in RUN_LENGTH_CODED
    if coded > MAX_CODED_PIXELS or (is_slow and photo.width * photo.height > MAX_SLOW_PIXELS):
        raise TooLarge("too_many_pixels")


def _is_huge(photo: ImageFile.ImageFile, data: bytes) -> bool:
    """Return whether decoding takes more than HUGE_MEMORY."""
    if photo.format in ("JPEG", "MPO"):
        # Most are decoded row by row, at a reduced scale; of progressive ones, and of those whose
        # colours come one after another, all coefficients are kept.
        colours = len(photo.getbands())
        is_kept = "progressive" in photo.info or (colours > 1 and SCAN_OF_ONE in data)
        per_pixel = 8 if is_kept else 1
    else:
        per_pixel = MEMORY_PER_PIXEL.get(photo.format or "", 4)
    return photo.width * photo.height * per_pixel > HUGE_MEMORY


def _decode(photo: ImageFile.ImageFile, data: bytes, side: int, longer: int) -> Image.Image:
    # A JPEG decoder can leave out what will not be needed: an eighth of the size costs a fraction.
    scale = max(side / min(photo.size), longer / max(photo.size))
    photo.draft("RGB", (int(photo.width * scale) or 1, int(photo.height * scale) or 1))
    _mend_deep_planes(photo)
    try:
        photo.load()
    except OSError:
        if photo.format not in ("JPEG", "MPO"):
            raise
        photo = _without_end(data, photo.size)
    _seek_something(photo)
    orientation = _orientation(photo)
    scale = max(side / min(photo.size), longer / max(photo.size))
    picture = _reduced_to_srgb(photo, max(1, int(0.5 / scale)))
    picture.info.clear()  # comments, say, which a JPEG would be saved with again
    return picture.transpose(UPRIGHT[orientation]) if orientation in UPRIGHT else picture


def _mend_deep_planes(photo: ImageFile.ImageFile) -> None:
    """Have planes of 16 bits a pixel read as such: Pillow takes them for 8, and noise comes out."""
    if not isinstance(photo, TiffImagePlugin.TiffImageFile) or not photo.tile:
        return
    bits = photo.tag_v2.get(TiffImagePlugin.BITSPERSAMPLE, (8,))
    is_planar = photo.tag_v2.get(TiffImagePlugin.PLANAR_CONFIGURATION) == 2
    if is_planar and max(bits) == 16 and photo.tile[0].codec_name == "raw":
        order = ";16B" if photo.tag_v2.prefix == b"MM" else ";16L"
        photo.tile = [
            tile._replace(args=(tile.args[0] + order, *tile.args[1:]))
            for tile in photo.tile
            if isinstance(tile.args, tuple)
        ]


def _without_end(data: bytes, size: tuple[int, int]) -> ImageFile.ImageFile:
    """Return a JPEG whose end mark alone is missing, loaded; raise OSError where pixels are, too.

    With an end mark a decoder makes up what is missing. What it makes up of two different endings
    differs; what it finds after the last pixel it leaves alone.
    """
    one, other = (_opened_at(data + ending + END_OF_IMAGE, size) for ending in (b"", FILLING))
    if one.tobytes() != other.tobytes():
        raise OSError("pixels are missing")
    return one


def _opened_at(data: bytes, size: tuple[int, int]) -> ImageFile.ImageFile:
    photo = Image.open(limited(data), formats=["JPEG"])
    photo.draft("RGB", size)
    photo.load()
    return photo


def _seek_something(photo: ImageFile.ImageFile) -> None:
    """Go on to the first frame of an animation that shows something, if there is one."""
    frames = min(getattr(photo, "n_frames", 1), MAX_FRAMES)
    if (
        frames == 1
        or photo.format == "MPO"
        or photo.width * photo.height * MAX_FRAMES > MAX_FRAME_PIXELS
    ):
        return
    for frame in range(1, frames):
        if not _is_plain(photo):
            return
        photo.seek(frame)
        photo.load()
    if _is_plain(photo):
        photo.seek(0)
        photo.load()


def _is_plain(photo: Image.Image) -> bool:
    """Return whether nothing is to be seen on a picture."""
    shown = _to_rgb(photo, _grey_levels(photo))
    return shown.getcolors(1) is not None


def _orientation(photo: Image.Image) -> object:
    # Read after load(): the TIFF and HEIF decoders turn the picture themselves and say so here.
    if len(photo.info.get("exif") or b"") > MAX_EXIF_BYTES:
        return None
    try:
        return photo.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # a broken EXIF block is no reason to refuse the pixels
        return None


def _reduced_to_srgb(photo: Image.Image, factor: int) -> Image.Image:
    """Convert to sRGB, shrunk by a whole number."""
    picture, profile = _reduced_to_rgb(photo, factor), photo.info.get("icc_profile")
    return to_srgb(picture, profile) if isinstance(profile, bytes) and profile else picture


def _reduced_to_rgb(photo: Image.Image, factor: int) -> Image.Image:
    """Convert to RGB, shrunk by a whole number."""
    if photo.mode == "RGB" and not photo.has_transparency_data:
        return photo.reduce(factor)
    levels = _grey_levels(photo)
    picture = Image.new("RGB", (-(-photo.width // factor), -(-photo.height // factor)))
    rows = factor * max(1, BAND_PIXELS // (photo.width * factor))
    for top in range(0, photo.height, rows):
        band = photo.crop((0, top, photo.width, min(top + rows, photo.height)))
        picture.paste(_to_rgb(band, levels).reduce(factor), (0, top // factor))
    return picture


def _grey_levels(photo: Image.Image) -> tuple[float, float] | None:
    """Return what is black and what is white, where grey has more than eight bits."""
    if photo.mode.startswith("I;16"):
        return 0.0, 65535.0
    if photo.mode not in ("I", "F"):
        return None
    low, high = (float(bound) for bound in photo.getextrema())  # type: ignore[arg-type]
    if low >= 0 and high <= 255:  # what is written as 0..1 or 0..255 keeps its brightness
        return 0.0, 1.0 if high <= 1 else 255.0
    return low, high


def _to_rgb(photo: Image.Image, levels: tuple[float, float] | None) -> Image.Image:
    if levels:
        picture = _eight_bits(photo, *levels).convert("RGB")
        hidden = photo.info.get("transparency")
        if hidden is None:
            return picture
        mask = photo.convert("I").point([255 * (grey != hidden) for grey in range(65536)], "L")
        return Image.composite(picture, Image.new("RGB", picture.size, BACKDROP), mask)
    if photo.has_transparency_data:
        cut_out = photo.convert("RGBA")
        backdrop = Image.new("RGBA", cut_out.size, BACKDROP)
        return Image.alpha_composite(backdrop, cut_out).convert("RGB")
    return photo.convert("RGB")


def _eight_bits(photo: Image.Image, low: float, high: float) -> Image.Image:
    """Scale grey of 16 or 32 bits to 0..255; Pillow would clip it to white."""
    scale = 255.0 / max(high - low, 1e-9)
    return photo.convert("F").point(lambda value: value * scale - low * scale).convert("L")
