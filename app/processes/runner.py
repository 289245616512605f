"""Runs processes: takes the leases that are free, works while it holds them, and gives them back."""

import asyncio
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from app.processes import lease as leases
from app.processes.effect_attempts import Notice
from app.processes.lease import Lease
from app.processes.process_progress import ProcessProgress
from app.processes.process_worker import ProcessWorker
from app.processes.shared_reactions import SharedReactions
from app.storage.database import Connection, Database, Pool
from domain.kit.bus.bus import Bus
from domain.kit.clock import Clock, SystemClock
from domain.kit.log import Envelope, Log
from domain.kit.process.process import Process
from projections.kit.background import running
from projections.kit.follow.lease_locks import prepare
from projections.kit.follow.lease_worker import LeasedTask, LeaseWorker
from projections.kit.follow.pages import LogSource

_logger = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class _Run(LeasedTask):
    worker: ProcessWorker


class Runner(LeaseWorker[_Run]):
    """One worker's part of the processes. Start as many as you like: each process runs in one of them, and in
    another one soon after that one is gone, or shows no beat for ``stale`` seconds."""

    _grace = 5.0

    def __init__(
        self,
        processes: Sequence[Process[Any]],
        *,
        database: Database,
        log: Log,
        pages: LogSource,
        bus: Bus,
        clock: Clock | None = None,
        notice: Notice = lambda point, what: None,
        name: str = "",
        beat: float = 1.0,
        stale: float = 5.0,
        poll: float = 1.0,
        slots: int = 8,
        shared: "Pool | None" = None,
    ) -> None:
        """``beat``: seconds between two looks at leases and timers; ``poll``: seconds between two times that
        positions are saved, and the least after which what fails is tried again; ``slots``: effects under way at
        once, per process. ``shared``: connections for what they load and save together; those of the database's
        writer otherwise."""
        super().__init__(database.connect, name=name, beat=beat)
        names = [process.name for process in processes]
        if len(set(names)) < len(names):
            raise ValueError("Two processes have the same name.")
        self._processes = processes
        self._database = database
        self._log = log
        self._pages = pages
        self._bus = bus
        self._clock = clock or SystemClock()
        self._notice = notice
        self._stale, self._poll, self._slots = stale, poll, slots
        self._shared = SharedReactions(shared or database.writer, database.writer)
        self._shared.passing, self._passed = self._passing, 0.0
        self._enrolled = False
        self._progress = ProcessProgress(
            database.writer, lambda: [run.worker for run in self._tasks.values()], poll=poll
        )

    @property
    def held(self) -> list[str]:
        """The processes that run here now."""
        return sorted(run.worker.lease.process for run in self._tasks.values())

    async def run(self) -> None:
        """Work until stopped or cancelled."""
        async with running(self._progress.run, name="progress of processes"):
            await super().run()

    async def _begin(self, connection: Connection) -> None:
        """Raises ProcessRefused when the database holds state of newer code."""
        await prepare(connection)
        for process in self._processes if not self._enrolled else ():
            await leases.enroll(self._database.writer, process)
        self._enrolled = True

    def _passing(self) -> dict[str, ProcessWorker]:
        """Those whose position is not on record, which a save may take along: as seldom as they are saved."""
        now = asyncio.get_running_loop().time()
        workers = [run.worker for run in self._tasks.values()] if now >= self._passed + self._poll else []
        found = {worker.lease.process: worker for worker in workers if worker.saved < worker.position}
        if found:
            self._passed = now
        return found

    async def _turn(self, connection: Connection) -> None:
        workers = {run.worker.lease.process: run.worker for run in self._tasks.values()}
        held = [worker.lease for worker in workers.values()]
        for name in await leases.beat(connection, held, self._clock.now()):
            workers[name].wake()
        for process in self._processes:
            if process.name not in workers:
                lease = await leases.take(connection, process, self._name, self._stale)
                if lease is not None:
                    self._run_process(process, lease)

    def _run_process(self, process: Process[Any], lease: Lease) -> None:
        worker = ProcessWorker(
            process,
            lease,
            pool=self._database.writer,
            pages=self._pages,
            read=self._read,
            bus=self._bus,
            clock=self._clock,
            notice=self._notice,
            poll=self._poll,
            slots=self._slots,
            shared=self._shared,
        )
        task = self._start(worker.run(), f"process {process.name}")
        self._tasks[lease.id] = _Run(id=lease.id, task=task, stop=worker.stop, worker=worker)

    async def _give_back(self, connection: Connection, leased: Collection[_Run]) -> None:
        for run in leased:
            await leases.give_back(connection, run.worker.lease)

    async def _read(self, position: int) -> Envelope:
        (envelope,) = await self._log.read(after=position - 1, until=position, limit=1)
        return envelope


async def run_processes(
    processes: Sequence[Process[Any]],
    *,
    database: Database,
    log: Log,
    pages: LogSource,
    bus: Bus,
    clock: Clock | None = None,
    shared: "Pool | None" = None,
) -> None:
    """Run the processes until cancelled; effects under way may then finish for a few seconds. See `Runner`."""
    runner = Runner(processes, database=database, log=log, pages=pages, bus=bus, clock=clock, shared=shared)
    task = asyncio.create_task(runner.run(), name="processes")
    try:
        await asyncio.shield(task)
    finally:
        runner.stop()
        await asyncio.gather(task, return_exceptions=True)
