"""Subscription and invoices through the API."""

from typing import Any
from uuid import uuid4

import pytest
from strawberry.types import get_object_definition

from api.kit.execution.access import Access
from api.kit.schema.commands import camel
from api.schema import schema
from api.tenancy.subscriptions import Mutation
from tests.kit.client import Client
from tests.kit.product import Product
from tests.tenants.companies import Companies
from tests.work.api import refused

JANUARY, FEBRUARY, MARCH = (f"2030-0{month}-01T00:00:00Z" for month in (1, 2, 3))
PERIOD = {"periodStart": JANUARY, "periodEnd": FEBRUARY}


async def _started(payments: Client, **input: object) -> Any:
    receipt = await payments.send("StartSubscription", input={"tier": "team", **PERIOD, **input})
    assert "subscription" in receipt, receipt
    return receipt["subscription"]


@pytest.fixture
def payments(product: Product, client: Client) -> Client:
    """The payment service, as it acts for the client's tenant."""
    return product.client(client.tenant, uuid4(), {"ops:payments", "billing:read"}, role="guest")


def _invoice(subscription: Any, number: str = "2030-1", amount: object = "19.90") -> dict[str, Any]:
    return {
        "id": subscription["id"],
        "number": number,
        "amount": amount,
        "currency": "EUR",
        "dueAt": FEBRUARY,
    }


async def test_starts(client: Client, payments: Client) -> None:
    assert await client.send("TenantSubscription") is None
    subscription = await _started(payments)
    assert subscription == {
        "id": subscription["id"],
        "tier": "team",
        "status": "ACTIVE",
        **PERIOD,
        "startedAt": subscription["startedAt"],
        "cancelledAt": None,
    }
    assert await client.send("TenantSubscription") == subscription


async def test_one_runs_at_a_time(client: Client, payments: Client) -> None:
    first = await _started(payments)
    answer = await payments.send("StartSubscription", input={"tier": "company", **PERIOD})
    said = "A subscription runs already; another one may start once it is cancelled."
    assert answer == refused("already_subscribed", "id", said)
    await client.send("CancelSubscription", input={"id": first["id"]})
    assert (await client.send("TenantSubscription"))["status"] == "CANCELLED"
    second = await _started(payments, tier="company")
    assert await client.send("TenantSubscription") == second


async def test_goes_from_trial_to_debt_to_paid(client: Client, payments: Client) -> None:
    subscription = await _started(payments, trial=True)
    invoice = _invoice(subscription)
    settle = {"id": subscription["id"], "number": invoice["number"]}
    statuses = [subscription["status"]]
    for mutation, input in (
        ("RenewPeriod", {"id": subscription["id"], "periodEnd": MARCH}),
        ("IssueInvoice", invoice),
        ("MarkInvoiceOverdue", settle),
        ("PayInvoice", {**settle, "payment": "pay_1"}),
    ):
        receipt = await payments.send(mutation, input=input)
        assert "position" in receipt, receipt
        statuses.append((await client.send("TenantSubscription"))["status"])
    assert statuses == ["TRIALING", "ACTIVE", "ACTIVE", "PAST_DUE", "ACTIVE"]
    assert (await client.send("TenantSubscription"))["periodEnd"] == MARCH


async def test_a_payment_pays_one_invoice_of_a_tenant(client: Client, payments: Client) -> None:
    for number in ("2030-1", "2030-2"):
        subscription = await _started(payments)
        await payments.send("IssueInvoice", input=_invoice(subscription, number))
        pay = {"id": subscription["id"], "number": number, "payment": "pay_1"}
        answer = await payments.send("PayInvoice", input=pay)
        if number == "2030-1":
            assert "position" in answer, answer
            await client.send("CancelSubscription", input={"id": subscription["id"]})
    assert answer == refused("already_taken", "payment", "Payment is already in use.")


async def test_amounts_stay_exact(client: Client, payments: Client) -> None:
    subscription, position = await _started(payments), "0"
    amounts = ["0.10", "19.90", "999999999999.99", "7.00"]
    for number, amount in enumerate(amounts):
        receipt = await payments.send("IssueInvoice", input=_invoice(subscription, str(number), amount))
        position = receipt["position"]
    for as_of in (None, {"position": position}):
        listed = await client.send("Invoices", asOf=as_of)
        assert {edge["node"]["number"]: edge["node"]["amount"] for edge in listed["edges"]} == {
            str(number): amount for number, amount in enumerate(amounts)
        }


async def test_invoices_are_listed_and_filtered(client: Client, payments: Client) -> None:
    subscription = await _started(payments)
    for number in ("1", "2"):
        await payments.send("IssueInvoice", input=_invoice(subscription, number))
    await payments.send("VoidInvoice", input={"id": subscription["id"], "number": "1"})
    listed = await client.send("Invoices", filter={"status": {"in": ["VOID"]}})
    [edge] = listed["edges"]
    assert edge["node"] == {
        "number": "1",
        "subscriptionId": subscription["id"],
        "amount": "19.90",
        "refundedAmount": "0.00",
        "currency": "EUR",
        "status": "VOID",
        "issuedAt": edge["node"]["issuedAt"],
        "dueAt": FEBRUARY,
        "settledAt": edge["node"]["settledAt"],
    }
    assert listed["totalCount"] == 1
    assert (await client.send("Invoices"))["totalCount"] == 2


