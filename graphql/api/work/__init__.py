"""The API of work."""

from api.work import projects, stats, tasks

ROOTS: tuple[type, ...] = (
    tasks.Query,
    tasks.Mutation,
    tasks.Subscription,
    projects.Query,
    projects.Mutation,
    stats.Query,
    stats.Subscription,
)
