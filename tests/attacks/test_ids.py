"""Ids of others are worth nothing: what belongs to another tenant is answered as what does not exist.

That nothing of it is shown or changed is in tests/tenancy; here, that not even its existence can be told.
"""

from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.attacks.arguments import arguments, by_root, document, inputs, places, together
from tests.attacks.people import colleague
from tests.auth.people import Person, registered
from tests.kit.client import Client
from tests.kit.product import Product
from tests.kit.times import IN_A_YEAR
from tests.work.api import created, project

NOT_A_TENANTS = frozenset({"discardParked", "rebuildViews", "retryParked", "moveTenant", "tenantOperation"})
"""What operators ask, who see all tenants."""


@pytest.fixture(scope="module")
async def victim(product: Product) -> Person:
    """The owner of a company with things of every kind."""
    return await registered(product)


@pytest.fixture(scope="module")
async def victims_ids(product: Product, victim: Person) -> list[str]:
    """The ids of everything that the victim's company has, by whatever way an attacker learnt them."""
    client = victim.client
    ben = await colleague(product, victim)
    garden = await project(client, "Garden", visibility="PRIVATE")
    task = await created(client, projectId=garden)
    ids = [
        garden,
        task["id"],
        str(victim.id),
        str(ben.id),
        victim.given["tenantId"],
        victim.given["sessionId"],
    ]
    for mutation, input in (
        ("CreateRole", {"name": "Gardener", "permissions": ["work:read"]}),
        ("InviteUser", {"email": f"{uuid4().hex}@example.com"}),
        (
            "CreateApiKey",
            {
                "name": "robot",
                "permissions": ["work:read"],
                "expiresAt": IN_A_YEAR,
            },
        ),
    ):
        id = str(uuid4())
        assert "position" in await client.send(mutation, input={"id": id, **input})
        ids.append(id)
    return ids


PLACES = [place for place in places(lambda scalar: scalar == "ID") if place[1] not in NOT_A_TENANTS]
PATHS = by_root(PLACES)


@pytest.mark.parametrize(("kind", "name"), PATHS)
async def test_what_is_anothers_is_answered_as_what_is_not_there(
    product: Product, victims_ids: list[str], kind: str, name: str
) -> None:
    for _, path in PATHS[kind, name]:
        # Each path has an Eve of its own: what is used up in a tenant refuses every id alike.
        eve = await product.newcomer("Eve")
        differ = await _told_apart(eve, kind, name, path, victims_ids)
        if differ:
            # Some things can be done once in a tenant, and Eve may just have done them by one of these,
            eve = await product.newcomer("Eve")
            differ = await _told_apart(eve, kind, name, path, differ)
        for id in differ:
            # or under another id.
            eves = [await product.newcomer("Eve") for _ in range(2)]
            told = [
                await _answered(each, kind, name, path, asked)
                for each, asked in zip(eves, (str(uuid4()), id), strict=True)
            ]
            assert told[0] == told[1], (path, id)


async def test_its_owner_is_answered_otherwise(
    product: Product, victim: Person, victims_ids: list[str]
) -> None:
    """Or the test above would prove nothing."""
    garden, task, owner, *_ = victims_ids
    for name, id in (("project", garden), ("task", task), ("user", owner), ("node", task)):
        assert await _told_apart(victim.client, "query", name, "id", [id]) == [id], name
    assert await _told_apart(victim.client, "mutation", "completeTask", "input.id", [task]) == [task]


async def test_the_neighbours_of_an_id_lead_nowhere(product: Product, victim: Person) -> None:
    """Ids that the product makes grow with time; who has one can count from there."""
    eve = await registered(product)
    before = UUID((await created(eve.client))["id"]).int
    ids = await created(victim.client)
    for step in (-2, -1, 1, 2, 2**16, 2**62, 2**64):
        assert await eve.client.send("Task", id=str(UUID(int=before + step))) is None
    assert await eve.client.send("Task", id=ids["id"]) is None
    guessed = [str(UUID(int=UUID(ids["id"]).int + step)) for step in (-1, 0, 1)]
    assert [await eve.client.send("Task", id=id) for id in guessed] == [None] * 3
    # 74 of an id's 128 bits are random, so that counting finds nothing either in one's own tenant.
    assert (before ^ UUID(ids["id"]).int) & (2**62 - 1)


@pytest.mark.parametrize("form", ["TENANT#{tenant}#CONFIG#{tenant}", "TENANT#{tenant}#USER#{person}"])
async def test_a_key_with_another_tenant_in_it_leads_nowhere(
    product: Product, victim: Person, form: str
) -> None:
    eve = await registered(product)
    key = form.format(tenant=victim.given["tenantId"], person=victim.id)
    answer = (
        await eve.client.post("query($k: String!) { entity(key: $k) { __typename } }", {"k": key})
    ).json()
    assert answer.get("data") in (None, {"entity": None}), answer


