"""Rollbacks: back to the generations that served before a rebuild was cut over to."""

from typing import Annotated
from uuid import UUID

from domain.kit.fields import Describe, Internal, Len
from domain.kit.model import Aggregate, Command, Event, Refusal, applies, distinct
from domain.operations.operators import AskedBy, ViewName, ViewNames, Why

Generations = Annotated[
    tuple[int, ...], Internal(), Describe("The generation of each view that serves now, in their order.")
]
SomeViews = Annotated[
    tuple[ViewName, ...],
    Len(0, 500),
    Internal(),
    Describe("Only these views of the rebuild; by default all."),
]
RebuildId = Annotated[UUID, Internal(), Describe("The id of the rebuild to roll back.")]


class RollbackIsSettled(Refusal):
    """This rollback has already ended."""


class Rollback(Aggregate, topic="operations.rollback"):
    """One return of views to their former generations."""

    class Requested(Event):
        views: SomeViews
        asked_by: AskedBy
        rebuild_id: RebuildId | None = None

    class Made(Event):
        views: ViewNames
        generations: Generations

    class Declined(Event):
        reason: Why

    settled: bool = False

    def require_unsettled(self) -> None:
        """Raise RollbackIsSettled once it is known how it ended."""
        if self.settled:
            raise RollbackIsSettled(field="id")

    @applies(Made, Declined)
    def _settled(self, event: Event) -> None:
        self.settled = True


class RollbackViews(Command):
    """Roll back a cut-over: the former generations serve again. Repeating it changes nothing."""

    rebuild_id: RebuildId
    asked_by: AskedBy
    views: SomeViews = ()

    def handle(self) -> Rollback:
        requested = Rollback.Requested(
            views=distinct(self.views), asked_by=self.asked_by, rebuild_id=self.rebuild_id
        )
        return Rollback.begin(self.id, requested)


class SettleRollback(Command):
    """Note which generations serve after a rollback."""

    views: ViewNames
    generations: Generations

    def handle(self, rollback: Rollback) -> None:
        rollback.require_unsettled()
        rollback.record(Rollback.Made(views=self.views, generations=self.generations))


class DeclineRollback(Command):
    """Note that a rollback could not be made."""

    reason: str

    def handle(self, rollback: Rollback) -> None:
        rollback.require_unsettled()
        rollback.record(Rollback.Declined(reason=self.reason))
