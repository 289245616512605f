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
    """A reservation of a slug that a tenant is about to take."""

    tenant_id: UUID
    reservation: UUID


def _each(event: TenantPlacement.SlugReserved, envelope: Envelope) -> str:
    return f"{event.originator_id}/{event.reservation}"


class SlugReservations(Process[SlugReservation], name="operations.slug_reservations", version=1):
    """End a reservation an hour after it was made; by then the tenant is called so, or never will be."""

    @on(TenantPlacement.SlugReserved, by=_each)
    def reserved(
        self, state: SlugReservation | None, event: TenantPlacement.SlugReserved
    ) -> Then[SlugReservation]:
        reservation = SlugReservation(event.originator_id, event.reservation)
        return Then(reservation, Schedule(_TIMER, event.timestamp + LASTS))

    @when_due(_TIMER)
    def due(self, state: SlugReservation, fired: Fired) -> Then[SlugReservation]:
        return Then(None, Send(ReleaseTenantSlugs(id=state.tenant_id, reservations=(state.reservation,))))
