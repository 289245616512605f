"""The rules of tenants."""

from typing import Any
from uuid import UUID

import pytest

from domain.kit.clock import at
from domain.kit.commands import Command
from domain.kit.refusals import Invalid, NotFound
from domain.kit.scenario import NOON, given
from domain.kit.tenants import Placement
from domain.tenancy.json_limits import DEEPEST, LARGEST
from domain.tenancy.tenant_commands import (
    ChangeTenantSettings,
    ChangeTenantSlug,
    CloseTenant,
    CreateTenant,
    FreeTenantSlugs,
    NoteTenantPlacement,
    ReactivateTenant,
    RenameTenant,
    SuspendTenant,
)
from domain.tenancy.tenants import SLUG, Tenant, TenantIsClosed, TenantNotSuspended
from tests.tenants.histories import TENANT, tenant_created

CREATED = tenant_created()
SUSPENDED = Tenant.Suspended(reason="Unpaid.")
CLOSED = Tenant.Closed()


def _create(**more: Any) -> CreateTenant:
    return CreateTenant(**{"id": TENANT, "name": "Acme", "slug": "acme", "region": "local", **more})


def test_creates() -> None:
    given().when(_create(name=" Acme ")).then(CREATED)


def test_creates_with_everything() -> None:
    settings = {"locale": "de", "limits": [1, 2.5, None, True]}
    given().when(_create(placement=Placement.SILO, settings=settings)).then(
        Tenant.Created(name="Acme", slug="acme", region="local", placement=Placement.SILO, settings=settings)
    )


def test_a_tenant_is_created_in_itself_alone() -> None:
    given().when(_create(id=UUID(int=99))).refused(Invalid, field="id")


@pytest.mark.parametrize("slug", ["a", "acme", "acme-2", "4-ever", "x" * 100])
def test_takes_a_slug(slug: str) -> None:
    given().when(_create(slug=slug)).then(tenant_created(slug=slug))


@pytest.mark.parametrize(
    "slug", ["", "Acme", "acme inc", "-acme", "acme-", "a--b", "a_b", "ä", "acme\n", "a.b", "x" * 101]
)
def test_refuses_what_is_no_slug(slug: str) -> None:
    given().when(_create(slug=slug)).refused(Invalid, field="slug")


OF_OTHERS = ["platform", "graphql", "www", str(TENANT), TENANT.hex]


@pytest.mark.parametrize("slug", OF_OTHERS)
def test_refuses_what_is_the_platforms_own_or_looks_like_an_id(slug: str) -> None:
    given().when(_create(slug=slug)).refused(Invalid, field="slug")
    given(CREATED).when(ChangeTenantSlug(id=TENANT, slug=slug)).refused(Invalid, field="slug")


@pytest.mark.parametrize("slug", OF_OTHERS)
def test_who_has_such_a_slug_keeps_it_and_may_go_back_to_it(slug: str) -> None:
    old = tenant_created(slug=slug)
    given(old).when(ChangeTenantSlug(id=TENANT, slug=slug)).then()
    changed = Tenant.SlugChanged(slug="acme", previous=slug)
    back = Tenant.SlugChanged(slug=slug, previous="acme")
    given(old, changed).when(ChangeTenantSlug(id=TENANT, slug=slug)).then(back)


@pytest.mark.parametrize("region", ["", "EU", "eu central", "-eu", "x" * 51])
def test_refuses_what_is_no_region(region: str) -> None:
    given().when(_create(region=region)).refused(Invalid, field="region")


@pytest.mark.parametrize("name", ["", " ", "x" * 256, "a\nb", "a\x00"])
def test_refuses_a_name_outside_the_limits(name: str) -> None:
    given().when(_create(name=name)).refused(Invalid, field="name")


def _nested(depth: int) -> dict[str, Any]:
    inner: dict[str, Any] = {}
    for _ in range(depth - 1):
        inner = {"a": inner}
    return inner


