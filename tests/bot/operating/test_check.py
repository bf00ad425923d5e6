"""What `snowpeople check` and `invite` say of the platforms, which are fakes on loopback."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr

from bot.operating import check as checks
from bot.operating.check import check
from bot.operating.invite import invite
from bot.settings import Settings
from bot.storage import Store
from tests.fakes.discord.server import DiscordServer
from tests.fakes.telegram.server import TelegramServer

WRONG = {"telegram": "4343:" + "x" * 35, "discord": "wrong.wrong.wrong"}


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as server:
        yield server


@pytest.fixture
async def discord() -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as server:
        yield server


@pytest.fixture
def settings(tmp_path: Path, telegram: TelegramServer, discord: DiscordServer) -> Settings:
    return Settings.model_construct(
        data_folder=tmp_path / "data",
        model="small",
        engine="onnx",
        web_port=0,
        telegram_token=SecretStr(telegram.token),
        telegram_api_url=telegram.url,
        discord_token=SecretStr(discord.token),
        discord_api_url=discord.api_url,
    )


async def to_do(settings: Settings) -> dict[str, str]:
    """Return what is left to do, by its subject."""
    return {each.subject: each.text for each in await check(settings) if not each.is_fine}


async def test_when_all_is_well_there_is_nothing_to_do(
    settings: Settings, telegram: TelegramServer, discord: DiscordServer, room_url: str
) -> None:
    telegram.privacy = False
    discord.guild("Igloo", "pictures")
    port = int(room_url.rsplit(":", 1)[1])
    findings = await check(settings.model_copy(update={"web_port": port}))
    assert [str(finding) for finding in findings if not finding.is_fine] == []
    assert not settings.data_folder.exists()  # it only looks
    said = "\n".join(map(str, findings))
    assert "small, computed by" in said
    assert "servers: 1" in said
    assert f"the bot itself is running at {port}" in said
    assert telegram.token not in said
    assert discord.token not in said
    async with Store.open(settings.database()):
        pass
    host = "::1" if _has_ipv6() else "127.0.0.1"
    said = "\n".join(map(str, await check(settings.model_copy(update={"web_host": host}))))
    assert "photos that it knows: 0" in said
    assert f"0 at {host} is free" in said


def _has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


async def test_what_is_wrong_is_one_line_each_that_says_what_to_do(
    settings: Settings,
    telegram: TelegramServer,
    discord: DiscordServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    telegram.privacy = True
    discord.guild("Igloo", "pictures", granted=(1 << 10) | (1 << 11))
    settings.data_folder.mkdir()
    (settings.data_folder / "snowpeople.db").write_text("no database at all, but a text " * 9)
    (settings.data_folder / "damaged.safetensors").write_bytes(b"no weights")
    monkeypatch.setattr(checks, "DISK_BYTES", 1e18)
    monkeypatch.setattr(checks, "CLOCK_SECONDS", -1.0)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setattr(checks, "CONNECT_SECONDS", 0.05)  # nobody answers there
        wrong: dict[str, Any] = {
            "model": str(settings.data_folder / "damaged.safetensors"),
            "web_port": taken.getsockname()[1],
        }
        found = await to_do(settings.model_copy(update=wrong))
    assert "database" in found
    assert "Correct MODEL" in found["model"]
    assert "make room" in found["disk"]
    assert "choose another WEB_PORT" in found["port"]
    assert "wrong by" in found["clock"]
    assert "/setprivacy" in found["Telegram groups"]
    assert "Attach Files" in found["Discord permissions"]
    assert "Send Messages," not in found["Discord permissions"]
    assert not any("\n" in text for text in found.values())


@pytest.mark.parametrize("name", ["telegram", "discord"])
async def test_a_wrong_token_and_a_platform_out_of_reach_are_told_and_the_token_is_not(
    settings: Settings, name: str
) -> None:
    token = SecretStr(WRONG[name])
    refused = await to_do(settings.model_copy(update={f"{name}_token": token}))
    nowhere = {f"{name}_token": token, f"{name}_api_url": "http://127.0.0.1:9"}
    unreached = await to_do(settings.model_copy(update=nowhere))
    assert "the token is not known" in refused[name.title()]
    assert "cannot be reached" in unreached[name.title()]
    assert WRONG[name] not in refused[name.title()] + unreached[name.title()]


async def test_the_links_bring_the_bot_to_a_server_a_person_and_a_group(
    settings: Settings, telegram: TelegramServer, discord: DiscordServer
) -> None:
    links = [line.text.split(": ", 1)[1] for line in await invite(settings)]
    name = telegram.bot.json()["username"]
    assert links[:2] == [f"https://t.me/{name}", f"https://t.me/{name}?startgroup=true"]
    server, person = (parse_qs(urlsplit(link).query) for link in links[2:])
    application = str(discord.world.application)
    assert server == {
        "client_id": [application],
        "integration_type": ["0"],
        "scope": ["bot applications.commands"],
        # View Channels, Send Messages, Attach Files, Read Message History, Send in Threads.
        "permissions": [str(1 << 10 | 1 << 11 | 1 << 15 | 1 << 16 | 1 << 38)],
    }
    assert person == {
        "client_id": [application],
        "integration_type": ["1"],
        "scope": ["applications.commands"],
    }
