"""A page of events on its way through a view: what it touches, what has to be loaded, who is to blame."""

from collections.abc import Callable, Collection, Iterable
from typing import Generic

from domain.kit.events import Event
from domain.kit.log import Envelope
from projections.kit.declare.folded_rows import FoldedRows, Step
from projections.kit.declare.row import R
from projections.kit.declare.view import FullKey, RowChanges, View
from projections.kit.follow.lane import Stream, stream_of


class FoldFailed(Exception):
    """An event could not be decoded, or a fold raised; the cause says why."""

    def __init__(self, envelope: Envelope) -> None:
        super().__init__(f"{envelope.type} at position {envelope.position}")
        self.envelope = envelope


class FoldPage(Generic[R]):
    """The events of a page that a view takes. Whatever goes wrong with one of them rises as FoldFailed."""

    def __init__(
        self,
        view: View[R],
        entries: Iterable[tuple[Envelope, Callable[[], Event]]],
        rows: FoldedRows[R] | None = None,
    ) -> None:
        """Take envelopes in order, each with what decodes it."""
        self._rows = rows = FoldedRows(view) if rows is None else rows
        self._steps: list[Step] = []
        folds, touch, take = view.folds, rows.touch, self._steps.append
        for envelope, decode in entries:
            if envelope.type in folds:
                try:
                    take(touch(decode(), envelope))
                except Exception as error:
                    raise FoldFailed(envelope) from error

    @property
    def envelopes(self) -> list[Envelope]:
        """The events that the view takes."""
        return [step[2] for step in self._steps]

    @property
    def keys(self) -> Collection[FullKey]:
        """The rows to load: all that are touched, but those that the page itself makes first."""
        return self._rows.missing()

    def fold(self, before: dict[FullKey, R]) -> RowChanges[R]:
        """Fold the events over the loaded rows."""
        self._rows.loaded(before)
        fold = self._rows.fold
        for step in self._steps:
            try:
                fold(step)
            except Exception as error:
                raise FoldFailed(step[2]) from error
        return self._rows.take()


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
