"""Logs: a JSON object a line, with the correlation id of its request, and without anybody's data or secrets."""

import json
import logging
import re
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime

import orjson
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.telemetry.redaction import cut, redacted, redacted_value
from domain.kit.clock import TimeOrderedIds
from projections.kit.read.unavailable import is_away

HEADER = "x-correlation-id"
correlation: ContextVar[str | None] = ContextVar("correlation", default=None)
"""The id under which everything that one request causes is logged and stored."""

_ids = TimeOrderedIds()
_ACCEPTED = re.compile(r"[A-Za-z0-9._:-]{1,100}")
_NOISY = ("opensearch", "opensearchpy.trace", "httpx", "httpcore", "uvicorn.error")
"""They tell of every request, those that go well included: uvicorn of each handshake, with its whole query."""

_RETRYING = frozenset({"asyncpg.pool"})
"""Whose tracebacks lie in no line of the program either: what they could not do they try again by themselves."""

LONGEST = 8192
"""How many characters of a text are written: clients choose what stands in many of them."""
_FIRST, _LAST = 40, 60
"""How many parts of a traceback are written, from its beginning and its end; a part is a frame or a message."""

_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
"""What every record has; anything else was given as ``extra``."""


class JsonLines(logging.Formatter):
    """One JSON object for each record; a traceback is part of it, not of the lines that follow.

    Nothing is written before it is redacted: message, arguments, tracebacks (which quote the values that
    raised), stacks, and the members given as ``extra``.
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redacted(cut(record.getMessage(), LONGEST)),
        }
        if (id := correlation.get()) is not None:
            line["correlation_id"] = id
        for name in vars(record).keys() - _OWN:
            line.setdefault(name, redacted_value(getattr(record, name), name, longest=LONGEST))
        if record.exc_info:
            line["error"] = _error(record.exc_info[1], bare=record.name in _RETRYING)
        if record.stack_info:
            line["stack"] = redacted(cut(self.formatStack(record.stack_info), LONGEST))
        try:
            return orjson.dumps(line, default=str).decode()
        except orjson.JSONEncodeError:
            # Half of a surrogate pair, or a number beyond 64 bits. A line that cannot be formatted would be
            # written by the library, as it is.
            return json.dumps(line, default=str)


def _error(error: BaseException | None, *, bare: bool) -> str:
    """The traceback, each of its parts cut: the last line says what happened, however long one before it is.

    Of a server that is away it is that line alone: the fault hits everything, and lies in no line of the program.
    So it is where the error is to be ``bare``.
    """
    bare = bare or (error is not None and is_away(error))
    parts = traceback.format_exception_only(error) if bare else traceback.format_exception(error)
    if left := max(0, len(parts) - _FIRST - _LAST):
        parts[_FIRST : _FIRST + left] = [f"  [{left} more lines]\n"]
    return "".join(redacted(cut(part, LONGEST)) for part in parts).rstrip("\n")


def configure_logs(level: str) -> None:
    """Send all records of this process to stderr as JSON lines; ``level`` as in the settings."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
    # What cannot be formatted is dropped: the library would print it with its arguments.
    logging.raiseExceptions = False


class Correlated:
    """Gives every request a correlation id, the caller's own when it sends one, and answers with it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        sent = Headers(scope=scope).get(HEADER, "")
        id = sent if _ACCEPTED.fullmatch(sent) else str(_ids.new())
        token = correlation.set(id)

        async def answer(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.accept"):
                message.setdefault("headers", [])
                MutableHeaders(scope=message)[HEADER] = id
            await send(message)

        try:
            await self._app(scope, receive, answer)
        finally:
            correlation.reset(token)
