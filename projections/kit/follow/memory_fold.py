"""Folds events, one after another, over rows that are kept in memory."""

from collections.abc import Collection, Iterable
from typing import Generic

from domain.kit.codec import Codec
from domain.kit.events import Event
from domain.kit.log import Envelope
from projections.kit.declare.row import R
from projections.kit.declare.view import FullKey, View
from projections.kit.follow.fold_page import FoldFailed


class Folding(Generic[R]):
    """Rows of a view after the events taken so far; only those with ``wanted`` keys, where given."""

    def __init__(self, view: View[R], codec: Codec, wanted: Collection[FullKey] | None = None) -> None:
        self._view, self._codec, self._wanted = view, codec, wanted
        self.rows: dict[FullKey, R] = {}
        self.positions: dict[FullKey, int] = {}
        """By which event each row, also a deleted one, came to be as it is."""

    def take(self, envelopes: Iterable[Envelope]) -> None:
        """Fold the next events, in order. Raises FoldFailed; rows may hold a part of them then."""
        for envelope in envelopes:
            if envelope.type in self._view.folds:
                try:
                    self._take(self._codec.decode(envelope), envelope)
                except Exception as error:
                    raise FoldFailed(envelope) from error

    def _take(self, event: Event, envelope: Envelope) -> None:
        for key in self._view.touched(event, envelope):
            full = (envelope.tenant_id, key)
            if self._wanted is not None and full not in self._wanted:
                continue
            was = self.rows.get(full)
            now = self._view.apply(was, event, key, envelope)
            if now is was:
                continue
            self.positions[full] = envelope.position
            if now is None:
                del self.rows[full]
            else:
                self.rows[full] = now
