"""Looks at Telegram with the bot's token: is it known, and does everything reach the bot?"""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from bot.platforms.findings import Examination, Finding

# https://core.telegram.org/bots/api
SERVER = "https://api.telegram.org"
SECONDS = 10.0
NAME = "Telegram"


async def examine(token: str, api_url: str | None, webhook_url: str | None) -> Examination:
    """Ask Telegram about the bot. Never raises.

    Args:
        token: The bot's.
        api_url: Another Bot API server's address, without a slash at the end.
        webhook_url: The address that Telegram is to call, if it is to.
    """
    base = f"{api_url or SERVER}/bot{token}"
    try:
        async with httpx.AsyncClient(timeout=SECONDS) as client:
            answer = await client.get(f"{base}/getMe")
            told = answer.json()
            if not told.get("ok"):
                return _alone(_refused(answer.status_code))
            hook = (await client.get(f"{base}/getWebhookInfo")).json().get("result", {})
    except (httpx.HTTPError, ValueError) as error:  # whose text may hold the token
        return _alone(
            f"cannot be reached from here ({type(error).__name__}): see that this computer may "
            "make https connections to api.telegram.org."
        )
    me = told["result"]
    name = me.get("username", "")
    findings = [Finding(NAME, f"the token is that of @{name}."), *_groups(me)]
    findings.append(_webhook(hook, webhook_url))
    links = (
        ("Telegram, to talk to it", f"https://t.me/{name}"),
        ("Telegram, to add it to a group", f"https://t.me/{name}?startgroup=true"),
    )
    date = answer.headers.get("date")
    return Examination(tuple(findings), links, parsedate_to_datetime(date) if date else None)


def _groups(me: dict[str, Any]) -> list[Finding]:
    if not me.get("can_join_groups", True):
        return [
            Finding(
                f"{NAME} groups",
                "nobody can add the bot to a group; /setjoingroups at @BotFather allows it.",
                is_fine=False,
            )
        ]
    if me.get("can_read_all_group_messages"):
        return [Finding(f"{NAME} groups", "privacy mode is off: every photo reaches the bot.")]
    return [
        Finding(
            f"{NAME} groups",
            "privacy mode is on: only what is meant for the bot reaches it, unless it is an admin "
            "there. To have it answer every photo send /setprivacy to @BotFather, choose "
            "Disable, and add the bot to its groups anew.",
            is_fine=False,
        )
    ]


def _webhook(hook: dict[str, Any], wanted: str | None) -> Finding:
    subject, url = f"{NAME} updates", hook.get("url", "")
    if wanted is None:
        if url:
            text = "another webhook is set with this token; the bot removes it when it starts."
            return Finding(subject, text)
        return Finding(subject, "the bot asks for them; nothing needs to reach it from outside.")
    if not url:
        return Finding(subject, "the webhook is set when the bot starts.")
    if trouble := hook.get("last_error_message"):
        text = f"Telegram could not call WEBHOOK_URL lately ({trouble}); see that it leads here."
        return Finding(subject, text, is_fine=False)
    return Finding(subject, "Telegram calls WEBHOOK_URL.")


def _refused(status: int) -> str:
    if status in (401, 404):
        return "the token is not known; copy it anew from @BotFather to TELEGRAM_TOKEN."
    return f"answers with {status} just now; try again in a while."


def _alone(text: str) -> Examination:
    return Examination((Finding(NAME, text, is_fine=False),))
