"""`snowpeople invite`: the links that bring the bot to others."""

from __future__ import annotations

from bot.operating.platforms import examine_all
from bot.platforms.findings import Finding
from bot.settings import Settings


async def invite(settings: Settings) -> list[Finding]:
    """Return a line for each link, and one for each platform that tells none.

    Args:
        settings: The operator's.
    """
    lines: list[Finding] = []
    for examined in await examine_all(settings):
        lines += [Finding(what, f"{what}: {link}") for what, link in examined.links]
        if not examined.links:
            lines += [Finding(f.subject, str(f), is_fine=False) for f in examined.findings]
    if not lines:
        text = "No token is set: TELEGRAM_TOKEN or DISCORD_TOKEN in .env makes the bot one there."
        return [Finding("tokens", text, is_fine=False)]
    return lines
