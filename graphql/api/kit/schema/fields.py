"""Fields that say what they read, rather than reading it by hand."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from enum import Enum
from types import MappingProxyType
from typing import Annotated, Any, TypeVar, cast
from uuid import UUID

import strawberry
from strawberry.types.arguments import StrawberryArgumentAnnotation
from strawberry.types.field import StrawberryField

from api.kit.execution.errors import ClientError
from api.kit.execution.limits import LARGEST_PAGE
from api.kit.execution.quick_fields import PENDING, quick
from api.kit.schema.context import Info, RequestContext
from api.kit.schema.node_types import READS, enum, require_rows
from api.kit.schema.past import PAST_ARGUMENTS, AsOf, moment
from api.kit.schema.scalars import Position
from api.kit.schema.stored_texts import UNKNOWN, known
from projections.kit.declare.postgres import PostgresView

LARGEST = LARGEST_PAGE

Parent: Any = strawberry.Parent
"""Marks the parameter that is given the row a field stands on. (An alias that checkers cannot apply.)"""

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")

After = Annotated[
    Position | None,
    strawberry.argument(
        description="Wait for this log position, from a receipt, before reading. If that takes too long, the "
        "response's extensions contain `stale: true` and the position that was read."
    ),
]
"""The argument by which a client reads its own writes."""


def argument(description: str, *, deprecated: str | None = None) -> StrawberryArgumentAnnotation:
    """Describe an argument; ``deprecated`` says what to use instead of one that will go."""
    return strawberry.argument(description=description, deprecation_reason=deprecated)


def deprecated(reason: str) -> Callable[[T], T]:
    """Mark a field that will go, of a root or a type and whatever has made it; ``reason`` says what to use.

        task_list = deprecated("Use `tasks`.")(_tasks.list("Tasks.", _filter))

    Columns of rows and fields of commands are marked `Deprecated`, values in `enum`.
    """

    def mark(declared: T) -> T:
        assert isinstance(declared, StrawberryField)
        declared.deprecation_reason = reason
        return declared

    return mark


def field(
    description: str, returns: Any = None, *, needs: str | None = None, own: bool = False
) -> Callable[[F], F]:
    """A query field with a resolver of its own; ``returns`` names the GraphQL type of a row it returns, ``needs``
    the permission it takes (see `api.kit.execution.access`). ``own`` says that the answer depends on who asks, not
    on their permissions alone: a subscription that selects it is shared with nobody."""

    def declare(resolver: F) -> F:
        if returns is not None:
            resolver.__annotations__["return"] = returns
        return cast(
            F, strawberry.field(resolver, description=description, metadata={"needs": needs, "own": own})
        )

    return declare


def live(description: str, returns: Any, *, needs: str, own: bool = False) -> Callable[[F], F]:
    """A subscription field; ``returns`` names the GraphQL type of its messages. ``own`` says that its messages
    depend on who asks, so that no two callers share a source of them."""

    def declare(resolver: F) -> F:
        resolver.__annotations__["return"] = AsyncGenerator[returns, None]
        metadata = {"needs": needs, "own": own}
        return cast(F, strawberry.subscription(resolver, description=description, metadata=metadata))

    return declare


def derived(
    returns: Any, of: Callable[[Any], Any], description: str, *, needs: str | None = None
) -> StrawberryField:
    """A field worked out from the row alone."""

    def resolve(root: Any) -> Any:
        return of(root)

    resolve.__annotations__ |= {"root": Parent[Any], "return": returns}
    return described(quick(lambda root, *_: of(root))(resolve), description, needs=needs)


def chosen(of: type[Enum], column: str, description: str) -> StrawberryField:
    """A column with a text that is one of an enum's values; null for one that the enum lacks."""
    return derived(enum(of) | None, lambda row: known(of, getattr(row, column)), f"{description} {UNKNOWN}")


def described(
    resolver: Callable[..., Any],
    description: str,
    *,
    needs: str | None = None,
    reads: str | None = None,
    more: Mapping[str, object] = MappingProxyType({}),
) -> StrawberryField:
    """A field of this resolver; ``needs`` is the permission it takes, when its type does not say that, ``reads``
    the column of the row that it follows, and ``more`` what its metadata say besides."""
    metadata = {**more, "needs": needs, READS: reads}
    shown_field = strawberry.field(resolver=resolver, description=description, metadata=metadata)
    return cast(StrawberryField, shown_field)


def found(
    shown: type,
    view: type[PostgresView[Any]],
    description: str,
    *,
    needs: str,
    visible: Callable[[RequestContext, Any], bool] = lambda ask, row: True,
) -> StrawberryField:
    """The field that looks one row up by the ``id`` argument, as it is or as of a moment of the past. One that is
    not ``visible`` is not there."""
    require_rows(shown, view)

    async def resolve(
        info: Info,
        id: UUID,
        as_of: AsOf | None = None,
        version: int | None = None,
        after_position: Position | None = None,
    ) -> Any:
        try:
            at = await moment(info, as_of, stream=id, version=version)
        except ClientError:
            # How many versions there are is chosen to whoever may see the thing alone.
            if version is not None and as_of is None:
                row = await info.context.row(view, id)
                if row is None or not visible(info.context, row):
                    return None
            raise
        if at is not None:
            row = await info.context.past.row(view, (id,), at)
        else:
            await info.context.caught_up(view, after_position)
            row = await info.context.row(view, id)
        return row if row is not None and visible(info.context, row) else None

    resolve.__annotations__ |= {
        "id": Annotated[UUID, argument("Its id.")],
        **PAST_ARGUMENTS,
        "after_position": After,
        "return": shown | None,
    }
    return described(resolve, description, needs=needs)


def linked(
    shown: type, view: type[PostgresView[Any]], by: str, description: str, *, needs: str | None = None
) -> StrawberryField:
    """The field that follows an id in the row, as ``assigned_to``, to the row it names."""
    require_rows(shown, view)

    async def resolve(root: Any, info: Info) -> Any:
        id = getattr(root, by)
        if id is None:
            return None
        if (at := info.context.moment(info)) is not None:
            return await info.context.past.row(view, (id,), at)
        return await info.context.linked(view, id)

    def read(root: Any, ask: RequestContext, _: str) -> Any:
        if (id := getattr(root, by)) is None:
            return None
        return PENDING if ask.looks_back else ask.links.get(view, id)

    async def load(rows: Sequence[Any], ask: RequestContext) -> list[Any]:
        return [] if ask.looks_back else await ask.links.load(view, [getattr(row, by) for row in rows])

    resolve.__annotations__ |= {"root": Parent[Any], "return": shown | None}
    return described(quick(read, load)(resolve), description, needs=needs, reads=by)
