"""Private projects: which of them somebody does not belong to, so that they are shown nothing about these."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any
from uuid import UUID

from domain.kit.caller import Caller
from domain.kit.events import Event
from domain.work.access import ALL, CONFIDENTIAL
from domain.work.projects import Project
from projections.kit.context.visibility import Guarded, Moment, Moments
from projections.kit.declare.view import View
from projections.kit.model import PostgresView
from projections.kit.read.live_generations import Serving
from projections.kit.read.row_visibility import EVERYTHING, Sight
from projections.kit.store.generations import ReaderPool
from projections.kit.store.table_names import table_name
from projections.work.projects import (
    ProjectCards,
    ProjectMemberLists,
    ProjectMembers,
    Projects,
    ProjectSearch,
)
from projections.work.stats import NONE, DailyStats, ProjectCounts, ProjectProgress
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
    DailyStats: f"nullif(project_id, '{NONE}')",
}
"""The views of work whose rows are about projects, each with the column that says about which."""

PUBLIC_TEXTS: dict[type[View[Any]], tuple[str, ...]] = {Tasks: ("title",), Projects: ("name",)}
"""Where words may be looked for by who may not read descriptions; or they would be guessed word by word."""

DEPENDS: tuple[type[PostgresView[Any]], ...] = (Projects, ProjectMembers)
"""The views that say who sees what. They are folded with the append, so that they are never behind."""

CHANGES: tuple[type[Event], ...] = (Project.VisibilityChanged, Project.MemberRemoved, Project.MemberAdded)
"""After these somebody may see more or less than before."""

# The caller's tenant and id travel in one array, for a condition has one value. A membership holds only while
# its member belongs to the tenant without a break: who left and was taken in again starts over. By positions
# rather than times, for clocks jump.
_SEEN = """exists (
    select from (select {about} as it) o
      join {projects} p on p.tenant_id = (({value})::uuid[])[1] and p.id = o.it
     where p.id <> all ((select {uncertain})::uuid[])
       and (p.visibility <> 'private' or exists (
           select from {members} m
            where m.tenant_id = p.tenant_id and m.project_id = p.id and m.user_id = (({value})::uuid[])[2]
              and m.since >= coalesce((select s.since from {people} s
                   where s.tenant_id = (({value})::uuid[])[1] and s.user_id = (({value})::uuid[])[2]), 0))))"""
_TODAY = """id in (select t.id from {tasks} t
    where t.tenant_id = (({value})::uuid[])[1] and (t.project_id is null or {seen}))"""
# What is not known for certain, as of a task that has no row, is told to nobody.
_TOLD = """case
    when {about_many} then false
    when {kind} = 'project' then {seen_project}
    when {kind} = 'task' then exists (
        select from (select {id} as id, {at} as at) told
          join {tasks} t on t.tenant_id = (({value})::uuid[])[1] and t.id = told.id
         where t.id <> all ((select {doubtful})::uuid[]) and (t.project_id is null or {seen})
           and not exists (
               select from unnest(t.past_projects, t.past_since, t.past_until) l (project_id, since, until)
                where told.at between l.since and l.until and not {seen_then}))
    else true end"""
_TOLD_TODAY = """exists (
    select from (select {key} as key) past
      join {table} a on a.tenant_id = (({value})::uuid[])[1] and a.{key} = past.key
     where {told})"""
_UNTOLD = """
select asked.id, asked.at
  from unnest($3::uuid[], $4::bigint[]) as asked (id, at)
  join {tasks} t on t.tenant_id = $1 and t.id = asked.id
 where (t.id <> all ((select {doubtful})::uuid[])) is not true
    or exists (
        select from unnest(t.past_projects, t.past_since, t.past_until) l (project_id, since, until)
         where asked.at between l.since + $5 and l.until - $5 and not {seen})
"""
_AMONG = "select id from unnest($1::uuid[]) as asked (id) where {seen}"
_HIDDEN = """
select p.id from {projects} p where p.tenant_id = $1 and p.visibility = 'private' and not {seen}
union select unnest({uncertain})
"""

# One look into the index for each project, however many rows are about it.
_CHANGED = """
select coalesce(max((select max(v.position) from {table} v where v.tenant_id = $1 and v.{column} = p.id)), 0)
  from unnest($2::uuid[]) as p (id)
