"""The graphql-transport-ws protocol: many operations over one WebSocket.

Written out rather than made from Strawberry's handler: that one raises on messages of a wrong shape (an
array, a payload of null), encodes each message for each client, and has no bound on what waits for a slow one.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Generic, TypeVar

import orjson
from graphql import OperationType
from starlette.types import Receive, Scope, Send

from api.kit.documents import Operation
from api.kit.errors import FormattedError, RequestError, Unauthenticated, internal_error
from api.kit.execution import Engine
from api.kit.fanout import Fanout
from api.kit.limits import Limits
from api.kit.request import Request, read_request
from api.kit.streams import Ending, Outbox, Stream, Streams

I = TypeVar("I")  # noqa: E741

PROTOCOL = "graphql-transport-ws"
# What a server and the network under it raise when the client is no longer there.
_GONE = (OSError, RuntimeError)


class _Operation:
    """One operation of a connection, known to the client by its id."""

    def __init__(self, socket: "GraphQLSocket[Any]", id: str) -> None:
        self._socket = socket
        self._id = id
        self._json_id = orjson.dumps(id).decode()
        self.stop: Callable[[], object] | None = None

    def next(self, answer: str) -> None:
        self._socket.outbox.put('{"id":', self._json_id, ',"type":"next","payload":', answer, "}")

    def refuse(self, errors: list[FormattedError]) -> None:
        if self._socket.operations.pop(self._id, None) is self:
            payload = orjson.dumps(errors).decode()
            self._socket.outbox.put('{"id":', self._json_id, ',"type":"error","payload":', payload, "}")

    def complete(self) -> None:
        if self._socket.operations.pop(self._id, None) is self:
            self._socket.outbox.put('{"id":', self._json_id, ',"type":"complete"}')

    async def ready(self) -> None:
        await self._socket.outbox.emptied(self._socket.limits.slow_client_seconds)


class GraphQLSocket(Stream, Generic[I]):
    """One WebSocket connection from handshake to close."""

    def __init__(
        self,
        engine: Engine[I],
        fanout: Fanout[I],
        streams: Streams,
        limits: Limits,
        authenticate: Callable[[Mapping[str, str]], Awaitable[I]],
    ) -> None:
        self.limits = limits
        self.outbox = Outbox(limits.queued_messages)
        self.operations: dict[str, _Operation] = {}
        self._engine = engine
        self._fanout = fanout
        self._streams = streams
        self._authenticate = authenticate
        self._identity: I | None = None
        self._asked_to_begin = False
        self._acknowledged = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves the connection until either side ends it."""
        await receive()
        if PROTOCOL not in scope["subprotocols"]:
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": 4406, "reason": "Subprotocol not acceptable"})
            return
        await send({"type": "websocket.accept", "subprotocol": PROTOCOL})
        loop = asyncio.get_running_loop()
        patience = loop.call_later(self.limits.connection_init_seconds, self._begin_in_time)
        reading = asyncio.create_task(self._read(scope, receive))
        writing = asyncio.create_task(self._write(send))
        try:
            with self._streams.opened(self, self.limits):
                await asyncio.wait({reading, writing}, return_when=asyncio.FIRST_COMPLETED)
                await asyncio.wait({writing}, timeout=0 if self.outbox.ending is None else None)
        finally:
            patience.cancel()
            for task in (reading, writing):
                task.cancel()
            for operation in tuple(self.operations.values()):
                if operation.stop is not None:
                    operation.stop()
            self.operations.clear()
        for task in (reading, writing):
            with contextlib.suppress(asyncio.CancelledError, *_GONE):
                await task
