"""Puts the rows of a generation that was built for one tenant in place of its rows in the live one."""

from collections.abc import Collection
from contextlib import aclosing
from uuid import UUID

from projections.kit.declare.row import R
from projections.kit.declare.view import FullKey, LoadedRows, RowChanges, View
from projections.kit.store.store import Checkpoint, Lossy, Store


class Ahead(Exception):
    """A live row holds events beyond the checkpoint, as after a crash; let the lane pass ``position`` first."""

    def __init__(self, view: str, position: int) -> None:
        super().__init__(f"{view} holds rows as of position {position}, beyond its checkpoint")
        self.position = position


async def put_in_place(
    view: View[R], live: Store[R], built: Store[R], checkpoint: Checkpoint, tenant_id: UUID
) -> int:
    """Make the tenant's live rows those of ``built``, and answer how many were changed.

    ``checkpoint`` is where both stand: the caller holds the live lane under that token, and nobody else
    moves it. Other tenants' rows are not touched. Safe to repeat, so a killed one is simply done again.
    Raises LeaseLost and Lost with the rows of that batch unchanged, and Ahead before anything is written
    that a live row could refuse. Where rows of the tenant were lost, none that is left is trusted.
    """
    lossy = live if isinstance(live, Lossy) and tenant_id in await live.lost() else None
    if lossy is not None:
        await lossy.clear(tenant_id, checkpoint)
    changed = 0
    async with aclosing(built.scan(tenant_id)) as batches:
        async for batch in batches:
            present = {} if lossy is not None else await _loaded(view, live, batch.keys(), checkpoint)
            wrong: dict[FullKey, R | None] = {
                full: row for full, row in batch.items() if present.get(full) != row
            }
            changed += await _save(live, wrong, checkpoint)
    async with aclosing(live.scan(tenant_id)) as batches:
        async for batch in batches:
            known = await built.load(batch.keys())
            lacking: dict[FullKey, R | None] = {full: None for full in batch if full not in known}
            if lacking:
                await _loaded(view, live, lacking.keys(), checkpoint)
                changed += await _save(live, lacking, checkpoint)
    if lossy is not None:
        await lossy.found(tenant_id, checkpoint)
    return changed


async def _loaded(
    view: View[R], live: Store[R], keys: Collection[FullKey], checkpoint: Checkpoint
) -> dict[FullKey, R]:
    rows = await live.load(keys)
    if isinstance(rows, LoadedRows):
        furthest = max(rows.positions.values(), default=0)
        if furthest > checkpoint.position:
            raise Ahead(view.name, furthest)
    return rows


async def _save(live: Store[R], rows: dict[FullKey, R | None], checkpoint: Checkpoint) -> int:
    changes: RowChanges[R] = RowChanges()
    changes.update(rows)
    changes.positions.update(dict.fromkeys(rows, checkpoint.position))
    if changes:
        await live.save(changes, checkpoint)
    return len(changes)
