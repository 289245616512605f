"""What the engine asks of a store: load rows, and save a page's changes together with the checkpoint."""

from collections.abc import AsyncGenerator, Collection
from dataclasses import dataclass
from typing import Protocol, TypeVar, runtime_checkable
from uuid import UUID

from projections.kit.view import Changes, FullKey

Row = TypeVar("Row")


class LeaseLost(Exception):
    """Another worker holds this lane by now; whoever sees this has written nothing and must stop."""


class Lost(Exception):
    """The table, index or keys of the view are gone; it has to be refilled from the log."""


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


class Store(Protocol[Row]):
    """The storage of one generation of one view."""

    async def prepare(self) -> None:
        """Makes the table, index or key space if it is not there. Safe to repeat, and from many processes."""
        ...

    async def load(self, keys: Collection[FullKey]) -> dict[FullKey, Row]:
        """The rows with these keys, in one round trip; absent rows are left out."""
        ...

    async def save(self, changes: Changes[Row], checkpoint: Checkpoint) -> None:
        """Writes all changes and the checkpoint as one step. Raises LeaseLost or Lost, with nothing written,
        and RowsRefused."""
        ...

    async def checkpoint(self) -> Checkpoint:
        """Where to go on from. Raises Lost when rows that it vouches for are gone."""
        ...

    async def count(self) -> int:
        """How many rows there are, over all tenants; for the audit."""
        ...

    def scan(self, tenant_id: UUID | None = None) -> AsyncGenerator[dict[FullKey, Row], None]:
        """All rows, or one tenant's, in batches of at most 1,000; memory stays flat. Raises Lost.

        A row that stays as it is comes at least once, and only Redis may give one twice; rows that are
        written meanwhile come as they were or as they are, those made or deleted meanwhile may be left out.
        Close it (``contextlib.aclosing``) when leaving it early.
        """
        ...

    async def drop(self) -> None:
        """Removes the generation's rows and what holds them."""
        ...


@runtime_checkable
class Bulk(Protocol):
    """A store that can be made ready for being filled in bulk. Both methods are safe to repeat, and what a
    killed process has begun, the next one ends."""

    bulk_rows: int
    """Rows that are best saved together."""

    async def begin_bulk(self) -> None:
        """Leaves out what only readers need and what costs writers time, until `end_bulk`."""
        ...

    async def end_bulk(self) -> None:
        """Makes up for it; readers may come after this."""
        ...
