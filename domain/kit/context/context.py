"""The manifest of a context in the domain: what it can do, who may do it, and what it keeps about people."""

from dataclasses import dataclass
from typing import Any

from domain.kit.aggregate import Aggregate
from domain.kit.context.entities import Entity
from domain.kit.context.manifests import Manifest
from domain.kit.permissions import Permission, declare
from domain.kit.privacy.subjects import SubjectKind
from domain.kit.process.process import Process


@dataclass(frozen=True, kw_only=True)
class ContextDomain(Manifest):
    """What the domain of a context declares, beside its aggregates, which are found in its modules.

        CONTEXT = ContextDomain(package=__name__, modules=(contacts,), permissions=(...), subjects=(...))

    Raises TypeError for a part about an aggregate that none of its modules declares, and for a permission that
    another context has.
    """

    permissions: tuple[Permission, ...] = ()
    """What can be granted, and to which of the base roles it is from the start."""
    subjects: tuple[SubjectKind, ...] = ()
    """Whom it keeps data about: its kinds of things that are about one person each."""
    entities: tuple[Entity, ...] = ()
    """Its things that a key addresses."""
    processes: tuple[type[Process[Any]], ...] = ()
    """Run in every database, with the ports that their constructors ask for by type: `ProcessPorts`, or others.

    They react to its own events; those that join contexts are in the manifest of `domain.processes`.
    """
    platform_processes: tuple[type[Process[Any]], ...] = ()
    """Run in the platform's database alone, as those about accounts."""
    area: str = ""
    """The area of its permissions, where that is not called as the context is: ``people`` of identity."""
    unread: tuple[type[Aggregate], ...] = ()
    """Aggregates whose confidential fields no history shows, whatever somebody may read."""

    def __post_init__(self) -> None:
        super().__post_init__()
        ours = set(self.aggregates)
        parts = {
            "subjects": {kind.aggregate for kind in self.subjects},
            "entities": {entity.aggregate for entity in self.entities},
            "unread": set(self.unread),
        }
        for part, aggregates in parts.items():
            if strange := sorted(aggregate.__name__ for aggregate in aggregates - ours):
                raise TypeError(
                    f"{self.package}: {part} names {', '.join(strange)}, declared in none of its modules."
                )
        declare(self.package, self.permissions)

    @property
    def aggregates(self) -> tuple[type[Aggregate], ...]:
        """Its aggregates."""
        return tuple(self.declared(Aggregate))
