"""Rebuilds: what operators asked of them, and what became of the asking; how far they are stands elsewhere."""

from enum import StrEnum
from typing import Annotated, Any, assert_never
from uuid import UUID

from domain.kit.fields import Describe, Internal, Interval
from domain.kit.model import Aggregate, Command, Event, Refusal, applies, distinct
from domain.operations.operators import AskedBy, ViewNames, Why

Rate = Annotated[
    int,
    Interval(ge=1, le=10_000_000),
    Internal(),
    Describe("The rate limit, in events per second for each view; by default none."),
]
Parallel = Annotated[
    int, Interval(ge=1, le=16), Internal(), Describe("How many views are built at the same time.")
]
OneTenant = Annotated[
    UUID, Internal(), Describe("Rebuild only this tenant's rows, in place; by default those of all tenants.")
]
Repair = Annotated[
    bool,
    Internal(),
    Describe("Whether to cut over although rows differ, because those of the live generation are wrong."),
]


class RebuildKind(StrEnum):
    """What a rebuild does with the new generation."""

    REBUILD = "rebuild"
    RECONCILE = "reconcile"


Kind = Annotated[
    RebuildKind, Internal(), Describe("Whether to cut over to the new generation, or only to compare it.")
]


class RebuildIsPaused(Refusal):
    """This rebuild is paused already."""


class RebuildNotPaused(Refusal):
    """This rebuild is not paused."""


class RebuildIsOver(Refusal):
    """This rebuild was cancelled, or never began."""


class OneTenantIsNotCompared(Refusal):
    """The rows of one tenant cannot be compared alone: rebuild them, or compare the rows of all tenants."""


class RebuildRequest(StrEnum):
    """What an operator asked of a rebuild."""

    BEGIN = "begin"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    ACCEPT = "accept"


Asked = Annotated[RebuildRequest, Internal(), Describe("What had been asked.")]


class Rebuild(Aggregate, topic="operations.rebuild"):
    """The building of new generations of views, as operators direct it."""

    class Requested(Event):
        views: ViewNames
        kind: Kind
        tenant_id: OneTenant | None = None
        rate: Rate | None = None
        parallel: Parallel
        repair: Repair = False
        asked_by: AskedBy

    class Adopted(Event):
        """It began by itself, for a new version of the code; now somebody directs it."""

        views: ViewNames
        asked_by: AskedBy

    class Paused(Event):
        asked_by: AskedBy

    class Resumed(Event):
        asked_by: AskedBy

    class Cancelled(Event):
        asked_by: AskedBy

    class Accepted(Event):
        asked_by: AskedBy

    class Declined(Event):
        """What was asked last could not be done after all."""

        class_version = 2

        request: Asked
        reason: Why

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            """The field had another name."""
            state["request"] = state.pop("wish")

    paused: bool = False
    over: bool = False

    def require_open(self) -> None:
        """Raise RebuildIsOver for one that was cancelled, or never began."""
        if self.over:
            raise RebuildIsOver(field="id")

    @applies(Paused)
    def _paused(self, event: Paused) -> None:
        self.paused = True

    @applies(Resumed)
    def _resumed(self, event: Resumed) -> None:
        self.paused = False

    @applies(Cancelled)
    def _cancelled(self, event: Cancelled) -> None:
        self.over = True

    @applies(Declined)
    def _declined(self, event: Declined) -> None:
        match event.request:
            case RebuildRequest.BEGIN:
                self.over = True
            case RebuildRequest.PAUSE:
                self.paused = False
            case RebuildRequest.RESUME:
                self.paused = True
            case RebuildRequest.CANCEL:
                self.over = False
            case RebuildRequest.ACCEPT:
                pass
            case _:
                assert_never(event.request)


def require_whole(kind: RebuildKind, tenant_id: UUID | None) -> None:
    """Raise OneTenantIsNotCompared for a reconciliation of one tenant."""
    if kind is RebuildKind.RECONCILE and tenant_id is not None:
        raise OneTenantIsNotCompared(field="tenant_id")


class RebuildViews(Command, requires=(require_whole,)):
    """Rebuild views from the log while the live generations keep serving; then cut over, or only compare."""

    views: ViewNames
    kind: Kind = RebuildKind.REBUILD
    tenant_id: OneTenant | None = None
    rate: Rate | None = None
    parallel: Parallel = 2
    repair: Repair = False
    asked_by: AskedBy

    def handle(self) -> Rebuild:
        requested = Rebuild.Requested(
            views=distinct(self.views),
            kind=self.kind,
            tenant_id=self.tenant_id,
            rate=self.rate,
            parallel=self.parallel,
            repair=self.repair,
            asked_by=self.asked_by,
        )
        return Rebuild.begin(self.id, requested)


class AdoptRebuild(Command):
    """Take charge of a rebuild that began by itself, for a new version of the code."""

    views: ViewNames
    asked_by: AskedBy

    def handle(self) -> Rebuild:
        return Rebuild.begin(self.id, Rebuild.Adopted(views=self.views, asked_by=self.asked_by))


class PauseRebuild(Command):
    """Pause a rebuild."""

    asked_by: AskedBy

    def handle(self, rebuild: Rebuild) -> None:
        rebuild.require_open()
        if rebuild.paused:
            raise RebuildIsPaused(field="id")
        rebuild.record(Rebuild.Paused(asked_by=self.asked_by))


class ResumeRebuild(Command):
    """Resume a paused rebuild."""

    asked_by: AskedBy

    def handle(self, rebuild: Rebuild) -> None:
        rebuild.require_open()
        if not rebuild.paused:
            raise RebuildNotPaused(field="id")
        rebuild.record(Rebuild.Resumed(asked_by=self.asked_by))


class CancelRebuild(Command):
    """Cancel a rebuild; the live generation keeps serving."""

    asked_by: AskedBy

    def handle(self, rebuild: Rebuild) -> None:
        rebuild.require_open()
        rebuild.record(Rebuild.Cancelled(asked_by=self.asked_by))


class AcceptRebuild(Command):
    """Cut over to a rebuild although its rows differ from those of the live generation."""

    asked_by: AskedBy

    def handle(self, rebuild: Rebuild) -> None:
        rebuild.require_open()
        rebuild.record(Rebuild.Accepted(asked_by=self.asked_by))


class DeclineRebuild(Command):
    """Note that what was asked of a rebuild could not be done."""

    request: RebuildRequest
    reason: str

    def handle(self, rebuild: Rebuild) -> None:
        rebuild.record(Rebuild.Declined(request=self.request, reason=self.reason))