async def test_a_number_is_used_once_in_a_tenant(client: Client, payments: Client) -> None:
    first = await _started(payments)
    await payments.send("IssueInvoice", input=_invoice(first))
    await client.send("CancelSubscription", input={"id": first["id"]})
    second = await _started(payments)
    answer = await payments.send("IssueInvoice", input=_invoice(second))
    assert answer == refused("already_taken", "number", "Number is already in use.")


@pytest.mark.parametrize("amount", ["NaN", "1e3", "Infinity", 1.5, "9" * 41])
async def test_what_is_no_decimal_is_no_input(client: Client, payments: Client, amount: object) -> None:
    subscription = await _started(payments)
    code, message = await payments.error("IssueInvoice", input=_invoice(subscription, amount=amount))
    assert code == "BAD_USER_INPUT"
    assert "A decimal is a text such as 12.50" in message


@pytest.mark.parametrize("amount", ["-1", "1000000000000", "0.001"])
async def test_what_is_no_amount_is_refused(client: Client, payments: Client, amount: str) -> None:
    subscription = await _started(payments)
    answer = await payments.send("IssueInvoice", input=_invoice(subscription, amount=amount))
    assert (answer["code"], answer["field"]) == ("invalid", "amount")


async def test_another_tenants_billing_is_neither_seen_nor_changed(
    companies: Companies, client: Client, payments: Client
) -> None:
    subscription = await _started(payments)
    await payments.send("IssueInvoice", input=_invoice(subscription))
    other = await companies.founded()
    assert await other.send("TenantSubscription") is None
    assert (await other.send("Invoices"))["edges"] == []
    answer = await other.send("CancelSubscription", input={"id": subscription["id"]})
    assert answer == refused("not_found", "id", "There is no such subscription.")


@pytest.mark.parametrize("role", ["owner", "admin", "member", "guest"])
async def test_nobody_in_a_tenant_says_what_it_has_bought_or_paid(
    product: Product, client: Client, payments: Client, role: str
) -> None:
    subscription = await _started(payments)
    await payments.send("IssueInvoice", input=_invoice(subscription))
    settle = {"id": subscription["id"], "number": "2030-1"}
    someone = product.client(client.tenant, uuid4(), role=role)
    for mutation, input in (
        ("StartSubscription", {"tier": "enterprise", **PERIOD}),
        ("ChangeTier", {"id": subscription["id"], "tier": "enterprise"}),
        ("RenewPeriod", {"id": subscription["id"], "periodEnd": MARCH}),
        ("IssueInvoice", _invoice(subscription, "2030-2")),
        ("MarkInvoiceOverdue", settle),
        ("PayInvoice", settle),
        ("RecordInvoiceRefund", {**settle, "payment": "a", "refund": "b", "amount": "1", "currency": "EUR"}),
        ("VoidInvoice", settle),
    ):
        assert (await someone.error(mutation, input=input))[0] == "FORBIDDEN", mutation
    assert await client.send("TenantSubscription") == subscription
    [edge] = (await client.send("Invoices"))["edges"]
    assert (edge["node"]["number"], edge["node"]["status"]) == ("2030-1", "ISSUED")


def test_a_tenant_says_of_its_subscription_only_that_it_ends() -> None:
    needs = Access(schema._schema).by_field
    own = {field.python_name for field in get_object_definition(Mutation, strict=True).fields}
    assert {name for name in own if not str(needs["Mutation", camel(name)]).startswith("ops:")} == {
        "cancel_subscription"
    }


@pytest.mark.parametrize("role", ["admin", "member", "guest"])
async def test_owners_alone_cancel(product: Product, client: Client, payments: Client, role: str) -> None:
    subscription = await _started(payments)
    someone = product.client(client.tenant, uuid4(), role=role)
    code, _ = await someone.error("CancelSubscription", input={"id": subscription["id"]})
    assert code == "FORBIDDEN"
    assert "position" in await client.send("CancelSubscription", input={"id": subscription["id"]})


async def test_the_tenant_shows_the_tier_now_and_in_the_past(client: Client, payments: Client) -> None:
    async def tier(**more: Any) -> str | None:
        shown: str | None = (await client.send("Tenant", **more))["subscriptionTier"]
        return shown

    assert await tier() is None
    subscription = await _started(payments)
    assert await tier() == "team"
    change = {"id": subscription["id"], "tier": "company"}
    position = (await payments.send("ChangeTier", input=change))["position"]
    assert await tier() == "company"
    await client.send("CancelSubscription", input={"id": subscription["id"]})
    assert await tier() is None
    assert await tier(asOf={"position": position}) == "company"
    await _started(payments, tier="solo")
    assert await tier() == "solo"


async def test_changes_its_tier(client: Client, payments: Client) -> None:
    subscription = await _started(payments)
    await payments.send("ChangeTier", input={"id": subscription["id"], "tier": "company"})
    assert (await client.send("TenantSubscription"))["tier"] == "company"
