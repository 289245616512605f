"""GraphQL over HTTP: one ASGI application for POST, GET, server-sent events and WebSockets.

Why it is safe from cross-site requests: who asks is told by a bearer token in `Authorization`, which a browser
does not add by itself; a cookie stands for it only where no other page can have sent it (ADR 59). A page of
another origin cannot read an answer either, unless a setting names its origin. On top of that nothing can be
changed by a request that a browser sends without asking first (a "simple" request): POST takes JSON content
types only, which need a preflight, and GET runs queries and subscriptions, never mutations. So GET needs no
extra header, and plain clients of the protocol can use it.
"""

import contextlib
from collections.abc import Awaitable, Callable, Hashable, Mapping
from functools import partial
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl

import strawberry
from graphql import OperationType
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.kit.execution.access import Permit
from api.kit.execution.engine import Context, Engine
from api.kit.execution.errors import RequestError, Unauthenticated, encode_errors, failure
from api.kit.execution.limits import Limits
from api.kit.execution.request import AFTER_HEADER, GraphQLRequest, read_request
from api.kit.http.conditional import KEPT, conditional, tag
from api.kit.http.fanout import Fanout
from api.kit.http.json_text import NotJson, decoded
from api.kit.http.negotiation import EVENT_STREAM, GRAPHQL_JSON, JSON, acceptable, is_plain
from api.kit.http.pacing import Paced
from api.kit.http.quota import Quota
from api.kit.http.rate_limit import RateLimits
from api.kit.http.reauthentication import Rechecks
from api.kit.http.sse import EventStream
from api.kit.http.streams import Streams
from api.kit.http.ws import GraphQLSocket

I = TypeVar("I")  # noqa: E741

# Headers that would mean different things to us and to a proxy in front of us if they came twice.
_RESUME_HEADER = "last-event-id"
_ONLY_ONCE = ("authorization", "content-type", "content-length", AFTER_HEADER, _RESUME_HEADER)
# A client that is answered while it still sends may see a reset connection instead of the answer. So what
# is too large is read and dropped, up to this many times the limit.
_READ_TO_THE_END = 50


