"""GraphQL types declared from what they show: an object type from a view's row, an input from a command.

    @shows(TaskRow)
    class Task(Node):
        \"\"\"A task.\"\"\"

        @field(description="The assignee.")
        async def assignee(self, info: Info) -> User | None: ...

Every field of the row is a field of the type, described where the row describes it. Resolvers return rows
as they are: nothing is copied.
"""

import dataclasses
import functools
import inspect
import operator
import types
from collections.abc import Callable, Mapping
from enum import Enum
from types import MappingProxyType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import strawberry
from strawberry.types import get_object_definition
from strawberry.types.field import StrawberryField

from api.kit.execution.access import covered, needing
from api.kit.execution.sizes import LONGEST, longest
from api.kit.schema.masking import noting, revealing
from api.kit.schema.scalars import Json
from api.kit.schema.stored_texts import UNKNOWN, is_of_enum, reading
from domain.kit.commands import Command
from domain.kit.fields import (
    KEPT,
    Confidential,
    Deprecated,
    Describe,
    Kept,
    Opened,
    Personal,
    Restricted,
    field_names,
    is_marked,
    marks,
    nullable,
    value_texts,
)
from domain.kit.wiring.needs import noun
from projections.kit.declare.postgres import PostgresView

T = TypeVar("T")

READS = "reads"
"""Under this name a field's metadata say which column of the row it reads."""


_ROW = "__row__"
_COLUMNS = "__columns__"


def require_rows(shown: type, view: type[PostgresView[Any]]) -> None:
    """Raise TypeError for a view whose rows are not what the type shows."""
    row = getattr(shown, _ROW, None)
    if row is not None and not issubclass(view.row, row):
        raise TypeError(
            f"{shown.__name__} shows {row.__name__}, but {view.__name__} holds {view.row.__name__}."
        )


def columns_of(shown: type) -> Mapping[str, Any]:
    """The columns that a type shows as they are, to everybody who reads it, each with its GraphQL type."""
    columns: Mapping[str, Any] = getattr(shown, _COLUMNS, {})
    return columns


@covered
@strawberry.interface(description="An object with a globally unique id.")
class Node:
    """What `node(id)` can answer with."""

    id: UUID = strawberry.field(description="The id, unique across all types.")


def shows(
    row: type,
    *,
    needs: str,
    name: str | None = None,
    leave_out: tuple[str, ...] = (),
    about: str | None = None,
) -> Callable[[type[T]], type[T]]:
    """Make a GraphQL object type of the class, with the row's fields before its own.

    ``needs`` is the permission that its fields take (see `access`). Restricted fields are left out,
    confidential ones masked and sealed ones opened (see `masking`); ``about`` names the field with the
    id of the person whom a row is about, who may read everything of it. Raises TypeError where a name is none
    of the row's, and as `revealing` does.
    """

    def declare(cls: type[T]) -> type[T]:
        _require_columns(cls, row, {"leave_out": leave_out, "about": (about,) if about else ()})
        own = inspect.get_annotations(cls)
        fields = {n: f for n, f in _fields(row) if n not in leave_out and n not in cls.__dict__}
        described = {n: f for n, f in fields.items() if not is_marked(f[0], Restricted)}
        revealed = {n for n, f in described.items() if is_marked(f[0], Confidential, Personal, Opened)}
        emptied: set[str] = set()
        # What the class redeclares of a column stands where the row has it.
        shown = {n: plain(own.get(n, hint)) for n, (hint, _) in described.items()}
        typed = {n: hint for n, hint in {**own, **shown}.items() if n not in revealed}
        cls.__annotations__ = {n: typed[n] for n, _ in _fields(row) if n in typed} | typed
        for n, (hint, description) in described.items():
            if is_marked(hint, Personal) and shown[n] is str:
                # Nobody knows it any more once its person is erased.
                shown[n] = str | None
            read = reading(f"{cls.__name__}.{n}", shown[n], plain(hint))
            resolver: Any = None
            if n in revealed:
                resolver = revealing(n, hint, row=row, shown=shown[n], needs=needs, about=about, read=read)
            elif read or about not in (None, n):
                resolver = noting(n, shown=shown[n], about=about if n != about else None, read=read)
            if read is not None and not is_of_enum(read):
                emptied.add(n)
            text = f"{description} {UNKNOWN}" if is_of_enum(read) else description
            metadata = {LONGEST: longest(hint)}
            old = deprecation(hint)
            declared: Any = strawberry.field(
                resolver=resolver, description=text, metadata=metadata, deprecation_reason=old
            )
            setattr(cls, n, declared)
        needing(cls, needs)
        setattr(cls, _ROW, row)
        setattr(cls, _COLUMNS, {n: kind for n, kind in shown.items() if n not in revealed | emptied})

        def is_type_of(value: object, info: object) -> bool:
            return isinstance(value, row | cls)

        cls.is_type_of = staticmethod(is_type_of)  # type: ignore[attr-defined]
        return strawberry.type(cls, name=name, description=_sentence(cls))

    return declare


