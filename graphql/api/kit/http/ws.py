"""The graphql-transport-ws protocol: many operations over one WebSocket.

Written out rather than made from Strawberry's handler: that one raises on messages of a wrong shape (an
array, a null payload), encodes each message for each client, and does not bound what waits for a slow one.
"""

import asyncio
import contextlib
import hmac
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Generic, TypeGuard, TypeVar, cast

import orjson
from starlette.types import Receive, Scope, Send

from api.kit.execution.engine import Engine
from api.kit.execution.error_codes import ErrorCode
from api.kit.execution.errors import FormattedError, RequestError, Unauthenticated, internal_error
from api.kit.execution.limits import Limits
from api.kit.execution.request import read_request
from api.kit.http.fanout import Fanout
from api.kit.http.json_text import NotJson, decoded, first_members
from api.kit.http.pacing import leave
from api.kit.http.rate_limit import RateLimits
from api.kit.http.reauthentication import Rechecks, forbidden
from api.kit.http.streams import CloseReason, Outbox, Streams
from projections.kit.read.unavailable import is_away

I = TypeVar("I")  # noqa: E741

EXPECTED = "headwater.csrf_token"
"""In the scope of a connection: what the client must show along, for its cookie stands for a token."""
PROTOCOL = "graphql-transport-ws"
_AWAY = 1013, "Something that this needs is away for the moment; connect again"
# Every message of an operation repeats its id.
_LONGEST_ID = 256
_HALVES = re.compile("[\ud800-\udfff]")
_HEAD = 4_096
"""Where in a message that is too long its id is looked for, in characters."""


class _Operation:
    """One operation of a connection, known to the client by its id."""

    def __init__(self, socket: "GraphQLSocket[Any]", id: str) -> None:
        self._socket = socket
        self._id = id
        self._json_id = orjson.dumps(id).decode()
        self.leave: Callable[[], object] = _nothing

    def stop(self) -> None:
        """End it, and let go of what would lead back here, with all that the client sent."""
        leave, self.leave = self.leave, _nothing
        leave()

    def next(self, answer: str, cursor: str | None) -> None:
        self._socket.outbox.put('{"id":', self._json_id, ',"type":"next","payload":', answer, "}")

    def refuse(self, errors: list[FormattedError]) -> None:
        self.leave = _nothing
        if self._socket.operations.pop(self._id, None) is self:
            payload = orjson.dumps(errors).decode()
            self._socket.outbox.put('{"id":', self._json_id, ',"type":"error","payload":', payload, "}")

    def complete(self) -> None:
        self.leave = _nothing
        if self._socket.operations.pop(self._id, None) is self:
            self._socket.outbox.put('{"id":', self._json_id, ',"type":"complete"}')

    async def ready(self) -> None:
        await self._socket.outbox.room(self._socket.limits.slow_client_seconds)


