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
    """Lay a meme's writing over its upper and its lower edge, as wide as the picture."""
    picture = photo.copy()
    pen = ImageDraw.Draw(picture)
    for place, anchor, text in ((0, "ma", "WHEN IT IS WARM"), (photo.height, "md", "AND YOU MELT")):
        per_size = ImageFont.load_default(100).getlength(text) / 100
        size = max(8, round(min(0.92 * photo.width / per_size, photo.height / 6)))
        pen.text(
            (photo.width / 2, place),
            text,
            "white",
            ImageFont.load_default(size),
            anchor=anchor,
            stroke_width=max(1, size // 10),
            stroke_fill="black",
        )
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
    """Show it in a phone's chat: a name above, a box to write in below, messages around it."""
    width, height = round(photo.width * 1.25), round(photo.width * 0.9 + photo.height * 1.15)
    line = max(8, photo.width // 16)
    screen = Image.new("RGB", (width, height), (236, 229, 221))
    pen, font = ImageDraw.Draw(screen), ImageFont.load_default(line)
    pen.rectangle((0, 0, width, 2.4 * line), fill=(7, 94, 84))
    pen.text((3 * line, 1.2 * line), "Grandma", "white", font, anchor="lm")
    pen.ellipse((line // 2, line // 4, 2.5 * line, 2.2 * line), fill=(200, 205, 210))
    pen.rectangle((0, height - 2.2 * line, width, height), fill=(245, 245, 245))
    pen.text((line, height - 1.1 * line), "Message", (150, 150, 150), font, anchor="lm")
    left, top = line // 2, (height - photo.height) // 2
    bubble = (0, top - line // 2, photo.width + line, top + photo.height + line // 2)
    pen.rounded_rectangle(bubble, line // 2, "white")
    screen.paste(photo, (left, top))
    for text, y in (("who is that??", top - 3 * line), ("guess!", bubble[3] + line)):
        right = width - line
        box = (right - line - font.getlength(text), y, right, y + 1.6 * line)
        pen.rounded_rectangle(box, line // 2, (220, 248, 198))
        pen.text((right - line / 2, y + 0.8 * line), text, (20, 20, 20), font, anchor="rm")
    return screen


def photographed_screen(photo: Image.Image) -> Image.Image:
    """Photograph it from a screen, from the side: perspective, coloured moire, glare."""
    width, height = photo.size
    y, x = np.mgrid[:height, :width] / max(photo.size)
    bands = np.sin(2 * np.pi * (60 * x + 9 * y)) * np.sin(2 * np.pi * (7 * x - 55 * y))
    rings = np.sin(2 * np.pi * 14 * np.hypot(x + 0.3, y - 0.4))
    moire = 1 + 0.12 * bands[..., None] + 0.1 * rings[..., None] * (1, -0.6, 0.8)
    glare = 110 * np.exp(-((x - 0.7) ** 2 + (y - 0.25) ** 2) / 0.02)
    lit = np.asarray(photo) * moire * 0.9 + glare[..., None]
    screen = Image.fromarray(lit.clip(0, 255).astype(np.uint8))
    # Where the corners of what is photographed lie on the screen: more of it at the right side.
    corners = np.array([[-0.04, -0.06], [-0.06, 1.04], [1.1, 1.22], [1.08, -0.2]])
    places = (corners * (width, height)).flatten().tolist()
    return screen.transform(
        photo.size, Image.Transform.QUAD, places, Image.Resampling.BICUBIC, fillcolor=(30, 30, 34)
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


def half_a_face(photo: Image.Image) -> Image.Image:
    """Leave the left half of its upper two thirds: of most figures half a face."""
    return photo.crop((0, 0, photo.width // 2 + 1, photo.height * 2 // 3 + 1))


def sticker(photo: Image.Image) -> Image.Image:
    """Stick it, with round corners and a white rim, onto a patterned ground."""
    ground = Image.new("RGB", (photo.width * 3 // 2, photo.height * 3 // 2), (208, 226, 190))
    pen = ImageDraw.Draw(ground)
    step = max(8, max(photo.size) // 12)
    for x in range(0, ground.width, step):
        for y in range(x % (2 * step), ground.height, 2 * step):
            pen.ellipse((x, y, x + step // 3, y + step // 3), fill=(150, 190, 140))
    rim = max(2, max(photo.size) // 30)
    left, top = (ground.width - photo.width) // 2, (ground.height - photo.height) // 2
    edge = (left - rim, top - rim, left + photo.width + rim, top + photo.height + rim)
    pen.rounded_rectangle(edge, 4 * rim, "white")
    shape = Image.new("L", photo.size)
    ImageDraw.Draw(shape).rounded_rectangle((0, 0, *photo.size), 3 * rim, 255)
    ground.paste(photo, (left, top), shape)
    return ground


def _in_landscape(photo: Image.Image, share: int) -> Image.Image:
    """Lay a picture, its edges fading, on one part of so many of the width of a wide landscape."""
    width = max(8, share, photo.width * share // 2)
    height = max(8, width * 9 // 16)
    y, x = np.mgrid[:height, :width]
    y, x = y / height, x / width
    sky = np.stack([120 + 90 * y, 160 + 70 * y, 205 + 30 * y], -1)
    far = y > 0.5 + 0.12 * np.sin(7 * x + 1) * np.sin(17 * x)
    near = y > 0.66 + 0.04 * np.sin(5 * x)
    snow = np.stack([228 - 30 * np.sin(40 * y), 232 - 26 * np.sin(40 * y), 240 + 0 * y], -1)
    scene = np.where(near[..., None], snow, np.where(far[..., None], (118, 132, 150), sky))
    picture = Image.fromarray(scene.clip(0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(picture)
    for place in (0.06, 0.15, 0.31, 0.88, 0.96):
        left, top, wide = place * width, (0.35 + 0.2 * place) * height, 0.04 * width
        pen.polygon(
            (left - wide, 0.75 * height, left, top, left + wide, 0.75 * height), (44, 74, 58)
        )
    small = photo.copy()
    small.thumbnail((width // share, height * 2 // 3), Image.Resampling.BICUBIC)
    soft = max(1, min(small.size) // 16)
    shape = Image.new("L", small.size)
    shape.paste(255, (soft, soft, max(soft + 1, small.width - soft), small.height - soft + 1))
    shape = shape.filter(ImageFilter.GaussianBlur(soft / 2))
    picture.paste(small, (width * 3 // 5, round(0.85 * height) - small.height), shape)
    return picture


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
        half_a_face,
        sticker,
    )
}

# No photo to be recognised; how much it costs is worth knowing all the same.
NOT_JUDGED = (half_a_face.__name__,)
