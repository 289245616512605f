"""``POST /v1/events``: one event, a list of them, or a stream of lines with one each."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar
from uuid import UUID
from weakref import WeakValueDictionary

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from api.kit.execution.errors import RequestError, Unauthenticated, come_back
from api.kit.http.negotiation import JSON, is_plain
from api.kit.http.problems import problem
from api.kit.schema.services import Services
from app.batches import batches
from app.gateway.cloud_bodies import is_cloud, read_cloud_body
from app.gateway.lines import BodyTooLarge, BodyTooSlow, body_of, lines_of
from domain.gateway.bodies import NotEvents, TooManyInBody, TooManyValues, read_body, read_line
from domain.gateway.cloud_events import BATCH, STRUCTURED
from domain.gateway.envelope import read_instant
from domain.gateway.outcomes import MOST_EVENTS, EventAnswer, EventIntake, EventStatus, ReceivedEvent
from domain.kit.caller import Caller
from domain.kit.ids import read_id
from domain.kit.refusals import Refusal

PATH = "/v1/events"
LINES = "application/x-ndjson"
SENT_AT = "headwater-sent-at"
"""The header that says when a request was sent, by the clock of who sends it."""
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([^\"';\s]+)", re.IGNORECASE)
_UTF_8 = ("utf-8", "utf8", "us-ascii")
_LARGEST = 5 * 1024 * 1024
"""Bytes of one request with JSON."""
_SMALL = 16 * 1024
"""Bytes that are read faster than a thread is asked."""
_MOST_LINES = 10_000
"""Events of one request with lines."""
_TOGETHER = 500
"""Lines that are stored together."""
_TOGETHER_BYTES = 1024 * 1024
"""Bytes of them: read, they may take fifty times as many."""
_LARGE = 64 * 1024
"""Bytes that are read in a turn of their company."""
_TURNS = 4
"""Of a company; what is read in one is in memory until it is stored."""
_STATUS = {
    "forbidden": 403,
    "not_found": 404,
    "source_inactive": 403,
    "source_not_named": 400,
    "tenant_is_closed": 403,
    "tenant_is_suspended": 403,
    "too_many_events": 429,
    "wrong_region": 421,
}
_AGAIN = 1
"""Seconds after which a request that could not be taken is sent again."""

T = TypeVar("T")

Authenticate = Callable[[Mapping[str, str]], Awaitable[Caller]]
Place = Callable[[Caller], Awaitable[Services]]


class _Turns:
    """Those in which large bodies are read and stored: each company has its own."""

    def __init__(self) -> None:
        self._turns = WeakValueDictionary[UUID, asyncio.Semaphore]()

    @asynccontextmanager
    async def of(self, tenant_id: UUID, size: int) -> AsyncIterator[None]:
        """Until the block ends, what has so many bytes has a turn, where it takes one."""
        if size <= _LARGE:
            yield
            return
        async with self._turns.setdefault(tenant_id, asyncio.Semaphore(_TURNS)):
            yield


class _Stop(Exception):
    """The answer to a request of which nothing is taken."""

    def __init__(self, response: Response) -> None:
        self.response = response


def event_routes(authenticate: Authenticate, place: Place) -> list[Route]:
    """The route. ``authenticate`` raises Unauthenticated; ``place`` finds the services of the caller's tenant."""
    turns = _Turns()

    async def send(request: Request) -> Response:
        try:
            return await _answered(request, authenticate, place, turns)
        except _Stop as stop:
            return stop.response
        except Unauthenticated as error:
            return problem(401, "unauthenticated", str(error), headers={"www-authenticate": "Bearer"})
        except RequestError as error:
            return problem(503, "not_ready", str(error), headers=come_back(_AGAIN, "events"))
        except Refusal as refusal:
            return refused(refusal)
        except BodyTooSlow:
            return problem(
                408, "body_too_slow", "The body did not come in time.", headers={"connection": "close"}
            )
        except BodyTooLarge as error:
            return problem(413, "body_too_large", str(error), headers={"connection": "close"})
        except ClientDisconnect:
            return Response(status_code=400)

    return [Route(PATH, send, methods=["POST"])]


async def _answered(request: Request, authenticate: Authenticate, place: Place, turns: _Turns) -> Response:
    caller = await authenticate(request.headers)
    if caller.kind == "nobody":
        raise Unauthenticated("Send the key of a source as `Authorization: Bearer …`.")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    cloud = is_cloud(kind, request.headers)
    charset = _CHARSET.search(request.headers.get("content-type", ""))
    foreign = charset is not None and charset[1].lower() not in _UTF_8
    if foreign or (kind not in (JSON, LINES) and not cloud):
        message = f"Send {JSON}, {LINES}, {STRUCTURED} or {BATCH} in UTF-8."
        raise _Stop(problem(415, "unsupported_media_type", message))
    if not is_plain(request.headers.getlist("content-encoding")):
        message = "Send the body without a Content-Encoding."
        raise _Stop(problem(415, "unsupported_media_type", message))
    source_id, sent_at = _named(request), _sent_at(request)
    intake = (await place(caller)).ports[EventIntake]
    assert isinstance(intake, EventIntake)
    # Who may not send is told before anything is read.
    await intake.admit(caller, source_id)
    if kind == LINES and not cloud:
        return await _of_lines(request, intake, caller, source_id, sent_at, turns)
    body = await body_of(request, _LARGEST)
    if cloud:
        reading = partial(read_cloud_body, kind, request.headers, body, datetime.now(UTC))
    else:
        reading = partial(read_body, body)
    async with turns.of(caller.tenant_id, len(body)):
        try:
            events, many = await _aside(reading, len(body))
        except NotEvents as error:
            raise _Stop(problem(400, "bad_request", f"The body is not JSON: {error}.")) from error
        except TooManyInBody as error:
            message = f"A request holds {MOST_EVENTS} events at most; send lines ({LINES}) for more."
            raise _Stop(problem(413, "too_many_events_at_once", message)) from error
        except TooManyValues as error:
            raise _Stop(problem(413, "body_too_large", f"The body is too large: {error}.")) from error
        answers = await intake.take(caller, source_id, events, sent_at=sent_at)
    if many:
        return json_response(summary(answers))
    rejected = answers[0].status is EventStatus.REJECTED
    return json_response(shown(answers[0]), 422 if rejected else 200)


