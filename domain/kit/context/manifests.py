"""How a context is known to the product: on each floor its package exports one manifest, as ``CONTEXT``."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import TypeVar

T = TypeVar("T")
V = TypeVar("V")
M = TypeVar("M", bound="Manifest")


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What every manifest says; each floor adds its own parts.

    Raises TypeError for a module of another package.
    """

    package: str
    """The package that exports it: ``__name__``."""
    modules: tuple[ModuleType, ...] = ()
    """The modules that declare something: what they declare is known by being declared there."""

    def __post_init__(self) -> None:
        for module in self.modules:
            if not module.__name__.startswith(f"{self.package}."):
                raise TypeError(f"{self.package} lists {module.__name__}, which is no module of it.")

    @property
    def name(self) -> str:
        """The context's name, which is its package's on every floor."""
        return self.package.rpartition(".")[2]

    def declared(self, kind: type[T]) -> Iterator[type[T]]:
        """The classes of this kind that its modules declare, in their order."""
        for module in self.modules:
            for found in vars(module).values():
                if (
                    isinstance(found, type)
                    and issubclass(found, kind)
                    and found.__module__ == module.__name__
                ):
                    yield found


def load(floor: str, kind: type[M], names: Iterable[str]) -> tuple[M, ...]:
    """The manifests that a floor has of these contexts. Raises TypeError for a context without one."""
    found: list[M] = []
    for name in names:
        package = f"{floor}.{name}"
        try:
            manifest = import_module(package).__dict__.get("CONTEXT")
        except ModuleNotFoundError as error:
            if error.name != package:
                raise
            raise TypeError(f"There is no {package}, which domain/contexts.py asks for.") from None
        if not isinstance(manifest, kind):
            raise TypeError(f"{package} exports no CONTEXT of the class {kind.__name__}.")
        if manifest.package != package:
            raise TypeError(f"The CONTEXT of {package} says that it is {manifest.package}.")
        found.append(manifest)
    return tuple(found)


def single(contexts: Iterable[M], part: str, of: Callable[[M], V | None]) -> V:
    """What one context says in a part. Raises TypeError unless it is exactly one."""
    found = [(context.package, said) for context in contexts if (said := of(context)) is not None]
    if len(found) != 1:
        names = ", ".join(package for package, _ in found) or "none of them"
        raise TypeError(f"One context declares {part}, not {names}.")
    return found[0][1]


def joined(contexts: Iterable[M], part: str, items: Callable[[M], Iterable[tuple[str, V]]]) -> dict[str, V]:
    """What all contexts say in one part, by name. Raises TypeError where two of them say something by one name."""
    found: dict[str, V] = {}
    owners: dict[str, str] = {}
    for context in contexts:
        for name, item in items(context):
            here = ".".join([context.package, *filter(None, [getattr(item, "__name__", "")])])
            if name in found:
                raise TypeError(f"{part}: {here} has {name}, and so has {owners[name]}.")
            found[name], owners[name] = item, here
    return found
