"""Colours as their file means them: pixels of another colour space become sRGB.

What a camera or an editor writes as Display P3 or Adobe RGB looks pale where it is taken for sRGB,
and the network sees that as well.
"""

from __future__ import annotations

import io
from functools import lru_cache

from PIL import Image, ImageCms

# Those of cameras and screens have a few kilobytes.
MAX_PROFILE_BYTES = 1024 * 1024
# By how much, of 255, a profile may change a colour and still be one of the many called sRGB.
SAME_COLOUR = 4
# A phone's photos all have the same one, which takes milliseconds to be made use of.
REMEMBERED = 4


def to_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    """Return a picture in sRGB; as it is where that is nearly so, or its profile makes no sense.

    Args:
        picture: RGB; it costs some 20 nanoseconds a pixel.
        profile: The ICC profile that its file holds, of whatever origin.
    """
    if len(profile) > MAX_PROFILE_BYTES:
        return picture
    try:
        transform = _transform(profile)
        converted = None if transform is None else ImageCms.applyTransform(picture, transform)
    except Exception:  # the library raises what it likes over hostile bytes
        return picture
    return converted or picture


@lru_cache(REMEMBERED)
def _transform(profile: bytes) -> ImageCms.ImageCmsTransform | None:
    """Return what turns colours into sRGB; None where these hardly change. Raises anything.

    Inks (CMYK) are left to Pillow: their tables take 33 ms to be read, and 50 nanoseconds a pixel.
    """
    given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    if given.profile.xcolor_space.strip() != "RGB":
        return None
    srgb = ImageCms.createProfile("sRGB")
    intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
    transform = ImageCms.buildTransform(given, srgb, "RGB", "RGB", intent)
    steps = range(0, 256, 51)
    colours = bytes(part for r in steps for g in steps for b in steps for part in (r, g, b))
    samples = Image.frombytes("RGB", (1, len(colours) // 3), colours)
    converted = ImageCms.applyTransform(samples, transform)
    assert converted is not None
    pairs = zip(colours, converted.tobytes(), strict=True)
    is_srgb = max(abs(one - other) for one, other in pairs) <= SAME_COLOUR
    return None if is_srgb else transform
