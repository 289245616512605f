"""The socket on which the API is reached."""

import socket

from app.embedded import EmbeddedError

_BACKLOG = 2048
_GONE_MS = 60_000
"""How long what was sent may stay unacknowledged; the system's own patience is a quarter of an hour."""


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens on ``host`` and ``port``, 0 being any. Raises EmbeddedError when none can."""
    try:
        family, kind, _, _, target = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror:
        raise EmbeddedError(f"HEADWATER_HOST names no address of this machine: {host!r}.") from None
    # Only of a socket that says its protocol does asyncio know that answers must not wait for more.
    listener = socket.socket(family, kind, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Accepted connections inherit it: of a client that vanished, what it held is free within a minute.
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _GONE_MS)
        listener.bind(target)
        listener.listen(_BACKLOG)
    except PermissionError:
        listener.close()
        raise EmbeddedError(f"Only root may listen on port {port}; set HEADWATER_PORT.") from None
    except OSError as error:
        listener.close()
        raise EmbeddedError(
            f"Port {port} on {host} cannot be used ({error.strerror}); free it or set HEADWATER_PORT."
        ) from None
    return listener
