"""API keys and service tokens: what machines show."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
import jwt

from app.composition.write_side import written
from app.storage.database import Connection
from domain.identity.api_keys import NoteApiKeyUse
from domain.kit.caller import SYSTEM, Caller
from tests.auth.people import Person, registered
from tests.kit.processes import until
from tests.kit.product import Product
from tests.operations.command_line import CommandLine

TASKS = "{ tasks(first: 1) { totalCount } }"
CREATE = """mutation($i: CreateApiKeyInput!) { createApiKey(input: $i) {
  __typename ... on NewApiKeyReceipt { key } ... on Refused { code message } } }"""
REVOKE = "mutation($id: ID!) { revokeApiKey(input: { id: $id }) { __typename } }"


async def test_a_key_does_what_it_was_made_for(product: Product) -> None:
    ada = await registered(product)
    key = await key_of(ada, "work:read")
    assert key.startswith(f"hw_{UUID(ada.given['tenantId']).hex}_")
    for headers in ({"authorization": f"Bearer {key}"}, {"x-api-key": key}):
        answer = await post_as(product, headers, TASKS)
        assert answer.json()["data"]["tasks"]["totalCount"] == 0
    people = await post_as(product, {"x-api-key": key}, "{ users(first: 1) { totalCount } }")
    assert people.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_key_that_is_none_is_refused(product: Product) -> None:
    ada, eve = await registered(product), await registered(product)
    key = await key_of(ada, "work:read")
    product_, tenant, id, secret = key.split("_", 3)
    others = UUID(eve.given["tenantId"]).hex
    for bad in (
        f"{key[:-1]}x",
        f"{product_}_{tenant}_{id}_",
        f"{product_}_{others}_{id}_{secret}",
        f"{product_}_{tenant}_{uuid4().hex}_{secret}",
        "hw_x_y_z",
        "hw_",
        ada.given["refreshToken"],
    ):
        assert (await post_as(product, {"x-api-key": bad}, TASKS)).status_code == 401


async def test_a_key_is_over_when_it_is_revoked_or_has_expired(product: Product, owner: Connection) -> None:
    ada = await registered(product)
    for ending in ("revoked", "expired"):
        key = await key_of(ada, "work:read")
        id = UUID(hex=key.split("_")[2])
        assert (await post_as(product, {"x-api-key": key}, TASKS)).status_code == 200
        if ending == "revoked":
            await ada.client.post(REVOKE, {"id": str(id)})
        else:
            await owner.execute("update auth_g1.api_keys set expires_at = now() where id = $1", id)
        assert (await post_as(product, {"x-api-key": key}, TASKS)).status_code == 401


async def test_a_key_says_when_it_was_last_used_and_is_written_once_for_many_uses(
    product: Product, owner: Connection
) -> None:
    ada = await registered(product)
    used, unused = await key_of(ada, "work:read"), await key_of(ada, "work:read")

    async def noted() -> list[str]:
        found = await ada.client.post("{ apiKeys { nodes { id lastUsedAt } } }")
        rows = found.json()["data"]["apiKeys"]["nodes"]
        return [UUID(row["id"]).hex for row in rows if row["lastUsedAt"] is not None]

    async def told() -> bool:
        return bool(await noted())

    for _ in range(3):
        assert (await post_as(product, {"x-api-key": used}, TASKS)).status_code == 200
    await until(told, seconds=120)
    assert (await post_as(product, {"x-api-key": f"{unused[:-1]}!"}, TASKS)).status_code == 401
    assert await noted() == [used.split("_")[2]]
    noted_uses = """select originator_id, (payload->>'key_id')::uuid from es.events
                     where tenant_id = $1 and type = 'identity.api_key_use.noted'"""
    by = Caller(tenant_id=UUID(ada.given["tenantId"]), user_id=SYSTEM)
    async with written(product.settings) as writes:
        # Another process has heard of it too.
        id, key = (await owner.fetch(noted_uses, by.tenant_id))[0]
        await writes.bus.send(NoteApiKeyUse(id=id, api_key_id=key), by=by, command_id=id)
    assert len(await owner.fetch(noted_uses, by.tenant_id)) == 1


async def test_a_key_is_not_he_who_made_it(product: Product) -> None:
    ada = await registered(product)
    key = await key_of(ada, "work:read")
    sessions = await post_as(product, {"x-api-key": key}, "{ mySessions { nodes { id } } }")
    assert (sessions.json().get("data") or {"mySessions": {"nodes": []}})["mySessions"]["nodes"] == []
    ended = await post_as(product, {"x-api-key": key}, "mutation { endOtherSessions { count } }")
    assert "errors" in ended.json() or ended.json()["data"]["endOtherSessions"]["count"] == 0
    assert (await ada.client.post(TASKS)).status_code == 200


async def test_whoever_finds_a_key_parts_nobody_from_their_data(product: Product) -> None:
    """Also one that may act as who made it."""
    bob = await registered(product)
    key = await key_of(bob, "self")
    for mutation, said in (
        ("eraseMe(input: {})", "forbidden"),
        ("requestExport(input: {})", "forbidden"),
        ('giveConsent(input: { purpose: "x" })', "forbidden"),
        ('withdrawConsent(input: { purpose: "x" })', "forbidden"),
        (f'removeUser(input: {{ id: "{bob.id}" }})', "forbidden"),
        (f'deleteUser(input: {{ id: "{bob.id}" }})', "forbidden"),
    ):
        answer = await post_as(
            product, {"x-api-key": key}, f"mutation {{ done: {mutation} {{ ... on Refused {{ code }} }} }}"
        )
        assert answer.json()["data"]["done"] == {"code": said}, (mutation, answer.text)


async def test_the_command_line_issues_tokens_for_services(product: Product) -> None:
    tenant, user = uuid4(), uuid4()
    headwater = CommandLine(product.settings)
    words = ["token", "service", "--tenant", str(tenant), "--user", str(user), "--permission", "work:read"]
    printed = headwater(*words)
    assert printed.code == 0, printed.err
    token = printed.out.strip()
    headers = {"authorization": f"Bearer {token}"}
    assert (await post_as(product, headers, TASKS)).json()["data"]["tasks"]["totalCount"] == 0
    assert jwt.get_unverified_header(token)["typ"] == "service+jwt"
    unknown = headwater(*words[:-1], "work:everything")
    assert (unknown.code, "work:everything" in unknown.err) == (1, True)


async def key_of(person: Person, permission: str) -> str:
    values = {
        "name": "A machine",
        "permissions": [permission],
        "expiresAt": (datetime.now(UTC) + timedelta(days=1)).isoformat(),
    }
    answer = (await person.client.post(CREATE, {"i": values})).json()
    assert "errors" not in answer, answer
    return str(answer["data"]["createApiKey"]["key"])


async def post_as(product: Product, headers: dict[str, str], document: str) -> httpx.Response:
    return await product.http.post("/graphql", json={"query": document}, headers=headers)
