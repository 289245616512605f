"""A page of events on its way through a view: what it touches, what has to be loaded, who is to blame."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic

from domain.kit.events import Event
from domain.kit.log import Envelope
from projections.kit.declare.row import R
from projections.kit.declare.view import FullKey, RowChanges, View, fold


class FoldFailed(Exception):
    """An event could not be decoded, or a fold raised; the cause says why."""

    def __init__(self, envelope: Envelope) -> None:
        super().__init__(f"{envelope.type} at position {envelope.position}")
        self.envelope = envelope


@dataclass(slots=True)
class FoldPage(Generic[R]):
    """The events of a page that a view takes. Whatever goes wrong with one of them rises as FoldFailed."""

    view: View[R]
    events: list[tuple[Event, Envelope]]
    keys: set[FullKey]
    """The rows to load: all that are touched, but those that the page itself makes first."""

    @classmethod
    def of(cls, view: View[R], entries: Iterable[tuple[Envelope, Callable[[], Event]]]) -> "FoldPage[R]":
        """Take envelopes in order, each with what decodes it."""
        page: FoldPage[R] = cls(view, [], set())
        folds, made = view.folds, set[FullKey]()
        for envelope, decode in entries:
            fold = folds.get(envelope.type)
            if fold is None:
                continue
            try:
                event = decode()
                for key in view.touched(event, envelope):
                    full = (envelope.tenant_id, key)
                    if fold.first and full not in page.keys:
                        made.add(full)
                    elif full not in made:
                        page.keys.add(full)
            except Exception as error:
                raise FoldFailed(envelope) from error
            page.events.append((event, envelope))
        return page

    def fold(self, before: dict[FullKey, R]) -> RowChanges[R]:
        """Fold the events over the loaded rows."""
        at: Envelope | None = None

        def watched() -> Iterator[tuple[Event, Envelope]]:
            nonlocal at
            for pair in self.events:
                at = pair[1]
                yield pair

        try:
            return fold(self.view, before, watched())
        except Exception as error:
            assert at is not None
            raise FoldFailed(at) from error
