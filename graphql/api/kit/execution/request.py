"""A GraphQL request as any transport carries it, checked for its shape."""

import re
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLError

from api.kit.execution.errors import RequestError
from api.kit.execution.limits import Limits

AFTER_HEADER = "headwater-after-position"
"""The header by which a client reads its own writes, in whatever field."""
_AFTER = "afterPosition"
_POSITION = re.compile("[0-9]{1,19}")
_LAST = 2**63 - 1
_TOLD_PATH = re.compile(r"(\w{1,50})[\w.\[\]]{0,200}")
"""A place in the variables that is told again; what else clients make up is not."""


@dataclass(frozen=True)
class GraphQLRequest:
    """The document's text, the operation chosen in it and its variables as plain JSON."""

    query: str
    operation_name: str | None = None
    # JSON of any shape, as it came from the client.
    variables: Mapping[str, Any] = field(default_factory=dict)
    after: int = 0
    """The position of the log that everything it reads is to reflect."""
    unstorable: str | None = None
    """Where in the variables a text holds U+0000, which cannot be stored; empty where that is not said."""


def read_request(body: object, limits: Limits, after: str | None = None) -> GraphQLRequest:
    """The request in a decoded JSON value. Unknown members are ignored, as the protocol demands.

    ``after`` is the position in the transport's own header, which stands beside that in the request's extensions.
    Raises RequestError when a member has the wrong type or the variables are nested too deeply.
    """
    if isinstance(body, list):
        raise RequestError.of(
            "Batches are not supported: send one operation in each request.", "BATCHING_NOT_SUPPORTED"
        )
    if not isinstance(body, dict):
        raise RequestError.of("A GraphQL request is a JSON object.", "BAD_REQUEST")
    query = _member(body, "query", str, "a string")
    name = _member(body, "operationName", str, "a string")
    variables = _member(body, "variables", dict, "an object") or {}
    extensions = _member(body, "extensions", dict, "an object") or {}
    if query is None:
        if "persistedQuery" in extensions:
            # Word for word what clients compare, some the code and some the message: they send the document then.
            raise RequestError.of("PersistedQueryNotSupported", "PERSISTED_QUERY_NOT_SUPPORTED")
        raise RequestError.of('The request needs a "query".', "BAD_REQUEST")
    nul = _holds_nul(variables, limits.variable_depth)
    least = max(_position(after, AFTER_HEADER), _position(extensions.get(_AFTER), f"extensions.{_AFTER}"))
    return GraphQLRequest(query, name, variables, least, _path_of_nul(variables) if nul else None)


def _position(value: object, name: str) -> int:
    """A position as its header or extension gives it, 0 for none. Raises RequestError."""
    if value is None:
        return 0
    text = str(value)
    if isinstance(value, bool) or not _POSITION.fullmatch(text) or int(text) > _LAST:
        raise RequestError.of(f'"{name}" must be a position, such as "1024".', "BAD_REQUEST")
    return int(text)


def _member(body: Mapping[str, Any], name: str, kind: type, described: str) -> Any:
    value = body.get(name)
    if value is not None and not isinstance(value, kind):
        raise RequestError.of(f'"{name}" must be {described}.', "BAD_REQUEST")
    return value


def _holds_nul(variables: Mapping[str, object], depth: int) -> bool:
    """Whether a text of the variables holds U+0000. Raises RequestError for what is nested deeper than `depth`."""
    level, found = list[object]([variables]), False
    for _ in range(depth + 1):
        below: list[object] = []
        for value in level:
            if isinstance(value, str):
                found = found or "\0" in value
            elif isinstance(value, dict):
                below.extend(value.values())
                found = found or any("\0" in key for key in value)
            elif isinstance(value, list):
                below.extend(value)
        if not below:
            return found
        level = below
    said = f"The variables are nested too deeply: at most {depth} levels."
    raise RequestError.of(said, "LIMIT_EXCEEDED", limit=depth)


def unstorable(place: str) -> GraphQLError:
    """What is said of a text with U+0000 at a place in the variables, as of other values that do not fit."""
    found = _TOLD_PATH.fullmatch(place)
    if found is None:
        return GraphQLError("Variables must not contain the character U+0000.")
    inner = found[0].removeprefix(found[1])
    within = f" at {inner}" if inner else ""
    said = "A text must not contain the character U+0000."
    return GraphQLError(f"Variable '${found[1]}' has invalid value{within}: {said}")


def _path_of_nul(variables: Mapping[str, object]) -> str:
    """Where the first text with U+0000 is, or the object with a member of such a name; odd names are not told."""
    waiting = deque[tuple[str, object, bool]]([("", variables, True)])
    while waiting:
        path, value, plain = waiting.popleft()
        if isinstance(value, str) and "\0" in value:
            return path
        below: Iterable[tuple[str, object]] = ()
        if isinstance(value, list):
            below = ((f"{path}[{number}]", item) for number, item in enumerate(value))
        elif isinstance(value, Mapping):
            if any("\0" in key for key in value):
                return path
            below = ((f"{path}.{key}" if path else key, item) for key, item in value.items())
        for place, item in below:
            fits = plain and _TOLD_PATH.fullmatch(place) is not None
            waiting.append((place if fits else path, item, fits))
    return ""
