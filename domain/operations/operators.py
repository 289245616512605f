"""What all actions of operators have in common: where they are kept, who asked, and how they end."""

from collections.abc import Iterable
from typing import Annotated

from domain.kit.fields import Authored, Describe, Internal, Len
from domain.kit.refusals import NotFound, Refusal
from domain.kit.text import ONE_LINE

AskedBy = Annotated[
    str,
    Len(1, 200),
    ONE_LINE,
    Internal(),
    Authored(),
    Describe("Who asked: a user with the tenant, or an account on a machine."),
]
ViewName = Annotated[str, Len(1, 100), ONE_LINE, Internal(), Describe("The name of a view.")]
ViewNames = Annotated[tuple[ViewName, ...], Len(1, 500), Internal(), Describe("The names of the views.")]
Why = Annotated[str, Internal(), Authored(), Describe("Why the step failed.")]


def absent(what: str, name: str, known: Iterable[str]) -> str:
    """What is said of a name that nothing has: an answer of nothing would say that all is well."""
    there = f"; there are {', '.join(names)}" if (names := sorted(known)) else ""
    return f"There is no {what} {name}{there}."


def unknown(what: str, name: str, known: Iterable[str], *, field: str) -> NotFound:
    """The refusal of a name that nothing has, which says what there is."""
    return NotFound(field=field, what=what, sentence=absent(what, name, known))


class NotPossible(Refusal):
    """{reason}"""
