"""Requests for a room that another process has: passed on to it, and its answers passed back."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from http import HTTPStatus

from aiohttp import (
    ClientConnectionError,
    ClientConnectorError,
    ClientError,
    ClientSession,
    ClientTimeout,
    ClientWebSocketResponse,
    ClientWSTimeout,
    ConnectionTimeoutError,
    DummyCookieJar,
    TCPConnector,
    WSCloseCode,
    WSMsgType,
    WSServerHandshakeError,
    web,
)
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from bot.domain import Peer, Refusal
from bot.platforms.web.requests import MESSAGE_BYTES, browser_language
from bot.platforms.web.uploads import address_of
from bot.platforms.web.websocket import CLOSE_SECONDS, PING_SECONDS
from bot.speech import speaker_for

log = logging.getLogger(__name__)

# Whose request it is, and a signature of that: who has no key of ours cannot speak for others.
HEADER = "X-Snowpeople-Peer"
ADDRESS_LENGTH, UNKNOWN = 64, "unknown"
CONNECT_SECONDS = 2.0
# As long as a page waits for its photo's answer.
ANSWER_SECONDS = 60.0
# A machine that lost its power says nothing; the page is told within the lease's ten seconds.
PEER_PING_SECONDS = 5.0
# When a browser may ask again, in seconds.
AGAIN_SECONDS = 2
# What is between two ends of one connection (RFC 9110, 7.6.1), and what the server has done with.
HOP_BY_HOP = frozenset(
    {
        *("connection", "keep-alive", "proxy-connection", "proxy-authenticate"),
        *("proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade", "expect"),
        *("x-forwarded-for", HEADER.lower()),
    }
)
# The library's, for each WebSocket anew.
HANDSHAKE = "sec-websocket-"
# They say how a connection ended without a word (RFC 6455, 7.4.1).
NEVER_SENT = frozenset({1005, 1006, 1015})
# aiohttp's own, which would be added to what the browser sent.
NOTHING_ADDED = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


class Peers:
    """Passes requests on to other processes, and knows those that were passed on to this one.

    Args:
        key: What the others sign with.
    """

    def __init__(self, key: str) -> None:
        self._key = key
        self._session: ClientSession | None = None
        self._sockets: set[web.WebSocketResponse] = set()

    async def running(self, _: web.Application) -> AsyncIterator[None]:
        """Be able to pass on while the server runs; a `cleanup_ctx` of it."""
        async with ClientSession(
            connector=TCPConnector(limit=0),
            cookie_jar=DummyCookieJar(),
            auto_decompress=False,
            timeout=ClientTimeout(
                total=None, sock_connect=CONNECT_SECONDS, sock_read=ANSWER_SECONDS
            ),
        ) as self._session:
            yield

    async def close_sockets(self, _: web.Application) -> None:
        """Close all WebSockets that are passed on, so that pages come back; an `on_shutdown`."""
        closing = (
            each.close(code=WSCloseCode.GOING_AWAY, message=b"restarting") for each in self._sockets
        )
        await asyncio.gather(*closing, return_exceptions=True)

    def received(self, request: web.Request) -> web.Request | None:
        """Return a request that another process passed on, as if its sender had come here.

        None for one that nobody passed on, whatever it says of itself.
        """
        client, _, signature = request.headers.get(HEADER, "").rpartition(" ")
        expected = _signature(self._key, client, request)
        if not client or not hmac.compare_digest(_bytes(signature), expected.encode()):
            return None
        return request.clone(remote=client)

    async def pass_on(self, request: web.Request, peer: Peer) -> web.StreamResponse:
        """Have another process answer a request.

        Returns:
            Its answer, or a sentence for who asked while it cannot be had: 503 where it has not got
            the request, 502 where it may have done what was asked for.
        """
        assert self._session is not None
        client = (address_of(request) or UNKNOWN).encode("ascii", "replace").decode()
        client = client[:ADDRESS_LENGTH]
        headers = _end_to_end(request.headers)
        if headers.popall("Content-Encoding", None):  # unpacked by now, and of another length
            headers.popall("Content-Length", None)
        headers[HEADER] = f"{client} {_signature(peer.key, client, request)}"
        try:
            url = URL(f"{peer.address}{request.path_qs}", encoded=True)
            if web.WebSocketResponse().can_prepare(request).ok:
                return await self._pass_socket_on(self._session, request, url, headers)
            return await _pass_request_on(self._session, request, url, headers)
        except (ClientConnectorError, ConnectionTimeoutError) as error:
            log.info("a room's process cannot be reached: %s", type(error).__name__)
            return one_moment(request)
        except (ClientError, TimeoutError, OSError) as error:
            log.info("a room's process did not answer: %s", type(error).__name__)
            return one_moment(request, HTTPStatus.BAD_GATEWAY)
        except ValueError as error:  # what no browser sends
            raise web.HTTPBadRequest from error

    async def _pass_socket_on(
        self, session: ClientSession, request: web.Request, url: URL, headers: CIMultiDict[str]
    ) -> web.StreamResponse:
        for name in [name for name in headers if name.lower().startswith(HANDSHAKE)]:
            del headers[name]
        try:
            theirs = await session.ws_connect(
                url,
                headers=headers,
                heartbeat=PEER_PING_SECONDS,
                max_msg_size=0,
                timeout=ClientWSTimeout(ws_close=CLOSE_SECONDS),
            )
        except WSServerHandshakeError as error:
            return one_moment(request, HTTPStatus(error.status))
        async with theirs:
            ours = web.WebSocketResponse(
                timeout=CLOSE_SECONDS, heartbeat=PING_SECONDS, max_msg_size=MESSAGE_BYTES
            )
            await ours.prepare(request)
            self._sockets.add(ours)
            try:
                await _talk(ours, theirs)
            finally:
                self._sockets.discard(ours)
        return ours


def one_moment(
    request: web.Request, status: HTTPStatus = HTTPStatus.SERVICE_UNAVAILABLE
) -> web.Response:
    """Return an answer for who has to ask again; a page does that by itself."""
    sentence = speaker_for(browser_language(request)).photos.refusal(Refusal.BUSY)
    again = {"Retry-After": str(AGAIN_SECONDS)}
    if "text/html" in request.headers.get("Accept", ""):
        again["Refresh"] = str(AGAIN_SECONDS)
        return web.Response(text=f"{sentence}\n", status=status, headers=again)
    return web.json_response({"error": sentence}, status=status, headers=again)


async def _pass_request_on(
    session: ClientSession, request: web.Request, url: URL, headers: CIMultiDict[str]
) -> web.StreamResponse:
    async with session.request(
        request.method,
        url,
        headers=headers,
        data=request.content.iter_any() if request.can_read_body else None,
        allow_redirects=False,
        skip_auto_headers=NOTHING_ADDED,
    ) as answer:
        response = web.StreamResponse(
            status=answer.status, reason=answer.reason, headers=_end_to_end(answer.headers)
        )
        await response.prepare(request)
        try:
            async for chunk in answer.content.iter_any():
                await response.write(chunk)
            await response.write_eof()
        except (ClientError, TimeoutError, OSError):
            # One of the two ends is gone, and the browser must not take the half for the whole.
            if request.transport is not None:
                request.transport.abort()
        return response


async def _talk(ours: web.WebSocketResponse, theirs: ClientWebSocketResponse) -> None:
    """Pass on what a browser and another process tell each other, until one of them ends."""
    passing = {
        asyncio.create_task(_pass_messages_on(ours, theirs)),
        asyncio.create_task(_pass_messages_on(theirs, ours)),
    }
    try:
        await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in passing:
            each.cancel()
        await asyncio.gather(*passing, return_exceptions=True)
    for one, other in ((ours, theirs), (theirs, ours)):
        if one.closed and not other.closed:
            code = one.close_code
            if code is None or code in NEVER_SENT:
                code = WSCloseCode.GOING_AWAY
            with suppress(ClientConnectionError, OSError):
                await other.close(code=code)


async def _pass_messages_on(
    source: web.WebSocketResponse | ClientWebSocketResponse,
    sink: web.WebSocketResponse | ClientWebSocketResponse,
) -> None:
    with suppress(ClientConnectionError, OSError):
        async for message in source:
            if message.type is WSMsgType.TEXT:
                await sink.send_str(message.data)
            elif message.type is WSMsgType.BINARY:
                await sink.send_bytes(message.data)


def _end_to_end(headers: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    """Return the headers that are for the other end; all that our pages send is ASCII."""
    named = {name.strip().lower() for name in headers.get("Connection", "").split(",")}
    left = HOP_BY_HOP | named
    return CIMultiDict(
        (name, value)
        for name, value in headers.items()
        if name.lower() not in left and value.isascii()
    )


def _signature(key: str, client: str, request: web.Request) -> str:
    """Return what only who knows a key can say of a request and of whom it comes from."""
    said = f"{client}\n{request.method}\n{request.path_qs}"
    return hmac.digest(key.encode(), _bytes(said), hashlib.sha256).hex()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
