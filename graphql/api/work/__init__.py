"""The manifest of work in the API."""

from api.kit.manifest import ContextApi
from api.work import notifications, projects, rest, search, stats, tasks

CONTEXT = ContextApi(
    package=__name__,
    modules=(
        tasks,
        projects,
        search,
        stats,
        notifications,
    ),
    rest=rest.ROUTES,
)
