"""Rollbacks: back to the generations that served before the last cut-over."""

from typing import Annotated
from uuid import UUID

from domain.kit.aggregate import Aggregate, applies
from domain.kit.commands import Command
from domain.kit.events import Event
from domain.kit.fields import Describe, Internal
from domain.kit.refusals import Refusal
from domain.kit.text import distinct
from domain.operations.operators import AskedBy, ViewNames, Why

Generations = Annotated[
    tuple[int, ...], Internal(), Describe("The generation of each view that serves now, in their order.")
]


class RollbackIsSettled(Refusal):
    """How this rollback ended is known already."""


class Rollback(Aggregate, topic="operations.rollback"):
    """One return of views to their former generations."""

    class Requested(Event):
        views: ViewNames
        asked_by: AskedBy

    class Made(Event):
        views: ViewNames
        generations: Generations

    class Declined(Event):
        reason: Why

    settled: bool = False

    def made(self, views: tuple[str, ...], generations: tuple[int, ...]) -> None:
        self._require_unsettled()
        self.record(self.Made(views=views, generations=generations))

    def decline(self, reason: str) -> None:
        self._require_unsettled()
        self.record(self.Declined(reason=reason))

    def _require_unsettled(self) -> None:
        if self.settled:
            raise RollbackIsSettled(field="id")

    @applies(Made, Declined)
    def _settled(self, event: Event) -> None:
        self.settled = True


class RollbackViews(Command):
    """Let the generations serve again that served before the last cut-over."""

    id: UUID
    views: ViewNames
    asked_by: AskedBy

    def handle(self) -> Rollback:
        return Rollback.begin(self.id, Rollback.Requested(views=distinct(self.views), asked_by=self.asked_by))


class SettleRollback(Command):
    """Note which generations serve after a rollback."""

    id: UUID
    views: ViewNames
    generations: Generations

    def handle(self, rollback: Rollback) -> None:
        rollback.made(self.views, self.generations)


class DeclineRollback(Command):
    """Note that a rollback could not be made."""

    id: UUID
    reason: str

    def handle(self, rollback: Rollback) -> None:
        rollback.decline(self.reason)
