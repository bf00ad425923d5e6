"""Looks at each platform that has a token."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from bot.platforms.discord.examine import examine as examine_discord
from bot.platforms.findings import Examination
from bot.platforms.telegram.examine import examine as examine_telegram
from bot.settings import Settings, without_slash


async def examine_all(settings: Settings) -> list[Examination]:
    """Return what each platform tells of the bot; none for a platform without a token.

    Args:
        settings: The operator's.
    """
    looks: list[Coroutine[Any, Any, Examination]] = []
    if settings.telegram_token is not None:
        token = settings.telegram_token.get_secret_value()
        webhook = without_slash(settings.webhook_url)
        looks.append(examine_telegram(token, without_slash(settings.telegram_api_url), webhook))
    if settings.discord_token is not None:
        token = settings.discord_token.get_secret_value()
        looks.append(examine_discord(token, without_slash(settings.discord_api_url)))
    return list(await asyncio.gather(*looks))
