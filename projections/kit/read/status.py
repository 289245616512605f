"""How the views stand: for operators, for health, and for readers who wait for a position."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Protocol
from uuid import UUID

from domain.kit.fields import Describe
from projections.kit.background import end
from projections.kit.follow.lease_locks import LANES, SILENCE
from projections.kit.read_position import ReadPosition, begin_reading

if TYPE_CHECKING:
    # A command that asks for the status should not load what makes tables.
    from projections.kit.store.generations import Pool


class ViewState(StrEnum):
    """What a view is doing."""

    FOLLOWING = "following"
    BUILDING = "building"
    REFILLING = "refilling"
    """Rows may be missing until it is filled again."""
    FAILING = "failing"
    """An event cannot be folded; it tries again."""
    WAITING = "waiting"
    """Its store is away; it tries again."""
    STOPPED = "stopped"
    """No worker folds it."""
    PAUSED = "paused"
    UNKNOWN = "unknown"
    """Of no use: the code that asks has no such view, and no worker of other code folds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewStatus:
    """How one generation of a view stands against the log.

    ``lag_seconds`` is the age of the oldest event that is not folded; ``rate`` is in events per second;
    ``last_read_age`` is how many seconds ago its follower last did something, None for an inline view
    that needs none and for a paused one. ``complete``: it has folded exactly as many events as there are up
    to its position. ``parked``: so many streams cannot be folded and wait. ``pages``, ``page_seconds`` and
    ``errors`` (folds that raised) count since the generation was made. ``paused_by``: who lets it stand still.
    """

    name: Annotated[str, Describe("The view's name.")]
    store: Annotated[str, Describe("The store of its rows.")]
    version: Annotated[int, Describe("The version of the view's code.")]
    generation: Annotated[int, Describe("The number of the generation.")]
    live: Annotated[bool, Describe("Whether this generation is live.")]
    inline: Annotated[
        bool, Describe("Whether it is an inline view, folded in the transaction of the append.")
    ]
    state: Annotated[
        ViewState,
        Describe(
            "What the view is doing; `WAITING` for its store, `STOPPED` while no worker folds it, `UNKNOWN` when "
            "this version of the code has no such view and no worker of another folds it."
        ),
    ]
    position: Annotated[int, Describe("The position up to which events are folded.")]
    head: Annotated[int, Describe("The last position of the log at the same moment.")]
    lag_events: Annotated[int, Describe("How many events are still to be folded.")]
    lag_seconds: Annotated[float, Describe("The age of the oldest event still to be folded.")]
    rate: Annotated[float, Describe("Recently folded events per second.")]
    folded: int
    complete: Annotated[
        bool, Describe("Whether it has folded exactly as many events as there are up to its position.")
    ]
    parked: Annotated[
        int, Describe("The number of parked streams, whose events could not be folded and wait.")
    ]
    error: Annotated[str | None, Describe("The error that stopped it, if any.")]
    error_position: Annotated[int | None, Describe("The position of the event that failed.")]
    error_event: UUID | None
    error_stream: Annotated[UUID | None, Describe("The aggregate of that event.")]
    attempts: int
    pages: int
    page_seconds: float
    errors: int
    paused_by: Annotated[str | None, Describe("Who paused it; null if it is not paused.")] = None
    holder: Annotated[str | None, Describe("The worker that folds it.")]
    last_read_age: float | None


# One statement, so that positions and head are of one moment. Who holds a lane has its lock: a worker that was
# killed leaves its name behind, and no lock.
_STATUS = """
with log as (select coalesce(max(position), 0) as head from es.events),
held as (
    select k.objid::int8 as lane from pg_locks k
     where k.locktype = 'advisory' and k.granted and k.classid = $1::int::oid
       and k.database = (select oid from pg_database where datname = current_database())
)
select l.view as name, v.store, l.version, l.generation, l.generation = v.live as live, v.inline,
       l.position, log.head, greatest(log.head - l.position, 0) as lag_events,
       coalesce(greatest(extract(epoch from clock_timestamp() - next.timestamp), 0), 0)::float8 as lag_seconds,
       l.rate::float8 as rate, l.folded, l.folded = l.position and l.position <= log.head as complete,
       (select count(*) from ops.parked p where p.view = l.view and p.generation = l.generation) as parked,
       l.phase = 'building' as building, l.position < l.refill_until as refilling,
       l.error, l.error_position, l.error_event, l.error_stream,
       l.attempts, l.pages, l.page_seconds, l.errors, w.name as holder,
       case when l.generation = v.live then v.paused_by end as paused_by,
       case when v.inline and l.generation = v.live and l.holder is null and l.position >= log.head then null
            when l.generation = v.live and v.paused_at is not null then null
            else coalesce(extract(epoch from clock_timestamp() - l.read_at), 'infinity')::float8
       end as last_read_age
  from ops.lanes l
  join ops.views v using (view)
 cross join log
  left join ops.workers w on w.id = l.holder and l.id in (select lane from held)
       and clock_timestamp() - w.heartbeat_at < make_interval(secs => $2)
  left join lateral (select timestamp from es.events where position = l.position + 1) next on true
 where l.phase <> 'dropped' and (l.generation >= v.live or l.phase = 'building')
 order by l.view, l.generation
"""


async def views_status(pool: "Pool", known: Collection[str] | None = None) -> list[ViewStatus]:
    """All live views, and generations that are or were built beside them, by name.

    ``known``: the views that the code has which asks; None stands for whatever there is.
    """
    return [_status(dict(row), known) for row in await pool.fetch(_STATUS, LANES, SILENCE)]


