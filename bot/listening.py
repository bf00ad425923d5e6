"""The port that the room listens at."""

from __future__ import annotations

import socket


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that listens at an address of either kind, IPv4 or IPv6.

    Args:
        host: A name or an address; empty for all of this machine's.
        port: 0 for whichever is free.

    Raises:
        OSError: When it is taken, or no address of this machine's.
    """
    family, *_, address = socket.getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    return socket.create_server(address[:2], family=family, dualstack_ipv6=False)
