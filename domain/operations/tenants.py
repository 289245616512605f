"""Tenants as operators know them: asked for, provisioned, and moved between placements.

What a tenant is for its own people stands in its own log (`domain.tenancy`); this is where it is kept, and it is
noted in the platform's log, because a silo's own log does not exist before.
"""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from domain.kit.fields import Authored, Describe, Internal, Len, Pattern
from domain.kit.model import ONE_LINE, Aggregate, Event, Refusal, Unique, applies, assigns
from domain.kit.tenants import Placement
from domain.operations.operators import AskedBy, Why

SLUG = "operations.tenant.slug"
"""The reservation that makes a slug unique, whatever database the tenant is in."""


TenantName = Annotated[str, Len(1, 255), ONE_LINE, Internal(), Authored(), Describe("The company's name.")]
Slug = Annotated[
    str,
    Len(1, 100),
    Pattern("[a-z0-9]+(-[a-z0-9]+)*", "must be lower-case words joined by hyphens"),
    Internal(),
    Authored(),
    Describe("The tenant's slug, unique across tenants."),
]
Region = Annotated[
    str, Len(1, 50), ONE_LINE, Internal(), Describe("The region where the tenant's data is kept.")
]
Kind = Annotated[
    Placement,
    Internal(),
    Describe("`pooled` shares the platform's database, `silo` has a database of its own."),
]
Server = Annotated[
    str,
    Len(1, 500),
    Pattern(
        "postgres(ql)?://([^:@/?#]+@)?[^@/?#]*(/[^?#]*)?([?](?!.*password=)[^#]*)?",
        "must be an address of Postgres without a password",
    ),
    Internal(),
    Authored(),
    Describe(
        "The URL of a silo's own database, without a password; by default one on the platform's server."
    ),
]
Slugs = Annotated[
    tuple[str, ...],
    Internal(),
    Authored(),
    Describe("Slugs that the tenant had before, which others may have now."),
]
Reservation = Annotated[UUID, Internal(), Describe("The id of a change's reservation of its slug.")]
Reservations = Annotated[
    tuple[UUID, ...], Internal(), Describe("Reservations that ended; others may have their slugs again.")
]
StepName = Annotated[str, Internal(), Describe("The step that failed.")]


class TenantMoving(Refusal):
    """This tenant is being moved: it can be read, and changed again in a moment."""


class TenantNotPlaced(Refusal):
    """This tenant is not ready: it is being provisioned or moved, or that failed."""


class AlreadyPlacedThere(Refusal):
    """This tenant is {kind} already."""


class NothingIsPending(Refusal):
    """Nothing that was asked about this tenant is still to be done."""


class PlacementState(StrEnum):
    """The state of a tenant's placement, and of the last operation on it."""

    PROVISIONING = "provisioning"
    """The tenant is being made."""
    READY = "ready"
    """Nothing is under way."""
    MOVING = "moving"
    """The tenant's data are being copied to another place."""
    FAILED = "failed"
    """The tenant could not be made."""


class TenantPlacement(
    Aggregate,
    topic="operations.tenant",
    unique=(Unique("slugs", stored_as=SLUG, field="slug", everywhere=True),),
):
    """Where one tenant's data lie; its id is the tenant's."""

    class Requested(Event):
        name: TenantName
        slug: Slug
        region: Region
        placement: Kind
        database_url: Server | None = None
        asked_by: AskedBy

    class Adopted(Event):
        name: TenantName
        slug: Slug
        region: Region

    class Provisioned(Event): ...

    class Failed(Event):
        step: StepName
        reason: Why
        slug: Slug

    class SlugReserved(Event):
        slug: Slug
        reservation: Reservation

    class SlugsReleased(Event):
        reservations: Reservations

    class SlugChanged(Event):
        slug: Slug
        previous: Slug

    class SlugsFreed(Event):
        slugs: Slugs

    class MoveRequested(Event):
        placement: Kind
        database_url: Server | None = None
        asked_by: AskedBy

    class Moved(Event):
        placement: Kind

    class MoveFailed(Event):
        step: StepName
        reason: Why

    slug: str = ""
    former: tuple[str, ...] = ()
    """Slugs that it had before and still holds."""
    reserved: tuple[tuple[UUID, str], ...] = ()
    """Reservations of slugs that it is about to take, each change its own."""
    placement: Placement = Placement.POOLED
    target: Placement = Placement.POOLED
    status: PlacementState = PlacementState.PROVISIONING

    requested = assigns(Requested)

    @property
    def slugs(self) -> tuple[str, ...]:
        """What it is known by, what it may have to go back to, and what it is about to be called."""
        if self.status is PlacementState.FAILED:
            return ()
        return self.slug, *self.former, *(slug for _, slug in self.reserved)

    def require(self, status: PlacementState) -> None:
        """Raise NothingIsPending unless it stands like this."""
        if self.status is not status:
            raise NothingIsPending(field="id")

    @applies(Adopted)
    def _adopted(self, event: Adopted) -> None:
        self.slug, self.status = event.slug, PlacementState.READY

    @applies(Provisioned)
    def _provisioned(self, event: Provisioned) -> None:
        self.status = PlacementState.READY

    @applies(Failed)
    def _failed(self, event: Failed) -> None:
        self.status = PlacementState.FAILED

    @applies(SlugReserved)
    def _slug_reserved(self, event: SlugReserved) -> None:
        self.reserved = (*self.reserved, (event.reservation, event.slug))

    @applies(SlugsReleased)
    def _slugs_released(self, event: SlugsReleased) -> None:
        self.reserved = tuple(held for held in self.reserved if held[0] not in event.reservations)

    @applies(SlugChanged)
    def _slug_changed(self, event: SlugChanged) -> None:
        self.reserved = tuple(held for held in self.reserved if held[1] != event.slug)
        self.former = (*(slug for slug in self.former if slug != event.slug), event.previous)
        self.slug = event.slug

    @applies(SlugsFreed)
    def _slugs_freed(self, event: SlugsFreed) -> None:
        self.former = tuple(slug for slug in self.former if slug not in event.slugs)

    @applies(MoveRequested)
    def _move_requested(self, event: MoveRequested) -> None:
        self.target, self.status = event.placement, PlacementState.MOVING

    @applies(Moved)
    def _moved(self, event: Moved) -> None:
        self.placement, self.status = event.placement, PlacementState.READY

    @applies(MoveFailed)
    def _move_failed(self, event: MoveFailed) -> None:
        self.status = PlacementState.READY
