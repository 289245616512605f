"""Statements of several Postgres views that are due at once, sent as one: one round trip, and one commit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import asyncpg

from projections.kit.shared_turns import SharedTurns
from projections.kit.store.generations import Pool
from projections.kit.store.statements import Statements, WriteKind, load_together, write_fenced
from projections.kit.store.store import Checkpoint

SHARED_SETTINGS = {
    # They are of a few rows by their keys, so the one way to the rows is right however large the tables are, and
    # planning them costs as much as doing them.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}
"""Settings for the connections of these statements."""


@dataclass(frozen=True, slots=True)
class ViewLoad:
    """What `Statements.load` of a view is asked for."""

    view: Statements
    arguments: Sequence[object]


@dataclass(frozen=True, slots=True)
class ViewSave:
    """What a view writes, and where its lane goes on to from ``after``, or from before it."""

    view: Statements
    kind: WriteKind
    arguments: Sequence[object]
    name: str
    generation: int
    checkpoint: Checkpoint
    after: int


@dataclass(frozen=True, slots=True)
class LaneRecord:
    """A lane on record, and its table."""

    name: str
    generation: int
    table: str


_CHECKPOINTS = """
select g.part, l.position, l.folded, l.token
  from unnest($1::int[], $2::text[], $3::int[], $4::text[]) as g(part, view, generation, name)
  join ops.lanes l using (view, generation)
 where to_regclass(g.name) is not null
"""
_LANES, _GATHER = 1_000, 0.02
"""Lanes that are looked at together, and how long the first of them waits for the others."""


class PassingLane(Protocol):
    """A lane that went over events which do not concern it."""

    id: int
    view: str
    generation: int
    token: int
    position: int
    folded: int

    def written(self, position: int, /) -> None:
        """The position is on record."""
        ...


class SharedStatements:
    """Loads and saves of the views of one worker. A page of events wakes those that it concerns at the same time,
    so they load together, and save together.

    What fails together, or takes long, is tried again by each alone, so that every view meets its own failure and
    no other's. A save that was carried out and is tried again finds its lane moved, and is not let through.
    """

    def __init__(self, pool: Pool, alone: "Pool | None" = None) -> None:
        """``alone`` lends connections to what is tried again, which may be held up; ``pool`` to the rest."""
        self._loads = SharedTurns(_load, pool, alone or pool, order=_table)
        self._saves = SharedTurns(self._save, pool, alone or pool, order=_table)
        self._checkpoints = SharedTurns(
            _checkpoints, pool, alone or pool, order=_table_of, most=_LANES, gather=_GATHER
        )

        self.passing: Callable[[], Sequence[PassingLane]] = tuple
        """Lanes of the same worker whose positions are not on record; a save takes them along."""

    async def load(self, load: ViewLoad) -> asyncpg.Record | None:
        """The row that the view's `Statements.load` answers. Raises what the server does."""
        return await self._loads.ask(load)

    async def load_nothing(self) -> None:
        """Wait for the views that load at the same time, so as to be saved with them."""
        await self._loads.quiet()

    async def checkpoint(self, lane: LaneRecord) -> asyncpg.Record | None:
        """Position, events folded and token of a lane that has its table. Raises what the server does."""
        return await self._checkpoints.ask(lane)

    async def save(self, save: ViewSave) -> bool:
        """Write, and move the lane; whether the lane's lease let it. Raises what the server does."""
        return await self._saves.ask(save)

    async def _save(self, pool: Pool, saves: Sequence[ViewSave]) -> Sequence[bool]:
        async with pool.acquire() as connection:
            return await save_with(connection, saves, self.passing())


def _table_of(lane: LaneRecord) -> str:
    return lane.table


def _table(part: ViewLoad | ViewSave) -> str:
    return part.view.table


async def _load(pool: Pool, loads: Sequence[ViewLoad]) -> Sequence[asyncpg.Record | None]:
    if len(loads) == 1:
        return [await pool.fetchrow(loads[0].view.load, *loads[0].arguments)]
    sql = load_together(tuple(load.view for load in loads))
    rows = await pool.fetch(sql, *(value for load in loads for value in load.arguments))
    found = {row["part"]: row for row in rows}
    return [found[part] for part in range(len(loads))]


async def _checkpoints(pool: Pool, lanes: Sequence[LaneRecord]) -> Sequence[asyncpg.Record | None]:
    names, generations, tables = zip(
        *((lane.name, lane.generation, lane.table) for lane in lanes), strict=True
    )
    rows = await pool.fetch(_CHECKPOINTS, range(len(lanes)), names, generations, tables)
    found = {row["part"]: row for row in rows}
    return [found.get(part) for part in range(len(lanes))]


# A pool's proxy for a connection has no type of its own, hence Any.
async def save_with(
    connection: Any, saves: Sequence[ViewSave], passing: Sequence[PassingLane] = ()
) -> Sequence[bool]:
    """Write on a connection of the caller's, as one step, and move the lanes; of each whether its lease let it.
    Those that are ``passing`` are moved too."""
    saved = {(save.name, save.generation) for save in saves}
    along = {lane.id: (lane, lane.position) for lane in passing if (lane.view, lane.generation) not in saved}
    rows = await connection.fetch(
        write_fenced(tuple((save.view, save.kind) for save in saves)),
        list(range(len(saves))),
        [save.name for save in saves],
        [save.generation for save in saves],
        [save.checkpoint.position for save in saves],
        [save.checkpoint.folded for save in saves],
        [save.checkpoint.token for save in saves],
        [save.after for save in saves],
        list(along),
        [lane.token for lane, _ in along.values()],
        [position for _, position in along.values()],
        [lane.folded for lane, _ in along.values()],
        *(value for save in saves for value in save.arguments),
    )
    for row in rows:
        if row["idle"] is not None:
            lane, position = along[row["idle"]]
            lane.written(position)
    moved = {row["part"] for row in rows}
    return [part in moved for part in range(len(saves))]
