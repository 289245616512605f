"""What the engine asks of a store: load rows, and save a page's changes together with the checkpoint."""

from collections.abc import AsyncGenerator, Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol, runtime_checkable
from uuid import UUID

from projections.kit.declare.row import R
from projections.kit.declare.view import FullKey, RowChanges


class LeaseLost(Exception):
    """This lane is another worker's by now, or is not where its holder believes it; whoever sees this has written
    nothing and must stop."""


class Lost(Exception):
    """The table, index or keys of the view are gone; it has to be refilled from the log."""


class RowsLost(Exception):
    """Rows of these tenants are gone from a store that goes on holding the others'; see `Lossy`.

    ``rows`` are those asked for that are there: enough for who compares, not for who folds.
    """

    # Rows differ in type, hence Any.
    def __init__(self, view: str, tenants: frozenset[UUID], rows: "dict[FullKey, Any]") -> None:
        super().__init__(f"{view} has lost rows of {', '.join(sorted(map(str, tenants)))}")
        self.tenants, self.rows = tenants, rows


class RowsRefused(Exception):
    """The store will not take one of these rows, however often it is offered: it is too long, or breaks a
    constraint. The checkpoint was not moved. The cause is what the server said."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far a lane has folded: all events up to ``position``, of which the view took ``folded``.

    ``token`` is the lease's fencing token: it only grows, and a store refuses a write with an older one.
    """

    position: int
    folded: int
    token: int


class Store(Protocol[R]):
    """The storage of one generation of one view."""

    async def prepare(self) -> None:
        """Make the table, index or key space if it is not there. Safe to repeat, and from many processes."""
        ...

    async def load(self, keys: Collection[FullKey]) -> dict[FullKey, R]:
        """The rows with these keys, in one round trip, or none without keys; absent rows are left out. Raises Lost
        and RowsLost."""
        ...

    async def save(self, changes: RowChanges[R], checkpoint: Checkpoint, after: int | None = None) -> None:
        """Write all changes and the checkpoint as one step. Raises LeaseLost or Lost, with nothing written,
        and RowsRefused.

        ``after`` is the position that the folded events follow on; that of the checkpoint, where nothing was
        folded. A store that stands beyond it may hold these events already, by a write that came late: it is
        LeaseLost as well.
        """
        ...

    async def checkpoint(self) -> Checkpoint:
        """Where to go on from. Raises Lost when rows that it vouches for are gone."""
        ...

    async def count(self) -> int:
        """How many rows there are, over all tenants; for the audit."""
        ...

    def scan(self, tenant_id: UUID | None = None) -> AsyncGenerator[dict[FullKey, R], None]:
        """All rows, or one tenant's, in batches of at most 1,000; memory stays flat. Raises Lost.

        A row that stays as it is comes at least once, and only Redis may give one twice; rows that are
        written meanwhile come as they were or as they are, those made or deleted meanwhile may be left out.
        Close it (``contextlib.aclosing``) when leaving it early.
        """
        ...

    async def drop(self) -> None:
        """Remove the generation's rows and what holds them."""
        ...


async def there(store: Store[R], keys: Collection[FullKey]) -> dict[FullKey, R]:
    """What there is of these rows, also where others were lost: for who compares."""
    try:
        return await store.load(keys)
    except RowsLost as lost:
        return lost.rows


@runtime_checkable
class Lossy(Protocol):
    """A store that single rows can vanish from, and that notices: a key of Redis is evicted, or deleted by hand.

    Rows of the tenant are then neither read nor folded into. They are rebuilt beside (`in_place`), by
    somebody who holds the lane: `clear`, then all of the tenant's rows are saved, then `found`.
    """

    async def lost(self) -> frozenset[UUID]:
        """The tenants of whom rows are known to be lost."""
        ...

    async def clear(self, tenant_id: UUID, checkpoint: Checkpoint) -> None:
        """Remove all that is left of a tenant's rows. Raises LeaseLost and Lost."""
        ...

    async def found(self, tenant_id: UUID, checkpoint: Checkpoint) -> None:
        """All of the tenant's rows are there as of the checkpoint. Raises LeaseLost and Lost."""
        ...


class Recorded:
    """The base of a store whose checkpoint is the lane's own record, which reports move: it needs no save of its
    own where nothing changed, and forgets nothing by itself."""

    __slots__ = ()


@runtime_checkable
class Bulk(Protocol):
    """A store that can be made ready for being filled in bulk. Both methods are safe to repeat, and what a
    killed process has begun, the next one ends."""

    bulk_rows: int
    """Rows that are best saved together."""

    async def begin_bulk(self) -> None:
        """Leave out what only readers need and what costs writers time, until `end_bulk`."""
        ...

    async def end_bulk(self) -> None:
        """Make up for it; readers may come after this."""
        ...


@runtime_checkable
class Upkeep(Protocol):
    """A store that wants to be looked after; a lane finds out with ``isinstance(store, Upkeep)``.

    Both methods raise Lost as `Store.checkpoint` does, so an idle lane notices a flushed server as well.
    The lane calls them between saves, never beside one.
    """

    renew_every: timedelta
    """How often `renew` must be called while the lane is held, busy or idle."""

    async def renew(self) -> None:
        """Check that the rows are still there and keep them from expiring. Cheap when nothing is due."""
        ...

    async def caught_up(self) -> None:
        """The lane has read to the end of the log: readers may now trust that absent rows do not exist.

        Until it is first called after `prepare`, readers are told Unavailable and fall back. Safe to repeat.
        """
        ...
