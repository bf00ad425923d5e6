"""Discord's rules for interactions and intents, as simcord knows them, against our client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest
from simcord.actors import MemberActor
from simcord.builders import ChannelHandle
from simcord.env import Env

from bot.domain import Fetch, Refusal, Refused
from bot.metrics import Metrics
from bot.platforms.common import Retries
from bot.platforms.discord import DiscordAdapter
from bot.platforms.discord.client import DiscordClient
from bot.platforms.discord.files import Files
from bot.platforms.discord.shards import ShardKeeper, Starts
from bot.speech import speaker_for
from bot.storage import Store
from tests.bot.platforms.discord.conftest import is_answer
from tests.fakes.discord.bot import OLAF_PNG
from tests.fakes.vision import OLAF, FakeVision
from tests.support.services import make_service

pytestmark = pytest.mark.simcord(shard_count=1)

EN = speaker_for("en")
PHOTO = ("snow.png", OLAF_PNG)


class SimFiles(Files):
    """Fetches what simcord keeps in memory."""

    env: Env

    def url_fetcher(self, url: str) -> Fetch:
        async def fetch(limit: int) -> bytes:
            data = self.env.backend.cdn.get(url)
            if data is None:
                raise Refused(Refusal.GONE)
            return data

        return fetch


@dataclass
class Family:
    """A server in simcord, with Ana and the bot in it."""

    env: Env
    channel: ChannelHandle
    ana: MemberActor


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    async with Store.open("sqlite://") as store:
        yield store


@pytest.fixture
def files(session: aiohttp.ClientSession) -> SimFiles:
    return SimFiles(session, None, Retries("discord", Metrics()))


@pytest.fixture
def simcord_bot(store: Store, files: SimFiles) -> DiscordClient:
    return client(store, files)


@pytest.fixture
async def family(simcord_env: Env, files: SimFiles) -> Family:
    files.env = simcord_env
    guild = simcord_env.create_guild()
    channel = guild.create_text_channel("home")
    await simcord_env.settle()  # the bot says hello
    return Family(simcord_env, channel, guild.add_member(simcord_env.create_user("ana")))


def client(store: Store, files: SimFiles) -> DiscordClient:
    """Make the client as the adapter does, and leave the connection to simcord."""
    adapter = DiscordAdapter(
        "", api_url=None, gateway_url=None, notes=store.notes, shards=store.shards
    )
    service = make_service(FakeVision(), store, {adapter.name: adapter})
    keeper = ShardKeeper(store.shards, Starts(1, 1, 1000), never, service.hand_over, asyncio.sleep)
    adapter._connections[0] = connection = adapter._connect(keeper, service, files, 0)
    return connection.client


async def never(shard: int, stopping: asyncio.Event) -> None:
    raise AssertionError(f"simcord has no shard {shard} to be connected")


def said(family: Family) -> str | None:
    """What the bot said last, if the last word is its own."""
    last = family.channel.last_message
    assert last is not None
    return last.content if last.author == family.env.bot.user else None


async def test_a_slash_attachment_is_answered_with_the_photo(family: Family) -> None:
    asked = await family.ana.slash(family.channel, "who", photo=PHOTO)
    assert asked.acknowledged
    assert asked.response is not None
    assert is_answer(asked.response.content, OLAF)
    assert len(asked.response.attachments) == 1


async def test_the_message_menu_gets_what_the_bot_is_not_shown(family: Family) -> None:
    photo = await family.ana.send(family.channel, "our garden", attachments=[PHOTO])
    assert said(family) is None
    await family.ana.send(family.channel, f"{bot(family)} who?", reply_to=photo)
    assert said(family) == EN.rooms.cannot_see_that_photo()
    chosen = await family.ana.context_menu(family.channel, EN.rooms.menu_name(), photo)
    assert chosen.response is not None
    assert is_answer(chosen.response.content, OLAF)


async def test_a_forward_is_looked_at_by_the_message_menu(family: Family) -> None:
    photo = await family.ana.send(family.channel, "", attachments=[PHOTO])
    forwarded = await family.ana.forward(photo, family.channel)
    chosen = await family.ana.context_menu(family.channel, EN.rooms.menu_name(), forwarded)
    assert chosen.response is not None
    assert is_answer(chosen.response.content, OLAF)


async def test_a_mention_and_a_reply_come_with_their_content(family: Family) -> None:
    await family.ana.send(family.channel, f"{bot(family)} who?", attachments=[PHOTO])
    answer = family.channel.last_message
    assert answer is not None
    assert is_answer(said(family), OLAF)
    await family.ana.send(family.channel, "and this?", reply_to=answer, attachments=[PHOTO])
    assert is_answer(said(family), OLAF)


async def test_a_direct_message_comes_with_its_content(family: Family) -> None:
    private = family.ana.user.dm_channel
    photos = family.env.backend.store_attachments(private.id, [PHOTO])
    await family.ana.send_dm("", attachments=photos)
    last = private.last_message
    assert last is not None
    assert is_answer(last.content, OLAF)


async def test_buttons_outlive_the_client(family: Family, store: Store, files: SimFiles) -> None:
    asked = await family.ana.slash(family.channel, "who", photo=PHOTO)
    assert asked.response is not None
    await family.env.restart_bot(client(store, files))
    pressed = await family.ana.click(asked.response.message, label="Where did you look?")
    assert pressed.acknowledged
    assert pressed.followups[0].content == EN.photos.heatmap_caption(OLAF)
    assert len(pressed.followups[0].attachments) == 1


def bot(family: Family) -> str:
    """The bot's name, as a mention."""
    user = family.env.bot.user
    assert user is not None
    return user.mention
