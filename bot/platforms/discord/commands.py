"""The menus: slash commands and the message menu, in every language, told to Discord once."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable
from typing import Any, Protocol

import discord
from discord import app_commands
from discord.app_commands import AppCommandContext, AppInstallationType, locale_str

from bot import speech
from bot.domain import MenuCommand
from bot.services.service import Service

log = logging.getLogger(__name__)

Interaction = discord.Interaction[discord.Client]
SYNCED = "discord commands"


class Notes(Protocol):
    """Whoever remembers a few short texts from one run to the next."""

    async def recall(self, key: str) -> str | None:
        """Return what was kept under a name."""

    async def remember(self, key: str, value: str) -> None:
        """Keep something under a name."""


class Counter(Protocol):
    """Whoever answers what is chosen from the menus."""

    def command(
        self,
        interaction: Interaction,
        word: MenuCommand,
        photo: discord.Attachment | None = None,
        argument: str = "",
    ) -> None:
        """Answer a slash command."""

    def menu(self, interaction: Interaction, message: discord.Message) -> None:
        """Answer the message menu."""


class _Words(app_commands.Translator):
    async def translate(self, string: locale_str, locale: discord.Locale, _: Any) -> str | None:
        say: Callable[[str], str] | None = string.extras.get("say")
        said = say(locale.value) if say else None  # names are the same in every language
        return said if said != string.message else None


def build(client: discord.Client, host: Service, counter: Counter) -> app_commands.CommandTree:
    """Put the menus together."""
    tree = app_commands.CommandTree(
        client,
        allowed_contexts=AppCommandContext(guild=True, dm_channel=True, private_channel=False),
        allowed_installs=AppInstallationType(guild=True, user=False),
    )
    for word in host.commands("en"):
        tree.add_command(_slash(word, host, counter))

    async def look(interaction: Interaction, message: discord.Message) -> None:
        counter.menu(interaction, message)

    named = _said(lambda language: speech.into(language).menu_name())
    tree.add_command(app_commands.ContextMenu(name=named, callback=look))
    return tree


async def sync(tree: app_commands.CommandTree, notes: Notes) -> None:
    """Tell Discord the menus, but only when they changed: 200 creations a day are the limit."""
    words = _Words()
    await tree.set_translator(words)
    payload = [await one.get_translated_payload(tree, words) for one in tree.get_commands()]
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


def _slash(
    word: MenuCommand, host: Service, counter: Counter
) -> app_commands.Command[Any, Any, None]:
    def describe(language: str) -> str:
        words = {each.name: each.description for each in host.commands(language)}
        return words.get(word.name, word.description)

    async def plain(interaction: Interaction) -> None:
        counter.command(interaction, word)

    async def with_photo(interaction: Interaction, photo: discord.Attachment | None = None) -> None:
        counter.command(interaction, word, photo)

    async def with_choice(interaction: Interaction, choice: str | None = None) -> None:
        counter.command(interaction, word, argument=choice or "")

    said = _said(describe)
    callback: Any = plain
    if word.takes_photo:
        callback = app_commands.describe(photo=said)(with_photo)
    elif word.choices:
        offered = [app_commands.Choice(name=each, value=each) for each in word.choices]
        described = app_commands.describe(choice=said)(with_choice)
        callback = app_commands.choices(choice=offered)(described)
    return app_commands.Command(name=word.name, description=said, callback=callback)


def _said(say: Callable[[str], str]) -> locale_str:
    return locale_str(say("en"), say=say)
