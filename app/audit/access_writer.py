"""Writes accesses in batches, beside the operations that note them."""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from itertools import islice
from weakref import WeakSet

import asyncpg
import msgspec
from prometheus_client import Counter, Gauge

from api.kit.schema.access_log import AccessNotRecorded, AccessRecord
from app.storage.database import Lent, Pool
from app.telemetry.metrics import REGISTRY
from projections.kit.background import happens, running
from projections.kit.backoff import Backoff
from projections.kit.connections import CONNECTION_FAILED

_logger = logging.getLogger(__name__)

WRITTEN = Counter("headwater_audit_accesses", "Accesses that were written.", registry=REGISTRY)
WAITING = Gauge("headwater_audit_waiting", "Accesses that wait to be written.", registry=REGISTRY)
LOST = Counter(
    "headwater_audit_lost", "Accesses that could not be kept; this should stay at 0.", registry=REGISTRY
)

# Row-level security leaves no COPY; a JSON array costs this process less than arrays of every column would.
_INSERT = """
insert into audit.data_access (tenant_id, at, user_id, session_id, kind, operation, root_fields, fields, subjects,
                               revealed, correlation_id, outcome, asked_by)
select * from json_to_recordset($1::json) as
       (tenant_id uuid, at timestamptz, user_id uuid, session_id text, kind text, operation text,
        root_fields text[], fields text[], subjects uuid[], revealed text[], correlation_id text, outcome text,
        asked_by text)
"""
_LONGEST_PAUSE = 5.0
_WRITERS: WeakSet["AccessWriter"] = WeakSet()
_encode = msgspec.json.Encoder().encode


class AccessWriter:
    """`api.kit.schema.access_log.AccessLog` over Postgres. `recording` runs it.

    Rows are written ``rows`` at a time, or after ``pause`` seconds. While the database cannot be written, what is
    noted waits; beyond ``enough`` of it `ready` holds new operations back, for ``patience`` seconds each, and
    then refuses them: nothing is read that cannot be recorded. A process that is killed loses one pause.
    """

    def __init__(
        self,
        pool: Pool,
        *,
        pause: float = 0.05,
        rows: int = 500,
        enough: int = 20_000,
        patience: float = 5.0,
    ) -> None:
        self._pool = pool
        self._pause, self._rows, self._enough, self._patience = pause, rows, enough, patience
        self._waiting: deque[AccessRecord] = deque()
        self._noted, self._full, self._room = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._room.set()
        self._closing = False
        _WRITERS.add(self)

    def note(self, access: AccessRecord) -> None:
        waiting = self._waiting
        waiting.append(access)
        if len(waiting) == 1:
            self._noted.set()
        elif len(waiting) == self._rows:
            self._full.set()
        elif len(waiting) == self._enough:
            self._room.clear()

    @property
    def waiting(self) -> int:
        """How many accesses wait to be written."""
        return len(self._waiting)

    async def ready(self) -> None:
        if not self._room.is_set() and not await happens(self._room, within=self._patience):
            raise AccessNotRecorded

    async def run(self) -> None:
        """Write until `close`, and then what is left."""
        failures = 0
        while not (self._closing and not self._waiting):
            await self._noted.wait()
            if not self._closing:
                await self._gathered()
            batch = list(islice(self._waiting, 10 * self._rows))
            try:
                await self._write(batch)
            except CONNECTION_FAILED as error:
                failures += 1
                if failures == 1:
                    _logger.error("Access records cannot be written yet; trying again: %r", error)
                await asyncio.sleep(Backoff(2 * self._pause, _LONGEST_PAUSE).pause(failures))
                continue
            if failures:
                _logger.warning("Access records are written again.")
            failures = 0
            self._written(len(batch))

    async def close(self, *, seconds: float = 5.0) -> None:
        """Let `run` end once everything is written; what cannot be within the time is counted as lost."""
        self._closing = True
        self._noted.set()
        self._full.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._waiting:  # noqa: ASYNC110  # There is one end of a process, and it is near.
                    await asyncio.sleep(0.005)
        if self._waiting:
            LOST.inc(len(self._waiting))
            _logger.error("%s access records could not be written before the shutdown.", len(self._waiting))
            self._waiting.clear()

    async def _gathered(self) -> None:
        """Wait for a full batch, or for the pause to pass."""
        self._full.clear()
        if len(self._waiting) < self._rows:
            await happens(self._full, within=self._pause)

    def _written(self, count: int) -> None:
        for _ in range(count):
            self._waiting.popleft()
        WRITTEN.inc(count)
        if not self._waiting and not self._closing:
            self._noted.clear()
        if len(self._waiting) < self._enough:
            self._room.set()

    async def _write(self, batch: Sequence[AccessRecord]) -> None:
        if not batch:
            return
        async with self._pool.acquire() as connection:
            try:
                await _stored(connection, batch)
            except (asyncpg.DataError, ValueError, TypeError) as error:
                # One that no column takes must not hold back all that come after it.
                _logger.error("An access record does not fit its table: %r", error)
                await self._one_by_one(connection, batch)

    async def _one_by_one(self, connection: Lent, batch: Sequence[AccessRecord]) -> None:
        for access in batch:
            try:
                await _insert(connection, [access])
            except (asyncpg.DataError, ValueError, TypeError):
                LOST.inc()


WAITING.set_function(lambda: sum(writer.waiting for writer in _WRITERS))


async def recorded(pool: Pool, accesses: Sequence[AccessRecord]) -> None:
    """Write accesses before it returns. Raises what the database raises; then nothing may be shown."""
    async with pool.acquire() as connection:
        await _stored(connection, accesses)


async def _stored(connection: Lent, batch: Sequence[AccessRecord]) -> None:
    try:
        await _insert(connection, batch)
    except asyncpg.CheckViolationError:
        # No month lies ready for them.
        for month in sorted({_month(access.at) for access in batch}):
            await connection.execute("select audit.make_month($1)", month)
        await _insert(connection, batch)


async def _insert(connection: Lent, batch: Sequence[AccessRecord]) -> None:
    await connection.execute(_INSERT, _encode(batch).decode())


def _month(at: datetime) -> datetime:
    return at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


@asynccontextmanager
async def recording(pool: Pool) -> AsyncIterator[AccessWriter]:
    """A writer that writes as long as the block lasts, and at its end what is left."""
    writer = AccessWriter(pool)
    async with running(writer.run, name="access log"):
        try:
            yield writer
        finally:
            await writer.close()
