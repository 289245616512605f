"""Tenants: the companies that the product serves, each with a stream in its own tenant, under its own id."""

from dataclasses import field
from enum import StrEnum
from typing import Annotated, Any

from domain.kit.aggregate import Aggregate
from domain.kit.appliers import applies
from domain.kit.events import Event
from domain.kit.fields import Describe, Internal, Len, Pattern, Public
from domain.kit.refusals import Refusal
from domain.kit.slugs import require_free_word
from domain.kit.text import ONE_LINE
from domain.tenancy.json_limits import Settings
from domain.tenancy.regions import Region

SLUG = "tenancy.tenant.slug"
"""Under this name slugs are reserved, over all tenants of one database."""

Name = Annotated[str, Len(1, 255), ONE_LINE, Public(), Describe("The company's name.")]
Slug = Annotated[
    str,
    Len(1, 100),
    Pattern("[a-z0-9]+(-[a-z0-9]+)*", "is not lower-case words joined by hyphens"),
    Public(),
    Describe("The tenant's slug: lower-case words joined by hyphens, unique across tenants."),
]
Slugs = Annotated[
    tuple[str, ...], Public(), Describe("Slugs that the tenant had before, which others may have now.")
]
Reason = Annotated[str, Len(0, 500), ONE_LINE, Internal(), Describe("The reason, in one line.")]
AskedBy = Annotated[
    str, Len(0, 200), ONE_LINE, Internal(), Describe("Which operator asked for it; empty: nobody is known.")
]


class Placement(StrEnum):
    """How a tenant's data is isolated from that of others."""

    POOLED = "pooled"
    SILO = "silo"


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


class Tenant(Aggregate, topic="tenancy.tenant"):
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

    @applies(Created)
    def _created(self, event: Created) -> None:
        self.name, self.slug, self.settings = event.name, event.slug, event.settings
        self.region, self.placement = event.region, event.placement

    def rename(self, name: str) -> None:
        """Gives it another name; its slug stays."""
        self._require_open()
        if (name := name.strip()) != self.name:
            self.record(self.Renamed(name=name))

    @applies(Renamed)
    def _renamed(self, event: Renamed) -> None:
        self.name = event.name

    def change_settings(self, settings: dict[str, Any]) -> None:
        """Replaces all settings."""
        self._require_open()
        if settings != self.settings:
            self.record(self.SettingsChanged(settings=settings))

    @applies(SettingsChanged)
    def _settings_changed(self, event: SettingsChanged) -> None:
        self.settings = event.settings

    def change_slug(self, slug: str) -> None:
        """Takes another slug, and holds the one before until `free_slugs`: it may have to go back to it."""
        self._require_open()
        if slug != self.slug:
            if slug not in self.former:
                require_free_word(slug)
            self.reserve(SLUG, slug, field="slug", everywhere=True)
            self.record(self.SlugChanged(slug=slug, previous=self.slug))

    @applies(SlugChanged)
    def _slug_changed(self, event: SlugChanged) -> None:
        self.former = (*(one for one in self.former if one != event.slug), event.previous)
        self.slug = event.slug

    def free_slugs(self, slugs: tuple[str, ...]) -> None:
        """Gives back those of these that it had before and has no more."""
        if freed := tuple(one for one in self.former if one in slugs):
            for slug in freed:
                self.release(SLUG, slug, everywhere=True)
            self.record(self.SlugsFreed(slugs=freed))

    @applies(SlugsFreed)
    def _slugs_freed(self, event: SlugsFreed) -> None:
        self.former = tuple(one for one in self.former if one not in event.slugs)

    def note_placement(self, placement: Placement) -> None:
        """Notes where its data is now; also of a closed one, whose data lies somewhere too."""
        if placement is not self.placement:
            self.record(self.Moved(placement=placement))

    @applies(Moved)
    def _moved(self, event: Moved) -> None:
        self.placement = event.placement

    def suspend(self, reason: str, *, asked_by: str) -> None:
        """Stops the tenant's people from changing anything."""
        self._require_open()
        if self.status is not TenantStatus.SUSPENDED:
            self.record(self.Suspended(reason=reason.strip(), asked_by=asked_by))

    @applies(Suspended)
    def _suspended(self, event: Suspended) -> None:
        self.status = TenantStatus.SUSPENDED

    def reactivate(self, *, asked_by: str) -> None:
        """Ends a suspension."""
        self._require_open()
        if self.status is not TenantStatus.SUSPENDED:
            raise TenantNotSuspended(field="id")
        self.record(self.Reactivated(asked_by=asked_by))

    @applies(Reactivated)
    def _reactivated(self, event: Reactivated) -> None:
        self.status = TenantStatus.ACTIVE

    def close(self, reason: str, *, asked_by: str) -> None:
        """Ends the tenant for good. Its slug stays its own, so that nobody can pass for it."""
        if self.status is not TenantStatus.CLOSED:
            self.record(self.Closed(reason=reason.strip(), asked_by=asked_by))

    @applies(Closed)
    def _closed(self, event: Closed) -> None:
        self.status = TenantStatus.CLOSED

    def _require_open(self) -> None:
        if self.status is TenantStatus.CLOSED:
            raise TenantIsClosed(field="id")
