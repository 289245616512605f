"""Work is given to those who are there and may see it; nothing changes in what is hidden or gone."""

from typing import TypeVar
from uuid import UUID

import pytest

from domain.identity.authorization import BaseRole
from domain.identity.user_rules import UserIsDeleted, UserIsSuspended, UserNotAMember
from domain.identity.users import User
from domain.kit.caller import Caller
from domain.kit.commands import Command
from domain.kit.events import Event
from domain.kit.process.effects import Send
from domain.kit.refusals import NotFound, Refusal
from domain.kit.scenario import NOON, SOMEONE, given, on
from domain.processes.project_memberships import ProjectMemberships
from domain.work.access import OwnerOnly
from domain.work.project_commands import (
    AddProjectMember,
    DescribeProject,
    EndProjectMembership,
    RenameProject,
)
from domain.work.projects import AssigneeNotAMember, Project, ProjectIsDeleted, Visibility
from domain.work.task_commands import (
    AssignTask,
    CancelTask,
    ChangeTaskPriority,
    ChangeTaskStatus,
    CompleteTask,
    CreateTask,
    DescribeTask,
    MoveTask,
    RenameTask,
    ReopenTask,
    SetTaskDueDate,
    TagTask,
    UnassignTask,
)
from domain.work.tasks import Task, TaskPriority, TaskStatus
from tests.identity.people import registered
from tests.work.histories import ANNA, BEN, OTHER_PROJECT, OWNER, PROJECT, TASK, project_created, task_created

E = TypeVar("E", bound=Event)

GONE: list[tuple[tuple[Event, ...], type[Refusal]]] = [
    ((User.Removed(),), UserNotAMember),
    ((User.Suspended(),), UserIsSuspended),
    ((User.Deleted(),), UserIsDeleted),
]
PRIVATE = project_created(visibility=Visibility.PRIVATE)
IN_IT = task_created(project_id=PROJECT, assigned_to=BEN)
BY_OWNER = Caller(tenant_id=SOMEONE.tenant_id, user_id=OWNER)
BY_BEN = Caller(tenant_id=SOMEONE.tenant_id, user_id=BEN)
BY_ADMIN = Caller(tenant_id=SOMEONE.tenant_id, user_id=BEN, permissions=frozenset({"work:all"}))
CHANGES: list[Command] = [
    RenameTask(id=TASK, title="x"),
    DescribeTask(id=TASK, description="x"),
    AssignTask(id=TASK, assigned_to=OWNER),
    UnassignTask(id=TASK),
    ChangeTaskStatus(id=TASK, status=TaskStatus.IN_REVIEW),
    CompleteTask(id=TASK),
    CancelTask(id=TASK),
    ReopenTask(id=TASK),
    ChangeTaskPriority(id=TASK, priority=TaskPriority.HIGH),
    SetTaskDueDate(id=TASK, due_date=None),
    TagTask(id=TASK, tags=("x",)),
]


@pytest.mark.parametrize(("events", "refusal"), GONE)
def test_nothing_is_given_to_who_is_gone(events: tuple[Event, ...], refusal: type[Refusal]) -> None:
    anna = on(ANNA, registered(), *events)
    create = CreateTask(id=TASK, title="x", assigned_to=ANNA)
    given(anna).when(create).refused(refusal, field="assigned_to")
    assign = AssignTask(id=TASK, assigned_to=ANNA)
    given(task_created(), anna).when(assign).refused(refusal, field="assigned_to")
    add = AddProjectMember(id=PROJECT, user_id=ANNA)
    given(project_created(), anna).by(BY_OWNER).when(add).refused(refusal, field="user_id")


def test_who_is_on_leave_or_came_back_is_there() -> None:
    there: tuple[tuple[Event, ...], ...] = (
        (User.Deactivated(),),
        (User.Removed(), User.Rejoined(role=BaseRole.MEMBER)),
    )
    for events in there:
        scenario = given(task_created(), on(ANNA, registered(), *events))
        scenario.when(AssignTask(id=TASK, assigned_to=ANNA))
        assert scenario.refusal is None


def test_work_in_a_private_project_is_given_to_who_belongs_to_it() -> None:
    private = on(PROJECT, PRIVATE)
    create = CreateTask(id=TASK, title="x", assigned_to=ANNA, project_id=PROJECT)
    given(private).by(BY_OWNER).when(create).refused(AssigneeNotAMember, field="assigned_to")
    assign = AssignTask(id=TASK, assigned_to=ANNA)
    given(IN_IT, private).by(BY_OWNER).when(assign).refused(AssigneeNotAMember, field="assigned_to")
    joined = on(PROJECT, PRIVATE, Project.MemberAdded(user_id=ANNA))
    scenario = given(IN_IT, joined).by(BY_OWNER).when(assign)
    assert [type(event) for event in scenario.recorded] == [Task.Assigned]


