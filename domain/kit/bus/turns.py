"""Turns: things of one kind are made one after the other, so that no two are the last that there is room for."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol, runtime_checkable
from uuid import UUID


@runtime_checkable
class TenantTurns(Protocol):
    """Gives turns."""

    def turn(self, tenant_id: UUID, what: str) -> AbstractAsyncContextManager[None]:
        """Until the block ends, nobody else has a turn of the tenant at the same, in any process."""
        ...
