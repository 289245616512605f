"""What is listed is watched: the subscriptions that follow from the lists of a context."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import strawberry
from strawberry.types.field import StrawberryField

LIVE = "live"
"""Under this name the metadata of a list's field say how it is kept up to date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveList:
    """How a list is kept up to date."""

    name: str
    """The name of the subscription to its changes."""
    subscription: Callable[[], StrawberryField]
    declared: Callable[[], bool]
    """Whether there is one already, which says what it is narrowed by."""
    unwatched: str
    """Why there is none; empty where there is."""


def live_lists(queries: Iterable[type]) -> type | None:
    """The root with the subscriptions that the lists of these roots have not been given; None if there is none."""
    found = [
        live
        for query in queries
        # Strawberry's definitions are not typed, hence Any.
        for field in _fields(query)
        for live in (field.metadata.get(LIVE),)
        if live is not None and not live.unwatched and not live.declared()
    ]
    if not found:
        return None
    return strawberry.type(type("Subscription", (), {live.name: live.subscription() for live in found}))


def _fields(query: type) -> Any:
    return query.__strawberry_definition__.fields  # type: ignore[attr-defined]
