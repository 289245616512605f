"""Runs processes: takes the leases that are free, works while it holds them, and gives them back."""

import asyncio
import logging
import os
import socket
from collections.abc import Iterable, Sequence
from typing import Any

from app.processes import lease as leases
from app.processes.effect_attempts import Notice
from app.processes.lease import Lease
from app.processes.process_worker import ProcessWorker
from app.storage.database import Connection, Database
from domain.kit.bus.bus import Bus
from domain.kit.clock import Clock, SystemClock
from domain.kit.log import Envelope, Log
from domain.kit.process.process import Process
from projections.kit.background import end
from projections.kit.follow.lease_locks import SESSION_LOST, prepare
from projections.kit.follow.pages import Source
from projections.kit.store.store import LeaseLost

_logger = logging.getLogger(__name__)

_GRACE = 5.0
"""Seconds that effects under way may take to finish when a process is given up."""


class Runner:
    """One worker's part of the processes. Start as many as you like: each process runs in one of them, and in
    another one soon after that one is gone, or shows no beat for ``stale`` seconds."""

    def __init__(
        self,
        processes: Sequence[Process[Any]],
        *,
        database: Database,
        log: Log,
        pages: Source,
        bus: Bus,
        clock: Clock | None = None,
        notice: Notice = lambda point, what: None,
        name: str = "",
        beat: float = 1.0,
        stale: float = 5.0,
        poll: float = 1.0,
        slots: int = 8,
    ) -> None:
        """``poll``: seconds between two looks at timers; ``slots``: effects under way at once, per process."""
        names = [one.name for one in processes]
        if len(set(names)) < len(names):
            raise ValueError("Two processes have the same name.")
        self._processes = processes
        self._database = database
        self._log = log
        self._pages = pages
        self._bus = bus
        self._clock = clock or SystemClock()
        self._notice = notice
        self._name = name or f"{socket.gethostname()}:{os.getpid()}"
        self._beat, self._stale, self._poll, self._slots = beat, stale, poll, slots
        self._held: dict[str, tuple[Lease, ProcessWorker, asyncio.Task[None]]] = {}
        self._woken = asyncio.Event()
        self._stopping = False

    @property
    def held(self) -> list[str]:
        """The processes that run here now."""
        return sorted(self._held)

    def stop(self) -> None:
        """End `run` in order: effects under way may finish, leases are given back."""
        self._stopping = True
        self._woken.set()

    async def run(self) -> None:
        """Work until stopped or cancelled. Raises ProcessRefused when the database holds state of newer code.

        A lost connection costs the leases for a moment, no more.
        """
        enrolled = False
        while not self._stopping:
            try:
                if not enrolled:
                    for process in self._processes:
                        await leases.enroll(self._database.writer, process)
                    enrolled = True
                await self._work()
            except (*SESSION_LOST, TimeoutError) as error:
                _logger.warning("The session that holds the processes is lost, connecting again: %r", error)
                await asyncio.sleep(self._beat)

    async def _work(self) -> None:
        connection = await self._database.connect()
        try:
            await prepare(connection)
            while not self._stopping:
                self._woken.clear()
                await self._turn(connection)
                await self._pause()
            await self._end(self._held)
            for lease, _, _ in self._held.values():
                await leases.give_back(connection, lease)
        finally:
            await end(*(task for _, _, task in self._held.values()))
            self._held.clear()
            connection.terminate()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._beat):
                await self._woken.wait()
            # A process that ends at once, again and again, is not to keep the machine busy.
            await asyncio.sleep(self._beat / 10)
        except TimeoutError:
            pass

    async def _turn(self, connection: Connection) -> None:
        for name in [name for name, (_, _, task) in self._held.items() if task.done()]:
            lease, _, task = self._held.pop(name)
            error = None if task.cancelled() else task.exception()
            if isinstance(error, LeaseLost):
                _logger.info("The lease ended: %s.", error)
            elif error is not None:
                _logger.error("The process %s ended.", name, exc_info=error)
            await leases.give_back(connection, lease)
        await leases.beat(connection, self.held)
        for process in self._processes:
            if process.name not in self._held:
                taken = await leases.take(connection, process, self._name, self._stale)
                if taken is not None:
                    self._start(process, taken)

    def _start(self, process: Process[Any], lease: Lease) -> None:
        lane = ProcessWorker(
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
        )
        task = asyncio.create_task(lane.run(), name=f"process {process.name}")
        task.add_done_callback(lambda _: self._woken.set())
        self._held[process.name] = lease, lane, task

    async def _end(self, some: Iterable[str]) -> None:
        tasks = [self._held[name][2] for name in some]
        for name in some:
            self._held[name][1].stop()
        if tasks:
            await asyncio.wait(tasks, timeout=_GRACE)
            await end(*tasks)

    async def _read(self, position: int) -> Envelope:
        (envelope,) = await self._log.read(after=position - 1, until=position, limit=1)
        return envelope


async def run_processes(
    processes: Sequence[Process[Any]],
    *,
    database: Database,
    log: Log,
    pages: Source,
    bus: Bus,
    clock: Clock | None = None,
) -> None:
    """Run the processes until cancelled; effects under way may then finish for a few seconds. See `Runner`."""
    runner = Runner(processes, database=database, log=log, pages=pages, bus=bus, clock=clock)
    running = asyncio.create_task(runner.run(), name="processes")
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        raise
    except Exception:
        # Whoever started this may look at it only at the end.
        _logger.exception("No process runs in this worker.")
        raise
    finally:
        runner.stop()
        await asyncio.gather(running, return_exceptions=True)
