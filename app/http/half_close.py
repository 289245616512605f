"""Closes a connection so that what was said last arrives, also while its client is still sending."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

_SECONDS = 5.0
"""For how long the client may go on sending, and take the answer."""
_MOST = 256
"""How many connections may be closing so at a time, beside those that are counted."""


class _LingeringTransport:
    """A transport that is closed in two steps while something ``unread`` may be on its way.

    Where a socket is closed with unread data, the system resets the connection, and the client loses an answer
    that it has not read. So first the end of the answer is said, and what still comes is thrown away, until the
    client closes or its time is over.
    """

    _lingering = 0

    def __init__(self, transport: asyncio.Transport, unread: Callable[[], bool]) -> None:
        self._transport, self._unread = transport, unread
        self._timer: asyncio.TimerHandle | None = None
        self.write = transport.write

    # What a transport has besides is of many types.
    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        """See asyncio."""
        return self._timer is not None or self._transport.is_closing()

    def close(self) -> None:
        """See asyncio."""
        if self._timer is not None:
            return
        if self._transport.is_closing() or not self._unread() or _LingeringTransport._lingering >= _MOST:
            self._transport.close()
            return
        _LingeringTransport._lingering += 1
        self._timer = asyncio.get_running_loop().call_later(_SECONDS, self._transport.abort)
        # TLS has no such half; there a client sees by the answer's length that it has all of it.
        if self._transport.can_write_eof():
            self._transport.write_eof()
        # It may have been told to wait.
        self._transport.resume_reading()

    def gone(self) -> None:
        """Note that the connection is lost."""
        if self._timer is not None and not self._timer.cancelled():
            self._timer.cancel()
            _LingeringTransport._lingering -= 1


def lingering(transport: asyncio.Transport, unread: Callable[[], bool]) -> asyncio.Transport:
    """The transport, closed in two steps while there is something ``unread``; see `let_go`."""
    return cast(asyncio.Transport, _LingeringTransport(transport, unread))


def let_go(transport: asyncio.Transport) -> None:
    """Say of what `lingering` gave that its connection is lost."""
    cast(_LingeringTransport, transport).gone()
