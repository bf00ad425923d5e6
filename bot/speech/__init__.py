"""Every sentence that the bot sends, in every language."""

from bot.speech.speaker import Speaker, speaker_for
from bot.speech.translations import LANGUAGES

__all__ = ["LANGUAGES", "Speaker", "speaker_for"]
