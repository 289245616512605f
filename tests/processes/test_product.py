"""The product's own processes, put together as a worker does."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from app.composition.write_side import inline_views
from app.entry.processes import Parts, enrolled, processes, run_processes
from app.log.postgres import PostgresLog
from app.settings import Settings
from app.storage.database import Database
from app.telemetry.process_status import ailment, process_statuses
from domain.identity.registration import RegisterUser
from domain.identity.user_commands import ConfirmUserEmail
from domain.kit.bus.bus import Bus
from domain.kit.caller import Caller
from domain.kit.clock import SystemClock, TimeOrderedIds
from domain.kit.codec import PlainCodec
from domain.work.notifications import Notification
from domain.work.task_commands import CreateTask
from projections.kit.follow.pages import Pages
from tests.domain.sending import accepted
from tests.kit.processes import until
from tests.kit.servers import SECRET


async def test_a_reminder_is_told_and_mailed(database: Database, tmp_path: Path) -> None:
    log = PostgresLog(database, inline=await inline_views(database))
    bus = Bus(log, PlainCodec(), SystemClock(), TimeOrderedIds())
    pages = Pages(log, PlainCodec())
    reading = asyncio.create_task(pages.run())
    settings = Settings(secret=SECRET, data_dir=tmp_path)
    declared = processes(Parts(settings=settings, database=database, log=log, bus=bus))
    running = asyncio.create_task(
        run_processes(await enrolled(database, declared), database=database, log=log, pages=pages, bus=bus)
    )
    person, task = uuid4(), uuid4()
    by = Caller(tenant_id=UUID(int=1), user_id=person)
    await accepted(bus, RegisterUser(id=person, email="ann@example.org", first_name="Ann"), by=by)
    await accepted(bus, ConfirmUserEmail(id=person), by=by)
    due = datetime.now(UTC) + timedelta(hours=1)
    await accepted(bus, CreateTask(id=task, title="Mow", due_date=due, assigned_to=person), by=by)
    try:
        # The mail is the last that comes of it.
        await until(lambda: len(list(tmp_path.glob("mail/*.eml"))) == 1)
    finally:
        for background in (running, reading):
            background.cancel()
        await asyncio.gather(running, reading, return_exceptions=True)
        await log.close()
    sent = await database.writer.fetch("select 1 from es.events where type = $1", Notification.Sent.stored_as)
    assert len(sent) == 1
    statuses = {status.process: status for status in await process_statuses(database.writer)}
    status = statuses["work.due_date_reminder"]
    assert ailment(status) == "work.due_date_reminder is run by no worker"
    assert (status.open, status.timers) == (0, 0)
