"""Folds a page around the events that cannot be folded."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic

from domain.kit.events import Event
from domain.kit.log import Envelope
from projections.kit.declare.folds import Key
from projections.kit.declare.row import R
from projections.kit.declare.view import FullKey, LoadedRows, RowChanges, View
from projections.kit.follow.lane import Stream, stream_of


@dataclass(slots=True)
class IsolatingFold(Generic[R]):
    """A page whose streams end, for now, at the first of their events that raises.

    An event counts whole: when it touches two rows and the second raises, the first stays as it was.
    """

    view: View[R]
    events: list[tuple[Event, Envelope, list[Key]]]
    keys: set[FullKey]
    """The rows to load: all that are touched."""
    stuck: dict[Stream, tuple[Envelope, Exception]]
    """The first event of each stream that raises. `fold` may find more."""

    @classmethod
    def of(cls, view: View[R], entries: Iterable[tuple[Envelope, Callable[[], Event]]]) -> "IsolatingFold[R]":
        """Take envelopes in order, each with what decodes it; what the view does not fold is left out."""
        page: IsolatingFold[R] = cls(view, [], set(), {})
        for envelope, decode in entries:
            stream = stream_of(envelope)
            if envelope.type not in view.folds or stream in page.stuck:
                continue
            try:
                event = decode()
                keys = view.touched(event, envelope)
            except Exception as error:  # noqa: BLE001  # It is kept with the event that is to blame.
                page.stuck[stream] = envelope, error
                continue
            page.events.append((event, envelope, keys))
            page.keys.update((envelope.tenant_id, key) for key in keys)
        return page

    def fold(self, before: dict[FullKey, R]) -> RowChanges[R]:
        """Fold what can be folded over the loaded rows. Pure but for ``stuck``."""
        rows: dict[FullKey, R | None] = dict(before)
        held = before.positions if isinstance(before, LoadedRows) else {}
        changes: RowChanges[R] = RowChanges()
        ended: set[Stream] = set()
        for event, envelope, keys in self.events:
            stream = stream_of(envelope)
            if stream in ended:
                continue
            after: dict[FullKey, R | None] = {}
            try:
                for key in keys:
                    full = (envelope.tenant_id, key)
                    if envelope.position <= held.get(full, 0):
                        continue
                    was = rows.get(full)
                    now = self.view.apply(was, event, key, envelope)
                    if now is not was:
                        after[full] = now
            except Exception as error:  # noqa: BLE001  # As above.
                ended.add(stream)
                self.stuck[stream] = envelope, error
                continue
            rows.update(after)
            changes.update(after)
            changes.positions.update(dict.fromkeys(after, envelope.position))
        return changes
