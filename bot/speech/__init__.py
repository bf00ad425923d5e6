"""Every sentence that the bot sends, in every language."""

from bot.speech.challenges import is_challenge
from bot.speech.speaker import Speaker, speaker_for
from bot.speech.translations import LANGUAGES, speaks

__all__ = ["LANGUAGES", "Speaker", "is_challenge", "speaker_for", "speaks"]
