"""What every mutation answers with: the receipt of a command, or a refusal."""

from typing import Any
from uuid import UUID

import strawberry

from api.kit.execution.access import covered
from api.kit.schema.context import Info
from api.kit.schema.scalars import Position
from domain.kit.refusals import Refusal, StaleVersion
from projections.kit.declare.postgres import PostgresView


@covered
@strawberry.type(description="Says why a command was refused; nothing was changed.")
class Refused:
    """A refusal as the API shows it."""

    code: str = strawberry.field(description="The stable code of the rule that refused the command.")
    message: str = strawberry.field(description="A message for the user.")
    field: str | None = strawberry.field(description="The input field concerned, if any.")
    retry_after: int | None = strawberry.field(
        default=None, description="After how many seconds to try again, where waiting helps."
    )
    version: int | None = strawberry.field(
        default=None, description="With `stale_version`: the object's current version."
    )

    @classmethod
    def of(cls, refusal: Refusal) -> "Refused":
        """The refusal as data, its field named as the API names it, in the message too."""
        wait = refusal.facts.get("retry_after")
        if refusal.field is None:
            after = wait if isinstance(wait, int) else None
            return cls(code=refusal.code, message=refusal.message, field=None, retry_after=after)
        shown = refusal.about(camel(refusal.field))
        version = refusal.facts["version"] if isinstance(refusal, StaleVersion) else None
        stands = version if isinstance(version, int) else None
        return cls(code=shown.code, message=shown.message, field=shown.field, version=stands)


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


def camel(name: str) -> str:
    """``due_date`` as the API writes it, ``dueDate``."""
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def _annotated(resolver: Any, returns: Any) -> Any:
    resolver.__annotations__ |= {"return": returns}
    return resolver
