"""What each process says of itself once a minute, in `ops.service_health`: a row each, until it ends, or for a day
after it fell silent."""

import asyncio
import logging
import os
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial

from app.storage.database import Pool
from projections.kit.background import running

_EVERY = 60.0
_SILENT = 180.0
"""Seconds after which a process that said nothing is silent."""
_TELL = """
insert into ops.service_health as h (service, instance, region, status, response_ms, errors)
values ($1, $2, $3, $4, $5, $6)
on conflict (service, instance) do update
   set region = excluded.region, status = excluded.status, response_ms = excluded.response_ms,
       errors = excluded.errors, checked_at = excluded.checked_at
"""
_FORGET = "delete from ops.service_health where checked_at < clock_timestamp() - interval '1 day'"
_LEAVE = "delete from ops.service_health where service = $1 and instance = $2"
_LEAVING = 2.0
"""Seconds that a process which ends takes for that at the most."""
_SAID = """
select service, instance, region, case when age > $1 then 'silent' else status end as status, response_ms,
       errors, age
  from ops.service_health, extract(epoch from clock_timestamp() - checked_at) as age
 order by service, instance
"""
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServiceHealth:
    """How a process said that it was, ``age`` seconds ago: `ready`, `degraded` or `unavailable`, how many
    milliseconds it took to find that out, and how many errors it had logged since the time before. One that has
    said nothing for three minutes, and not that it ends, is `silent`."""

    service: str
    instance: str
    region: str
    status: str
    response_ms: float
    errors: int
    age: float


@asynccontextmanager
async def telling(
    pool: Pool, service: str, region: str, look: Callable[[], Awaitable[str]], *, pause: float = _EVERY
) -> AsyncIterator[None]:
    """Have this process say how it is for as long as the block lasts. ``look`` finds its status; what it raises
    means `unavailable`."""
    instance = f"{socket.gethostname()}:{os.getpid()}"
    errors = _Errors()
    logging.getLogger().addHandler(errors)
    try:
        async with running(
            partial(_tell, pool, service, instance, region, look, errors, pause), name="health"
        ):
            yield
        with suppress(Exception):
            await pool.execute(_LEAVE, service, instance, timeout=_LEAVING)
    finally:
        logging.getLogger().removeHandler(errors)


async def services_health(pool: Pool) -> list[ServiceHealth]:
    """What the processes last said that are there now, or fell silent."""
    return [ServiceHealth(**row) for row in await pool.fetch(_SAID, _SILENT)]


async def _tell(
    pool: Pool,
    service: str,
    instance: str,
    region: str,
    look: Callable[[], Awaitable[str]],
    errors: "_Errors",
    pause: float,
) -> None:
    failures = 0
    while True:
        began = time.perf_counter()
        try:
            status = await look()
        except Exception:
            _logger.debug("How this process is could not be found out.", exc_info=True)
            status = "unavailable"
        took = (time.perf_counter() - began) * 1000
        try:
            await pool.execute(_TELL, service, instance, region, status, took, errors.taken())
            await pool.execute(_FORGET)
            failures = 0
        except Exception as error:  # noqa: BLE001  # Whatever it is, it is tried again.
            failures += 1
            if failures == 1:
                _logger.warning("How this process is cannot be stored for now: %r", error)
        await asyncio.sleep(pause)


class _Errors(logging.Handler):
    """Counts what is logged as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self._count = 0

    def emit(self, record: logging.LogRecord) -> None:
        """See the base."""
        self._count += 1

    def taken(self) -> int:
        """How many there were since this was asked last."""
        count, self._count = self._count, 0
        return count
