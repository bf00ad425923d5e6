"""The languages that the bot speaks, and where their sentences come from."""

from __future__ import annotations

from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO

from babel.core import negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_percent

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


class Tongue:
    """What it takes to say something in one language.

    `_` and `ngettext` are where sentences are looked up; `make words` finds them by these names.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        translations = _translations(language)
        self._ = translations.gettext
        self.ngettext = translations.ngettext

    def percent(self, share: float) -> str:
        """Word a probability (0..1) as a whole percentage; it is never quite certain."""
        return format_percent(min(0.99, max(0.01, round(share, 2))), locale=self.language)


def negotiate(language: str | None) -> str:
    """Return which of the languages is meant by an IETF tag such as `pt-BR`; English at a loss."""
    tag = (language or "").replace("-", "_").lower()
    return negotiate_locale([tag], list(LANGUAGES)) or "en"


@cache
def _translations(language: str) -> NullTranslations:
    """Read a language's .po file: a few milliseconds, so nothing compiled is kept anywhere."""
    if language == "en":
        return NullTranslations()
    po = files("bot").joinpath("locales", language, "LC_MESSAGES", f"{DOMAIN}.po")
    compiled = BytesIO()
    write_mo(compiled, read_po(BytesIO(po.read_bytes()), locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)
