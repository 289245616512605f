"""The route by which an export is fetched: by the person themselves, or by whoever may export others."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from api.kit.execution.errors import RequestError, Unauthenticated
from api.kit.http.problems import problem
from api.kit.schema.access_log import AccessLog, AccessNotRecorded, AccessRecord
from api.kit.schema.context import Services
from app.privacy.export.files import ExportFiles
from app.telemetry.logs import correlation
from domain.kit.caller import SYSTEM, Caller
from domain.kit.ids import read_id
from projections.governance.exports import ExportRow, ExportState
from projections.governance.privacy import Privacy

PATH = "/exports/{id}"
_SAFE = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
    "referrer-policy": "no-referrer",
}


@dataclass(frozen=True, kw_only=True)
class Exported:
    """Where the exports of a caller's tenant are."""

    desk: Privacy
    files: ExportFiles
    access_log: AccessLog

    @classmethod
    def of(cls, services: Services) -> "Exported":
        """Those that a tenant's services name."""
        desk, files = services.ports[Privacy], services.ports[ExportFiles]
        assert isinstance(desk, Privacy)
        assert isinstance(files, ExportFiles)
        return cls(desk=desk, files=files, access_log=services.access_log)


def export_routes(
    authenticate: Callable[[Mapping[str, str]], Awaitable[Caller]],
    place: Callable[[Caller], Awaitable[Exported]],
) -> list[Route]:
    """The route. ``authenticate`` raises Unauthenticated; ``place`` finds the caller's tenant's exports."""

    async def fetch(request: Request) -> Response:
        try:
            caller = await authenticate(request.headers)
            if caller.kind == "nobody":
                raise Unauthenticated("Sign in first.")
        except Unauthenticated as error:
            return _no(401, "unauthenticated", str(error), {"www-authenticate": "Bearer"})
        try:
            id = read_id(request.path_params["id"])
        except ValueError:
            return _absent()
        try:
            exported = await place(caller)
        except RequestError as error:
            return _no(503, "not_ready", str(error))
        row = await exported.desk.export_row(caller.home, id)
        if row is None:
            return _absent()
        try:
            # Nothing is handed out that cannot be recorded.
            await exported.access_log.ready()
        except AccessNotRecorded as error:
            return _no(503, "unavailable", str(error))
        # What is not theirs is as if it were not.
        if not _theirs(row, caller):
            exported.access_log.note(_access(caller, row, "denied"))
            return _absent()
        if row.state is ExportState.RUNNING:
            return _no(409, "not_finished", "The export is not finished yet.")
        if row.state is ExportState.FAILED:
            return _no(410, "failed", "The export was given up; ask for another one.")
        if row.state is ExportState.ERASED:
            return _no(410, "erased", "The person was erased, so nobody can read the file any more.")
        if row.state is ExportState.EXPIRED or (row.expires_at or datetime.now(UTC)) <= datetime.now(UTC):
            return _no(410, "expired", "The file is gone; ask for another one.")
        pieces = await exported.files.read(caller.home, id)
        if pieces is None:
            return _no(410, "gone", "The file is gone, or its person was erased.")
        # The first piece is read before anything is said, so that a file that does not open is an error.
        first = await asyncio.to_thread(next, pieces)
        exported.access_log.note(_access(caller, row, "done"))
        return StreamingResponse(
            _sent(first, pieces),
            media_type="application/json",
            headers={
                **_SAFE,
                "content-length": str(row.size),
                "content-disposition": f'attachment; filename="export-{id}.json"',
            },
        )

    return [Route(PATH, fetch, methods=["GET"])]


def _theirs(row: ExportRow, caller: Caller) -> bool:
    """Whether a caller may have the file. What a person asked for themself also holds what is no business of their
    tenant, so nobody else has it; who may export others asks for one of their own."""
    own = row.subject_id == caller.user_id and caller.kind != "key"
    return own or (row.requested_by != row.subject_id and caller.may("privacy:write"))


def _access(caller: Caller, row: ExportRow, outcome: str) -> AccessRecord:
    """That somebody fetched, or tried to fetch, all that is kept about a person."""
    return AccessRecord(
        tenant_id=caller.home,
        user_id=None if caller.user_id == SYSTEM else caller.user_id,
        session_id=caller.session_id,
        kind=caller.kind,
        operation=f"GET {PATH}",
        root_fields=("export",),
        fields=("Export.file",),
        subjects=(row.subject_id,),
        revealed=("file",) if outcome == "done" else (),
        at=datetime.now(UTC),
        correlation_id=correlation.get(),
        outcome=outcome,
    )


async def _sent(first: bytes, pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    # A piece that does not open ends the response short of its length, which no client takes for the whole.
    piece: bytes | None = first
    while piece is not None:
        yield piece
        piece = await asyncio.to_thread(next, pieces, None)


def _absent() -> Response:
    return _no(404, "not_found", "There is no such export.")


def _no(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Response:
    return problem(status, code, message, headers={**_SAFE, **(headers or {})})
