"""Reservations of slugs lapse, so that a change which was broken off keeps no slug from anybody."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from domain.kit.log import Envelope
from domain.kit.process.effects import Fired, Schedule, Send, Then
from domain.kit.process.process import Process, on, when_due
from domain.operations.tenant_commands import ReleaseTenantSlugs
from domain.operations.tenants import TenantPlacement

LASTS = timedelta(hours=1)
"""How long a reservation lasts: longer than any command takes, and than its slug takes to reach the registry."""

_TIMER = "lapse"


@dataclass(frozen=True, slots=True)
class SlugReservation:
    """A slug that a tenant is about to take."""

    tenant_id: UUID
    slug: str


def _each(event: TenantPlacement.SlugReserved | TenantPlacement.SlugChanged, envelope: Envelope) -> str:
    return f"{event.originator_id}/{event.slug}"


class SlugReservations(Process[SlugReservation], name="operations.slug_reservations", version=1):
    """Release a slug an hour after it was reserved unless the tenant is called so by then."""

    @on(TenantPlacement.SlugReserved, by=_each)
    def reserved(
        self, state: SlugReservation | None, event: TenantPlacement.SlugReserved
    ) -> Then[SlugReservation]:
        reservation = SlugReservation(event.originator_id, event.slug)
        return Then(reservation, Schedule(_TIMER, event.timestamp + LASTS))

    @on(TenantPlacement.SlugChanged, by=_each)
    def taken(
        self, state: SlugReservation | None, event: TenantPlacement.SlugChanged
    ) -> Then[SlugReservation]:
        return Then(None)

    @when_due(_TIMER)
    def due(self, state: SlugReservation, fired: Fired) -> Then[SlugReservation]:
        return Then(None, Send(ReleaseTenantSlugs(id=state.tenant_id, slugs=(state.slug,))))
