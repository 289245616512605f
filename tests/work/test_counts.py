"""Counts, days and the activity log: what they say is what counting again says."""

from collections import Counter
from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from domain.work import task_commands
from domain.work.tasks import Task, TaskStatus
from projections.governance.activity import ActivityLog, ActivityRow
from projections.kit.declare.view import FullKey, View
from projections.work.stats import (
    NONE,
    DailyPartRow,
    DailyStats,
    ProjectCounts,
    ProjectProgress,
    StatusCounts,
    UserCounts,
    UserStats,
)
from projections.work.tasks import Tasks
from tests.work.folding import rows
from tests.work.stories import Story
from tests.work.strategies import CALLERS, PEOPLE, SECRET, TASKS, often, with_story

COUNTS: dict[type[View[Any]], str] = {
    UserStats: "assigned_to",
    UserCounts: "assigned_to",
    ProjectProgress: "project_id",
    ProjectCounts: "project_id",
}


@often
@with_story
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
@with_story
def test_days_count_what_each_person_did_on_them(story: Story) -> None:
    kept: dict[FullKey, DailyPartRow] = rows(DailyStats, story)
    for event, column in ((Task.Created, "created"), (Task.Completed, "completed")):
        counted: Counter[tuple[UUID, date, UUID, UUID]] = Counter()
        for happened, envelope in story.of(event):
            assert isinstance(happened, Task.Created | Task.Completed)
            person = happened.created_by if isinstance(happened, Task.Created) else happened.assigned_to
            day = envelope.timestamp.date()
            counted[envelope.tenant_id, day, person or NONE, happened.project_id or NONE] += 1
        said = {(tenant, *key): getattr(row, column) for (tenant, key), row in kept.items()}
        assert {key: count for key, count in said.items() if count} == counted


@often
@with_story
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
@with_story
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
