"""Every operation is on record, and who may read the audit reads it."""

import asyncio
import base64
import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from graphql import get_named_type, is_leaf_type

from api.schema import schema
from app.audit.access_writer import recording
from app.storage.database import Database
from tests.audit.accesses import access
from tests.kit.client import Client
from tests.kit.product import Product
from tests.work.api import created


async def accesses(auditor: Client, *operations: str, **wanted: object) -> list[dict[str, Any]]:
    """The accesses once these operations are among them; they are written a moment after the answer."""
    while True:
        page = await auditor.send("Accesses", first=100, filter=wanted)
        nodes: list[dict[str, Any]] = page["nodes"]
        if {*operations} <= {node["operation"] for node in nodes}:
            return nodes


async def test_a_read_is_on_record_with_what_was_shown(product: Product) -> None:
    client = await product.newcomer("Ada")
    auditor = product.client(client.tenant, uuid4(), ["audit:read"])
    task = await created(client, "Dig", description="Deep.")
    await client.send("Task", id=task["id"])
    nodes = await accesses(auditor, "Task", userId={"eq": client.me})
    read = next(node for node in nodes if node["operation"] == "Task")
    assert (read["userId"], read["rootFields"], read["outcome"]) == (client.me, ["task"], "DONE")
    assert {"Task.title", "Task.description"} <= {*read["fields"]}
    assert read["correlationId"]


async def test_what_another_version_wrote_is_null_where_this_one_does_not_know_it(product: Product) -> None:
    client = await product.newcomer("Ada")
    auditor = product.client(client.tenant, uuid4(), ["audit:read"])
    written = access(
        client.tenant, operation="Robots", kind="robot", outcome="pondered", at=datetime.now(UTC)
    )
    database = await Database.open(
        product.settings.database_url, secret=product.settings.secret, writers=1, readers=1
    )
    async with recording(database.writer) as writer:
        writer.note(written)
    await database.close()
    node = next(node for node in await accesses(auditor, "Robots") if node["operation"] == "Robots")
    assert (node["kind"], node["outcome"], node["rootFields"]) == (None, None, ["task"])


@pytest.mark.parametrize(
    "read",
    [
        "__schema { types { name } }",
        '__type(name: "Task") { name }',
        "__typename",
        "...on Query { __typename }",
    ],
    ids=["schema", "type", "typename", "fragment"],
)
async def test_asking_for_the_schema_is_not_on_record_unless_data_is_read_as_well(
    product: Product, read: str
) -> None:
    client = await product.newcomer("Ada")
    auditor = product.client(client.tenant, uuid4(), ["audit:read"])
    for document in (f"query Schema {{ {read} }}", f"query Mixed {{ {read} me {{ id }} }}"):
        assert "errors" not in (await client.post(document)).json()
    nodes = await accesses(auditor, "Mixed", userId={"eq": client.me})
    assert "Schema" not in {node["operation"] for node in nodes}
    mixed = next(node for node in nodes if node["operation"] == "Mixed")
    assert "me" in mixed["rootFields"]
    assert any(field.endswith(".id") for field in mixed["fields"])


async def test_it_is_on_record_whose_data_was_read(product: Product) -> None:
    client = await product.newcomer("Ada")
    auditor = product.client(client.tenant, uuid4(), ["audit:read"])
    await client.send("User", id=client.me)
    nodes = await accesses(auditor, "User", subjects={"contains": [client.me]})
    assert {node["operation"] for node in nodes} >= {"User"}
    assert all(client.me in node["subjects"] for node in nodes)


_USER: Any = schema._schema.type_map["User"]
_SHOWN = [
    name for name, field in _USER.fields.items() if is_leaf_type(get_named_type(field.type)) and name != "id"
]


@pytest.mark.parametrize("name", _SHOWN)
async def test_a_list_of_users_names_each_of_them_whatever_is_shown(
    client: Client, product: Product, name: str
) -> None:
    eve = await product.newcomer("Eve", tenant=client.tenant)
    auditor = product.client(client.tenant, uuid4(), ["audit:read"])
    operation = f"Users{name}"
    answer = (await client.post(f"query {operation} {{ users {{ nodes {{ {name} }} }} }}")).json()
    assert len(answer["data"]["users"]["nodes"]) == 2
    nodes = await accesses(auditor, operation, userId={"eq": client.me})
    listed = next(node for node in nodes if node["operation"] == operation)
    assert {*listed["subjects"]} == {client.me, eve.me}


