"""The rows that a bulk build has at hand: written behind, and never more than memory holds."""

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


class RowCache(Generic[R]):
    """Rows of a view between the log and its store.

    Events come in pages: `touch` for each one says what to load, `missing` names it, `loaded` takes it,
    `fold` changes rows, and `folded` ends the page. `take` hands over what has changed since it was last
    called; `written` says that this is in the store by now. Rows that are not in the store yet stay; of the
    others about ``size`` do, those touched last.
    """

    def __init__(self, view: View[R], *, size: int) -> None:
        self._folds = view.folds
        self._half = max(size // 2, 1)
        # Rows touched lately, and those not touched since the last time that these were too many.
        self._rows: dict[FullKey, Cell[R]] = {}
        self._older: dict[FullKey, Cell[R]] = {}
        self._changed: list[Cell[R]] = []
        self._writing: list[Cell[R]] = []
        self._missing: dict[FullKey, Cell[R]] = {}

    @property
    def changed(self) -> int:
        """How many rows wait to be written."""
        return len(self._changed)

    @property
    def held(self) -> int:
        """How many rows are at hand."""
        return len(self._rows) + len(self._older)

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
        cell = self._older.pop(full, None)
        if cell is None:
            cell = Cell(full)
            # What makes a row does so whatever there was.
            if not fold.first:
                self._missing[full] = cell
        self._rows[full] = cell
        return cell

    def missing(self) -> dict[FullKey, Cell[R]]:
        """The rows that the page needs from the store."""
        return self._missing

    def loaded(self, found: dict[FullKey, R], position: int) -> None:
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

    def unfolded(self, step: Step) -> None:
        """The event is left out for good: what it would have made may be there, and has to be loaded."""
        cells = step[3]
        for cell in [cells] if isinstance(cells, Cell) else cells:
            if cell.row is None and not cell.position:
                self._missing[cell.full] = cell

    def folded(self) -> None:
        """The page ends here: makes room."""
        if len(self._rows) > self._half:
            self._older = self._rows
            self._rows = {}
            for cell in (*self._changed, *self._writing):
                self._older.pop(cell.full, None)
                self._rows[cell.full] = cell

    def take(self) -> RowChanges[R]:
        """What is to be written now."""
        changes: RowChanges[R] = RowChanges()
        for cell in self._changed:
            changes[cell.full] = cell.row
            changes.positions[cell.full] = cell.position
            cell.position = 0
        self._writing, self._changed = self._changed, []
        return changes

    def written(self) -> None:
        """What `take` gave is in the store."""
        self._writing = []
