"""Every object with an id is found by it, by whoever may see it and by nobody else."""

import json
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import strawberry
from graphql import GraphQLInterfaceType

from api.kit.schema.node_types import Node
from api.kit.schema.nodes import require_findable
from domain.governance.erasures import erasure_id
from tests.attacks.people import colleague
from tests.auth.people import Person, registered
from tests.campaigns.histories import nodes_of_campaigns
from tests.gateway.sending import event
from tests.kit.client import Client
from tests.kit.product import Product, running
from tests.kit.times import IN_A_YEAR
from tests.marketing.histories import nodes_of_marketing
from tests.schema.published import published
from tests.work.api import created, project

ELSEWHERE = {
    *("Anomaly", "Notification", "PatternMatch"),
    *("CampaignMetrics", "CampaignRecipient", "MarketingImport", "MarketingImportError"),
}
"""Of these, in tests/notifications, tests/detection, tests/campaigns and tests/marketing."""
PERIOD = {"tier": "team", "periodStart": "2030-01-01T00:00:00Z", "periodEnd": "2030-02-01T00:00:00Z"}


@pytest.fixture(scope="module")
async def owner(product: Product) -> Person:
    """The owner of a company with an object of every type."""
    return await registered(product)


@pytest.fixture(scope="module")
def operator(product: Product) -> Client:
    """Somebody who looks after views and who keeps no company."""
    return product.client(uuid4(), uuid4(), ["ops:views", "ops:rebuild"], role="guest")


@pytest.fixture(scope="module")
async def ids(product: Product, owner: Person, operator: Client) -> dict[str, str]:
    """The id of one object of each type; everything is folded."""
    client = owner.client
    garden = await project(client, "Garden", visibility="PRIVATE")
    task = (await created(client, projectId=garden))["id"]
    payments = product.client(client.tenant, uuid4(), {"ops:payments", "billing:read"}, role="guest")
    gone = await colleague(product, owner)
    made = {
        "Project": garden,
        "Task": task,
        "User": client.me,
        "Tenant": str(client.tenant),
        "OwnSession": owner.given["sessionId"],
        "Erasure": str(erasure_id(gone.id)),
    }
    values = {"name": "robot", "permissions": ["work:read"]}
    for kind, mutation, input, by in (
        ("Role", "CreateRole", {"name": "Gardener", "permissions": ["work:read"]}, client),
        ("Invitation", "InviteUser", {"email": f"{uuid4().hex}@example.com"}, client),
        ("ApiKey", "CreateApiKey", {**values, "expiresAt": IN_A_YEAR}, client),
        ("FeatureFlag", "AddFeatureFlag", {"featureName": "beta"}, client),
        ("TenantSubscription", "StartSubscription", PERIOD, payments),
        ("Rebuild", "RebuildViews", {"views": ["work.tags"]}, operator),
    ):
        made[kind] = str(uuid4())
        assert "position" in await by.send(mutation, input=input, commandId=made[kind]), mutation
    made |= await _of_commerce(client)
    made |= await _of_gateway(client)
    made |= await nodes_of_campaigns(client)
    made |= await nodes_of_marketing(client)
    made["Consent"] = (await client.send("GiveConsent", input={"purpose": "mail"}))["consent"]["id"]
    made["Export"] = (await client.send("RequestExport", input={}))["export"]["id"]
    last = await client.send("EraseUser", input={"subjectId": str(gone.id)})
    listed = await client.post("{ activities(first: 1) { nodes { id } } }")
    made["Activity"] = listed.json()["data"]["activities"]["nodes"][0]["id"]
    await client.send("Task", id=task, afterPosition=last["position"])
    return made


async def _of_commerce(client: Client) -> dict[str, str]:
    product = {"sku": "A-1", "name": "Apron", "price": "5.00", "currency": "EUR"}
    made = {"Product": (await client.send("CreateProduct", input=product))["product"]["id"]}
    placed = {"items": [{"productId": made["Product"], "quantity": 2}], "currency": "EUR"}
    made["Order"] = (await client.send("PlaceOrder", input=placed))["order"]["id"]
    paid = {
        "id": made["Order"],
        "paymentId": "p-1",
        "amount": "10.00",
        "currency": "EUR",
        "provider": "MANUAL",
    }
    await client.send("RecordPayment", input=paid)
    receipt = await client.send("RecordRefund", input={**paid, "refundId": "r-1"})
    order = await client.send("Order", id=made["Order"], afterPosition=receipt["position"])
    for kind, shown in (("OrderItem", "items"), ("Payment", "payments"), ("Refund", "refunds")):
        made[kind] = order[shown]["nodes"][0]["id"]
    return made


