"""A page of events on its way through a view: what it touches, what has to be loaded, who is to blame."""

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import NoneType
from typing import Any, Generic, TypeVar, get_type_hints
from weakref import WeakKeyDictionary

from domain.kit.events import Event, event_classes
from domain.kit.log import Envelope
from projections.kit.declare.view import FoldMark, FullKey, RowChanges, View, fold

Row = TypeVar("Row")

_creating: "WeakKeyDictionary[View[Any], frozenset[str]]" = WeakKeyDictionary()


def creating(view: View[Any]) -> frozenset[str]:
    """The stored types of the events that make a row, whatever there was: their folds declare ``row: None``."""
    if view not in _creating:
        types: set[str] = set()
        for _, method in inspect.getmembers(view, inspect.ismethod):
            marked: FoldMark | None = getattr(method, "folds", None)
            if marked and get_type_hints(method).get("row") is NoneType:
                events = event_classes().values() if Event in marked.events else marked.events
                types.update(event.stored_as for event in events)
        _creating[view] = frozenset(types)
    return _creating[view]


class FoldFailed(Exception):
    """An event could not be decoded, or a fold raised; the cause says why."""

    def __init__(self, envelope: Envelope) -> None:
        super().__init__(f"{envelope.type} at position {envelope.position}")
        self.envelope = envelope


@dataclass(slots=True)
class FoldPage(Generic[Row]):
    """The events of a page that a view takes. Whatever goes wrong with one of them rises as FoldFailed."""

    view: View[Row]
    events: list[tuple[Event, Envelope]]
    keys: set[FullKey]
    """The rows to load: all that are touched, but those that the page itself makes first."""

    @classmethod
    def of(cls, view: View[Row], entries: Iterable[tuple[Envelope, Callable[[], Event]]]) -> "FoldPage[Row]":
        """Takes envelopes in order, each with what decodes it."""
        page: FoldPage[Row] = cls(view, [], set())
        folds, new, made = view.folds, creating(view), set[FullKey]()
        for envelope, decode in entries:
            if envelope.type not in folds:
                continue
            try:
                event = decode()
                for key in view.touched(event, envelope):
                    full = (envelope.tenant_id, key)
                    if envelope.type in new and full not in page.keys:
                        made.add(full)
                    elif full not in made:
                        page.keys.add(full)
            except Exception as error:
                raise FoldFailed(envelope) from error
            page.events.append((event, envelope))
        return page

    def fold(self, before: dict[FullKey, Row]) -> RowChanges[Row]:
        """Folds the events over the loaded rows."""
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
