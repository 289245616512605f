"""The story of a demo company: its people, projects, tasks, orders, contacts and outside systems over ninety
days, in order."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid5

from app.demo.audience import audience
from app.demo.outside import SentBatch, outside
from app.demo.shop import Shop, sales
from app.demo.words import ABOUT, FIRST_NAMES, LAST_NAMES, OBJECTS, PROJECTS, TAGS, VERBS
from domain.identity.authorization import BaseRole
from domain.identity.registration import RegisterUser
from domain.kit.commands import Command
from domain.tenancy.flags import AddFeatureFlag
from domain.tenancy.subscription_commands import IssueInvoice, PayInvoice, RenewPeriod, StartSubscription
from domain.tenancy.tenant_commands import CreateTenant
from domain.work import project_commands, projects, tasks
from domain.work import task_commands as commands

DAYS = 90
_MONTH = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class StoryStep:
    """A command of the story, or what an outside system sends: when, by whom."""

    at: datetime
    by: UUID
    command: Command | SentBatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """A company of the demo, as large as told. Its people are the first so many of the list of names, from
    ``first`` on: the first is its owner, the second an administrator, the last a guest, all others members."""

    id: UUID
    name: str
    slug: str
    people: int
    projects: int
    tasks: int
    tier: str
    fee: Decimal
    """What it pays a month, in euros."""
    orders: int = 0
    contacts: int = 0
    batches: int = 0
    """How often its outside systems send events."""
    first: int = 0
    region: str = "local"

    def person(self, number: int) -> UUID:
        """The id of one of its people, from 0."""
        return uuid5(self.id, f"person {number}")

    def names(self, number: int) -> tuple[str, str]:
        """First and last name."""
        at = self.first + number
        return FIRST_NAMES[at % len(FIRST_NAMES)], LAST_NAMES[at % len(LAST_NAMES)]

    def email(self, number: int) -> str:
        """Where mail would reach one of its people."""
        first, last = self.names(number)
        return f"{first}.{last}@{self.slug}.example.com".lower()

    def role(self, number: int) -> BaseRole:
        """What one of its people is in it."""
        return {0: BaseRole.OWNER, 1: BaseRole.ADMIN, self.people - 1: BaseRole.GUEST}.get(
            number, BaseRole.MEMBER
        )


def story(company: Company, start: datetime) -> list[StoryStep]:
    """Everything that happens, in order of time; the same start always tells the same story."""
    chance = random.Random(20260101)
    steps = [*_people(company, start), *_terms(company, start), *_projects(company, start, chance)]
    for number in range(company.tasks):
        steps += _task(company, start, number, chance)
    people = [company.person(number) for number in range(company.people)]
    shop = Shop(id=company.id, owner=people[0], buyers=people, orders=company.orders)
    steps += [StoryStep(*step) for step in sales(shop, start, DAYS)]
    written_to = audience(company.id, people[0], company.contacts, start, DAYS)
    steps += [StoryStep(*step) for step in written_to]
    sent = outside(company.id, people[0], people, company.batches, start, DAYS)
    steps += [StoryStep(*step) for step in sent]
    return sorted(steps, key=lambda step: step.at)


def _people(company: Company, start: datetime) -> Iterator[StoryStep]:
    created = CreateTenant(id=company.id, name=company.name, slug=company.slug, region=company.region)
    owner = company.person(0)
    yield StoryStep(start - timedelta(seconds=1), owner, created)
    for number in range(company.people):
        id = company.person(number)
        first, last = company.names(number)
        command = RegisterUser(
            id=id,
            email=company.email(number),
            first_name=first,
            last_name=last,
            role=company.role(number),
        )
        yield StoryStep(start + timedelta(seconds=number), owner, command)


def _terms(company: Company, start: datetime) -> Iterator[StoryStep]:
    """What it has subscribed to: an invoice each month, of which the last is not paid yet, and two features."""
    owner, id = company.person(0), uuid5(company.id, "subscription")
    at = start + timedelta(seconds=company.people)
    for name, enabled in (("task.templates", True), ("task.time_tracking", False)):
        flag = AddFeatureFlag(id=uuid5(company.id, name), feature_name=name, enabled=enabled)
        yield StoryStep(at, owner, flag)
    end = at + _MONTH
    yield StoryStep(at, owner, StartSubscription(id=id, tier=company.tier, period_start=at, period_end=end))
    for month in range(DAYS // _MONTH.days):
        if month:
            at, end = end, end + _MONTH
            yield StoryStep(at, owner, RenewPeriod(id=id, period_end=end))
        at += timedelta(seconds=1)
        number = f"{company.slug}-{month + 1}"
        yield StoryStep(
            at,
            owner,
            IssueInvoice(
                id=id, number=number, amount=company.fee, currency="EUR", due_at=at + timedelta(days=14)
            ),
        )
        if end < start + timedelta(days=DAYS):
            yield StoryStep(at + timedelta(days=5), owner, PayInvoice(id=id, number=number))


def _workers(company: Company) -> list[UUID]:
    """Who works in it: everybody but guests."""
    return [company.person(number) for number in range(company.people - 1)]


def _projects(company: Company, start: datetime, chance: random.Random) -> Iterator[StoryStep]:
    people = _workers(company)
    for number in range(company.projects):
        at = start + timedelta(minutes=1 + number)
        owner = _owner(company, number)
        id = _project(company, number)
        visibility = projects.Visibility.PRIVATE if _private(number) else projects.Visibility.PUBLIC
        yield StoryStep(
            at,
            owner,
            project_commands.CreateProject(
                id=id, name=PROJECTS[number], description=chance.choice(ABOUT), visibility=visibility
            ),
        )
        others = [person for person in people if person != owner]
        for member in chance.sample(others, min(len(others), chance.randint(2, 7))):
            at += timedelta(seconds=5)
            yield StoryStep(at, owner, project_commands.AddProjectMember(id=id, user_id=member))


def _private(number: int) -> bool:
    return number % 8 == 7


def _owner(company: Company, number: int) -> UUID:
    people = _workers(company)
    return people[number * 7 % len(people)]


def _project(company: Company, number: int) -> UUID:
    return uuid5(company.id, f"project {number}")


def _task(company: Company, start: datetime, number: int, chance: random.Random) -> Iterator[StoryStep]:
    """One task's life: about nine events, most of them in the days after it was created."""
    id, people = uuid5(company.id, f"task {number}"), _workers(company)
    end = start + timedelta(days=DAYS)
    at = start + timedelta(hours=2) + (end - start - timedelta(hours=3)) * (number / company.tasks)
    creator, assignee = chance.choice(people), chance.choice(people)
    project = chance.randrange(company.projects)
    if _private(project):
        creator = assignee = _owner(company, project)
    yield StoryStep(
        at,
        creator,
        commands.CreateTask(
            id=id,
            title=f"{chance.choice(VERBS)} {chance.choice(OBJECTS)}",
            description=chance.choice(ABOUT),
            priority=chance.choices(list(tasks.TaskPriority), [3, 5, 3, 1])[0],
            project_id=_project(company, project) if chance.random() < 0.9 else None,
        ),
    )
    due = (at + timedelta(days=chance.randint(1, 30))).replace(hour=17, minute=0, second=0, microsecond=0)
    for step in _life(company, id, creator, assignee, due, chance):
        at += timedelta(minutes=chance.expovariate(1 / 600))
        if at >= end:
            return
        yield StoryStep(at, *step)


def _life(
    company: Company, id: UUID, creator: UUID, assignee: UUID, due: datetime, chance: random.Random
) -> Iterator[tuple[UUID, Command]]:
    people = _workers(company)
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
        public = [number for number in range(company.projects) if not _private(number)]
        yield creator, commands.MoveTask(id=id, project_id=_project(company, chance.choice(public)))
    yield assignee, commands.ChangeTaskStatus(id=id, status=status.IN_REVIEW)
    if chance.random() < 0.4:
        other = creator if creator == assignee else chance.choice(people)
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
