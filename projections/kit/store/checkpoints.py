"""Checkpoints of views whose own storage has no transactions: where they are kept, and how fenced."""

from dataclasses import dataclass
from typing import Protocol

from projections.kit.store.generations import Pool
from projections.kit.store.store import Checkpoint, LeaseLost


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


class PostgresCheckpoints:
    """In ``ops.lanes``, in the row that also carries the lane's token, so that the fence is that of the lease."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def get(self, view: str, generation: int) -> StoredCheckpoint | None:
        row = await self._pool.fetchrow(
            """select position, folded, token, storage from ops.lanes
                where view = $1 and generation = $2 and storage is not null""",
            view,
            generation,
        )
        if row is None:
            return None
        return StoredCheckpoint(Checkpoint(row["position"], row["folded"], row["token"]), row["storage"])

    async def put(self, view: str, generation: int, kept: StoredCheckpoint) -> None:
        checkpoint = kept.checkpoint
        moved = await self._pool.fetchval(
            """update ops.lanes set position = $3, folded = $4, token = $5, storage = $6,
                      moved_at = clock_timestamp()
                where view = $1 and generation = $2 and token <= $5 returning true""",
            view,
            generation,
            checkpoint.position,
            checkpoint.folded,
            checkpoint.token,
            kept.storage,
        )
        if not moved:
            raise LeaseLost(f"{view} is held with a newer token than {checkpoint.token}")

    async def forget(self, view: str, generation: int) -> None:
        await self._pool.execute(
            """update ops.lanes set storage = null, position = 0, folded = 0
                where view = $1 and generation = $2""",
            view,
            generation,
        )
