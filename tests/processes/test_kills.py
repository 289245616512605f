"""A worker killed at any point: nothing is lost, nothing happens twice, and what began goes on to its end."""

import os
import signal
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from app.processes.lease import enroll
from app.storage.database import Connection
from domain.kit.bus.bus import Bus
from tests.domain.sending import accepted, an_account
from tests.domain.toys import OpenAccount, Pay
from tests.kit.process_worker import Child, child_of
from tests.kit.processes import until
from tests.processes.outside import StoredOutside
from tests.processes.toys import OpenShop, Thanks
from tests.processes.working import Works


@pytest.fixture
async def child(database_url: str, owner: Connection, works: Works) -> AsyncIterator[Child]:
    await StoredOutside.make(owner)
    for process in (OpenShop(StoredOutside(owner)), Thanks(StoredOutside(owner))):
        await enroll(works.database.writer, process)
    async with child_of("tests.processes.child", database_url) as child:
        yield child


async def _deeds(owner: Connection) -> list[tuple[str, int]]:
    rows = await owner.fetch("select what, calls from public.deeds order by number")
    await owner.execute("delete from public.deeds")
    return [(row["what"], row["calls"]) for row in rows]


@pytest.mark.parametrize(
    ("fails_at", "expected"),
    [
        ("", ["rent", "furnish", "sign"]),
        ("!sign", ["rent", "furnish", "clear", "leave"]),
        ("!furnish?", ["rent", "furnish", "clear", "leave"]),
    ],
)
async def test_a_saga_survives_a_kill_at_any_point(
    child: Child, bus: Bus, owner: Connection, fails_at: str, expected: list[str]
) -> None:
    ended, point = "exit -9", 0
    while ended == "exit -9":
        point += 1
        await accepted(bus, OpenAccount(id=uuid4(), owner=f"{point}{fails_at}"))
        ended = await child.run(point)
        if ended == "exit -9":
            assert await child.run(0) == "exit 0"
        deeds = await _deeds(owner)
        assert [what for what, _ in deeds] == expected, f"killed at {point}"
        if ended == "exit -9" and not fails_at.endswith("?"):
            assert sum(calls for _, calls in deeds) <= len(expected) + 1, f"killed at {point}"
    assert ended == "exit 0"
    assert point > 3 * len(expected)
    states = await owner.fetch("select distinct state ->> 'status' from processes.instances")
    assert [state for (state,) in states] == ["undone" if fails_at else "finished"]


async def test_an_effect_survives_a_kill_between_call_and_mark(
    child: Child, bus: Bus, owner: Connection
) -> None:
    account = await an_account(bus)
    await child.run(0)
    await owner.execute("delete from public.deeds")
    await accepted(bus, Pay(id=account, amount=1))
    # Notice is given of the reaction, of what is claimed, and then of the call that was made.
    assert await child.run(3) == "exit -9"
    assert await child.run(0) == "exit 0"
    assert await _deeds(owner) == [("thanks for 1", 2)]


async def test_an_effect_that_takes_its_worker_along_is_not_tried_for_ever(
    child: Child, bus: Bus, owner: Connection, works: Works
) -> None:
    account = await an_account(bus)
    await child.run(0)
    await accepted(bus, Pay(id=account, amount=1))
    assert await child.run(2) == "exit -9"
    for _ in range(2):
        assert await child.run(1) == "exit -9"
    await works.start(Thanks(StoredOutside(owner)))
    await until(lambda: _parked(works))
    assert ("thanks for 1", 1) not in await _deeds(owner)


async def _parked(works: Works) -> bool:
    return ("thank", "parked") in await works.statuses()


async def test_a_worker_that_was_stopped_writes_nothing_when_it_wakes_up(
    child: Child, bus: Bus, owner: Connection, works: Works
) -> None:
    account = await an_account(bus)
    await child.run(0)
    await owner.execute("delete from public.deeds")
    await accepted(bus, Pay(id=account, amount=1))
    stopped, pid = (await child.run("stop 3")).split()
    assert stopped == "stopped"
    try:
        outside = StoredOutside(await works.database.connect())
        await works.start(OpenShop(outside), Thanks(outside), stale=0.2)
        await works.quiet()
        before = await works.rows("select status, attempts, finished_at from processes.ledger order by id")
    finally:
        os.kill(int(pid), signal.SIGCONT)
    assert await child.line() == "exit 0"
    assert (
        await works.rows("select status, attempts, finished_at from processes.ledger order by id") == before
    )
    assert await _deeds(owner) == [("thanks for 1", 2)]
