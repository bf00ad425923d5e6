"""A classifier tier on loopback: the real answers, by one classifier, and faults to order."""

from __future__ import annotations

import asyncio
from collections import deque
from enum import StrEnum
from typing import Self

from aiohttp import web

from classifier import Classifier
from classifier.serving.contract import MODEL_HEADER
from classifier.serving.server import Reply, respond


class Fault(StrEnum):
    """What goes wrong with a request."""

    HANGS_UP = "hangs up"
    ERROR = "error"
    HANGS = "hangs"
    PAGE = "page"
    HALF = "half"
    SHORT = "short"
    EMPTY = "empty"
    LONG = "long"
    NOBODY = "nobody"


class Tier:
    """Answers as Ray Serve's copies do; the next requests for photos have these faults.

    asked: what was asked, in order.
    model: what it says that it is, instead of the truth.
    """

    def __init__(self, classifier: Classifier) -> None:
        self.classifier = classifier
        self.faults: deque[Fault] = deque()
        self.asked: list[str] = []
        self.model: str | None = None
        self.port = 0
        self._never = asyncio.Event()
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._answer)
        # What it is still busy with when it ends is cut off, as by a kill.
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if request.method == "POST":
            self.asked.append(request.path)
        fault = self.faults.popleft() if self.faults and request.method == "POST" else None
        match fault:
            case Fault.HANGS:
                await self._never.wait()
            case Fault.ERROR:
                return web.Response(status=500, text="Internal Server Error")
            case Fault.PAGE:
                return web.Response(text="<html>Welcome!</html>", content_type="text/html")
        reply = await respond(
            self.classifier,
            request.method,
            request.path,
            request.query,
            request.headers.get(MODEL_HEADER),
            request.content.iter_any(),
        )
        return await self._sent(request, reply, fault)

    async def _sent(
        self, request: web.Request, reply: Reply, fault: Fault | None
    ) -> web.StreamResponse:
        headers = {MODEL_HEADER: self.model or reply.model}
        assert request.transport is not None
        match fault:
            case Fault.HANGS_UP:
                request.transport.abort()
            case Fault.HALF:
                headers["Content-Length"] = str(len(reply.body))
                response = web.StreamResponse(headers=headers)
                await response.prepare(request)
                await response.write(reply.body[: len(reply.body) // 2])
                request.transport.abort()
                return response
            case Fault.SHORT:
                return web.Response(body=reply.body[:-9], headers=headers)
            case Fault.EMPTY:
                return web.Response(body=b"{}", headers=headers)
            case Fault.LONG:
                return web.Response(body=b" " * 9_000_000 + reply.body, headers=headers)
            case Fault.NOBODY:
                return web.Response(body=b'{"refused": "no reason"}', headers=headers)
        return web.Response(status=reply.status, body=reply.body, headers=headers)
