"""The app: settings to parts to platforms, signals, and an end within its bound.

The one place that knows everyone.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
import webbrowser
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AsyncExitStack
from io import StringIO
from typing import TYPE_CHECKING

import segno

from bot.metrics import Metrics
from bot.platforms.contract import Platform, State
from bot.platforms.web import WebAddress, WebServer
from bot.services import Service, build_service
from bot.services.admission import Admission
from bot.services.party_pictures import PartyPictures
from bot.services.photo_archive import PhotoArchive
from bot.services.rate_limit import RateLimits
from bot.settings import Settings, without_slash
from bot.storage import Store, StoreError
from bot.supervisor import Supervisor
from bot.systemd import Systemd
from bot.vision import Vision

if TYPE_CHECKING:
    from bot.platforms.discord import DiscordAdapter
    from bot.platforms.telegram import TelegramAdapter
    from classifier import Classifier
    from classifier.serving import RemoteClassifier

# How long photos in hand may take after a signal, and then the platforms' goodbyes; the web
# server's own wait comes after these.
DRAIN_SECONDS = 6.0
GOODBYE_SECONDS = 1.5
PRUNE_SECONDS = 3600.0

OFF: State = {"state": "off"}

log = logging.getLogger("bot")


async def serve(
    settings: Settings,
    listening: socket.socket,
    loading: Future[Classifier | RemoteClassifier],
    metrics: Metrics,
    *,
    on_signal: Callable[[], None],
    has_party: bool = False,
) -> int:
    """Run the bot until SIGINT or SIGTERM, or until no platform is left.

    Args:
        settings: The operator's.
        listening: The web server's socket, bound.
        loading: What is to look at photos.
        metrics: Told what happens; those of the settings' platforms.
        on_signal: Called when a signal asks for the end.
        has_party: Whether to open a party night's big screen in this machine's browser.

    Returns:
        The exit code: 0, or 1 when nothing is left to do or the database cannot be used.
    """
    stopping = asyncio.Event()
    _stop_on_signals(stopping, on_signal)
    systemd = Systemd()
    address = _address(settings, listening)
    async with AsyncExitStack() as stack:
        try:
            store = await stack.enter_async_context(
                Store.open(
                    settings.database(),
                    observe=metrics.note_transaction,
                    address=without_slash(settings.peer_url) or address.direct_url,
                )
            )
        except StoreError as error:
            print(error, file=sys.stderr)
            return 1
        classifier = await asyncio.wrap_future(loading)
        await stack.enter_async_context(classifier)
        vision = Vision(classifier)
        telegram, discord = _telegram(settings, store, metrics), _discord(settings, store, metrics)
        platforms: list[Platform] = [each for each in (telegram, discord) if each is not None]
        supervisors = [Supervisor(each, stopping) for each in platforms]
        webhook = _webhook_url(settings)
        web: WebServer = WebServer(
            address,
            health=lambda: _health(stopping, vision, _states(web, supervisors)),
            metrics=metrics.exposition,
            has_room=settings.web_room,
            data_folder=settings.data_folder,
            hooks={webhook: telegram.feed} if telegram and webhook else {},
            peer_key=store.leases.key if store.leases.are_shared else None,
        )
        admission = Admission(RateLimits())
        metrics.watch(
            states=lambda: _states(web, supervisors),
            in_hand=lambda: admission.photos,
            waiting=lambda: admission.waiting,
            classifying=lambda: classifier.waiting,
        )
        # Where nobody can come in, nothing is said that another process's room should read.
        has_rooms = settings.web_room or not store.leases.are_shared
        rooms = {web.name: web} if has_rooms else {}
        service = build_service(
            vision=vision,
            admission=admission,
            store=store,
            archive=PhotoArchive(settings.data_folder / "kept"),
            party_pictures=PartyPictures(settings.data_folder / "party_photos"),
            messengers={**rooms, **{each.name: each for each in platforms}},
            metrics=metrics,
        )
        web.open(service)
        await stack.enter_async_context(service.running())
        await web.start(service, listening)
        log.info("the model %s is computed by %s", classifier.card.name, classifier.engine)
        print(_welcome(settings, address, web.admin_link("home")), flush=True)
        if has_party and settings.web_room:
            print(f"The big screen: {web.party_link('home')}", flush=True)
            if not address.is_open:
                print(
                    f"No phone can come in: WEB_HOST is {address.host}, which is this computer "
                    "alone. For your network: python -m bot --party --host 0.0.0.0",
                    flush=True,
                )
            # In a thread: a browser of the terminal's ends when it is left.
            opening = asyncio.to_thread(webbrowser.open, web.party_link("home"))
            stack.callback(asyncio.create_task(opening, name="big screen").cancel)
        running = [asyncio.create_task(each.run(service), name=each.name) for each in supervisors]
        pruning = asyncio.create_task(_prune(service), name="pruning")
        await stack.enter_async_context(
            systemd.watching(lambda: classifier.state in ("ready", "closed"))
        )
        all_over = await _until_the_end(stopping, running, has_room=settings.web_room)
        systemd.tell("STOPPING=1")
        log.info("stopping: no new photos, those in hand are answered")
        await service.drain(DRAIN_SECONDS)
        await _finish(running)
        await web.stop()
        pruning.cancel()
        await asyncio.gather(pruning, return_exceptions=True)
    if all_over:
        print(
            "No platform is left and WEB_ROOM is off, so there is nothing to do.", file=sys.stderr
        )
        return 1
    return 0


def _stop_on_signals(stopping: asyncio.Event, on_signal: Callable[[], None]) -> None:
    """Set `stopping` when a signal asks for the end."""
    loop = asyncio.get_running_loop()

    def stop(*_: object) -> None:
        loop.call_soon_threadsafe(stopping.set)
        on_signal()

    for number in (signal.SIGINT, signal.SIGTERM):
        # Unlike the loop's own add_signal_handler, this works on every system.
        signal.signal(number, stop)


def _telegram(settings: Settings, store: Store, metrics: Metrics) -> TelegramAdapter | None:
    if settings.telegram_token is None:
        return None
    from bot.platforms.telegram import TelegramAdapter  # half a second, for who needs it

    return TelegramAdapter(
        settings.telegram_token.get_secret_value(),
        api_url=without_slash(settings.telegram_api_url),
        webhook_url=_webhook_url(settings),
        notes=store.notes,
        metrics=metrics,
        duties=store.leases,
        notices=store.notices,
        inbox=store.inbox if store.leases.are_shared else None,
    )


def _discord(settings: Settings, store: Store, metrics: Metrics) -> DiscordAdapter | None:
    if settings.discord_token is None:
        return None
    from bot.platforms.discord import DiscordAdapter

    return DiscordAdapter(
        settings.discord_token.get_secret_value(),
        api_url=without_slash(settings.discord_api_url),
        gateway_url=without_slash(settings.discord_gateway_url),
        notes=store.notes,
        shards=store.shards,
        metrics=metrics,
    )


def _webhook_url(settings: Settings) -> str | None:
    base = without_slash(settings.webhook_url)
    return base and f"{base}/telegram"


def _states(web: WebServer, supervisors: Sequence[Supervisor]) -> dict[str, State]:
    """Return how each platform is."""
    states: dict[str, State] = {"web": web.state(), "telegram": OFF, "discord": OFF}
    return states | {supervisor.name: supervisor.state() for supervisor in supervisors}


def _health(
    stopping: asyncio.Event, vision: Vision, states: Mapping[str, State]
) -> dict[str, object]:
    """Return what each part reports of itself, for /healthz and /readyz."""
    classifier = vision.state()
    is_alive = classifier["state"] == "ready"
    all_run = all(state["state"] in ("running", "standby", "off") for state in states.values())
    return {
        "status": "stopping" if stopping.is_set() else "ok" if is_alive else "failed",
        "ready": is_alive and all_run and not stopping.is_set(),
        "classifier": classifier,
        "platforms": states,
    }


async def _until_the_end(
    stopping: asyncio.Event, running: list[asyncio.Task[None]], *, has_room: bool
) -> bool:
    """Wait for a signal, or until no platform is left; return whether it was the latter."""
    signalled = asyncio.create_task(stopping.wait())
    while not stopping.is_set():
        alive = [task for task in running if not task.done()]
        if not alive and not has_room:
            signalled.cancel()
            return True
        await asyncio.wait([signalled, *alive], return_when=asyncio.FIRST_COMPLETED)
    return False


async def _prune(service: Service) -> None:
    """Forget what is over, now and then."""
    while True:
        try:
            await service.prune()
        except Exception:
            log.exception("what is over could not be forgotten; it is tried again later")
        await asyncio.sleep(PRUNE_SECONDS)


async def _finish(running: list[asyncio.Task[None]]) -> None:
    """Let the platforms send what is ready and say goodbye; cut off those that take too long."""
    if running:
        await asyncio.wait(running, timeout=GOODBYE_SECONDS)
    for task in running:
        task.cancel()
    for outcome in await asyncio.gather(*running, return_exceptions=True):
        if isinstance(outcome, Exception):
            log.error("a platform ended by a fault", exc_info=outcome)


def _address(settings: Settings, listening: socket.socket) -> WebAddress:
    public = without_slash(settings.web_url)
    return WebAddress(settings.web_host, listening.getsockname()[1], public)


def _welcome(settings: Settings, address: WebAddress, admin_link: str) -> str:
    """Return where the room is, and draw the way there for phones that can reach it."""
    if not settings.web_room:
        return f"No room in the browser, only {address.url}/healthz   (Ctrl-C ends it)"
    lines = [f"The room is open: {address.url}   (Ctrl-C ends it)"]
    if not settings.telegram_token and not settings.discord_token:
        lines.insert(0, "No Telegram or Discord token is set, so it is just us and the browser.")
    lines.append(f"Your own link, with an admin's say there: {admin_link}")
    if address.is_open:
        code = StringIO()
        segno.make(address.url).terminal(code, border=1, compact=True)
        lines.append(f"On a phone in the same network, scan this:\n\n{code.getvalue()}")
    return "\n".join(lines)