def extend(shown: type, **fields: StrawberryField) -> None:
    """Give the object type of another context fields of this one, which that context does not know.

    Raises TypeError for a field without a permission of its own, as that of the type is another context's, and for
    a name that the type has.
    """
    definition = get_object_definition(shown, strict=True)
    for name, added in fields.items():
        if not added.metadata.get("needs") or any(field.python_name == name for field in definition.fields):
            raise TypeError(f"{shown.__name__}.{name}: needs a name and a permission of its own.")
        added.python_name, added.origin = name, shown
        definition.fields.append(added)


def _require_columns(cls: type, row: type, named: Mapping[str, tuple[str, ...]]) -> None:
    """Raise TypeError unless all that a type names, and its fields read, are columns of its row."""
    reads = {n: (m[READS],) for n, f in vars(cls).items() if (m := getattr(f, "metadata", {})).get(READS)}
    columns = {name for name, _ in _fields(row)}
    for where, names in {**named, **reads}.items():
        if unknown := set(names) - columns:
            raise TypeError(f"{cls.__name__}.{where}: {row.__name__} has no column {min(unknown)!r}.")


def takes(command: type[Command], *, leave_out: tuple[str, ...] = (), mutation: str | None = None) -> type:
    """The GraphQL input type with a command's fields.

    Fields with a default may be left out, and so may the id of what is to be created. ``mutation`` is the name of
    the mutation that takes it, unless that is the command's own.
    """
    name = f"{command.__name__}Input"
    optional = {f.name for f in dataclasses.fields(command) if _has_default(f)}
    cleared = {f.name for f in dataclasses.fields(command) if f.default is KEPT} & nullable(command)
    annotations: dict[str, Any] = {}
    namespace: dict[str, Any] = {"__annotations__": annotations, "__module__": __name__}
    for field, (hint, said) in _fields(command):
        if field in leave_out:
            continue
        description = _targets_id(command, said) if field == "id" else said
        shown, old = plain(hint, taken=True), deprecation(hint)
        if old is not None and field not in optional:
            raise TypeError(
                f"{name}.{field} must be given, so it cannot be deprecated: give it a default first."
            )
        if field == "id" and command.wiring.creates is not None:
            annotations[field] = shown | None
            namespace[field] = strawberry.field(default=strawberry.UNSET, description=_ID)
        elif field in optional:
            if field in cleared and "null" not in description.lower():
                description = f"{description} Null clears it."
            annotations[field] = shown | None
            namespace[field] = strawberry.field(
                default=strawberry.UNSET, description=description, deprecation_reason=old
            )
        elif field in nullable(command):
            # Nothing may be cleared by being forgotten: `built` refuses what was left out.
            annotations[field] = shown
            namespace[field] = strawberry.field(
                default=strawberry.UNSET, description=f"{description} Required: null clears it."
            )
        else:
            annotations[field] = shown
            namespace[field] = strawberry.field(description=description)
    declared = type(name, (), namespace)
    taken_by = mutation or command.__name__[0].lower() + command.__name__[1:]
    return strawberry.input(declared, name=name, description=f"Input of `{taken_by}`. {_sentence(command)}")


