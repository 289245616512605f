"""What goes on in the background of a worker and of the API: what is left out at the start is missing here."""

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import httpx

from app.contexts import VIEWS
from app.embedded.postgres import Postgres
from app.entry.worker import everywhere
from app.http.listener import listening
from app.settings import Settings
from app.storage.migrate import migrate
from projections.kit.declare.search import SearchView
from tests.kit.processes import until
from tests.kit.product import running
from tests.kit.servers import SECRET

PROCESSES = (
    "campaigns.mail_feedback",
    "campaigns.sender_mails",
    "campaigns.sending",
    "campaigns.starts",
    "campaigns.subscription_mails",
    "commerce.order_payments",
    "gateway.anomaly_detection",
    "gateway.connector_pulls",
    "gateway.event_export",
    "gateway.import",
    "gateway.pattern_detection",
    "gateway.replay_job",
    "gateway.webhook_deliveries",
    "governance.departures",
    "governance.erasure",
    "governance.export",
    "identity.account_lapse",
    "identity.address_proofs",
    "identity.anonymising",
    "identity.mails",
    "identity.session_expiry",
    "marketing.import",
    "operations.moving",
    "operations.provisioning",
    "operations.slug_reservations",
    "operations.tenant_adoptions",
    "tenancy.names",
    "work.due_date_reminder",
    "work.notification_mails",
    "work.notifications",
    "work.project_memberships",
)
LANES = [view.name for view in VIEWS if not view.inline and not issubclass(view, SearchView)]
WORKER = {
    "files",
    "health",
    "keys listener",
    "lane reports",
    "progress of processes",
    "late accesses",
    "live generations",
    "log pages",
    "news",
    "partitions",
    "placements",
    "processes",
    "rebuilding",
    "reconciling",
    "retention",
    "silos",
    "stop",
    *(f"lane {name}" for name in LANES),
    *(f"process {name}" for name in PROCESSES),
    *(f"{name} {does}" for name in PROCESSES for does in ("follows", "forgets", "works")),
}
API = {
    "access log",
    "attempts",
    "cells",
    "database probe",
    "health",
    "key uses",
    "keys listener",
    "live generations",
    "log feed",
    "news",
    "placements",
    "sessions",
}
NEEDED = {"keys of people", "log appender", "log copy", "log partitions", "positions"}
"""What is begun when it is needed, and ends when it is not."""


def named() -> set[str]:
    """The tasks of this process that somebody gave a name."""
    names = {task.get_name() for task in asyncio.all_tasks()}
    return {name for name in names if not name.startswith("Task-")} - NEEDED


async def begun(expected: set[str], before: set[str]) -> set[str]:
    """What has been begun since ``before``, once that is all that is expected, or nothing more is to come."""
    with contextlib.suppress(TimeoutError):
        await until(lambda: expected <= named() - before)
    return named() - before


async def test_a_worker_runs_all_that_it_should(settings: Settings) -> None:
    before, stopping = named(), asyncio.Event()
    # A task without a name of its own.
    working = asyncio.create_task(everywhere(settings, stopping))
    try:
        assert await begun(WORKER, before) == WORKER
    finally:
        stopping.set()
        await working
    await until(lambda: named() <= before)


async def test_the_api_runs_all_that_it_should(settings: Settings) -> None:
    before = named()
    async with running(settings):
        assert await begun(API, before) == API
    await until(lambda: named() <= before)


async def test_the_api_starts_when_postgres_comes(tmp_path: Path, redis_url: str) -> None:
    server = Postgres(tmp_path / "data", sockets=tmp_path / "run", log=tmp_path / "log", durable=False)
    server.start()
    await server.ready()
    await migrate(server.url, secret=SECRET)
    await server.stop()
    settings = Settings(data_dir=tmp_path, database_url=server.url, redis_url=redis_url, secret=SECRET)
    with listening("127.0.0.1", 0) as listener:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app.cli", "api", "--fd", str(listener.fileno())),
            env={**os.environ, **settings.environ()},
            pass_fds=(listener.fileno(),),
            stderr=PIPE,
        )
        try:
            assert process.stderr is not None
            async with asyncio.timeout(120):
                said = await process.stderr.readline()
            assert b"waiting for it" in said
            server.start()
            await server.ready()
            # It waits for the process, for somebody listens already.
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            async with httpx.AsyncClient(base_url=url, timeout=120) as client:
                assert (await client.get("/health/ready")).status_code == 200
        finally:
            process.terminate()
            await process.communicate()
            await server.stop()
