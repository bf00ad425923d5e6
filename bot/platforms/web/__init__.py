"""The room in the browser: an aiohttp server with a page of its own."""

from bot.platforms.web.address import WebAddress
from bot.platforms.web.server import WebServer

__all__ = ["WebAddress", "WebServer"]
