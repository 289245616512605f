"""What pulls have done outside."""

from datetime import datetime
from uuid import UUID

from domain.kit.process.effects import Effect

_TRIES = (0, 5, 30, 300)


class Pull(Effect, schedule=_TRIES, timeout=300):
    """Take in the next page."""

    connector_id: UUID
    run_id: UUID
    page: int
    page_id: UUID | None = None
    again: bool = False
    """Whether a pull that failed may have taken it in."""

    @property
    def key(self) -> str:
        return f"pull {self.run_id} {self.page}"


class Load(Effect, schedule=_TRIES, timeout=300):
    """Put a full load aside. A tenant is not moved meanwhile."""

    connector_id: UUID
    run_id: UUID
    at: datetime
    half: UUID | None = None
    """A load that came in by half, with which this one goes on."""

    @property
    def key(self) -> str:
        return f"load {self.run_id}"


class Swap(Effect, schedule=_TRIES, timeout=900):
    """Take in a full load that was put aside."""

    connector_id: UUID
    run_id: UUID
    file_id: UUID
    at: datetime | None = None
    half: UUID | None = None

    @property
    def key(self) -> str:
        return f"swap {self.run_id}"


class Discard(Effect, schedule=_TRIES):
    """Remove a full load that was put aside."""

    file_id: UUID

    @property
    def key(self) -> str:
        return f"discard {self.file_id}"
