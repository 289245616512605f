"""The rules of a tenant's placement."""

from datetime import timedelta
from uuid import UUID

import pytest

from domain.kit.clock import at
from domain.kit.process.process_scenario import rehearse
from domain.kit.refusals import Invalid
from domain.kit.scenario import NOON, given
from domain.kit.tenants import Placement
from domain.operations.tenant_commands import (
    AbandonMove,
    AbandonTenant,
    AdoptTenant,
    ConfirmMove,
    ConfirmTenant,
    FreeTenantSlugs,
    MoveTenant,
    NoteTenantSlug,
    ReleaseTenantSlugs,
    RequestTenant,
    ReserveTenantSlug,
    RetractTenant,
)
from domain.operations.tenants import (
    AlreadyPlacedThere,
    NothingIsPending,
    TenantNotPlaced,
    TenantPlacement,
)
from domain.processes.slug_reservations import SlugReservations
from domain.processes.tenant_adoptions import TenantAdoptions
from tests.domain.envelopes import envelope

TENANT = UUID(int=7)
SILO, POOLED = Placement.SILO, Placement.POOLED
REQUESTED = TenantPlacement.Requested(
    name="Acme", slug="acme", region="local", placement=SILO, asked_by="tests"
)
READY = (REQUESTED, TenantPlacement.Provisioned())
MOVE = MoveTenant(id=TENANT, placement=POOLED, asked_by="tests")
MOVE_REQUESTED = TenantPlacement.MoveRequested(placement=POOLED, asked_by="tests")


def _request(slug: str = "acme", url: str | None = None) -> RequestTenant:
    return RequestTenant(
        id=TENANT,
        name="Acme",
        slug=slug,
        region="local",
        placement=SILO,
        database_url=url,
        asked_by="tests",
    )


def test_notes_who_asked_for_what() -> None:
    given().when(_request()).then(REQUESTED)


@pytest.mark.parametrize("slug", ["", "Acme", "a b", "-a", "a-", "a--b", "é", "admin", str(TENANT)])
def test_refuses_a_slug_that_is_none(slug: str) -> None:
    given().when(_request(slug)).refused(Invalid)
    given().when(AdoptTenant(id=TENANT, name="Acme", slug=slug, region="local")).refused(Invalid)


@pytest.mark.parametrize(
    "url",
    [
        "mysql://db",
        "postgresql://me:secret@db/x",
        "postgresql://me@db/x?password=secret",
        "postgresql://me@db/x?sslmode=require&password=secret",
    ],
)
def test_refuses_an_address_with_a_password_or_of_something_else(url: str) -> None:
    given().when(_request(url=url)).refused(Invalid)


def test_takes_an_address_without_a_password() -> None:
    url = "postgresql://me@db:5432/acme?sslmode=require"
    given().when(_request(url=url)).then(
        TenantPlacement.Requested(
            name="Acme", slug="acme", region="local", placement=SILO, database_url=url, asked_by="tests"
        )
    )


def test_is_ready_once() -> None:
    given(REQUESTED).when(ConfirmTenant(id=TENANT)).then(TenantPlacement.Provisioned())
    given(*READY).when(ConfirmTenant(id=TENANT)).refused(NothingIsPending)


def test_fails_only_while_it_is_made() -> None:
    abandon = AbandonTenant(id=TENANT, step="views", reason="no")
    given(REQUESTED).when(abandon).then(TenantPlacement.Failed(step="views", reason="no", slug="acme"))
    given(*READY).when(abandon).refused(NothingIsPending)


def test_is_moved_only_when_it_is_ready() -> None:
    given(*READY).when(MOVE).then(MOVE_REQUESTED)
    given(REQUESTED).when(MOVE).refused(TenantNotPlaced)
    given(*READY, MOVE_REQUESTED).when(MOVE).refused(TenantNotPlaced)


def test_is_not_moved_to_where_it_is() -> None:
    given(*READY).when(MoveTenant(id=TENANT, placement=SILO, asked_by="tests")).refused(AlreadyPlacedThere)


def test_is_where_it_was_moved() -> None:
    moving = (*READY, MOVE_REQUESTED)
    given(*moving).when(ConfirmMove(id=TENANT)).then(TenantPlacement.Moved(placement=POOLED))
    given(*moving, TenantPlacement.Moved(placement=POOLED)).when(MOVE).refused(AlreadyPlacedThere)


def test_stays_where_it_is_when_a_move_fails() -> None:
    failed = TenantPlacement.MoveFailed(step="verify", reason="no")
    given(*READY, MOVE_REQUESTED).when(AbandonMove(id=TENANT, step="verify", reason="no")).then(failed)
    given(*READY, MOVE_REQUESTED, failed).when(MOVE).then(MOVE_REQUESTED)


def test_one_that_signed_up_is_pooled_and_ready() -> None:
    adopted = TenantPlacement.Adopted(name="Acme", slug="acme", region="local")
    given().when(AdoptTenant(id=TENANT, name="Acme", slug="acme", region="local")).then(adopted)
    given(adopted).when(MOVE).refused(AlreadyPlacedThere)


ADOPTED = TenantPlacement.Adopted(name="Acme", slug="acme", region="local")
CALLED = TenantPlacement.SlugChanged(slug="new", previous="acme")
NOTE = NoteTenantSlug(id=TENANT, slug="new")
FREE = FreeTenantSlugs(id=TENANT, slugs=("acme",))


def test_a_changed_slug_is_noted_once_and_the_former_one_given_back_after() -> None:
    given(ADOPTED).when(NOTE).then(CALLED)
    given(ADOPTED, CALLED).when(NOTE).then()
    freed = TenantPlacement.SlugsFreed(slugs=("acme",))
    given(ADOPTED, CALLED).when(FREE).then(freed)
    given(ADOPTED, CALLED, freed).when(FREE).then()


