"""The life of a task: begun, completed, cancelled, reopened."""

import pytest

from domain.kit.events import Event
from domain.kit.scenario import given
from domain.work.task_commands import (
    CancelTask,
    ChangeTaskStatus,
    CompleteTask,
    ReopenTask,
)
from domain.work.tasks import (
    Task,
    TaskAlreadyDone,
    TaskIsClosed,
    TaskIsOpen,
    TaskStatus,
)
from tests.work.histories import (
    ANNA,
    CANCELLED,
    COMPLETED,
    PROJECT,
    STARTED,
    TASK,
    moved_to,
    task_created,
)

CREATED = task_created()
CLOSED = pytest.mark.parametrize("closing", [COMPLETED, CANCELLED], ids=["completed", "cancelled"])


@pytest.mark.parametrize("status", [TaskStatus.IN_PROGRESS, TaskStatus.IN_REVIEW])
def test_changes_status(status: TaskStatus) -> None:
    given(CREATED).when(ChangeTaskStatus(id=TASK, status=status)).then(moved_to(Task.StatusChanged, status))


def test_goes_back_to_todo() -> None:
    given(CREATED, STARTED).when(ChangeTaskStatus(id=TASK, status=TaskStatus.TODO)).then(
        moved_to(Task.StatusChanged, TaskStatus.TODO, previous=TaskStatus.IN_PROGRESS)
    )


def test_a_transition_says_whose_and_in_which_project_the_task_is() -> None:
    created = task_created(assigned_to=ANNA, project_id=PROJECT)
    given(created).when(CompleteTask(id=TASK)).then(
        moved_to(Task.Completed, TaskStatus.COMPLETED, assigned_to=ANNA, project_id=PROJECT)
    )


@pytest.mark.parametrize(
    ("history", "status"),
    [
        ((), TaskStatus.TODO),
        ((STARTED,), TaskStatus.IN_PROGRESS),
        ((COMPLETED,), TaskStatus.COMPLETED),
        ((CANCELLED,), TaskStatus.CANCELLED),
    ],
)
def test_changing_to_its_own_status_records_nothing(history: tuple[Event, ...], status: TaskStatus) -> None:
    given(CREATED, *history).when(ChangeTaskStatus(id=TASK, status=status)).then()


def test_changing_to_completed_completes() -> None:
    given(CREATED).when(ChangeTaskStatus(id=TASK, status=TaskStatus.COMPLETED)).then(COMPLETED)


def test_changing_to_cancelled_cancels() -> None:
    given(CREATED).when(ChangeTaskStatus(id=TASK, status=TaskStatus.CANCELLED)).then(CANCELLED)


@CLOSED
@pytest.mark.parametrize("status", [TaskStatus.TODO, TaskStatus.IN_PROGRESS, TaskStatus.IN_REVIEW])
def test_changing_a_closed_task_to_an_open_status_reopens_it_there(
    closing: Event, status: TaskStatus
) -> None:
    scenario = given(CREATED, closing).when(ChangeTaskStatus(id=TASK, status=status))
    previous = TaskStatus.COMPLETED if closing is COMPLETED else TaskStatus.CANCELLED
    scenario.then(moved_to(Task.Reopened, status, previous=previous))


@pytest.mark.parametrize(
    ("closing", "status"), [(COMPLETED, TaskStatus.CANCELLED), (CANCELLED, TaskStatus.COMPLETED)]
)
def test_a_closed_task_is_not_closed_another_way(closing: Event, status: TaskStatus) -> None:
    given(CREATED, closing).when(ChangeTaskStatus(id=TASK, status=status)).refused(TaskIsClosed, field="id")


@pytest.mark.parametrize(
    "status", [TaskStatus.TODO, TaskStatus.IN_PROGRESS, TaskStatus.IN_REVIEW], ids=lambda value: value.value
)
def test_completes_from_every_open_status(status: TaskStatus) -> None:
    there = () if status is TaskStatus.TODO else (moved_to(Task.StatusChanged, status),)
    given(CREATED, *there).when(CompleteTask(id=TASK)).then(
        moved_to(Task.Completed, TaskStatus.COMPLETED, previous=status)
    )


def test_is_not_completed_twice() -> None:
    given(CREATED, COMPLETED).when(CompleteTask(id=TASK)).refused(TaskAlreadyDone, field="id")


def test_a_cancelled_task_is_not_completed() -> None:
    given(CREATED, CANCELLED).when(CompleteTask(id=TASK)).refused(TaskIsClosed, field="id")


def test_cancels() -> None:
    given(CREATED, STARTED).when(CancelTask(id=TASK)).then(
        moved_to(Task.Cancelled, TaskStatus.CANCELLED, previous=TaskStatus.IN_PROGRESS)
    )


@CLOSED
def test_a_closed_task_is_not_cancelled(closing: Event) -> None:
    given(CREATED, closing).when(CancelTask(id=TASK)).refused(TaskIsClosed, field="id")


def test_the_refusal_says_how_the_task_was_closed() -> None:
    scenario = given(CREATED, CANCELLED).when(CompleteTask(id=TASK))
    assert scenario.refusal is not None
    assert scenario.refusal.message == "This task is cancelled; reopen it first."


@CLOSED
def test_reopens_to_todo(closing: Event) -> None:
    previous = TaskStatus.COMPLETED if closing is COMPLETED else TaskStatus.CANCELLED
    given(CREATED, closing).when(ReopenTask(id=TASK)).then(
        moved_to(Task.Reopened, TaskStatus.TODO, previous=previous)
    )


@pytest.mark.parametrize("history", [(CREATED,), (CREATED, STARTED)])
def test_an_open_task_is_not_reopened(history: tuple[Event, ...]) -> None:
    given(*history).when(ReopenTask(id=TASK)).refused(TaskIsOpen, field="id")


def test_a_reopened_task_can_be_completed_again() -> None:
    reopened = moved_to(Task.Reopened, TaskStatus.TODO, previous=TaskStatus.COMPLETED)
    given(CREATED, COMPLETED, reopened).when(CompleteTask(id=TASK)).then(COMPLETED)
