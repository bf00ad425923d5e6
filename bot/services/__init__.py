"""What the bot does with a photo, a button, a command or a date."""

from bot.services.service import Service, build_service

__all__ = ["Service", "build_service"]
