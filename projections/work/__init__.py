"""The views of work."""

from projections.work.notifications import Notifications
from projections.work.projects import (
    ProjectCards,
    ProjectMemberLists,
    ProjectMembers,
    Projects,
    ProjectSearch,
)
from projections.work.stats import DailyStats, ProjectCounts, ProjectProgress, UserCounts, UserStats
from projections.work.tags import WorkTags
from projections.work.tasks import Tasks, TaskSearch

VIEWS = (
    Tasks,
    TaskSearch,
    Projects,
    ProjectMembers,
    ProjectCards,
    ProjectMemberLists,
    ProjectSearch,
    UserStats,
    ProjectProgress,
    DailyStats,
    UserCounts,
    ProjectCounts,
    WorkTags,
    Notifications,
)
