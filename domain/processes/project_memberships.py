"""Memberships of projects end with that of the company, and are not there when somebody is taken in again."""

from dataclasses import dataclass
from uuid import UUID

from domain.identity.users import User
from domain.kit.process.effects import Failed, Send, Then
from domain.kit.process.process import Process, on, when_failed
from domain.work.project_commands import EndProjectMembership
from domain.work.projects import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """The projects that somebody has been added to."""

    projects: tuple[UUID, ...] = ()


class ProjectMemberships(Process[Joined], name="work.project_memberships", version=1):
    """End those of whoever was removed, deleted or erased. What they may see ends with the event itself."""

    @on(Project.MemberAdded, by="user_id")
    def added(self, state: Joined | None, event: Project.MemberAdded) -> Then[Joined]:
        others = _without(state, event.originator_id)
        return Then(Joined(projects=(*others, event.originator_id)))

    @on(Project.MemberRemoved, by="user_id")
    def taken_off(self, state: Joined | None, event: Project.MemberRemoved) -> Then[Joined]:
        return Then(Joined(projects=_without(state, event.originator_id)))

    @on(User.Removed, User.Deleted, User.Erased)
    def left(self, state: Joined | None, event: User.Removed | User.Deleted | User.Erased) -> Then[Joined]:
        projects = state.projects if state is not None else ()
        ends = (EndProjectMembership(id=id, user_id=event.originator_id) for id in projects)
        return Then(state, *(Send(command) for command in ends))

    @when_failed(EndProjectMembership)
    def gone(self, state: Joined | None, failed: Failed[EndProjectMembership]) -> Then[Joined]:
        # The project was deleted, or somebody was faster.
        return Then(state)


def _without(state: Joined | None, project: UUID) -> tuple[UUID, ...]:
    return tuple(id for id in state.projects if id != project) if state is not None else ()
