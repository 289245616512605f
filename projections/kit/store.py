"""What the engine asks of a store: load rows, and save a page's changes together with the checkpoint."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol, TypeVar

from projections.kit.view import Changes, FullKey

Row = TypeVar("Row")


class LeaseLost(Exception):
    """Another worker holds this lane by now; whoever sees this has written nothing and must stop."""


class Lost(Exception):
    """The table, index or keys of the view are gone; it has to be refilled from the log."""


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
        """Writes all changes and the checkpoint as one step. Raises LeaseLost or Lost, with nothing written."""
        ...

    async def checkpoint(self) -> Checkpoint:
        """Where to go on from. Raises Lost when rows that it vouches for are gone."""
        ...

    async def count(self) -> int:
        """How many rows there are, over all tenants; for the audit."""
        ...

    async def drop(self) -> None:
        """Removes the generation's rows and what holds them."""
        ...
