"""``POST /v1/files`` takes a file in, ``GET /v1/files/{id}`` hands it out to whoever has a signed link."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import BinaryIO
from urllib.parse import quote
from uuid import UUID

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from api.kit.execution.errors import RequestError, Unauthenticated, come_back
from api.kit.http.negotiation import is_plain
from api.kit.http.problems import problem
from api.kit.schema.access_log import AccessNotRecorded, AccessRecord
from api.kit.schema.services import Services
from app.files.links import PATH, LinkedFile, SignedLinks
from app.files.quotas import FilesFull, store_within
from app.gateway.lines import BodyTooSlow
from app.gateway.routes import Authenticate, Place, json_response
from app.telemetry.logs import correlation
from domain.gateway.sources import INGEST
from domain.kit.caller import SYSTEM, Caller
from domain.kit.ids import read_id
from domain.kit.process.files import KEPT, FileDamaged, FileStore, FilesUnavailable, FileTooLarge

_PIECE = 256 * 1024
_SECONDS = 30.0
"""For each piece of a file."""
_LEAST_RATE = 16 * 1024
"""Bytes a second, on average after the first piece: a tenant has but few places."""
_TOGETHER = 4
"""Files of a tenant that come in at once, in one process."""
_LATER = 5
"""Seconds after which what cannot be done now may be."""
# A line in one direction: what is turned around shows another ending than it has.
_NAME = re.compile(r"[^\x00-\x1f\x7f\x85\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069/\\\ud800-\udfff]{1,200}")
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
_MEDIA = {
    "csv": "text/csv",
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
    "tsv": "text/tab-separated-values",
}
"""Of the files that are written or sent, by their endings."""
_SAFE = {
    "cache-control": "private, no-store",
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
    "referrer-policy": "no-referrer",
    "accept-ranges": "bytes",
}


def file_routes(
    authenticate: Authenticate, place: Place, links: SignedLinks, *, most: int, in_all: int
) -> list[Route]:
    """The routes. ``most``: bytes of a file, ``in_all``: of all files of a tenant."""
    bounds = _Bounds(most, in_all)

    async def send(request: Request) -> Response:
        try:
            return await _stored(request, authenticate, place, bounds)
        except Unauthenticated as error:
            return problem(401, "unauthenticated", str(error), headers={"www-authenticate": "Bearer"})
        except RequestError as error:
            return problem(503, "not_ready", str(error), headers=come_back(1, "files"))
        except FilesUnavailable:
            return problem(
                503, "not_ready", "Files cannot be stored now.", headers=come_back(_LATER, "files")
            )
        except BodyTooSlow:
            return problem(408, "body_too_slow", "The file did not come in time.", headers=_CLOSE)
        except FileTooLarge:
            return problem(413, "body_too_large", f"The file has more than {most} bytes.", headers=_CLOSE)
        except _FileEmpty:
            return problem(400, "invalid", "The file is empty.")
        except ClientDisconnect:
            return Response(status_code=400)

    async def fetch(request: Request) -> Response:
        try:
            linked = links.read(read_id(request.path_params["id"]), request.query_params)
        except ValueError:
            linked = None
        if linked is None:
            return _no(404, "not_found", "There is no such file, or the link is not good any more.")
        try:
            # The link says whose file it is.
            holder = Caller(tenant_id=linked.tenant_id, user_id=SYSTEM, kind="service")
            services = await place(holder)
            # Nothing is handed out that cannot be recorded.
            await services.access_log.ready()
            file = await _files(services).open(linked.tenant_id, linked.id)
        except RequestError as error:
            return _no(503, "not_ready", str(error))
        except AccessNotRecorded as error:
            return _no(503, "not_ready", str(error), come_back(_LATER, "files"))
        except FilesUnavailable:
            return _no(503, "not_ready", "Files cannot be read now.", come_back(_LATER, "files"))
        except FileDamaged:
            return _no(410, "gone", "The file does not open any more.")
        if file is None:
            return _no(404, "not_found", "There is no such file, or the link is not good any more.")
        size = file.stored.size
        span = _span(request.headers.get("range"), size)
        if span is None:
            headers = {"content-range": f"bytes */{size}"}
            return _no(416, "range_not_satisfiable", "The file has no such bytes.", headers)
        start, end, partial = span
        services.access_log.note(_access(linked))
        name = linked.note.name or file.stored.name
        headers = {
            **_SAFE,
            "content-length": str(end - start),
            "content-type": _MEDIA.get(name.rpartition(".")[2].lower(), "application/octet-stream"),
            "content-disposition": _called(name),
            "etag": f'"{linked.id}"',
        }
        if partial:
            headers["content-range"] = f"bytes {start}-{end - 1}/{size}"
        pieces = _pieces(file.reader(), start, end)
        return StreamingResponse(pieces, 206 if partial else 200, headers)

    return [Route(PATH, send, methods=["POST"]), Route(f"{PATH}/{{id}}", fetch, methods=["GET"])]


def _access(linked: LinkedFile) -> AccessRecord:
    """That a file was fetched, by whoever asked for its link or had it of them."""
    note = linked.note
    return AccessRecord(
        tenant_id=linked.tenant_id,
        user_id=note.asked_by,
        session_id=None,
        kind=note.kind,
        operation=f"GET {PATH}/{{id}}: {note.what}",
        root_fields=("file",),
        fields=(note.field,),
        revealed=(note.field,) if note.confidential else (),
        at=datetime.now(UTC),
        correlation_id=correlation.get(),
    )


def _called(name: str) -> str:
    """The name for whoever keeps the file: for old clients in ASCII, and as it is."""
    plain = re.sub(r"[^ !#-\[\]-~]", "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


_CLOSE = {"connection": "close"}


class _FileEmpty(Exception):
    """There is no byte of it."""


class _Bounds:
    """What a tenant may send, and how many files are under way."""

    def __init__(self, most: int, in_all: int) -> None:
        self.most, self.in_all = most, in_all
        self.under_way: Counter[UUID] = Counter()


async def _stored(request: Request, authenticate: Authenticate, place: Place, bounds: _Bounds) -> Response:
    caller = await authenticate(request.headers)
    if caller.kind == "nobody":
        raise Unauthenticated("Sign in, or send a key as `Authorization: Bearer …`.")
    if not caller.may(INGEST):
        return problem(403, "forbidden", f"The permission {INGEST} is needed.")
    if not is_plain(request.headers.getlist("content-encoding")):
        return problem(415, "unsupported_media_type", "Send the file without a Content-Encoding.")
    if strange := set(request.query_params) - {"name"}:
        name = sorted(strange)[0][:100]
        return problem(400, "invalid", f"{name} is not known here.", field=name)
    name = request.query_params.get("name", "file")
    if not _NAME.fullmatch(name):
        return problem(
            400,
            "invalid",
            "name must be the name of a file in one line, without folders or marks of direction.",
            field="name",
        )
    with suppress(ValueError):
        if int(request.headers.get("content-length", "0")) > bounds.most:
            raise FileTooLarge
    files, tenant = _files(await place(caller)), caller.tenant_id
    if bounds.under_way[tenant] >= _TOGETHER:
        message = f"{_TOGETHER} files of the company are under way; send this one when they are here."
        return problem(429, "too_many_uploads", message, headers=come_back(_LATER, "files") | _CLOSE)
    bounds.under_way[tenant] += 1
    try:
        stored = await store_within(
            files, tenant, name, _body(request), most=bounds.most, in_all=bounds.in_all
        )
    except FilesFull:
        message = f"All files of the company have {bounds.in_all} bytes at most; each goes after a week."
        return problem(413, "files_full", message, headers=_CLOSE)
    finally:
        bounds.under_way[tenant] -= 1
        bounds.under_way += Counter()
    return json_response(
        {
            "id": str(stored.id),
            "name": stored.name,
            "size": stored.size,
            "expiresAt": (stored.stored_at + KEPT).isoformat(timespec="seconds"),
        },
        201,
    )


async def _body(request: Request) -> AsyncIterator[bytes]:
    """The bytes of a file as they come in. Raises BodyTooSlow and _FileEmpty."""
    taken, loop = 0, asyncio.get_running_loop()
    began, stream = loop.time(), request.stream()
    while True:
        deadline = began + _SECONDS + taken / _LEAST_RATE
        try:
            async with asyncio.timeout_at(min(deadline, loop.time() + _SECONDS)):
                part = await anext(stream, None)
        except TimeoutError:
            raise BodyTooSlow from None
        if part is None:
            break
        if part:
            taken += len(part)
            yield part
    if not taken:
        raise _FileEmpty


async def _pieces(reader: BinaryIO, start: int, end: int) -> AsyncIterator[bytes]:
    # A piece that does not open ends the response short of its length, which no client takes for the whole.
    with reader:
        await asyncio.to_thread(reader.seek, start)
        while start < end and (piece := await asyncio.to_thread(reader.read, min(_PIECE, end - start))):
            yield piece
            start += len(piece)


def _span(header: str | None, size: int) -> tuple[int, int, bool] | None:
    """From which byte up to which, and whether that is but a part; None for bytes that there are not. What is
    no range of one part asks for all."""
    found = _RANGE.fullmatch(header or "")
    if found is None or not (found[1] or found[2]):
        return 0, size, False
    if not found[1]:
        start, end = max(size - int(found[2]), 0), size
    else:
        start, end = int(found[1]), min(int(found[2]) + 1, size) if found[2] else size
    return (start, end, True) if start < end else None


def _files(services: Services) -> FileStore:
    files = services.ports[FileStore]
    assert isinstance(files, FileStore)
    return files


def _no(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Response:
    return problem(status, code, message, headers={**_SAFE, **(headers or {})})
