"""What a photo's caption says, in any of the bot's languages: who it is, or to let all guess."""

from __future__ import annotations

import re
import unicodedata

from bot.domain import Label

_OLAF = r"olaf|олаф"
_YETI = (
    r"yet[iy]s?|yétis?|iétis?|єті|йеті|abominable\s+snow\s?m[ae]n|schneemensch(?:en)?|"
    r"homme\s+des\s+neiges|hombre\s+de\s+las\s+nieves|homem\s+das\s+neves|снігова\s+людина"
)
_IT_IS = (
    r"(?:it s|it is|this is|that s|das ist|es ist|c est|es|é|це|тут|the|der|ein|l|le|un|el|um|o|"
    r"a|an)"
)
# Only without other words: there is "abominable weather", too.
_ABOMINABLE_ALONE = re.compile(rf"(?:{_IT_IS} )*(?:abominable|abomin[aá]vel)")
_NEITHER = re.compile(
    rf"(?:{_IT_IS} )*(?:neither(?: of (?:them|the two|both))?|none of (?:them|the two)|"
    r"kein(?:er|s|e) von beiden|weder noch|ni l un ni l autre|aucun des deux|"
    r"ninguno(?: de los dos)?|ni uno ni otro|nenhum(?: dos dois)?|nem um nem outro|"
    r"ні той ні (?:той|інший)|жоден(?: з них| із двох)?)"
)
# In doubt, denied, or something else: then the truth is left to the buttons.
_DOUBT = re.compile(
    r"[?¿]|\b(?:"
    r"not|isn|ain|no|never|nor|or|maybe|perhaps|almost|nearly|like|as|fake|guess|for|uncle|"
    r"nicht|kein\w*|nie|oder|vielleicht|fast|beinahe|wie|als|falsch\w*|für|onkel|"
    r"pas|jamais|ou|peut|presque|comme|faux|pour|oncle|"
    r"ni|nunca|quizás?|tal\s+vez|casi|como|falso|para|tío|"
    r"não|nem|talvez|quase|tio|"
    r"не|ні|або|чи|може|мабуть|майже|як|наче|ніби|для|дядько"  # noqa: RUF001
    r")\b"
)
# Olaf's hat, the mask of a yeti: somebody's things are not somebody.
_BELONGINGS = re.compile(
    rf"\b(?:{_OLAF}|{_YETI})'s\b|"
    r"\b(?:of|von|vom|de|d|du|del|do|da)\b\W*(?:(?:a|an|the|dem|einem|un|el|um|o)\s+)*"
    rf"\b(?:{_OLAF}|{_YETI})\b"
)
# Not the English "rate" or "I guess".
_GUESS_REQUEST = re.compile(
    r"\b(?:(?<!\bi )guess|rate? mal|raten|ratet|devine[zr]?|devinons|adivina|adivinen|adivinad|"
    r"adivinhe|adivinhem|adivinha|вгадай|вгадайте|відгадай|відгадайте)\b"
)
_COMMAND_OR_LINK = re.compile(r"(?<!\S)(?:[/@]|https?://)\S+")


def truth_in(caption: str) -> Label | None:
    """Return who is on the photo; None if its caption does not say so beyond doubt."""
    text = _normalised(caption)
    bare = " ".join(re.sub(r"[^\w\s]", " ", text).split())
    if _NEITHER.fullmatch(bare):
        return Label.NEITHER
    if _DOUBT.search(text) or _GUESS_REQUEST.search(text) or _BELONGINGS.search(text):
        return None
    is_olaf = bool(re.search(rf"\b(?:{_OLAF})\b", text))
    is_yeti = bool(re.search(rf"\b(?:{_YETI})\b", text) or _ABOMINABLE_ALONE.fullmatch(bare))
    if is_olaf == is_yeti:
        return None
    return Label.OLAF if is_olaf else Label.ABOMINABLE


def wants_guesses(caption: str) -> bool:
    """Return whether a caption asks everyone to guess before the bot looks."""
    return _GUESS_REQUEST.search(_normalised(caption)) is not None


def _normalised(caption: str) -> str:
    """Return a caption in small letters, with plain apostrophes, without commands and links."""
    text = unicodedata.normalize("NFC", _COMMAND_OR_LINK.sub(" ", caption)).casefold()
    return text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