async def _of_gateway(client: Client) -> dict[str, str]:
    source = (await client.send("RegisterSource", input={"name": "Shop"}))["source"]["id"]
    keyed = await client.send("IssueSourceKey", input={"id": source, "name": "first"})
    made = {"Source": source, "SourceKey": keyed["source"]["keys"]["nodes"][0]["id"]}
    schema = {"eventType": "order.created", "schema": {"type": "object"}}
    made["EventSchema"] = (await client.send("RegisterSchema", input=schema))["eventSchema"]["id"]
    versions = (await client.send("EventSchema", id=made["EventSchema"]))["versions"]["nodes"]
    made["SchemaVersion"] = versions[0]["id"]
    sent = {"sourceId": source, "events": [event(userId="u-1"), event(eventId="x")]}
    receipt = await client.send("IngestEvents", input=sent)
    made["DeadLetter"] = receipt["results"][1]["letterId"]
    events = await client.send("OutsideEvents", afterPosition=receipt["position"])
    made["OutsideEvent"] = events["edges"][0]["node"]["id"]
    after = receipt["position"]
    for kind, operation in (
        ("EventCount", "EventCounts"),
        ("OutsideEntity", "OutsideEntities"),
        ("SourceQuality", "SourceQuality"),
        ("ViolationCount", "ViolationCounts"),
    ):
        listed = await client.send(operation, afterPosition=after)
        made[kind] = listed["edges"][0]["node"]["id"]
    called = {"name": "Shop", "url": "https://shop.example.com/hook", "types": ["work.task.created"]}
    file = await client.http.post(
        "/v1/files", content=json.dumps(event()), headers={"authorization": f"Bearer {client.token}"}
    )
    read = {"fileId": file.json()["id"], "sourceId": source, "format": "NDJSON"}
    made["Import"] = (await client.send("StartImport", input=read))["import"]["id"]
    made["ReplayJob"] = (await client.send("StartReplayJob", input={}))["replayJob"]["id"]
    written = {"sourceId": source, "since": "2020-01-01T00:00:00Z", "format": "CSV"}
    made["EventExport"] = (await client.send("StartEventExport", input=written))["eventExport"]["id"]
    pulled = {
        **{"name": "CRM", "sourceId": source, "url": "https://crm.example.com/contacts"},
        **{"mode": "FULL", "pagination": "LINK", "eventType": "contact.changed"},
    }
    made["Connector"] = (await client.send("RegisterConnector", input=pulled))["connector"]["id"]
    made["Webhook"] = (await client.send("RegisterWebhook", input=called))["webhook"]["id"]
    counted = {
        "name": "Twice",
        "kind": "COUNT",
        "eventTypes": ["order.created"],
        "windowSeconds": 60,
        "least": 2,
    }
    made["EventPattern"] = (await client.send("DefineEventPattern", input=counted))["eventPattern"]["id"]
    watched = {"name": "Orders", "eventType": "order.created"}
    made["AnomalyWatch"] = (await client.send("DefineAnomalyWatch", input=watched))["anomalyWatch"]["id"]
    return made


async def _kinds(client: Client, ids: list[str]) -> list[str | None]:
    """The types of the objects with these ids, as the client is answered."""
    found = await client.send("Nodes", ids=ids)
    assert [one and one["id"] for one in found] == [
        id if one else None for id, one in zip(ids, found, strict=True)
    ]
    return [one and one["__typename"] for one in found]


async def test_finds_an_object_of_every_type_in_the_order_of_the_ids(
    ids: dict[str, str], owner: Person, operator: Client
) -> None:
    node = published().type_map["Node"]
    assert isinstance(node, GraphQLInterfaceType)
    nodes = {kind.name for kind in published().get_implementations(node).objects}
    assert nodes == {*ids, *ELSEWHERE}
    ours = [kind for kind in sorted(ids) if kind != "Rebuild"]
    assert await _kinds(owner.client, [ids[kind] for kind in ours]) == ours
    assert await _kinds(owner.client, [ids[kind] for kind in reversed(ours)]) == ours[::-1]
    assert await _kinds(operator, [ids["Rebuild"]]) == ["Rebuild"]
    for kind in ours:
        assert (await owner.client.send("Node", id=ids[kind]))["__typename"] == kind


async def test_finds_nothing_of_another_tenant(product: Product, ids: dict[str, str]) -> None:
    eve = await registered(product)
    assert await _kinds(eve.client, list(ids.values())) == [None] * len(ids)
    assert await _kinds(product.client(UUID(int=7), eve.id), list(ids.values())) == [None] * len(ids)