class GraphQLEndpoint(Generic[I]):
    """Serves a schema to identities that `authenticate` makes of HTTP headers (lower-case names).

    For a WebSocket the members of connection_init's payload stand in for the headers. `authenticate` raises
    `Unauthenticated`; `permits` says whether an identity may ask for what needs a permission. `scope` groups
    identities that see the same, for subscriptions (see `Fanout`), and `lifetime` says for how many seconds a
    stream of an identity may stay open; None is for ever. An open stream is asked again who it is every
    `limits.recheck_seconds`, and is cut off when it is nobody, or one of another scope, by then; `changes` is
    another value once something has changed about an identity (see `Rechecks`). `shares` says whose turn its
    operations take (see `Engine`). `network` says of an address what counts as one caller, before it is known who
    it is.
    """

    def __init__(
        self,
        schema: strawberry.Schema,
        authenticate: Callable[[Mapping[str, str]], Awaitable[I]],
        make_context: Callable[[I], Context[I] | Awaitable[Context[I]]],
        *,
        scope: Callable[[I], Hashable] = lambda identity: None,
        lifetime: Callable[[I], float | None] = lambda identity: None,
        changes: Callable[[I], Hashable] = lambda identity: None,
        limits: Limits | None = None,
        streams: Streams | None = None,
        permits: Callable[[I, str | None], Permit] = lambda identity, need: Permit.GRANTED,
        shares: Callable[[I], tuple[Hashable, Hashable] | None] = lambda identity: ("", ""),
        network: Callable[[str | None], Hashable] = lambda host: host,
    ) -> None:
        self._limits = limits or Limits()
        self._authenticate = authenticate
        self._lifetime = lifetime
        self._engine = Engine(schema, make_context, self._limits, permits, shares)
        of_tenant, each_bytes = self._limits.subscriptions_tenant, self._limits.caller_bytes
        quota = Quota(self._limits.subscriptions_each, of_tenant, each_bytes)
        self._fanout = Fanout(self._engine, scope, quota)
        self._streams = Streams() if streams is None else streams
        self.rates = RateLimits(self._limits.messages_per_second, self._limits.messages_at_once, network)
        self._rechecks = Rechecks(authenticate, scope, self._limits.recheck_seconds, changes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request or serve one WebSocket."""
        if scope["type"] == "websocket":
            socket = GraphQLSocket(
                self._engine,
                self._fanout,
                self._streams,
                self._limits,
                self._authenticate,
                self._lifetime,
                self._rechecks,
                self.rates,
            )
            await socket(scope, receive, send)
            return
        http = HttpRequest(scope, receive)
        accepted = acceptable(", ".join(http.headers.getlist("accept")) or None)
        media = next((media for media in accepted if media != EVENT_STREAM), JSON)
        try:
            response = await self._respond(http, accepted, media, receive, send)
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001 The edge of the program: logged here, told to the client.
            refused = failure(error)
            status = 200 if refused.well_formed and media == JSON else refused.status
            response = _response(encode_errors(refused.errors), media, status, refused.headers)
        if response is not None:
            await response(scope, receive, send)

    async def _respond(
        self, http: HttpRequest, accepted: list[str], media: str, receive: Receive, send: Send
    ) -> Response | None:
        if http.method not in ("GET", "POST"):
            raise RequestError.of("Use GET or POST.", "METHOD_NOT_ALLOWED", 405, {"allow": "GET, POST"})
        if not accepted:
            raise RequestError.of(f"Accept {GRAPHQL_JSON}, {JSON} or {EVENT_STREAM}.", "NOT_ACCEPTABLE", 406)
        for name in _ONLY_ONCE:
            if len(http.headers.getlist(name)) > 1:
                raise RequestError.of(f"The header {name} must be given once.", "BAD_REQUEST")
        credentials, identity, request = await self._asked(http)
        try:
            operation = self._engine.operation(request, identity)
            if operation.kind is OperationType.MUTATION and http.method == "GET":
                raise RequestError.of("Mutations need POST.", "METHOD_NOT_ALLOWED", 405, {"allow": "POST"})
            live = operation.kind is OperationType.SUBSCRIPTION
            if last := http.headers.get(_RESUME_HEADER):
                operation = self._engine.resumed(operation, last)
            if live and EVENT_STREAM not in accepted:
                raise RequestError.of(
                    f"A subscription needs Accept: {EVENT_STREAM}, or a WebSocket.", "NOT_ACCEPTABLE", 406
                )
        except RequestError as error:
            # In a stream a refused document is told by its events; the HTTP request was in order.
            if not error.well_formed or accepted[0] != EVENT_STREAM:
                raise
            errors = error.errors
            refused = partial(_refused, errors=errors)
            await self._stream(credentials, identity, refused, http.scope, receive, send)
            return None
        if live or accepted[0] == EVENT_STREAM:
            await self._stream(
                credentials,
                identity,
                lambda stream: self._fanout.join(operation, request, identity, stream),
                http.scope,
                receive,
                send,
            )
            return None
        async with self._engine.answering(operation, request, identity) as answer:
            response = _response(answer.body, media)
            if http.method == "GET" and answer.sound:
                caching = KEPT if answer.keepable else response.headers["cache-control"]
                given = http.headers.getlist("if-none-match")
                response = conditional(response, tag(answer.body), caching, given)
            paced = Paced(response, self._limits.stall_seconds)
            await paced(http.scope, receive, send)
        return None

    async def _stream(
        self,
        credentials: Mapping[str, str],
        identity: I,
        start: Callable[[EventStream], Callable[[], object]],
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        stream = EventStream(self._limits, self._lifetime(identity))
        unwatch = self._rechecks.watch(credentials, identity, stream.outbox)
        try:
            await stream.serve(start, self._streams, scope, receive, send)
        finally:
            unwatch()

    async def _asked(self, http: HttpRequest) -> tuple[Mapping[str, str], I, GraphQLRequest]:
        """What somebody shows, who they are by it, and what they ask for."""
        try:
            identity = await self._identify(http.headers)
        except RequestError as refused:
            # Clients send the token that they have until they have another one: also with what gives them that.
            with contextlib.suppress(RequestError, Unauthenticated):
                nobody = await self._authenticate({})
                request = await self._request(http)
                if self._engine.operation(request, nobody).is_anyones:
                    return {}, nobody, request
            raise refused
        # Where a client goes on says nothing of who it is, and those who are the same are asked about together.
        credentials = {name: value for name, value in http.headers.items() if name != _RESUME_HEADER}
        return credentials, identity, await self._request(http)

    async def _request(self, http: HttpRequest) -> GraphQLRequest:
        return read_request(await self._body(http), self._limits, http.headers.get(AFTER_HEADER))

    async def _identify(self, headers: Headers) -> I:
        try:
            return await self._authenticate(dict(headers))
        except Unauthenticated as error:
            challenge = 'Bearer error="invalid_token"' if "authorization" in headers else "Bearer"
            raise RequestError.of(
                str(error), "UNAUTHENTICATED", 401, {"www-authenticate": challenge}
            ) from error

    async def _body(self, http: HttpRequest) -> object:
        if http.method == "GET":
            return _parameters(http.scope["query_string"])
        _check_content_type(http.headers.get("content-type", ""))
        if not is_plain(http.headers.getlist("content-encoding")):
            raise RequestError.of(
                "Send the body without a Content-Encoding.",
                "UNSUPPORTED_MEDIA_TYPE",
                415,
                {"accept-encoding": "identity"},
            )
        encoded, size, limit = bytearray(), 0, self._limits.body_bytes
        async for chunk in http.stream():
            # Counted as it comes: Content-Length may be missing.
            size += len(chunk)
            if size <= limit:
                encoded += chunk
            elif size > limit * _READ_TO_THE_END:
                break
        if size > limit:
            message = f"The body has more than {limit} bytes."
            raise RequestError.of(message, "BODY_TOO_LARGE", 413, {"connection": "close"})
        return _json(bytes(encoded), "The body")


def _refused(stream: EventStream, errors: list[dict[str, Any]]) -> Callable[[], object]:
    stream.refuse(errors)
    return lambda: None


def _response(
    body: bytes, media: str, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    return Response(
        body,
        status,
        {
            "content-type": f"{media}; charset=utf-8",
            "cache-control": "no-store",
            "vary": "accept",
            "x-content-type-options": "nosniff",
            **(headers or {}),
        },
    )


def _check_content_type(content_type: str) -> None:
    name, *parameters = (piece.strip().lower() for piece in content_type.split(";"))
    charsets = [p.partition("=")[2].strip('"') for p in parameters if p.startswith("charset=")]
    if name != JSON or any(charset not in ("utf-8", "utf8") for charset in charsets):
        raise RequestError.of(f"Send {JSON} in UTF-8.", "UNSUPPORTED_MEDIA_TYPE", 415, {"accept-post": JSON})


def _parameters(query_string: bytes) -> dict[str, object]:
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=100
        )
    except ValueError as error:
        raise RequestError.of("The query string is not UTF-8 in URL encoding.", "BAD_REQUEST") from error
    parameters: dict[str, object] = {}
    for name, value in pairs:
        if name in parameters:
            raise RequestError.of(f'The parameter "{name}" must be given once.', "BAD_REQUEST")
        parameters[name] = (
            _json(value, f'"{name}"') if name in ("variables", "extensions") and value else value
        )
    return {name: value for name, value in parameters.items() if value != ""}


def _json(text: str | bytes, what: str) -> object:
    try:
        return decoded(text)
    except NotJson as error:
        raise RequestError.of(f"{what} is not JSON: {error}", "BAD_JSON") from error
