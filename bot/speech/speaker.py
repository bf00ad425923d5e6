"""Everything the bot says, in one language."""

from __future__ import annotations

from functools import cache

from bot.speech.challenges import ChallengeSentences
from bot.speech.photos import PhotoSentences
from bot.speech.privacy import PrivacySentences
from bot.speech.rooms import RoomSentences
from bot.speech.rounds import RoundSentences
from bot.speech.standings import StandingSentences
from bot.speech.translations import Translation, negotiate


class Speaker:
    """The bot's sentences in one language.

    Attributes:
        text: Looks sentences up, and writes numbers, dates and lists.
        photos: Answers to photos.
        rounds: The truth, points, objections and guesses.
        rooms: Greetings, help, settings, troubles.
        privacy: What is stored, what admins did.
        standings: Points gained: leaderboard, podium, own figures.
        challenges: Ideas for today's photo.
    """

    def __init__(self, language: str) -> None:
        self.text = Translation(language)
        self.photos = PhotoSentences(self.text)
        self.rounds = RoundSentences(self.text)
        self.rooms = RoomSentences(self.text)
        self.privacy = PrivacySentences(self.text)
        self.standings = StandingSentences(self.text)
        self.challenges = ChallengeSentences(self.text)

    @property
    def language(self) -> str:
        """One of LANGUAGES."""
        return self.text.language


@cache
def _speaker(language: str) -> Speaker:
    return Speaker(language)


def speaker_for(language: str | None) -> Speaker:
    """Return the sentences in a language, named by an IETF tag; in English at a loss."""
    return _speaker(negotiate(language))
