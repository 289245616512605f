"""The views, processes and rebuilds that operators name: whether there are such ones."""

from collections.abc import Collection
from uuid import UUID

from domain.kit.commands import Command
from domain.kit.refusals import Refusal
from domain.operations.interventions import (
    PauseViews,
    ReplayEvents,
    ResumeViews,
    RetireViews,
    RetryEffects,
)
from domain.operations.operators import unknown
from domain.operations.rebuilds import AcceptRebuild, CancelRebuild, PauseRebuild, RebuildViews, ResumeRebuild
from domain.operations.repairs import DiscardParked, RetryParked
from domain.operations.rollbacks import RollbackViews
from projections.kit.follow.parked_streams import ParkedStreams
from projections.kit.rebuild.requests import Rebuilds
from projections.kit.rebuild.retirement import ViewRetirement
from projections.kit.store.rebuild_queue import RebuildRefused
from projections.operations.effects import Effects


class NamedThings:
    """What an operation names, looked for before it is noted, so that a slip of the pen leaves no trace."""

    def __init__(
        self, rebuilds: Rebuilds, parked: ParkedStreams, retiring: ViewRetirement, effects: Effects
    ) -> None:
        self._rebuilds, self._parked = rebuilds, parked
        self._retiring, self._effects = retiring, effects

    async def absent(self, operation: Command) -> Refusal | None:
        """The refusal of the first name that nothing has."""
        match operation:
            case RebuildViews() | PauseViews() | ResumeViews() | ReplayEvents():
                return _first("view", operation.views, self._rebuilds.names, field="views")
            case RetireViews(views=views):
                return _first("view", views, await self._retiring.names(), field="views")
            case RetryParked(view=view) | DiscardParked(view=view):
                return _first("view", [view], await self._parked.views(), field="view")
            case RetryEffects(process=str() as process):
                return _first("process", [process], await self._effects.processes(), field="process")
            case RollbackViews(rebuild_id=id, views=views):
                known = self._rebuilds.names
                return _first("view", views, known, field="views") or await self._rebuild(id, "rebuild_id")
            case PauseRebuild() | ResumeRebuild() | CancelRebuild() | AcceptRebuild():
                return await self._rebuild(operation.id, "id")
        return None

    async def _rebuild(self, id: UUID, field: str) -> Refusal | None:
        try:
            await self._rebuilds.one(id)
        except RebuildRefused:
            return unknown("rebuild", str(id), (), field=field)
        return None


def _first(what: str, names: Collection[str], known: Collection[str], *, field: str) -> Refusal | None:
    return next((unknown(what, name, known, field=field) for name in names if name not in known), None)
