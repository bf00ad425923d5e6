"""What stands between the web room and the world: headers on every answer, and whose asks count."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

# The page is a few files of its own and the pictures it was sent; nothing else may load or run.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        "connect-src 'self'; manifest-src 'self'; form-action 'none'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), microphone=(), payment=(), usb=()",
}
# Endings that home routers and operating systems give to machines on their own network.
HOME_NETWORK = (".local", ".localhost", ".lan", ".home", ".internal", ".home.arpa", ".fritz.box")


async def add_headers(_: web.Request, response: web.StreamResponse) -> None:
    """Add the security headers; an `on_response_prepare` handler."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)


def only_our_own_pages(public_hosts: frozenset[str]) -> Middleware:
    """Return a middleware that refuses what another web site makes a visitor's browser ask.

    Args:
        public_hosts: The names that this server is published under.
    """

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not _is_ours(request.host, public_hosts):
            # A public name that resolves to this machine is how a web site gets at a home network
            # (DNS rebinding); the page's origin and the host would even match.
            raise web.HTTPMisdirectedRequest(
                text=f"This room does not know itself as {request.host}; "
                "set WEB_URL to the address that people use.\n"
            )
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc.lower() != request.host.lower():
            raise web.HTTPForbidden(text="Requests of other sites are not answered here.\n")
        return await handler(request)

    return guard


def _is_ours(host: str, public_hosts: frozenset[str]) -> bool:
    name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    if name in public_hosts or "." not in name or name.endswith(HOME_NETWORK):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
