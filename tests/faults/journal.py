"""What the clients of a round were told: the promises that the product has to keep."""

from dataclasses import dataclass, field
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Sent:
    """A command that somebody chose an id for."""

    tenant: UUID
    operation: str
    input: dict[str, object]


@dataclass(slots=True)
class Journal:
    """Everything by command id; a command that was answered stands in ``receipts`` or in ``refusals``."""

    sent: dict[UUID, Sent] = field(default_factory=dict)
    receipts: dict[UUID, int] = field(default_factory=dict)
    """The position that the receipt named."""
    refusals: dict[UUID, str] = field(default_factory=dict)
    repeats: int = 0
    """Receipts of commands that had been stored before, their answers lost."""
    lost: int = 0
    """Requests without an answer that says what became of them."""
    reads: int = 0
    stale: int = 0
    """Reads that said of themselves that they were behind."""
    failed: int = 0
    """Reads that failed."""
    lies: list[str] = field(default_factory=list)
    """Reads that said they were good as of a write and did not show it."""

    def summary(self) -> str:
        """A line for the round's log."""
        return (
            f"{len(self.receipts)} commands done, {len(self.refusals)} refused, {self.lost} answers lost, "
            f"{self.repeats} repeated; {self.reads} reads, {self.stale} stale, {self.failed} failed"
        )
