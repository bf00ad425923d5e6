"""`python -m bot` and `snowpeople`: arguments and exit codes."""

from __future__ import annotations

import argparse
import asyncio
import errno
import gc
import logging
import os
import socket
import sys
import threading
from pathlib import Path

from bot import logs
from bot.listening import bind
from bot.settings import Settings, SettingsError, read_settings

# Ten seconds are the promise, and as long as service managers wait at the least.
STOP_SECONDS = 10.0

log = logging.getLogger("bot")


def main(arguments: list[str] | None = None) -> int:
    """Run the bot, or do what a command asks for.

    Args:
        arguments: The command line's; the process's own if left out.

    Returns:
        0 after a signal, 1 when it cannot run, 2 for a setting that makes no sense.
    """
    parser = argparse.ArgumentParser(
        prog="snowpeople", description="A chat bot that says “Olaf!” or “Abominable!”"
    )
    parser.add_argument("--host", help="address of the room: 0.0.0.0 opens it to your network")
    parser.add_argument("--port", type=int, help="port of the room (8080)")
    parser.add_argument(
        "--party",
        action="store_true",
        help="open a party night's big screen, and your network unless a host is set",
    )
    _add_commands(parser)
    options = parser.parse_args(arguments)
    try:
        settings = read_settings(web_host=options.host, web_port=options.port)
        if options.party:
            settings = settings.for_a_party()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    if options.command is not None:
        from bot.operating import commands  # what only these need is loaded for them alone

        return commands.run(options, settings)
    logs.set_up(settings.log_level, settings.secrets(), settings.log_format)
    try:
        listening = bind(settings.web_host, settings.web_port)
    except OSError as error:
        print(_why_not(error, settings), file=sys.stderr)
        return 1
    with listening:
        return _run(settings, listening, has_party=options.party)


def _run(settings: Settings, listening: socket.socket, *, has_party: bool) -> int:
    """Run the bot; return the exit code, as `main` does."""
    # Half a second each: only once settings and port are known to be good.
    gc.disable()  # what a start makes is there to stay
    from bot.loading import EngineError, ModelError, begin_loading
    from bot.metrics import Metrics

    metrics = Metrics(["web", *settings.chats()])
    try:  # before there is a database that nobody will use
        loading = begin_loading(settings, metrics)
    except ModelError as error:
        print(f"MODEL makes no sense: {error}", file=sys.stderr)
        return 2
    except EngineError as error:
        print(f"ENGINE makes no sense: {error}", file=sys.stderr)
        return 2
    from bot import app

    gc.freeze()
    gc.enable()
    try:
        serving = app.serve(
            settings, listening, loading, metrics, on_signal=_set_last_resort, has_party=has_party
        )
        return asyncio.run(serving)
    except Exception:
        log.critical("the bot ended by a fault", exc_info=True)
        return 1


def _add_commands(parser: argparse.ArgumentParser) -> None:
    """Add what an operator may ask for instead of the bot itself."""
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="other things to do")
    commands.add_parser("check", help="look whether all is well, and say what to do")
    commands.add_parser("invite", help="print the links that bring the bot to others")
    backup = commands.add_parser("backup", help="write everything into one file; the bot may run")
    backup.add_argument("file", type=Path)
    restore = commands.add_parser("restore", help="fill a new bot from such a file")
    restore.add_argument("file", type=Path)
    export = commands.add_parser(
        "export-room", help="print all that is known of a room, as JSON; without one, all rooms"
    )
    export.add_argument("platform", nargs="?", choices=("telegram", "discord", "web"))
    export.add_argument("room", nargs="?", help="its id; of a room in the browser, its name")


def _set_last_resort() -> None:
    """End the process after STOP_SECONDS, whatever hangs: a thread, a database, a library."""
    last_resort = threading.Timer(STOP_SECONDS, _end_at_once)
    last_resort.daemon = True
    last_resort.start()


def _end_at_once() -> None:
    # What was acknowledged is in the store: nothing is lost.
    log.critical("something did not end in %.0f seconds; ending without it", STOP_SECONDS)
    logging.shutdown()
    os._exit(1)


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


if __name__ == "__main__":
    sys.exit(main())
