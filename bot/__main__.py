"""`python -m bot`: settings to parts to platforms. The one place that knows everyone."""

from __future__ import annotations

import argparse
import asyncio
import errno
import logging
import signal
import socket
import sys
from io import StringIO
from typing import Any

import segno

from bot import logs
from bot.platforms.web_address import WebAddress
from bot.settings import Settings, SettingsError, read_settings

# How long photos in hand may take after SIGTERM. Ten seconds in all are the promise; the web
# server's own wait, twice if it has to cancel an upload, and the end of the process take the rest.
DRAIN_SECONDS = 6.0

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
    from bot.eye import Eye
    from bot.host import Host
    from bot.limits import Limits
    from bot.platforms.web_chat import WebChat
    from classifier import Classifier, ModelError

    try:
        classifier = Classifier.load(settings.model)
    except ModelError as error:
        print(f"MODEL makes no sense: {error}", file=sys.stderr)
        return 2
    async with classifier:
        eye = Eye(classifier)
        host = Host(eye, Limits())

        def health() -> dict[str, Any]:
            return {
                "status": "stopping" if stopping.is_set() else "ok",
                "classifier": {
                    "state": "ready",
                    "model": classifier.card.name,
                    "waiting": classifier.waiting,
                },
                "platforms": {
                    "web": web.state(),
                    "telegram": {"state": "off"},
                    "discord": {"state": "off"},
                },
            }

        address = _address(settings, listening)
        web = WebChat(host, address, make_preview=eye.preview, health=health)
        await web.start(listening)
        print(_welcome(settings, address), flush=True)
        await stopping.wait()
        log.info("stopping: no new photos, those in hand are answered")
        await host.drain(DRAIN_SECONDS)
        await web.stop()
    return 0


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
    lines = [f"The room is open: {address.url}   (Ctrl-C ends it)"]
    if not settings.telegram_token and not settings.discord_token:
        lines.insert(0, "No Telegram or Discord token is set, so it is just us and the browser.")
    else:
        lines.insert(0, "This version does not speak Telegram or Discord yet; the room works.")
    if address.is_open:
        code = StringIO()
        segno.make(address.url).terminal(code, border=1, compact=True)
        lines.append(f"On a phone in the same network, scan this:\n\n{code.getvalue()}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
