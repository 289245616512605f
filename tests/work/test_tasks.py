"""The rules of tasks, but for their status."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from domain.kit.commands import Command
from domain.kit.events import Event
from domain.kit.refusals import NotFound
from domain.kit.scenario import On, given, on
from domain.work.projects import Project, ProjectIsArchived
from domain.work.task_commands import (
    AssignTask,
    CancelTask,
    ChangeTaskPriority,
    ChangeTaskStatus,
    CompleteTask,
    CreateTask,
    DescribeTask,
    ExtractTaskTags,
    MoveTask,
    RenameTask,
    ReopenTask,
    SetTaskDueDate,
    TagTask,
    UnassignTask,
)
from domain.work.tasks import (
    Task,
    TaskIsClosed,
    TaskNotAssigned,
    TaskPriority,
    TaskStatus,
)
from tests.work.histories import (
    ANNA,
    BEN,
    CANCELLED,
    COMPLETED,
    OTHER_PROJECT,
    OWNER,
    PROJECT,
    STARTED,
    TASK,
    project_created,
    task_created,
)

CREATED = task_created()
ASSIGNED = task_created(assigned_to=ANNA)
DUE = datetime(2030, 5, 1, 17, tzinfo=UTC)
CLOSED = pytest.mark.parametrize("closing", [COMPLETED, CANCELLED], ids=["completed", "cancelled"])


def test_creates_with_a_title_alone() -> None:
    given().when(CreateTask(id=TASK, title="Write")).then(CREATED)


def test_creates_with_everything() -> None:
    given(on(PROJECT, project_created())).when(
        CreateTask(
            id=TASK,
            title="Write",
            description="The report.",
            priority=TaskPriority.CRITICAL,
            due_date=DUE,
            assigned_to=ANNA,
            project_id=PROJECT,
            tags=("report", "q2"),
        )
    ).then(
        task_created(
            description="The report.",
            priority=TaskPriority.CRITICAL,
            due_date=DUE,
            assigned_to=ANNA,
            project_id=PROJECT,
            tags=("report", "q2"),
        )
    )


def test_whoever_creates_it_is_its_creator() -> None:
    scenario = given().when(CreateTask(id=TASK, title="Write"))
    [created] = scenario.recorded
    assert isinstance(created, Task.Created)
    assert created.created_by == scenario.caller.user_id == OWNER


def test_creates_with_a_tidy_title_and_tags() -> None:
    command = CreateTask(id=TASK, title="  Write\t", tags=(" Urgent ", "urgent", "URGENT", "now"))
    given().when(command).then(task_created(title="Write", tags=("Urgent", "now")))


def test_creates_with_the_due_date_in_utc() -> None:
    in_rome = datetime(2030, 5, 1, 19, tzinfo=timezone(timedelta(hours=2)))
    scenario = given().when(CreateTask(id=TASK, title="Write", due_date=in_rome))
    [created] = scenario.recorded
    assert isinstance(created, Task.Created)
    assert created.due_date is not None
    assert created.due_date.isoformat() == "2030-05-01T17:00:00+00:00"


def test_is_not_created_in_a_project_that_is_not_there() -> None:
    given().when(CreateTask(id=TASK, title="Write", project_id=PROJECT)).refused(NotFound, field="project_id")


def test_is_not_created_in_something_that_is_no_project() -> None:
    command = CreateTask(id=TASK, title="Write", project_id=OTHER_PROJECT)
    given(on(OTHER_PROJECT, CREATED)).when(command).refused(NotFound, field="project_id")


def test_is_not_created_in_an_archived_project() -> None:
    archived = on(PROJECT, project_created(), Project.Archived())
    command = CreateTask(id=TASK, title="Write", project_id=PROJECT)
    given(archived).when(command).refused(ProjectIsArchived, field="project_id")


def test_is_not_created_in_a_deleted_project() -> None:
    deleted = on(PROJECT, project_created(), Project.Deleted())
    command = CreateTask(id=TASK, title="Write", project_id=PROJECT)
    given(deleted).when(command).refused(NotFound, field="project_id")


def test_is_created_in_a_restored_project() -> None:
    restored = on(PROJECT, project_created(), Project.Archived(), Project.Restored())
    command = CreateTask(id=TASK, title="Write", project_id=PROJECT)
    given(restored).when(command).then(task_created(project_id=PROJECT))


def test_renames() -> None:
    given(CREATED).when(RenameTask(id=TASK, title=" Rewrite ")).then(Task.Renamed(title="Rewrite"))


@pytest.mark.parametrize("title", ["Write", " Write "])
def test_renaming_to_its_own_title_records_nothing(title: str) -> None:
    given(CREATED).when(RenameTask(id=TASK, title=title)).then()


def test_a_title_in_other_case_is_another_title() -> None:
    given(CREATED).when(RenameTask(id=TASK, title="WRITE")).then(Task.Renamed(title="WRITE"))


def test_describes() -> None:
    event = Task.Described(description="Two pages.\n\tAt most.")
    given(CREATED).when(DescribeTask(id=TASK, description="Two pages.\n\tAt most.")).then(event)


def test_a_description_can_be_emptied() -> None:
    given(task_created(description="Long")).when(DescribeTask(id=TASK, description="")).then(
        Task.Described(description="")
    )


def test_describing_as_before_records_nothing() -> None:
    given(task_created(description="Long")).when(DescribeTask(id=TASK, description="Long")).then()


@CLOSED
@pytest.mark.parametrize(
    ("command", "event"),
    [
        (RenameTask(id=TASK, title="Note"), Task.Renamed(title="Note")),
        (DescribeTask(id=TASK, description="Note"), Task.Described(description="Note")),
        (TagTask(id=TASK, tags=("note",)), Task.Tagged(tags=("note",))),
    ],
    ids=["rename", "describe", "tag"],
)
def test_a_closed_task_can_still_be_annotated(closing: Event, command: Command, event: Event) -> None:
    given(CREATED, closing).when(command).then(event)


def test_assigns_with_where_the_task_stood() -> None:
    given(ASSIGNED, STARTED).when(AssignTask(id=TASK, assigned_to=BEN)).then(
        Task.Assigned(assigned_to=BEN, assigned_by=OWNER, previous=ANNA, status=TaskStatus.IN_PROGRESS)
    )


def test_assigning_to_who_has_it_records_nothing() -> None:
    given(ASSIGNED).when(AssignTask(id=TASK, assigned_to=ANNA)).then()


@CLOSED
def test_a_closed_task_is_not_assigned(closing: Event) -> None:
    given(CREATED, closing).when(AssignTask(id=TASK, assigned_to=ANNA)).refused(TaskIsClosed, field="id")


def test_unassigns() -> None:
    given(ASSIGNED).when(UnassignTask(id=TASK)).then(Task.Unassigned(previous=ANNA, status=TaskStatus.TODO))


def test_a_task_that_nobody_has_is_not_unassigned() -> None:
    given(CREATED).when(UnassignTask(id=TASK)).refused(TaskNotAssigned, field="id")


def test_is_not_unassigned_twice() -> None:
    unassigned = Task.Unassigned(previous=ANNA, status=TaskStatus.TODO)
    given(ASSIGNED, unassigned).when(UnassignTask(id=TASK)).refused(TaskNotAssigned, field="id")


@CLOSED
def test_a_closed_task_stays_with_who_had_it(closing: Event) -> None:
    given(ASSIGNED, closing).when(UnassignTask(id=TASK)).refused(TaskIsClosed, field="id")


def test_changes_priority() -> None:
    given(CREATED).when(ChangeTaskPriority(id=TASK, priority=TaskPriority.HIGH)).then(
        Task.PriorityChanged(priority=TaskPriority.HIGH)
    )


def test_changing_to_its_own_priority_records_nothing() -> None:
    given(CREATED).when(ChangeTaskPriority(id=TASK, priority=TaskPriority.MEDIUM)).then()


@pytest.mark.parametrize(
    "due",
    [
        DUE,
        datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),
        datetime(1999, 1, 1, tzinfo=UTC),
        datetime(9000, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    ],
    ids=["soon", "beyond 2038", "long past", "as late as can be"],
)
def test_sets_a_due_date(due: datetime) -> None:
    given(CREATED).when(SetTaskDueDate(id=TASK, due_date=due)).then(Task.DueDateSet(due_date=due))


def test_clears_the_due_date() -> None:
    scenario = given(task_created(due_date=DUE)).when(SetTaskDueDate(id=TASK, due_date=None))
    scenario.then(Task.DueDateSet(due_date=None))


@pytest.mark.parametrize("hours", [-11, 0, 2, 14])
def test_the_same_instant_in_another_zone_records_nothing(hours: int) -> None:
    due = DUE.astimezone(timezone(timedelta(hours=hours)))
    given(task_created(due_date=DUE)).when(SetTaskDueDate(id=TASK, due_date=due)).then()


def test_clearing_a_due_date_that_is_not_set_records_nothing() -> None:
    given(CREATED).when(SetTaskDueDate(id=TASK, due_date=None)).then()


def test_moves_with_where_the_task_stood() -> None:
    given(task_created(project_id=OTHER_PROJECT), STARTED, on(PROJECT, project_created())).when(
        MoveTask(id=TASK, project_id=PROJECT)
    ).then(Task.Moved(project_id=PROJECT, previous=OTHER_PROJECT, status=TaskStatus.IN_PROGRESS))


def test_moves_out_of_any_project() -> None:
    moved = Task.Moved(project_id=None, previous=PROJECT, status=TaskStatus.TODO)
    given(task_created(project_id=PROJECT)).when(MoveTask(id=TASK, project_id=None)).then(moved)


def test_moving_to_its_own_project_records_nothing() -> None:
    given(task_created(project_id=PROJECT), on(PROJECT, project_created())).when(
        MoveTask(id=TASK, project_id=PROJECT)
    ).then()


def test_is_not_moved_to_an_archived_project() -> None:
    given(CREATED, on(PROJECT, project_created(), Project.Archived())).when(
        MoveTask(id=TASK, project_id=PROJECT)
    ).refused(ProjectIsArchived, field="project_id")


@pytest.mark.parametrize("history", [(), (on(PROJECT, project_created(), Project.Deleted()),)])
def test_is_not_moved_to_a_project_that_is_not_there(history: tuple[On, ...]) -> None:
    given(CREATED, *history).when(MoveTask(id=TASK, project_id=PROJECT)).refused(NotFound, field="project_id")


def commands_on(id: UUID) -> list[Command]:
    """One of every command on a task that must be there."""
    return [
        RenameTask(id=id, title="Note"),
        DescribeTask(id=id, description="Note"),
        AssignTask(id=id, assigned_to=ANNA),
        UnassignTask(id=id),
        ChangeTaskStatus(id=id, status=TaskStatus.IN_REVIEW),
        CompleteTask(id=id),
        ReopenTask(id=id),
        CancelTask(id=id),
        ChangeTaskPriority(id=id, priority=TaskPriority.LOW),
        SetTaskDueDate(id=id, due_date=DUE),
        TagTask(id=id, tags=("note",)),
        ExtractTaskTags(id=id, tags=("note",)),
        MoveTask(id=id, project_id=None),
    ]


@pytest.mark.parametrize("command", commands_on(TASK), ids=lambda value: value.stored_as)
def test_a_task_that_is_not_there_is_not_changed(command: Command) -> None:
    given().when(command).refused(NotFound, field="id")


@pytest.mark.parametrize("command", commands_on(PROJECT), ids=lambda value: value.stored_as)
def test_a_project_is_not_taken_for_a_task(command: Command) -> None:
    given(project_created()).when(command).refused(NotFound, field="id")
