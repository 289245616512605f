"""The demo tenant: ninety days of a small company's work, made through the same commands as any other."""

import asyncio
import random
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from uuid import UUID, uuid5

from app.assembly import inline_views
from app.database import Database
from app.demo_words import ABOUT, FIRST_NAMES, LAST_NAMES, OBJECTS, PROJECTS, TAGS, VERBS
from app.log.postgres import PostgresLog
from app.settings import Settings
from app.tokens import Tokens
from domain.identity.users import RegisterUser
from domain.kit.bus import Bus
from domain.kit.caller import Caller
from domain.kit.clock import TimeOrderedIds
from domain.kit.codec import PlainCodec
from domain.kit.commands import Command
from domain.kit.log import Log, Receipt, Selection
from domain.work import projects, tasks
from domain.work import task_commands as commands

TENANT = UUID("0d0e0f00-0000-4000-8000-000000000001")
PEOPLE, PROJECT_COUNT, TASK_COUNT, DAYS = 20, 40, 5_000, 90
LIFETIME = timedelta(days=30)
_TOGETHER = 500
_now: ContextVar[datetime] = ContextVar("demo_now")


class DemoClock:
    """Says the moment that the story has come to, separately in each running command."""

    def now(self) -> datetime:
        return _now.get()


@dataclass(frozen=True, slots=True)
class Step:
    """A command of the story: when, by whom."""

    at: datetime
    by: UUID
    command: Command


def person(number: int) -> UUID:
    """The id of a person of the demo tenant, from 0."""
    return uuid5(TENANT, f"person {number}")


def story(start: datetime) -> list[Step]:
    """Everything that happens, in order of time; the same start always tells the same story."""
    chance = random.Random(20260101)
    people = [person(number) for number in range(PEOPLE)]
    steps = [*_people(start, people), *_projects(start, people, chance)]
    for number in range(TASK_COUNT):
        steps += _task(start, number, people, chance)
    return sorted(steps, key=lambda step: step.at)


async def ensure_demo(settings: Settings) -> str:
    """Makes the demo tenant in a log that has none or half of it, and returns a token for its first person.

    A log that others have begun is left alone but for the token.
    """
    database = await Database.open(settings.database_url, secret=settings.secret, writers=4, readers=4)
    try:
        inline = await inline_views(database)
        log = PostgresLog(database, inline=inline)
        try:
            told = await log.read(limit=1, select=Selection(tenant_id=TENANT))
            if told or await log.head() == 0:
                await tell(log)
        finally:
            await log.close()
    finally:
        await database.close()
    tokens = Tokens(settings.derive("tokens"))
    return tokens.issue(tenant_id=TENANT, user_id=person(0), permissions=["ops:*"], lifetime=LIFETIME)


async def tell(log: Log, *, size: int | None = None, start: datetime | None = None) -> int:
    """Carries the story out and returns how many commands were sent; what had been told is not told twice."""
    began = await log.read(limit=1, select=Selection(tenant_id=TENANT))
    start = began[0].timestamp if began else start or datetime.now(UTC) - timedelta(days=DAYS)
    bus = Bus(log, PlainCodec(), DemoClock(), TimeOrderedIds(), environment="demo")
    steps = story(start)[:size]
    if await log.receipt(TENANT, uuid5(TENANT, f"command {len(steps) - 1}")):
        return 0
    # People and projects are referred to by what comes later, so each kind is there before the next begins.
    for _, part in groupby(enumerate(steps), key=lambda numbered: _chapter(*numbered)):
        # Commands start in order and those on one stream wait for one another: its story stays in order.
        await asyncio.gather(*(_send(bus, number, step) for number, step in part))
    return len(steps)


def _chapter(number: int, step: Step) -> tuple[str, int]:
    return type(step.command).__module__, number // _TOGETHER


async def _send(bus: Bus, number: int, step: Step) -> None:
    _now.set(step.at)
    by = Caller(tenant_id=TENANT, user_id=step.by)
    outcome = await bus.send(step.command, by=by, command_id=uuid5(TENANT, f"command {number}"))
    if not isinstance(outcome, Receipt):
        raise RuntimeError(f"The demo's step {number} was refused: {outcome.message}")


