"""Tenants: the companies that the product serves, each with a stream in its own tenant, under its own id."""

from dataclasses import field
from enum import StrEnum
from typing import Annotated, Any

from domain.kit.fields import Authored, Describe, Internal, Len, Pattern, Public
from domain.kit.model import ONE_LINE, Aggregate, Event, Refusal, Unique, applies, assigns
from domain.kit.tenants import Placement
from domain.tenancy.regions import Region
from domain.tenancy.settings import Settings

SLUG = "tenancy.tenant.slug"
"""Under this name slugs are reserved, over all tenants of one database."""

Name = Annotated[str, Len(1, 255), ONE_LINE, Public(), Authored(), Describe("The company's name.")]
Slug = Annotated[
    str,
    Len(1, 100),
    Pattern("[a-z0-9]+(-[a-z0-9]+)*", "must be lower-case words joined by hyphens"),
    Public(),
    Authored(),
    Describe("The tenant's slug: lower-case words joined by hyphens, unique across tenants."),
]
Slugs = Annotated[
    tuple[str, ...],
    Public(),
    Authored(),
    Describe("Slugs that the tenant had before, which others may have now."),
]
Reason = Annotated[str, Len(0, 500), ONE_LINE, Internal(), Authored(), Describe("The reason, in one line.")]
AskedBy = Annotated[
    str,
    Len(0, 200),
    ONE_LINE,
    Internal(),
    Authored(),
    Describe("Which operator asked for it; empty: nobody is known."),
]


class TenantStatus(StrEnum):
    """The lifecycle status of a tenant."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"


Placed = Annotated[Placement, Public(), Describe("How the data is kept apart from that of other tenants.")]


class TenantIsClosed(Refusal):
    """This tenant is closed."""


class TenantIsSuspended(Refusal):
    """This tenant is suspended; nothing can be changed until it is reactivated."""


class TenantNotSuspended(Refusal):
    """This tenant is not suspended."""


class Tenant(
    Aggregate,
    topic="tenancy.tenant",
    unique=(Unique("slugs", stored_as=SLUG, field="slug", everywhere=True),),
):
    """A company that the product serves."""

    class Created(Event):
        name: Name
        slug: Slug
        region: Region
        placement: Placed = Placement.POOLED
        settings: Settings = field(default_factory=dict)

    class Renamed(Event):
        name: Name

    class SettingsChanged(Event):
        settings: Settings

    class SlugChanged(Event):
        slug: Slug
        previous: Slug

    class SlugsFreed(Event):
        slugs: Slugs

    class Moved(Event):
        placement: Placed

    class Suspended(Event):
        reason: Reason = ""
        asked_by: AskedBy = ""

    class Reactivated(Event):
        asked_by: AskedBy = ""

    class Closed(Event):
        reason: Reason = ""
        asked_by: AskedBy = ""

    name: str
    slug: str
    region: str
    placement: Placement = Placement.POOLED
    settings: dict[str, Any] = field(default_factory=dict)
    status: TenantStatus = TenantStatus.ACTIVE
    former: tuple[str, ...] = ()
    """Slugs that it had before and still holds."""

    changed = assigns(Created, Renamed, SettingsChanged, Moved)

    @property
    def slugs(self) -> tuple[str, ...]:
        """What it is known by, and what it may have to go back to; also once it is closed, so that nobody can
        pass for it."""
        return (self.slug, *self.former)

    def require_open(self) -> None:
        """Raise TenantIsClosed once it was closed."""
        if self.status is TenantStatus.CLOSED:
            raise TenantIsClosed(field="id")

    @applies(SlugChanged)
    def _slug_changed(self, event: SlugChanged) -> None:
        self.former = (*(slug for slug in self.former if slug != event.slug), event.previous)
        self.slug = event.slug

    @applies(SlugsFreed)
    def _slugs_freed(self, event: SlugsFreed) -> None:
        self.former = tuple(slug for slug in self.former if slug not in event.slugs)

    @applies(Suspended)
    def _suspended(self, event: Suspended) -> None:
        self.status = TenantStatus.SUSPENDED

    @applies(Reactivated)
    def _reactivated(self, event: Reactivated) -> None:
        self.status = TenantStatus.ACTIVE

    @applies(Closed)
    def _closed(self, event: Closed) -> None:
        self.status = TenantStatus.CLOSED