"""


class ProjectSight:
    """Says what somebody may see; `domain.work.access.sees` as SQL."""

    def __init__(self, reader: ReaderPool, live: Serving, guarded: Guarded) -> None:
        self._reader, self._live = reader, live
        self._guarded, self._people = guarded, guarded.members
        self._said: tuple[tuple[int, ...], Sight] | None = None
        """Of the generations that are read, what is said of everybody in SQL."""

    def of(self, caller: Caller) -> Sight:
        """What the caller may see, as conditions on what is read."""
        searched = {} if caller.may(CONFIDENTIAL) else PUBLIC_TEXTS
        if caller.may(ALL):
            return Sight(searched=searched) if searched else EVERYTHING
        views: tuple[type[PostgresView[Any]], ...] = (Tasks, *DEPENDS, self._people, *self._guarded.moments)
        read = tuple(map(self._live.generation, views))
        if self._said is None or self._said[0] != read:
            self._said = read, self._sight()
        return replace(self._said[1], value=[caller.tenant_id, caller.user_id], searched=searched)

    def _sight(self) -> Sight:
        rule = self._rule()
        seen = rule.format(about="t.project_id", value="{value}")
        today = _TODAY.format(value="{value}", tasks=self._table(Tasks), seen=seen)
        moments = {view: self._moments(view, of, rule) for view, of in self._guarded.moments.items()}
        return Sight(
            columns=self._guarded.about,
            rule=rule,
            today={Tasks: today, **{view: elsewhere for view, (_, elsewhere) in moments.items()}},
            told={view: here for view, (here, _) in moments.items()},
        )

    async def among(self, caller: Caller, ids: Collection[UUID]) -> frozenset[UUID]:
        """Those of the projects that the caller may see."""
        sql = _AMONG.format(seen=self._rule().format(about="id", value="array[$2, $3]"))
        async with self._reader.reading(caller.tenant_id) as connection:
            found = await connection.fetch(sql, list(ids), caller.tenant_id, caller.user_id)
        return frozenset(row["id"] for row in found)

    async def untold(
        self, caller: Caller, moments: Collection[Moment], *, moves: bool = True
    ) -> frozenset[Moment]:
        """Those of the moments of tasks at which these lay in projects that the caller may not see."""
        seen = self._rule().format(about="l.project_id", value="array[$1, $2]")
        sql = _UNTOLD.format(tasks=self._table(Tasks), doubtful=self._uncertain(Tasks), seen=seen)
        ids, positions = [id for id, _ in moments], [position for _, position in moments]
        async with self._reader.reading(caller.tenant_id) as connection:
            found = await connection.fetch(
                sql, caller.tenant_id, caller.user_id, ids, positions, 0 if moves else 1
            )
        return frozenset((row["id"], row["at"]) for row in found)

    async def hidden(self, caller: Caller) -> frozenset[UUID] | None:
        """The projects that the caller may not see; None while that is uncertain."""
        seen = self._rule().format(about="p.id", value="array[$1, $2]")
        sql = _HIDDEN.format(projects=self._table(Projects), uncertain=self._uncertain(), seen=seen)
        async with self._reader.reading(caller.tenant_id) as connection:
            if await connection.fetchval(f"select {self._uncertain()} is null"):
                return None
            found = await connection.fetch(sql, caller.tenant_id, caller.user_id)
        return frozenset(row["id"] for row in found)

    def _rule(self) -> str:
        return _SEEN.format(
            about="{about}",
            value="{value}",
            projects=self._table(Projects),
            members=self._table(ProjectMembers),
            people=self._table(self._people),
            uncertain=self._uncertain(),
        )

    async def changed(self, caller: Caller, view: type[View[Any]], hidden: Collection[UUID]) -> int:
        """The position of the last change of what a view has of these projects."""
        assert issubclass(view, PostgresView)
        sql = _CHANGED.format(table=self._table(view), column=self._guarded.about[view])
        async with self._reader.reading(caller.tenant_id) as connection:
            found: int = await connection.fetchval(sql, caller.tenant_id, list(hidden))
        return found

    def _moments(self, view: type[PostgresView[Any]], of: Moments, rule: str) -> tuple[str, str]:
        """SQL that is true when a row of what happened to things may be seen: of the view's table, and of one that
        is read elsewhere and stands there too."""

        def sql(row: str) -> str:
            id = f"{row}{of.id}"
            return _TOLD.format(
                about_many=of.about_many,
                kind=f"{row}{of.kind}",
                id=id,
                at=f"{row}position",
                tasks=self._table(Tasks),
                doubtful=self._uncertain(Tasks),
                seen_project=rule.format(about=id, value="{value}"),
                seen=rule.format(about="t.project_id", value="{value}"),
                seen_then=rule.format(about="l.project_id", value="{value}"),
                value="{value}",
            )

        (key,) = view.key
        return sql(""), _TOLD_TODAY.format(table=self._table(view), key=key, told=sql("a."), value="{value}")

    def _uncertain(self, *more: type[PostgresView[Any]]) -> str:
        views = (*DEPENDS, self._people, *more)
        names = ", ".join(f"'{view.name}'" for view in views)
        generations = ", ".join(str(self._live.generation(view)) for view in views)
        return f"ops.uncertain(array[{names}], array[{generations}])"

    def _table(self, view: type[PostgresView[Any]]) -> object:
        return table_name(view, self._live.generation(view))