async def _aside(reading: Callable[[], T], size: int) -> T:
    """What reading so many bytes gives: in a thread, so that others have their turn meanwhile."""
    return reading() if size <= _SMALL else await asyncio.to_thread(reading)


def _read_lines(lines: Sequence[bytes]) -> list[ReceivedEvent]:
    return [read_line(line) for line in lines]


async def _of_lines(
    request: Request,
    intake: EventIntake,
    caller: Caller,
    source_id: UUID | None,
    sent_at: datetime | None,
    turns: _Turns,
) -> Response:
    """The answers, a line each, once all lines are stored: at no time are more of them in memory than are stored
    together, and their answers."""
    said: list[bytes] = []
    async for lines in batches(lines_of(request), _TOGETHER, weight=len, most=_TOGETHER_BYTES):
        if len(said) + len(lines) > _MOST_LINES:
            message = f"A request holds {_MOST_LINES} lines at most; the first {len(said)} were taken."
            raise _Stop(problem(413, "too_many_events_at_once", message, headers={"connection": "close"}))
        while said:
            try:
                await intake.admit(caller, source_id)
                break
            except Refusal as refusal:
                wait = refusal.facts.get("retry_after")
                if not isinstance(wait, int):
                    raise
                # It is read on no faster than the source may send.
                await asyncio.sleep(wait)
        size = sum(map(len, lines))
        async with turns.of(caller.tenant_id, size):
            events = await _aside(partial(_read_lines, lines), size)
            answers = await intake.take(caller, source_id, events, sent_at=sent_at)
            # They are large where what they were read of is.
            del events
        said += [orjson.dumps(shown(answer)) for answer in answers]
    body = b"".join(line + b"\n" for line in said)
    return Response(body, 200, {"content-type": LINES, "cache-control": "no-store"})


def summary(answers: Sequence[EventAnswer]) -> dict[str, Any]:
    """The answer to several events: how many of each, and one result for each, in their order."""
    counts = {status: sum(answer.status is status for answer in answers) for status in EventStatus}
    return {
        "accepted": counts[EventStatus.ACCEPTED],
        "duplicates": counts[EventStatus.DUPLICATE],
        "rejected": counts[EventStatus.REJECTED],
        "results": [shown(answer) for answer in answers],
    }


def shown(answer: EventAnswer) -> dict[str, Any]:
    """The answer to one event."""
    found: dict[str, Any] = {"status": answer.status.value, "eventId": answer.event_id}
    if answer.status is not EventStatus.REJECTED:
        # A text, since it may exceed 53 bits.
        return found | {"position": str(answer.position)}
    violations = [
        {
            "rule": violation.rule,
            "code": violation.code.value,
            "path": [str(part) for part in violation.path],
            "message": violation.message,
        }
        for violation in answer.violations
    ]
    return found | {"violations": violations, "letterId": answer.letter_id}


def _named(request: Request) -> UUID | None:
    """The source that the query names."""
    if strange := set(request.query_params) - {"source"}:
        name = sorted(strange)[0][:100]
        raise _Stop(problem(400, "invalid", f"{name} is not known here.", field=name))
    given = request.query_params.getlist("source")
    if not given:
        return None
    try:
        (text,) = given
        return read_id(text)
    except ValueError:
        raise _Stop(problem(400, "invalid", "source must be an id, once.", field="source")) from None


def _sent_at(request: Request) -> datetime | None:
    given = request.headers.get(SENT_AT)
    if given is None:
        return None
    try:
        return read_instant(given)
    except ValueError:
        message = f"The header {SENT_AT} must be a date and time as 2030-01-31T12:00:00Z."
        raise _Stop(problem(400, "invalid", message, field=SENT_AT)) from None


def refused(refusal: Refusal) -> Response:
    """The answer to a request that is refused."""
    wait = refusal.facts.get("retry_after")
    status = _STATUS.get(refusal.code, 503)
    headers: dict[str, str] = {}
    if status in (429, 503):
        headers["retry-after"] = str(wait if isinstance(wait, int) else _AGAIN)
    return problem(status, refusal.code, refusal.message, field=refusal.field, headers=headers)


def json_response(value: object, status: int = 200) -> Response:
    """A response of JSON that nobody keeps."""
    headers = {"content-type": JSON, "cache-control": "no-store"}
    return Response(orjson.dumps(value), status, headers)
