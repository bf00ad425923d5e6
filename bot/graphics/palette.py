"""The colours of the bot's pictures, by day and by night: those of the web page."""

from __future__ import annotations

from dataclasses import dataclass

# Red, green and blue, 0 to 255 each.
Colour = tuple[int, int, int]

WHITE: Colour = (255, 255, 255)
NIGHT: Colour = (21, 49, 74)
GOLD: Colour = (240, 180, 41)
# By rank.
MEDALS: dict[int, Colour] = {1: GOLD, 2: (150, 168, 184), 3: (190, 120, 66)}


def parse_hex(text: str) -> Colour:
    """Return the colour that a style sheet writes as `#rrggbb`."""
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """Return a mixture of two colours.

    Args:
        one: The first colour.
        other: The second colour.
        share: How much of the second is in it, 0 to 1.
    """
    a, b, c = (round(x + (y - x) * share) for x, y in zip(one, other, strict=True))
    return a, b, c


def contrasting_ink(ground: Colour) -> Colour:
    """Return white or night blue, whichever is easier to read on a background."""
    return max(WHITE, NIGHT, key=lambda ink: contrast(ink, ground))


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast ratio of two colours as WCAG 2 defines it, 1 to 21."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Colour) -> float:
    """Return a colour's relative luminance as WCAG 2 defines it, 0 to 1."""
    shares = [value / 255 for value in colour]
    red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@dataclass(frozen=True, slots=True)
class Theme:
    """The web page's colours (bot/platforms/web/static/style.css), by day or by night.

    Attributes:
        sky: At the top, in the middle and at the bottom.
        hill_far: Of the hills behind.
        hill_near: Of the hill in front.
        pine: Of the trees.
        flake: Of falling snow.
        ink: Of text.
        ink_soft: Of text that matters less.
        card: Of a box.
        mine: Of the box of whoever asked for the picture.
        bot: Of the bot's bubble.
        carrot: Of what stands out, and of wrong answers.
        ice: Of right answers.
        step: Of the podium's steps.
    """

    sky: tuple[Colour, Colour, Colour]
    hill_far: Colour
    hill_near: Colour
    pine: Colour
    flake: Colour
    ink: Colour
    ink_soft: Colour
    card: Colour
    mine: Colour
    bot: Colour
    carrot: Colour
    ice: Colour
    step: Colour


def _theme(sky: str, **colours: str) -> Theme:
    """Return a theme from colours as a style sheet writes them."""
    top, middle, bottom = map(parse_hex, sky.split())
    return Theme((top, middle, bottom), **{name: parse_hex(c) for name, c in colours.items()})


LIGHT = _theme(
    sky="#bfdff5 #e6f3fc #f6fbff",
    hill_far="#dcecf8",
    hill_near="#fafdff",
    pine="#b3d0de",
    flake="#ffffff",
    ink="#15314a",
    ink_soft="#46617a",
    card="#ffffff",
    mine="#d3e9fa",
    bot="#fff3e8",
    carrot="#c9500d",
    ice="#1d80c4",
    step="#5ba9d8",
)
DARK = _theme(
    sky="#081424 #10253d #1a3a5b",
    hill_far="#1d4265",
    hill_near="#2a557d",
    pine="#122f4a",
    flake="#cfe6f8",
    ink="#eaf4fc",
    ink_soft="#b4ccdf",
    card="#1b3651",
    mine="#24527c",
    bot="#4a3227",
    carrot="#ff9d52",
    ice="#4aa8e6",
    step="#2b6ca3",
)


# Of avatars, in the order of joining. Found by a search that keeps any two apart for those who see
# all colours and for those who lack red or green, and initials readable; the first most of all.
AVATARS: tuple[Colour, ...] = tuple(
    map(
        parse_hex,
        (
            *("#105ee0", "#e0d32a", "#51b99f", "#851010", "#c64410", "#85acd3"),
            *("#b9c65e", "#7892ed", "#107878", "#373792", "#9fe09f", "#5e7851"),
        ),
    )
)


def avatar_colour(number: int) -> Colour:
    """Return the colour of a player's avatar.

    Args:
        number: The player's in the order of joining the room, from 0; after the last colour comes
            the first again.
    """
    return AVATARS[number % len(AVATARS)]
