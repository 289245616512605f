"""Carries out what operators ask: first it is noted in the log, then it is done."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import msgspec

from domain.kit.bus.bus import Bus
from domain.kit.bus.checks import check
from domain.kit.caller import PLATFORM, Caller
from domain.kit.clock import TimeOrderedIds
from domain.kit.commands import Command
from domain.kit.log import AppendReceipt
from domain.kit.refusals import NotFound, Refusal
from domain.operations.interventions import (
    DeclineIntervention,
    DiscardEffects,
    NoteReplay,
    PauseViews,
    ReplayEvents,
    ResumeViews,
    RetireViews,
    RetryEffects,
)
from domain.operations.operators import NotPossible
from domain.operations.rebuilds import (
    AcceptRebuild,
    AdoptRebuild,
    CancelRebuild,
    DeclineRebuild,
    PauseRebuild,
    RebuildRequest,
    RebuildViews,
    ResumeRebuild,
)
from domain.operations.repairs import DeclineRepair, DiscardParked, RetryParked
from domain.operations.rollbacks import DeclineRollback, RollbackViews, SettleRollback
from projections.kit.follow.parked_streams import Parked, ParkedStreams
from projections.kit.rebuild.model import RebuildState
from projections.kit.rebuild.pause import ViewPauses
from projections.kit.rebuild.requests import Rebuilds
from projections.kit.rebuild.retirement import ViewRetirement
from projections.kit.store.rebuild_queue import RebuildRefused
from projections.operations.effects import Effects, Replayed, Replays
from projections.operations.named_things import NamedThings
from projections.operations.platform_sender import PlatformSender
from projections.operations.tenant_location import FindTenant, misplaced

Directing = PauseRebuild | ResumeRebuild | CancelRebuild | AcceptRebuild
Intervening = PauseViews | ResumeViews | RetireViews | RetryEffects | DiscardEffects | ReplayEvents
Operation = RebuildViews | Directing | RollbackViews | RetryParked | DiscardParked | Intervening
"""What operators may ask."""

_ids = TimeOrderedIds()


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationDone:
    """What was asked has been done."""

    receipt: AppendReceipt
    """Of the command that noted it."""
    generations: Mapping[str, int] = field(default_factory=dict)
    """After a rollback: the generation of each view that serves now."""
    streams: int = 0
    """How many parked streams are to be retried or discarded."""
    effects: Sequence[int] = ()
    """The effects that are tried again or were given up."""
    replayed: Sequence[Replayed] = ()
    """What folding events again has found."""


def asked_by(caller: Caller) -> str:
    """How the audit names somebody who asked through the API."""
    return f"user {caller.user_id} of tenant {caller.tenant_id}"


class OperatorRequests:
    """Directs rebuilds and repairs for operators, the same for the command line and for the API.

    Whether the caller may is for those to know who accepted the command.
    """

    def __init__(
        self,
        bus: Bus,
        rebuilds: Rebuilds,
        parked: ParkedStreams,
        pausing: ViewPauses,
        retiring: ViewRetirement,
        effects: Effects,
        replays: Replays,
        answer: Callable[[], Awaitable[object]],
        find_tenant: FindTenant,
    ) -> None:
        """``answer`` does what was asked about parked streams of views that appends keep, which no worker does."""
        self._bus = bus
        self._answer, self._find_tenant = answer, find_tenant
        self.rebuilds = rebuilds
        """The rebuilds as they stand."""
        self.parked = parked
        """The streams that wait."""
        self._pausing, self._retiring, self._replays = pausing, retiring, replays
        self.effects = effects
        """What processes do."""
        self._named = NamedThings(rebuilds, parked, retiring, effects)

    async def carry_out(
        self,
        operation: Operation,
        *,
        by: Caller,
        command_id: UUID | None = None,
        correlation_id: str | None = None,
        metadata: Mapping[str, object] | None = None,
    ) -> OperationDone | Refusal:
        """Note the command as an event in the log and do it, once for each ``command_id``.

        What is seen beforehand to be impossible is refused and leaves no trace; what proves impossible only
        after it was noted leaves a note of that as well. A command that makes a stream has its id as command id.
        """
        sender = PlatformSender(self._bus, by, correlation_id, metadata)
        command_id = command_id or (_ids.new() if isinstance(operation, Directing) else operation.id)
        try:
            check(operation)
        except Refusal as invalid:
            return invalid
        before = await self._bus.log.receipt(PLATFORM, command_id)
        if before is None and (refusal := await self._hopeless(operation)) is not None:
            return refusal
        receipt = await sender.send(operation, command_id)
        if isinstance(receipt, NotFound) and isinstance(operation, Directing):
            await self._adopt(operation.id, sender)
            receipt = await sender.send(operation, command_id)
        if isinstance(receipt, Refusal):
            return receipt
        if receipt.repeated and (known := await self._outcome(operation.id, receipt)) is not None:
            return known
        try:
            return await self._do(operation, receipt, sender)
        except RebuildRefused as refused:
            if receipt.repeated:
                # Nothing says that it was declined the first time, so it had been done by then.
                return OperationDone(receipt=receipt)
            await sender.send(_declined(operation, str(refused)), _ids.new())
            return NotPossible(reason=str(refused))

    async def note(self, replay: NoteReplay, *, by: Caller) -> AppendReceipt | Refusal:
        """Note as an event what an operator is about to do without these operations."""
        return await PlatformSender(self._bus, by, None, None).send(replay, replay.id)

    async def _hopeless(self, operation: Operation) -> Refusal | None:
        """Why it cannot be done as things stand, when that is plain."""
        if (refusal := await misplaced(operation, self._find_tenant)) is not None:
            return refusal
        if (refusal := await self._named.absent(operation)) is not None:
            return refusal
        match operation:
            case PauseRebuild() | ResumeRebuild() | CancelRebuild() | AcceptRebuild():
                rebuild = await self.rebuilds.one(operation.id)
                if not rebuild.open:
                    return NotPossible(reason=f"This rebuild has ended: {rebuild.state}.", field="id")
                if isinstance(operation, AcceptRebuild) and rebuild.state is not RebuildState.DIFFERS:
                    return NotPossible(
                        reason=f"Only a rebuild whose rows differ can be accepted; this one is {rebuild.state}.",
                        field="id",
                    )
            case RetryParked() | DiscardParked():
                waiting = await self.parked.list(operation.view)
                if not waiting:
                    return NotPossible(reason=f"No stream of {operation.view} is parked.", field="view")
                if operation.stream is not None and not any(_meant(stream, operation) for stream in waiting):
                    return NotPossible(
                        reason=f"This stream is not parked in {operation.view}.", field="stream"
                    )
        return None

    async def _adopt(self, id: UUID, sender: PlatformSender) -> None:
        """Give a rebuild that nobody asked for its place in the log; several may do so at once."""
        rebuild = await self.rebuilds.one(id)
        names = tuple(view.view for view in rebuild.views)
        await sender.send(AdoptRebuild(id=id, views=names, asked_by=rebuild.asked_by), id)

    async def _outcome(self, id: UUID, receipt: AppendReceipt) -> OperationDone | Refusal | None:
        """What the log says became of a command that was noted before, when it says so."""
        stream = (await self._bus.log.streams(PLATFORM, [id])).get(id, [])
        after = next((event for event in stream if event.position > receipt.last), None)
        if after is None:
            return None
        said = msgspec.json.decode(after.payload)
        if after.type.endswith(".declined"):
            return NotPossible(reason=said["reason"])
        if after.type == "operations.rollback.made":
            generations = dict(zip(said["views"], said["generations"], strict=True))
            return OperationDone(receipt=receipt, generations=generations)
        # Something else was asked since, after this command was carried out.
        return OperationDone(receipt=receipt)

    async def _do(
        self, operation: Operation, receipt: AppendReceipt, sender: PlatformSender
    ) -> OperationDone:
        match operation:
            case RebuildViews():
                await self.rebuilds.ask(
                    operation.views,
                    by=operation.asked_by,
                    kind=operation.kind,
                    tenant_id=operation.tenant_id,
                    rate=operation.rate,
                    parallel=operation.parallel,
                    repair=operation.repair,
                    id=operation.id,
                )
            case PauseRebuild():
                await self.rebuilds.pause(operation.id)
            case ResumeRebuild():
                await self.rebuilds.resume(operation.id)
            case CancelRebuild():
                await self.rebuilds.cancel(operation.id)
            case AcceptRebuild():
                await self.rebuilds.accept(operation.id)
            case RollbackViews():
                serving = await self.rebuilds.rollback(
                    operation.rebuild_id, operation.views, by=operation.asked_by
                )
                settled = SettleRollback(
                    id=operation.id, views=tuple(serving), generations=tuple(serving.values())
                )
                await sender.send(settled, _ids.new())
                return OperationDone(receipt=receipt, generations=serving)
            case RetryParked(view=view, stream=stream, tenant_id=tenant_id):
                streams = await self.parked.retry(view, stream, tenant_id=tenant_id)
                await self._answer()
                return OperationDone(receipt=receipt, streams=streams)
            case DiscardParked(view=view, stream=stream, reason=reason, tenant_id=tenant_id):
                streams = await self.parked.discard(view, stream, reason, tenant_id=tenant_id)
                if not streams:
                    raise RebuildRefused("This stream is being retried at the moment, or no longer parked.")
                await self._answer()
                return OperationDone(receipt=receipt, streams=streams)
            case PauseViews(views=views):
                await self._pausing.pause(views, by=operation.asked_by)
            case ResumeViews(views=views):
                await self._pausing.resume(views)
            case RetireViews(views=views):
                await self._retiring.retire(views)
            case RetryEffects(effects=ids, process=process):
                return _taken(receipt, await self.effects.retry(ids, process=process))
            case ReplayEvents():
                return OperationDone(receipt=receipt, replayed=await self._replays.replay(operation))
            case DiscardEffects(effects=ids, reason=reason):
                return _taken(receipt, await self.effects.discard(ids, reason=reason))
        return OperationDone(receipt=receipt)


def _taken(receipt: AppendReceipt, effects: Sequence[int]) -> OperationDone:
    if not effects:
        raise RebuildRefused("None of these effects is parked.")
    return OperationDone(receipt=receipt, effects=effects)


def _meant(stream: Parked, operation: RetryParked | DiscardParked) -> bool:
    return stream.stream == operation.stream and operation.tenant_id in (None, stream.tenant_id)


_REBUILD_REQUESTS: dict[type[Command], RebuildRequest] = {
    RebuildViews: RebuildRequest.BEGIN,
    PauseRebuild: RebuildRequest.PAUSE,
    ResumeRebuild: RebuildRequest.RESUME,
    CancelRebuild: RebuildRequest.CANCEL,
    AcceptRebuild: RebuildRequest.ACCEPT,
}


def _declined(operation: Operation, reason: str) -> Command:
    """The command that notes why the command could not be carried out."""
    if isinstance(operation, RollbackViews):
        return DeclineRollback(id=operation.id, reason=reason)
    if isinstance(operation, RetryParked | DiscardParked):
        return DeclineRepair(id=operation.id, reason=reason)
    if isinstance(operation, Intervening):
        return DeclineIntervention(id=operation.id, reason=reason)
    return DeclineRebuild(id=operation.id, request=_REBUILD_REQUESTS[type(operation)], reason=reason)
