"""A retry folds what waited once, wherever its worker dies."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeAlias
from uuid import uuid4

import psutil
import pytest

from projections.kit.declare.view import View
from tests.parking.fragile import DIARIES, POISON, TALLIES, RedisTally
from tests.parking.yard import Yard, filled, taken
from tests.views.place import until

BAD = 13

Dying: TypeAlias = Callable[[type[View[Any]], str], AbstractAsyncContextManager[Process]]

# A second fold would show: in the tallies as doubled counts, in a diary of search as doubled entries.
once = pytest.mark.parametrize("kind", [TALLIES[0], TALLIES[1], DIARIES[2]], ids=lambda kind: kind.name)


@pytest.fixture
def dying(url: str, redis_url: str, osmem_url: str, index_prefix: str) -> Dying:
    """Start a worker that stops at the write of a retry."""

    @asynccontextmanager
    async def start(kind: type[View[Any]], how: str) -> AsyncIterator[Process]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.parking.dying_process"),
            *(url, redis_url, osmem_url, index_prefix, kind.name, how),
            stdout=PIPE,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    return start


async def parked_and_mended(yard: Yard, kind: type[View[Any]]) -> int:
    """A stream is parked, its code is right again, and somebody has asked for a retry."""
    POISON.add(BAD)
    bad, good = uuid4(), uuid4()
    await yard.place.tell(filled(bad, 1), filled(good, 2), taken(bad, BAD), taken(good, 4))
    last = await yard.place.tell(taken(bad, 5), taken(good, 6))
    await yard.folded(kind, position=last)
    POISON.clear()
    assert await yard.parked.retry(kind.name) == 1
    return last


@once
async def test_a_worker_killed_after_the_write_has_folded_once(
    yard: Yard, dying: Dying, kind: type[View[Any]]
) -> None:
    last = await parked_and_mended(yard, kind)
    async with dying(kind, "hang") as process:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"written\n"
        process.kill()
        await process.wait()
    async with yard.place.working([await yard.followed(kind)]):
        await yard.answered(0)
        await yard.reached(last, kind())
    await yard.is_as_fresh(kind)


@once
async def test_a_worker_stopped_before_the_write_cannot_make_it_any_more(
    yard: Yard, dying: Dying, kind: type[View[Any]]
) -> None:
    await parked_and_mended(yard, kind)
    async with dying(kind, "stop") as process:

        async def stopped() -> bool:
            return psutil.Process(process.pid).status() == psutil.STATUS_STOPPED

        await until(stopped)
        followed = await yard.followed(kind)
        async with yard.place.working([followed]):
            await yard.answered(0)
            jar = uuid4()
            await yard.reached(await yard.place.tell(filled(jar, 7), taken(jar, 8)), followed.view)
            process.send_signal(signal.SIGCONT)
            process.terminate()
            await process.wait()
            await yard.reached(await yard.place.tell(taken(jar, 9)), followed.view)
    await yard.is_as_fresh(kind)


async def test_redis_that_forgot_a_retry_is_refilled(yard: Yard) -> None:
    await parked_and_mended(yard, RedisTally)
    followed = await yard.followed(RedisTally)
    keys = [key async for key in yard.redis.scan_iter("*")]
    before = {key: dump for key in keys if (dump := await yard.redis.dump(key))}
    async with yard.place.working([followed]):
        await yard.answered(0)
    # A server that wrote its file a second before it died comes back with what it held then.
    for key, dump in before.items():
        await yard.redis.restore(key, 600_000, dump, replace=True)
    async with yard.place.working([await yard.followed(RedisTally)]):
        fresh = await yard.fresh(RedisTally)

        async def right() -> bool:
            return await yard.rows(RedisTally, fresh) == fresh

        await until(right)
        await yard.reached(6, RedisTally())
    await yard.is_as_fresh(RedisTally)
