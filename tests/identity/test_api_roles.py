"""Roles, invitations and API keys through the API."""

import hashlib
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from app.mail.mailed_tokens import INVITE, MailedTokens, hash_of
from tests.identity.asking import colleague, done, refusal
from tests.kit.client import Client
from tests.kit.product import Product
from tests.kit.times import IN_A_YEAR


async def test_a_role_is_made_changed_granted_withdrawn_and_deleted(client: Client, product: Product) -> None:
    eve = await colleague(product, client, "guest")
    receipt = await done(client, "CreateRole", name="Reader", permissions=["work:read", "audit:read"])
    role = receipt["role"]
    assert role == {
        "id": receipt["commandId"],
        "name": "Reader",
        "permissions": ["audit:read", "work:read"],
        "createdAt": role["createdAt"],
        "updatedAt": role["createdAt"],
    }
    person = (await done(client, "GrantRole", id=eve.me, roleId=role["id"]))["user"]
    assert [granted["role"] for granted in person["roles"]["nodes"]] == [role]
    changed = (await done(client, "ChangeRole", id=role["id"], name="Auditor", permissions=["audit:read"]))[
        "role"
    ]
    assert (changed["name"], changed["permissions"]) == ("Auditor", ["audit:read"])
    listed = await client.send("Roles")
    assert [edge["node"] for edge in listed["edges"]] == [changed]
    person = (await done(client, "WithdrawRole", id=eve.me, roleId=role["id"]))["user"]
    assert person["roles"] == {"nodes": []}
    assert (await done(client, "DeleteRole", id=role["id"]))["role"] is None
    assert (await client.send("Roles"))["edges"] == []


async def test_nobody_has_a_role_that_was_deleted(client: Client, product: Product) -> None:
    eve = await colleague(product, client, "guest")
    kept, gone = [
        (await done(client, "CreateRole", name=name, permissions=["audit:read"]))["role"]["id"]
        for name in ("Kept", "Gone")
    ]
    for role in (kept, gone):
        granted = await done(client, "GrantRole", id=eve.me, roleId=role)
    await done(client, "DeleteRole", id=gone)
    document = """query($id: ID!, $asOf: AsOf) {
      user(id: $id, asOf: $asOf) { roles { totalCount nodes { role { id } } } }
    }"""

    async def roles(**given: object) -> Any:
        return (await client.post(document, {"id": eve.me, **given})).json()["data"]["user"]["roles"]

    assert await roles() == {"totalCount": 1, "nodes": [{"role": {"id": kept}}]}
    then = {"position": granted["position"]}
    assert await roles(asOf=then) == {"totalCount": 2, "nodes": [{"role": {"id": id}} for id in (kept, gone)]}


async def test_somebody_is_invited_and_the_invitation_withdrawn(client: Client) -> None:
    command_id = str(uuid4())
    input = {"email": "Eve@Example.com", "role": "GUEST"}
    receipt = await client.send("InviteUser", input=input, commandId=command_id)
    invitation = receipt["invitation"]
    assert invitation == {
        "id": command_id,
        "email": "eve@example.com",
        "role": "GUEST",
        "status": "OPEN",
        "sentAt": invitation["sentAt"],
        "expiresAt": invitation["expiresAt"],
        "inviter": {"id": client.me, "name": "Ada"},
        "user": None,
    }
    assert await client.send("InviteUser", input=input, commandId=command_id) == {**receipt, "repeated": True}
    withdrawn = await done(client, "WithdrawInvitation", id=command_id)
    assert withdrawn["invitation"] == {**invitation, "status": "WITHDRAWN"}
    assert await refusal(client, "WithdrawInvitation", id=command_id) == ("invitation_not_open", "id")
    listed = await client.send("Invitations", filter={"status": {"in": ["WITHDRAWN"]}})
    assert [edge["node"]["id"] for edge in listed["edges"]] == [command_id]
    assert (await client.send("Invitations", filter={"status": {"in": ["OPEN"]}}))["edges"] == []


