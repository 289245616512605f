"""REST beside GraphQL: each route is a document of its own, so it asks what that asks, under the same rules.

A request becomes a GraphQL request to the endpoint beside it. Who may, what it costs, what is masked and what the
audit hears of it are therefore decided in one place.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.kit.execution.limits import LARGEST_PAGE, Limits, no_page
from api.kit.http.conditional import conditional
from api.kit.http.json_text import NotJson, decoded
from api.kit.http.negotiation import GRAPHQL_JSON, JSON, is_plain
from api.kit.http.pacing import Paced
from api.kit.http.problems import plain_error, problem, wrong
from domain.kit.ids import read_id
from domain.kit.refusals import ViolationCode

KEY = "idempotency-key"
"""The header with an id of the client's choice: the same request with it is carried out once."""

_WHOLE = re.compile("-?[0-9]{1,10}")
_REPLACED = (b"accept", b"content-length", b"content-type", b"if-none-match", b"transfer-encoding")
_STATUS = {"FORBIDDEN": 403, "INTERNAL": 500, "NOT_READY": 503, "UNAUTHENTICATED": 401, "UNAVAILABLE": 503}
"""The status of an error that GraphQL tells in an answer of 200; any other is the client's."""


@dataclass(frozen=True, kw_only=True)
class RestRoute:
    """A route: what it is called by, and the document that it sends.

    ``document`` has one root field. Its variables are the parameters of the path and the query; ``lists`` names
    those that may be repeated and ``numbers`` those that are no texts. A POST gives its body as ``input`` and its
    idempotency key as ``commandId``.
    """

    method: str
    path: str
    document: str
    parameters: frozenset[str] = frozenset()
    lists: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    status: int = field(default=200)


