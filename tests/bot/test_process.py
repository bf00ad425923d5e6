"""`python -m bot` as an operator runs it: its signals, exit codes, and what it prints."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import subprocess
import sys
import tempfile
from io import BytesIO
from pathlib import Path

import pytest
from aiohttp import ClientSession
from PIL import Image

from bot.speech import speaker_for
from tests.conftest import EMPTY, environment, running_bot
from tests.support.evening import answer_pattern

PLAYER = {"X-Player": "p" * 24, "X-Nickname": "Ana"}
TOKEN = "123456789:" + "A" * 35


def jpeg() -> bytes:
    out = BytesIO()
    Image.linear_gradient("L").resize((640, 480)).convert("RGB").save(out, "JPEG")
    return out.getvalue()


def ended(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a bot that is expected to end by itself."""
    return subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        cwd=EMPTY,
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def test_a_photo_goes_in_and_an_answer_comes_out(room_url: str) -> None:
    async with ClientSession() as session:
        response = await session.post(f"{room_url}/r/process/photos", data=jpeg(), headers=PLAYER)
        assert response.status == 201
        answer = (await response.json())["entry"]["answer"]
        assert answer["label"] in ("olaf", "abominable")
        assert answer_pattern(speaker_for("en")).match(answer["text"])
        assert 0.5 <= answer["confidence"] <= 1


async def test_metrics_tell_of_photos_and_of_nobody(room_url: str) -> None:
    async with ClientSession() as session:
        await session.post(f"{room_url}/r/metrical/photos", data=jpeg(), headers=PLAYER)
        response = await session.get(f"{room_url}/metrics")
        told = await response.text()
    assert response.content_type == "text/plain"
    for line in (
        r'photos_total\{label="\w+",outcome="answered",platform="web"\} [1-9]',
        r'photo_seconds_count\{stage="inference"\} [1-9]',
        r'database_seconds_count\{stage="write"\} [1-9]',
        r'platform_running\{platform="web"\} 1.0$',
        r"photos_in_hand 0",
    ):
        assert re.search(f"^snowpeople_{line}", told, re.MULTILINE), line
    assert not any(word in told for word in ("metrical", PLAYER["X-Player"], "Ana"))


async def test_health_tells_of_each_platform_and_of_the_classifier(room_url: str) -> None:
    async with ClientSession() as session:
        response = await session.get(f"{room_url}/healthz")
        health = await response.json()
    assert response.status == 200
    assert (health["status"], health["ready"]) == ("ok", True)
    assert health["classifier"]["state"] == "ready"
    states = {name: platform["state"] for name, platform in health["platforms"].items()}
    assert states == {"web": "running", "telegram": "off", "discord": "off"}


@pytest.mark.parametrize("signal_", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_exit_code_0(signal_: signal.Signals) -> None:
    with running_bot() as bot:
        assert bot.stop(signal_) == 0


async def test_a_photo_in_hand_is_answered_after_sigterm() -> None:
    photo = jpeg()
    with running_bot() as bot:
        port = int(bot.url.rsplit(":", 1)[1])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            b"POST /r/home/photos HTTP/1.1\r\nHost: localhost\r\nX-Player: pppppppppppppppppppp\r\n"
            b"Content-Length: %d\r\n\r\n" % len(photo) + photo[:100]
        )
        await writer.drain()
        async with ClientSession() as session:  # by now the server has the first half, too
            assert (await session.get(f"{bot.url}/healthz")).status == 200
            bot.process.send_signal(signal.SIGTERM)
            while (await session.get(f"{bot.url}/healthz")).status == 200:
                pass
            late = await session.post(f"{bot.url}/r/home/photos", data=photo, headers=PLAYER)
            assert late.status == 503
        writer.write(photo[100:])
        answer = await reader.read()
        assert b" 201 " in answer.splitlines()[0]
        assert json.loads(answer[answer.index(b"\r\n\r\n") :])["entry"]["answer"]["label"]
        writer.close()
        assert await asyncio.to_thread(bot.process.wait, 20) == 0


def test_a_port_that_is_taken_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = ended("--port", str(port))
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert f"Port {port} is taken" in result.stderr
    assert f"--port {port + 1}" in result.stderr


def test_an_address_that_is_not_ours_is_one_sentence() -> None:
    result = ended("--host", "203.0.113.7", "--port", "0")
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "203.0.113.7" in result.stderr


def test_a_setting_without_sense_is_one_sentence_and_exit_code_2() -> None:
    result = ended(WEB_PORT="seventy")
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("WEB_PORT makes no sense")


def test_a_damaged_model_is_one_sentence_and_exit_code_2() -> None:
    with tempfile.TemporaryDirectory() as folder:
        file, data = Path(folder) / "damaged.safetensors", Path(folder) / "data"
        file.write_bytes(b"no weights at all")
        result = ended("--port", "0", MODEL=str(file), DATA_FOLDER=str(data))
        assert not data.exists()  # nor is there a database that nobody uses
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("MODEL makes no sense")


def test_without_a_token_it_says_so_kindly_and_with_one_it_does_not_show_it() -> None:
    with running_bot() as bot:
        assert bot.said.startswith("No Telegram or Discord token is set")
    with tempfile.TemporaryFile("w+") as stderr:
        with running_bot(stderr=stderr, TELEGRAM_TOKEN=TOKEN, LOG_LEVEL="DEBUG") as bot:
            assert "No Telegram or Discord token" not in bot.said
            assert TOKEN not in bot.said
            bot.stop()
        stderr.seek(0)
        assert TOKEN not in stderr.read()


def test_opened_to_the_network_it_shows_the_way_for_phones() -> None:
    with running_bot("--host", "0.0.0.0") as bot:
        bot.stop()
        assert bot.process.stdout is not None
        rest = bot.process.stdout.read()
    assert "scan this" in rest
    assert rest.count("█") > 50
