"""Workers of processes in the test's own process, and what they left in the tables."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from app.log.postgres import PostgresLog
from app.processes.runner import Runner
from app.storage.database import Database
from domain.kit.bus.bus import Bus
from domain.kit.codec import PlainCodec
from domain.kit.process.process import Process
from projections.kit.follow.pages import Pages
from tests.domain.sending import accepted, an_account
from tests.domain.toys import Pay
from tests.kit.processes import until

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


@dataclass
class SetClock:
    """A clock that stands until a test moves it, or goes on by ``tick`` seconds whenever it is looked at."""

    moment: datetime = NOON
    tick: float = 0

    def now(self) -> datetime:
        self.moment += timedelta(seconds=self.tick)
        return self.moment

    def pass_(self, **span: float) -> None:
        """Let time pass; keyword arguments as for a timedelta."""
        self.moment += timedelta(**span)


@dataclass
class Works:
    """Workers on one database."""

    database: Database
    log: PostgresLog
    bus: Bus
    clock: SetClock
    runners: list[Runner] = field(default_factory=list)
    _tasks: "list[tuple[Runner, asyncio.Task[None], asyncio.Task[None]]]" = field(default_factory=list)

    async def start(
        self,
        *processes: Process[Any],
        notice: Callable[[str, str], None] = lambda point, what: None,
        stale: float = 5.0,
        slots: int = 8,
        wait: bool = True,
    ) -> Runner:
        """A worker; waits until it holds all its processes unless told otherwise."""
        pages = Pages(self.log, PlainCodec(), poll=0.05)
        runner = Runner(
            processes,
            database=self.database,
            log=self.log,
            pages=pages,
            bus=self.bus,
            clock=self.clock,
            notice=notice,
            beat=0.05,
            stale=stale,
            poll=0.02,
            slots=slots,
        )
        self._tasks.append((runner, asyncio.create_task(runner.run()), asyncio.create_task(pages.run())))
        self.runners.append(runner)
        if wait:
            await until(lambda: len(runner.held) == len(processes))
        return runner

    async def stop(self, runner: Runner) -> None:
        """End a worker in order."""
        for task in [task for task in self._tasks if task[0] is runner]:
            self._tasks.remove(task)
            runner.stop()
            await task[1]
            task[2].cancel()
            await asyncio.gather(task[2], return_exceptions=True)

    async def close(self) -> None:
        """End them all."""
        for runner, _, _ in list(self._tasks):
            await self.stop(runner)

    async def rows(self, query: str, *arguments: object) -> list[tuple[Any, ...]]:
        """What a query answers, as the writer."""
        return [tuple(row) for row in await self.database.writer.fetch(query, *arguments)]

    async def statuses(self) -> list[tuple[str, str]]:
        """Key and status of all rows of the ledger, in order."""
        return [
            (key, status)
            for key, status in await self.rows("select key, status from processes.ledger order by id")
        ]

    async def open(self) -> int:
        """How many rows of the ledger are not finished."""
        return int((await self.rows("select count(*) from processes.ledger where finished_at is null"))[0][0])

    async def quiet(self, position: int | None = None) -> None:
        """Wait until all up to the position (the head by default) is reacted to, and all effects are done."""
        head = await self.log.head() if position is None else position

        async def done() -> bool:
            behind = await self.rows("select process from processes.lanes where position < $1", head)
            return not behind and not await self.open()

        await until(done)

    async def reach(self, *statuses: str) -> None:
        """Wait until the ledger's rows have these statuses, in order of their ids."""

        async def reached() -> bool:
            return [status for _, status in await self.statuses()] == list(statuses)

        await until(reached)


def deeds(rows: Iterable[tuple[Any, ...]]) -> list[str]:
    """The texts of the deeds."""
    return [str(row[0]) for row in rows]


async def pay(bus: Bus, *amounts: int, account: UUID | None = None) -> UUID:
    """The account from which these amounts were paid."""
    account = account or await an_account(bus)
    for amount in amounts:
        await accepted(bus, Pay(id=account, amount=amount))
    return account
