"""Links to photos that are shown again: Discord has no other way to show a message twice."""

from __future__ import annotations

from dataclasses import replace

import aiohttp
import discord

from bot.domain import Reply, Room
from bot.platforms.discord.faults import is_passing
from bot.platforms.discord.files import PictureReference
from bot.platforms.discord.sender import LONGEST_TEXT


async def with_links(client: discord.Client, guild_id: int | None, reply: Reply) -> Reply:
    """Return the reply with links to the photos that it shows again, those that still exist.

    Args:
        client: Finds out whether they do.
        guild_id: The server's in which the reply is read; None in a private chat.
        reply: The reply; one without such photos is returned as it is.

    Returns:
        The reply with all else that it has; links that would make its text too long are left off.
    """
    text = reply.text
    for photo in reply.past_photos:
        if photo.reference is None:
            continue
        place = PictureReference.parse(photo.reference)
        path = f"{guild_id or '@me'}/{place.channel}/{place.message}"
        longer = f"{text}\n{photo.caption}\nhttps://discord.com/channels/{path}"
        if len(discord.utils.escape_markdown(longer)) > LONGEST_TEXT:
            break
        if not await _is_gone(client, place):
            text = longer
    return replace(reply, text=text, past_photos=())


async def find_guild(client: discord.Client, room: Room) -> int | None:
    """Return the id of the server that a room is in; None for a private chat.

    Raises:
        discord.DiscordException: When a thread that is not known cannot be asked for.
        aiohttp.ClientError: When the connection broke, as OSError.
    """
    if room.private:
        return None
    channel = client.get_channel(int(room.id)) or await client.fetch_channel(int(room.id))
    guild: discord.Guild | None = getattr(channel, "guild", None)
    return guild.id if guild is not None else None


async def _is_gone(client: discord.Client, place: PictureReference) -> bool:
    try:
        await client.get_partial_messageable(place.channel).fetch_message(place.message)
    except discord.NotFound as error:
        return not is_passing(error)
    except (discord.DiscordException, aiohttp.ClientError, OSError):
        return False  # perhaps people may see it all the same
    return False
