"""What pulls have done outside."""

from collections.abc import Awaitable
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from domain.gateway.connectors.connector_commands import NotePullTry
from domain.gateway.connectors.pull_state import Pulling
from domain.gateway.connectors.terms import LONGEST_FAULT
from domain.kit.process.effects import Call, Effect, EffectFailed, EffectRefused

_TRIES = (0, 5, 30, 300)
Result = TypeVar("Result")


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


async def tried(call: Call[Pulling], id: UUID, work: Awaitable[Result]) -> Result:
    """What a try comes to. That the first one fails is told at once: the last one is minutes away."""
    try:
        return await work
    except EffectRefused:
        raise
    except Exception as error:
        if call.attempt == 1:
            # What nobody foresaw is known by its name alone: its text may quote what was pulled.
            word = str(error) if isinstance(error, EffectFailed) else type(error).__name__
            await call.send(NotePullTry(id=id, error=word[:LONGEST_FAULT] or "failed"))
        raise
