"""Folds events, one after another, over rows that are kept in memory."""

from collections.abc import Collection, Iterable
from typing import Generic

from domain.kit.codec import Codec
from domain.kit.events import Event
from domain.kit.log import Envelope
from projections.kit.declare.folded_rows import Cell, FoldedRows, Step
from projections.kit.declare.row import R
from projections.kit.declare.view import Fold, FullKey, View
from projections.kit.follow.fold_page import FoldFailed


class Folding(Generic[R]):
    """Rows of a view after the events taken so far; only those with ``wanted`` keys, where given."""

    def __init__(self, view: View[R], codec: Codec, wanted: Collection[FullKey] | None = None) -> None:
        self._view, self._codec, self._wanted = view, codec, wanted
        self.rows: dict[FullKey, R] = {}

    def take(self, envelopes: Iterable[Envelope]) -> None:
        """Fold the next events, in order. Raises FoldFailed; none of them are in the rows then."""
        rows = _MemoryRows(self._view, self.rows, self._wanted)
        folds, decode, touch, fold = self._view.folds, self._codec.decode, rows.touch, rows.fold
        for envelope in envelopes:
            if envelope.type in folds:
                try:
                    fold(touch(decode(envelope), envelope))
                except Exception as error:
                    raise FoldFailed(envelope) from error
        for full, row in rows.take().items():
            if row is not None:
                self.rows[full] = row
            elif full in self.rows:
                del self.rows[full]


class _MemoryRows(FoldedRows[R]):
    """Rows that need not be loaded; what is not wanted is not touched."""

    def __init__(self, view: View[R], kept: dict[FullKey, R], wanted: Collection[FullKey] | None) -> None:
        super().__init__(view)
        self._kept, self._wanted = kept, wanted

    def touch(self, event: Event, envelope: Envelope) -> Step:
        if self._wanted is None:
            return super().touch(event, envelope)
        fold, tenant, wanted = self._folds[envelope.type], envelope.tenant_id, self._wanted
        keys = ((tenant, key) for key in fold.keys(event, envelope))
        cells = [self._rows.get(full) or self._cell(full, fold) for full in keys if full in wanted]
        return fold, event, envelope, cells[0] if len(cells) == 1 else cells

    def _cell(self, full: FullKey, fold: Fold) -> Cell[R]:
        cell = self._rows[full] = Cell(full)
        cell.row = self._kept.get(full)
        return cell
