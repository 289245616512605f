"""Moving: takes a tenant's data to a database of its own, or back, while its people go on reading."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from domain.kit.process.effects import Action, Call, Send, Then
from domain.kit.process.process import on
from domain.kit.process.saga import Saga, SagaState, Step
from domain.kit.tenants import Placement
from domain.operations.tenant_commands import AbandonMove, ConfirmMove
from domain.operations.tenants import TenantPlacement


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A tenant's move that was requested."""

    id: UUID
    """The tenant's."""
    to: Placement
    database_url: str | None = None


class Mover(Protocol):
    """Move a tenant, part by part. Each may be called again after it was done, or half done.

    Raises EffectRefused for what will never be possible.
    """

    async def prepare(self, move: Move) -> None:
        """Make the place that the tenant goes to."""
        ...

    async def clear(self, move: Move) -> None:
        """Take that place down again, as far as it was made for this move; what is in a log is hidden there."""
        ...

    async def freeze(self, move: Move) -> None:
        """Refuse what would change the tenant; reading goes on."""
        ...

    async def thaw(self, move: Move) -> None:
        """Let changes in again, where the tenant was."""
        ...

    async def drain(self, move: Move) -> None:
        """Wait until the tenant's processes have reacted to all that happened, and have them rest."""
        ...

    async def copy(self, move: Move) -> None:
        """Copy events in their order, with what makes commands and values known, the keys, and the access log."""
        ...

    async def follow(self, move: Move) -> None:
        """Wait until the views of the new place have folded what was copied."""
        ...

    async def verify(self, move: Move) -> None:
        """Compare the events and the accesses of both places."""
        ...

    async def switch(self, move: Move) -> None:
        """Send everybody to the new place, and hide the tenant at the old one."""
        ...


_Progress = SagaState[Move]


class Moving(Saga[Move], name="operations.moving", version=1):
    """Move a tenant. Until the last step everything can be undone."""

    def __init__(self, mover: Mover) -> None:
        self._mover = mover

    @on(TenantPlacement.MoveRequested)
    def requested(self, progress: _Progress | None, event: TenantPlacement.MoveRequested) -> Then[_Progress]:
        return self.begin(Move(id=event.originator_id, to=event.placement, database_url=event.database_url))

    def finished(self, progress: _Progress) -> Sequence[Action]:
        return [Send(ConfirmMove(id=progress.order.id))]

    def undone(self, progress: _Progress) -> Sequence[Action]:
        reason = progress.error or "unknown"
        return [Send(AbandonMove(id=progress.order.id, step=progress.failed or "", reason=reason))]

    async def prepare(self, move: Move, call: Call[_Progress]) -> None:
        await self._mover.prepare(move)

    async def clear(self, move: Move, call: Call[_Progress]) -> None:
        await self._mover.clear(move)

    async def freeze(self, move: Move, call: Call[_Progress]) -> None:
        await self._mover.freeze(move)

    async def thaw(self, move: Move, call: Call[_Progress]) -> None:
        await self._mover.thaw(move)

    async def drain(self, move: Move, call: Call[_Progress]) -> None:
        await self._mover.drain(move)

    async def copy(self, move: Move, call: Call[_Progress]) -> None:
        await self._mover.copy(move)

    async def follow(self, move: Move, call: Call[_Progress]) -> None:
        await self._mover.follow(move)

    async def verify(self, move: Move, call: Call[_Progress]) -> None:
        await self._mover.verify(move)

    async def switch(self, move: Move, call: Call[_Progress]) -> None:
        await self._mover.switch(move)

    # How long copying takes is for the tenant's size to say; what was copied is not copied again.
    steps = (
        Step("prepare", do=prepare, undo=clear, timeout=300),
        Step("freeze", do=freeze, undo=thaw, timeout=60),
        Step("drain", do=drain, timeout=300),
        Step("copy", do=copy, timeout=6 * 3600),
        Step("follow", do=follow, timeout=6 * 3600),
        Step("verify", do=verify, timeout=3600),
        # A tenant half switched can neither stay nor go back: tried until it is done.
        Step("switch", do=switch, attempts=1000, timeout=300),
    )
