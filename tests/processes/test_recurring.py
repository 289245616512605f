"""What a schedule causes: once for each time that comes, over all workers, whatever becomes of them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from app.processes.lease import enroll
from app.storage.database import Connection
from domain.kit.bus.bus import Bus
from domain.kit.process.effects import Call
from domain.kit.process.schedules import occurrence_id
from tests.domain.sending import an_account
from tests.kit.process_worker import child_of
from tests.kit.processes import until
from tests.processes.outside import StoredOutside
from tests.processes.toys import Rent
from tests.processes.working import SetClock, Works


class Landlord:
    """Takes the rent, in memory."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    async def call(self, what: str, call: Call[Any]) -> str:
        self.calls.append(what)
        return what

    @property
    def days(self) -> list[str]:
        return [what[:11] for what in self.calls]


async def _pass(works: Works, **span: float) -> None:
    await works.quiet()
    works.clock.pass_(**span)

    async def fired() -> bool:
        return await works.rows(
            "select count(*) from processes.timers where due_at <= $1", works.clock.moment
        ) == [(0,)]

    await until(fired)
    await works.quiet()


async def test_each_time_that_comes_is_the_cause_of_one_occurrence(
    works: Works, bus: Bus, clock: SetClock
) -> None:
    landlord = Landlord()
    clock.moment = datetime(2026, 10, 24, 12, tzinfo=UTC)
    await works.start(Rent(landlord))
    await works.start(Rent(landlord), wait=False)
    account = await an_account(bus)
    for _ in range(48):
        await _pass(works, hours=1)
    assert landlord.days == ["10-25 00:30", "10-26 01:30"]
    due = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert landlord.calls[0].endswith(str(occurrence_id(account, due)))


async def test_of_what_went_by_while_nobody_was_at_work_one_comes_late(
    works: Works, bus: Bus, clock: SetClock
) -> None:
    landlord = Landlord()
    clock.moment = datetime(2026, 10, 1, 12, tzinfo=UTC)
    first = await works.start(Rent(landlord))
    await an_account(bus)
    await works.quiet()
    await works.stop(first)
    clock.pass_(days=20)
    await works.start(Rent(landlord))
    await _pass(works, seconds=1)
    assert landlord.days == ["10-02 00:30"]
    await _pass(works, days=1)
    assert landlord.days == ["10-02 00:30", "10-22 00:30"]


async def test_a_clock_that_is_set_back_brings_no_time_twice(works: Works, bus: Bus, clock: SetClock) -> None:
    landlord = Landlord()
    clock.moment = datetime(2026, 10, 1, 12, tzinfo=UTC)
    await works.start(Rent(landlord))
    await an_account(bus)
    await _pass(works, days=1)
    await _pass(works, days=-1)
    await _pass(works, days=2)
    assert landlord.days == ["10-02 00:30", "10-03 00:30"]


async def test_a_worker_killed_at_any_point_loses_no_time_and_does_none_twice(
    works: Works, bus: Bus, clock: SetClock, owner: Connection, database_url: str
) -> None:
    await StoredOutside.make(owner)
    await enroll(works.database.writer, Rent)
    point, ended = 0, "exit -9"
    async with child_of("tests.processes.child", database_url, "rent") as child:
        while ended == "exit -9":
            point += 1
            # A time long gone, so that it is due at once, and the next one not before tomorrow.
            clock.moment = datetime.now(UTC) - timedelta(days=3)
            await an_account(bus)
            ended = await child.run(point)
            if ended == "exit -9":
                assert await child.run() == "exit 0"
            [(what, calls)] = await owner.fetch("select what, calls from public.deeds")
            assert calls <= 2, f"killed at {point}"
            assert UUID(what[12:]).version == 5
            await owner.execute("delete from public.deeds")
    assert ended == "exit 0"
    assert point > 3
