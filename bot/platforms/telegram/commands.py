"""The menus: the commands that people's apps list, in every language, told to Telegram once."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator

from telegram import (
    Bot,
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
)
from telegram.error import TelegramError

from bot.platforms.contract import Notes
from bot.platforms.telegram.identity import PLATFORM
from bot.services import commands
from bot.speech import LANGUAGES, speaker_for

log = logging.getLogger(__name__)

# The name of the note that holds a digest of the menus that Telegram has.
PUBLISHED = "telegram commands"
# Whether the commands of admins are among them. In private, everyone decides for themselves.
PRIVATE = BotCommandScopeAllPrivateChats()
SCOPES = (
    (PRIVATE, True),
    (BotCommandScopeAllGroupChats(), False),
    (BotCommandScopeAllChatAdministrators(), True),
)
# The library has no word for it: in a group only the bot sees the command, and may whisper back.
WHISPERED = {"is_ephemeral": True}


async def publish_menus(bot: Bot, notes: Notes) -> None:
    """Tell Telegram the menus, but only when they changed: they take some twenty requests.

    Args:
        bot: Whose menus they are.
        notes: Remembers which menus Telegram has.
    """
    digest = digest_of_menus(bot.id)
    try:
        if await notes.recall(PUBLISHED) == digest:
            return
        for scope, language, menu in _menus():
            await bot.set_my_commands(menu, scope=scope, language_code=language)
        await notes.remember(PUBLISHED, digest)
    except TelegramError as fault:
        log.warning("telegram: the menu of commands is not set (%s)", type(fault).__name__)


def digest_of_menus(bot_id: int) -> str:
    """Return what tells a bot's menus from those of other bots and versions."""
    all_of_them = [(scope.type, language, *map(str, menu)) for scope, language, menu in _menus()]
    return hashlib.sha256(repr((bot_id, all_of_them)).encode()).hexdigest()


def _menus() -> Iterator[tuple[BotCommandScope, str | None, list[BotCommand]]]:
    """Yield for which chats, in which language, which commands are listed."""
    for language in (None, *LANGUAGES):
        speaker = speaker_for(language)
        for scope, admin in SCOPES:
            listed = commands.menu(PLATFORM, admin=admin)
            menu = [
                BotCommand(
                    each.name,
                    each.summary_in(speaker),
                    api_kwargs=None if each.for_room or scope is PRIVATE else WHISPERED,
                )
                for each in listed
            ]
            yield scope, language, menu
