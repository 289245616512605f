"""Repairs: what operators do about streams whose events could not be folded into a view."""

from typing import Annotated
from uuid import UUID

from domain.kit.fields import Authored, Describe, Internal, Len
from domain.kit.model import Aggregate, Command, Event
from domain.operations.operators import AskedBy, ViewName, Why

Stream = Annotated[
    UUID, Internal(), Describe("The parked stream: the id of the aggregate whose events wait.")
]
AnyStream = Annotated[
    UUID,
    Internal(),
    Describe("The parked stream: the id of the aggregate whose events wait; by default all."),
]
TenantOf = Annotated[
    UUID, Internal(), Describe("The stream's tenant, since two tenants may use the same id; by default any.")
]
Reason = Annotated[
    str, Len(1, 2_000), Internal(), Authored(), Describe("The reason for discarding the events.")
]


class Repair(Aggregate, topic="operations.repair"):
    """One request about parked streams of a view."""

    class RetryRequested(Event):
        view: ViewName
        stream: AnyStream | None = None
        tenant_id: TenantOf | None = None
        asked_by: AskedBy

    class DiscardRequested(Event):
        view: ViewName
        stream: Stream
        tenant_id: TenantOf | None = None
        reason: Reason
        asked_by: AskedBy

    class Declined(Event):
        reason: Why


class RetryParked(Command):
    """Retry parked streams: fold their waiting events again, in order."""

    view: ViewName
    stream: AnyStream | None = None
    tenant_id: TenantOf | None = None
    asked_by: AskedBy

    def handle(self) -> Repair:
        requested = Repair.RetryRequested(
            view=self.view, stream=self.stream, tenant_id=self.tenant_id, asked_by=self.asked_by
        )
        return Repair.begin(self.id, requested)


class DiscardParked(Command):
    """Discard the waiting events of a parked stream: the view never folds them."""

    view: ViewName
    stream: Stream
    tenant_id: TenantOf | None = None
    reason: Reason
    asked_by: AskedBy

    def handle(self) -> Repair:
        requested = Repair.DiscardRequested(
            view=self.view,
            stream=self.stream,
            tenant_id=self.tenant_id,
            reason=self.reason,
            asked_by=self.asked_by,
        )
        return Repair.begin(self.id, requested)


class DeclineRepair(Command):
    """Note that what was asked about parked streams could not be done."""

    reason: str

    def handle(self, repair: Repair) -> None:
        repair.record(Repair.Declined(reason=self.reason))
