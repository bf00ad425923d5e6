"""The only reader of the environment and of .env."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AnyHttpUrl,
    AnyUrl,
    AnyWebsocketUrl,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

_TELEGRAM_TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]{20,}")
_DISCORD_TOKEN = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_DATABASES = re.compile(r"(sqlite|postgresql)(\+\w+)?://")


class SettingsError(ValueError):
    """A setting makes no sense. Its message is one sentence that says which, and what would."""


def _telegram_token(token: SecretStr) -> SecretStr:
    if not _TELEGRAM_TOKEN.fullmatch(token.get_secret_value()):
        raise ValueError("it should look like 123456789:AAE..., as BotFather writes it")
    return token


def _discord_token(token: SecretStr) -> SecretStr:
    if not _DISCORD_TOKEN.fullmatch(token.get_secret_value()):
        raise ValueError("it should be three parts with dots between, as the Bot page shows it")
    return token


def _database(url: SecretStr) -> SecretStr:
    if not _DATABASES.match(url.get_secret_value()):
        raise ValueError("it should begin with sqlite:// or postgresql://")
    return url


def _model(name: str) -> str:
    if name not in ("small", "full") and not Path(name).is_file():
        raise ValueError("it should be small, full, or the path of a .safetensors file")
    return name


def _upper(level: Any) -> Any:
    return level.upper() if isinstance(level, str) else level


def _lower(name: Any) -> Any:
    return name.lower() if isinstance(name, str) else name


def without_slash(url: object) -> str | None:
    """Return an address as it is built upon, if there is one."""
    return str(url).rstrip("/") if url else None


def password_of(value: object) -> str | None:
    """Return the password in a setting that is an address, if it has one."""
    return value.password if isinstance(value, AnyUrl) else None


class Settings(BaseSettings):
    """What an operator can choose; `.env.example` says what each is for."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        # A value that makes no sense may still be somebody's token with a typing error.
        hide_input_in_errors=True,
    )

    telegram_token: Annotated[SecretStr, AfterValidator(_telegram_token)] | None = None
    discord_token: Annotated[SecretStr, AfterValidator(_discord_token)] | None = None
    web_host: str = "127.0.0.1"
    web_port: Annotated[int, Field(ge=0, le=65535)] = 8080
    web_url: AnyHttpUrl | None = None
    web_room: bool = True
    webhook_url: AnyHttpUrl | None = None
    peer_url: AnyHttpUrl | None = None
    model: Annotated[str, AfterValidator(_model)] = "full"
    engine: Literal["auto", "torch", "onnx"] = "auto"
    classifier_url: AnyHttpUrl | None = None
    data_folder: Path = Path("data")
    database_url: Annotated[SecretStr, AfterValidator(_database)] | None = None
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(_upper)
    ] = "INFO"
    log_format: Annotated[Literal["text", "json"], BeforeValidator(_lower)] = "text"
    telegram_api_url: AnyHttpUrl | None = None
    discord_api_url: AnyHttpUrl | None = None
    discord_gateway_url: AnyWebsocketUrl | None = None

    def database(self) -> str:
        """Return the database's address: a file in the data folder, unless another is given."""
        if self.database_url is None:
            return f"sqlite:///{self.data_folder / 'snowpeople.db'}"
        return self.database_url.get_secret_value()

    def chats(self) -> list[str]:
        """Return the names of the platforms that have a token."""
        tokens = {"telegram": self.telegram_token, "discord": self.discord_token}
        return [name for name, token in tokens.items() if token is not None]

    def for_a_party(self) -> Settings:
        """Return these with the room open to the network, for phones, where nothing else is set."""
        if "web_host" in self.model_fields_set:
            return self
        return self.model_copy(update={"web_host": "0.0.0.0"})

    def secrets(self) -> list[str]:
        """Return what must never be seen in a log."""
        held = [self.telegram_token, self.discord_token]
        if "@" in self.database():  # a password, probably
            held.append(self.database_url)
        secrets = [secret.get_secret_value() for secret in held if secret is not None]
        values = (getattr(self, name) for name in type(self).model_fields)
        return secrets + [password for each in values if (password := password_of(each))]


def read_settings(**overrides: object) -> Settings:
    """Read .env, the environment and the overrides, the later winning over the earlier.

    Raises SettingsError.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]  # pydantic checks them
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).upper()
        reason = first["msg"].removeprefix("Value error, ").replace("Input should", "it should")
        raise SettingsError(
            f"{name} makes no sense: {reason}. Correct it in the environment or in .env."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f".env cannot be read: {error}.") from None
