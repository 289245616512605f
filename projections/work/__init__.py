"""The manifest of work among the views."""

from domain.work.access import ALL, READ
from domain.work.notifications import Notification
from domain.work.projects import Project
from domain.work.tasks import Task
from projections.kit.context.context import ContextViews
from projections.kit.context.visibility import ContextVisibility, Shown
from projections.work import export_parts, notifications, projects, reader, stats, tags, tasks, visibility

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
        sees_all=ALL,
        about=visibility.GUARDED,
        changes=visibility.CHANGES,
        messages=(Notification,),
        shown=(
            Shown(aggregate=Task, view=tasks.Tasks, needs=READ),
            Shown(aggregate=Project, view=projects.Projects, needs=READ),
        ),
    ),
    exports=export_parts.EXPORTS,
    not_exported={
        stats.UserStats: "Counts of the tasks that are listed.",
        stats.DailyStats: "Counts of the tasks that are listed.",
        stats.ProjectProgress: "Counts, of nobody's.",
        stats.UserCounts: "Counts of the tasks that are listed.",
        projects.ProjectCards: "Shows again what stands in `activity_data.projects`.",
        projects.ProjectMemberLists: "Shows again what stands in `activity_data.projects`.",
        projects.ProjectSearch: "Shows again what stands in `activity_data.projects`.",
        tasks.TaskSearch: "Shows again what stands in `activity_data.tasks`.",
    },
)