def test_who_sees_a_private_project_may_take_its_work_on() -> None:
    assign = AssignTask(id=TASK, assigned_to=BEN)
    scenario = given(task_created(project_id=PROJECT), on(PROJECT, PRIVATE)).by(BY_ADMIN).when(assign)
    assert [type(event) for event in scenario.recorded] == [Task.Assigned]


@pytest.mark.parametrize("command", CHANGES, ids=lambda value: type(value).__name__)
def test_nobody_changes_what_they_do_not_see(command: Command) -> None:
    given(IN_IT, on(PROJECT, PRIVATE)).by(BY_BEN).when(command).refused(NotFound, field="id")


@pytest.mark.parametrize("command", CHANGES, ids=lambda value: type(value).__name__)
def test_nothing_changes_in_a_deleted_project(command: Command) -> None:
    deleted = on(PROJECT, project_created(), Project.Deleted())
    given(IN_IT, deleted).when(command).refused(ProjectIsDeleted, field="id")


def test_a_task_is_moved_out_of_a_deleted_project() -> None:
    deleted = on(PROJECT, project_created(), Project.Deleted())
    scenario = given(IN_IT, deleted).when(MoveTask(id=TASK, project_id=None))
    assert [type(event) for event in scenario.recorded] == [Task.Moved]


def test_nobody_works_in_a_private_project_that_they_do_not_see() -> None:
    private = on(PROJECT, PRIVATE)
    create = CreateTask(id=TASK, title="x", project_id=PROJECT)
    given(private).by(BY_BEN).when(create).refused(NotFound, field="project_id")
    move = MoveTask(id=TASK, project_id=PROJECT)
    elsewhere = task_created(project_id=OTHER_PROJECT)
    given(elsewhere, private).by(BY_BEN).when(move).refused(NotFound, field="project_id")
    for command in (RenameProject(id=PROJECT, name="x"), DescribeProject(id=PROJECT, description="x")):
        given(PRIVATE).by(BY_BEN).when(command).refused(NotFound, field="id")


def test_only_the_owner_adds_people_to_a_private_project() -> None:
    add = AddProjectMember(id=PROJECT, user_id=ANNA)
    ben = Project.MemberAdded(user_id=BEN)
    given(PRIVATE, ben).by(BY_BEN).when(add).refused(OwnerOnly, field="id")
    given(PRIVATE).by(BY_BEN).when(add).refused(NotFound, field="id")
    given(PRIVATE, ben).by(BY_OWNER).when(add).then(Project.MemberAdded(user_id=ANNA))
    given(project_created()).by(BY_BEN).when(add).then(Project.MemberAdded(user_id=ANNA))


JOINED = Project.MemberAdded(user_id=BEN)


def at(id: UUID, event: E) -> E:
    """The event as it stands on a stream."""
    return event.stamped(id, 1, NOON)


@pytest.mark.parametrize(
    "left", [User.Removed(), User.Deleted(), User.Erased()], ids=lambda value: type(value).__name__
)
def test_who_leaves_is_taken_off_the_projects(left: User.Removed | User.Deleted | User.Erased) -> None:
    """Or notifications, member lists and rules would count them again when they are taken in again."""
    process = ProjectMemberships()
    state = process.added(None, at(PROJECT, JOINED)).state
    state = process.added(state, at(OTHER_PROJECT, JOINED)).state
    state = process.taken_off(state, at(OTHER_PROJECT, Project.MemberRemoved(user_id=BEN))).state
    assert process.left(state, at(BEN, left)).actions == (
        Send(EndProjectMembership(id=PROJECT, user_id=BEN)),
    )
    assert process.left(None, at(BEN, left)).actions == ()


def test_a_membership_ends_in_an_archived_project_too_and_never_the_owners() -> None:
    end = EndProjectMembership(id=PROJECT, user_id=BEN)
    given(project_created(), JOINED, Project.Archived()).when(end).then(Project.MemberRemoved(user_id=BEN))
    given(project_created()).when(end).then()
    given(project_created()).when(EndProjectMembership(id=PROJECT, user_id=OWNER)).then()
