"""Timers fire once, when they are due, after everything that could have cancelled them has been read."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from app.telemetry.process_status import process_statuses
from domain.identity.registration import RegisterUser
from domain.kit.bus.bus import Bus
from domain.kit.caller import Caller
from domain.kit.commands import Command
from domain.processes.due_dates import DueDateReminder
from domain.work.task_commands import (
    AssignTask,
    CancelTask,
    CompleteTask,
    CreateTask,
    ReopenTask,
    SetTaskDueDate,
    UnassignTask,
)
from tests.domain.sending import accepted
from tests.kit.processes import until
from tests.processes.working import NOON, SetClock, Works

DUE = NOON + timedelta(days=7)


class Reminded:
    """Reminders in memory."""

    def __init__(self) -> None:
        self.calls: list[tuple[UUID, datetime]] = []
        """Who was reminded, and of which due date."""
        self.failing = False

    async def remind(self, *, tenant_id: UUID, task_id: UUID, person: UUID, due: datetime, key: UUID) -> None:
        if self.failing:
            raise ConnectionError("gone")
        self.calls.append((person, due))


class Desk:
    """Somebody who gives tasks to people and looks who is reminded."""

    def __init__(self, works: Works, bus: Bus, clock: SetClock, person: UUID, other: UUID) -> None:
        self.works, self.bus, self.clock, self.person, self.other = works, bus, clock, person, other
        self.by = Caller(tenant_id=UUID(int=1), user_id=person)
        self.reminded = Reminded()
        self.process = DueDateReminder(self.reminded)

    async def task(self, *, due: datetime | None = DUE, assigned_to: UUID | None = None) -> UUID:
        """A new task, assigned to the first person unless said otherwise."""
        id = uuid4()
        create = CreateTask(id=id, title="Mow", due_date=due, assigned_to=assigned_to or self.person)
        await accepted(self.bus, create, by=self.by)
        return id

    async def passes(self, **span: float) -> None:
        """Time passes, and all that follows from it is done."""
        await self.works.quiet()
        self.clock.pass_(**span)

        async def fired() -> bool:
            query = "select count(*) from processes.timers where due_at <= $1"
            return await self.works.rows(query, self.clock.moment) == [(0,)]

        await until(fired)
        await self.works.quiet()


@pytest.fixture
async def desk(works: Works, bus: Bus, clock: SetClock) -> Desk:
    person, other = uuid4(), uuid4()
    by = Caller(tenant_id=UUID(int=1), user_id=person)
    for id in (person, other):
        register = RegisterUser(id=id, email=f"{id.hex[:8]}@example.org", first_name="Ann")
        await accepted(bus, register, by=by)
    desk = Desk(works, bus, clock, person, other)
    await works.start(desk.process)
    return desk


async def test_reminds_a_day_before_and_once(desk: Desk) -> None:
    await desk.task()
    await desk.passes(days=6, seconds=-1)
    assert desk.reminded.calls == []
    await desk.passes(seconds=1)
    assert desk.reminded.calls == [(desk.person, DUE)]
    await desk.passes(days=100)
    assert desk.reminded.calls == [(desk.person, DUE)]


async def test_another_due_date_means_another_time(desk: Desk) -> None:
    task = await desk.task()
    later = DUE + timedelta(days=1)
    await accepted(desk.bus, SetTaskDueDate(id=task, due_date=later), by=desk.by)
    await desk.passes(days=6)
    assert desk.reminded.calls == []
    await desk.passes(days=1)
    assert desk.reminded.calls == [(desk.person, later)]


async def test_another_assignee_is_reminded_in_place_of_the_first(desk: Desk) -> None:
    task = await desk.task()
    await accepted(desk.bus, AssignTask(id=task, assigned_to=desk.other), by=desk.by)
    await desk.passes(days=6)
    assert desk.reminded.calls == [(desk.other, DUE)]


async def test_a_late_assignee_is_reminded_at_once(desk: Desk) -> None:
    task = await desk.task()
    await desk.passes(days=6, hours=12)
    await accepted(desk.bus, AssignTask(id=task, assigned_to=desk.other), by=desk.by)
    await desk.passes(seconds=1)
    assert desk.reminded.calls == [(desk.person, DUE), (desk.other, DUE)]


def without_due_date(id: UUID) -> SetTaskDueDate:
    return SetTaskDueDate(id=id, due_date=None)


@pytest.mark.parametrize(
    "end",
    [CompleteTask, CancelTask, UnassignTask, without_due_date],
    ids=["completed", "cancelled", "unassigned", "without due date"],
)
async def test_nobody_is_reminded_of_a_task_that_is(desk: Desk, end: Callable[..., Command]) -> None:
    task = await desk.task()
    await accepted(desk.bus, end(id=task), by=desk.by)
    await desk.passes(days=7)
    assert desk.reminded.calls == []


async def test_a_reopened_task_is_reminded_of(desk: Desk) -> None:
    task = await desk.task()
    await accepted(desk.bus, CompleteTask(id=task), by=desk.by)
    await accepted(desk.bus, ReopenTask(id=task), by=desk.by)
    await desk.passes(days=6)
    assert desk.reminded.calls == [(desk.person, DUE)]


async def test_a_date_that_had_passed_is_not_reminded_of(desk: Desk) -> None:
    await desk.task(due=NOON - timedelta(days=1))
    await desk.passes(days=1)
    assert desk.reminded.calls == []


async def test_a_reminder_that_fails_is_taken_back_when_the_task_is_done(desk: Desk) -> None:
    task = await desk.task()
    await desk.works.quiet()
    desk.reminded.failing = True
    desk.clock.pass_(days=6)
    await desk.works.reach("done", "pending")
    await accepted(desk.bus, CompleteTask(id=task), by=desk.by)
    await desk.works.reach("done", "withdrawn")
    desk.reminded.failing = False
    await desk.passes(days=1)
    assert desk.reminded.calls == []


async def test_what_happened_while_nobody_was_at_work_comes_first(desk: Desk) -> None:
    done, open_ = await desk.task(), await desk.task()
    await desk.works.quiet()
    await desk.works.stop(desk.works.runners[0])
    desk.clock.pass_(days=6, hours=1)
    await accepted(desk.bus, CompleteTask(id=done), by=desk.by)
    await desk.works.start(desk.process)
    await desk.passes(seconds=1)
    assert desk.reminded.calls == [(desk.person, DUE)]
    assert await desk.works.rows("select instance from processes.ledger where kind = 'timer'") == [
        (str(open_),)
    ]


async def test_a_clock_that_is_set_back_fires_nothing_twice(desk: Desk) -> None:
    await desk.task()
    await desk.passes(days=6)
    desk.clock.pass_(days=-6)
    await desk.works.stop(desk.works.runners[0])
    await desk.works.start(desk.process)
    await desk.passes(days=6)
    assert desk.reminded.calls == [(desk.person, DUE)]


async def test_knows_years_after_2038(desk: Desk) -> None:
    due = datetime(2999, 12, 31, tzinfo=UTC)
    await desk.task(due=due)
    await desk.passes(days=365 * 100)
    assert desk.reminded.calls == []
    desk.clock.moment = due - timedelta(hours=23)
    await desk.passes(seconds=0)
    assert desk.reminded.calls == [(desk.person, due)]


async def test_two_workers_fire_a_timer_once(desk: Desk) -> None:
    await desk.works.start(desk.process, wait=False)
    for _ in range(5):
        await desk.task()
    await desk.passes(days=6)
    assert len(desk.reminded.calls) == 5
    held = [runner.held for runner in desk.works.runners]
    assert sorted(held) == [[], ["work.due_date_reminder"]]


async def test_another_worker_goes_on_when_one_ends(desk: Desk) -> None:
    await desk.task()
    await desk.works.quiet()
    second = await desk.works.start(desk.process, wait=False)
    await desk.works.stop(desk.works.runners[0])
    await until(lambda: bool(second.held))
    await desk.passes(days=6)
    assert desk.reminded.calls == [(desk.person, DUE)]
    [status] = await process_statuses(desk.works.database.writer)
    assert (status.timers, status.open, status.parked, status.lag_events) == (0, 0, 0, 0)
