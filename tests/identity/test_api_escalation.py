"""Who tries to become more than they are, or to reach into another tenant, through the API."""

from typing import Any
from uuid import uuid4

import pytest

from tests.identity.asking import colleague, done, refusal
from tests.kit.client import Client
from tests.kit.product import Product
from tests.kit.times import IN_A_YEAR

ADMINISTERING = (
    "RegisterUser",
    "ChangeUserEmail",
    "ChangeUserRole",
    "GrantRole",
    "WithdrawRole",
    "SuspendUser",
    "DeactivateUser",
    "ReactivateUser",
    "CreateRole",
    "ChangeRole",
    "DeleteRole",
    "InviteUser",
    "WithdrawInvitation",
    "CreateApiKey",
    "RevokeApiKey",
)


def any_input(mutation: str, id: str) -> dict[str, Any]:
    """An input that would be good, were it not for who sends it."""
    more: dict[str, dict[str, Any]] = {
        "RegisterUser": {"email": "x@example.com", "firstName": "X"},
        "ChangeUserEmail": {"email": "x@example.com"},
        "ChangeUserRole": {"role": "OWNER"},
        "GrantRole": {"roleId": id},
        "WithdrawRole": {"roleId": id},
        "CreateRole": {"name": "x", "permissions": []},
        "ChangeRole": {"name": "x", "permissions": []},
        "InviteUser": {"email": "x@example.com"},
        "CreateApiKey": {"name": "x", "permissions": ["work:read"], "expiresAt": IN_A_YEAR},
    }
    return {"id": id, **more.get(mutation, {})}


@pytest.mark.parametrize("role", ["member", "guest"])
async def test_only_those_with_the_permission_administer(product: Product, role: str) -> None:
    small = product.client(uuid4(), uuid4(), role=role)
    codes = {
        mutation: (await small.error(mutation, input=any_input(mutation, small.me)))[0]
        for mutation in ADMINISTERING
    }
    assert codes == dict.fromkeys(ADMINISTERING, "FORBIDDEN")


@pytest.mark.parametrize("role", ["member", "guest"])
async def test_nobody_changes_another(client: Client, product: Product, role: str) -> None:
    eve = await colleague(product, client, role)
    assert await refusal(eve, "UpdateProfile", id=client.me, bio="x") == ("forbidden", "id")
    assert await refusal(eve, "ChangePreferences", id=client.me, theme="DARK") == ("forbidden", "id")
    for mutation in ("RemoveUser", "DeleteUser"):
        assert await refusal(eve, mutation, id=client.me) == ("forbidden", "id")


async def test_an_admin_makes_no_owner_and_touches_none(client: Client, product: Product) -> None:
    await done(client, "ChangeUserRole", id=client.me, role="OWNER")
    admin = await colleague(product, client, "admin")
    joe = await colleague(product, client, "member", "Joe")
    for target in (admin, joe):
        answer = await refusal(admin, "ChangeUserRole", id=target.me, role="OWNER")
        assert answer == ("not_yours_to_give", "role")
    for mutation in ("SuspendUser", "RemoveUser", "DeleteUser", "DeactivateUser"):
        assert await refusal(admin, mutation, id=client.me) == ("not_yours_to_give", "id")
    assert await refusal(admin, "InviteUser", email="x@example.com", role="OWNER") == (
        "not_yours_to_give",
        "role",
    )


async def test_an_admin_grants_no_more_than_he_holds(client: Client, product: Product) -> None:
    admin = await colleague(product, client, "admin")
    role = (await done(client, "CreateRole", name="Billing", permissions=["billing:write"]))["role"]
    assert await refusal(admin, "GrantRole", id=admin.me, roleId=role["id"]) == (
        "not_yours_to_give",
        "roleId",
    )
    wide = {"name": "Wide", "permissions": ["billing:write"]}
    assert await refusal(admin, "CreateRole", **wide) == ("not_yours_to_give", "permissions")
    own = (await done(admin, "CreateRole", name="Own", permissions=["work:read"]))["role"]
    assert await refusal(admin, "ChangeRole", id=own["id"], **wide) == ("not_yours_to_give", "permissions")
    key = {"name": "Key", "permissions": ["billing:write"], "expiresAt": IN_A_YEAR}
    assert await refusal(admin, "CreateApiKey", **key) == ("not_yours_to_give", "permissions")


