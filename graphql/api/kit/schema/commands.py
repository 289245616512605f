"""What every mutation answers with: the receipt of a command, or a refusal."""

from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry

from api.kit.execution.access import covered
from api.kit.schema.context import Info
from api.kit.schema.scalars import Position
from domain.kit.refusals import MOST, Refusal, StaleVersion, Violation
from projections.kit.declare.postgres import PostgresView

if TYPE_CHECKING:
    # They are made when the schema is built, which checkers cannot follow.
    from enum import Enum as RefusalCode
    from enum import Enum as ViolationCode


_CODES = "api.kit.schema.refusal_codes"
_LAZY = strawberry.lazy(_CODES)
"""The codes are known when every context is, which is later than this module."""


@covered
@strawberry.type(description="Says what is wrong with one value of an input, as data.")
class FieldViolation:
    """A violation as the API shows it."""

    path: list[str] = strawberry.field(
        description="Where in the input the value stands: names of fields, and places in lists from 0, such as "
        '`["tags", "1"]`.'
    )
    code: Annotated["ViolationCode", _LAZY] = strawberry.field(
        description="Which kind of limit it is outside of."
    )
    message: str = strawberry.field(description="A message for the user, in plain words.")
    minimum: float | None = strawberry.field(
        description="The least that is allowed: characters of a text, entries of a list, or the number."
    )
    maximum: float | None = strawberry.field(description="The most that is allowed, as for `minimum`.")

    @classmethod
    def of(cls, violation: Violation) -> "FieldViolation":
        """The violation as data, its fields named as the API names them."""
        path = [camel(part) if isinstance(part, str) else str(part) for part in violation.path]
        return cls(
            path=path,
            code=_codes().ViolationCode[violation.code],
            message=violation.message,
            minimum=violation.minimum,
            maximum=violation.maximum,
        )


@covered
@strawberry.type(description="Says why a command was refused; nothing was changed.")
class Refused:
    """A refusal as the API shows it."""

    code: Annotated["RefusalCode", _LAZY] = strawberry.field(
        description="The stable code of the rule that refused the command."
    )
    message: str = strawberry.field(description="A message for the user, in plain words.")
    field: str | None = strawberry.field(
        description="The first input field concerned, if any; `violations` has all."
    )
    violations: list[FieldViolation] = strawberry.field(
        default_factory=list,
        description="Every field that is wrong, in the input's order; of each value the first violation, and "
        f"{MOST} at most.",
    )
    retry_after: int | None = strawberry.field(
        default=None, description="After how many seconds to try again, where waiting helps."
    )
    version: int | None = strawberry.field(
        default=None, description="With `stale_version`: the object's current version."
    )
    index: int | None = strawberry.field(
        default=None, description="Of `sendCommands`: which of the commands was refused, from 0."
    )

    @classmethod
    def of(cls, refusal: Refusal, *, index: int | None = None) -> "Refused":
        """The refusal as data, its fields named as the API names them; ``index``: of which of several commands."""
        wait, version = refusal.facts.get("retry_after"), refusal.facts.get("version")
        return cls(
            code=_codes().RefusalCode[refusal.code],
            message=refusal.message,
            field=None if refusal.field is None else camel(refusal.field),
            violations=[FieldViolation.of(violation) for violation in refusal.violations],
            retry_after=wait if isinstance(wait, int) else None,
            version=version if isinstance(refusal, StaleVersion) and isinstance(version, int) else None,
            index=index,
        )


@covered
@strawberry.interface(description="Confirms that a command was executed, once, however often it was sent.")
class Receipt:
    """What every receipt has."""

    command_id: UUID = strawberry.field(description="The command's id; a retry with the same id is safe.")
    position: Position = strawberry.field(
        description="The log position of the command's last event; pass it to a query as `afterPosition`."
    )
    repeated: bool = strawberry.field(
        description="Whether the command had been executed before under this id; nothing was changed this time."
    )


def receipt(shown: type, view: type[PostgresView[Any]], *, name: str, home: bool = False) -> type[Receipt]:
    """The receipt of commands on one kind of thing, which it shows, under this name, as it now stands.

    ``home``: that of somebody who belongs to no tenant is looked for where accounts are (see `context`).
    """

    async def changed(self: Any, info: Info) -> Any:
        await info.context.reached(view, self.position)
        if home and info.context.home != info.context.caller.tenant_id:
            return await info.context.at_home(view, self.target)
        return await info.context.row(view, self.target)

    title = f"{shown.__name__}Receipt"
    namespace: dict[str, Any] = {
        "__annotations__": {"target": strawberry.Private[UUID]},
        name: strawberry.field(
            resolver=_annotated(changed, shown | None),
            description="The changed object in its current state.",
        ),
        "__module__": __name__,
    }
    kind = type(title, (Receipt,), namespace)
    return covered(
        strawberry.type(
            kind, name=title, description=f"The receipt of a command that changes `{shown.__name__}` objects."
        )
    )


def _codes() -> Any:
    """The module of the codes, which were loaded when the schema was built."""
    return import_module(_CODES)


def camel(name: str) -> str:
    """``due_date`` as the API writes it, ``dueDate``."""
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def _annotated(resolver: Any, returns: Any) -> Any:
    resolver.__annotations__ |= {"return": returns}
    return resolver
