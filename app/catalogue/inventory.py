"""The inventory: every field that is kept, made from the declarations of events, views and durable tables."""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

import domain
from app.catalogue.durable_tables import TABLES
from app.contexts import VIEWS
from domain.kit.events import Event, event_classes
from domain.kit.privacy.inventory import FieldFacts, field_facts, level_name
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.redis import RedisView
from projections.kit.declare.view import View
from projections.kit.store.index_mapping import camel

UNMARKED = 1
"""What a view's field is when neither it nor an event says: internal, for nothing is public by being forgotten."""

FOR_GOOD = "as long as the log"
UNTIL_ERASED = "until the person is erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueEntry:
    """One field in one place."""

    context: str
    """``work``, ``identity``, …"""
    kind: str
    """``event``, ``view`` or ``table``."""
    name: str
    """The event's type, the view's name, or the table's."""
    field: str
    type: str
    classification: str
    personal: bool
    subject: str
    """The field that holds the id of the person; empty for what is nobody's."""
    searchable: bool
    """Whether equal values can be found although it is sealed."""
    purpose: str
    store: str
    """``postgres``, ``redis`` or ``search``."""
    place: str
    """Table and column, key, or index and field."""
    retention: str


def inventory() -> list[CatalogueEntry]:
    """Every entry: events by type, then views and durable tables by name."""
    return [*_of_events(), *_of_views(), *_of_tables()]


def product_events() -> dict[str, type[Event]]:
    """The product's events by stored name, whether or not a view folds them."""
    _load_domain()
    return {
        name: event for name, event in event_classes().items() if event.__module__.split(".")[0] == "domain"
    }


@cache
def _load_domain() -> None:
    for module in pkgutil.walk_packages(domain.__path__, "domain."):
        importlib.import_module(module.name)


@dataclass(frozen=True, slots=True)
class Held:
    """A field of a view's row, and the facts of the event fields of the same name that the view folds."""

    own: FieldFacts
    folded: tuple[FieldFacts, ...]

    @property
    def level(self) -> int:
        """Its place among the classifications: what it says itself, at least what the events say."""
        known = [fact.level for fact in (self.own, *self.folded) if fact.level is not None]
        return max(known, default=UNMARKED)

    @property
    def masked(self) -> bool:
        """Whether a dump for tests must not show it."""
        # What says no class of its own takes that of the events, and is internal otherwise.
        known = [fact for fact in (self.own, *self.folded) if fact.level is not None]
        return self.personal or self.own.authored or any(fact.masked for fact in known)

    @property
    def personal(self) -> bool:
        """Whether it holds what is a person's."""
        return self.own.personal or self.own.opened or any(fact.personal for fact in self.folded)


def held(view: type[View[Any]]) -> list[Held]:
    """The fields of a view's row, in order."""
    known = product_events()
    folded = [field for name in view().folds if name in known for field in field_facts(known[name])]
    return [
        Held(own, tuple(fact for fact in folded if fact.name == own.name)) for own in field_facts(view.row)
    ]


def _of_events() -> Iterator[CatalogueEntry]:
    for name, event in product_events().items():
        # A dataclass without a docstring is given its signature for one.
        about = "" if (event.__doc__ or "").startswith(f"{event.__name__}(") else _first_line(event)
        for field in field_facts(event):
            yield CatalogueEntry(
                context=name.partition(".")[0],
                kind="event",
                name=name,
                field=field.name,
                type=field.type,
                classification=level_name(UNMARKED if field.level is None else field.level),
                personal=field.personal,
                subject=field.subject,
                searchable=bool(field.searchable),
                purpose=field.purpose or about or _first_line(event.aggregate),
                store="postgres",
                place=f"es.events.payload ->> '{field.name}'",
                retention=UNTIL_ERASED if field.personal else FOR_GOOD,
            )


def _of_views() -> Iterator[CatalogueEntry]:
    for view in sorted(VIEWS, key=lambda view: view.name):
        for field in held(view):
            subject = next((fact.subject for fact in field.folded if fact.personal), field.own.subject)
            yield CatalogueEntry(
                context=view.__module__.split(".")[1],
                kind="view",
                name=view.name,
                field=field.own.name,
                type=field.own.type,
                classification=level_name(field.level),
                personal=field.personal,
                subject=subject,
                searchable=any(fact.searchable for fact in field.folded),
                purpose=field.own.purpose or _meaning(field.folded) or _first_line(view),
                store=view.store,
                place=place_of(view, field.own.name),
                retention=retention_of(view, personal=field.personal),
            )


def _of_tables() -> Iterator[CatalogueEntry]:
    for name, table in TABLES.items():
        for column in table.columns:
            yield CatalogueEntry(
                context=table.context,
                kind="table",
                name=name,
                field=column.name,
                type=column.type,
                classification=column.classification,
                # What is personal in them is sealed as in the log, and goes with its key.
                personal=False,
                subject="",
                searchable=False,
                purpose=column.purpose,
                store="postgres",
                place=f"{name}.{column.name}",
                retention=table.retention,
            )


def place_of(view: type[View[Any]], field: str) -> str:
    """Where a field of a view is kept, as operators would look it up."""
    if issubclass(view, RedisView):
        return f"{view.pattern} . {field}"
    if view.store == "search":
        return f"{view.name.replace('.', '-')} . {camel(field)}"
    return f"{view.name}.{field}"


def retention_of(view: type[View[Any]], *, personal: bool) -> str:
    """For how long a view keeps a field."""
    if issubclass(view, RedisView):
        return f"{_length(view.ttl)} at a time, renewed from the log"
    if issubclass(view, PostgresView) and (horizon := view.horizon()) is not None:
        return horizon.period
    return UNTIL_ERASED if personal else FOR_GOOD


def _length(time: timedelta) -> str:
    minutes = int(time.total_seconds() // 60)
    for unit, size in (("days", 1440), ("hours", 60)):
        if minutes >= size and minutes % size == 0:
            return f"{minutes // size} {unit}"
    return f"{minutes} minutes"


def _meaning(fields: Iterable[FieldFacts]) -> str:
    return next((fact.purpose for fact in fields if fact.purpose), "")


# Any class with a docstring.
def _first_line(cls: type) -> str:
    return (cls.__doc__ or "").strip().partition("\n")[0]
