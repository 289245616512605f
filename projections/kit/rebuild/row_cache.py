"""The rows that a bulk build has at hand: written behind, and never more than memory holds."""

from projections.kit.declare.folded_rows import Cell, FoldedRows, Step
from projections.kit.declare.row import R
from projections.kit.declare.view import Fold, FullKey, RowChanges, View


class RowCache(FoldedRows[R]):
    """Rows of a view between the log and its store, page by page.

    `folded` ends a page; `written` says that what `take` handed over is in the store by now. Rows that are not
    in the store yet stay; of the others about ``size`` do, those touched last.
    """

    def __init__(self, view: View[R], *, size: int) -> None:
        super().__init__(view)
        self._half = max(size // 2, 1)
        # Those not touched since the last time that the others were too many.
        self._older: dict[FullKey, Cell[R]] = {}
        self._writing: list[Cell[R]] = []

    @property
    def changed(self) -> int:
        """How many rows wait to be written."""
        return len(self._changed)

    @property
    def held(self) -> int:
        """How many rows are at hand."""
        return len(self._rows) + len(self._older)

    def _cell(self, full: FullKey, fold: Fold) -> Cell[R]:
        cell = self._older.pop(full, None)
        if cell is None:
            return super()._cell(full, fold)
        self._rows[full] = cell
        return cell

    def unfolded(self, step: Step) -> None:
        """The event is left out permanently: what it would have made may be there, and has to be loaded."""
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
        self._writing = self._changed
        return super().take()

    def written(self) -> None:
        """What `take` gave is in the store."""
        self._writing = []
