"""Fields of rows that a table holds in plain text though they are personal: opened as the rows are written."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, get_type_hints
from uuid import UUID

from domain.kit.fields import Opened, marks
from domain.kit.sealed import ERASED, Opening, Unopenable, is_sealed
from projections.kit.declare.row import R, Row, replace
from projections.kit.declare.view import FullKey, RowChanges
from projections.kit.store.store import RowsRefused


def opened_fields(row: type[Row]) -> tuple[str, ...]:
    """The fields of a row class that are marked `Opened`."""
    return _opened_fields(row)


@cache
def _opened_fields(row: type[Row]) -> tuple[str, ...]:
    hints = get_type_hints(row, include_extras=True)
    return tuple(
        name for name in row.__struct_fields__ if any(isinstance(mark, Opened) for mark in marks(hints[name]))
    )


async def opened(names: Sequence[str], changes: RowChanges[R], opening: Opening) -> RowChanges[R]:
    """The changes with their sealed texts opened, each tenant's at once. The former ones stay as they are.

    Raises RowsRefused for a text that was sealed for another tenant or tampered with; when keys cannot be had,
    whatever the opening raises, which is to be tried again.
    """
    sealed: dict[UUID, list[tuple[Any, str, str]]] = {}
    for full, row in changes.items():
        for name in names:
            text = None if row is None else getattr(row, name)
            if text and is_sealed(text):
                sealed.setdefault(full[0], []).append((full, name, text))
    if not sealed:
        return changes
    opened_rows: RowChanges[R] = RowChanges()
    opened_rows.update(changes)
    opened_rows.positions.update(changes.positions)
    values: dict[Any, dict[str, str]] = {}
    for tenant_id, fields in sealed.items():
        try:
            texts = await opening.open(tenant_id, [text for _, _, text in fields])
        except Unopenable as error:
            raise RowsRefused("a row holds a sealed text that does not open") from error
        for (full, name, _), text in zip(fields, texts, strict=True):
            values.setdefault(full, {})[name] = text
    for full, own in values.items():
        row = opened_rows[full]
        assert row is not None, "only rows have texts"
        opened_rows[full] = replace(row, **own)
    return opened_rows


async def as_written(
    kind: type[R], rows: Mapping[FullKey, R | None], opening: Opening
) -> Mapping[FullKey, R | None]:
    """Rows of a fold as a Postgres table would hold them. Raises as `opened`."""
    names = opened_fields(kind)
    if not names:
        return rows
    changes: RowChanges[R] = RowChanges()
    changes.update(rows)
    return await opened(names, changes, opening)


# Rows differ in type, hence Any.
def same_but_erased(names: Sequence[str], left: Any, right: Any) -> bool:
    """Whether two rows differ only in opened fields that are blank in one of them: a person was erased between
    the writing of the one and that of the other."""
    blanked: Mapping[str, str] = {
        name: ERASED for name in names if ERASED in (getattr(left, name), getattr(right, name))
    }
    return bool(blanked) and bool(replace(left, **blanked) == replace(right, **blanked))
