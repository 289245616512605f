"""Fields that need no more of an execution than the object they stand on: most of what a list shows.

graphql-core gives each field of each object a path, a resolver's info and a task of its own where it waits for
something, which takes many times as long as to read a column. Here a selection is looked at once; those of its
fields that are columns, or have a quick way (`quick`), are read and written without all that, and what the objects
of a list are linked with is loaded before, for all of them. Whatever is not as expected goes graphql-core's way: a
field that takes arguments, lacks a value that it must have, or fails.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from enum import Enum
from operator import attrgetter
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    OperationType,
    Undefined,
    is_leaf_type,
    is_non_null_type,
    is_object_type,
)
from graphql.execution import Executor
from graphql.pyutils import Path, gather_with_cancel
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

F = TypeVar("F", bound=Callable[..., Any])

_QUICK = "__quick__"


class Pending(Enum):
    """Says that there is no quick way to a value now."""

    PENDING = "pending"


PENDING: Final = Pending.PENDING

# Objects, contexts and values of all kinds, hence Any in this module.
Read: TypeAlias = Callable[[Any, Any, str], Any]
"""A value from an object, the context and what the field is called (``User.email``); `PENDING` where the resolver
has to say it."""
Load: TypeAlias = Callable[[Sequence[Any], Any], Awaitable[Sequence[Any]]]
"""Loads, for several objects, what `Read` needs to know of a field; answers what they are linked with."""


class Quick(NamedTuple):
    """The quick way of a resolver."""

    read: Read
    load: Load | None = None


class _Step(NamedTuple):
    read: Read
    # The coercion of a leaf; None for an object.
    coerce: Callable[[Any], Any] | None
    type: Any
    nullable: bool
    called: str


def quick(read: Read, load: Load | None = None) -> Callable[[F], F]:
    """Give a resolver a quick way: ``read`` answers the same without waiting, or `PENDING`, and has no effect that
    may not happen twice."""

    def mark(resolver: F) -> F:
        setattr(resolver, _QUICK, Quick(read, load))
        return resolver

    return mark


def reading_quickly(executor: type[Executor[Any]]) -> type[Executor[Any]]:
    """The executor that takes the quick way where there is one and nothing is refused."""

    # The signatures are graphql-core's, of which only this much is used.
    class QuickExecutor(executor):  # type: ignore[misc, valid-type]
        def execute_fields(
            self,
            parent_type: Any,
            source_value: Any,
            path: Any,
            grouped_field_set: Any,
            position_context: Any,
        ) -> Any:
            fields, place = grouped_field_set, position_context
            steps = {} if self.context_value.refused else self._steps(parent_type, fields)
            if not steps:
                return super().execute_fields(parent_type, source_value, path, fields, place)
            values: dict[str, Any] = dict.fromkeys(fields)
            rest, waiting = dict[str, Any](), list[str]()
            for name, details in fields.items():
                step = steps.get(name)
                value = PENDING if step is None else _value(step, source_value, self.context_value)
                if value is PENDING or step is None:
                    rest[name] = details
                elif step.coerce is not None or value is None:
                    values[name] = value
                else:
                    below = Path(path, name, parent_type.name)
                    values[name] = shown = self._object(step, details, below, value, place)
                    if self.is_awaitable(shown):
                        waiting.append(name)
            if not rest:
                return self._gathered(values, waiting) if waiting else values
            try:
                others: Any = super().execute_fields(parent_type, source_value, path, rest, place)
            except Exception:
                self.settle_in_background([values[name] for name in waiting])
                raise
            if waiting or self.is_awaitable(others):
                return self._gathered(values, waiting, rest, others)
            return _joined(values, rest, others)

        def _steps(self, parent: GraphQLObjectType, fields: Mapping[str, Any]) -> dict[str, _Step]:
            known = self.__dict__.setdefault("_known_steps", {})
            # The selection is kept with them, so that no other has its id.
            if id(fields) not in known:
                known[id(fields)] = fields, _steps(self.schema, parent, fields)
            found: dict[str, _Step] = known[id(fields)][1]
            return found

        def _object(self, step: _Step, details: Any, path: Path, value: Any, place: Any) -> Any:
            """A linked object as it is shown, or what is to be awaited for it."""
            try:
                shown = self.collect_and_execute_subfields(step.type, details, path, value, place)
            except Exception as error:  # noqa: BLE001  # As graphql-core does.
                self.handle_field_error(error, step.type, details, path)
                return None
            return self._awaited(shown, step.type, details, path) if self.is_awaitable(shown) else shown

        async def _awaited(self, shown: Awaitable[Any], kind: Any, details: Any, path: Path) -> Any:
            try:
                return await shown
            except Exception as error:  # noqa: BLE001  # As graphql-core does.
                self.handle_field_error(error, kind, details, path)
                return None

        async def _gathered(
            self, values: dict[str, Any], waiting: list[str], rest: Mapping[str, Any] = {}, others: Any = None
        ) -> dict[str, Any]:
            pending = [values[name] for name in waiting]
            if self.is_awaitable(others):
                *found, others = await gather_with_cancel(*pending, others)
            else:
                found = await gather_with_cancel(*pending)
            values.update(zip(waiting, found, strict=True))
            return _joined(values, rest, others or {})

        def complete_list_value(
            self,
            return_type: Any,
            field_details_list: Any,
            info: Any,
            path: Any,
            result: Any,
            position_context: Any,
        ) -> Any:
            given = (return_type, field_details_list, info, path, result, position_context)
            item = return_type.of_type
            item = item.of_type if is_non_null_type(item) else item
            if self._loads(item, result):
                return self._listed(item, *given)
            return super().complete_list_value(*given)

        def _loads(self, item: Any, result: Any) -> bool:
            # What a mutation has shown, the next one may have changed.
            reads = self.operation.operation is OperationType.QUERY and not self.context_value.refused
            return reads and is_object_type(item) and isinstance(result, list) and len(result) > 1

        async def _listed(
            self, item: Any, return_type: Any, details: Any, info: Any, path: Any, result: Any, place: Any
        ) -> Any:
            await self._load(item, details, result)
            shown = super().complete_list_value(return_type, details, info, path, result, place)
            return await shown if self.is_awaitable(shown) else shown

        async def _load(self, kind: GraphQLObjectType, details: Any, objects: Sequence[Any]) -> None:
            """Load what the selected fields of these objects take, all at the same time. What fails is left to the
            fields."""
            fields = self.collect_subfields(kind, details).grouped_field_set.values()
            loading = [
                found for chosen in fields if (found := self._field(kind, chosen, objects)) is not None
            ]
            if loading:
                await asyncio.gather(*loading)

        def _field(
            self, kind: GraphQLObjectType, details: Any, objects: Sequence[Any]
        ) -> Coroutine[Any, Any, None] | None:
            """What loads what a field takes, and all below it; None where it takes nothing."""
            field = self.schema.get_field(kind, details[0].node.name.value)
            if field is None or field.args or (way := _way(field)) is None:
                return None
            shown: Any = field.type.of_type if is_non_null_type(field.type) else field.type
            if way.load is not None:
                return self._linked(way.load(objects, self.context_value), shown, details)
            if is_object_type(shown) and _is_basic(field):
                below = (getattr(parent, _declared_name(field), None) for parent in objects)
                return self._load(shown, details, [each for each in below if each is not None])
            return None

        async def _linked(self, loading: Awaitable[Sequence[Any]], kind: Any, details: Any) -> None:
            try:
                found = await loading
            except Exception:  # noqa: BLE001  # Their resolvers meet it again.
                return
            if found and is_object_type(kind):
                await self._load(kind, details, found)

    return QuickExecutor


def _value(step: _Step, source: Any, context: Any) -> Any:
    """The value as it is written, or an object; `PENDING` where graphql-core has to find out."""
    try:
        value = step.read(source, context, step.called)
        if value is None:
            return None if step.nullable else PENDING
        if value is PENDING or isinstance(value, Exception):
            return PENDING
        if step.coerce is None:
            return (
                value
                if step.type.is_type_of is None or step.type.is_type_of(value, None) is True
                else PENDING
            )
        coerced = step.coerce(value)
    except Exception:  # noqa: BLE001  # It is said the long way.
        return PENDING
    return PENDING if coerced is None or coerced is Undefined else coerced


def _joined(values: dict[str, Any], rest: Mapping[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    """All values in the order of the selection."""
    values.update(others)
    for name in rest.keys() - others.keys():
        del values[name]
    return values


def _steps(schema: GraphQLSchema, parent: GraphQLObjectType, fields: Mapping[str, Any]) -> dict[str, _Step]:
    found = ((name, _step(schema, parent, details)) for name, details in fields.items())
    return {name: step for name, step in found if step is not None}


def _step(schema: GraphQLSchema, parent: GraphQLObjectType, details: Any) -> _Step | None:
    name = details[0].node.name.value
    field = schema.get_field(parent, name)
    if field is None or field.args or (way := _way(field)) is None:
        return None
    kind: Any = field.type
    if not (nullable := not is_non_null_type(kind)):
        kind = kind.of_type
    called = f"{parent.name}.{name}"
    if is_leaf_type(kind):
        return _Step(way.read, kind.coerce_output_value, kind, nullable, called)
    # An object that must be there takes graphql-core's way, which says what is missing.
    return _Step(way.read, None, kind, nullable, called) if is_object_type(kind) and nullable else None


def _way(field: GraphQLField) -> Quick | None:
    declared = _declared(field)
    if declared is None or declared.extensions:
        return None
    if declared.is_basic_field:
        get = attrgetter(declared.python_name)
        return Quick(lambda source, context, called: get(source))
    resolver = declared.base_resolver
    found: Quick | None = None if resolver is None else getattr(resolver.wrapped_func, _QUICK, None)
    return found


def _is_basic(field: GraphQLField) -> bool:
    declared = _declared(field)
    return declared is not None and declared.is_basic_field


def _declared_name(field: GraphQLField) -> str:
    declared = _declared(field)
    return declared.python_name if declared else ""


def _declared(field: GraphQLField) -> StrawberryField | None:
    declared = (field.extensions or {}).get(GraphQLCoreConverter.DEFINITION_BACKREF)
    return declared if isinstance(declared, StrawberryField) else None