_ID = "The id of the new object; the command's id by default, so that a retry creates nothing twice."


def plain(hint: Any, *, taken: bool = False) -> Any:
    """A row's or command's type hint as GraphQL shows it: no marks, tuples as lists, dicts as JSON; what is
    ``taken`` holds dataclasses as inputs.

    Type hints have no static type, hence Any.
    """
    origin, args = get_origin(hint), get_args(hint)
    shown = functools.partial(plain, taken=taken)
    if origin is Annotated:
        return shown(args[0])
    if origin in (Union, types.UnionType):
        return functools.reduce(operator.or_, (shown(argument) for argument in args if argument is not Kept))
    if origin in (tuple, list, set, frozenset):
        return list[shown(args[0])]  # type: ignore[misc]
    if origin is dict or hint is dict:
        return Json
    if isinstance(hint, type) and issubclass(hint, Enum):
        return enum(hint)
    if taken and isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return part(hint)
    return hint


@functools.cache
def part(cls: Any) -> type:
    """The GraphQL input type of what stands in a command's field: a dataclass, whose defaults may be left out."""
    annotations: dict[str, Any] = {}
    name = f"{cls.__name__}Input"
    namespace: dict[str, Any] = {"__annotations__": annotations, "__module__": __name__}
    optional = {field.name for field in dataclasses.fields(cls) if _has_default(field)}
    for field, (hint, said) in _fields(cls):
        shown = plain(hint, taken=True)
        annotations[field] = shown | None if field in optional else shown
        default = {"default": strawberry.UNSET} if field in optional else {}
        namespace[field] = strawberry.field(description=said, **default)
    return strawberry.input(type(name, (), namespace), name=name, description=_sentence(cls))


def enum(cls: type[Enum], deprecated: Mapping[str, str] = MappingProxyType({})) -> type[Enum]:
    """The enum as a GraphQL type, declared once, with the texts below its values.

    ``deprecated`` gives for each value that will go what to use. Raises TypeError for a value that it lacks.
    """
    if not hasattr(cls, "__strawberry_definition__"):
        strawberry.enum(cls, description=_sentence(cls))
    definition: Any = vars(cls)["__strawberry_definition__"]
    values, texts = {value.name: value for value in definition.values}, value_texts(cls)
    if unknown := (deprecated.keys() | texts.keys()) - values.keys():
        raise TypeError(f"{cls.__name__} has no value {min(unknown)!r}.")
    for name, text in texts.items():
        values[name].description = text
    for name, reason in deprecated.items():
        values[name].deprecation_reason = reason
    return cls


def deprecation(hint: Any) -> str | None:
    """Why a field is deprecated, as its type hint is marked; None for one that is not."""
    return next((mark.reason for mark in marks(hint) if isinstance(mark, Deprecated)), None)


def _fields(cls: type) -> list[tuple[str, tuple[Any, str]]]:
    hints = get_type_hints(cls, include_extras=True)
    return [(name, (hints[name], described_as(cls, name, hints[name]))) for name in field_names(cls)]


def described_as(cls: type, name: str, hint: Any) -> str:
    """What a field of a row or command says it is; words made of its name where it says nothing."""
    described = [mark.text for mark in marks(hint) if isinstance(mark, Describe)]
    if described:
        return described[-1]
    words = name.replace("_", " ")
    return f"The {words.removesuffix(' id')}'s id." if words.endswith(" id") else f"The {words}."


def _has_default(field: "dataclasses.Field[Any]") -> bool:
    return field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING


def _sentence(cls: type) -> str:
    return " ".join((cls.__doc__ or "").strip().split("\n\n")[0].split())


def _targets_id(command: type[Command], otherwise: str) -> str:
    target = command.wiring.target
    return otherwise if target is None else f"The {noun(target.topic).replace('api ', 'API ')}'s id."
