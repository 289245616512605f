"""The views of tenancy as pure folds."""

from decimal import Decimal
from uuid import UUID

import pytest

from domain.identity.users import User
from domain.kit.context.entities import Entity
from domain.kit.scenario import NOON, on
from domain.kit.tenants import Placement
from domain.tenancy.flags import FeatureFlag
from domain.tenancy.subscriptions import InvoiceStatus, Subscription, SubscriptionStatus
from domain.tenancy.tenants import Tenant, TenantStatus
from domain.work.projects import Project
from domain.work.tasks import Task
from projections.tenancy.entity_index import EntityIndex, EntityRow
from projections.tenancy.entity_keys import CONFIG, EntityKey
from projections.tenancy.flags import FeatureFlags, FlagTags
from projections.tenancy.subscriptions import InvoiceRow, Invoices, Subscriptions
from projections.tenancy.tenants import TenantRow, Tenants
from tests.kit.folding import folded
from tests.tenants.histories import (
    FEBRUARY,
    FLAG,
    JANUARY,
    MARCH,
    SUBSCRIPTION,
    TENANT,
    flag_added,
    invoiced,
    overdue,
    paid,
    started,
    tenant_created,
)
from tests.work.histories import COMPLETED, PROJECT, TASK, project_created, task_created

ANNA = UUID("00000000-0000-7000-8000-00000000000d")
REGISTERED = User.Registered(email="anna@example.com", first_name="Anna")


def test_a_tenant_shows_what_it_subscribes_to() -> None:
    changed = Subscription.TierChanged(tier="company", previous="team")
    created = on(TENANT, tenant_created())
    (row,) = folded(Tenants(), created, on(SUBSCRIPTION, started(), changed)).values()
    assert row.subscription_tier == "company"
    ended = on(SUBSCRIPTION, started(), changed, Subscription.Cancelled())
    (row,) = folded(Tenants(), created, ended).values()
    assert row.subscription_tier is None
    assert folded(Tenants(), on(SUBSCRIPTION, started())) == {}


def test_a_tenant_is_as_its_events_made_it() -> None:
    history = (
        tenant_created(settings={"a": 1}),
        Tenant.Renamed(name="Apex"),
        Tenant.SettingsChanged(settings={"b": 2}),
        Tenant.SlugChanged(slug="apex", previous="acme"),
    )
    assert folded(Tenants(), on(TENANT, *history)) == {
        (TENANT,): TenantRow(
            id=TENANT,
            name="Apex",
            slug="apex",
            settings={"b": 2},
            region="local",
            placement=Placement.POOLED,
            status=TenantStatus.ACTIVE,
            created_at=NOON,
            updated_at=NOON,
        )
    }


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ((Tenant.Suspended(),), "suspended"),
        ((Tenant.Suspended(), Tenant.Reactivated()), "active"),
        ((Tenant.Suspended(), Tenant.Closed()), "closed"),
    ],
)
def test_table_and_index_agree_on_a_tenants_status(events: tuple[Tenant.Suspended, ...], status: str) -> None:
    history = on(TENANT, tenant_created(), *events)
    [row] = folded(Tenants(), history).values()
    [entry] = folded(EntityIndex(), history).values()
    assert (row.status, entry.status) == (status, status)


def test_table_and_index_agree_on_where_a_tenant_is() -> None:
    history = on(TENANT, tenant_created(), Tenant.Moved(placement=Placement.SILO))
    [row] = folded(Tenants(), history).values()
    [entry] = folded(EntityIndex(), history).values()
    assert (row.placement, entry.data["placement"]) == (Placement.SILO, "silo")


def test_a_removed_flag_leaves_no_row() -> None:
    added = flag_added()
    removed = FeatureFlag.Removed(feature_name=added.feature_name)
    assert folded(FeatureFlags(), on(FLAG, added, removed)) == {}


def test_every_event_of_a_flag_makes_its_cached_answer_old() -> None:
    name = flag_added().feature_name
    events = (
        flag_added(),
        FeatureFlag.Changed(feature_name=name, enabled=False, config={}),
        FeatureFlag.Removed(feature_name=name),
    )
    assert {type(event) for event in events} == set(FeatureFlag.events)
    for count in (1, 2, 3):
        markers = folded(FlagTags(), on(FLAG, *events[:count]))
        assert {key: marker.position for key, marker in markers.items()} == {(f"flag:{name}",): count}