class _Refused(Exception):
    def __init__(
        self, status: int, code: str, message: str, violations: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        self.status, self.code, self.message, self.violations = status, code, message, violations

    @classmethod
    def of(cls, violations: Sequence[Mapping[str, Any]]) -> "_Refused":
        """For values that cannot be what they are; there is one at least."""
        return cls(400, "invalid", violations[0]["message"], violations)

    @property
    def response(self) -> Response:
        """The answer."""
        field = ".".join(self.violations[0]["path"]) if self.violations else None
        return problem(self.status, self.code, self.message, field=field, violations=self.violations)


def rest_routes(routes: Iterable[RestRoute], endpoint: ASGIApp, limits: Limits) -> list[Route]:
    """The routes, answered by the GraphQL ``endpoint``."""
    return [Route(route.path, _Endpoint(route, endpoint, limits), methods=[route.method]) for route in routes]


class _Endpoint:
    def __init__(self, route: RestRoute, endpoint: ASGIApp, limits: Limits) -> None:
        self._route, self._endpoint, self._limits = route, endpoint, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except ClientDisconnect:
            return
        except _Refused as error:
            response = error.response
        await Paced(response, self._limits.stall_seconds)(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        variables = await self._posted(request) if request.method == "POST" else self._asked(request)
        status, headers, answer = await self._sent(request, variables)
        if errors := answer.get("errors"):
            return _failed(status, headers, errors)
        ((name, shown),) = answer["data"].items()
        if shown is None:
            return problem(404, "not_found", f"There is no such {name}.")
        if shown.pop("__typename", "") == "Refused":
            found = shown.get("violations", ())
            return problem(422, shown["code"], shown["message"], field=shown["field"], violations=found)
        extensions = answer.get("extensions", {})
        if "stale" not in extensions:
            # There is nothing here that could go on from a position.
            extensions.pop("position", None)
        found = shown | extensions
        response = JSONResponse(found, self._route.status, {"cache-control": "no-store"})
        if (etag := headers.get("etag")) is None:
            return response
        given = request.headers.getlist("if-none-match")
        return conditional(response, etag, headers["cache-control"], given)

    def _asked(self, request: Request) -> dict[str, Any]:
        route = self._route
        variables: dict[str, Any] = dict(request.path_params)
        faults: list[dict[str, Any]] = []
        for name in request.query_params:
            given = request.query_params.getlist(name)
            if name not in route.parameters:
                faults.append(wrong(name, f"{name} is not known here.", ViolationCode.UNSUITABLE))
            elif name not in route.lists and len(given) > 1:
                faults.append(wrong(name, f"{name} must be given once.", ViolationCode.TOO_MANY, maximum=1))
            elif name in route.numbers and not _WHOLE.fullmatch(given[0]):
                faults.append(wrong(name, f"{name} must be a whole number.", ViolationCode.FORMAT))
            elif name in ("first", "last") and not 0 <= int(given[0]) <= LARGEST_PAGE:
                said, most = no_page(name, int(given[0])), LARGEST_PAGE
                faults.append(wrong(name, said, ViolationCode.OUT_OF_RANGE, minimum=0, maximum=most))
            elif name in route.numbers:
                variables[name] = int(given[0])
            else:
                variables[name] = given if name in route.lists else given[0]
        if faults:
            raise _Refused.of(faults)
        return variables

    async def _posted(self, request: Request) -> dict[str, Any]:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
            # A page of another origin cannot send this content type without asking first.
            raise _Refused(415, "unsupported_media_type", f"Send {JSON} in UTF-8.")
        if not is_plain(request.headers.getlist("content-encoding")):
            raise _Refused(415, "unsupported_media_type", "Send the body without a Content-Encoding.")
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > self._limits.body_bytes:
                raise _Refused(
                    413, "body_too_large", f"The body has more than {self._limits.body_bytes} bytes."
                )
        try:
            given = decoded(bytes(body))
            key = request.headers.get(KEY)
            command_id = None if key is None else str(read_id(key))
        except NotJson as error:
            raise _Refused(400, "bad_request", f"The body is not JSON: {error}") from error
        except ValueError as error:
            said = f"The header {KEY} must be a UUID."
            raise _Refused.of([wrong(KEY, said, ViolationCode.FORMAT)]) from error
        if not isinstance(given, dict):
            raise _Refused(400, "bad_request", "Send a JSON object.")
        return {**request.path_params, "input": given, "commandId": command_id}

    async def _sent(
        self, request: Request, variables: Mapping[str, Any]
    ) -> tuple[int, Mapping[str, str], dict[str, Any]]:
        """Status, headers and answer of the GraphQL endpoint."""
        sent = {"query": self._route.document, "variables": variables}
        method, query, body = "POST", b"", b""
        if request.method == "POST":
            body = orjson.dumps(sent)
        else:
            # HEAD as well: its answer has the headers of GET's.
            method, query = "GET", urlencode(sent | {"variables": orjson.dumps(variables)}).encode()
        kept = [(name, value) for name, value in request.scope["headers"] if name not in _REPLACED]
        added = [
            (b"accept", GRAPHQL_JSON.encode()),
            (b"content-type", JSON.encode()),
            (b"content-length", str(len(body)).encode()),
        ]
        scope = {**request.scope, "method": method, "query_string": query, "headers": [*kept, *added]}
        given = iter([{"type": "http.request", "body": body, "more_body": False}])
        messages: list[Message] = []

        async def receive() -> Message:
            return next(given, None) or await request.receive()

        async def send(message: Message) -> None:
            messages.append(message)

        await self._endpoint(scope, receive, send)
        if not messages:
            raise ClientDisconnect
        start, *parts = messages
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in start["headers"]}
        return start["status"], headers, orjson.loads(b"".join(part.get("body", b"") for part in parts))


def _failed(status: int, headers: Mapping[str, str], errors: Sequence[Mapping[str, Any]]) -> Response:
    if status < 400:
        status = _STATUS.get(errors[0]["extensions"]["code"], 400)
    kept = {
        name: headers[name] for name in ("www-authenticate", "retry-after", "ratelimit") if name in headers
    }
    found = plain_error(errors)
    return problem(
        status, found.code, found.message, field=found.field, headers=kept, violations=found.violations
    )
