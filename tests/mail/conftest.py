"""A database for each test, a bus on it whose clock the test sets, and workers of the product's processes."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.embedded.postgres import Postgres
from app.entry.processes import Parts, processes
from app.keys import KeyRing, SealingCodec, opened_ring
from app.log.postgres import PostgresLog
from app.settings import Settings
from app.storage.database import Database
from domain.kit.bus.bus import Bus
from domain.kit.clock import TimeOrderedIds
from domain.kit.process.process import Process
from tests.kit.servers import SECRET, fresh_database
from tests.mail.server import Inbox, mail_server
from tests.processes.working import SetClock, Works

BuildProcesses = Callable[..., list[Process[Any]]]


@pytest.fixture
async def database_url(postgres: Postgres) -> AsyncIterator[str]:
    """The owner's URL of a migrated database that only this test uses."""
    async with fresh_database(postgres) as url:
        yield url


@pytest.fixture
async def settings(database_url: str, smtp_port: int, tmp_path: Path) -> Settings:
    """Settings that lead to this test's database and mail server."""
    return Settings(
        data_dir=tmp_path,
        database_url=database_url,
        secret=SECRET,
        smtp_url=f"smtp://127.0.0.1:{smtp_port}",
        mail_from="Headwater <no-reply@example.com>",
        public_url="https://headwater.example.com/",
    )


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    opened = await Database.open(settings.database_url, secret=SECRET, writers=8, readers=4)
    yield opened
    await opened.close()


@pytest.fixture
async def ring(settings: Settings, database: Database) -> AsyncIterator[KeyRing]:
    """The keys under which this test's personal data is sealed."""
    async with opened_ring(settings, database) as opened:
        yield opened


@pytest.fixture
async def works(database: Database, ring: KeyRing) -> AsyncIterator[Works]:
    log, clock = PostgresLog(database), SetClock()
    bus = Bus(
        log, SealingCodec(ring), clock, TimeOrderedIds(), source="tests", environment="test", region="here"
    )
    works = Works(database, log, bus, clock)
    yield works
    await works.close()
    await log.close()


@pytest.fixture
async def inbox() -> Inbox:
    """What the mail server of this test was sent."""
    return Inbox()


@pytest.fixture
async def smtp_port(inbox: Inbox) -> AsyncIterator[int]:
    async with mail_server(inbox) as port:
        yield port


@pytest.fixture
def build(works: Works, ring: KeyRing, settings: Settings) -> BuildProcesses:
    """The product's processes, which mail to the test's server, or to another port."""

    def make(port: int | None = None) -> list[Process[Any]]:
        mailing = settings if port is None else replace(settings, smtp_url=f"smtp://127.0.0.1:{port}")
        return processes(
            Parts(
                settings=mailing,
                database=works.database,
                log=works.log,
                bus=works.bus,
                codec=SealingCodec(ring),
                opening=ring,
                clock=works.clock,
            )
        )

    return make
