"""What a field says about itself once, as annotations: its limits, its sensitivity, whose it is.

``email: Annotated[str, Len(3, 255), Confidential(), Personal()]``
"""

import ast
import inspect
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from enum import Enum
from functools import cache
from itertools import pairwise
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from annotated_types import Interval as Interval
from annotated_types import Len as Len


class Kept(Enum):
    """What a command's field holds where nothing was said about it: what is there stays.

    ``due_date: datetime | None | Kept = KEPT`` may be left out, which keeps, and None clears.
    """

    KEPT = "kept"


KEPT = Kept.KEPT


@dataclass(frozen=True, slots=True)
class Public:
    """May be shown to anyone."""


@dataclass(frozen=True, slots=True)
class Internal:
    """For the people of the tenant."""


@dataclass(frozen=True, slots=True)
class Confidential:
    """Sensitive business or personal data: masked in logs."""


@dataclass(frozen=True, slots=True)
class Restricted:
    """Secrets and regulated data: never shown, never logged."""


@dataclass(frozen=True, slots=True)
class Authored:
    """What people chose or wrote themselves, as a title: a masked dump replaces it, whoever else may see it."""


@dataclass(frozen=True, slots=True)
class Personal:
    """Data of a person: stored under the person's own key, and unreadable everywhere once that is destroyed.

    Only texts can be personal. ``subject`` names the field of the event that holds the person's id
    (``originator_id``, the stream, by default). With ``searchable`` the stored text also carries a fingerprint
    under that name, by which equal values can be found, as `Aggregate.reserve` makes it.
    """

    subject: str = "originator_id"
    searchable: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """On a field of a view's row: personal data that the table holds in plain text, to be sorted and searched.

    A view with such a field blanks it when the person is erased.
    """


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a personal field is kept for, in a sentence: shown in the inventory of data."""

    text: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """A text must match this expression as a whole; ``otherwise`` says what is wrong, as a verb phrase."""

    regex: str
    otherwise: str


@dataclass(frozen=True, slots=True)
class Requires:
    """What a value must be besides, that no limit says: ``require`` raises Invalid, of no field, when it is not.

    It is checked with the limits, so that everything that is wrong with an input is told at once. ``require`` may
    be given what is outside these limits, or of another type.
    """

    # A field's value may be of any type.
    require: Callable[[Any], None]


@dataclass(frozen=True, slots=True)
class Longest:
    """How many characters a field of a row may have whose column has no limit, all of a list's together.

    What it costs to ask for it follows from that, as from `Len`.
    """

    characters: int


@dataclass(frozen=True, slots=True)
class References:
    """An id that must name a living stream of this topic in the caller's tenant, when it is not None."""

    topic: str
    present: bool = False
    """Whether what it names must also be there now, as `Aggregate.require_present` of its class says."""


@dataclass(frozen=True, slots=True)
class Describe:
    """What a field means, in a sentence: shown in the GraphQL schema."""

    text: str


@dataclass(frozen=True, slots=True)
class Deprecated:
    """A field that will go: the schema says so, with what to use instead, and each use by a client is counted."""

    reason: str


def marks(hint: Any) -> Iterator[object]:
    """The annotations of a type hint, those inside ``X | None`` and ``Annotated`` included, outermost last.

    Type hints have no static type, hence Any.
    """
    if get_origin(hint) is Annotated:
        yield from marks(get_args(hint)[0])
        yield from hint.__metadata__
    elif get_origin(hint) in (Union, types.UnionType):
        for option in get_args(hint):
            yield from marks(option)


def hints_of(cls: type) -> Mapping[str, Any]:
    """The types of a class's fields with their marks, worked out once."""
    return _hints(cls, extras=True)


def types_of(cls: type) -> Mapping[str, Any]:
    """The types of a class's fields without their marks, worked out once."""
    return _hints(cls, extras=False)


@cache
def _hints(cls: Any, *, extras: bool) -> Mapping[str, Any]:
    return get_type_hints(cls, include_extras=extras)


def is_marked(hint: Any, *kinds: type) -> bool:
    """Whether a type hint carries a mark of one of these kinds. Type hints have no static type, hence Any."""
    return any(isinstance(mark, kinds) for mark in marks(hint))


def field_names(cls: type) -> tuple[str, ...]:
    """The names of the fields of a class, in order: of a dataclass, or of a struct, as rows of views are.

    Raises TypeError for any other class.
    """
    structs: tuple[str, ...] | None = getattr(cls, "__struct_fields__", None)
    return tuple(field.name for field in fields(cls)) if structs is None else structs


def nullable(cls: Any) -> frozenset[str]:
    """The annotated fields of a class that may be None."""
    return _nullable(cls)


@cache
def _nullable(cls: Any) -> frozenset[str]:
    hints = hints_of(cls)
    return frozenset(name for name, hint in hints.items() if _takes_none(hint))


def _takes_none(hint: Any) -> bool:
    if get_origin(hint) is Annotated:
        return _takes_none(get_args(hint)[0])
    if get_origin(hint) not in (Union, types.UnionType):
        return hint is types.NoneType
    return any(_takes_none(option) for option in get_args(hint))


def value_texts(cls: type[Enum]) -> Mapping[str, str]:
    """What an enum says of its values: the texts that stand below them."""
    return _texts(cls.__module__).get(cls.__qualname__, {})


@cache
def _texts(module: str) -> Mapping[str, Mapping[str, str]]:
    """The same of all classes of a module, as they stand in its source: Python itself does not keep them."""
    return dict(_of_classes(ast.parse(inspect.getsource(sys.modules[module])).body))


def _of_classes(body: list[ast.stmt], within: str = "") -> Iterator[tuple[str, Mapping[str, str]]]:
    for cls in body:
        if isinstance(cls, ast.ClassDef):
            yield f"{within}{cls.name}", dict(_below_values(cls.body))
            yield from _of_classes(cls.body, f"{within}{cls.name}.")


def _below_values(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for stated, said in pairwise(body):
        match stated, said:
            case ast.Assign(targets=[ast.Name(id=name)]), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, " ".join(text.split())
            case _:
                pass
