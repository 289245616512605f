"""``headwater audit``, and the worker's daily run of the same."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from api.kit.schema.access_log import AccessRecord
from app.audit.access_writer import recording
from app.audit.retention import keep_retention
from app.entry.worker import everywhere
from app.settings import Settings
from app.storage.database import Database
from domain.kit.clock import SystemClock
from tests.audit.accesses import access
from tests.kit.processes import until
from tests.operations.command_line import CommandLine, register

TENANT, ADA, EVE = uuid4(), uuid4(), uuid4()
LATELY = datetime.now(UTC) - timedelta(days=1)
LONG_AGO = datetime(2020, 5, 5, tzinfo=UTC)


@pytest.fixture
def run(settings: Settings) -> CommandLine:
    """Run commands, each in an event loop of its own, where the tenant is known."""
    asyncio.run(register(settings, TENANT, "audited"))
    return CommandLine(settings)


def note(settings: Settings, *records: AccessRecord) -> None:
    """Write accesses."""

    async def work() -> None:
        database = await Database.open(settings.database_url, secret=settings.secret, writers=1, readers=1)
        async with recording(database.writer) as writer:
            for record in records:
                writer.note(record)
        await database.close()

    asyncio.run(work())


def shown(run: CommandLine, *words: str) -> list[str]:
    """The operations that ``audit show`` lists."""
    ran = run("audit", "show", "--tenant", str(TENANT), *words, "--json")
    assert ran.code == 0
    return [record["operation"] for record in ran.json]


def test_show_lists_by_person_subject_and_time(run: CommandLine, settings: Settings) -> None:
    note(
        settings,
        access(TENANT, operation="Old", at=LATELY - timedelta(days=9), user_id=ADA),
        access(TENANT, operation="New", at=LATELY, user_id=EVE, subjects=(ADA,)),
        access(UUID(int=9), operation="Foreign", at=LATELY),
    )
    assert shown(run) == ["New", "Old"]
    assert len(run("audit", "show", "--tenant", "audited", "--json").json) == 2
    assert shown(run, "--user", str(ADA)) == ["Old"]
    assert shown(run, "--subject", str(ADA)) == ["New"]
    assert shown(run, "--since", f"{LATELY - timedelta(days=2):%Y-%m-%d}") == ["New"]
    assert shown(run, "--limit", "1") == ["New"]
    table = run("audit", "show", "--user", str(EVE)).out
    head = "AT TENANT_ID USER_ID KIND ASKED_BY OPERATION ROOT_FIELDS SUBJECTS REVEALED OUTCOME"
    assert table.splitlines()[0].split() == head.split()
    assert all(str(id) in table for id in (EVE, TENANT, ADA))
    table = run("audit", "show", "--tenant", str(TENANT)).out
    assert table.splitlines()[0].split() == head.replace("TENANT_ID ", "").split()
    assert all(str(id) in table for id in (EVE, ADA))


def test_retain_says_what_went_and_then_that_nothing_is_left(run: CommandLine, settings: Settings) -> None:
    note(settings, access(TENANT, at=LONG_AGO), access(uuid4(), at=LONG_AGO))
    gone = {"log": "audit.data_access", "month": "2020-05-01T00:00:00+00:00", "rows": 2, "tenants": 2}
    assert run("audit", "retain", "--dry-run", "--json").json == [gone]
    assert run("audit", "retain").out.splitlines()[1].split() == ["audit.data_access", "2020-05", "2", "2"]
    assert run("audit", "retain").out == "Nothing is old enough to be dropped.\n"


async def test_the_worker_lets_old_months_go_by_itself(settings: Settings) -> None:
    """As the program is put together: nobody asks for it."""
    database = await Database.open(settings.database_url, secret=settings.secret, writers=2, readers=1)
    tenant, old = uuid4(), datetime.now(UTC) - timedelta(days=900)
    async with recording(database.writer) as writer:
        writer.note(access(tenant, at=old))
    there = "select count(*) from audit.data_access where tenant_id = $1"
    assert await database.writer.fetchval(there, tenant) == 1
    stopping = asyncio.Event()
    working = asyncio.create_task(everywhere(settings, stopping))

    async def gone() -> bool:
        return bool(await database.writer.fetchval(there, tenant) == 0)

    try:
        await until(gone)
    finally:
        stopping.set()
        await working
        await database.close()


async def test_a_worker_does_it_and_goes_on_after_a_failure(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    database = await Database.open(settings.database_url, secret=settings.secret, writers=2, readers=1)
    async with recording(database.writer) as writer:
        writer.note(access(TENANT, at=datetime.now(UTC) - timedelta(days=800)))
    attempts = asyncio.Semaphore(0)

    class Failing(SystemClock):
        """Fails the first time that it is asked."""

        times = 0

        def now(self) -> datetime:
            self.times += 1
            attempts.release()
            if self.times == 1:
                raise OSError("no clock")
            return super().now()

    task = asyncio.create_task(keep_retention(database, Failing(), pause=0.001))
    for _ in range(3):
        await attempts.acquire()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert "could not be dropped" in caplog.text
    owner = await database.owner()
    assert await owner.fetchval(
        "select count(*) from audit.anchors where rows = 1 and tenant_id = $1", TENANT
    )
    await owner.close()
    await database.close()
