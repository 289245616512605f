"""The fault that falls into a rebuild: while it builds, compares, or has just cut over."""

import asyncio
import os
import sys
from contextlib import suppress
from datetime import UTC, datetime
from random import Random
from uuid import UUID

import asyncpg

from app.contexts import VIEWS
from tests.faults.cluster import Cluster, Say
from tests.faults.faults import FAULTS, fault
from tests.kit.processes import until

__all__ = ["FAULTS"]
"""All faults, of which this module adds the last."""

_MOMENTS = ("building", "verifying", "switched")
_BLOWS = (
    *("worker", "api", "postgres", "backend", "valkey", "search", "cut", "terminate", "silence"),
    *("hung valkey", "hung postgres", "hung backend", "lose"),
)
_ENDS = ("differs", "switched", "finished", "cancelled", "failed", "rolled back")
_NEWEST = "from ops.rebuilds where asked_at >= $1 order by asked_at desc limit 1"
_ENDS_SECONDS = 180
"""How long a rebuild may take with a fault in it."""


@fault("rebuild")
async def rebuild(cluster: Cluster, chance: Random, say: Say) -> None:
    """An operator rebuilds views of all three stores, and something breaks at a chosen moment of it."""
    names, moment, blow = _names(chance), chance.choice(_MOMENTS), chance.choice(_BLOWS)
    say(f"rebuild {' '.join(names)}, with {blow} while it is {moment}")
    since = datetime.now(UTC)
    request = asyncio.create_task(_headwater(cluster, "rebuild", *names, "--parallel", "4", "--json"))

    async def has_come() -> bool:
        return request.done() or await _state(cluster, since) in (moment, *_ENDS)

    async def has_ended() -> bool:
        return await _state(cluster, since) in (*_ENDS, "nothing")

    try:
        await until(has_come, seconds=_ENDS_SECONDS)
        await FAULTS[blow](cluster, chance, say)
        code, output = await request
        # The command only watches, and may have lost sight, or reached nobody; the workers go on.
        await until(has_ended, seconds=_ENDS_SECONDS)
    finally:
        request.cancel()
        await asyncio.gather(request, return_exceptions=True)
    state = await _state(cluster, since)
    say(f"the rebuild is {state}; the command ended with {code}")
    if state == "differs":
        # Right where rows of the live generation were lost just then: the operator asks again later.
        say(f"it differs: {output[-600:]}")
        id = await _id(cluster, since)
        say(f"cancelled: {await _headwater(cluster, 'cancel', str(id), '--json')}")


def _names(chance: Random) -> list[str]:
    if chance.random() < 0.2:
        return ["--all"]
    stores = ("postgres", "redis", "search")
    return [chance.choice([view.name for view in VIEWS if view.store == store]) for store in stores]


async def _state(cluster: Cluster, since: datetime) -> str | None:
    """The state of the rebuild that was asked for since then, or ``nothing``; None when nobody answers."""
    with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        async with cluster.owner() as owner:
            return str(await owner.fetchval(f"select state {_NEWEST}", since) or "nothing")
    return None


async def _id(cluster: Cluster, since: datetime) -> UUID:
    async with cluster.owner() as owner:
        id: UUID = await owner.fetchval(f"select id {_NEWEST}", since)
        return id


async def _headwater(cluster: Cluster, *arguments: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app.cli", *arguments,
        env={**os.environ, **cluster.direct.environ()},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        output, _ = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    return process.returncode, output.decode()