def test_a_subscription_is_as_its_events_made_it() -> None:
    renewed = Subscription.Renewed(period_start=FEBRUARY, period_end=MARCH, status=SubscriptionStatus.ACTIVE)
    history = (
        started(status=SubscriptionStatus.TRIALING),
        renewed,
        Subscription.TierChanged(tier="company", previous="team"),
        invoiced(),
        overdue(),
    )
    [row] = folded(Subscriptions(), on(SUBSCRIPTION, *history)).values()
    assert (row.tier, row.status) == ("company", SubscriptionStatus.PAST_DUE)
    assert (row.period_start, row.period_end, row.cancelled_at) == (FEBRUARY, MARCH, None)
    [row] = folded(Subscriptions(), on(SUBSCRIPTION, *history, Subscription.Cancelled())).values()
    assert (row.status, row.cancelled_at) == (SubscriptionStatus.CANCELLED, NOON)


def test_invoices_stand_each_for_itself() -> None:
    history = (started(), invoiced("1"), invoiced("2", amount="0.30"), overdue("1"), paid("2"))
    issued = InvoiceRow(
        number="1",
        subscription_id=SUBSCRIPTION,
        amount=Decimal("19.90"),
        currency="EUR",
        status=InvoiceStatus.OVERDUE,
        issued_at=NOON,
        due_at=FEBRUARY,
    )
    found = folded(Invoices(), on(SUBSCRIPTION, *history))
    assert found[("1",)] == issued
    assert (found[("2",)].amount, found[("2",)].status) == (Decimal("0.30"), InvoiceStatus.PAID)
    assert found[("2",)].settled_at == NOON


def test_the_index_holds_one_row_for_each_entity() -> None:
    found = folded(
        EntityIndex(),
        on(TENANT, tenant_created()),
        on(ANNA, REGISTERED),
        on(PROJECT, project_created(), Project.MemberAdded(user_id=ANNA), Project.Archived()),
        on(TASK, task_created(), COMPLETED),
        on(FLAG, flag_added(enabled=False)),
        on(SUBSCRIPTION, started()),
    )
    assert {key: (row.entity_id, row.status, row.data) for (key,), row in found.items()} == {
        "CONFIG": (
            TENANT,
            "active",
            {"name": "Acme", "slug": "acme", "region": "local", "placement": "pooled", "settings": {}},
        ),
        f"USER#{ANNA}": (ANNA, "active", {"role": "member"}),
        f"PROJECT#{PROJECT}": (
            PROJECT,
            "archived",
            {"name": "Website", "visibility": "public", "owner_id": str(UUID(int=2))},
        ),
        f"TASK#{TASK}": (TASK, "completed", {"title": "Write", "project_id": None}),
        f"FEATURE_FLAG#{FLAG}": (FLAG, "active", {"feature_name": "search.highlights", "enabled": False}),
        f"SUBSCRIPTION#{SUBSCRIPTION}": (
            SUBSCRIPTION,
            "active",
            {"tier": "team", "period_end": FEBRUARY.isoformat().replace("+00:00", "Z")},
        ),
    }
    assert all(row.sk == key for (key,), row in found.items())


def test_the_index_holds_nothing_of_a_person() -> None:
    [row] = folded(EntityIndex(), on(ANNA, REGISTERED)).values()
    assert row == EntityRow(
        sk=f"USER#{ANNA}",
        entity_type="USER",
        entity_id=ANNA,
        status="active",
        created_at=NOON,
        updated_at=NOON,
        data={"role": "member"},
    )


@pytest.mark.parametrize(("aggregate", "name"), [(User, "email"), (Task, "description")])
def test_a_kind_with_personal_or_confidential_data_is_not_taken(
    aggregate: type[User] | type[Task], name: str
) -> None:
    with pytest.raises(TypeError, match=rf"{name} may not stand in the entity index"):
        Entity(kind="TOY", aggregate=aggregate, needs="tenant:read", data=(name,))


def test_the_first_period_is_the_one_it_was_started_with() -> None:
    [row] = folded(Subscriptions(), on(SUBSCRIPTION, started())).values()
    assert (row.period_start, row.period_end) == (JANUARY, FEBRUARY)


def test_a_kind_that_no_key_can_name_is_not_taken() -> None:
    with pytest.raises(ValueError, match="type of an entity"):
        Entity(kind="toy", aggregate=Task, needs="tenant:read")


def test_every_row_of_the_index_lies_where_its_key_says() -> None:
    for entity, first in (("CONFIG", tenant_created()), ("USER", REGISTERED), ("FEATURE_FLAG", flag_added())):
        id = TENANT if entity == CONFIG else ANNA
        assert {key for (key,) in folded(EntityIndex(), on(id, first))} == {EntityKey(TENANT, entity, id).sk}
