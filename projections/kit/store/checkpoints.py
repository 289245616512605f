"""Checkpoints of views whose own storage has no transactions: where they are kept, and how fenced."""

from dataclasses import dataclass
from typing import Protocol

from projections.kit.store.store import Checkpoint


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """A checkpoint and the incarnation of the storage that it vouches for.

    ``storage`` is given by the storage when it is made (the index's UUID): rows that were lost and made
    again carry another one, and the checkpoint does not speak for them.
    """

    checkpoint: Checkpoint
    storage: str


class Checkpoints(Protocol):
    """Durable checkpoints, one for each generation of a view; the view's name is its stored name."""

    async def get(self, view: str, generation: int) -> StoredCheckpoint | None:
        """What was put last, or None when nothing was put or it was forgotten."""
        ...

    async def put(self, view: str, generation: int, kept: StoredCheckpoint) -> None:
        """Replace what is kept. Raises LeaseLost, with nothing written, when what is kept, or the lane's
        lease, has a newer token than ``kept.checkpoint.token``."""
        ...

    async def forget(self, view: str, generation: int) -> None:
        """Remove what is kept; safe to repeat. The fencing token of the lane itself is not reset."""
        ...
