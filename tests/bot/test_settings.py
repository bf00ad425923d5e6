from __future__ import annotations

import json
import logging
from datetime import datetime
from pathlib import Path
from typing import Literal

import pytest

from bot import logs
from bot.settings import Settings, SettingsError, read_settings
from tests.conftest import PROJECT

TELEGRAM = "123456789:" + "A" * 35
DISCORD = "a" * 24 + ".bbbbbb." + "c" * 27
DATABASE = 'postgresql://u:"sekret"@h/d'


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def test_everything_has_a_good_default() -> None:
    settings = read_settings()
    assert (settings.web_host, settings.web_port) == ("127.0.0.1", 8080)
    assert settings.model == "full"
    assert settings.telegram_token is settings.discord_token is None


def test_env_file_then_environment_then_command_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("WEB_PORT=1111\nMODEL=small\nLOG_LEVEL=debug\nUNKNOWN=1\n")
    assert (read_settings().web_port, read_settings().model) == (1111, "small")
    assert read_settings().log_level == "DEBUG"
    monkeypatch.setenv("WEB_PORT", "2222")
    assert read_settings().web_port == 2222
    assert read_settings(web_port=3333, web_host=None).web_port == 3333


def test_a_party_opens_to_the_network_unless_the_operator_said_where_the_room_listens(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("WEB_HOST=\n")
    assert read_settings().for_a_party().web_host == "0.0.0.0"
    assert read_settings(web_host="127.0.0.1").for_a_party().web_host == "127.0.0.1"
    monkeypatch.setenv("WEB_HOST", "127.0.0.1")
    assert read_settings().for_a_party().web_host == "127.0.0.1"
    assert read_settings(web_host="0.0.0.0").for_a_party().web_host == "0.0.0.0"


def test_an_empty_line_means_not_set(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TELEGRAM_TOKEN=\nWEB_PORT=\n")
    assert read_settings().telegram_token is None
    assert read_settings().web_port == 8080


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("TELEGRAM_TOKEN", "sekret", "BotFather"),
        ("DISCORD_TOKEN", "sekret", "three parts"),
        ("WEB_PORT", "99999", "65535"),
        ("WEB_PORT", "http", "integer"),
        ("WEB_URL", "sekret", "URL"),
        ("WEB_ROOM", "sekret", "boolean"),
        ("WEBHOOK_URL", "sekret", "URL"),
        ("MODEL", "sekret", "small, full"),
        ("DATABASE_URL", "mysql://u:sekret@h/d", "postgresql://"),
        ("LOG_LEVEL", "sekret", "DEBUG"),
        ("LOG_FORMAT", "sekret", "json"),
        ("TELEGRAM_API_URL", "sekret", "URL"),
        ("DISCORD_GATEWAY_URL", "http://sekret", "'ws' or 'wss'"),
    ],
)
def test_a_setting_without_sense_is_named_in_one_sentence_and_its_value_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, hint: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as error:
        read_settings()
    sentence = str(error.value)
    assert sentence.startswith(f"{name} makes no sense: ")
    assert hint in sentence
    assert "\n" not in sentence
    assert "sekret" not in sentence


def test_tokens_do_not_show_in_a_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGRAM_TOKEN", TELEGRAM)
    monkeypatch.setenv("DISCORD_TOKEN", DISCORD)
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:sekret@h/d")
    settings = read_settings()
    shown = repr(settings) + str(settings) + str(settings.model_dump())
    assert not any(secret in shown for secret in (TELEGRAM, DISCORD, "sekret"))


@pytest.mark.parametrize("layout", ["text", "json"])
def test_tokens_do_not_show_in_the_log_not_even_in_a_traceback(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    layout: Literal["text", "json"],
) -> None:
    monkeypatch.setenv("TELEGRAM_TOKEN", TELEGRAM)
    monkeypatch.setenv("DATABASE_URL", DATABASE)
    settings = read_settings()
    root = logging.getLogger()
    before = (root.level, root.handlers[:])
    logs.set_up("DEBUG", settings.secrets(), layout)
    try:
        logging.getLogger("httpx").info("GET https://api.telegram.org/bot%s/getMe", TELEGRAM)
        logging.getLogger("x").info("GET /bot%s/getMe", TELEGRAM)
        try:
            raise ConnectionError(f"/bot{TELEGRAM}/getMe at {DATABASE}")
        except ConnectionError:
            logging.getLogger("x").exception("failed")
    finally:
        root.setLevel(before[0])
        root.handlers[:] = before[1]
    shown = capsys.readouterr().err
    assert "/bot[secret]/getMe" in shown
    assert "ConnectionError" in shown
    assert "api.telegram.org" not in shown
    assert TELEGRAM not in shown
    assert "sekret" not in shown
    if layout == "json":
        (_, failed) = map(json.loads, shown.splitlines())
        assert (failed["level"], failed["logger"]) == ("ERROR", "x")
        assert failed["message"].startswith("failed\nTraceback")
        assert datetime.fromisoformat(failed["time"]).tzinfo is not None


def test_the_example_file_names_each_setting_and_is_itself_in_order(tmp_path: Path) -> None:
    example = (PROJECT / ".env.example").read_text()
    (tmp_path / ".env").write_text(example)
    assert read_settings() == Settings.model_construct()
    named = {line.split("=")[0] for line in example.splitlines() if "=" in line and line[0] != "#"}
    assert named == {name.upper() for name in Settings.model_fields}
