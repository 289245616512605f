"""The API of work."""

from api.work import notifications, projects, search, stats, tasks

ROOTS: tuple[type, ...] = (
    tasks.Query,
    tasks.Mutation,
    tasks.Subscription,
    projects.Query,
    projects.Mutation,
    search.Query,
    stats.Query,
    stats.Subscription,
    notifications.Query,
    notifications.Mutation,
    notifications.Subscription,
)
