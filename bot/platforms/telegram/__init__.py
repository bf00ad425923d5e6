"""Telegram, by python-telegram-bot."""

from bot.platforms.telegram.adapter import TelegramAdapter

__all__ = ["TelegramAdapter"]
