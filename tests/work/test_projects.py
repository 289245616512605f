"""The rules of projects."""

import pytest

from domain.kit.commands import Command
from domain.kit.events import Event
from domain.kit.refusals import NotFound
from domain.kit.scenario import given
from domain.work.project_commands import (
    AddProjectMember,
    ArchiveProject,
    ChangeProjectVisibility,
    CreateProject,
    DeleteProject,
    DescribeProject,
    RemoveProjectMember,
    RenameProject,
    RestoreProject,
)
from domain.work.projects import (
    AlreadyMember,
    NotAMember,
    OwnerMustStay,
    Project,
    ProjectIsArchived,
    ProjectNotArchived,
    Visibility,
)
from tests.work.histories import ANNA, BEN, OWNER, PROJECT, project_created, task_created

CREATED = project_created()
ARCHIVED = Project.Archived()
WITH_ANNA = Project.MemberAdded(user_id=ANNA)


def test_creates_with_a_name_alone() -> None:
    given().when(CreateProject(id=PROJECT, name="Website")).then(CREATED)


def test_creates_with_everything() -> None:
    command = CreateProject(
        id=PROJECT, name=" Website ", description="The new one.", visibility=Visibility.PRIVATE
    )
    given().when(command).then(project_created(description="The new one.", visibility=Visibility.PRIVATE))


def test_whoever_creates_it_owns_it() -> None:
    scenario = given().when(CreateProject(id=PROJECT, name="Website"))
    [created] = scenario.recorded
    assert isinstance(created, Project.Created)
    assert created.owner_id == scenario.caller.user_id == OWNER


def test_the_owner_is_a_member_from_the_start() -> None:
    given(CREATED).when(AddProjectMember(id=PROJECT, user_id=OWNER)).refused(AlreadyMember, field="user_id")


def test_renames() -> None:
    given(CREATED).when(RenameProject(id=PROJECT, name=" Shop ")).then(Project.Renamed(name="Shop"))


@pytest.mark.parametrize("name", ["Website", " Website"])
def test_renaming_to_its_own_name_records_nothing(name: str) -> None:
    given(CREATED).when(RenameProject(id=PROJECT, name=name)).then()


def test_describes() -> None:
    event = Project.Described(description="The new one.")
    given(CREATED).when(DescribeProject(id=PROJECT, description="The new one.")).then(event)


def test_describing_as_before_records_nothing() -> None:
    given(CREATED).when(DescribeProject(id=PROJECT, description="")).then()


def test_archives() -> None:
    given(CREATED).when(ArchiveProject(id=PROJECT)).then(ARCHIVED)


def test_restores() -> None:
    given(CREATED, ARCHIVED).when(RestoreProject(id=PROJECT)).then(Project.Restored())


@pytest.mark.parametrize("history", [(), (ARCHIVED, Project.Restored())])
def test_a_project_at_work_is_not_restored(history: tuple[Event, ...]) -> None:
    given(CREATED, *history).when(RestoreProject(id=PROJECT)).refused(ProjectNotArchived, field="id")


@pytest.mark.parametrize("history", [(), (ARCHIVED,)], ids=["active", "archived"])
def test_deletes(history: tuple[Event, ...]) -> None:
    given(CREATED, *history).when(DeleteProject(id=PROJECT)).then(Project.Deleted())


def test_adds_a_member() -> None:
    given(CREATED).when(AddProjectMember(id=PROJECT, user_id=ANNA)).then(WITH_ANNA)


def test_nobody_is_added_twice() -> None:
    given(CREATED, WITH_ANNA).when(AddProjectMember(id=PROJECT, user_id=ANNA)).refused(
        AlreadyMember, field="user_id"
    )


def test_removes_a_member() -> None:
    given(CREATED, WITH_ANNA).when(RemoveProjectMember(id=PROJECT, user_id=ANNA)).then(
        Project.MemberRemoved(user_id=ANNA)
    )


def test_who_is_no_member_is_not_removed() -> None:
    given(CREATED, WITH_ANNA).when(RemoveProjectMember(id=PROJECT, user_id=BEN)).refused(
        NotAMember, field="user_id"
    )


def test_nobody_is_removed_twice() -> None:
    given(CREATED, WITH_ANNA, Project.MemberRemoved(user_id=ANNA)).when(
        RemoveProjectMember(id=PROJECT, user_id=ANNA)
    ).refused(NotAMember, field="user_id")


def test_who_was_removed_can_be_added_again() -> None:
    given(CREATED, WITH_ANNA, Project.MemberRemoved(user_id=ANNA)).when(
        AddProjectMember(id=PROJECT, user_id=ANNA)
    ).then(WITH_ANNA)


def test_the_owner_stays() -> None:
    given(CREATED).when(RemoveProjectMember(id=PROJECT, user_id=OWNER)).refused(
        OwnerMustStay, field="user_id"
    )


def test_changes_visibility() -> None:
    given(CREATED).when(ChangeProjectVisibility(id=PROJECT, visibility=Visibility.PRIVATE)).then(
        Project.VisibilityChanged(visibility=Visibility.PRIVATE)
    )


def test_changing_to_its_own_visibility_records_nothing() -> None:
    given(CREATED).when(ChangeProjectVisibility(id=PROJECT, visibility=Visibility.PUBLIC)).then()


CHANGES: list[Command] = [
    RenameProject(id=PROJECT, name="Shop"),
    DescribeProject(id=PROJECT, description="The new one."),
    ArchiveProject(id=PROJECT),
    AddProjectMember(id=PROJECT, user_id=BEN),
    RemoveProjectMember(id=PROJECT, user_id=ANNA),
    ChangeProjectVisibility(id=PROJECT, visibility=Visibility.PRIVATE),
]
EVERYTHING: list[Command] = [*CHANGES, RestoreProject(id=PROJECT), DeleteProject(id=PROJECT)]


@pytest.mark.parametrize("command", CHANGES, ids=lambda value: value.stored_as)
def test_an_archived_project_rests(command: Command) -> None:
    given(CREATED, WITH_ANNA, ARCHIVED).when(command).refused(ProjectIsArchived, field="id")


@pytest.mark.parametrize("command", EVERYTHING, ids=lambda value: value.stored_as)
def test_a_deleted_project_is_gone(command: Command) -> None:
    given(CREATED, Project.Deleted()).when(command).refused(NotFound, field="id")


@pytest.mark.parametrize("command", EVERYTHING, ids=lambda value: value.stored_as)
def test_a_project_that_is_not_there_is_not_changed(command: Command) -> None:
    given().when(command).refused(NotFound, field="id")


@pytest.mark.parametrize("command", EVERYTHING, ids=lambda value: value.stored_as)
def test_a_task_is_not_taken_for_a_project(command: Command) -> None:
    given(task_created()).when(command).refused(NotFound, field="id")