# What is around the text takes eight bytes: {"a":""}.
FITTING = [{"a": "x" * (LARGEST - 8)}, _nested(DEEPEST), {"a": 2**63 - 1}, {"ä": "🦆\n\t"}]
TOO_MUCH = [
    {"a": "x" * (LARGEST - 7)},
    {"a": "ä" * (LARGEST // 2)},
    _nested(DEEPEST + 1),
    _nested(100_000),
    {"a": 2**63},
    {"a": float("nan")},
    {"a": float("inf")},
    {"a": ["x\x00"]},
    {"a\x00": 1},
    {"a": {"b": "\ud800"}},
    {"a": object()},
]


@pytest.mark.parametrize("settings", FITTING, ids=["large", "deep", "number", "text"])
def test_takes_settings(settings: dict[str, Any]) -> None:
    given(CREATED).when(ChangeTenantSettings(id=TENANT, settings=settings)).then(
        Tenant.SettingsChanged(settings=settings)
    )


@pytest.mark.parametrize("settings", TOO_MUCH, ids=range(len(TOO_MUCH)))
def test_refuses_settings_outside_the_limits(settings: dict[str, Any]) -> None:
    given(CREATED).when(ChangeTenantSettings(id=TENANT, settings=settings)).refused(Invalid, field="settings")
    given().when(_create(settings=settings)).refused(Invalid, field="settings")


# The API hands over whatever JSON it was sent.
@pytest.mark.parametrize("settings", [[], "text", 7, [["a", 1]]])
def test_settings_are_an_object(settings: Any) -> None:
    given(CREATED).when(ChangeTenantSettings(id=TENANT, settings=settings)).refused(Invalid, field="settings")


def test_settings_as_before_record_nothing() -> None:
    history = tenant_created(settings={"a": 1})
    given(history).when(ChangeTenantSettings(id=TENANT, settings={"a": 1})).then()


def test_renames() -> None:
    given(CREATED).when(RenameTenant(id=TENANT, name=" Apex ")).then(Tenant.Renamed(name="Apex"))


def test_renaming_to_its_own_name_records_nothing() -> None:
    given(CREATED).when(RenameTenant(id=TENANT, name="Acme")).then()


CALLED = Tenant.SlugChanged(slug="apex", previous="acme")
FREE = FreeTenantSlugs(id=TENANT, slugs=("acme",))


def test_a_changed_slug_holds_the_old_one_until_it_is_freed() -> None:
    given(CREATED).when(ChangeTenantSlug(id=TENANT, slug="apex")).then(CALLED)
    tenant: Tenant = CREATED.stamped(TENANT, 1, NOON).mutate(None)
    with at(NOON):
        ChangeTenantSlug(id=TENANT, slug="apex").handle(tenant)
        claims = tenant.collect_claims()
        assert [(reserve.name, reserve.value, reserve.everywhere) for reserve in claims.reserves] == [
            (SLUG, "apex", True)
        ]
        assert claims.releases == ()
        FreeTenantSlugs(id=TENANT, slugs=("acme", "others")).handle(tenant)
    releases = tenant.collect_claims().releases
    assert [(release.name, release.value, release.everywhere) for release in releases] == [
        (SLUG, "acme", True)
    ]


def test_a_former_slug_is_freed_once_and_never_the_one_it_has() -> None:
    freed = Tenant.SlugsFreed(slugs=("acme",))
    given(CREATED, CALLED).when(FREE).then(freed)
    given(CREATED, CALLED, freed).when(FREE).then()
    back = Tenant.SlugChanged(slug="acme", previous="apex")
    given(CREATED, CALLED, back).when(FREE).then()


def test_its_own_slug_is_neither_taken_nor_given_back() -> None:
    tenant: Tenant = CREATED.stamped(TENANT, 1, NOON).mutate(None)
    ChangeTenantSlug(id=TENANT, slug="acme").handle(tenant)
    claims = tenant.collect_claims()
    assert (claims.reserves, claims.releases) == ((), ())


def test_suspends() -> None:
    given(CREATED).when(SuspendTenant(id=TENANT, reason=" Unpaid. ")).then(SUSPENDED)


def test_suspending_twice_records_nothing() -> None:
    given(CREATED, SUSPENDED).when(SuspendTenant(id=TENANT)).then()


def test_reactivates() -> None:
    given(CREATED, SUSPENDED).when(ReactivateTenant(id=TENANT)).then(Tenant.Reactivated())


def test_an_active_tenant_is_not_reactivated() -> None:
    given(CREATED).when(ReactivateTenant(id=TENANT)).refused(TenantNotSuspended, field="id")


def test_closes() -> None:
    given(CREATED, SUSPENDED).when(CloseTenant(id=TENANT)).then(CLOSED)


def test_closing_twice_records_nothing() -> None:
    given(CREATED, CLOSED).when(CloseTenant(id=TENANT)).then()


CHANGES: list[Command] = [
    RenameTenant(id=TENANT, name="Apex"),
    ChangeTenantSettings(id=TENANT, settings={"a": 1}),
    ChangeTenantSlug(id=TENANT, slug="apex"),
    SuspendTenant(id=TENANT),
    ReactivateTenant(id=TENANT),
]


@pytest.mark.parametrize("command", CHANGES, ids=lambda value: value.stored_as)
def test_a_closed_tenant_is_not_changed(command: Command) -> None:
    given(CREATED, CLOSED).when(command).refused(TenantIsClosed, field="id")


@pytest.mark.parametrize("command", [*CHANGES, CloseTenant(id=TENANT)], ids=lambda value: value.stored_as)
def test_a_tenant_that_is_not_there_is_not_changed(command: Command) -> None:
    given().when(command).refused(NotFound, field="id")


@pytest.mark.parametrize("before", [(CREATED,), (CREATED, SUSPENDED), (CREATED, CLOSED)])
def test_notes_once_where_it_was_moved_to(before: tuple[Any, ...]) -> None:
    note = NoteTenantPlacement(id=TENANT, placement=Placement.SILO)
    moved = Tenant.Moved(placement=Placement.SILO)
    given(*before).when(note).then(moved)
    given(*before, moved).when(note).then()