async def test_an_invitation_whose_time_is_over_says_so(client: Client, product: Product) -> None:
    over, open_ = [
        (await done(client, "InviteUser", email=f"{name}@example.com"))["invitation"]
        for name in ("eve", "joe")
    ]
    assert over["status"] == "OPEN"
    late = "update auth.invitations set expires_at = clock_timestamp() - interval '1 s' where id = $1"
    await _column(product, late, UUID(over["id"]))

    async def listed(*status: str) -> dict[str, str]:
        page = await client.send("Invitations", filter={"status": {"in": list(status)}})
        return {edge["node"]["id"]: edge["node"]["status"] for edge in page["edges"]}

    assert await listed("OPEN") == {open_["id"]: "OPEN"}
    assert await listed("EXPIRED") == {over["id"]: "EXPIRED"}
    assert await listed("OPEN", "EXPIRED") == {open_["id"]: "OPEN", over["id"]: "EXPIRED"}
    withdrawn = await done(client, "WithdrawInvitation", id=over["id"])
    assert withdrawn["invitation"]["status"] == "WITHDRAWN"
    assert await listed("EXPIRED") == {}


async def test_of_an_invitations_token_only_the_hash_is_stored(client: Client, product: Product) -> None:
    receipt = await done(client, "InviteUser", email="joe@example.com")
    id = UUID(receipt["invitation"]["id"])
    stored = await _column(product, "select token_hash from auth.invitations where id = $1", id)
    mailed = MailedTokens(product.settings.derive("mailed tokens"))
    assert stored == hash_of(mailed.of(INVITE, id, client.tenant))


async def test_an_api_key_is_told_once_and_stored_as_a_hash(client: Client, product: Product) -> None:
    command_id = str(uuid4())
    input = {"name": "Machine", "permissions": ["work:read"], "expiresAt": IN_A_YEAR}
    receipt = await client.send("CreateApiKey", input=input, commandId=command_id)
    key = receipt.pop("key")
    created = receipt["apiKey"]
    assert created == {
        "id": command_id,
        "name": "Machine",
        "permissions": ["work:read"],
        "createdAt": created["createdAt"],
        "expiresAt": IN_A_YEAR,
        "revokedAt": None,
        "lastUsedAt": None,
        "maker": {"id": client.me, "name": "Ada"},
    }
    kind, tenant, id, secret = key.split("_", 3)
    assert (kind, tenant, id) == ("hw", client.tenant.hex, UUID(command_id).hex)
    assert len(secret) == 43
    stored = await _column(product, "select secret_hash from auth.api_keys where id = $1", UUID(command_id))
    assert stored == hashlib.sha256(key.encode()).hexdigest()
    events = "select string_agg(payload::text, '') from es.events where originator_id = $1"
    assert secret not in await _column(product, events, UUID(command_id))
    again = await client.send("CreateApiKey", input=input, commandId=command_id)
    assert again["code"] == "command_id_reused"
    revoked = (await done(client, "RevokeApiKey", id=command_id))["apiKey"]
    assert revoked["revokedAt"] > created["createdAt"]
    assert await refusal(client, "RevokeApiKey", id=command_id) == ("api_key_revoked", "id")
    listed = await client.send("ApiKeys")
    assert [edge["node"] for edge in listed["edges"]] == [revoked]


async def test_no_secret_is_a_field_of_the_schema(client: Client) -> None:
    for query in ("apiKeys { nodes { secretHash } }", "invitations { nodes { tokenHash } }"):
        assert "Cannot query field" in (await client.post(f"{{ {query} }}")).text


async def _column(product: Product, sql: str, *arguments: object) -> Any:
    connection = await asyncpg.connect(product.settings.database_url)
    try:
        return await connection.fetchval(sql, *arguments)
    finally:
        await connection.close()