def _people(start: datetime, people: list[UUID]) -> Iterator[Step]:
    for number, id in enumerate(people):
        first, last = FIRST_NAMES[number % len(FIRST_NAMES)], LAST_NAMES[number % len(LAST_NAMES)]
        email = f"{first}.{last}@example.com".lower()
        command = RegisterUser(id=id, email=email, first_name=first, last_name=last)
        yield Step(start + timedelta(seconds=number), id, command)


def _projects(start: datetime, people: list[UUID], chance: random.Random) -> Iterator[Step]:
    for number in range(PROJECT_COUNT):
        at = start + timedelta(minutes=1 + number)
        owner = chance.choice(people)
        id = _project(number)
        visibility = projects.Visibility.PRIVATE if number % 8 == 7 else projects.Visibility.PUBLIC
        yield Step(
            at,
            owner,
            projects.CreateProject(
                id=id, name=PROJECTS[number], description=chance.choice(ABOUT), visibility=visibility
            ),
        )
        for member in chance.sample([one for one in people if one != owner], chance.randint(2, 7)):
            at += timedelta(seconds=5)
            yield Step(at, owner, projects.AddProjectMember(id=id, user_id=member))


def _project(number: int) -> UUID:
    return uuid5(TENANT, f"project {number}")


def _task(start: datetime, number: int, people: list[UUID], chance: random.Random) -> Iterator[Step]:
    """One task's life: about nine events, most of them in the days after it was created."""
    id = uuid5(TENANT, f"task {number}")
    end = start + timedelta(days=DAYS)
    at = start + timedelta(hours=2) + (end - start - timedelta(hours=3)) * (number / TASK_COUNT)
    creator, assignee = chance.choice(people), chance.choice(people)
    project = chance.randrange(PROJECT_COUNT)
    yield Step(
        at,
        creator,
        commands.CreateTask(
            id=id,
            title=f"{chance.choice(VERBS)} {chance.choice(OBJECTS)}",
            description=chance.choice(ABOUT),
            priority=chance.choices(list(tasks.TaskPriority), [3, 5, 3, 1])[0],
            project_id=_project(project) if chance.random() < 0.9 else None,
        ),
    )
    due = (at + timedelta(days=chance.randint(1, 30))).replace(hour=17, minute=0, second=0, microsecond=0)
    for step in _life(id, creator, assignee, due, people, chance):
        at += timedelta(minutes=chance.expovariate(1 / 600))
        if at >= end:
            return
        yield Step(at, *step)


def _life(
    id: UUID, creator: UUID, assignee: UUID, due: datetime, people: list[UUID], chance: random.Random
) -> Iterator[tuple[UUID, Command]]:
    status = tasks.TaskStatus
    yield creator, commands.TagTask(id=id, tags=tuple(chance.sample(TAGS, chance.randint(1, 3))))
    yield creator, commands.AssignTask(id=id, assigned_to=assignee)
    yield creator, commands.SetTaskDueDate(id=id, due_date=due)
    yield assignee, commands.ChangeTaskStatus(id=id, status=status.IN_PROGRESS)
    for _ in range(chance.randint(0, 3)):
        text = f"{chance.choice(ABOUT)} {chance.random():.4f}"
        yield assignee, commands.DescribeTask(id=id, description=text)
    if chance.random() < 0.4:
        yield creator, commands.ChangeTaskPriority(id=id, priority=tasks.TaskPriority.HIGH)
    if chance.random() < 0.2:
        yield creator, commands.MoveTask(id=id, project_id=_project(chance.randrange(PROJECT_COUNT)))
    yield assignee, commands.ChangeTaskStatus(id=id, status=status.IN_REVIEW)
    if chance.random() < 0.4:
        other = chance.choice(people)
        yield creator, commands.AssignTask(id=id, assigned_to=other)
        yield other, commands.ChangeTaskStatus(id=id, status=status.IN_PROGRESS)
        yield other, commands.ChangeTaskStatus(id=id, status=status.IN_REVIEW)
    if chance.random() < 0.07:
        yield creator, commands.CancelTask(id=id)
        return
    yield assignee, commands.CompleteTask(id=id)
    if chance.random() < 0.12:
        yield creator, commands.ReopenTask(id=id)
        yield assignee, commands.ChangeTaskStatus(id=id, status=status.IN_PROGRESS)
        yield assignee, commands.CompleteTask(id=id)
