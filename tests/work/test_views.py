"""The views of work as pure folds: over random stories, however the log is cut into pages, and counted anew."""

from collections import Counter
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.contexts import VIEWS
from domain.identity.users import RegisterUser
from domain.kit.caller import Caller
from domain.kit.commands import Command
from domain.work import projects, task_commands
from domain.work.projects import Project
from domain.work.tasks import Task, TaskPriority, TaskStatus
from projections.governance.activity import ActivityLog, ActivityRow
from projections.kit.view import Changes, FullKey, Rows, View, fold
from projections.work.projects import (
    MemberRow,
    ProjectCards,
    ProjectMemberLists,
    ProjectMembers,
    ProjectRow,
    Projects,
    ProjectSearch,
)
from projections.work.stats import (
    DailyRow,
    DailyStats,
    ProjectCounts,
    ProjectProgress,
    StatusCounts,
    UserCounts,
    UserStats,
)
from projections.work.tasks import TaskDocument, TaskRow, Tasks, TaskSearch
from tests.work.stories import Story

SECRET = "for nobody but its readers"
PEOPLE = [UUID(int=10 + number) for number in range(3)]
TASKS = [UUID(int=20 + number) for number in range(3)]
PROJECTS = [UUID(int=30 + number) for number in range(2)]
# The same ids in both tenants: whatever forgets the tenant mixes them up.
CALLERS = [Caller(tenant_id=UUID(int=tenant), user_id=PEOPLE[0]) for tenant in (1, 2)]

