"""The worker as the program is put together: it has views compared though nobody asks for it."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from app.composition.write_side import written
from app.entry.worker import everywhere
from app.settings import Settings
from domain.identity.registration import RegisterUser
from domain.kit.bus.bus import Bus
from domain.kit.caller import Caller
from domain.kit.clock import TimeOrderedIds
from domain.kit.log import AppendReceipt
from projections.kit.store.rebuild_queue import SCHEDULE
from tests.kit.processes import until

pytestmark = pytest.mark.servers


class DaysAgo:
    """A clock that is two days behind."""

    def now(self) -> datetime:
        return datetime.now(UTC) - timedelta(days=2)


async def test_a_worker_compares_views_by_itself(settings: Settings) -> None:
    id = uuid4()
    async with written(settings) as writes:
        bus = Bus(writes.log, writes.codec, DaysAgo(), TimeOrderedIds(), environment="test")
        registration = RegisterUser(id=id, email="ada@example.com", first_name="Ada")
        outcome = await bus.send(registration, by=Caller(tenant_id=uuid4(), user_id=id))
        assert isinstance(outcome, AppendReceipt), outcome
        count = "select count(*) from ops.rebuilds where asked_by = $1 and kind = 'reconcile'"

        async def compared() -> bool:
            return bool(await writes.database.writer.fetchval(count, SCHEDULE))

        assert not await compared()
        stopping = asyncio.Event()
        working = asyncio.create_task(everywhere(settings, stopping))
        try:
            await until(compared)
        finally:
            stopping.set()
            await working
