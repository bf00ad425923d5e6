"""`python -m bot`: settings to parts to platforms. The one place that knows everyone."""

from __future__ import annotations

import argparse
import asyncio
import errno
import logging
import signal
import socket
import sys
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from io import StringIO
from typing import TYPE_CHECKING, Any

import segno

from bot import logs
from bot.platforms.web.address import WebAddress
from bot.settings import Settings, SettingsError, read_settings
from bot.supervisor import Supervisor

if TYPE_CHECKING:
    from bot.vision import Vision
    from bot.services.service import Service
    from bot.services.photo_archive import PhotoArchive
    from bot.platforms.discord.adapter import DiscordChat
    from bot.platforms.telegram.adapter import TelegramChat
    from bot.storage.store import Store

# How long photos in hand may take after SIGTERM. Ten seconds in all are the promise; the web
# server's own wait, twice if it has to cancel an upload, and the end of the process take the rest.
DRAIN_SECONDS = 6.0
GOODBYE_SECONDS = 1.5
TIDY_SECONDS = 3600.0

log = logging.getLogger("bot")


def main(arguments: list[str] | None = None) -> int:
    """Run the bot; return 0 after a signal, 1 when it cannot run, 2 for a setting without sense."""
    parser = argparse.ArgumentParser(
        prog="python -m bot", description="A chat bot that says “Olaf!” or “Abominable!”"
    )
    parser.add_argument("--host", help="address of the room: 0.0.0.0 opens it to your network")
    parser.add_argument("--port", type=int, help="port of the room (8080)")
    options = parser.parse_args(arguments)
    try:
        settings = read_settings(web_host=options.host, web_port=options.port)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    logs.set_up(settings.log_level, settings.secrets())
    try:
        listening = _listen(settings.web_host, settings.web_port)
    except OSError as error:
        print(_why_not(error, settings), file=sys.stderr)
        return 1
    with listening:
        try:
            return asyncio.run(_serve(settings, listening))
        except Exception:
            log.critical("the bot ended by a fault", exc_info=True)
            return 1


async def _serve(settings: Settings, listening: socket.socket) -> int:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Unlike the loop's own add_signal_handler, this works on every system.
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(stopping.set))

    # torch takes a second or two to import: only once settings and port are known to be good.
    from bot.services.admission import Admission
    from bot.vision import Vision
    from bot.services.service import Service
    from bot.services.photo_archive import PhotoArchive
    from bot.services.rate_limit import RateLimits
    from bot.platforms.web.server import WebChat
    from bot.storage.store import Store, StoreError
    from classifier import Classifier, ModelError

    try:
        classifier = Classifier.load(settings.model)
    except ModelError as error:
        print(f"MODEL makes no sense: {error}", file=sys.stderr)
        return 2
    async with AsyncExitStack() as stack:
        try:
            store = await stack.enter_async_context(Store.open(settings.database()))
        except StoreError as error:
            print(error, file=sys.stderr)
            return 1
        await stack.enter_async_context(classifier)
        eye, keeper = Vision(classifier), PhotoArchive(settings.data_folder / "kept")
        host = Service(eye, Admission(RateLimits()), store, keeper)
        telegram, discord = _telegram(settings, host), _discord(settings, host, store, eye)
        platforms = [platform for platform in (telegram, discord) if platform is not None]
        supervisors = [Supervisor(platform, stopping) for platform in platforms]

        def health() -> dict[str, Any]:
            states = {"telegram": {"state": "off"}, "discord": {"state": "off"}}
            states |= {supervisor.name: dict(supervisor.state()) for supervisor in supervisors}
            return {
                "status": "stopping" if stopping.is_set() else "ok",
                "classifier": {
                    "state": "ready",
                    "model": classifier.card.name,
                    "waiting": classifier.waiting,
                },
                "platforms": {"web": web.state(), **states},
            }

        address, hook = _address(settings, listening), _webhook_url(settings)
        web = WebChat(
            host,
            address,
            make_preview=eye.preview,
            health=health,
            has_room=settings.web_room,
            hooks={hook: telegram.feed} if telegram and hook else {},
        )
        for chat in (web, *platforms):
            host.add(chat.name, chat)
        await stack.enter_async_context(host.playing())
        await web.start(listening)
        print(_welcome(settings, address), flush=True)
        running = [asyncio.create_task(s.run(), name=s.name) for s in supervisors]
        tidying = asyncio.create_task(_tidy(store, keeper), name="tidying")
        all_over = await _until_the_end(stopping, running, has_room=settings.web_room)
        log.info("stopping: no new photos, those in hand are answered")
        await host.drain(DRAIN_SECONDS)
        await _finish(running)
        tidying.cancel()
        await web.stop()
    if all_over:
        print(
            "No platform is left and WEB_ROOM is off, so there is nothing to do.", file=sys.stderr
        )
        return 1
    return 0


