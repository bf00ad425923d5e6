"""The languages that the bot speaks, and where their sentences come from."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import date
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO

from babel.core import negotiate_locale
from babel.dates import format_date, format_skeleton
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent

from bot.domain import Label

# Each under its own name, for whoever chooses one. The sentences in the sources are English.
LANGUAGES = {
    "en": "English",
    "de": "Deutsch",
    "fr": "Français",
    "es": "Español",
    "pt": "Português",
    "uk": "Українська",
}
DOMAIN = "snowpeople"
# The bidirectional classes of characters that turn around what follows them.
TURNING = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


class Translation:
    """One language: where its sentences are looked up, and how it writes numbers, dates and lists.

    Attributes:
        language: One of LANGUAGES.
        gettext: Returns the sentence that an English one is in this language.
        ngettext: The same for a sentence with a number in it: singular, plural, number.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        catalogue = _catalogue(language)
        self.gettext = catalogue.gettext
        self.ngettext = catalogue.ngettext

    def percent(self, share: float) -> str:
        """Write a probability (0..1) as a whole percentage; it is never quite certain."""
        return self.whole_percent(min(0.99, max(0.01, share)))

    def whole_percent(self, share: float) -> str:
        """Write a share (0..1) of what was counted as a whole percentage, 0 and 100 too."""
        return format_percent(round(share, 2), locale=self.language)

    def number(self, number: int) -> str:
        """Write a whole number: `1,204`."""
        return format_decimal(number, locale=self.language)

    def listed(self, words: Sequence[str]) -> str:
        """Join some words: `Mia, Ben, and Grandma`."""
        return format_list(words, locale=self.language)

    def people(self, names: Sequence[str]) -> str:
        """Join people's names, each safe to put into a sentence."""
        return self.listed([clean_name(name) for name in names])

    def points(self, points: int) -> str:
        """Count points: `12 points`."""
        # Translators: fills {points} in other sentences, as what somebody gets or has.
        counted = self.ngettext("{number} point", "{number} points", points)
        return counted.format(number=self.number(points))

    def label(self, label: Label) -> str:
        """Name a snow person without any fuss, as on a button for a guess or in a table."""
        return {
            Label.OLAF: self.gettext("Olaf"),
            # Translators: the Abominable Snowman; what a child calls a yeti.
            Label.ABOMINABLE: self.gettext("Abominable"),
            # Translators: neither of the two snow people.
            Label.NEITHER: self.gettext("Neither"),
        }[label]

    def name(self, name: str | None) -> str:
        """Name a player.

        Args:
            name: The player's own; empty if they have none, None if they are forgotten.
        """
        if name is None:
            # Translators: stands where the name of a forgotten player was.
            return self.gettext("a forgotten snow person")
        # Translators: stands for the name of a player who did not give one.
        return name or self.gettext("Somebody")

    def day(self, day: date) -> str:
        """Write a day: `Nov 24, 2026`."""
        return format_date(day, format="medium", locale=self.language)

    def month(self, day: date) -> str:
        """Write the month that a day is in: `November 2026`."""
        return format_skeleton("yMMMM", day, locale=self.language)


class Sentences:
    """A part of what the bot says, in one language.

    `make words` finds the sentences by the names `_`, `gettext` and `ngettext`.
    """

    def __init__(self, text: Translation) -> None:
        self._text = text
        self._ = text.gettext
        self.ngettext = text.ngettext


def clean_name(name: str) -> str:
    """Keep a name from breaking or turning around the line that it is put into."""
    kept = "".join(char for char in name if unicodedata.bidirectional(char) not in TURNING)
    line = " ".join(kept.split())
    if any(unicodedata.bidirectional(char) in ("R", "AL") for char in line):
        return f"\N{FIRST STRONG ISOLATE}{line}\N{POP DIRECTIONAL ISOLATE}"
    return line


def negotiate(language: str | None) -> str:
    """Return which of the languages is meant by an IETF tag such as `pt-BR`; English at a loss."""
    tag = (language or "").replace("-", "_").lower()
    return negotiate_locale([tag], list(LANGUAGES)) or "en"


@cache
def _catalogue(language: str) -> NullTranslations:
    """Read a language's .po file: a few milliseconds, so nothing compiled is kept anywhere."""
    if language == "en":
        return NullTranslations()
    po = files("bot.speech").joinpath("locales", language, "LC_MESSAGES", f"{DOMAIN}.po")
    compiled = BytesIO()
    write_mo(compiled, read_po(BytesIO(po.read_bytes()), locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)
