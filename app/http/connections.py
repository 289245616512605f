"""Connections of the API's server: how many there may be, and for how long what was begun may lie unfinished."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

from api.kit.http.pacing import LEFT
from app.http.checked_requests import CheckedRequests
from app.http.half_close import let_go, lingering
from app.proxies import Proxies

_SLOWEST = 8 * 1024
"""How many bytes of an answer a client must take each second, over the time that it has."""
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 20\r\nretry-after: 5\r\nconnection: close\r\n"
    b"content-type: text/plain\r\n\r\nToo many connections"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """What a server bears of its clients."""

    connections: int
    """Open ones, in all."""
    each: int
    """Open ones, and requests under way, of one caller."""
    request_seconds: float
    """For how long a request may be on its way, from the first byte, or the opened connection, to the last."""
    answer_seconds: float
    """For how long an answer may wait for a client that takes next to nothing of it."""
    paced: frozenset[str] = frozenset()
    """The paths at which the time of a body is kept by whoever reads it, from its first byte on."""


class _Connection(Protocol):
    transport: asyncio.Transport
    counted: "_Counted | None"


class _Counted:
    """One connection that is counted: whose, and since when it owes something."""

    __slots__ = ("_left", "_left_since", "asking_since", "caller", "paced", "transport")

    def __init__(self, caller: str | None, transport: asyncio.Transport, asking_since: float | None) -> None:
        self.caller = caller
        self.transport = transport
        self.asking_since = asking_since
        self.paced = False
        self._left, self._left_since = 0, asking_since or 0.0

    def overdue(self, now: float, patience: Patience, *, blocked: bool) -> bool:
        """Whether the client has not sent its request, or taken its answer, in time."""
        asking = self.asking_since
        if asking is not None and not self.paced and now - asking > patience.request_seconds:
            return True
        left = self.transport.get_write_buffer_size() if blocked else 0
        if left == 0 or self._left == 0 or self._left - left >= _SLOWEST * patience.answer_seconds:
            # Nothing is added while it is blocked, so what is less was taken.
            self._left, self._left_since = left, now
        return now - self._left_since > patience.answer_seconds


class Crowd(ServerState):
    """The connections of one server."""

    def __init__(self, patience: Patience, proxies: Proxies) -> None:
        super().__init__()
        self.patience = patience
        self._proxies = proxies
        self._count = 0
        self._by_caller: Counter[str] = Counter()

    def enter(self, connection: _Connection, client: tuple[str, int] | None, asking: float | None) -> bool:
        """Count a connection, unless there are too many, in all or of its caller, and none of them is idle."""
        caller = self._proxies.caller(client[0] if client else None)
        if (
            caller is not None
            and self._by_caller[caller] >= self.patience.each
            and not self._gives_way(caller)
        ):
            return False
        if self._count >= self.patience.connections and not self._gives_way(None):
            return False
        connection.counted = _Counted(caller, connection.transport, asking)
        self._count += 1
        if caller is not None:
            self._by_caller[caller] += 1
        return True

    def _gives_way(self, caller: str | None) -> bool:
        """Close an idle connection, of this caller if one is named; whether there was one."""
        for protocol in self.connections:
            if (
                isinstance(protocol, HttpConnection)
                and protocol.is_idle
                and protocol.counted is not None
                and caller in (None, protocol.counted.caller)
            ):
                self.leave(protocol)
                protocol.transport.close()
                return True
        return False

    def leave(self, connection: _Connection) -> None:
        """Count it no more."""
        counted, connection.counted = connection.counted, None
        if counted is None:
            return
        self._count -= 1
        if (caller := counted.caller) is not None:
            self._by_caller[caller] -= 1
            if not self._by_caller[caller]:
                del self._by_caller[caller]

    def sweep(self, now: float) -> None:
        """Cut the connections whose clients have had their time."""
        for protocol in list(self.connections):
            connection = cast(HttpConnection | WebSocketConnection, protocol)
            counted, transport = connection.counted, connection.transport
            blocked = connection.blocked or transport.is_closing()
            if counted is not None and counted.overdue(now, self.patience, blocked=blocked):
                transport.abort()


class HttpConnection(CheckedRequests):
    """uvicorn's own, counted, with what is checked of requests, and a time by which a request must be whole."""

    server_state: Crowd

    # The server's own parameters, hence Any.
    def __init__(self, config: Config, server_state: Crowd, **more: Any) -> None:
        super().__init__(config, server_state, **more)
        self.counted: _Counted | None = None
        self._refused = False
        self._bare: asyncio.Transport | None = None
        self._lingering: asyncio.Transport | None = None

    @property
    def blocked(self) -> bool:
        """Whether what was written waits for the client."""
        return self.flow.write_paused

    @property
    def is_idle(self) -> bool:
        """Whether it is kept for requests to come, and none is under way."""
        cycle: RequestResponseCycle | None = self.cycle
        return (
            cycle is not None
            and cycle.response_complete
            and self.counted is not None
            and self.counted.asking_since is None
        )

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See asyncio."""
        self._bare = transport
        self._lingering = lingering(transport, self._unread)
        super().connection_made(self._lingering)
        if not self.server_state.enter(self, self.client, self.loop.time()):
            self._refused = True
            self.transport.write(_FULL)
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio."""
        if self._lingering is not None:
            let_go(self._lingering)
        self.server_state.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """See asyncio."""
        if self.counted is None or self.transport.is_closing():
            return  # Refused, or answered before all of it was there.
        # There is none before the first request, whatever uvicorn's types say.
        cycle: RequestResponseCycle | None = self.cycle
        if (cycle is None or cycle.response_complete) and self.counted.asking_since is None:
            self.counted.asking_since = self.loop.time()
        super().data_received(data)

    def send_400_response(self, msg: str) -> None:
        """See uvicorn."""
        if self.counted is not None:
            self.counted.asking_since = None
        super().send_400_response(msg)

    def on_headers_complete(self) -> None:
        """See httptools."""
        super().on_headers_complete()
        # In its own cycle: with pipelining another may be under way.
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None:
            cast(dict[str, Any], self.scope)["extensions"] = {LEFT: partial(_leave, cycle)}
        if self.counted is not None:
            self.counted.paced = self.scope.get("path") in self.server_state.patience.paced

    def on_message_complete(self) -> None:
        """See httptools."""
        super().on_message_complete()
        if self.counted is not None:
            self.counted.asking_since, self.counted.paced = None, False

    def on_response_complete(self) -> None:
        """See uvicorn."""
        super().on_response_complete()
        if self.counted is not None and self.counted.paced:
            # What comes now is read by nobody.
            self.counted.asking_since, self.counted.paced = self.loop.time(), False
        if (
            self.has_begun
            and not self.fault
            and self.counted is not None
            and self.counted.asking_since is None
        ):
            # Of the request after this one, a part came together with it.
            self.counted.asking_since = self.loop.time()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over to the protocol of WebSockets, which counts it in this one's place."""
        self.server_state.leave(self)
        assert self._bare is not None, "There is a connection."
        self.transport = self._bare
        super().handle_websocket_upgrade()

    def _unread(self) -> bool:
        """Whether the client may be sending what nobody waits for."""
        return (
            self._refused
            or self.fault != ""
            or (self.counted is not None and self.counted.asking_since is not None)
        )


def _leave(cycle: RequestResponseCycle) -> None:
    """Close the connection of an answer that stays unfinished, as if its client had gone: that is no error."""
    cycle.disconnected = True
    cycle.transport.close()


class WebSocketConnection(WebSocketsSansIOProtocol):
    """uvicorn's own, counted."""

    # The server's own parameters, hence Any.
    def __init__(self, config: Config, server_state: Crowd, **more: Any) -> None:
        super().__init__(config, server_state, **more)
        self.counted: _Counted | None = None
        self._crowd = server_state

    @property
    def blocked(self) -> bool:
        """Whether what was written waits for the client."""
        return not self.writable.is_set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio."""
        super().connection_made(transport)
        self._crowd.enter(self, self.client, None)

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio."""
        self._crowd.leave(self)
        super().connection_lost(exc)
