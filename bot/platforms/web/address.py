"""Where the room can be reached: for the terminal, for the share button, for phones."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

WILDCARDS = ("", "0.0.0.0", "::")
# Reserved for documentation (RFC 5737): no packet is sent, but the system says which of its
# addresses it would send one from, and that is this machine's address on the home network.
SOMEWHERE_ELSE = ("192.0.2.1", 9)


@dataclass(frozen=True, slots=True)
class WebAddress:
    """Where the server listens, and under which address it is published, if any.

    Attributes:
        host: The address it listens on.
        port: The port it listens on.
        public: The address it is published under, without a trailing slash.
    """

    host: str
    port: int
    public: str | None = None

    @property
    def url(self) -> str:
        """The address to open on this machine, or to hand on where others can reach it."""
        return self.public or self.direct_url

    @property
    def direct_url(self) -> str:
        """The address where other processes reach this one, past what publishes it."""
        host = home_network_address() if self.host in WILDCARDS else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def own_url(self) -> str:
        """The address to open on this machine itself."""
        return f"http://localhost:{self.port}" if self.host in WILDCARDS else self.url

    @property
    def public_host(self) -> str | None:
        """The name it is published under, without scheme and port."""
        return urlsplit(self.public).hostname if self.public else None

    @property
    def is_open(self) -> bool:
        """Whether other machines can reach it."""
        return bool(self.public) or not _is_loopback(self.host)


def home_network_address() -> str:
    """Return this machine's address on its network, or the loopback's where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(SOMEWHERE_ELSE)
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def _is_loopback(host: str) -> bool:
    if host in WILDCARDS:
        return False
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
