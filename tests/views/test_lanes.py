"""Workers share the lanes, take over from the dead, and cannot write once they lost them."""

import asyncio
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from subprocess import Popen
from typing import cast
from uuid import uuid4

import pytest

from app.embedded.postgres import Postgres
from app.telemetry.ailments import ailment
from projections.kit.background import running
from projections.kit.follow.lane import Lane
from projections.kit.follow.lane_progress import OpsLedger
from projections.kit.read.status import ViewState, views_status
from projections.kit.store.generations import Pool
from tests.kit.servers import fresh_database
from tests.views.place import Place, opened, until
from tests.views.toys import Jar, Jars
from tests.views.worker_process import VIEWS


@contextmanager
def worker(url: str, name: str) -> "Iterator[Popen[bytes]]":
    """A worker's process, ended in order."""
    process = Popen([sys.executable, "-m", "tests.views.worker_process", url, name])
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait(timeout=120)


@pytest.fixture
async def url(postgres: Postgres) -> AsyncIterator[str]:
    async with fresh_database(postgres) as url:
        yield url


@pytest.fixture
async def place(url: str) -> AsyncIterator[Place]:
    async with opened(url) as place:
        yield place


async def holders(place: Place) -> Counter[str | None]:
    return Counter(view.holder for view in await views_status(place.database.writer))


async def shared(place: Place, **wanted: int) -> None:
    """Wait until these workers hold so many lanes each."""

    async def so() -> bool:
        return await holders(place) == Counter(wanted)

    await until(so)


async def written(place: Place) -> None:
    """Everything told so far, and one more, is folded by all views."""
    last = await place.tell((uuid4(), Jar.Filled(name="a", shelf="top", amount=1)))
    await place.reached(last, *(view() for view in VIEWS))
    assert len(await place.rows(Jars)) == last
    assert all(view.complete for view in await views_status(place.database.writer))


async def test_workers_share_the_lanes_and_a_newcomer_gets_his_part(place: Place, url: str) -> None:
    with worker(url, "one"):
        await shared(place, one=4)
        await written(place)
        with worker(url, "two"):
            await shared(place, one=2, two=2)
            await written(place)
        # The second one left in order.
        await shared(place, one=4)
        await written(place)


async def test_lanes_of_a_killed_worker_are_taken_over(place: Place, url: str) -> None:
    with ExitStack() as stack:
        first = stack.enter_context(worker(url, "one"))
        stack.enter_context(worker(url, "two"))
        await shared(place, one=2, two=2)
        await written(place)
        first.kill()
        await shared(place, two=4)
        await written(place)


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_view_whose_only_worker_is_gone_is_stopped_and_has_no_holder(
    place: Place, url: str, ending: signal.Signals
) -> None:
    with worker(url, "one") as only:
        await shared(place, one=4)
        await written(place)
        assert {view.state for view in await views_status(place.database.writer)} == {ViewState.FOLLOWING}
        os.kill(only.pid, ending)
        # A process that hangs keeps its locks, and only time tells.
        await place.database.writer.execute(
            "update ops.workers set heartbeat_at = heartbeat_at - interval '1 h'"
        )

        async def stopped() -> bool:
            found = await views_status(place.database.writer)
            return {(view.state, view.holder) for view in found} == {(ViewState.STOPPED, None)}

        await until(stopped)
        assert all(
            ailment(view) == f"{view.name} is stopped: no worker folds it"
            for view in await views_status(place.database.writer)
        )


async def test_a_stopped_worker_loses_its_lanes_and_shares_again_when_it_wakes(
    place: Place, url: str
) -> None:
    with ExitStack() as stack:
        first = stack.enter_context(worker(url, "one"))
        await shared(place, one=4)
        await written(place)
        os.kill(first.pid, signal.SIGSTOP)
        stack.enter_context(worker(url, "two"))
        await shared(place, two=4)
        await written(place)
        os.kill(first.pid, signal.SIGCONT)
        await shared(place, one=2, two=2)
        await written(place)


class Held:
    """A pool of which the first statement is sent late, as under load."""

    def __init__(self, place: Place) -> None:
        self._pool, self._first, self.sent = place.database.writer, True, asyncio.Event()

    async def execute(self, sql: str, *arguments: object) -> str:
        if self._first:
            self._first = False
            await self.sent.wait()
        status: str = await self._pool.execute(sql, *arguments)
        return status


async def test_an_older_report_is_never_written_over_a_newer_one(place: Place) -> None:
    async with place.working(await place.followed(Jars())):
        await until(lambda: _held(place))
    row = await place.database.writer.fetchrow(
        "select id, view, generation, token, position, folded from ops.lanes"
    )
    assert row is not None
    lane, held = Lane(**row), Held(place)
    ledger = OpsLedger(cast(Pool, held), lambda: [lane])
    older = asyncio.create_task(ledger.report())
    await asyncio.sleep(0)
    lane.pages = 1
    newer = asyncio.create_task(ledger.report())
    await asyncio.wait([newer], timeout=0.5)
    held.sent.set()
    await asyncio.gather(older, newer)
    assert (await place.status(Jars)).pages == 1


class Timed:
    """A pool that notes when each statement began and ended."""

    def __init__(self, place: Place) -> None:
        self._pool = place.database.writer
        self.times: list[tuple[float, float]] = []

    async def execute(self, sql: str, *arguments: object) -> str:
        began = time.monotonic()
        status: str = await self._pool.execute(sql, *arguments)
        self.times.append((began, time.monotonic()))
        return status


async def test_reports_take_a_tenth_of_the_time_however_steadily_lanes_move(place: Place) -> None:
    async with place.working(await place.followed(Jars())):
        await until(lambda: _held(place))
    row = await place.database.writer.fetchrow(
        "select id, view, generation, token, position, folded from ops.lanes"
    )
    assert row is not None
    lane, timed = Lane(**row), Timed(place)
    ledger = OpsLedger(cast(Pool, timed), lambda: [lane])
    lane.news = ledger.news
    reporting = asyncio.create_task(ledger.run())
    while len(timed.times) < 12:
        lane.moved(lane.position + 1, lane.folded + 1)
        await asyncio.sleep(0.001)
    reporting.cancel()
    for (began, ended), (again, _) in pairwise(timed.times):
        assert again - ended >= min(8 * (ended - began), 0.09)
    assert (await place.status(Jars)).position > row["position"]


async def _held(place: Place) -> bool:
    return None not in await holders(place)


async def test_lanes_whose_positions_go_along_with_others_are_reported_all_the_same(place: Place) -> None:
    """Else they would look as if nobody read them, however much goes on."""
    await place.store(Jars)
    ((id, generation, token),) = await place.database.writer.fetch(
        "select id, generation, token from ops.lanes"
    )
    lane = Lane(id=id, view=Jars.name, generation=generation, token=token)
    ledger = OpsLedger(place.database.writer, lambda: [lane], quiet=0.02)

    async def passes() -> None:
        while True:
            lane.pages = lane.position = lane.recorded = lane.position + 1
            ledger.news()
            await asyncio.sleep(0)

    async def reported() -> bool:
        return bool(await place.database.writer.fetchval("select pages > 0 from ops.lanes"))

    async with running(ledger.run, name="reports"), running(passes, name="events"):
        await until(reported)
