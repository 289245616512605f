"""A worker that places tenants and is killed in the middle of it.

``python -m tests.placement.child`` reads the settings from its environment and lines from stdin: at ``place 3`` a
worker that only places tenants kills itself at the third thing it gives notice of, at ``place 0`` it runs to the
end; at ``fold copy`` a whole worker kills itself when it has performed that step, and at ``fold 0`` it, too, ends.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from app.composition.write_side import bus_of
from app.entry import worker
from app.log.postgres import PostgresLog
from app.placement.processes import placing_processes
from app.processes.runner import Runner
from app.settings import Settings, read_settings
from app.storage.database import Database
from domain.kit.codec import PlainCodec
from domain.kit.process.process import Process
from tests.kit.process_worker import drain, forked, kills, until_done


async def fold(settings: Settings, killed_at: str) -> None:
    """Run a whole worker, with every view and process, until there is nothing left to do on the platform."""

    async def noticed(processes: Sequence[Process[Any]], **parts: Any) -> None:
        runner = Runner(
            processes,
            notice=kills(1, counts=lambda point, what: point == "performed" and f"do {killed_at}" in what),
            beat=0.05,
            poll=0.02,
            **parts,
        )
        await runner.run()

    # The worker gives no notice of its own.
    worker.__dict__["run_processes"] = noticed
    stopping = asyncio.Event()
    running = asyncio.create_task(worker.everywhere(settings, stopping))
    database = await Database.open(settings.database_url, secret=settings.secret, writers=1, readers=1)
    await until_done(database, running)
    await database.close()
    stopping.set()
    await running


async def place(settings: Settings, killed_at: str) -> None:
    """Run the processes that place tenants until there is nothing left to do."""
    database = await Database.open(settings.database_url, secret=settings.secret, writers=4, readers=2)
    log = PostgresLog(database)
    await drain(
        placing_processes(settings, database),
        database=database,
        log=log,
        codec=PlainCodec(),
        bus=bus_of(log, PlainCodec(), settings),
        notice=kills(int(killed_at)),
    )


async def run(line: str) -> None:
    """Do what a line says."""
    verb, killed_at = line.split()
    await {"place": place, "fold": fold}[verb](read_settings(), killed_at)


if __name__ == "__main__":
    forked(run)