callers = st.sampled_from(CALLERS)
task, project, person = st.sampled_from(TASKS), st.sampled_from(PROJECTS), st.sampled_from(PEOPLE)
tags = st.lists(st.sampled_from(["a", "b", "c"]), max_size=3).map(tuple)
secrets = st.sampled_from([SECRET, f"{SECRET}!", ""])
dues = st.none() | st.datetimes(datetime(2030, 1, 1), datetime(2031, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
priorities, statuses = st.sampled_from(TaskPriority), st.sampled_from(TaskStatus)
visibilities = st.sampled_from(projects.Visibility)
creations: list[st.SearchStrategy[Command]] = [
    st.builds(
        task_commands.CreateTask,
        id=task,
        title=st.sampled_from(["Write", "Read"]),
        description=secrets,
        priority=priorities,
        due_date=dues,
        assigned_to=st.none() | person,
        project_id=st.none() | project,
        tags=tags,
    ),
    st.builds(
        projects.CreateProject,
        id=project,
        name=st.just("Website"),
        description=secrets,
        visibility=visibilities,
    ),
]
changes: list[st.SearchStrategy[Command]] = [
    st.builds(task_commands.RenameTask, id=task, title=st.sampled_from(["Write", "Rewrite"])),
    st.builds(task_commands.DescribeTask, id=task, description=secrets),
    st.builds(task_commands.AssignTask, id=task, assigned_to=person),
    st.builds(task_commands.UnassignTask, id=task),
    st.builds(task_commands.ChangeTaskStatus, id=task, status=statuses),
    st.builds(task_commands.CompleteTask, id=task),
    st.builds(task_commands.ReopenTask, id=task),
    st.builds(task_commands.CancelTask, id=task),
    st.builds(task_commands.ChangeTaskPriority, id=task, priority=priorities),
    st.builds(task_commands.SetTaskDueDate, id=task, due_date=dues),
    st.builds(task_commands.TagTask, id=task, tags=tags),
    st.builds(task_commands.ExtractTaskTags, id=task, tags=tags),
    st.builds(task_commands.MoveTask, id=task, project_id=st.none() | project),
    st.builds(projects.RenameProject, id=project, name=st.sampled_from(["Website", "Shop"])),
    st.builds(projects.DescribeProject, id=project, description=secrets),
    st.builds(projects.ArchiveProject, id=project),
    st.builds(projects.RestoreProject, id=project),
    st.builds(projects.DeleteProject, id=project),
    st.builds(projects.AddProjectMember, id=project, user_id=person),
    st.builds(projects.RemoveProjectMember, id=project, user_id=person),
    st.builds(projects.ChangeProjectVisibility, id=project, visibility=visibilities),
]


people: list[Command] = [
    RegisterUser(id=id, email=f"{SECRET.replace(' ', '.')}.{id.int}@example.com", first_name="Somebody")
    for id in PEOPLE
]


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """In both tenants things begin, then go as they may, over some days; what is refused leaves no event."""
    story = Story()
    for by in CALLERS:
        for command in people:
            story.send(command, by=by)
    first, second = creations
    for by, command in draw(st.lists(st.tuples(callers, first | second), min_size=10, max_size=10)):
        story.send(command, by=by)
    steps = st.tuples(callers, st.one_of(changes), st.sampled_from([0, 1, 200]))
    for by, command, minutes in draw(st.lists(steps, min_size=40, max_size=80)):
        story.send(command, by=by, after=timedelta(minutes=minutes))
    return story


told = given(stories())
often = settings(max_examples=50, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])


class Table:
    """A view's rows as a store keeps them: only the rows that a page touches are loaded for it."""

    def __init__(self, view: type[View[Any]]) -> None:
        self.view = view()
        self.rows: dict[FullKey, Any] = {}
        self.positions: dict[FullKey, int] = {}

    def fold(self, page: list[Any]) -> Changes[Any]:
        before: Rows[Any] = Rows()
        for event, envelope in page:
            for key in self.view.touched(event, envelope):
                full = (envelope.tenant_id, key)
                if full in self.rows:
                    before[full] = self.rows[full]
                if full in self.positions:
                    before.positions[full] = self.positions[full]
        found = fold(self.view, before, page)
        self.positions |= found.positions
        for full, row in found.items():
            if row is None:
                self.rows.pop(full, None)
            else:
                self.rows[full] = row
        return found


def rows(view: type[View[Any]], story: Story) -> dict[FullKey, Any]:
    """A view's rows after the whole story, folded as one page."""
    table = Table(view)
    table.fold(story.events)
    return table.rows


@often
@given(story=stories(), cuts=st.lists(st.integers(1, 9), min_size=1))
def test_rows_are_the_same_however_the_log_is_cut(story: Story, cuts: list[int]) -> None:
    for view in VIEWS:
        singly, in_pages = Table(view), Table(view)
        for one in story.events:
            singly.fold([one])
        rest, turn = story.events, 0
        while rest:
            size = cuts[turn % len(cuts)]
            in_pages.fold(rest[:size])
            rest, turn = rest[size:], turn + 1
        assert singly.rows == in_pages.rows == rows(view, story), view.name


@often
@given(story=stories(), back=st.integers(1, 20), size=st.integers(1, 9))
def test_events_delivered_twice_change_nothing_the_second_time(story: Story, back: int, size: int) -> None:
    for view in VIEWS:
        table = Table(view)
        for start in range(0, len(story.events), size):
            table.fold(story.events[start : start + size])
            assert table.fold(story.events[max(0, start - back) : start + size]) == {}, view.name
        assert table.rows == rows(view, story), view.name


@often
@told
def test_rows_lie_under_their_own_key(story: Story) -> None:
    for view in VIEWS:
        for (_, key), row in rows(view, story).items():
            assert key == tuple(getattr(row, name) for name in view.key), view.name


@often
@told
def test_tasks_stand_as_their_aggregates_do(story: Story) -> None:
    found: dict[FullKey, TaskRow] = rows(Tasks, story)
    standing = {(tenant, (one.id,)): one for tenant, one in story.standing(Task)}
    assert found.keys() == standing.keys()
    for key, row in found.items():
        for name in ("id", "title", "description", "status", "priority", "due_date"):
            assert getattr(row, name) == getattr(standing[key], name)
        for name in ("assigned_to", "project_id", "tags"):
            assert getattr(row, name) == getattr(standing[key], name)
        assert (row.created_at, row.updated_at) == (standing[key].created_on, standing[key].modified_on)
        assert (row.completed_at is not None) is (row.status is TaskStatus.COMPLETED)


@often
@told
def test_task_documents_say_what_the_table_says(story: Story) -> None:
    found: dict[FullKey, TaskDocument] = rows(TaskSearch, story)
    assert {key: values(row, TaskDocument) for key, row in found.items()} == {
        key: values(row, TaskDocument) for key, row in rows(Tasks, story).items()
    }


@often
@told
def test_projects_stand_as_their_aggregates_do(story: Story) -> None:
    found: dict[FullKey, ProjectRow] = rows(Projects, story)
    standing = {(tenant, (one.id,)): one for tenant, one in story.standing(Project)}
    assert found.keys() == standing.keys()
    for key, row in found.items():
        for name in ("id", "name", "description", "status", "visibility", "owner_id"):
            assert getattr(row, name) == getattr(standing[key], name)
        assert (row.created_at, row.updated_at) == (standing[key].created_on, standing[key].modified_on)


@often
@told
def test_cards_and_documents_of_projects_say_what_the_table_says(story: Story) -> None:
    table = rows(Projects, story)
    documents = rows(ProjectSearch, story)
    assert rows(ProjectCards, story) == table
    assert {key: values(row, ProjectRow) for key, row in documents.items()} == {
        key: values(row, ProjectRow) for key, row in table.items()
    }


@often
@told
def test_members_are_those_that_the_project_knows(story: Story) -> None:
    known = {
        (tenant, (one.id, member))
        for tenant, one in story.standing(Project)
        if isinstance(one, Project)
        for member in one.members
    }
    members: dict[FullKey, MemberRow] = rows(ProjectMembers, story)
    assert members.keys() == known
    in_lists = {
        (tenant, (row.project_id, member))
        for (tenant, _), row in rows(ProjectMemberLists, story).items()
        for member in row.user_ids
    }
    assert in_lists == known


@often
@told
def test_a_member_list_is_in_order_of_joining(story: Story) -> None:
    members: dict[FullKey, MemberRow] = rows(ProjectMembers, story)
    for (tenant, (project_id,)), row in rows(ProjectMemberLists, story).items():
        joined = [members[tenant, (project_id, member)].joined_at for member in row.user_ids]
        assert joined == sorted(joined)


COUNTS: dict[type[View[Any]], str] = {
    UserStats: "assigned_to",
    UserCounts: "assigned_to",
    ProjectProgress: "project_id",
    ProjectCounts: "project_id",
}


@often
@told
def test_counts_are_what_counting_the_tasks_gives(story: Story) -> None:
    there = rows(Tasks, story).items()
    for view, by in COUNTS.items():
        counted = Counter((tenant, getattr(row, by), row.status) for (tenant, _), row in there)
        kept: dict[FullKey, StatusCounts] = rows(view, story)
        said = {
            (tenant, id, status): getattr(row, status)
            for (tenant, (id,)), row in kept.items()
            for status in TaskStatus
        }
        assert all(count >= 0 for count in said.values()), view.name
        assert {key: count for key, count in said.items() if count} == {
            key: count for key, count in counted.items() if key[1] is not None
        }, view.name


@often
@told
def test_days_count_what_happened_on_them(story: Story) -> None:
    kept: dict[FullKey, DailyRow] = rows(DailyStats, story)
    for event, column in ((Task.Created, "created"), (Task.Completed, "completed")):
        counted: Counter[tuple[UUID, date]] = Counter(
            (envelope.tenant_id, envelope.timestamp.date()) for _, envelope in story.of(event)
        )
        said = {(tenant, day): getattr(row, column) for (tenant, (day,)), row in kept.items()}
        assert {key: count for key, count in said.items() if count} == counted


@often
@told
def test_the_activity_log_has_a_row_for_every_event(story: Story) -> None:
    kept: dict[FullKey, ActivityRow] = rows(ActivityLog, story)
    assert len(kept) == len(story.events)
    for _, envelope in story.events:
        row = kept[envelope.tenant_id, (envelope.event_id,)]
        assert envelope.type == f"{envelope.topic}.{row.action}"
        assert envelope.topic.endswith(f".{row.entity_type}")
        assert (row.entity_id, row.actor_id) == (envelope.originator_id, envelope.user_id)
        assert row.created_at == envelope.timestamp


@often
@told
def test_the_activity_log_tells_nothing_confidential(story: Story) -> None:
    for row in rows(ActivityLog, story).values():
        told_of = msgspec.json.encode(row.metadata).decode()
        assert SECRET not in told_of
        assert "@example.com" not in told_of


def test_an_assignment_is_told_in_the_activity_log() -> None:
    story, by = Story(), CALLERS[0]
    story.send(task_commands.CreateTask(id=TASKS[0], title="Write"), by=by)
    story.send(task_commands.AssignTask(id=TASKS[0], assigned_to=PEOPLE[1]), by=by)
    _, row = rows(ActivityLog, story).values()
    assert (row.entity_type, row.entity_id, row.action, row.actor_id) == (
        "task",
        TASKS[0],
        "assigned",
        by.user_id,
    )
    assert row.metadata == {
        "assignedTo": str(PEOPLE[1]),
        "assignedBy": str(by.user_id),
        "previous": None,
        "status": "todo",
    }


def test_a_task_counts_for_who_has_it_now() -> None:
    story, by = Story(), CALLERS[0]
    story.send(task_commands.CreateTask(id=TASKS[0], title="Write", assigned_to=PEOPLE[0]), by=by)
    story.send(task_commands.ChangeTaskStatus(id=TASKS[0], status=TaskStatus.IN_PROGRESS), by=by)
    story.send(task_commands.AssignTask(id=TASKS[0], assigned_to=PEOPLE[1]), by=by)
    kept = rows(UserStats, story)
    first, second = kept[by.tenant_id, (PEOPLE[0],)], kept[by.tenant_id, (PEOPLE[1],)]
    assert (first.todo, first.in_progress) == (0, 0)
    assert (second.todo, second.in_progress) == (0, 1)


def values(row: Any, shape: type) -> dict[str, Any]:
    """The row's values for the fields of a shape."""
    return {field.name: getattr(row, field.name) for field in fields(shape)}
