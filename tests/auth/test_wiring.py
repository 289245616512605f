"""What the programs put together for sessions: each of these is over if its part is left out."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from app.composition.write_side import written
from app.entry.worker import everywhere
from app.storage.database import Connection
from domain.identity.sessions import IDLE, EndSession, StartSession
from domain.kit.bus.bus import Bus
from domain.kit.caller import ACCOUNTS, Caller
from domain.kit.clock import TimeOrderedIds
from domain.kit.log import AppendReceipt
from tests.auth.people import registered
from tests.kit.processes import until
from tests.kit.product import Product

ME = "{ mySessions { nodes { id } } }"


class Earlier:
    """A clock that is as far behind as a session may be idle, and a day more."""

    def now(self) -> datetime:
        return datetime.now(UTC) - IDLE - timedelta(days=1)


async def test_the_worker_ends_sessions_whose_time_is_over(product: Product, owner: Connection) -> None:
    stopping = asyncio.Event()
    working = asyncio.create_task(everywhere(product.settings, stopping))
    begun = "select count(*) from processes.lanes where process = 'identity.session_expiry'"
    ended = "select reason from auth.user_sessions where session_id = $1"
    id = uuid4()

    async def enrolled() -> bool:
        return bool(await owner.fetchval(begun))

    async def expired() -> bool:
        return bool(await owner.fetchval(ended, id) == "expired")

    try:
        await until(enrolled)
        await _started(product, id)
        await until(expired)
    finally:
        stopping.set()
        await working


async def _started(product: Product, id: UUID) -> None:
    """Begin a session whose time is over."""
    async with written(product.settings) as side:
        bus = Bus(side.log, side.codec, Earlier(), TimeOrderedIds(), environment="test")
        start = StartSession(
            id=id,
            user_id=uuid4(),
            tenant_id=None,
            token_hash=uuid4().hex * 2,
            refresh_hash=uuid4().hex * 2,
            method="password",
        )
        by = Caller(tenant_id=ACCOUNTS, user_id=start.user_id)
        assert isinstance(await bus.send(start, by=by), AppendReceipt)


async def test_a_session_that_another_process_ends_is_over_here(product: Product) -> None:
    """Redis would hold it for an hour: who ended it elsewhere died before it told Redis."""
    ada = await registered(product)
    assert (await ada.client.post(ME)).status_code == 200
    async with written(product.settings) as side:
        end = EndSession(id=UUID(ada.given["sessionId"]))
        by = Caller(tenant_id=ACCOUNTS, user_id=ada.id)
        assert isinstance(await side.bus.send(end, by=by), AppendReceipt)

    async def over() -> bool:
        return (await ada.client.post(ME)).status_code == 401

    await until(over)
