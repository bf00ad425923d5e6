"""What happens to photos on their way through chats and phones, for measuring what it costs.

Each takes an RGB picture and returns one; none of them is random.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

from classifier.images.disguises import average_colour

Distortion = Callable[[Image.Image], Image.Image]


def dark(photo: Image.Image) -> Image.Image:
    """Leave 40 % of the light."""
    return ImageEnhance.Brightness(photo).enhance(0.4)


def bright(photo: Image.Image) -> Image.Image:
    """Overexpose it by a factor of 1.7."""
    return ImageEnhance.Brightness(photo).enhance(1.7)


def blurred(photo: Image.Image) -> Image.Image:
    """Blur it as a hand that shakes, by a hundredth of its longer side."""
    return photo.filter(ImageFilter.GaussianBlur(max(photo.size) / 100))


def noisy(photo: Image.Image) -> Image.Image:
    """Add the noise of a small sensor at night."""
    noise = np.random.default_rng(0).normal(0, 25, (photo.height, photo.width, 3))
    return Image.fromarray((np.asarray(photo) + noise).clip(0, 255).astype(np.uint8))


def jpeg_quality_15(photo: Image.Image) -> Image.Image:
    """Save it as a JPEG that has been sent on too often."""
    out = io.BytesIO()
    photo.save(out, "JPEG", quality=15)
    return Image.open(out).convert("RGB")


def shrunk_to_64(photo: Image.Image) -> Image.Image:
    """Leave 64 pixels of the longer side."""
    small = photo.copy()
    small.thumbnail((64, 64), Image.Resampling.BICUBIC)
    return small


def half_covered(photo: Image.Image) -> Image.Image:
    """Cover the lower half, as a hand or a table would."""
    picture = photo.copy()
    lower = (0, photo.height // 2, photo.width, photo.height)
    picture.paste((128, 112, 100), lower)
    return picture


def captioned(photo: Image.Image) -> Image.Image:
    """Lay a meme's writing over its upper and its lower edge."""
    picture = photo.copy()
    pen = ImageDraw.Draw(picture)
    font = ImageFont.load_default(max(8, photo.width // 10))
    for place, anchor, text in ((0, "ma", "ONE DOES NOT SIMPLY"), (photo.height, "md", "MELT")):
        middle = (photo.width / 2, place)
        pen.text(middle, text, "white", font, anchor=anchor, stroke_width=2, stroke_fill="black")
    return picture


def barred(photo: Image.Image) -> Image.Image:
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


def photographed_screen(photo: Image.Image) -> Image.Image:
    """Photograph it from a screen, a little from the side: perspective, moire, glare."""
    width, height = photo.size
    y, x = np.mgrid[:height, :width] / max(photo.size)
    moire = 1 + 0.12 * np.sin(2 * np.pi * (60 * x + 9 * y)) * np.sin(2 * np.pi * (7 * x - 55 * y))
    glare = 90 * np.exp(-((x - 0.7) ** 2 + (y - 0.25) ** 2) / 0.02)
    lit = np.asarray(photo) * moire[..., None] * 0.9 + glare[..., None]
    screen = Image.fromarray(lit.clip(0, 255).astype(np.uint8))
    corners = (0, 0, -0.08 * width, height, width, 1.1 * height, 1.1 * width, -0.06 * height)
    return screen.transform(
        photo.size, Image.Transform.QUAD, corners, Image.Resampling.BICUBIC, fillcolor=(30, 30, 34)
    )


def tilted_15(photo: Image.Image) -> Image.Image:
    """Turn it by 15 degrees; the corners are filled with its average colour."""
    return photo.rotate(15, Image.Resampling.BICUBIC, fillcolor=average_colour(photo))


def upside_down(photo: Image.Image) -> Image.Image:
    """Turn it by 180 degrees."""
    return photo.transpose(Image.Transpose.ROTATE_180)


def mirrored(photo: Image.Image) -> Image.Image:
    """Swap left and right."""
    return ImageOps.mirror(photo)


def grey(photo: Image.Image) -> Image.Image:
    """Remove the colours."""
    return photo.convert("L").convert("RGB")


def tinted(photo: Image.Image) -> Image.Image:
    """Light it by a lamp: more red, less blue."""
    return photo.convert("RGB", (1.15, 0, 0, 0, 0, 0.95, 0, 0, 0, 0, 0.65, 0))


def quarter_of_a_wide_picture(photo: Image.Image) -> Image.Image:
    """Stand it small in a snowy landscape, on a quarter of the width."""
    return _in_landscape(photo, 4)


def sixth_of_a_wide_picture(photo: Image.Image) -> Image.Image:
    """Stand it small in a snowy landscape, on a sixth of the width."""
    return _in_landscape(photo, 6)


def wide_crop(photo: Image.Image) -> Image.Image:
    """Leave the middle half of its height."""
    return photo.crop((0, photo.height // 4, photo.width, photo.height * 3 // 4 + 1))


def tall_crop(photo: Image.Image) -> Image.Image:
    """Leave the middle half of its width."""
    return photo.crop((photo.width // 4, 0, photo.width * 3 // 4 + 1, photo.height))


def sticker(photo: Image.Image) -> Image.Image:
    """Stick it, with a white rim, onto a patterned ground."""
    ground = Image.new("RGB", (photo.width * 3 // 2, photo.height * 3 // 2), (208, 226, 190))
    pen = ImageDraw.Draw(ground)
    step = max(8, max(photo.size) // 12)
    for x in range(0, ground.width, step):
        for y in range(x % (2 * step), ground.height, 2 * step):
            pen.ellipse((x, y, x + step // 3, y + step // 3), fill=(150, 190, 140))
    framed = ImageOps.expand(photo, max(2, max(photo.size) // 40), "white")
    ground.paste(framed, ((ground.width - framed.width) // 2, (ground.height - framed.height) // 2))
    return ground


def _in_landscape(photo: Image.Image, share: int) -> Image.Image:
    """Lay a picture on one part of so many of the width of a landscape, twice as wide as high."""
    width = max(share, photo.width * share // 2)
    scene = Image.new("RGB", (width, max(1, width // 2)), (150, 180, 210))
    pen = ImageDraw.Draw(scene)
    pen.rectangle((0, scene.height * 3 // 5, width, scene.height), fill=(228, 232, 238))
    small = photo.copy()
    small.thumbnail((width // share, scene.height // 2), Image.Resampling.BICUBIC)
    scene.paste(small, (width * 3 // 5, scene.height // 3))
    return scene


DISTORTIONS: dict[str, Distortion] = {
    distortion.__name__: distortion
    for distortion in (
        dark,
        bright,
        blurred,
        noisy,
        jpeg_quality_15,
        shrunk_to_64,
        half_covered,
        captioned,
        barred,
        screenshot,
        photographed_screen,
        tilted_15,
        upside_down,
        mirrored,
        grey,
        tinted,
        quarter_of_a_wide_picture,
        sixth_of_a_wide_picture,
        wide_crop,
        tall_crop,
        sticker,
    )
}
