"""The manifest of work in the domain."""

from domain.kit.context.context import ContextDomain
from domain.work import notifications, projects, tasks

CONTEXT = ContextDomain(
    package=__name__,
    modules=(
        notifications,
        projects,
        tasks,
    ),
)
