"""The lanes of inline views: where they stand, and how those that stand together are moved together."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from projections.kit.store.generations import Connection

# Of each view the generation that this version's readers see; a cut-over changes it under the same lock.
_STANDING = """
select l.id, l.view, l.generation, l.position, l.folded, l.token, l.holder, l.leaves_out,
       to_regclass(n.name) is not null as there, n.name,
       -- Tables grow from nothing; a plan kept from before would read them whole.
       set_config('plan_cache_mode', 'force_custom_plan', true)
  from unnest($1::text[], $2::int[]) as t(view, version)
  join ops.lanes l on l.view = t.view and l.generation = ops.serving(t.view, t.version)
 cross join lateral (select format('%I.%I', split_part(l.view, '.', 1) || '_g' || l.generation,
                                   split_part(l.view, '.', 2)) as name) n
 where l.phase <> 'repairing'
 order by l.id for update of l
"""
# All are locked, in order of id as everybody does, and those are moved of which nothing else is to be known:
# a live generation that follows, that has its table, that no worker holds and that lacks this batch alone.
# What a cut-over under way sends readers to lacks the batch, and is given it with the next one.
_MOVED_TOGETHER = """
with l as materialized (
    select l.id, l.view, l.generation, t.name,
           l.position = $3 and l.phase = 'following' and l.holder is null as able
      from unnest($1::int[], $2::text[]) as t(id, name) join ops.lanes l on l.id = t.id
     order by l.id for update of l
), moved as (
    update ops.lanes m set position = $4, folded = m.folded + $4 - $3, moved_at = clock_timestamp()
      from l join ops.views v on v.view = l.view and v.live = l.generation
     where m.id = l.id and l.able and to_regclass(l.name) is not null
    returning m.id, m.leaves_out
)
select array_agg(id) as ids, array_agg(id) filter (where leaves_out) as leaving_out from moved
"""
# A worker that was refilling the view is stopped by the new token; the view is the appender's from here on.
_MOVED = """
update ops.lanes l
   set position = $3, folded = l.folded + m.count, moved_at = clock_timestamp(),
       token = l.token + (l.holder is not null)::int, holder = null
  from unnest($1::text[], $2::int[], $4::bigint[]) as m(view, generation, count)
 where l.view = m.view and l.generation = m.generation
"""
_BOUNDS = """
select (select min(l.position) from unnest($1::text[], $2::int[]) as t(view, version)
          join ops.lanes l on l.view = t.view and l.generation = ops.serving(t.view, t.version)
         where l.phase <> 'repairing') as least,
       (select coalesce(max(position), 0) from es.events) as head
"""


@dataclass(frozen=True, slots=True)
class KeptGeneration:
    """The generation of a view that is kept; ``leaves_out``: some streams are parked or discarded."""

    id: int
    view: str
    generation: int
    leaves_out: bool


@dataclass(frozen=True, slots=True)
class InlineLane(KeptGeneration):
    """Where a view stands; ``there``: it has its table, whose quoted name is ``name``."""

    position: int
    folded: int
    token: int
    holder: int | None
    there: bool
    name: str


_FIELDS = tuple(field.name for field in fields(InlineLane))


class InlineLanes:
    """The lanes of the views with these versions. A connection is one in a transaction of an append's, or
    a pool's proxy for one, which has no type of its own, hence Any."""

    def __init__(self, versions: Mapping[str, int]) -> None:
        self._versions = dict(versions)
        # As each view was last seen; the server makes sure that it is so still.
        self._seen: dict[str, InlineLane] = {}

    async def bounds(self, connection: "Connection | Any") -> tuple[int, int]:
        """The least position of a view, and the head of the log."""
        row = await connection.fetchrow(_BOUNDS, *self._named(self._versions))
        assert row is not None, "an aggregate without groups is one row"
        return row["head"] if row["least"] is None else row["least"], row["head"]

    async def standing(
        self, connection: "Connection | Any", views: Collection[str] | None = None
    ) -> dict[str, InlineLane]:
        """Where these views stand, or all of them, locked until the transaction ends."""
        named = self._named(self._versions if views is None else views)
        rows = await connection.fetch(_STANDING, *named)
        found = {row["view"]: InlineLane(*(row[name] for name in _FIELDS)) for row in rows}
        self._seen.update(found)
        return found

    async def move_together(
        self, connection: "Connection | Any", before: int, last: int
    ) -> dict[str, KeptGeneration]:
        """Move all views from ``before`` to ``last`` that stand just there and that nobody else works on.

        One statement, however many they are. The caller folds what lies between, in the same transaction,
        and sees to the views that were left where they are.
        """
        if not self._seen:
            return {}
        seen = self._seen.values()
        row = await connection.fetchrow(
            _MOVED_TOGETHER, [lane.id for lane in seen], [lane.name for lane in seen], before, last
        )
        assert row is not None, "an aggregate without groups is one row"
        ids, leaving_out = set(row["ids"] or ()), row["leaving_out"] or ()
        return {
            lane.view: lane
            if not lane.leaves_out and not leaving_out
            else _kept(lane, lane.id in leaving_out)
            for lane in seen
            if lane.id in ids
        }

    async def move(
        self, connection: "Connection | Any", ready: Sequence[InlineLane], last: int, counts: Sequence[int]
    ) -> None:
        """Move views to ``last``, each of which has folded so many events on the way."""
        views, generations = [lane.view for lane in ready], [lane.generation for lane in ready]
        await connection.execute(_MOVED, views, generations, last, counts)

    def _named(self, views: Collection[str]) -> tuple[list[str], list[int]]:
        return list(views), [self._versions[name] for name in views]


def _kept(lane: InlineLane, leaves_out: bool) -> KeptGeneration:
    return KeptGeneration(lane.id, lane.view, lane.generation, leaves_out)
