"""Folding a story into rows, as a store does it but in memory."""

from typing import Any

from projections.kit.declare.folded_rows import fold
from projections.kit.declare.view import FullKey, LoadedRows, RowChanges, View
from tests.work.stories import Story


class Table:
    """A view's rows as a store keeps them: only the rows that a page touches are loaded for it."""

    def __init__(self, view: type[View[Any]]) -> None:
        self.view = view()
        self.rows: dict[FullKey, Any] = {}
        self.positions: dict[FullKey, int] = {}

    def fold(self, page: list[Any]) -> RowChanges[Any]:
        before: LoadedRows[Any] = LoadedRows()
        for event, envelope in page:
            for key in self.view.touched(event, envelope):
                full = (envelope.tenant_id, key)
                if full in self.rows:
                    before[full] = self.rows[full]
                if full in self.positions:
                    before.positions[full] = self.positions[full]
        found = fold(self.view, before, page)
        self.positions |= found.positions
        for full, row in found.items():
            if row is None:
                self.rows.pop(full, None)
            else:
                self.rows[full] = row
        return found


def rows(view: type[View[Any]], story: Story) -> dict[FullKey, Any]:
    """A view's rows after the whole story, folded as one page."""
    table = Table(view)
    table.fold(story.events)
    return table.rows
