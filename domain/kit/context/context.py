"""The manifest of a context in the domain: what it can do, and what it keeps about people."""

from dataclasses import dataclass

from domain.kit.aggregate import Aggregate
from domain.kit.context.manifests import Manifest
from domain.kit.privacy.subjects import SubjectKind


@dataclass(frozen=True, kw_only=True)
class ContextDomain(Manifest):
    """What the domain of a context declares, beside its aggregates, which are found in its modules.

    CONTEXT = ContextDomain(package=__name__, modules=(contacts,), subjects=(...))
    """

    subjects: tuple[SubjectKind, ...] = ()
    """Whom it keeps data about: its kinds of things that are about one person each."""

    @property
    def aggregates(self) -> tuple[type[Aggregate], ...]:
        """Its aggregates."""
        return tuple(self.declared(Aggregate))
