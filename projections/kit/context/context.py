"""The manifest of a context among the views: what it keeps, and how that is read."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from domain.kit.caller import Caller
from domain.kit.context.adapters import provided
from domain.kit.context.manifests import Manifest
from projections.kit.context.visibility import ContextVisibility
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.redis import RedisView
from projections.kit.declare.view import View

if TYPE_CHECKING:
    # It needs the libraries of every store, which the command line is not to wait for.
    from projections.kit.context.exports import ExportPart
    from projections.kit.context.read_side import ReadSide

Reader = Callable[["ReadSide"], object]
"""Makes what resolvers are given as a port, under the class of what it makes."""


class CommandGuard(Protocol):
    """Whether the commands of a tenant are taken."""

    async def admit(self, by: Caller) -> None:
        """Raise the refusal of a command that is not to be taken from them."""
        ...

    def forget(self, tenant_id: UUID) -> None:
        """Have the tenant's next command judged by what is stored from now on."""
        ...


@dataclass(frozen=True, kw_only=True)
class ContextViews(Manifest):
    """What a context declares for readers, beside its views, which are found in its modules.

        CONTEXT = ContextViews(package=__name__, modules=(contacts,), twins={Contacts: ContactCards})

    Raises TypeError for what would not be read as it says.
    """

    readers: tuple[Reader, ...] = ()
    platform_readers: tuple[Reader, ...] = ()
    """Readers of what belongs to no tenant, as accounts: they read the platform's database alone."""
    guard: Callable[["ReadSide"], CommandGuard] | None = None
    """Makes what judges which commands are taken at all; one context has it."""
    language: Callable[["ReadSide"], Callable[[UUID], Awaitable[str]]] | None = None
    """Makes what says in which language a tenant searches; one context has it."""
    twins: Mapping[type[PostgresView[Any]], type[RedisView[Any]]] = field(default_factory=dict)
    """Views with the view in Redis that has the same rows, and is asked first."""
    visibility: ContextVisibility = field(default_factory=ContextVisibility)
    exports: tuple["ExportPart", ...] = ()
    """What an export holds of a person."""
    not_exported: Mapping[type[View[Any]], str] = field(default_factory=dict)
    """Views that no export shows although they are about people, each with the reason."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for view, twin in self.twins.items():
            if (view.row, view.key) != (twin.row, twin.key):
                raise TypeError(f"{self.package}: {twin.__name__} has not the rows of {view.__name__}.")
        ours = set(self.views)
        about = self.visibility
        parts: dict[str, set[type[View[Any]]]] = {
            "twins": {*self.twins, *self.twins.values()},
            "not_exported": set(self.not_exported),
            "visibility": {*about.about, *about.moments, *(shown.view for shown in about.shown)},
        }
        for part, views in parts.items():
            if strange := sorted(view.__name__ for view in views - ours):
                raise TypeError(
                    f"{self.package}: {part} names {', '.join(strange)}, declared in none of its modules."
                )

    @property
    def views(self) -> tuple[type[View[Any]], ...]:
        """Its views: every class of its modules that has a name of its own."""
        return tuple(view for view in self.declared(View) if view.__dict__.get("name"))


def ports_of(reading: "ReadSide", readers: Iterable[Reader]) -> dict[type, object]:
    """What these make, by its class. Raises TypeError where two make the same."""
    return provided(*(make(reading) for make in readers))
