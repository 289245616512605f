"""Interventions: what operators do to views that serve and to effects that are parked."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.kit.fields import Authored, Describe, Internal, Interval, Len
from domain.kit.model import ONE_LINE, Aggregate, Command, Event, Invalid, distinct
from domain.kit.refusals import ViolationCode
from domain.operations.operators import AskedBy, ViewName, ViewNames, Why

Effects = Annotated[tuple[int, ...], Len(0, 500), Internal(), Describe("The numbers of the effects.")]
ProcessName = Annotated[
    str, Len(1, 100), ONE_LINE, Internal(), Describe("All parked effects of this process.")
]
SomeViews = Annotated[
    tuple[ViewName, ...], Len(0, 500), Internal(), Describe("Only these views; by default all.")
]
ReplayedStream = Annotated[UUID, Internal(), Describe("Only events of this aggregate; by default of all.")]
ReplayedTenant = Annotated[UUID, Internal(), Describe("Only events of this tenant; by default of all.")]
First = Annotated[int, Interval(ge=1), Internal(), Describe("The first position.")]
Last = Annotated[
    int, Interval(ge=1), Internal(), Describe("The last position; by default the end of the log.")
]
ReplayedTypes = Annotated[
    tuple[Annotated[str, Len(1, 200), ONE_LINE], ...],
    Len(0, 500),
    Internal(),
    Describe("Only events of these types; by default of all."),
]
Since = Annotated[datetime, Internal(), Describe("Only events of this time or later.")]
Until = Annotated[datetime, Internal(), Describe("Only events before this time.")]
DryRun = Annotated[bool, Internal(), Describe("Whether to report changes without making them.")]
Reason = Annotated[str, Len(1, 2_000), Internal(), Authored(), Describe("The reason; it is kept in the log.")]


class Intervention(Aggregate, topic="operations.intervention"):
    """One request of an operator."""

    class PauseRequested(Event):
        views: ViewNames
        reason: Reason
        asked_by: AskedBy

    class ResumeRequested(Event):
        views: ViewNames
        asked_by: AskedBy

    class RetireRequested(Event):
        views: ViewNames
        reason: Reason
        asked_by: AskedBy

    class RetryRequested(Event):
        effects: Effects = ()
        process: ProcessName | None = None
        asked_by: AskedBy

    class DiscardRequested(Event):
        effects: Effects
        reason: Reason
        asked_by: AskedBy

    class ReplayRequested(Event):
        views: SomeViews = ()
        stream: ReplayedStream | None = None
        tenant_id: ReplayedTenant | None = None
        first: First = 1
        last: Last | None = None
        types: ReplayedTypes = ()
        since: Since | None = None
        until: Until | None = None
        dry_run: DryRun = False
        asked_by: AskedBy

    class Declined(Event):
        reason: Why


class PauseViews(Command):
    """Pause views: they can still be read, and report that they are behind."""

    views: ViewNames
    reason: Reason
    asked_by: AskedBy

    def handle(self) -> Intervention:
        request = Intervention.PauseRequested(
            views=distinct(self.views), reason=self.reason, asked_by=self.asked_by
        )
        return Intervention.begin(self.id, request)


class ResumeViews(Command):
    """Resume paused views."""

    views: ViewNames
    asked_by: AskedBy

    def handle(self) -> Intervention:
        request = Intervention.ResumeRequested(views=distinct(self.views), asked_by=self.asked_by)
        return Intervention.begin(self.id, request)


class RetireViews(Command):
    """Retire views that the code no longer has: their rows are dropped in every store, permanently."""

    views: ViewNames
    reason: Reason
    asked_by: AskedBy

    def handle(self) -> Intervention:
        request = Intervention.RetireRequested(
            views=distinct(self.views), reason=self.reason, asked_by=self.asked_by
        )
        return Intervention.begin(self.id, request)


def require_effects(effects: tuple[int, ...], process: str | None) -> None:
    """Raise Invalid for no effects of no process."""
    if not effects and process is None:
        raise Invalid(
            field="effects",
            reason="must not be empty unless a process is named",
            why=ViolationCode.TOO_FEW,
            minimum=1,
        )


class RetryEffects(Command, requires=(require_effects,)):
    """Retry parked effects with the same idempotency keys: some by number, or all of a process."""

    effects: Effects = ()
    process: ProcessName | None = None
    asked_by: AskedBy

    def handle(self) -> Intervention:
        request = Intervention.RetryRequested(
            effects=self.effects, process=self.process, asked_by=self.asked_by
        )
        return Intervention.begin(self.id, request)


class DiscardEffects(Command):
    """Discard parked effects permanently; effects that wait behind them continue."""

    effects: Annotated[Effects, Len(1)]
    reason: Reason
    asked_by: AskedBy

    def handle(self) -> Intervention:
        request = Intervention.DiscardRequested(
            effects=self.effects, reason=self.reason, asked_by=self.asked_by
        )
        return Intervention.begin(self.id, request)


@dataclass(frozen=True, kw_only=True)
class _Replay:
    """Which events are replayed to which views."""

    views: SomeViews = ()
    stream: ReplayedStream | None = None
    tenant_id: ReplayedTenant | None = None
    first: First = 1
    last: Last | None = None

    def _requested(
        self,
        *,
        types: tuple[str, ...] = (),
        since: datetime | None = None,
        until: datetime | None = None,
        dry_run: bool = False,
        asked_by: str,
    ) -> Intervention.ReplayRequested:
        return Intervention.ReplayRequested(
            views=distinct(self.views),
            stream=self.stream,
            tenant_id=self.tenant_id,
            first=self.first,
            last=self.last,
            types=distinct(types),
            since=since,
            until=until,
            dry_run=dry_run,
            asked_by=asked_by,
        )


def require_some(stream: UUID | None, tenant_id: UUID | None) -> None:
    """Raise Invalid for the events of everybody."""
    if stream is None and tenant_id is None:
        raise Invalid(field="stream", reason="must be given unless a tenant is", why=ViolationCode.REQUIRED)


class ReplayEvents(_Replay, Command, requires=(require_some,)):
    """Replay the events of one aggregate or one tenant, and repair the rows of views that differ."""

    dry_run: DryRun = False
    asked_by: AskedBy

    def handle(self) -> Intervention:
        request = self._requested(dry_run=self.dry_run, asked_by=self.asked_by)
        return Intervention.begin(self.id, request)


class NoteReplay(_Replay, Command):
    """Note that rows are about to be repaired from the command line, which may replay any events."""

    types: ReplayedTypes = ()
    since: Since | None = None
    until: Until | None = None
    asked_by: AskedBy

    def handle(self) -> Intervention:
        request = self._requested(
            types=self.types, since=self.since, until=self.until, asked_by=self.asked_by
        )
        return Intervention.begin(self.id, request)


class DeclineIntervention(Command):
    """Note that what was asked could not be done."""

    reason: str

    def handle(self, intervention: Intervention) -> None:
        intervention.record(Intervention.Declined(reason=self.reason))