async def test_who_may_see_less_finds_less(product: Product, ids: dict[str, str], owner: Person) -> None:
    guest = await colleague(product, owner, role="GUEST")
    seen = dict(zip(ids, await _kinds(guest.client, list(ids.values())), strict=True))
    # The work is private; consent, export and sessions are somebody else's.
    assert {kind for kind, found in seen.items() if found} <= {
        "User",
        "Tenant",
        "Role",
        "FeatureFlag",
        "Product",
    }
    assert seen["User"] == "User"


async def test_gives_null_in_place_of_each_that_is_not_there(ids: dict[str, str], owner: Person) -> None:
    nobodys = str(uuid4())
    asked = [nobodys, ids["Task"], nobodys, ids["Task"], ids["Rebuild"]]
    assert await _kinds(owner.client, asked) == [None, "Task", None, "Task", None]
    assert await _kinds(owner.client, []) == []


async def test_many_are_looked_up_at_once(product: Product, ids: dict[str, str], owner: Person) -> None:
    tasks = [(await created(owner.client))["id"] for _ in range(20)]
    counts = []
    for some in (tasks[:2], tasks):
        ask = partial(_kinds, owner.client, some)
        assert await ask() == ["Task"] * len(some)
        counts.append(len(await product.statements_of(ask)))
    assert counts[0] == counts[1]


async def test_takes_a_hundred_ids_and_counts_what_they_cost(owner: Person) -> None:
    many = [str(uuid4()) for _ in range(101)]
    assert await _kinds(owner.client, many[:100]) == [None] * 100
    assert await owner.client.error("Nodes", ids=many) == ("BAD_USER_INPUT", "Give at most 100 ids, not 101.")
    deep = "{ nodes(ids: $ids) { ... on Project { members(first: 100) { nodes { user { id name } } } } } }"
    body = (await owner.client.post(f"query($ids: [ID!]!) {deep}", {"ids": many[:100]})).json()
    assert body["errors"][0]["extensions"]["code"] == "COST_EXCEEDED"


async def _asked(client: Client, id: str, *, header: str | None = None, extension: object = None) -> Any:
    headers = {"authorization": f"Bearer {client.token}"}
    if header is not None:
        headers["Headwater-After-Position"] = header
    body = {"query": "query($id: ID!) { node(id: $id) { id } }", "variables": {"id": id}}
    if extension is not None:
        body["extensions"] = {"afterPosition": extension}
    return (await client.http.post("/graphql", json=body, headers=headers)).json()


async def test_reads_ones_own_write_by_header_or_extension(client: Client) -> None:
    for number in range(10):
        input = {"email": f"ben.{uuid4().hex}@example.com", "firstName": "Ben"}
        receipt = await client.send("RegisterUser", input=input)
        id, by = receipt["commandId"], ("header", "extension")[number % 2]
        answer = await _asked(client, id, **{by: receipt["position"]})
        assert answer["data"] == {"node": {"id": id}}


async def test_says_that_an_answer_is_stale_to_who_asks_by_header(product: Product, client: Client) -> None:
    await product.worker.pause()
    try:
        async with (
            running(replace(product.settings, after_wait_ms=100)) as url,
            httpx.AsyncClient(base_url=url, timeout=120) as http,
        ):
            hasty = replace(client, http=http)
            input = {"email": f"ben.{uuid4().hex}@example.com", "firstName": "Ben"}
            receipt = await hasty.send("RegisterUser", input=input)
            answer = await _asked(hasty, receipt["commandId"], header=receipt["position"])
            assert (answer["data"], answer["extensions"]["stale"]) == ({"node": None}, True)
    finally:
        await product.worker.start()


@pytest.mark.parametrize("wrong", ["", "x", "-1", "1.5", "9" * 30, "٣"])
async def test_refuses_what_is_no_position(client: Client, wrong: str) -> None:
    answer = await _asked(client, client.me, extension=wrong)
    assert answer["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


async def test_refuses_a_position_that_the_log_has_not_reached(client: Client) -> None:
    for by in ("header", "extension"):
        answer = await _asked(client, client.me, **{by: str(2**62)})
        assert answer["errors"][0]["extensions"]["code"] == "POSITION_IN_FUTURE"


def test_a_type_that_nobody_finds_makes_no_schema() -> None:
    @strawberry.type
    class Stray(Node):
        pass

    @strawberry.type
    class Query:
        stray: Stray

    with pytest.raises(TypeError, match="Nobody says how a Stray is found"):
        require_findable(strawberry.Schema(query=Query)._schema)


def test_a_type_with_an_id_is_a_node() -> None:
    @strawberry.type
    class Stray:
        id: int

    @strawberry.type
    class Query:
        stray: Stray

    with pytest.raises(TypeError, match="Stray has an id and is no Node"):
        require_findable(strawberry.Schema(query=Query)._schema)
