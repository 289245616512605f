"""The port by which each operation notes who read what."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from api.kit.execution.errors import ClientError


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRecord:
    """One operation, as the audit keeps it: ids and names of fields, and no value of any field."""

    tenant_id: UUID
    user_id: UUID | None
    session_id: str | None
    kind: str
    """How the caller showed who they are: ``person``, ``service``, ``key`` or ``nobody``; ``operator``: they did
    so to the machine that the command line runs on; ``webhook``: nobody asked, it was sent."""
    operation: str
    """The operation's name in the document; empty when it has none."""
    root_fields: tuple[str, ...]
    fields: tuple[str, ...]
    """What was selected, as ``Task.title``, each once."""
    subjects: tuple[UUID, ...] = ()
    """The persons whose data was read."""
    revealed: tuple[str, ...] = ()
    """The confidential fields that were shown in plain, each once."""
    at: datetime
    correlation_id: str | None
    asked_by: str | None = None
    """The account and the machine of an operator at the command line."""
    outcome: str = "done"
    """``done``, ``refused``, ``denied`` or ``failed``."""


class AccessLog(Protocol):
    """Keeps accesses. What is noted is written soon, in batches, and not lost while the process lives."""

    def note(self, access: AccessRecord) -> None:
        """Keep an access; take no time, for it is called within each operation."""
        ...

    async def ready(self) -> None:
        """Return at once while what waits to be written is little; await it before an operation.

        Raises AccessNotRecorded when what waits does not become less for a while.
        """
        ...


class AccessNotRecorded(ClientError):
    """Nothing is read that cannot be recorded."""

    def __init__(self) -> None:
        super().__init__("Accesses cannot be recorded at the moment; try again.", code="UNAVAILABLE")


class Unlogged:
    """Keeps nothing: for tests of other things, and for benchmarks."""

    def note(self, access: AccessRecord) -> None:
        """Keep nothing."""

    async def ready(self) -> None:
        """Return at once."""
