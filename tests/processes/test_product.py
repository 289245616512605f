"""The product's own processes, put together as a worker does."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from app.assembly import inline_views
from app.database import Database
from app.log.postgres import PostgresLog
from app.processes import enrolled, run_processes
from app.processes.status import ailment, process_statuses
from domain.identity.users import RegisterUser
from domain.kit.bus import Bus
from domain.kit.caller import Caller
from domain.kit.clock import SystemClock, TimeOrderedIds
from domain.kit.codec import PlainCodec
from domain.work.task_commands import CreateTask
from projections.kit.pages import Pages
from tests.domain.sending import accepted
from tests.kit.processes import until


async def test_a_reminder_is_a_line_of_the_log(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "app.processes.reminders")
    log = PostgresLog(database, inline=await inline_views(database))
    bus = Bus(log, PlainCodec(), SystemClock(), TimeOrderedIds())
    pages = Pages(log, PlainCodec())
    reading = asyncio.create_task(pages.run())
    running = asyncio.create_task(
        run_processes(await enrolled(database), database=database, log=log, pages=pages, bus=bus)
    )
    person, task = uuid4(), uuid4()
    by = Caller(tenant_id=UUID(int=1), user_id=person)
    await accepted(bus, RegisterUser(id=person, email="ann@example.org", first_name="Ann"), by=by)
    due = datetime.now(UTC) + timedelta(hours=1)
    await accepted(bus, CreateTask(id=task, title="Mow", due_date=due, assigned_to=person), by=by)
    try:
        await until(lambda: any(str(task) in line for line in caplog.messages), seconds=20)
    finally:
        for one in (running, reading):
            one.cancel()
        await asyncio.gather(running, reading, return_exceptions=True)
        await log.close()
    [status] = await process_statuses(database.writer)
    assert ailment(status) == "work.due_date_reminder is run by no worker"
    assert (status.open, status.timers) == (0, 0)
