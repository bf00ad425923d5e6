"""The languages of the bot: their .po files, and how each writes numbers, dates and names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime, time
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO

from babel.core import negotiate_locale
from babel.dates import format_date, format_skeleton, format_time, get_timezone_location
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
# The bidirectional classes of invisible characters that turn around what follows them.
BIDI_CONTROLS = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
# What makes an app take a word for a mention, a tag, a command or an address.
LINKING = re.compile(r"[@#/$](?=\S)|(?<=\w)\.(?=\w)")


class Translation:
    """One language: translates sentences; formats numbers, dates, lists and names.

    Args:
        language: One of LANGUAGES.

    Attributes:
        language: One of LANGUAGES.
        gettext: Returns an English sentence in this language.
        ngettext: The same for a sentence with a number in it; it takes the English singular, the
            English plural and the number.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        catalogue = _catalogue(language)
        self.gettext = catalogue.gettext
        self.ngettext = catalogue.ngettext

    def whole_percent(self, share: float) -> str:
        """Return a counted share (0 to 1) as a whole percentage, 0 % and 100 % included."""
        return format_percent(round(share, 2), locale=self.language)

    def percentage(self, percent: int) -> str:
        """Return a whole percentage, such as `Verdict.percent`, as the language writes it."""
        return format_percent(percent / 100, locale=self.language)

    def number(self, number: int) -> str:
        """Return a whole number as the language writes it: `1,204`."""
        return format_decimal(number, locale=self.language)

    def listed(self, words: Sequence[str]) -> str:
        """Return a list in words: `Mia, Ben, and Grandma`."""
        return format_list(words, locale=self.language)

    def people(self, names: Sequence[str]) -> str:
        """Return people's names as a list in words, each safe to put into a sentence."""
        return self.listed([clean_name(name) for name in names])

    def points(self, points: int) -> str:
        """Return a number of points: `12 points`."""
        # Translators: fills {points} in other sentences, as what somebody gets or has.
        counted = self.ngettext("{number} point", "{number} points", points)
        return counted.format(number=self.number(points))

    def label(self, label: Label) -> str:
        """Return a label in one short word, as on a button or in a table."""
        return {
            # Translators: three buttons in one row on a phone, from here on: a short word each.
            Label.OLAF: self.gettext("Olaf"),
            Label.ABOMINABLE: self.gettext("Yeti"),
            # Translators: neither Olaf nor the yeti.
            Label.NEITHER: self.gettext("Neither"),
        }[label]

    def name(self, name: str | None) -> str:
        """Return what to call a player.

        Args:
            name: The player's own name; empty if they have none, None if they are forgotten.
        """
        if name is None:
            # Translators: stands where the name of a forgotten player was.
            return self.gettext("a forgotten snow person")
        # Translators: stands for the name of a player who did not give one.
        return name or self.gettext("Somebody")

    def day(self, day: date) -> str:
        """Return a day as the language writes it: `Nov 24, 2026`."""
        return format_date(day, format="medium", locale=self.language)

    def recent_day(self, day: date, today: date | None = None) -> str:
        """Return a day's weekday if it is less than a week ago, else the day as it is written.

        Args:
            day: The day.
            today: The room's; None if the weekday would not be understood.
        """
        if today is not None and 0 <= (today - day).days < 7:
            return format_date(day, format="EEEE", locale=self.language)
        return self.day(day)

    def time(self, at: datetime) -> str:
        """Return a moment of the next days with its weekday: `Sunday, 8:00 PM`.

        Args:
            at: The moment, in the time zone in which it is shown.
        """
        weekday = format_date(at.date(), format="EEEE", locale=self.language)
        return f"{weekday}, {self.clock_time(at.hour, at.minute)}"

    def clock_time(self, hour: int, minute: int) -> str:
        """Return a time of the day as the language writes it: `9:00 AM`."""
        return format_time(time(hour, minute), format="short", locale=self.language)

    def place_of_timezone(self, timezone: str) -> str:
        """Return the city after which a time zone is named: `Berlin`.

        Args:
            timezone: An IANA name such as `Europe/Berlin`; one without a city is returned as it is.
        """
        if "/" not in timezone or timezone.startswith("Etc/"):
            return timezone
        return get_timezone_location(timezone, locale=self.language, return_city=True)

    def month(self, day: date) -> str:
        """Return the month that a day is in: `November 2026`."""
        return format_skeleton("yMMMM", day, locale=self.language)


class Sentences:
    """Sentences about one subject, in one language.

    `make words` finds the sentences by the names `_`, `gettext` and `ngettext`.

    Args:
        text: The language.
    """

    def __init__(self, text: Translation) -> None:
        self._text = text
        self._ = text.gettext
        self.ngettext = text.ngettext


def clean_name(name: str) -> str:
    """Return a name that neither breaks nor turns around the line that it is put into.

    Nor does it call anybody or lead anywhere: apps make a mention of `@name`, a link of `snow.com`.
    """
    kept = "".join(char for char in name if unicodedata.bidirectional(char) not in BIDI_CONTROLS)
    line = LINKING.sub("\\g<0>\N{WORD JOINER}", " ".join(kept.split()))
    if any(unicodedata.bidirectional(char) in ("R", "AL") for char in line):
        return f"\N{FIRST STRONG ISOLATE}{line}\N{POP DIRECTIONAL ISOLATE}"
    return line


def speaks(language: str) -> bool:
    """Return whether an IETF tag such as `pt-BR` means one of LANGUAGES."""
    return _negotiate(language) is not None


def negotiate(language: str | None) -> str:
    """Return which of LANGUAGES an IETF tag such as `pt-BR` means; `en` if it is none of them."""
    return _negotiate(language or "") or "en"


def _negotiate(language: str) -> str | None:
    return negotiate_locale([language.replace("-", "_").lower()], list(LANGUAGES))


@cache
def _catalogue(language: str) -> NullTranslations:
    """Return the sentences of a language's .po file.

    It takes a few milliseconds, so there are no compiled files.
    """
    if language == "en":
        return NullTranslations()
    po = files("bot.speech").joinpath("locales", language, "LC_MESSAGES", f"{DOMAIN}.po")
    compiled = BytesIO()
    write_mo(compiled, read_po(BytesIO(po.read_bytes()), locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)
