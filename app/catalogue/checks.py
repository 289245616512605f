"""What is wrong with the classification of views, as seen from the events that they fold."""

from collections.abc import Iterator, Mapping
from typing import Any, get_type_hints

from app.catalogue.inventory import Held, held
from domain.kit.fields import Len, marks
from domain.kit.privacy.inventory import level_name
from projections.kit.declare.view import View

CONFIDENTIAL = 2

EXCEPTIONS: Mapping[tuple[str, str], str] = {}
"""Fields of views that may say less than the event field of the same name, each with the reason."""


def view_faults(view: type[View[Any]], exceptions: Mapping[tuple[str, str], str] = EXCEPTIONS) -> list[str]:
    """What is wrong with the fields of a view's row, a sentence each; empty when nothing is."""
    return [
        fault
        for field in held(view)
        if (view.name, field.own.name) not in exceptions
        for fault in _faults(view, field)
    ]


def _faults(view: type[View[Any]], field: Held) -> Iterator[str]:
    name, said = f"{view.name}.{field.own.name}", field.own.classifications
    if len(said) > 1:
        yield f"{name} has more than one classification: {' and '.join(said)}."
    above = max((fact.level for fact in field.folded if fact.level is not None), default=0)
    if above >= CONFIDENTIAL and (field.own.level is None or field.own.level < above):
        yield f"{name} is folded from what is {level_name(above)}, and must say that it is, too."
    if field.own.opened and view.store != "postgres":
        yield f"{name} is opened, which only the tables of Postgres views can be."
    sealed = any(fact.personal for fact in field.folded) and not field.own.opened
    if sealed and any(isinstance(mark, Len) for mark in marks(_hint(view, field.own.name))):
        yield f"{name} holds sealed texts, which are longer than plain ones, so its length must not be limited."


# Type hints have no static type, hence Any.
def _hint(view: type[View[Any]], field: str) -> Any:
    return get_type_hints(view.row, include_extras=True)[field]
