"""A worker killed at any point: nothing is lost, nothing happens twice, and what began goes on to its end."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from app.processes.lease import enroll
from app.storage.database import Connection
from domain.kit.bus.bus import Bus
from tests.domain.sending import accepted, an_account
from tests.domain.toys import OpenAccount, Pay
from tests.kit.processes import until
from tests.processes.outside import StoredOutside
from tests.processes.toys import OpenShop, Thanks
from tests.processes.working import Works


class Child:
    """Runs workers in processes of their own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.pid = 0

    async def begin(self, verb: str, number: int) -> None:
        """Start a worker; see `tests.processes.child`."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{verb} {number}\n".encode())
        word, pid = (await self.line()).split()
        assert word == "pid"
        self.pid = int(pid)

    async def line(self) -> str:
        """The next line that it prints."""
        assert self._process.stdout is not None
        async with asyncio.timeout(60):
            return (await self._process.stdout.readline()).decode().strip()

    async def run(self, verb: str, number: int) -> str:
        """A worker's run, until it ends."""
        await self.begin(verb, number)
        return await self.line()


@asynccontextmanager
async def _children(url: str) -> AsyncIterator[Child]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.processes.child", url),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    child = Child(process)
    try:
        yield child
        assert process.stdin is not None
        process.stdin.close()
        assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.fixture
async def child(database_url: str, owner: Connection, works: Works) -> AsyncIterator[Child]:
    await StoredOutside.make(owner)
    for process in (OpenShop(StoredOutside(owner)), Thanks(StoredOutside(owner))):
        await enroll(works.database.writer, process)
    async with _children(database_url) as child:
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
        ended = await child.run("kill", point)
        if ended == "exit -9":
            assert await child.run("kill", 0) == "exit 0"
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
    await child.run("kill", 0)
    await owner.execute("delete from public.deeds")
    await accepted(bus, Pay(id=account, amount=1))
    # Notice is given of the reaction, of what is claimed, and then of the call that was made.
    assert await child.run("kill", 3) == "exit -9"
    assert await child.run("kill", 0) == "exit 0"
    assert await _deeds(owner) == [("thanks for 1", 2)]


async def test_an_effect_that_takes_its_worker_along_is_not_tried_for_ever(
    child: Child, bus: Bus, owner: Connection, works: Works
) -> None:
    account = await an_account(bus)
    await child.run("kill", 0)
    await accepted(bus, Pay(id=account, amount=1))
    assert await child.run("kill", 2) == "exit -9"
    for _ in range(2):
        assert await child.run("kill", 1) == "exit -9"
    await works.start(Thanks(StoredOutside(owner)))
    await until(lambda: _parked(works), seconds=20)
    assert ("thanks for 1", 1) not in await _deeds(owner)


async def _parked(works: Works) -> bool:
    return ("thank", "parked") in await works.statuses()


async def test_a_worker_that_was_stopped_writes_nothing_when_it_wakes_up(
    child: Child, bus: Bus, owner: Connection, works: Works
) -> None:
    account = await an_account(bus)
    await child.run("kill", 0)
    await owner.execute("delete from public.deeds")
    await accepted(bus, Pay(id=account, amount=1))
    await child.begin("stop", 3)
    try:
        assert await child.line() == "stopped"
        outside = StoredOutside(await works.database.connect())
        await works.start(OpenShop(outside), Thanks(outside), stale=0.2)
        await works.quiet()
        before = await works.rows("select status, attempts, finished_at from processes.ledger order by id")
    finally:
        os.kill(child.pid, signal.SIGCONT)
    assert await child.line() == "exit 0"
    assert (
        await works.rows("select status, attempts, finished_at from processes.ledger order by id") == before
    )
    assert await _deeds(owner) == [("thanks for 1", 2)]
