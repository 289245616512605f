"""A server that hangs for longer than anybody waits for it costs the processes a while, and no more."""

from contextlib import ExitStack

import psutil

from tests.kit.processes import until
from tests.processes.outside import Outside
from tests.processes.toys import GiveBack, Thanks
from tests.processes.working import Works, pay

_BACKENDS = "select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"


async def test_processes_go_on_when_their_connections_hang_and_come_back(works: Works) -> None:
    outside = Outside()
    runner = await works.start(Thanks(outside), GiveBack())
    async with works.database.writer.acquire() as connection:
        backends = [psutil.Process(row["pid"]) for row in await connection.fetch(_BACKENDS)]
    with ExitStack() as stack:
        for backend in backends:
            stack.callback(backend.resume)
            backend.suspend()
        # It has given up the session that held its leases, and ended all that ran under them.
        await until(lambda: not runner.held)
    await until(lambda: len(runner.held) == 2)
    await pay(works.bus, 10, 20)
    await works.quiet()
    assert len(await works.statuses()) == 2