class GraphQLSocket(Generic[I]):
    """One WebSocket connection from handshake to close."""

    def __init__(
        self,
        engine: Engine[I],
        fanout: Fanout[I],
        streams: Streams,
        limits: Limits,
        authenticate: Callable[[Mapping[str, str]], Awaitable[I]],
        lifetime: Callable[[I], float | None],
        rechecks: Rechecks[I],
        rates: RateLimits,
    ) -> None:
        self.limits = limits
        self.outbox = Outbox(limits.queued_messages, limits.answer_bytes)
        self.operations: dict[str, _Operation] = {}
        self._engine = engine
        self._fanout = fanout
        self._streams = streams
        self._authenticate = authenticate
        self._lifetime = lifetime
        self._rechecks = rechecks
        self._rates = rates
        self._rate_limit = rates.of(None)
        self._unwatch: Callable[[], None] = lambda: None
        self._identity: I | None = None
        self._asked_to_begin = False
        self._acknowledged = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the connection until either side ends it."""
        await receive()
        client = scope.get("client")
        self._rate_limit = self._rates.of_stranger(client[0] if client else None)
        if PROTOCOL not in scope["subprotocols"]:
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": 4406, "reason": f"Speak {PROTOCOL}"})
            return
        await send({"type": "websocket.accept", "subprotocol": PROTOCOL})
        patience = asyncio.get_running_loop().call_later(
            self.limits.connection_init_seconds, self._end, 4408, "Connection initialisation timeout", False
        )
        try:
            reading, writing = self._read(scope, receive), self._write(send)
            if await self._streams.serve(self, self.limits, reading, writing):
                leave(scope)
        finally:
            patience.cancel()
            self._unwatch()
            for operation in tuple(self.operations.values()):
                operation.stop()
            self.operations.clear()

    def ping(self) -> None:
        """Send the protocol's ping."""
        self.outbox.ping('{"type":"ping"}')

    def _end(self, code: int, reason: str, begun: bool = True) -> None:
        if begun or not self._asked_to_begin:
            # A close frame has room for 123 bytes.
            self.outbox.end(CloseReason(code, reason.encode()[:123].decode(errors="ignore")))

    async def _write(self, send: Send) -> None:
        # uvicorn raises a RuntimeError when it has just closed by itself, for instance on invalid UTF-8.
        with contextlib.suppress(RuntimeError):
            while (message := await self.outbox.take()) is not None:
                async with asyncio.timeout(self.limits.stall_seconds):
                    await send({"type": "websocket.send", "text": message})
            ending = self.outbox.ending
            assert ending is not None
            await send({"type": "websocket.close", "code": ending.code, "reason": ending.reason})

    async def _read(self, scope: Scope, receive: Receive) -> None:
        while (event := await receive())["type"] != "websocket.disconnect":
            if self.outbox.ending is not None:
                await self._rate_limit.step()
                continue
            text = event.get("text")
            if text is None:
                self._end(4400, "Messages must be text")
            elif len(text) > self.limits.body_bytes:
                reason = f"Messages must have at most {self.limits.body_bytes} bytes"
                self._refuse(text[:_HEAD], reason, "BODY_TOO_LARGE", 1009)
            else:
                await self._receive(scope, text)
            await self._rate_limit.step()

    async def _receive(self, scope: Scope, text: str) -> None:
        try:
            message = decoded(text)
        except NotJson as error:
            self._refuse(text, f"Messages must be JSON: {error}", "BAD_JSON", 4400)
            return
        if not isinstance(message, dict):
            message = {}
        kind = message.get("type")
        if kind == "connection_init":
            await self._begin(scope, message.get("payload"))
        elif kind == "ping":
            self.outbox.put('{"type":"pong"}')
        elif kind == "subscribe":
            payload = message.get("payload")
            self._subscribe(message.get("id"), lambda entry: self._start(entry, payload))
        elif kind == "complete":
            self._stop(message.get("id"))
        elif kind != "pong":
            self._end(4400, "Unknown message type")

    def _refuse(self, text: str, reason: str, error: ErrorCode, code: int) -> None:
        """Answer a message that cannot be read: to the operation that it would start, for the others of the
        connection have no part in it, and by closing only where none is named."""
        message = first_members(text)
        id = message.get("id")
        if self._acknowledged and _is_id(id) and message.get("type", "subscribe") == "subscribe":
            self._subscribe(id, lambda entry: entry.refuse(RequestError.of(reason, error).errors))
        else:
            self._end(code, reason)

    async def _begin(self, scope: Scope, payload: object) -> None:
        if self._asked_to_begin:
            self._end(4429, "Too many initialisation requests")
            return
        self._asked_to_begin = True
        if payload is not None and not isinstance(payload, dict):
            self._end(4400, "The payload of connection_init must be an object")
            return
        if (wrong := _misgiven(payload or {})) is not None:
            self._end(4400, f"The payload of connection_init must say {wrong} once, as a string")
            return
        try:
            credentials = _credentials(scope, payload or {})
            self._identity = await self._authenticate(credentials)
            self.outbox.expire(self._lifetime(self._identity))
        except Unauthenticated as error:
            self.outbox.end(forbidden(error))
        except Exception as error:  # noqa: BLE001 The edge of the program: logged here, told to the client.
            if is_away(error):
                self._end(*_AWAY)
            else:
                self._end(4500, f"Internal error {internal_error(error)['extensions']['errorId']}")
        else:
            self._acknowledged = True
            if (share := self._engine.share(self._identity)) is not None:
                self._rate_limit = self._rates.of(share)
            self._unwatch = self._rechecks.watch(credentials, self._identity, self.outbox)
            self.outbox.put('{"type":"connection_ack"}')

    def _stop(self, id: object) -> None:
        operation = self.operations.pop(id, None) if isinstance(id, str) else None
        if operation is not None:
            operation.stop()

    def _subscribe(self, id: object, start: Callable[["_Operation"], None]) -> None:
        if not self._acknowledged:
            self._end(4401, "Unauthorized")
        elif not _is_id(id):
            self._end(4400, f"An operation's id must be a string of 1 to {_LONGEST_ID} characters")
        elif id in self.operations:
            self._end(4409, f"Subscriber for {id} already exists")
        else:
            entry = _Operation(self, id)
            self.operations[id] = entry
            try:
                start(entry)
            except RequestError as error:
                entry.refuse(error.errors)

    def _start(self, entry: _Operation, payload: object) -> None:
        most = self.limits.operations_per_connection
        if len(self.operations) > most:
            raise RequestError.of(f"At most {most} operations at a time.", "LIMIT_EXCEEDED", limit=most)
        request = read_request(payload, self.limits)
        identity = cast("I", self._identity)
        operation = self._engine.operation(request, identity)
        entry.leave = self._fanout.join(operation, request, identity, entry)


def _nothing() -> None:
    pass


def _is_id(id: object) -> TypeGuard[str]:
    """Whether it can name an operation in every message about it; half a surrogate pair cannot be sent."""
    return isinstance(id, str) and 0 < len(id) <= _LONGEST_ID and not _HALVES.search(id)


_TELL_WHO = ("authorization", "token")
_SAYS_WHO = (*_TELL_WHO, "x-api-key")


def _misgiven(params: Mapping[str, object]) -> str | None:
    """What should tell who connects, and tells nothing or two things: nobody is then taken for somebody else."""
    for name in _TELL_WHO:
        given = [value for key, value in params.items() if key.lower() == name]
        if len(given) > 1 or any(not isinstance(value, str) for value in given):
            return name
    return None


def _credentials(scope: Scope, params: Mapping[str, object]) -> dict[str, str]:
    """What authenticates the connection, named like HTTP headers.

    Browsers cannot set headers on a WebSocket, so it comes from connection_init. Of the handshake only
    `Authorization` counts, and a cookie that stands for it, together with `csrfToken` (ADR 59): a page of another
    origin could make a browser send any other.
    """
    # That it has an origin says that a browser asks, whose cookie may not count.
    taken = (b"authorization", b"origin")
    found = {k.decode(): v.decode("latin-1") for k, v in scope["headers"] if k in taken}
    said = {key.lower(): value for key, value in params.items() if isinstance(value, str)}
    # Who the client says goes before what its browser adds.
    expected = scope.get(EXPECTED)
    if any(name in said for name in _SAYS_WHO):
        found = said
    elif expected is None or hmac.compare_digest(expected.encode(), said.get("csrftoken", "").encode()):
        found |= said
    else:
        raise Unauthenticated("The session's cookie counts only together with its csrfToken in the payload.")
    if "token" in found:
        found.setdefault("authorization", f"Bearer {found['token']}")
    return found
