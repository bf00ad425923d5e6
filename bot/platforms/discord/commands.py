"""The menus: slash commands and the message menu, in every language, told to Discord once."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable
from typing import Any

import discord
from discord import app_commands
from discord.app_commands import (
    AppCommandContext,
    AppInstallationType,
    Choice,
    Group,
    TranslationContextTypes,
    locale_str,
)

from bot.platforms.contract import Notes
from bot.platforms.discord.files import FILE_TYPES
from bot.platforms.discord.identity import PLATFORM, Interaction
from bot.platforms.discord.interactions import InteractionHandlers
from bot.services.commands import Command, menu
from bot.speech import speaker_for

log = logging.getLogger(__name__)

# The name of the note that holds a digest of the menus that Discord has.
SYNCED = "discord commands"


class _MenuTranslator(app_commands.Translator):
    """Translates what was made by `_translatable`; names are the same in every language."""

    async def translate(
        self, string: locale_str, locale: discord.Locale, context: TranslationContextTypes
    ) -> str | None:
        translation: Callable[[str], str] | None = string.extras.get("translation")
        translated = translation(locale.value) if translation else None
        return translated if translated != string.message else None


class _PhotoCommand(app_commands.Command[Group, ..., None]):
    """A command whose place for a file takes photos; discord.py has no word for that yet."""

    async def get_translated_payload(
        self, tree: app_commands.CommandTree[discord.Client], translator: app_commands.Translator
    ) -> dict[str, Any]:
        payload = await super().get_translated_payload(tree, translator)
        for option in payload["options"]:
            if option["type"] == discord.AppCommandOptionType.attachment.value:
                option["file_types"] = FILE_TYPES
        return payload


def build_tree(client: discord.Client, handlers: InteractionHandlers) -> app_commands.CommandTree:
    """Return the menus.

    Args:
        client: What gets the interactions.
        handlers: What answers them.
    """
    tree = app_commands.CommandTree(
        client,
        # Whoever added the bot for themselves has it everywhere.
        allowed_contexts=AppCommandContext(guild=True, dm_channel=True, private_channel=True),
        allowed_installs=AppInstallationType(guild=True, user=True),
    )
    for command in menu(PLATFORM):
        slash_command = _slash_command(command, handlers)
        if command.admins_only:
            # Discord hides it from others, unless a server's settings say otherwise; in private
            # everyone sees it. The service asks again.
            slash_command.default_permissions = discord.Permissions(manage_guild=True)
        tree.add_command(slash_command)

    async def on_message_menu(interaction: Interaction, message: discord.Message) -> None:
        handlers.handle_message_menu(interaction, message)

    name = _translatable(lambda language: speaker_for(language).rooms.menu_name())
    tree.add_command(app_commands.ContextMenu(name=name, callback=on_message_menu))
    return tree


async def sync_tree(tree: app_commands.CommandTree, notes: Notes) -> None:
    """Tell Discord the menus, but only when they changed: 200 creations a day are the limit.

    Args:
        tree: The menus.
        notes: Remembers which menus Discord has.
    """
    translator = _MenuTranslator()
    await tree.set_translator(translator)
    payload = [await each.get_translated_payload(tree, translator) for each in tree.get_commands()]
    whole = json.dumps([tree.client.application_id, payload], sort_keys=True)
    digest = hashlib.sha256(whole.encode()).hexdigest()
    if await notes.recall(SYNCED) == digest:
        return
    try:
        await tree.sync()
    except discord.DiscordException as error:  # photos matter more than menus
        log.error("the commands could not be told to Discord: %s", type(error).__name__)
    else:
        await notes.remember(SYNCED, digest)
        log.info("told Discord %d commands", len(payload))


def _slash_command(
    command: Command, handlers: InteractionHandlers
) -> app_commands.Command[Group, ..., None]:
    async def plain(interaction: Interaction) -> None:
        handlers.handle_slash_command(interaction, command)

    async def with_photo(interaction: Interaction, photo: discord.Attachment | None = None) -> None:
        handlers.handle_slash_command(interaction, command, photo)

    async def with_choice(interaction: Interaction, choice: str | None = None) -> None:
        handlers.handle_slash_command(interaction, command, argument=choice or "")

    async def with_both(
        interaction: Interaction,
        photo: discord.Attachment | None = None,
        choice: str | None = None,
    ) -> None:
        handlers.handle_slash_command(interaction, command, photo, argument=choice or "")

    async def with_text(interaction: Interaction, text: str | None = None) -> None:
        handlers.handle_slash_command(interaction, command, argument=text or "")

    name = command.name
    summary = _translatable(lambda language: command.summary_in(speaker_for(language)))
    photo = app_commands.describe(photo=summary)
    choice = app_commands.describe(choice=summary)
    offered = app_commands.choices(choice=[Choice(name=one, value=one) for one in command.choices])
    if command.takes_photo and command.choices:
        both = photo(choice(offered(with_both)))
        return _PhotoCommand(name=name, description=summary, callback=both)
    if command.takes_photo:
        return _PhotoCommand(name=name, description=summary, callback=photo(with_photo))
    if command.choices:
        chosen = choice(offered(with_choice))
        return app_commands.Command(name=name, description=summary, callback=chosen)
    if command.takes_text:
        text = app_commands.describe(text=summary)(with_text)
        return app_commands.Command(name=name, description=summary, callback=text)
    return app_commands.Command(name=name, description=summary, callback=plain)


def _translatable(translation: Callable[[str], str]) -> locale_str:
    """Return a text for a menu.

    Args:
        translation: Returns it in a language, named by an IETF tag.
    """
    return locale_str(translation("en"), translation=translation)