def _telegram(settings: Settings, host: Service) -> TelegramChat | None:
    if settings.telegram_token is None:
        return None
    from bot.platforms.telegram.adapter import TelegramChat  # half a second, for who needs it

    return TelegramChat(
        host,
        settings.telegram_token.get_secret_value(),
        api_url=_without_slash(settings.telegram_api_url),
        webhook_url=_webhook_url(settings),
    )


def _discord(settings: Settings, host: Service, store: Store, eye: Vision) -> DiscordChat | None:
    if settings.discord_token is None:
        return None
    from bot.platforms.discord.adapter import DiscordChat

    return DiscordChat(
        host,
        settings.discord_token.get_secret_value(),
        api_url=_without_slash(settings.discord_api_url),
        gateway_url=_without_slash(settings.discord_gateway_url),
        synced=store,
        make_preview=eye.preview,
    )


def _webhook_url(settings: Settings) -> str | None:
    base = _without_slash(settings.webhook_url)
    return base and f"{base}/telegram"


def _without_slash(url: object) -> str | None:
    return str(url).rstrip("/") if url else None


async def _until_the_end(
    stopping: asyncio.Event, running: list[asyncio.Task[None]], *, has_room: bool
) -> bool:
    """Wait for a signal, or until nobody is left to talk to; return whether it was the latter."""
    signalled = asyncio.create_task(stopping.wait())
    while not stopping.is_set():
        alive = [task for task in running if not task.done()]
        if not alive and not has_room:
            signalled.cancel()
            return True
        await asyncio.wait([signalled, *alive], return_when=asyncio.FIRST_COMPLETED)
    return False


async def _tidy(store: Store, keeper: PhotoArchive) -> None:
    """Forget what is over, now and then."""
    while True:
        try:
            await store.prune(datetime.now(UTC))
            await keeper.prune()
        except Exception:
            log.exception("what is over could not be forgotten; it is tried again later")
        await asyncio.sleep(TIDY_SECONDS)


async def _finish(running: list[asyncio.Task[None]]) -> None:
    """Let the platforms send what is ready and say goodbye; cut off those that take too long."""
    if running:
        await asyncio.wait(running, timeout=GOODBYE_SECONDS)
    for task in running:
        task.cancel()
    for outcome in await asyncio.gather(*running, return_exceptions=True):
        if isinstance(outcome, Exception):
            log.error("a platform ended by a fault", exc_info=outcome)


def _listen(host: str, port: int) -> socket.socket:
    """Bind the room's port before anything slow happens."""
    family, *_, address = socket.getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    return socket.create_server(address[:2], family=family, dualstack_ipv6=False)


def _why_not(error: OSError, settings: Settings) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {settings.web_port} is taken, perhaps by another snowpeople; "
            f"stop that, or choose another port: python -m bot --port {settings.web_port + 1}"
        )
    return (
        f"The room cannot open at {settings.web_host}, port {settings.web_port} "
        f"({error.strerror}); set WEB_HOST to 127.0.0.1, or to 0.0.0.0 for your whole network."
    )


def _address(settings: Settings, listening: socket.socket) -> WebAddress:
    public = str(settings.web_url).rstrip("/") if settings.web_url else None
    return WebAddress(settings.web_host, listening.getsockname()[1], public)


def _welcome(settings: Settings, address: WebAddress) -> str:
    """Say where the room is; draw the way there for phones that can reach it."""
    if not settings.web_room:
        return f"No room in the browser, only {address.url}/healthz   (Ctrl-C ends it)"
    lines = [f"The room is open: {address.url}   (Ctrl-C ends it)"]
    if not settings.telegram_token and not settings.discord_token:
        lines.insert(0, "No Telegram or Discord token is set, so it is just us and the browser.")
    if address.is_open:
        code = StringIO()
        segno.make(address.url).terminal(code, border=1, compact=True)
        lines.append(f"On a phone in the same network, scan this:\n\n{code.getvalue()}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