def _status(row: "dict[str, object]", known: Collection[str] | None) -> ViewStatus:
    building, refilling = row.pop("building"), row.pop("refilling")
    silent = row["last_read_age"] is not None and row["holder"] is None
    if known is not None and row["name"] not in known and row["holder"] is None:
        state = ViewState.UNKNOWN
    elif row["paused_by"] is not None:
        state = ViewState.PAUSED
    elif building:
        state = ViewState.BUILDING
    elif silent:
        state = ViewState.STOPPED
    elif row["error"] is not None:
        state = ViewState.WAITING if row["error_position"] is None else ViewState.FAILING
    else:
        state = ViewState.REFILLING if refilling else ViewState.FOLLOWING
    return ViewStatus(**row, state=state)  # type: ignore[arg-type]  # The columns are named as the fields.


@asynccontextmanager
async def following(pool: "Pool", live: "Pointers") -> "AsyncIterator[Positions]":
    """The views' positions, as long as the block lasts; whoever waits at its end is let go."""
    positions = Positions(pool, live)
    try:
        yield positions
    finally:
        await positions.close()


class Pointers(Protocol):
    """Says which generation of a view is read."""

    def reads(self, view: str) -> int | None:
        """The generation that is read now, by the view's name; None when none is."""
        ...


@dataclass(slots=True)
class _Waiter:
    lane: tuple[str, int | None]
    position: int
    granted: "asyncio.Future[bool]"


class Positions:
    """Where the generations stand that are read, for readers who want to see their own writes.

    However many wait, one task asks the database, every ``pause`` seconds and only while somebody waits.
    """

    def __init__(
        self,
        pool: "Pool",
        live: Pointers,
        *,
        known: Collection[str] | None = None,
        pause: float = 0.01,
        fresh: float = 0.05,
    ) -> None:
        """A position asked for is at most ``fresh`` seconds old; ``known`` as for `views_status`."""
        self._pool, self._views = pool, known
        self._live = live
        self._pause = pause
        self._fresh = fresh
        self._known: dict[tuple[str, int | None], int] = {}
        self._ages: dict[tuple[str, int | None], float] = {}
        self._paused: set[tuple[str, int | None]] = set()
        self._known_at = float("-inf")
        self._asking: asyncio.Task[None] | None = None
        self._waiters: list[_Waiter] = []
        self._granting: asyncio.Task[None] | None = None

    async def begin_reading(self) -> ReadPosition:
        """Note from here on what this task reads; see `begin_reading`."""
        age = self._now() - self._known_at
        return await begin_reading(
            self._live, lambda: self._known, self._ask if age > self._fresh else None, age
        )

    async def statuses(self) -> list[ViewStatus]:
        return await views_status(self._pool, self._views)

    async def position_of(self, view: str) -> int:
        """The position up to which the generation that is read has folded; 0 for an unknown view."""
        if self._now() - self._known_at > self._fresh:
            await self._ask()
        return self._known.get(self._lane(view), 0)

    async def standing(self, view: str) -> tuple[int, float]:
        """`position_of`, and for how many seconds at least the view had stood there when it was asked."""
        return await self.position_of(view), self._ages.get(self._lane(view), 0.0)

    async def wait_for(self, view: str, position: int, seconds: float) -> bool:
        """Wait until the view has folded up to ``position``, at most ``seconds``; whether it has.

        Nobody waits for a view that is paused.

        Positions only grow (but for a refill), so one that was seen before is not asked for again.
        """
        now = self._now()
        if await self.position_of(view) >= position:
            return True
        if seconds <= 0:
            return False
        while self._lane(view) in self._paused:
            if self._known_at >= now:
                return False
            # What is known may be from before somebody resumed it.
            await self._ask()
        waiter = _Waiter(self._lane(view), position, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        if self._granting is None or self._granting.done():
            self._granting = asyncio.create_task(self._grant(), name="positions")
        try:
            async with asyncio.timeout(seconds):
                return await waiter.granted
        except TimeoutError:
            return False
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)

    async def close(self) -> None:
        """End what runs for those who wait; to them the time is over."""
        await end(self._granting, self._asking)
        for waiter in self._waiters:
            waiter.granted.cancel()

    async def _grant(self) -> None:
        while self._waiters:
            try:
                await self._ask()
            except Exception as error:  # noqa: BLE001  # It belongs to those who wait.
                for waiter in self._waiters:
                    if not waiter.granted.done():
                        waiter.granted.set_exception(error)
                self._waiters.clear()
                return
            for waiter in list(self._waiters):
                there = self._known.get(waiter.lane, 0) >= waiter.position
                if there or waiter.lane in self._paused:
                    self._waiters.remove(waiter)
                    if not waiter.granted.done():
                        waiter.granted.set_result(there)
            await asyncio.sleep(self._pause)

    async def _ask(self) -> None:
        """Ask once for all who want to know at the same time."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._read())
        await asyncio.shield(self._asking)

    async def _read(self) -> None:
        now = self._now()
        rows = await self._pool.fetch(
            """select l.view, l.generation, l.position,
                      extract(epoch from clock_timestamp() - l.moved_at)::float8 as age,
                      v.paused_at is not null and l.generation = v.live as paused
                 from ops.lanes l join ops.views v using (view) where l.phase <> 'dropped'"""
        )
        self._paused = {(row["view"], row["generation"]) for row in rows if row["paused"]}
        self._known = {(row["view"], row["generation"]): row["position"] for row in rows}
        self._ages = {(row["view"], row["generation"]): row["age"] for row in rows}
        self._known_at = now

    def _lane(self, view: str) -> tuple[str, int | None]:
        return view, self._live.reads(view)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
