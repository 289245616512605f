"""Compares two generations of a view row by row, while both go on moving."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Generic
from uuid import UUID

from domain.kit.fields import Describe
from projections.kit.declare.row import R
from projections.kit.declare.view import FullKey, View
from projections.kit.store.decrypted_fields import opened_fields, same_but_erased
from projections.kit.store.store import Store, there

Positions = Callable[[], Awaitable[tuple[int, int]]]
"""Up to which positions the old and the new generation are folded, as of now."""

_EXAMPLES = 20
_TOGETHER = 1_000
"""Rows that were seen to differ and are looked at again together."""
_LOOKS = 25
"""Looks at rows that changed since the last one; a row of the whole company may change all the time."""
_PAUSE = 0.05


class DifferenceKind(StrEnum):
    """How a row differs: `MISSING` from the new generation, `EXTRA` in it, or `CHANGED` between the two."""

    MISSING = "missing"
    EXTRA = "extra"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that differs. ``fields`` names what does, without values, for these may be personal data."""

    tenant_id: Annotated[UUID, Describe("The row's tenant.")]
    key: Annotated[tuple[str, ...], Describe("The row's key.")]
    kind: Annotated[str, Describe("How it differs.")]
    fields: Annotated[tuple[str, ...], Describe("The fields that differ, for a changed row.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a comparison found. ``rows`` of the new generation, ``compared`` with the old one's."""

    rows: Annotated[int, Describe("How many rows the new generation has.")]
    compared: Annotated[int, Describe("How many rows were compared.")]
    differing: Annotated[int, Describe("How many of them differ.")]
    complete: Annotated[bool, Describe("Whether every event has been folded.")]
    note: Annotated[str, Describe("Further remarks, if any.")]
    examples: Annotated[tuple[Difference, ...], Describe("Some of the rows that differ, at most 20.")]


@dataclass(frozen=True, slots=True)
class _Seen(Generic[R]):
    """A row on both sides when it was last looked at."""

    old: R | None
    new: R | None


async def compare(
    view: View[R],
    old: Store[R],
    new: Store[R],
    positions: Positions,
    *,
    tenant_id: UUID | None = None,
    patience: float = 30.0,
) -> Report:
    """Every row of both generations, or of one tenant; memory stays flat.

    Both must hold rows of the same version. A row that a store has lost is
    missing there. Raises Lost when either is gone, and TimeoutError when a row cannot be judged because a
    generation does not come on for ``patience`` seconds.
    """
    checkpoint = await new.checkpoint()
    comparison = _Comparison(view, old, new, positions, patience)
    await comparison.run(tenant_id)
    return Report(
        rows=comparison.rows,
        compared=comparison.compared,
        differing=comparison.differing,
        examples=tuple(comparison.examples),
        complete=checkpoint.folded == checkpoint.position,
        note=comparison.note,
    )


class _Comparison(Generic[R]):
    """The state of one comparison."""

    def __init__(
        self, view: View[R], old: Store[R], new: Store[R], positions: Positions, patience: float
    ) -> None:
        self._view, self._old, self._new = view, old, new
        self._positions, self._patience = positions, patience
        self._opened = opened_fields(view.row)
        self._names = list(view.row.__struct_fields__)
        self._suspects: dict[FullKey, _Seen[R]] = {}
        self.rows = self.compared = self.differing = 0
        self.examples: list[Difference] = []
        self.note = ""

    async def run(self, tenant_id: UUID | None) -> None:
        """Go over the new generation, then over the old one for rows that the new one lacks.

        A row that came into the new one between the two would not be compared, so first of all both come to
        where the further one is: whatever is older than the comparison is part of it.
        """
        await self._passed()
        async with aclosing(self._new.scan(tenant_id)) as batches:
            async for batch in batches:
                others = await there(self._old, batch.keys())
                self.rows += len(batch)
                self.compared += len(batch)
                await self._suspect((full, others.get(full), row) for full, row in batch.items())
        await self._judge()
        async with aclosing(self._old.scan(tenant_id)) as batches:
            async for batch in batches:
                known = await there(self._new, batch.keys())
                lacking = [full for full in batch if full not in known]
                self.compared += len(lacking)
                await self._suspect((full, batch[full], None) for full in lacking)
        await self._judge()

    async def _suspect(self, rows: Iterable[tuple[FullKey, R | None, R | None]]) -> None:
        self._suspects.update((full, _Seen(old, new)) for full, old, new in rows if not self._same(old, new))
        if len(self._suspects) >= _TOGETHER:
            await self._judge()

    async def _judge(self) -> None:
        """Look at suspects again, once both generations have passed where either stood.

        What has become equal was only moving. What is the same on both sides as before differs. What has
        changed is looked at once more; a row that differs at every look differs as well.
        """
        suspects, self._suspects = self._suspects, {}
        for look in range(_LOOKS):
            if not suspects:
                return
            await self._passed()
            old, new = await there(self._old, suspects), await there(self._new, suspects)
            moving: dict[FullKey, _Seen[R]] = {}
            for full, seen in suspects.items():
                now = _Seen(old.get(full), new.get(full))
                if self._same(now.old, now.new):
                    continue
                if now == seen or look == _LOOKS - 1:
                    self._differs(full, now, moving=now != seen)
                else:
                    moving[full] = now
            suspects = moving
            if suspects:
                await asyncio.sleep(_PAUSE * (look % 5) / 5)

    def _same(self, old: R | None, new: R | None) -> bool:
        if old == new:
            return True
        if old is None or new is None or not self._opened:
            return False
        return same_but_erased(self._opened, old, new)

    async def _passed(self) -> None:
        """Wait until both have folded what the further one has folded now."""
        loop = asyncio.get_running_loop()
        there = max(await self._positions())
        deadline = loop.time() + self._patience
        while min(await self._positions()) < there:
            if loop.time() > deadline:
                raise TimeoutError(f"{self._view.name}: a generation does not come to position {there}.")
            await asyncio.sleep(_PAUSE)

    def _differs(self, full: FullKey, seen: _Seen[R], *, moving: bool) -> None:
        self.differing += 1
        if moving:
            self.note = f"Some rows changed at each of {_LOOKS} looks, and were never the same."
        if len(self.examples) < _EXAMPLES:
            self.examples.append(_difference(full, seen, self._names))


# Rows differ in type, hence Any.
def _difference(full: FullKey, seen: _Seen[Any], names: list[str]) -> Difference:
    tenant_id, key = full
    if seen.new is None:
        return Difference(tenant_id, tuple(map(str, key)), DifferenceKind.MISSING, ())
    if seen.old is None:
        return Difference(tenant_id, tuple(map(str, key)), DifferenceKind.EXTRA, ())
    changed = tuple(name for name in names if getattr(seen.old, name) != getattr(seen.new, name))
    return Difference(tenant_id, tuple(map(str, key)), DifferenceKind.CHANGED, changed)