async def test_changes_are_on_record_too(product: Product) -> None:
    client = await product.newcomer("Eve")
    auditor = product.client(client.tenant, uuid4(), ["audit:read"])
    task = await created(client, "Sow")
    await client.send("CompleteTask", input={"id": task["id"]})
    nodes = await accesses(auditor, "CreateTask", "CompleteTask", userId={"eq": client.me})
    assert {node["outcome"] for node in nodes} == {"DONE"}


async def test_reading_the_audit_is_itself_on_record(product: Product) -> None:
    auditor = product.client(uuid4(), uuid4(), ["audit:read"])
    assert await accesses(auditor) == []
    (node,) = (await accesses(auditor, "Accesses"))[-1:]
    assert (node["userId"], node["rootFields"]) == (auditor.me, ["accesses"])


async def test_pages_go_on_to_the_end(product: Product) -> None:
    auditor = product.client(uuid4(), uuid4(), ["audit:read"])
    for _ in range(3):
        await auditor.send("Accesses", first=1)
    async with asyncio.timeout(120):
        while len((await auditor.send("Accesses", first=3))["nodes"]) < 3:
            pass
    seen: list[str] = []
    after = None
    for _ in range(3):
        page = await auditor.send(
            "Accesses", first=1, after=after, filter={"at": {"lt": "2999-01-01T00:00:00Z"}}
        )
        seen += [node["at"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == 3


async def test_a_page_of_nothing_says_where_it_stands(product: Product) -> None:
    client = await product.newcomer("Ada")
    auditor = product.client(client.tenant, uuid4(), ["audit:read"])
    await client.send("User", id=client.me)
    await accesses(auditor, "User")
    nothing = (await auditor.send("Accesses", first=0))["pageInfo"]
    assert nothing["hasNextPage"]
    assert (await auditor.send("Accesses", first=1, after=nothing["endCursor"]))["nodes"]


async def test_nobody_without_the_permission_and_no_other_tenant_reads_it(product: Product) -> None:
    client = product.client(uuid4(), uuid4(), role="member")
    other = product.client(uuid4(), uuid4(), ["audit:read"])
    code, _ = await client.error("Accesses", first=1)
    assert code == "FORBIDDEN"
    found = await accesses(other, "Accesses")
    assert {node["userId"] for node in found} == {other.me}


async def test_a_cursor_of_nobodys_is_refused(product: Product) -> None:
    auditor = product.client(uuid4(), uuid4(), ["audit:read"])
    for cursor in ("x", "bm8", "é"):
        code, message = await auditor.error("Accesses", first=1, after=cursor)
        assert (code, message) == ("BAD_CURSOR", "This cursor was not given out for this list.")


async def test_a_name_of_an_operation_is_cut(product: Product) -> None:
    """Clients make it up, and what is on record is kept for years."""
    client = await product.newcomer("Eve")
    auditor = product.client(client.tenant, uuid4(), ["audit:read"])
    await client.post(f"query {'N' * 50_000} {{ me {{ id }} }}")
    nodes = await accesses(auditor, "N" * 100, userId={"eq": client.me})
    assert max(len(node["operation"]) for node in nodes) == 100


@pytest.mark.parametrize(
    "place",
    [
        ["2026-01-01T00:00:00Z", 10**20],
        ["2026-01-01T00:00:00Z", 2**63],
        ["2026-01-01T00:00:00Z", -1],
        ["9999-12-31T23:59:59-05:00", 1],
        ["0001-01-01T00:00:00+14:00", 1],
        ["2026-01-01T00:00:00", 1],
        ["2026-01-01T00:00:00Z", 1.5],
        ["2026-01-01T00:00:00Z"],
    ],
    ids=str,
)
async def test_a_place_that_nobody_gave_out_is_no_cursor(product: Product, place: list[object]) -> None:
    auditor = product.client(uuid4(), uuid4(), ["audit:read"])
    cursor = base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")
    code, _ = await auditor.error("Accesses", after=cursor)
    assert code == "BAD_CURSOR"
