"""The manifest of work in the domain."""

from domain.kit.context.context import ContextDomain
from domain.kit.context.entities import Entity
from domain.kit.permissions import Permission
from domain.work import notifications, projects, tasks
from domain.work.access import ALL, CONFIDENTIAL, READ

CONTEXT = ContextDomain(
    package=__name__,
    modules=(notifications, projects, tasks),
    permissions=(
        Permission(READ, "Read tasks and projects that are public, or that one belongs to.", "guest"),
        Permission("work:write", "Create and change tasks and projects.", "member"),
        Permission(CONFIDENTIAL, "Read descriptions.", "member"),
        Permission(ALL, "Read and change private projects without belonging to them.", "admin"),
    ),
    entities=(
        # Private projects and their tasks are here as well, so it takes the permission to see all of them.
        Entity(
            kind="PROJECT", aggregate=projects.Project, needs=ALL, data=("name", "visibility", "owner_id")
        ),
        Entity(kind="TASK", aggregate=tasks.Task, starts="todo", needs=ALL, data=("title", "project_id")),
    ),
)
