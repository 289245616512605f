"""Folds a page around the events that cannot be folded."""

from collections.abc import Callable, Collection, Iterable
from typing import Generic

from domain.kit.events import Event
from domain.kit.log import Envelope
from projections.kit.declare.folded_rows import FoldedRows, Step
from projections.kit.declare.row import R
from projections.kit.declare.view import FullKey, RowChanges, View
from projections.kit.follow.lane import Stream, stream_of


class IsolatingFold(Generic[R]):
    """A page whose streams end, for now, at the first of their events that raises.

    An event counts whole: when it touches two rows and the second raises, the first stays as it was.
    """

    def __init__(self, view: View[R], entries: Iterable[tuple[Envelope, Callable[[], Event]]]) -> None:
        """Take envelopes in order, each with what decodes it; what the view does not fold is left out."""
        self.stuck: dict[Stream, tuple[Envelope, Exception]] = {}
        """The first event of each stream that raises. `fold` may find more."""
        self._rows: FoldedRows[R] = FoldedRows(view, load_all=True)
        self._steps: list[Step] = []
        for envelope, decode in entries:
            stream = stream_of(envelope)
            if envelope.type in view.folds and stream not in self.stuck:
                try:
                    self._steps.append(self._rows.touch(decode(), envelope))
                except Exception as error:  # noqa: BLE001  # It is kept with the event that is to blame.
                    self.stuck[stream] = envelope, error

    @property
    def keys(self) -> Collection[FullKey]:
        """The rows to load: all that are touched."""
        return self._rows.missing()

    def fold(self, before: dict[FullKey, R]) -> RowChanges[R]:
        """Fold what can be folded over the loaded rows."""
        self._rows.loaded(before)
        ended: set[Stream] = set()
        for step in self._steps:
            if (stream := stream_of(step[2])) not in ended:
                try:
                    self._rows.fold(step)
                except Exception as error:  # noqa: BLE001  # As above.
                    ended.add(stream)
                    self.stuck[stream] = step[2], error
        return self._rows.take()
