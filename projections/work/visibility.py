"""Private projects: which of them somebody does not belong to, so that nothing about them is shown to him."""

from typing import Any

from domain.kit.caller import Caller
from domain.work.access import ALL, CONFIDENTIAL
from projections.kit.live import Serving
from projections.kit.rows import Reader
from projections.kit.sight import EVERYTHING, Sight
from projections.kit.tables import table_name
from projections.kit.view import View
from projections.work.projects import (
    ProjectCards,
    ProjectMemberLists,
    ProjectMembers,
    Projects,
    ProjectSearch,
)
from projections.work.stats import ProjectCounts, ProjectProgress
from projections.work.tasks import Tasks, TaskSearch

GUARDED: dict[type[View[Any]], str] = {
    Tasks: "project_id",
    TaskSearch: "project_id",
    Projects: "id",
    ProjectCards: "id",
    ProjectSearch: "id",
    ProjectMembers: "project_id",
    ProjectMemberLists: "project_id",
    ProjectProgress: "project_id",
    ProjectCounts: "project_id",
}
"""Views whose rows are about projects, each with the column that says about which."""

PUBLIC_TEXTS: dict[type[View[Any]], tuple[str, ...]] = {Tasks: ("title",), Projects: ("name",)}
"""Where words may be looked for by who may not read descriptions; or he would guess them word by word."""

DEPENDS = (Projects, ProjectMembers)
"""The views that say who sees what."""

_HIDDEN = """
select p.id from {projects} p
 where p.tenant_id = $1 and p.visibility = 'private' and p.owner_id <> $2
   and not exists (select from {members} m where m.tenant_id = $1 and m.project_id = p.id and m.user_id = $2)
"""


class ProjectSight:
    """Finds out what somebody may not see; `domain.work.access.sees` as one query."""

    def __init__(self, reader: Reader, live: Serving) -> None:
        self._reader, self._live = reader, live

    async def of(self, caller: Caller) -> Sight:
        """What the caller may see now."""
        searched = {} if caller.may(CONFIDENTIAL) else PUBLIC_TEXTS
        if caller.may(ALL):
            return Sight(searched=searched) if searched else EVERYTHING
        sql = _HIDDEN.format(
            projects=table_name(Projects, self._live.generation(Projects)),
            members=table_name(ProjectMembers, self._live.generation(ProjectMembers)),
        )
        async with self._reader.reading(caller.tenant_id) as connection:
            found = await connection.fetch(sql, caller.tenant_id, caller.user_id)
        return Sight(GUARDED, frozenset(row["id"] for row in found), searched)
