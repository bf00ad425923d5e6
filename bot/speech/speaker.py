"""All sentences of the bot in one language, grouped by subject."""

from __future__ import annotations

from functools import cache

from bot.speech.challenges import ChallengeSentences
from bot.speech.party import PartySentences
from bot.speech.photos import PhotoSentences
from bot.speech.privacy import PrivacySentences
from bot.speech.rooms import RoomSentences
from bot.speech.rounds import RoundSentences
from bot.speech.standings import StandingSentences
from bot.speech.translations import Translation, negotiate


class Speaker:
    """The bot's sentences in one language.

    Args:
        language: One of LANGUAGES.

    Attributes:
        text: Translates sentences; formats numbers, dates, lists and names.
        photos: Answers to photos.
        rounds: The truth, points, objections and guesses.
        rooms: Greetings, help, settings, errors.
        privacy: What is stored, /forget, /export, the log of what admins did.
        standings: Leaderboard, podium, a player's own figures.
        challenges: Ideas for today's photo.
        party: A party night's prompts and ends.
    """

    def __init__(self, language: str) -> None:
        self.text = Translation(language)
        self.photos = PhotoSentences(self.text)
        self.rounds = RoundSentences(self.text)
        self.rooms = RoomSentences(self.text)
        self.privacy = PrivacySentences(self.text)
        self.standings = StandingSentences(self.text)
        self.challenges = ChallengeSentences(self.text)
        self.party = PartySentences(self.text)

    @property
    def language(self) -> str:
        """The language of all sentences, one of LANGUAGES."""
        return self.text.language


@cache
def _speaker(language: str) -> Speaker:
    return Speaker(language)


def speaker_for(language: str | None) -> Speaker:
    """Return the sentences in a language; in English when the bot does not speak it.

    Args:
        language: An IETF tag such as `pt-BR`, or None when it is not known.
    """
    return _speaker(negotiate(language))
