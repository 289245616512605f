"""The whole product's data in one place: sealed log, all views in all stores, and the processes of privacy."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from opensearchpy import AsyncOpenSearch
from redis.asyncio import Redis

from app.contexts import VIEWS
from app.keys import KeyRing, SealingCodec, opened_ring
from app.log.postgres import PostgresLog
from app.privacy.export.files import ExportFiles
from app.privacy.factory import desk, export_files, privacy_processes, search_of
from app.privacy.search.search import SubjectSearch
from app.processes.lease import enroll
from app.processes.runner import Runner
from app.settings import Settings
from app.storage.database import Database
from domain.kit.bus.bus import Bus
from domain.kit.caller import Caller
from domain.kit.clock import SystemClock, TimeOrderedIds
from domain.kit.commands import Command
from domain.kit.log import AppendReceipt
from domain.kit.permissions import ROLES
from domain.kit.process.process import Process
from domain.kit.refusals import Refusal
from projections.governance.privacy import DataSubject, Privacy
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.view import View
from projections.kit.follow.inline import Inline
from projections.kit.follow.pages import Pages
from projections.kit.read.live_generations import LiveGenerations
from projections.kit.read.postgres_reader import PostgresRows
from projections.kit.store.generations import enroll_all
from projections.kit.store.postgres_store import PostgresStore
from projections.kit.store.store import Store
from tests.kit.processes import until
from tests.rebuild.rebuilding import House
from tests.views.place import Place


@dataclass
class SealedHouse(House):
    """A house whose Postgres stores open what they are to show, and that rebuilds all of the product's views."""

    ring: KeyRing = field(kw_only=True)

    def _made(self, view: View[Any], generation: int) -> Store[Any]:
        if isinstance(view, PostgresView):
            database = self.place.database
            return PostgresStore(type(view), database.writer, database.owner, generation, self.ring)
        return super()._made(view, generation)


@dataclass
class Estate:
    """What tests of privacy stand on."""

    settings: Settings
    database: Database
    ring: KeyRing
    codec: SealingCodec
    log: PostgresLog
    pages: Pages
    bus: Bus
    redis: Redis
    house: SealedHouse
    live: LiveGenerations
    processes: Sequence[Process[Any]]
    search: SubjectSearch

    @property
    def rows(self) -> PostgresRows:
        """Reads views."""
        return PostgresRows(self.database, self.live)

    @property
    def desk(self) -> Privacy:
        """What people ask."""
        return desk(self.bus, self.rows, self.database, self.ring)

    @property
    def files(self) -> ExportFiles:
        """The folder of exports."""
        return export_files(self.settings, self.ring, self.rows, self.database)

    async def send(self, command: Command, by: Caller) -> AppendReceipt:
        """The receipt of a command that must not be refused."""
        return accepted(await self.bus.send(command, by=by))

    def request(self, by: Caller) -> DataSubject:
        """Somebody who asks for something about data."""
        return DataSubject(by=by, command_id=uuid4())

    async def settled(self) -> None:
        """Wait until views have folded all and processes have done all."""

        async def quiet() -> bool:
            # As of one moment: what a process did a moment ago may be what another one reacts to.
            return not await self.database.writer.fetchval(
                """select exists (select from processes.lanes
                                   where position < (select max(position) from es.events))
                       or exists (select from processes.ledger where finished_at is null)"""
            )

        await until(quiet, seconds=240)
        await self.house.followed()

    @asynccontextmanager
    async def acting(self) -> AsyncIterator[Runner]:
        """A worker that runs the processes of privacy."""
        runner = self.runner()
        task = asyncio.create_task(runner.run())
        try:
            await until(lambda: len(runner.held) == len(self.processes))
            yield runner
        finally:
            runner.stop()
            await task

    def runner(self) -> Runner:
        """A worker that is not started yet."""
        return Runner(
            self.processes,
            database=self.database,
            log=self.log,
            pages=self.pages,
            bus=self.bus,
            beat=0.05,
            poll=0.02,
        )


def somebody(tenant: UUID, role: str = "owner", user: UUID | None = None) -> Caller:
    """A caller with a role's permissions."""
    return Caller(tenant_id=tenant, user_id=user or uuid4(), permissions=ROLES[role])


def accepted(outcome: AppendReceipt | Refusal) -> AppendReceipt:
    """The receipt of what must not be refused."""
    assert isinstance(outcome, AppendReceipt), outcome
    return outcome


@asynccontextmanager
async def opened_estate(settings: Settings, *, rebuilding: bool = True) -> AsyncIterator[Estate]:
    """An estate on the stores that the settings name, with a rebuilder or without."""
    async with AsyncExitStack() as stack:
        database = await Database.open(settings.database_url, secret=settings.secret)
        stack.push_async_callback(database.close)
        ring = await stack.enter_async_context(opened_ring(settings, database))
        codec = SealingCodec(ring)
        views = [view() for view in VIEWS]
        generations = await enroll_all(database.writer, VIEWS)
        redis = await stack.enter_async_context(Redis.from_url(settings.redis_url))
        client = await stack.enter_async_context(AsyncOpenSearch(settings.opensearch_url))
        reading = PostgresLog(database)
        pages = Pages(reading, codec, poll=0.05)
        house = SealedHouse(
            Place(database, reading, pages),
            views,
            redis,
            client,
            settings.index_prefix,
            ring=ring,
        )
        for view in views:
            await house.store(view, generations[view.name]).prepare()

        def store(view: PostgresView[Any], generation: int) -> PostgresStore[Any]:
            return PostgresStore(type(view), database.writer, database.owner, generation, ring)

        inline = Inline(
            [view for view in views if isinstance(view, PostgresView) and view.inline], codec, store
        )
        await inline.catch_up(database.writer)
        log = PostgresLog(database, inline=inline)
        stack.push_async_callback(log.close)
        following = asyncio.create_task(pages.run())
        stack.callback(following.cancel)
        bus = Bus(
            log, codec, SystemClock(), TimeOrderedIds(), source="tests", environment="test", region="here"
        )
        live = await stack.enter_async_context(house.working(rebuilding=rebuilding))
        processes = await stack.enter_async_context(
            privacy_processes(settings, database=database, bus=bus, codec=codec, keys=ring)
        )
        for process in processes:
            # They do what is asked before a worker runs them, too.
            await enroll(database.writer, process)
        yield Estate(
            settings=settings,
            database=database,
            ring=ring,
            codec=codec,
            log=log,
            pages=pages,
            bus=bus,
            redis=redis,
            house=house,
            live=live,
            processes=processes,
            search=search_of(settings, database, ring, redis, client),
        )