async def test_no_tenant_grants_what_operators_may(client: Client, product: Product) -> None:
    # Not even somebody whose token says that they are one.
    operator = product.client(client.tenant, client.user, role="operator")
    for permission in ("ops:views", "ops:repair", "ops:tenants", "ops:payments", "ops:*"):
        more = {"name": "Ops", "permissions": [permission]}
        expected = ("only_for_operators", "permissions")
        assert await refusal(operator, "CreateRole", **more) == expected
        assert await refusal(operator, "CreateApiKey", **more, expiresAt=IN_A_YEAR) == expected
    answer = await refusal(operator, "ChangeUserRole", id=client.me, role="OPERATOR")
    assert answer == ("only_for_operators", "role")


async def test_the_last_owner_stays(client: Client, product: Product) -> None:
    await done(client, "ChangeUserRole", id=client.me, role="OWNER")
    for mutation, more in (
        ("ChangeUserRole", {"role": "MEMBER"}),
        ("SuspendUser", {}),
        ("DeactivateUser", {}),
        ("RemoveUser", {}),
        ("DeleteUser", {}),
    ):
        assert await refusal(client, mutation, id=client.me, **more) == ("owner_must_remain", "otherOwnerId")
    heir = await colleague(product, client, "owner")
    await done(client, "ChangeUserRole", id=client.me, role="MEMBER", otherOwnerId=heir.me)


async def test_a_stranger_reaches_nothing(client: Client, product: Product) -> None:
    eve = await colleague(product, client, "member")
    role = (await done(client, "CreateRole", name="Reader", permissions=["work:read"]))["role"]
    invitation = (await done(client, "InviteUser", email="x@example.com", role=None))["invitation"]
    key = (await done(client, "CreateApiKey", name="x", permissions=["work:read"], expiresAt=IN_A_YEAR))[
        "apiKey"
    ]
    stranger = await product.newcomer("Mallory")
    ids = {"Role": role["id"], "Invitation": invitation["id"], "ApiKey": key["id"]}
    for mutation in ADMINISTERING:
        if mutation in ("RegisterUser", "CreateRole", "InviteUser", "CreateApiKey"):
            continue
        id = next((ids[kind] for kind in ids if mutation.endswith(kind) and mutation != "GrantRole"), eve.me)
        id = eve.me if mutation in ("ChangeUserRole", "WithdrawRole") else id
        input = any_input(mutation, id)
        input |= {"roleId": role["id"]} if "roleId" in input else {}
        input |= {"role": "GUEST"} if mutation == "ChangeUserRole" else {}
        assert (await refusal(stranger, mutation, **input))[0] == "not_found", mutation
    assert await refusal(stranger, "UpdateProfile", id=eve.me, bio="x") == ("not_found", "id")
    assert await refusal(stranger, "ChangePreferences", id=eve.me, theme="DARK") == ("not_found", "id")
    for mutation in ("RemoveUser", "DeleteUser"):
        assert await refusal(stranger, mutation, id=eve.me) == ("not_found", "id")
    assert await refusal(stranger, "GrantRole", id=stranger.me, roleId=role["id"]) == ("not_found", "roleId")
    assert await stranger.send("UserInDetail", id=eve.me) is None
    assert await stranger.send("UserByEmail", email=f"eve.{eve.me}@example.com") is None
    for listing in ("Roles", "Invitations", "ApiKeys"):
        assert (await stranger.send(listing))["edges"] == []
    assert {edge["node"]["name"] for edge in (await stranger.send("Users"))["edges"]} == {"Mallory"}
