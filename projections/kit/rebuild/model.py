"""A rebuild as it is on record."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from projections.kit.rebuild.comparison import Report


class RebuildState(StrEnum):
    """The state of a rebuild. A reconciliation ends as `REPORTED`, everything else normally as `FINISHED`."""

    BUILDING = "building"
    """The new generation is filled from the log."""
    VERIFYING = "verifying"
    """The new generation is compared with the live one."""
    DIFFERS = "differs"
    """Rows differ, so an operator has to accept or cancel it."""
    SWITCHED = "switched"
    """The new generation is read; the former one is kept for a while."""
    FINISHED = "finished"
    """The former generation is gone."""
    REPORTED = "reported"
    """It has said how the view and the log differ."""
    CANCELLED = "cancelled"
    FAILED = "failed"
    ROLLED_BACK = "rolled back"
    """The former generation is read again."""


class RebuildPhase(StrEnum):
    """The phase of a generation of a view; `REPAIRING` concerns the live one, and `DROPPED` removes it."""

    BUILDING = "building"
    FOLLOWING = "following"
    REPAIRING = "repairing"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """One view of a rebuild. ``rate`` is in events per second; ``target`` is the head of the log now."""

    view: str
    store: str
    former: int
    generation: int
    phase: str
    position: int
    target: int
    rate: float
    parked: int
    report: Report | None
    live: bool
    """Whether what was built here serves readers now."""
    rolled_back_at: datetime | None
    rolled_back_by: str | None

    @property
    def eta_seconds(self) -> float | None:
        """When it will have caught up at this rate; None when nothing moves."""
        left = max(self.target - self.position, 0)
        return 0.0 if not left else left / self.rate if self.rate > 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuildRecord:
    """What was asked for and how it stands."""

    id: UUID
    kind: str
    tenant_id: UUID | None
    state: RebuildState
    paused: bool
    repair: bool
    rate: int | None
    parallel: int
    asked_by: str
    asked_at: datetime
    ended_at: datetime | None
    error: str | None
    views: tuple[Building, ...]

    @property
    def open(self) -> bool:
        """Whether it may still be directed."""
        return self.state in (RebuildState.BUILDING, RebuildState.VERIFYING, RebuildState.DIFFERS)

    @property
    def rolled_back(self) -> int:
        """How many of its views were taken back."""
        return sum(view.rolled_back_at is not None for view in self.views)

    @property
    def working(self) -> bool:
        """Whether it goes on by itself."""
        return self.state in (RebuildState.BUILDING, RebuildState.VERIFYING)


READ = """
select r.id, r.kind, r.tenant_id, r.state, r.paused, r.repair, r.rate, r.parallel, r.asked_by, r.asked_at,
       r.ended_at, r.error,
       (select coalesce(json_agg(m order by m.view), '[]')::text from (
            select v.view, s.store, v.former, v.generation, l.phase, l.position,
                   (select coalesce(max(position), 0) from es.events) as target,
                   case when l.read_at > clock_timestamp() - interval '5 s' then l.rate else 0 end as rate,
                   (select count(*) from ops.parked p where p.view = l.view and p.generation = l.generation)
                       as parked,
                   v.report, s.live = v.generation and l.served_at is not null as live,
                   v.rolled_back_at, v.rolled_back_by
              from ops.rebuild_views v
              join ops.lanes l using (view, generation)
              join ops.views s using (view)
             where v.rebuild = r.id) m) as views
  from ops.rebuilds r
"""
_views = msgspec.json.Decoder(tuple[Building, ...])


def rebuild_of(row: Any) -> RebuildRecord:
    """A row of `READ`."""
    values = dict(row)
    return RebuildRecord(
        **{**values, "state": RebuildState(values["state"]), "views": _views.decode(values["views"])}
    )
