"""The manifest of work among the views."""

from domain.work.access import READ
from domain.work.notifications import Notification
from domain.work.projects import Project
from domain.work.tasks import Task
from projections.kit.context.context import ContextViews
from projections.kit.context.visibility import ContextVisibility, Shown
from projections.work import notifications, projects, reader, stats, tags, tasks, visibility

CONTEXT = ContextViews(
    package=__name__,
    modules=(notifications, projects, stats, tags, tasks),
    readers=(reader.work_reader,),
    twins={
        projects.Projects: projects.ProjectCards,
        stats.UserStats: stats.UserCounts,
        stats.ProjectProgress: stats.ProjectCounts,
    },
    visibility=ContextVisibility(
        rule=visibility.ProjectSight,
        about=visibility.GUARDED,
        changes=visibility.CHANGES,
        messages=(Notification,),
        shown=(
            Shown(aggregate=Task, view=tasks.Tasks, needs=READ),
            Shown(aggregate=Project, view=projects.Projects, needs=READ),
        ),
    ),
)