async def test_a_command_id_of_another_tenant_gives_no_receipt(product: Product, victim: Person) -> None:
    """Replaying what somebody else sent is one's own command, in one's own tenant."""
    command, id = str(uuid4()), str(uuid4())
    first = await victim.client.send("CreateTask", input={"id": id, "title": "Theirs"}, commandId=command)
    eve = await registered(product)
    replayed = await eve.client.send("CreateTask", input={"id": id, "title": "Theirs"}, commandId=command)
    assert (first["repeated"], replayed["repeated"]) == (False, False)
    assert replayed["position"] != first["position"]
    refused = await eve.client.send("CompleteTask", input={"id": str(uuid4())}, commandId=command)
    assert refused["code"] != "forbidden"
    assert "Theirs" not in str(refused)


EXTRA: dict[str, Any] = {
    "role": "OWNER",
    "status": "ACTIVE",
    "tenantId": str(uuid4()),
    "tenant_id": str(uuid4()),
    "permissions": ["*"],
    "emailVerified": True,
    "email_verified": True,
    "passwordHash": "x",
    "createdAt": "2000-01-01T00:00:00Z",
    "createdBy": str(uuid4()),
    "ownerId": str(uuid4()),
    "version": 7,
    "by": {"permissions": ["*"]},
    "__proto__": {"role": "OWNER"},
}
"""What one would like to say of oneself."""


@pytest.mark.parametrize("mutation", sorted(inputs()))
async def test_an_input_takes_what_it_declares_and_nothing_else(product: Product, mutation: str) -> None:
    eve = product.client(uuid4(), uuid4(), ["*"])
    declared = inputs()[mutation].fields
    good = arguments("mutation", mutation, "input", "")
    for member in EXTRA.keys() - declared.keys():
        variables = {**good, "input": {**good["input"], member: EXTRA[member]}}
        answer = (await eve.post(document("mutation", mutation), variables)).json()
        (error,) = answer["errors"]
        assert error["extensions"]["code"] == "BAD_USER_INPUT", member
        assert member in error["message"]
        assert "data" not in answer


async def test_registering_takes_nothing_that_would_make_one_more(product: Product) -> None:
    victim = await registered(product)
    extra = {key: str(value) for key, value in EXTRA.items()}
    extra["tenantId"] = extra["tenant_id"] = victim.given["tenantId"]
    extra |= {"id": str(victim.id), "accountId": str(victim.id)}
    eve = await registered(product, company=True, **extra)
    assert eve.id != victim.id
    assert eve.given["tenantId"] != victim.given["tenantId"]
    me = await eve.client.send("Me")
    assert (me["emailVerified"], me["role"]) == (False, "OWNER")
    answer = (await eve.client.post("{ views { nodes { name } } }")).json()
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def _answered(client: Client, kind: str, name: str, path: str, id: str) -> Any:
    """The answer to an id, without what is the id itself, and without the position that everybody is told."""
    response = await client.post(document(kind, name), arguments(kind, name, path, id))
    answer = response.json()
    answer.get("extensions", {}).pop("position", None)
    return response.status_code, str(answer).replace(id, "ID")


async def _told_apart(client: Client, kind: str, name: str, path: str, ids: list[str]) -> list[str]:
    """The ids that are answered otherwise than one that nothing has."""
    nothing, *answers = await _all_answered(client, kind, name, path, [str(uuid4()), *ids])
    return [id for id, answer in zip(ids, answers, strict=True) if answer != nothing]


async def _all_answered(client: Client, kind: str, name: str, path: str, ids: list[str]) -> list[Any]:
    """The answers to ids, asked together where one that fails leaves the others."""
    given = [arguments(kind, name, path, id) for id in ids]
    answer = (await client.post(document(kind, name, len(ids)), together(given))).json()
    if answer.get("data") is None or answer.get("extensions", {}).keys() - {"position"}:
        # What is said of all of them does not say of which.
        return [await _answered(client, kind, name, path, id) for id in ids]
    found = []
    for number, id in enumerate(ids):
        alias = f"a{number}"
        errors = [
            {**error, "path": error["path"][1:], "locations": None}
            for error in answer.get("errors", ())
            if error["path"][0] == alias
        ]
        found.append(str((answer["data"][alias], errors)).replace(id, "ID").replace(f"${alias}_", "$"))
    return found
