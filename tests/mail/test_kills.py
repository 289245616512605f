"""A worker killed at any point: people are told once and mailed once, whatever had happened by then."""

from collections import Counter
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from app.processes.lease import enroll
from app.settings import Settings
from domain.identity.account_commands import OpenAccount
from domain.identity.registration import RegisterUser
from domain.identity.user_commands import ConfirmUserEmail
from domain.kit.caller import ACCOUNTS, SYSTEM, Caller
from domain.work.task_commands import CreateTask
from tests.domain.sending import accepted
from tests.kit.process_worker import Child, child_of
from tests.mail.conftest import BuildProcesses
from tests.mail.server import Inbox
from tests.processes.working import Works

ANN, BOB = UUID(int=1), UUID(int=2)
ANNS = Caller(tenant_id=UUID(int=10), user_id=ANN)


@pytest.fixture
async def child(settings: Settings, works: Works, build: BuildProcesses) -> AsyncIterator[Child]:
    for declared in build():
        await enroll(works.database.writer, declared)
    async with child_of("tests.mail.child", environ=settings.environ()) as child:
        yield child


async def test_a_welcome_is_one_message_wherever_its_worker_is_killed(
    child: Child, works: Works, inbox: Inbox
) -> None:
    by, ended, point = Caller(tenant_id=ACCOUNTS, user_id=SYSTEM), "exit -9", 0
    while ended == "exit -9":
        point += 1
        email = f"ann{point}@example.org"
        await accepted(works.bus, OpenAccount(id=uuid4(), email=email, first_name="Ann"), by=by)
        ended = await child.run(point)
        if ended == "exit -9":
            assert await child.run(0) == "exit 0"
        assert inbox.recipients[-1] == [email], f"killed at {point}"
    assert ended == "exit 0"
    assert point > 3
    # Between a call and its mark a kill makes a second delivery, which carries the first one's id.
    assert len(set(inbox.ids)) == point
    assert len(inbox.ids) <= point + 1


async def test_a_person_is_told_once_wherever_the_worker_is_killed(
    child: Child, works: Works, inbox: Inbox
) -> None:
    for person, name in ((ANN, "ann"), (BOB, "bob")):
        register = RegisterUser(id=person, email=f"{name}@example.org", first_name=name)
        await accepted(works.bus, register, by=ANNS)
        await accepted(works.bus, ConfirmUserEmail(id=person), by=ANNS)
    tasks, ended, point = list[UUID](), "exit -9", 0
    while ended == "exit -9":
        point += 1
        tasks.append(uuid4())
        await accepted(works.bus, CreateTask(id=tasks[-1], title="Mow", assigned_to=BOB), by=ANNS)
        ended = await child.run(point)
        if ended == "exit -9":
            assert await child.run(0) == "exit 0"
    assert ended == "exit 0"
    assert point > 6
    sent = await works.rows(
        "select payload ->> 'task_id' from es.events where type = 'work.notification.sent'"
    )
    assert Counter(task for (task,) in sent) == Counter(str(task) for task in tasks)
    assert len(set(inbox.ids)) == len(tasks)
