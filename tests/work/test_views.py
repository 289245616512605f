"""The views of work as pure folds: over random stories, however the log is cut into pages."""

from itertools import pairwise
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.contexts import VIEWS
from domain.kit.bus.repository import restore, take
from domain.kit.scenario import on
from domain.work.projects import Project
from domain.work.tasks import Task, TaskStatus
from projections.kit.declare.row import Row
from projections.kit.declare.view import FullKey
from projections.work.projects import (
    MemberRow,
    ProjectCards,
    ProjectMemberLists,
    ProjectMembers,
    ProjectRow,
    Projects,
    ProjectSearch,
)
from projections.work.tasks import MOST_PLACES, TaskDocument, TaskRow, Tasks, TaskSearch
from tests.kit.folding import folded
from tests.work.folding import Table, rows
from tests.work.histories import TASK, task_created
from tests.work.stories import Story
from tests.work.strategies import often, stories, with_story


@often
@given(story=stories(), cuts=st.lists(st.integers(1, 9), min_size=1))
def test_rows_are_the_same_however_the_log_is_cut(story: Story, cuts: list[int]) -> None:
    for view in VIEWS:
        singly, in_pages = Table(view), Table(view)
        for event in story.events:
            singly.fold([event])
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
@with_story
def test_rows_lie_under_their_own_key(story: Story) -> None:
    for view in VIEWS:
        for (_, key), row in rows(view, story).items():
            assert key == tuple(getattr(row, name) for name in view.key), view.name


@often
@with_story
def test_aggregates_come_back_from_a_snapshot_as_they_were(story: Story) -> None:
    for aggregates in story.streams.values():
        for id, aggregate in aggregates.items():
            assert restore(id, take(aggregate)) == aggregate


@often
@with_story
def test_tasks_stand_as_their_aggregates_do(story: Story) -> None:
    found: dict[FullKey, TaskRow] = rows(Tasks, story)
    standing = {(tenant, (entity.id,)): entity for tenant, entity in story.standing(Task)}
    assert found.keys() == standing.keys()
    for key, row in found.items():
        for name in ("id", "title", "description", "status", "priority", "due_date"):
            assert getattr(row, name) == getattr(standing[key], name)
        for name in ("assigned_to", "project_id", "tags"):
            assert getattr(row, name) == getattr(standing[key], name)
        assert (row.created_at, row.updated_at) == (standing[key].created_on, standing[key].modified_on)
        # Or a form would be stale for ever: each event of a stream moves the row.
        assert row.version == standing[key].version
        assert (row.completed_at is not None) is (row.status is TaskStatus.COMPLETED)


@often
@with_story
def test_a_task_remembers_when_it_lay_in_which_project(story: Story) -> None:
    found: dict[FullKey, TaskRow] = rows(Tasks, story)
    lay: dict[FullKey, list[tuple[UUID | None, int]]] = {}
    for event, envelope in story.events:
        if isinstance(event, Task.Created | Task.Moved):
            begun = 0 if isinstance(event, Task.Created) else envelope.position
            lay.setdefault((envelope.tenant_id, (event.originator_id,)), []).append((event.project_id, begun))
    for key, row in found.items():
        times = [(place, begun, end) for (place, begun), (_, end) in pairwise(lay[key]) if place is not None]
        assert (row.project_id, row.project_since) == lay[key][-1]
        assert list(zip(row.past_projects, row.past_since, row.past_until, strict=True)) == times


def test_of_a_task_that_moves_on_and_on_the_latest_places_are_told_apart() -> None:
    moves = [
        Task.Moved(project_id=UUID(int=n + 1), previous=UUID(int=n) if n else None, status=TaskStatus.TODO)
        for n in range(MOST_PLACES + 3)
    ]
    row = folded(Tasks(), on(TASK, task_created(), *moves))[(TASK,)]
    assert row.project_id == UUID(int=MOST_PLACES + 3)
    assert row.past_projects == (None, *(UUID(int=n) for n in range(4, MOST_PLACES + 3)))
    assert (row.past_since[0], row.past_until[0], row.past_since[1]) == (2, 5, 5)
    assert row.past_until[1:-1] == row.past_since[2:]


@often
@with_story
def test_task_documents_say_what_the_table_says(story: Story) -> None:
    found: dict[FullKey, TaskDocument] = rows(TaskSearch, story)
    assert {key: values(row, TaskDocument) for key, row in found.items()} == {
        key: values(row, TaskDocument) for key, row in rows(Tasks, story).items()
    }


@often
@with_story
def test_projects_stand_as_their_aggregates_do(story: Story) -> None:
    found: dict[FullKey, ProjectRow] = rows(Projects, story)
    standing = {(tenant, (entity.id,)): entity for tenant, entity in story.standing(Project)}
    assert found.keys() == standing.keys()
    for key, row in found.items():
        for name in ("id", "name", "description", "status", "visibility", "owner_id"):
            assert getattr(row, name) == getattr(standing[key], name)
        assert (row.created_at, row.updated_at) == (standing[key].created_on, standing[key].modified_on)
        # Or a form would be stale for ever: each event of a stream moves the row.
        assert row.version == standing[key].version


@often
@with_story
def test_cards_and_documents_of_projects_say_what_the_table_says(story: Story) -> None:
    table = rows(Projects, story)
    documents = rows(ProjectSearch, story)
    assert rows(ProjectCards, story) == table
    assert {key: values(row, ProjectRow) for key, row in documents.items()} == {
        key: values(row, ProjectRow) for key, row in table.items()
    }


@often
@with_story
def test_members_are_those_that_the_project_knows(story: Story) -> None:
    known = {
        (tenant, (entity.id, member))
        for tenant, entity in story.standing(Project)
        if isinstance(entity, Project)
        for member in entity.members
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
@with_story
def test_a_member_list_is_in_order_of_joining(story: Story) -> None:
    members: dict[FullKey, MemberRow] = rows(ProjectMembers, story)
    for (tenant, (project_id,)), row in rows(ProjectMemberLists, story).items():
        joined = [members[tenant, (project_id, member)].joined_at for member in row.user_ids]
        assert joined == sorted(joined)


def values(row: Any, shape: type[Row]) -> dict[str, Any]:
    """The row's values for the fields of a shape."""
    return {name: getattr(row, name) for name in shape.__struct_fields__}
