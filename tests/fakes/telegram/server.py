"""A Bot API server for tests: small, on loopback, and as strict as the real one.

async with TelegramServer() as telegram:
    anna = telegram.person("Anna", "de")
    home = telegram.private(anna)
    ...start the bot with telegram.url and telegram.token...
    photo = home.send_photo(anna, jpeg)
    print((await home.answer(photo)).text)
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Self

import aiohttp
from aiohttp import web
from yarl import URL

from tests.fakes.telegram.given import Given, Refuse, Upload
from tests.fakes.telegram.methods import Methods
from tests.fakes.telegram.things import Json
from tests.fakes.telegram.world import World

TOKEN = "4242:the-token-of-no-real-bot-anywhere-at-all"
HELD = (
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is "
    "running"
)
HOOKED = (
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete "
    "the webhook first"
)
GATEWAY = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"


@dataclass
class Fault:
    """What goes wrong with a call.

    status: the answer's, in place of doing anything; html: a gateway's page and no JSON, as 502 is.
    drop: the connection breaks; after: only when the call was carried out. silent: no answer ever.
    held: all goes well, but not before this is set.
    """

    status: int = 0
    html: bool = False
    description: str = ""
    retry_after: int = 0
    drop: bool = False
    after: bool = False
    silent: bool = False
    held: asyncio.Event | None = None
    times: int = 1


class TelegramServer(World):
    """The server, with its world.

    calls: what the bot called, in its order, with what it gave; polls are left out.
    downloads: names of the files that the bot fetched. pace: seconds for each byte of a file.
    stall: a file that is asked for while this is set stops in its middle until the event comes.
    twice: each update is delivered twice. chaos: asked for a fault at every call and download.
    """

    def __init__(self) -> None:
        super().__init__()
        self.token = TOKEN
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.downloads: list[str] = []
        self.pace = 0.0
        self.stall: asyncio.Event | None = None
        self.twice = False
        self.polls = 0
        self.chaos: Callable[[str], Fault | None] = lambda _: None
        self.methods = Methods(self)
        self.webhook = ""
        self.secret = ""
        self._faults: dict[str, list[Fault]] = {}
        self._poll: object = None
        self._delivering: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/bot{token}/{method}", self._call)
        app.router.add_get("/file/bot{token}/{path:.+}", self._download)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stop_delivering()
        self._poll = None
        self.notify()
        await self._runner.cleanup()

    @property
    def connections(self) -> int:
        """How many connections are open."""
        assert self._runner.server is not None
        return len(self._runner.server.connections)

    def fail(self, method: str, **fault: Any) -> Fault:
        """Have the next call of a method fail; `file` is a download. times: how many of them."""
        new = Fault(**fault)
        self._faults.setdefault(method.lower(), []).append(new)
        return new

    def heal(self) -> None:
        """Take back every fault."""
        self._faults.clear()

    def called(self, method: str) -> list[dict[str, Any]]:
        """Return what each call of a method was given."""
        return [given for name, given in self.calls if name == method]

    async def waits(self) -> None:
        """Wait until the bot has got everything and asks for more."""
        await self.until(lambda: not self.updates and self._poll is not None)

    async def _call(self, request: web.Request) -> web.StreamResponse:
        token, method = request.match_info["token"], request.match_info["method"]
        if not re.fullmatch(r"\d+:[\w-]{30,}", token):
            return _answer(404, "Not Found")
        if token != self.token:
            return _answer(401, "Unauthorized")
        given = await _form(request)
        fault = self._next_fault(method)
        if fault is not None and fault.held is not None:
            self.notify()
            await fault.held.wait()
            fault = None
        if fault is not None and not fault.after:
            return await self._break(request, fault)
        try:
            result = await self._do(method, given)
        except Refuse as refused:
            return _answer(refused.code, refused.description, **refused.parameters)
        if fault is not None:
            return await self._break(request, fault)
        return web.json_response({"ok": True, "result": result})

    async def _do(self, method: str, given: dict[str, Any]) -> Any:
        match method.lower():
            case "getupdates":
                return await self._get_updates(Given(given))
            case "setwebhook":
                self.calls.append((method, given))
                return await self._set_webhook(Given(given))
            case "deletewebhook":
                self.calls.append((method, given))
                await self._stop_delivering()
                self.webhook = ""
                self._drop(Given(given))
                return True
            case "getwebhookinfo":
                return {
                    "url": self.webhook,
                    "has_custom_certificate": False,
                    "pending_update_count": len(self.updates),
                }
        found = self.methods.find(method)
        if found is None:
            raise Refuse("Not Found", 404)
        self.calls.append((method, given))
        result = found(Given(given))
        self.notify()
        return result

    async def _get_updates(self, given: Given) -> list[Json]:
        if self.webhook:
            raise Refuse(HOOKED, 409)
        self._allow(given)
        if (offset := given.number("offset")) is not None:
            self.updates = [each for each in self.updates if each.get("update_id", 0) >= offset]
        mine = self._poll = object()
        self.polls += 1
        self.notify()
        try:
            await self.until(
                lambda: bool(self.updates) or self._poll is not mine, given.number("timeout") or 0
            )
        except TimeoutError:
            return []
        finally:
            held = self._poll is not mine
            if not held:
                self._poll = None
        if held:
            raise Refuse(HELD, 409)
        batch = self.updates[: given.number("limit") or 100]
        return [each for each in batch for _ in range(1 + self.twice)]

    def _allow(self, given: Given) -> None:
        allowed = given.parsed("allowed_updates", list)
        if allowed is not None:
            self.allowed = allowed or None

    def _drop(self, given: Given) -> None:
        if given.flag("drop_pending_updates"):
            self.updates.clear()

    async def _set_webhook(self, given: Given) -> bool:
        url = given.text("url")
        # A Bot API server of one's own takes http as well.
        if not url.startswith("https://") and URL(url).host != "127.0.0.1":
            raise Refuse("Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
        if not re.fullmatch(r"[A-Za-z0-9_-]{0,256}", given.text("secret_token")):
            raise Refuse("Bad Request: secret token contains unallowed characters")
        self._allow(given)
        self._drop(given)
        await self._stop_delivering()
        self.webhook, self.secret = url, given.text("secret_token")
        self._delivering = asyncio.create_task(self._deliver_to(url, self.secret))
        return True

    async def _deliver_to(self, url: str, secret: str) -> None:
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret else {}
        async with aiohttp.ClientSession() as session:
            while True:
                await self.until(lambda: bool(self.updates), 3600)
                update = self.updates[0]
                for _ in range(1 + self.twice):
                    try:
                        async with session.post(url, json=update, headers=headers) as response:
                            taken = response.ok
                    except aiohttp.ClientError:
                        taken = False
                if taken:
                    self.updates.remove(update)
                else:
                    await asyncio.sleep(0.2)

    async def _stop_delivering(self) -> None:
        if self._delivering is not None:
            self._delivering.cancel()
            await asyncio.gather(self._delivering, return_exceptions=True)
            self._delivering = None

    async def _download(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        file = next((each for each in self.files.values() if each.path == path), None)
        if request.match_info["token"] != self.token or file is None:
            return web.Response(status=404)
        if (fault := self._next_fault("file")) and not fault.after:
            return await self._break(request, fault)
        self.downloads.append(file.name)
        self.notify()
        response = web.StreamResponse(headers={"Content-Length": str(len(file.data))})
        await response.prepare(request)
        if stall := self.stall:
            half = len(file.data) // 2
            await response.write(file.data[:half])
            await stall.wait()
            await response.write(file.data[half:])
            return response
        if not self.pace and not fault:
            await response.write(file.data)
            return response
        for at in range(len(file.data)):
            await response.write(file.data[at : at + 1])
            await asyncio.sleep(self.pace)
            if fault:  # breaks in the middle
                return await self._break(request, fault)
        return response

    def _next_fault(self, method: str) -> Fault | None:
        faults = self._faults.get(method.lower(), [])
        if not faults:
            return self.chaos(method)
        faults[0].times -= 1
        return faults.pop(0) if faults[0].times < 1 else faults[0]

    async def _break(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        self.notify()
        if fault.silent:
            await asyncio.Event().wait()
        if fault.drop:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if fault.status == 502 or fault.html:
            return web.Response(status=fault.status or 200, text=GATEWAY, content_type="text/html")
        if fault.status == 429:
            after = fault.retry_after or 1
            return _answer(429, f"Too Many Requests: retry after {after}", retry_after=after)
        return _answer(fault.status, fault.description or HTTPStatus(fault.status).phrase)


def _answer(status: int, description: str, **parameters: Any) -> web.Response:
    body: Json = {"ok": False, "error_code": status, "description": description}
    return web.json_response(
        body | ({"parameters": parameters} if parameters else {}), status=status
    )


async def _form(request: web.Request) -> dict[str, Any]:
    """Read a call's parameters from wherever they are: the address, a form, JSON."""
    given: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        more: dict[str, Any] = await request.json()
        return given | more
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            given[name] = Upload(value.filename, value.file.read())
        else:
            given[name] = value
    return given
