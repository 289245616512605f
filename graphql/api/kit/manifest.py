"""The manifest of a context in the API: which of its modules have roots of the schema, and what REST offers."""

from dataclasses import dataclass

from api.kit.http.rest import RestRoute
from api.kit.schema.live.lists import live_lists
from domain.kit.context.manifests import Manifest

ROOTS = ("Query", "Mutation", "Subscription")


@dataclass(frozen=True, kw_only=True)
class ContextApi(Manifest):
    """What the API of a context declares: the classes of its modules that are called as the schema's roots.

    Raises TypeError for a module that has none of them.
    """

    rest: tuple[RestRoute, ...] = ()
    """What it offers to programs that speak no GraphQL."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for module in self.modules:
            if not any(name in vars(module) for name in ROOTS):
                raise TypeError(f"{self.package} lists {module.__name__}, which has no {', '.join(ROOTS)}.")

    def roots(self, name: str) -> tuple[type, ...]:
        """Its classes of one of these names, and the subscriptions to what it lists."""
        declared = tuple(vars(module)[name] for module in self.modules if name in vars(module))
        followed = live_lists(self.roots("Query")) if name == "Subscription" else None
        return declared if followed is None else (*declared, followed)
