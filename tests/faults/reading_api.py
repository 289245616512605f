"""What readers are shown through the API, caches and all, once everything is quiet, beside the truth."""

from collections.abc import Iterable
from random import Random
from typing import Any
from uuid import UUID

from projections.kit.declare.view import FullKey
from projections.work.projects import ProjectMembers, Projects
from projections.work.stats import StatusCounts, UserStats
from projections.work.tasks import TaskRow, Tasks
from tests.faults.invariants import Truth
from tests.kit.client import Answer, Client

_SAMPLE = 8
"""Of each kind that one answer shows at a time, so many are asked for."""
_PAGE = 20
_COUNTS = ("todo", "in_progress", "in_review", "completed", "cancelled")


async def reader_findings(truth: Truth, client: Client, chance: Random) -> list[str]:
    """Ask for lists, cached pages, counts and searches of the client's tenant as of the log's end."""
    head = str(truth.events[-1][1].position)
    tasks = {row.id: row for row in _own(truth, Tasks.name, client)}
    findings = await _lists(client, tasks, head)
    findings += await _people(truth, client, tasks, head)
    findings += await _projects(truth, client, head, chance)
    for row in chance.sample(sorted(tasks.values(), key=lambda task: task.id), min(_SAMPLE, len(tasks))):
        word = row.title.split()[-1]
        answer = await client.answer("SearchTasks", text=word, afterPosition=head)
        hits = [hit["node"]["id"] for hit in answer["data"]["searchTasks"]["edges"]]
        findings += _same(f"search for {word}", answer, hits, [str(row.id)])
    return [f"tenant {client.tenant}: {finding}" for finding in findings]


async def _lists(client: Client, tasks: dict[UUID, TaskRow], head: str) -> list[str]:
    shown: dict[str, tuple[str, str]] = {}
    after, answer = None, {}
    more = True
    while more:
        answer = await client.answer("Tasks", first=100, after=after, afterPosition=head)
        page = answer["data"]["tasks"]
        shown |= {
            edge["node"]["id"]: (edge["node"]["title"], edge["node"]["status"]) for edge in page["edges"]
        }
        more, after = page["pageInfo"]["hasNextPage"], page["pageInfo"]["endCursor"]
    wanted = {str(id): (row.title, row.status.name) for id, row in tasks.items()}
    return _same("list of tasks", answer, shown, wanted)


async def _people(truth: Truth, client: Client, tasks: dict[UUID, TaskRow], head: str) -> list[str]:
    findings = []
    for stats in _own(truth, UserStats.name, client):
        own = [row for row in tasks.values() if row.assigned_to == stats.user_id]
        newest = sorted(own, key=lambda row: row.created_at, reverse=True)[:_PAGE]
        user = str(stats.user_id)
        answer = await client.answer("UserTasks", userId=user, afterPosition=head)
        shown = [node["id"] for node in answer["data"]["userTasks"]["nodes"]]
        findings += _same(f"tasks of {user}", answer, shown, [str(row.id) for row in newest])
        answer = await client.answer("TaskStats", userId=user, afterPosition=head)
        findings += _same(f"counts of {user}", answer, _counted(answer["data"]["taskStats"]), _counts(stats))
    return findings


async def _projects(truth: Truth, client: Client, head: str, chance: Random) -> list[str]:
    findings = []
    projects = sorted(row.id for row in _own(truth, Projects.name, client))
    members = [(row.project_id, row.user_id) for row in _own(truth, ProjectMembers.name, client)]
    for id in chance.sample(projects, min(_SAMPLE, len(projects))):
        answer = await client.answer("Project", id=str(id), afterPosition=head)
        wanted = sorted(str(user) for project, user in members if project == id)
        findings += _same(f"members of {id}", answer, sorted(answer["data"]["project"]["memberIds"]), wanted)
    return findings


# Rows differ in type from view to view, hence Any.
def _own(truth: Truth, view: str, client: Client) -> Iterable[Any]:
    rows: dict[FullKey, Any] = truth.rows[view]
    return [row for (tenant, _), row in rows.items() if tenant == client.tenant]


def _counts(stats: StatusCounts) -> list[int]:
    return [getattr(stats, name) for name in _COUNTS]


def _counted(shown: dict[str, int]) -> list[int]:
    return [shown[name] for name in ("todo", "inProgress", "inReview", "completed", "cancelled")]


def _same(what: str, answer: Answer, shown: object, wanted: object) -> list[str]:
    if answer.get("extensions", {}).get("stale"):
        return [f"{what} is stale though nothing happens: {answer['extensions']}"]
    return [] if shown == wanted else [f"{what} shows {shown}, not {wanted}"]
