"""What the processes of contexts act through, in one database."""

from dataclasses import dataclass

from domain.kit.bus.bus import Bus
from domain.kit.bus.repository import Repository
from domain.kit.clock import Clock
from domain.kit.process.sealed_mailer import SealedMailer


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessPorts:
    """A context makes its processes of these; `app` gives them to it."""

    bus: Bus
    """Send commands. A reaction that asks for one needs no port: ``Send(command)``."""
    repository: Repository
    """Loads aggregates as they are now."""
    mailer: SealedMailer
    """Writes to people, within what is allowed."""
    clock: Clock