def test_a_slug_that_it_has_again_is_not_given_back() -> None:
    back = TenantPlacement.SlugChanged(slug="acme", previous="new")
    given(ADOPTED, CALLED, back).when(FREE).then()
    both = FreeTenantSlugs(id=TENANT, slugs=("acme", "new"))
    given(ADOPTED, CALLED, back).when(both).then(TenantPlacement.SlugsFreed(slugs=("new",)))


ONE, TWO = UUID(int=1), UUID(int=2)
RESERVE = ReserveTenantSlug(id=TENANT, slug="acme-goods", reservation=ONE)
RESERVED = TenantPlacement.SlugReserved(slug="acme-goods", reservation=ONE)
RESERVED_TOO = TenantPlacement.SlugReserved(slug="acme-goods", reservation=TWO)
TAKEN = TenantPlacement.SlugChanged(slug="acme-goods", previous="acme")
RELEASE = ReleaseTenantSlugs(id=TENANT, reservations=(ONE, UUID(int=3)))
RELEASED = TenantPlacement.SlugsReleased(reservations=(ONE,))


def test_a_slug_is_reserved_and_released_once() -> None:
    given(ADOPTED).when(RESERVE).then(RESERVED)
    given(ADOPTED, RESERVED).when(RELEASE).then(RELEASED)
    given(ADOPTED, RESERVED, RELEASED).when(RELEASE).then()


def test_a_change_gives_back_what_it_reserved_itself() -> None:
    second = ReserveTenantSlug(id=TENANT, slug="acme-goods", reservation=TWO)
    given(ADOPTED, RESERVED).when(second).then(RESERVED_TOO)
    given(ADOPTED, RESERVED, RESERVED_TOO).when(RELEASE).then(RELEASED)
    both = ReleaseTenantSlugs(id=TENANT, reservations=(ONE, TWO))
    left = TenantPlacement.SlugsReleased(reservations=(TWO,))
    given(ADOPTED, RESERVED, RESERVED_TOO, RELEASED).when(both).then(left)


def test_a_slug_that_was_taken_is_released_no_more() -> None:
    given(ADOPTED, RESERVED, TAKEN).when(RELEASE).then()
    given(ADOPTED, RESERVED, TAKEN).when(RESERVE).then()


def test_a_former_slug_is_reserved_too_and_giving_it_back_leaves_it_reserved() -> None:
    again = ReserveTenantSlug(id=TENANT, slug="acme", reservation=ONE)
    reserved = TenantPlacement.SlugReserved(slug="acme", reservation=ONE)
    given(ADOPTED, CALLED).when(again).then(reserved)
    freed = TenantPlacement.SlugsFreed(slugs=("acme",))
    given(ADOPTED, CALLED, reserved).when(FREE).then(freed)
    given(ADOPTED, CALLED, reserved, freed).when(RELEASE).then(RELEASED)


@pytest.mark.parametrize("slug", ["admin", "Acme", str(TENANT)])
def test_refuses_to_reserve_what_is_no_slug(slug: str) -> None:
    given(ADOPTED).when(ReserveTenantSlug(id=TENANT, slug=slug, reservation=ONE)).refused(
        Invalid, field="slug"
    )


def test_a_reservation_lapses_after_an_hour() -> None:
    reserved = rehearse(SlugReservations(), id=TENANT).happens(RESERVED)
    assert reserved.timers == {"lapse": NOON + timedelta(hours=1)}
    reserved.due("lapse").decides(ReleaseTenantSlugs(id=TENANT, reservations=(ONE,)))


def test_each_reservation_lapses_by_itself() -> None:
    instances = {
        SlugReservations().instance_of(event.stamped(TENANT, 1, NOON), envelope(event.stored_as))
        for event in (RESERVED, RESERVED_TOO)
    }
    assert instances == {f"{TENANT}/{ONE}", f"{TENANT}/{TWO}"}


def test_an_adoption_lapses_after_a_day_unless_it_was_retracted() -> None:
    class Registry:
        """Says that nothing was created."""

        async def lapse(self, tenant_id: UUID) -> str:
            return "never created"

    adopted = rehearse(TenantAdoptions(Registry()), id=TENANT).happens(ADOPTED)
    assert adopted.timers == {"lapse": NOON + timedelta(days=1)}
    adopted.due("lapse").decides(TenantAdoptions.Lapse(tenant_id=TENANT))
    failed = TenantPlacement.Failed(step="tenant", reason="Its slug was taken.", slug="acme")
    assert rehearse(TenantAdoptions(Registry()), id=TENANT).happens(ADOPTED).happens(failed).timers == {}


def test_one_that_was_not_made_after_all_is_retracted_for_good() -> None:
    failed = TenantPlacement.Failed(step="tenant", reason="Its slug was taken.", slug="acme")
    given(ADOPTED).when(RetractTenant(id=TENANT)).then(failed)
    given(ADOPTED, failed).when(RetractTenant(id=TENANT)).then()
    given(ADOPTED, failed).when(NOTE).refused(TenantNotPlaced)
    given(ADOPTED, failed).when(RESERVE).refused(TenantNotPlaced)


def test_one_that_fails_gives_back_all_its_slugs() -> None:
    tenant: TenantPlacement | None = None
    for version, event in enumerate((REQUESTED, CALLED), start=1):
        tenant = event.stamped(TENANT, version, NOON).mutate(tenant)
    assert tenant is not None
    with at(NOON):
        AbandonTenant(id=TENANT, step="open", reason="It was in the way.").handle(tenant)
    assert {release.value for release in tenant.collect_claims().releases} == {"acme", "new"}
