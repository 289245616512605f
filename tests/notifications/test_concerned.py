"""Whom a change of a task is told to."""

from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

import pytest

from domain.kit.events import Event
from domain.kit.process.process import Process
from domain.processes.notifications import Concerned, TaskNotifications
from domain.work.notifications import Channel, NotificationKind
from domain.work.tasks import Task, TaskStatus, Transition
from tests.domain.envelopes import NOON, envelope

TASK, ANN, BOB, CARL = UUID(int=9), UUID(int=1), UUID(int=2), UUID(int=3)
CREATED = Task.Created(title="Mow", created_by=ANN, assigned_to=BOB)


class Nobody:
    """An audience that is not asked."""

    async def channels(
        self, *, tenant_id: UUID, person: UUID, kind: NotificationKind, task_id: UUID
    ) -> Collection[Channel]:
        raise AssertionError


process: Process[Concerned] = TaskNotifications(Nobody())


def notified(by: UUID | None, *events: Event) -> set[tuple[UUID, str]]:
    """Who is told what by the last of these events, which somebody did; the others are history."""
    state: Concerned | None = None
    requested: list[TaskNotifications.Notify] = []
    for version, event in enumerate(events, 1):
        around = replace(envelope(event.stored_as, originator_version=version), user_id=by)
        then = process.react(state, event.stamped(TASK, version, NOON), around)
        state = then.state
        requested = [effect for effect in then.actions if isinstance(effect, TaskNotifications.Notify)]
        assert len(requested) == len(then.actions)
    keys = [effect.key for effect in requested]
    assert len(set(keys)) == len(keys)
    assert all(effect.task_id == TASK and effect.by == by for effect in requested)
    return {(effect.person, effect.kind.value) for effect in requested}


def moved(event: type[Transition], status: TaskStatus, assigned_to: UUID | None = BOB) -> Transition:
    return event(status=status, previous=TaskStatus.TODO, assigned_to=assigned_to, project_id=None)


def test_whoever_is_given_a_new_task() -> None:
    assert notified(ANN, CREATED) == {(BOB, "assigned")}


def test_nobody_who_takes_a_task_himself() -> None:
    assert notified(ANN, replace(CREATED, assigned_to=ANN)) == set()


def test_nobody_of_a_new_task_that_nobody_has() -> None:
    assert notified(ANN, replace(CREATED, assigned_to=None)) == set()


def test_new_and_former_assignee() -> None:
    given_on = Task.Assigned(assigned_to=CARL, assigned_by=ANN, previous=BOB, status=TaskStatus.TODO)
    assert notified(ANN, CREATED, given_on) == {(CARL, "assigned"), (BOB, "unassigned")}


def test_the_former_assignee_who_gave_it_away_knows() -> None:
    given_on = Task.Assigned(assigned_to=CARL, assigned_by=BOB, previous=BOB, status=TaskStatus.TODO)
    assert notified(BOB, CREATED, given_on) == {(CARL, "assigned")}


def test_whoever_a_task_was_taken_from() -> None:
    taken = Task.Unassigned(previous=BOB, status=TaskStatus.TODO)
    assert notified(CARL, CREATED, taken) == {(BOB, "unassigned")}


@pytest.mark.parametrize(
    ("event", "status", "kind"),
    [
        (Task.StatusChanged, TaskStatus.IN_REVIEW, "status_changed"),
        (Task.Completed, TaskStatus.COMPLETED, "completed"),
        (Task.Cancelled, TaskStatus.CANCELLED, "status_changed"),
        (Task.Reopened, TaskStatus.TODO, "status_changed"),
    ],
)
def test_creator_and_assignee_of_another_status(
    event: type[Transition], status: TaskStatus, kind: str
) -> None:
    assert notified(CARL, CREATED, moved(event, status)) == {(ANN, kind), (BOB, kind)}
    assert notified(BOB, CREATED, moved(event, status)) == {(ANN, kind)}


def test_everybody_concerned_of_what_the_system_did() -> None:
    done = moved(Task.Completed, TaskStatus.COMPLETED)
    assert notified(None, CREATED, done) == {(ANN, "completed"), (BOB, "completed")}


def test_once_a_person_who_is_creator_and_assignee() -> None:
    own = replace(CREATED, assigned_to=ANN)
    done = moved(Task.Completed, TaskStatus.COMPLETED, ANN)
    assert notified(CARL, own, done) == {(ANN, "completed")}


def test_creator_and_assignee_of_another_description() -> None:
    described = Task.Described(description="In stripes.")
    assert notified(CARL, CREATED, described) == {(ANN, "described"), (BOB, "described")}


def test_the_assignee_of_a_task_whose_beginning_was_not_heard() -> None:
    assert notified(CARL, moved(Task.Completed, TaskStatus.COMPLETED)) == {(BOB, "completed")}
    assert notified(CARL, Task.Described(description="In stripes.")) == set()


def test_nothing_is_said_of_the_text() -> None:
    then = process.react(
        Concerned(creator=ANN), Task.Described(description="secret").stamped(TASK, 2, NOON), None
    )
    assert "secret" not in repr(then)
