"""Looks at Discord with the bot's token: is it known, what may it do, and how is it invited?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

import aiohttp
from discord import Permissions

from bot.platforms.findings import Examination, Finding

# https://discord.com/developers/docs/reference
SERVER = "https://discord.com/api/v10"
AUTHORIZE = "https://discord.com/oauth2/authorize"
AGENT = "DiscordBot (https://github.com/snowpeople/snowpeople, 1)"
SECONDS = 10.0
NAME = "Discord"
NEEDED = Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    attach_files=True,
    read_message_history=True,
)
# Message Content, for a bot in a hundred servers and for one in fewer.
MESSAGE_CONTENT = (1 << 18) | (1 << 19)
GUILD_INSTALL, USER_INSTALL = "0", "1"


class _Refused(Exception):
    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(str(status))


async def examine(token: str, api_url: str | None) -> Examination:
    """Ask Discord about the bot. Never raises.

    Args:
        token: The bot's.
        api_url: Another REST API's address, without a slash at the end; None for Discord's own.
    """
    headers = {"Authorization": f"Bot {token}", "User-Agent": AGENT}
    timeout = aiohttp.ClientTimeout(total=SECONDS)
    server = api_url or SERVER
    try:
        async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
            me, date = await _get(session, f"{server}/users/@me")
            application, _ = await _get(session, f"{server}/oauth2/applications/@me")
            gateway, _ = await _get(session, f"{server}/gateway/bot")
            guilds, _ = await _get(session, f"{server}/users/@me/guilds")
    except _Refused as refused:
        return _alone(_why(refused.status))
    except (TimeoutError, aiohttp.ClientError, ValueError) as error:
        return _alone(
            f"cannot be reached from here ({type(error).__name__}): see that this computer may "
            "make https connections to discord.com."
        )
    findings = [
        Finding(NAME, f"the token is that of {me['username']}."),
        _starts(gateway.get("session_start_limit", {})),
        _intent(application),
        *_installs(application),
        _permissions(guilds),
    ]
    return Examination(
        tuple(findings),
        _links(application["id"]),
        parsedate_to_datetime(date) if date else None,
    )


async def _get(session: aiohttp.ClientSession, url: str) -> tuple[Any, str | None]:
    async with session.get(url) as response:
        if response.status != 200:
            raise _Refused(response.status)
        return await response.json(content_type=None), response.headers.get("Date")


def _starts(limit: Mapping[str, Any]) -> Finding:
    subject, left = f"{NAME} starts", limit.get("remaining", 1)
    if left:
        return Finding(subject, f"the bot may still connect {left} times today.")
    text = "the bot has connected too often today; leave it alone until tomorrow."
    return Finding(subject, text, is_fine=False)


def _intent(application: Mapping[str, Any]) -> Finding:
    if application.get("flags", 0) & MESSAGE_CONTENT:
        text = "Message Content is on: admins may choose channels with every photo."
    else:
        text = (
            "Message Content is off: the bot sees what is meant for it. For channels in which "
            "every photo is answered, turn it on, on the application's Bot page."
        )
    return Finding(f"{NAME} intents", text)


def _installs(application: Mapping[str, Any]) -> list[Finding]:
    allowed = application.get("integration_types_config")
    if allowed is None or {GUILD_INSTALL, USER_INSTALL} <= set(allowed):
        return []
    missing = "Guild Install" if GUILD_INSTALL not in allowed else "User Install"
    text = f"{missing} is not allowed; allow it on the application's Installation page."
    return [Finding(f"{NAME} installation", text, is_fine=False)]


def _permissions(guilds: Sequence[Mapping[str, Any]]) -> Finding:
    subject = f"{NAME} permissions"
    lacking: set[str] = set()
    poor = 0
    for guild in guilds:
        granted = Permissions(int(guild.get("permissions", 0)))
        if granted.administrator or granted >= NEEDED:
            continue
        poor += 1
        lacking |= {name for name, is_needed in NEEDED if is_needed and not getattr(granted, name)}
    if poor:
        names = ", ".join(sorted(name.replace("_", " ").title() for name in lacking))
        text = (
            f"{poor} of {len(guilds)} servers lack some for the bot's role ({names}); invite it "
            "there once more by the link of `snowpeople invite`."
        )
        return Finding(subject, text, is_fine=False)
    return Finding(subject, f"all that are needed; servers: {len(guilds)}.")


def _links(application: str) -> tuple[tuple[str, str], ...]:
    server = {
        "client_id": application,
        "integration_type": GUILD_INSTALL,
        "scope": "bot applications.commands",
        "permissions": str(NEEDED.value),
    }
    user = {
        "client_id": application,
        "integration_type": USER_INSTALL,
        "scope": "applications.commands",
    }
    return (
        ("Discord, to add it to a server", f"{AUTHORIZE}?{urlencode(server)}"),
        ("Discord, to add it for yourself", f"{AUTHORIZE}?{urlencode(user)}"),
    )


def _why(status: int) -> str:
    if status == 401:
        return "the token is not known; make a new one on the Bot page for DISCORD_TOKEN."
    return f"answers with {status} just now; try again in a while."


def _alone(text: str) -> Examination:
    return Examination((Finding(NAME, text, is_fine=False),))
