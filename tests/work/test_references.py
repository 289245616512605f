"""What tasks and projects refer to, on the real log: it must live, in the same tenant (WRK-04)."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from app.log.postgres import PostgresLog
from app.storage.database import Database
from domain.identity.registration import RegisterUser
from domain.kit.bus.bus import Bus
from domain.kit.caller import Caller
from domain.kit.clock import SystemClock, TimeOrderedIds
from domain.kit.codec import PlainCodec
from domain.kit.commands import Command
from domain.kit.log import AppendReceipt
from domain.kit.refusals import AlreadyTaken, NotFound
from domain.work.project_commands import AddProjectMember, ArchiveProject, CreateProject
from domain.work.projects import ProjectIsArchived
from domain.work.task_commands import AssignTask, CreateTask, MoveTask
from tests.kit.servers import SECRET

OURS, THEIRS = UUID(int=1), UUID(int=2)


@pytest.fixture(scope="module")
async def bus(database_url: str) -> AsyncIterator[Bus]:
    database = await Database.open(database_url, secret=SECRET, writers=2, readers=2)
    log = PostgresLog(database)
    yield Bus(log, PlainCodec(), SystemClock(), TimeOrderedIds())
    await log.close()
    await database.close()


async def created(bus: Bus, command: Command, by: Caller) -> UUID:
    """The id of what a command made, that must not be refused."""
    outcome = await bus.send(command, by=by)
    assert isinstance(outcome, AppendReceipt), outcome
    return UUID(str(command.__dict__["id"]))


async def a_person(bus: Bus, tenant: UUID) -> Caller:
    """Somebody new in a tenant, who may send commands."""
    id = uuid4()
    command = RegisterUser(id=id, email=f"{id.hex}@example.com", first_name="Anna")
    caller = Caller(tenant_id=tenant, user_id=id)
    await created(bus, command, caller)
    return caller


async def missing(bus: Bus, command: Command, by: Caller) -> str | None:
    """The field whose id names nothing in the sender's tenant."""
    outcome = await bus.send(command, by=by)
    assert isinstance(outcome, NotFound), outcome
    return outcome.field


async def test_a_creator_who_is_nobody_is_refused(bus: Bus) -> None:
    nobody = Caller(tenant_id=OURS, user_id=uuid4())
    assert await missing(bus, CreateTask(id=uuid4(), title="Write"), nobody) == "created_by"
    assert await missing(bus, CreateProject(id=uuid4(), name="Website"), nobody) == "owner_id"


async def test_a_creator_of_another_tenant_is_refused(bus: Bus) -> None:
    them = await a_person(bus, THEIRS)
    stranger = Caller(tenant_id=OURS, user_id=them.user_id)
    assert await missing(bus, CreateTask(id=uuid4(), title="Write"), stranger) == "created_by"


async def test_an_assignee_must_be_a_person_of_the_tenant(bus: Bus) -> None:
    us, colleague, them = [await a_person(bus, tenant) for tenant in (OURS, OURS, THEIRS)]
    task = await created(bus, CreateTask(id=uuid4(), title="Write", assigned_to=colleague.user_id), us)
    for wrong in (uuid4(), them.user_id, task):
        create = CreateTask(id=uuid4(), title="Write", assigned_to=wrong)
        assert await missing(bus, create, us) == "assigned_to"
        assert await missing(bus, AssignTask(id=task, assigned_to=wrong), us) == "assigned_to"


async def test_a_project_must_be_of_the_tenant(bus: Bus) -> None:
    us, them = await a_person(bus, OURS), await a_person(bus, THEIRS)
    task = await created(bus, CreateTask(id=uuid4(), title="Write"), us)
    foreign = await created(bus, CreateProject(id=uuid4(), name="Website"), them)
    for wrong in (uuid4(), foreign, us.user_id):
        create = CreateTask(id=uuid4(), title="Write", project_id=wrong)
        assert await missing(bus, create, us) == "project_id"
        assert await missing(bus, MoveTask(id=task, project_id=wrong), us) == "project_id"


async def test_a_member_must_be_a_person_of_the_tenant(bus: Bus) -> None:
    us, them = await a_person(bus, OURS), await a_person(bus, THEIRS)
    project = await created(bus, CreateProject(id=uuid4(), name="Website"), us)
    for wrong in (uuid4(), them.user_id, project):
        assert await missing(bus, AddProjectMember(id=project, user_id=wrong), us) == "user_id"


async def test_a_task_of_another_tenant_is_not_there(bus: Bus) -> None:
    us, them = await a_person(bus, OURS), await a_person(bus, THEIRS)
    task = await created(bus, CreateTask(id=uuid4(), title="Write"), us)
    assert await missing(bus, AssignTask(id=task, assigned_to=them.user_id), them) == "id"


async def test_an_archived_project_takes_no_task(bus: Bus) -> None:
    us = await a_person(bus, OURS)
    project = await created(bus, CreateProject(id=uuid4(), name="Website"), us)
    await created(bus, ArchiveProject(id=project), us)
    outcome = await bus.send(CreateTask(id=uuid4(), title="Write", project_id=project), by=us)
    assert isinstance(outcome, ProjectIsArchived)
    assert outcome.field == "project_id"


async def test_one_address_is_one_person_in_a_tenant(bus: Bus) -> None:
    us = await a_person(bus, OURS)
    await created(bus, RegisterUser(id=uuid4(), email="clara@example.com", first_name="Clara"), us)
    for email in ("clara@example.com", "Clara@Example.COM"):
        outcome = await bus.send(RegisterUser(id=uuid4(), email=email, first_name="Clara"), by=us)
        assert isinstance(outcome, AlreadyTaken)
        assert outcome.field == "email"


async def test_one_address_may_be_somebody_in_each_tenant(bus: Bus) -> None:
    us, them = await a_person(bus, OURS), await a_person(bus, THEIRS)
    for caller in (us, them):
        await created(bus, RegisterUser(id=uuid4(), email="dora@example.com", first_name="Dora"), caller)
