"""Objects of every type by their ids: what `node` and `nodes` look them up with.

A `Resource` says by itself how its objects are found, if its type is a `Node`; what is read by other means says
so with `findable`. A schema with a type of nodes that nobody finds is refused.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

from graphql import GraphQLObjectType, GraphQLSchema
from strawberry.schema.schema_converter import GraphQLCoreConverter

from api.kit.execution.access import Permit, permits
from api.kit.schema.context import RequestContext
from projections.kit.declare.postgres import PostgresView

# Objects of all types, hence Any.
Find: TypeAlias = Callable[[RequestContext, Sequence[UUID]], Awaitable[Mapping[UUID, Any]]]


@dataclass(frozen=True, slots=True)
class _Lookup:
    needs: str | None
    find: Find


_LOOKUPS: dict[type, _Lookup] = {}


def findable(shown: type, find: Find, *, needs: str | None) -> None:
    """Look the objects of a type up so, for whoever holds the permission; None is for everybody.

    ``find`` gives those that exist and that the caller may see.
    """
    _LOOKUPS.setdefault(shown, _Lookup(needs, find))


def in_view(
    view: type[PostgresView[Any]], *, read: str, own: str = "", home: bool = False
) -> tuple[Find, str | None]:
    """How the rows of a view are found by their ids, and the permission that this needs.

    ``own`` is the column with the id of the person whose row it is: they find it without the permission. ``home``:
    that of somebody who belongs to no tenant is looked for where accounts are.
    """

    async def find(ask: RequestContext, ids: Sequence[UUID]) -> Mapping[UUID, Any]:
        rows = await asyncio.gather(*(_row(ask, view, id, home=home) for id in ids))
        found = {id: row for id, row in zip(ids, rows, strict=True) if row is not None}
        if not own:
            return found
        return {id: row for id, row in found.items() if found_by(own, read, ask, row)}

    return find, None if own else read


def found_by(own: str, read: str, ask: RequestContext, row: Any) -> bool:
    """Whether the caller may see a row: it is theirs, by its column ``own``, or they hold the permission."""
    return getattr(row, own) == ask.caller.user_id or permits(ask.caller, read) is Permit.GRANTED


async def _row(ask: RequestContext, view: type[PostgresView[Any]], id: UUID, *, home: bool) -> Any:
    if home and ask.home != ask.caller.tenant_id:
        return await ask.at_home(view, id)
    return await ask.row(view, id)


async def by_id(ask: RequestContext, ids: Sequence[UUID]) -> list[Any]:
    """The objects with these ids, in their order; None in place of those that the caller may not see or that
    do not exist."""
    found: dict[UUID, Any] = {}
    for lookup in _LOOKUPS.values():
        if not (missing := [id for id in dict.fromkeys(ids) if id not in found]):
            break
        if lookup.needs is None or permits(ask.caller, lookup.needs) is Permit.GRANTED:
            found |= await lookup.find(ask, missing)
    return [found.get(id) for id in ids]


def require_findable(schema: GraphQLSchema) -> None:
    """Raise TypeError for a type with an id that `node` cannot find."""
    for kind in schema.type_map.values():
        if not isinstance(kind, GraphQLObjectType) or "id" not in kind.fields:
            continue
        if "Node" not in {interface.name for interface in kind.interfaces}:
            raise TypeError(f"{kind.name} has an id and is no Node.")
        definition = kind.extensions[GraphQLCoreConverter.DEFINITION_BACKREF]
        if definition.origin not in _LOOKUPS:
            raise TypeError(f"Nobody says how a {kind.name} is found by its id.")
