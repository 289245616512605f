"""Folds events, one after another, into rows at hand: the one place where a fold is applied to a row."""

from collections.abc import Collection, Iterable
from typing import Any, Generic

from domain.kit.events import Event
from domain.kit.log import Envelope
from projections.kit.declare.row import R
from projections.kit.declare.view import Fold, FullKey, LoadedRows, RowChanges, View


class Cell(Generic[R]):
    """One row at hand: found once for each event, and then changed without looking for it again."""

    __slots__ = ("ahead", "full", "position", "row")

    def __init__(self, full: FullKey) -> None:
        self.full = full
        self.row: R | None = None
        """None: there is none."""
        self.position = 0
        """The last event in it, while the row waits to be written; 0: it is as in the store."""
        self.ahead = 0
        """The store has it as of this event, beyond the checkpoint: it was killed between the two."""


# An event, how it is folded, and the rows it is for: one cell where it is one. Rows differ in type, hence Any.
Step = tuple[Fold, Event, Envelope, Cell[Any] | list[Cell[Any]]]


class FoldedRows(Generic[R]):
    """Rows of a view between the log and its store.

    `touch` for each event says what to load, `missing` names it, `loaded` takes it, `fold` changes rows, and
    `take` hands over what has changed since it was last called.
    """

    def __init__(self, view: View[R], *, load_all: bool = False) -> None:
        """``load_all``: also rows that an event of the page makes first, for it may not be folded after all."""
        self._folds = view.folds
        self._load_all = load_all
        self._rows: dict[FullKey, Cell[R]] = {}
        self._changed: list[Cell[R]] = []
        self._missing: dict[FullKey, Cell[R]] = {}

    def touch(self, event: Event, envelope: Envelope) -> Step:
        """What the event will do, for `fold`. Raises whatever its keys raise."""
        fold = self._folds[envelope.type]
        if fold.by_stream:
            full: FullKey = (envelope.tenant_id, (envelope.originator_id,))
            return fold, event, envelope, self._rows.get(full) or self._cell(full, fold)
        tenant, rows = envelope.tenant_id, self._rows
        cells = [
            rows.get(full) or self._cell(full, fold)
            for full in [(tenant, key) for key in fold.keys(event, envelope)]
        ]
        return fold, event, envelope, cells[0] if len(cells) == 1 else cells

    def _cell(self, full: FullKey, fold: Fold) -> Cell[R]:
        """A row that is not at hand yet."""
        cell = self._rows[full] = Cell(full)
        # What makes a row does so whatever there was.
        if self._load_all or not fold.first:
            self._missing[full] = cell
        return cell

    def missing(self) -> Collection[FullKey]:
        """The rows that are needed from the store."""
        return self._missing.keys()

    def loaded(self, found: dict[FullKey, R], position: int = 0) -> None:
        """What the store holds of them; ``position`` is up to where it was folded."""
        missing, self._missing = self._missing, {}
        for full, cell in missing.items():
            cell.row = found.get(full)
        if isinstance(found, LoadedRows):
            for full, at in found.positions.items():
                if at > position:
                    missing[full].ahead = at

    def fold(self, step: Step) -> None:
        """Fold one event into all of its rows, or into none when the fold raises."""
        fold, event, envelope, cells = step
        position = envelope.position
        if isinstance(cells, Cell):
            if cells.ahead < position:
                was = cells.row
                if fold.plain is not None:
                    now = fold.plain(was, event)
                else:
                    now = fold.apply(was, event, cells.full[1], envelope)
                if now is not was:
                    if not cells.position:
                        self._changed.append(cells)
                    cells.row, cells.position = now, position
            return
        behind = [cell for cell in cells if cell.ahead < position]
        after = [fold.apply(cell.row, event, cell.full[1], envelope) for cell in behind]
        for cell, now in zip(behind, after, strict=True):
            if now is not cell.row:
                if not cell.position:
                    self._changed.append(cell)
                cell.row, cell.position = now, position

    def take(self) -> RowChanges[R]:
        """What is to be written now."""
        changes: RowChanges[R] = RowChanges()
        for cell in self._changed:
            changes[cell.full] = cell.row
            changes.positions[cell.full] = cell.position
            cell.position = 0
        self._changed = []
        return changes


def fold(view: View[R], before: dict[FullKey, R], events: Iterable[tuple[Event, Envelope]]) -> RowChanges[R]:
    """Fold events, in order, over loaded rows; return only what changed. Pure."""
    rows: FoldedRows[R] = FoldedRows(view, load_all=True)
    steps = [rows.touch(event, envelope) for event, envelope in events if envelope.type in view.folds]
    rows.loaded(before)
    for step in steps:
        rows.fold(step)
    return rows.take()
