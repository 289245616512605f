"""Cached answers about work, and the events that make them old."""

from datetime import timedelta
from uuid import UUID

import msgspec

from domain.work.projects import Project
from domain.work.tasks import Task
from projections.kit.model import Invalidation, invalidates
from projections.kit.read.cache import Cached
from projections.kit.read.search_reader import Found
from projections.work.projects import ProjectDocument
from projections.work.tasks import TaskDocument


class TagPage(msgspec.Struct, frozen=True):
    """A page of somebody's tasks, by id, the newest first."""

    ids: list[UUID]
    more: bool


USER_TASKS = Cached(
    "user:tasks:{user_id}:page:{page}",
    TagPage,
    ttl=timedelta(minutes=5),
    tags=("user:{user_id}:tasks",),
)
TASK_SEARCHES = Cached(
    "search:tasks:{query}:{filters}", Found[TaskDocument], ttl=timedelta(minutes=5), tags=("tasks",)
)
PROJECT_SEARCHES = Cached(
    "search:projects:{query}:{filters}", Found[ProjectDocument], ttl=timedelta(minutes=5), tags=("projects",)
)
CACHED = (USER_TASKS, TASK_SEARCHES, PROJECT_SEARCHES)

_MEMBERSHIP = {Task.Created, Task.Assigned, Task.Unassigned}


def _users(*ids: UUID | None) -> list[str]:
    return [f"user:{id}:tasks" for id in ids if id is not None]


class WorkTags(Invalidation, name="work.tags", ttl=timedelta(hours=2)):
    """Which answers an event makes old: pages hold ids, so only who has a task matters to them."""

    created = invalidates(Task.Created, tags=lambda event, _: ["tasks", *_users(event.assigned_to)])
    assigned = invalidates(
        Task.Assigned, tags=lambda event, _: ["tasks", *_users(event.assigned_to, event.previous)]
    )
    unassigned = invalidates(Task.Unassigned, tags=lambda event, _: ["tasks", *_users(event.previous)])
    task = invalidates(
        *(event for event in Task.events if event not in _MEMBERSHIP), tags=lambda *_: ["tasks"]
    )
    project = invalidates(*Project.events, tags=lambda *_: ["projects"])
