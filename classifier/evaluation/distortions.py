"""What happens to photos on their way through chats and phones, for measuring what it costs.

Each takes an RGB picture and returns one; none of them is random.
"""

from __future__ import annotations

import io
from collections.abc import Callable

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

Distortion = Callable[[Image.Image], Image.Image]


def jpeg_quality_20(photo: Image.Image) -> Image.Image:
    """Save it as a JPEG that has been sent on too often."""
    out = io.BytesIO()
    photo.save(out, "JPEG", quality=20)
    return Image.open(out).convert("RGB")


def shrunk_to_64(photo: Image.Image) -> Image.Image:
    """Leave 64 pixels of the longer side."""
    small = photo.copy()
    small.thumbnail((64, 64), Image.Resampling.BICUBIC)
    return small


def rotated_20(photo: Image.Image) -> Image.Image:
    """Turn it by 20 degrees; the corners are filled with its average colour."""
    fill = photo.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    return photo.rotate(20, Image.Resampling.BICUBIC, fillcolor=fill)


def dark(photo: Image.Image) -> Image.Image:
    """Leave 40 % of the light."""
    return ImageEnhance.Brightness(photo).enhance(0.4)


def bright(photo: Image.Image) -> Image.Image:
    """Overexpose it by a factor of 1.7."""
    return ImageEnhance.Brightness(photo).enhance(1.7)


def blurred(photo: Image.Image) -> Image.Image:
    """Blur it as a hand that shakes, by a hundredth of its longer side."""
    return photo.filter(ImageFilter.GaussianBlur(max(photo.size) / 100))


def grey(photo: Image.Image) -> Image.Image:
    """Remove the colours."""
    return photo.convert("L").convert("RGB")


def mirrored(photo: Image.Image) -> Image.Image:
    """Swap left and right."""
    return ImageOps.mirror(photo)


def captioned(photo: Image.Image) -> Image.Image:
    """Lay a caption across its middle, on a band of a fifth of its height."""
    picture = photo.copy()
    pen = ImageDraw.Draw(picture)
    top, bottom = round(photo.height * 0.45), round(photo.height * 0.65)
    pen.rectangle((0, top, photo.width, bottom), fill="black")
    font = ImageFont.load_default(max(8, (bottom - top) // 2))
    middle = (photo.width / 2, (top + bottom) / 2)
    pen.text(middle, "LOOK WHO IS HERE", "white", font, anchor="mm")
    return picture


def screenshot(photo: Image.Image) -> Image.Image:
    """Show it in a phone's chat: bars above and below, margins at the sides."""
    width = round(photo.width * 1.15)
    height = round(photo.height * 1.6)
    screen = Image.new("RGB", (width, height), (236, 229, 221))
    pen = ImageDraw.Draw(screen)
    pen.rectangle((0, 0, width, height // 9), fill=(7, 94, 84))
    pen.rectangle((0, height - height // 12, width, height), fill=(245, 245, 245))
    screen.paste(photo, ((width - photo.width) // 2, (height - photo.height) // 2))
    return screen


def half_covered(photo: Image.Image) -> Image.Image:
    """Cover the lower half, as a hand or a table would."""
    picture = photo.copy()
    lower = (0, photo.height // 2, photo.width, photo.height)
    picture.paste((128, 112, 100), lower)
    return picture


DISTORTIONS: dict[str, Distortion] = {
    distortion.__name__: distortion
    for distortion in (
        jpeg_quality_20,
        shrunk_to_64,
        rotated_20,
        dark,
        bright,
        blurred,
        grey,
        mirrored,
        captioned,
        screenshot,
        half_covered,
    )
}
