"""A message cannot make the bot fetch an address of somebody's choosing."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from bot.domain import Refusal, Refused
from bot.metrics import Metrics
from bot.platforms.common import Retries
from bot.platforms.discord.files import Files
from bot.speech import speaker_for
from tests.bot.platforms.discord.conftest import is_answer
from tests.fakes.discord.bot import OLAF_PNG, Evening, an_evening
from tests.fakes.vision import OLAF
from tests.support.metrics import counted

EN = speaker_for("en")
RETRIES = Retries("discord", Metrics())


@pytest.mark.parametrize(
    "url",
    [
        "https://cdn.discordapp.com/attachments/1/2/snow.png?ex=1&is=2&hm=3",
        "https://media.discordapp.net/stickers/7.gif",
        "https://images-ext-1.discordapp.net/external/a/https/example.org/snow.png",
        "https://images-ext-22.discordapp.net/external/a/https/example.org/snow.png",
    ],
)
async def test_discords_own_hosts_are_asked(session: aiohttp.ClientSession, url: str) -> None:
    assert Files(session, None, RETRIES).safe_url(url) == url


FOREIGN = [
    "http://cdn.discordapp.com/snow.png",
    "ftp://cdn.discordapp.com/snow.png",
    "file:///etc/passwd",
    "data:image/png;base64,AAAA",
    "//cdn.discordapp.com/snow.png",
    "https://cdn.discordapp.com:8443/snow.png",
    "https://cdn.discordapp.com:443/snow.png",
    "https://cdn.discordapp.com./snow.png",
    "https://CDN.DISCORDAPP.COM.evil.example/snow.png",
    "https://cdn.discordapp.com.evil.example/snow.png",
    "https://evilcdn.discordapp.com/snow.png",
    "https://cdn-discordapp.com/snow.png",
    "https://discordapp.com/snow.png",
    "https://cdn.discordapp.com@evil.example/snow.png",
    "https://user:word@cdn.discordapp.com/snow.png",
    "https://evil.example#@cdn.discordapp.com/snow.png",
    "https://evil.example?@cdn.discordapp.com/snow.png",
    "https://evil.example\\@cdn.discordapp.com/snow.png",
    "https://cdn.discordapp.com\\@evil.example/snow.png",
    "https://cdn.discordapp.com%2f@evil.example/snow.png",
    "https://cdn.discordapp.com%00.evil.example/snow.png",
    "https://cdn.discordapp.com\t.evil.example/snow.png",
    "https://images-ext-1.discordapp.net.evil.example/snow.png",
    "https://images-ext-.discordapp.net/snow.png",
    "https://images-ext-1x.discordapp.net/snow.png",
    "https://images-ext-1/discordapp.net/snow.png",
    "https://images-ext-\u0661.discordapp.net/snow.png",
    "https://cdn\u3002discordapp\u3002com/snow.png",
    "https://127.0.0.1/snow.png",
    "https://[::1]/snow.png",
    "https://[::1/snow.png",
    "https://169.254.169.254/latest/meta-data",
    "https://2130706433/snow.png",
    "https://localhost/snow.png",
    "https:///snow.png",
    "",
]


@pytest.mark.parametrize("url", FOREIGN)
async def test_nobody_else_is_asked(session: aiohttp.ClientSession, url: str) -> None:
    files = Files(session, None, RETRIES)
    assert files.safe_url(url) is None
    with pytest.raises(Refused) as refused:
        await files.url_fetcher(url)(1000)
    assert refused.value.reason is Refusal.GONE


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1:4567/snow.png",
        "http://127.0.0.1:4568/snow.png",
        "http://127.0.0.1/snow.png",
        "http://localhost:4567/snow.png",
        "http://127.0.0.1:4567@evil.example/snow.png",
        "http://a@127.0.0.1:4567/snow.png",
        "https://cdn.discordapp.com/snow.png",
        *FOREIGN,
    ],
)
async def test_a_server_in_the_settings_stands_in_for_all_of_discord(
    session: aiohttp.ClientSession, url: str
) -> None:
    files = Files(session, "http://127.0.0.1:4567/api/v10", RETRIES)
    assert files.safe_url("http://127.0.0.1:4567/snow.png") is not None
    assert files.safe_url(url) is None


class Trap:
    """A server that should never be asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.url = ""
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Trap:
        self._server = await asyncio.start_server(self._ask, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/snow.png"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def _ask(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked += 1
        writer.close()
        await writer.wait_closed()


async def test_the_picture_of_a_link_is_never_fetched_from_the_link(evening: Evening) -> None:
    discord = evening.discord
    async with Trap() as trap:
        for media in (
            {"url": trap.url},
            {"url": trap.url, "proxy_url": trap.url},
            {"url": trap.url, "proxy_url": f"{discord.world.origin}@{trap.url[7:]}"},
        ):
            embed = {"type": "image", "image": media, "thumbnail": media}
            message = await discord.send(
                evening.ana, evening.home, "look", mention=True, embeds=[embed]
            )
            assert (await discord.answer(message)).content == EN.photos.mention_how()
        assert not trap.asked


async def test_a_redirect_is_not_followed(evening: Evening) -> None:
    discord = evening.discord
    async with Trap() as trap:
        photo = discord.world.attach(evening.home, OLAF_PNG, "snow.png")
        discord.spoil(photo, f"redirect {trap.url}")
        message = await discord.send(evening.ana, evening.home, "", photo, mention=True)
        assert (await discord.answer(message)).content == EN.photos.refusal(Refusal.FAULT)
        assert not trap.asked


async def test_an_attachment_that_names_another_host_is_not_fetched(evening: Evening) -> None:
    discord = evening.discord
    async with Trap() as trap:
        photo = discord.world.attach(evening.home, OLAF_PNG, "snow.png", url=trap.url)
        message = await discord.send(evening.ana, evening.home, "", photo, mention=True)
        assert (await discord.answer(message)).content == EN.photos.refusal(Refusal.GONE)
        interaction = await discord.slash(evening.ana, evening.home, "who", photo)
        assert (await discord.answered(interaction)).content == EN.photos.refusal(Refusal.GONE)
        assert not trap.asked


async def test_a_deleted_or_expired_attachment_gets_a_sentence(evening: Evening) -> None:
    discord = evening.discord
    for how, who in (("missing", evening.ana), ("expired", evening.ben)):
        photo = discord.world.attach(evening.home, OLAF_PNG, "snow.png")
        discord.spoil(photo, how)
        message = await discord.send(who, evening.home, "", photo, mention=True)
        assert (await discord.answer(message)).content == EN.photos.refusal(Refusal.GONE)


async def test_a_download_that_broke_is_tried_once_more(evening: Evening) -> None:
    discord = evening.discord
    photo = discord.world.attach(evening.home, OLAF_PNG, "snow.png")
    discord.spoil(photo, "broken once")
    message = await discord.send(evening.ana, evening.home, "", photo, mention=True)
    assert is_answer((await discord.answer(message)).content, OLAF)
    assert len(discord.cdn_requests) == 2
    assert counted(evening.metrics, "retries_total", platform="discord", call="fetch") == 1


@pytest.mark.parametrize("how", ["broken", "500", "503", "429"])
async def test_a_download_that_always_fails_gets_a_sentence(evening: Evening, how: str) -> None:
    discord = evening.discord
    photo = discord.world.attach(evening.home, OLAF_PNG, "snow.png")
    discord.spoil(photo, how)
    message = await discord.send(evening.ana, evening.home, "", photo, mention=True)
    assert (await discord.answer(message)).content == EN.photos.refusal(Refusal.FAULT)


async def test_a_file_of_25_megabytes_is_not_even_fetched(evening: Evening) -> None:
    discord = evening.discord
    photo = discord.world.attach(evening.home, OLAF_PNG, "snow.png", size=25 * 1024 * 1024)
    message = await discord.send(evening.ana, evening.home, "", photo, mention=True)
    assert (await discord.answer(message)).content == EN.photos.refusal(Refusal.TOO_MANY_BYTES)
    interaction = await discord.slash(evening.ana, evening.home, "who", photo)
    assert (await discord.answered(interaction)).content == EN.photos.refusal(
        Refusal.TOO_MANY_BYTES
    )
    assert not discord.cdn_requests


@pytest.mark.parametrize("how", ["", "endless"])
async def test_a_file_that_is_longer_than_it_says_is_cut_off(
    session: aiohttp.ClientSession, evening: Evening, how: str
) -> None:
    discord = evening.discord
    photo = discord.world.attach(evening.home, bytes(200_000), "snow.png", size=10)
    discord.spoil(photo, how)
    with pytest.raises(Refused) as refused:
        await Files(session, discord.api_url, RETRIES).url_fetcher(photo["url"])(100_000)
    assert refused.value.reason is Refusal.TOO_MANY_BYTES


async def test_a_cdn_of_a_byte_a_second_is_given_up() -> None:
    async with an_evening(fetch_seconds=0.5) as evening:
        discord = evening.discord
        photo = discord.world.attach(evening.home, OLAF_PNG, "snow.png")
        discord.spoil(photo, "slow")
        message = await discord.send(evening.ana, evening.home, "", photo, mention=True)
        assert (await discord.answer(message)).content == EN.photos.refusal(Refusal.TOO_SLOW)


async def test_a_download_has_a_time_limit_of_its_own(
    session: aiohttp.ClientSession, evening: Evening
) -> None:
    photo = evening.discord.world.attach(evening.home, OLAF_PNG, "snow.png")
    evening.discord.spoil(photo, "slow")
    files = Files(session, evening.discord.api_url, RETRIES, seconds=0.2)
    with pytest.raises(Refused) as refused:
        await files.url_fetcher(photo["url"])(100_000)
    assert refused.value.reason is Refusal.TOO_SLOW


@pytest.mark.parametrize(
    ("name", "kind"), [("film.mp4", "video/mp4"), ("notes.txt", "text/plain"), ("a.zip", None)]
)
async def test_what_is_no_picture_gets_a_sentence_and_no_download(
    evening: Evening, name: str, kind: str | None
) -> None:
    discord = evening.discord
    file = discord.world.attach(evening.home, b"film", name, content_type=kind)
    message = await discord.send(evening.ana, evening.home, "", file, mention=True)
    assert (await discord.answer(message)).content == EN.photos.refusal(Refusal.NOT_A_PICTURE)
    interaction = await discord.slash(evening.ana, evening.home, "who", file)
    answer = await discord.answered(interaction)
    assert answer.content == EN.photos.refusal(Refusal.NOT_A_PICTURE)
    assert not discord.cdn_requests
