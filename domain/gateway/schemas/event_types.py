"""Types of events: their names, and the category that a name tells."""

from typing import Annotated

from domain.gateway.envelope import CATEGORIES, EventCategory
from domain.kit.fields import Authored, Describe, Internal, Len, Pattern

EventType = Annotated[
    str,
    Len(1, 100),
    Pattern(
        "[a-z][a-z0-9_]*(?:[.][a-z][a-z0-9_]*)+",
        "must be lower-case words joined by dots, such as order.created",
    ),
    Internal(),
    Authored(),
    Describe("The type of the events: lower-case words joined by dots, such as `order.created`."),
]
EventAlias = Annotated[
    str,
    Len(1, 100),
    Pattern("[A-Za-z0-9_]+(?:[.][A-Za-z0-9_]+)*", "must be words joined by dots, such as OrderCreated"),
    Internal(),
    Authored(),
    Describe("Another name for the type, such as `OrderCreated`."),
]


def category(event_type: str) -> EventCategory:
    """The category of a type: that of its first word, and business for every other."""
    return CATEGORIES.get(event_type.partition(".")[0], EventCategory.BUSINESS)
