"""A person through the API: what they say and prefer, who sees it, and what they did."""

from typing import Any

import pytest

from tests.identity.asking import colleague, done, refusal
from tests.kit.client import Client
from tests.kit.product import Product

ALL_NOTICES = ["ASSIGNED", "UNASSIGNED", "STATUS_CHANGED", "COMPLETED", "DUE_SOON", "DESCRIBED"]


async def test_shows_me_whole(client: Client) -> None:
    position = (await done(client, "UpdateProfile", id=client.me, bio="Rows."))["position"]
    me = await client.send("Me", afterPosition=position)
    profile = {
        "firstName": "Ada",
        "lastName": None,
        "avatarUrl": None,
        "bio": "Rows.",
        "location": None,
        "timezone": "UTC",
        "language": "en",
        "visibility": "EVERYONE",
        "createdAt": me["createdAt"],
        "updatedAt": me["profile"]["updatedAt"],
    }
    assert me["profile"]["updatedAt"] > me["createdAt"]
    assert me == {
        "id": client.me,
        "name": "Ada",
        "firstName": "Ada",
        "lastName": None,
        "email": f"ada.{client.me}@example.com",
        "createdAt": me["createdAt"],
        "status": "ACTIVE",
        "role": "MEMBER",
        "isMember": True,
        "emailVerified": False,
        "profile": profile,
        "roles": {"nodes": []},
        "preferences": {
            "inApp": ALL_NOTICES,
            "byEmail": ["ASSIGNED", "DUE_SOON"],
            "profileVisibility": "EVERYONE",
            "analyticsOptOut": False,
            "theme": "SYSTEM",
            "updatedAt": me["createdAt"],
        },
    }


async def test_a_receipt_shows_the_changed_profile(client: Client) -> None:
    input = {"firstName": "Grace", "timezone": "Europe/Berlin", "avatarUrl": "https://example.com/a.png"}
    person = (await done(client, "UpdateProfile", id=client.me, **input))["user"]
    assert person["name"] == "Grace"
    assert {name: person["profile"][name] for name in input} == input


async def test_a_receipt_shows_the_changed_preferences(client: Client) -> None:
    input = {"theme": "DARK", "byEmail": [], "inApp": ["DUE_SOON"], "analyticsOptOut": True}
    preferences = (await done(client, "ChangePreferences", id=client.me, **input))["user"]["preferences"]
    assert {name: preferences[name] for name in input} == input


async def test_nobody_sees_the_preferences_of_another(client: Client, product: Product) -> None:
    eve = await colleague(product, client, "member")
    answer = await client.post("query($id: ID!) { user(id: $id) { preferences { theme } } }", {"id": eve.me})
    assert answer.json()["data"] == {"user": {"preferences": None}}


@pytest.mark.parametrize(
    ("visibility", "seen_by"),
    [
        ("EVERYONE", {"owner", "member", "guest", "self"}),
        ("TEAM", {"owner", "member", "self"}),
        ("NOBODY", {"owner", "self"}),
    ],
)
async def test_a_profile_is_shown_to_whom_the_person_wants(
    client: Client, product: Product, visibility: str, seen_by: set[str]
) -> None:
    ann = await colleague(product, client, "guest", "Ann")
    others = {role: product.client(client.tenant, client.user, role=role) for role in ("member", "guest")}
    seeing = {"owner": client, "self": ann, **others}
    receipt = await done(ann, "ChangePreferences", id=ann.me, profileVisibility=visibility)
    seen = {
        name
        for name, caller in seeing.items()
        if (await caller.send("UserInDetail", id=ann.me, afterPosition=receipt["position"]))["profile"]
        is not None
    }
    # The guest's and the member's tokens name somebody else than Ann.
    assert seen == seen_by


async def test_what_a_person_did_is_listed_by_pages(client: Client) -> None:
    for bio in ("one", "two"):
        await done(client, "UpdateProfile", id=client.me, bio=bio)
    first = (await client.send("UserEvents", id=client.me, first=2))["events"]
    assert [node["action"] for node in first["nodes"]] == ["PROFILE_CHANGED", "PROFILE_CHANGED"]
    # What is confidential stays out of it.
    assert "bio" not in first["nodes"][0]["metadata"]
    after = first["pageInfo"]["endCursor"]
    rest = (await client.send("UserEvents", id=client.me, first=2, after=after))["events"]
    assert [node["action"] for node in rest["nodes"]] == ["REGISTERED"]
    assert not rest["pageInfo"]["hasNextPage"]


async def test_a_person_is_found_by_the_whole_address(client: Client, product: Product) -> None:
    eve = await colleague(product, client, "member")
    found = await client.send("UserByEmail", email=f" EVE.{eve.me}@example.com")
    assert found["id"] == eve.me
    assert await client.send("UserByEmail", email="eve@example.com") is None
    assert await client.send("UserByEmail", email="%") is None


async def test_people_are_listed_by_role_and_status(client: Client, product: Product) -> None:
    eve = await colleague(product, client, "guest", "Eve")
    joe = await colleague(product, client, "member", "Joe")
    receipt = await done(client, "SuspendUser", id=joe.me)
    await client.send("User", id=joe.me, afterPosition=receipt["position"])

    async def names(**filter: Any) -> set[str]:
        page = await client.send("Users", filter=filter)
        return {edge["node"]["name"] for edge in page["edges"]}

    assert await names(role={"in": ["GUEST"]}) == {"Eve"}
    assert await names(status={"in": ["SUSPENDED"]}) == {"Joe"}
    assert await names(status={"in": ["ACTIVE"]}, role={"not": "OWNER"}) == {"Ada", "Eve"}
    assert await names(id={"in": [eve.me, joe.me]}) == {"Eve", "Joe"}
    receipt = await done(client, "RemoveUser", id=eve.me)
    await client.send("User", id=eve.me, afterPosition=receipt["position"])
    assert await names(isMember={"eq": True}) == {"Ada", "Joe"}


async def test_a_profile_takes_no_role_and_no_status(client: Client) -> None:
    for more in ({"role": "OWNER"}, {"status": "ACTIVE"}, {"email": "x@example.com"}, {"isMember": True}):
        answer = await client.post(
            "mutation($input: UpdateProfileInput!) { updateProfile(input: $input) { __typename } }",
            {"input": {"id": client.me, **more}},
        )
        (error,) = answer.json()["errors"]
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert "not to include unknown field" in error["message"]


async def test_refuses_a_time_zone_that_is_none(client: Client) -> None:
    answer = await client.send("UpdateProfile", input={"id": client.me, "timezone": "Mars/Olympus"})
    assert answer == {
        "code": "invalid",
        "field": "timezone",
        "message": "Timezone is not the name of a time zone.",
    }


async def test_the_second_status_change_is_refused(client: Client, product: Product) -> None:
    eve = await colleague(product, client, "member")
    for mutation, code in (
        ("SuspendUser", "user_has_status"),
        ("ReactivateUser", "user_has_status"),
        ("DeactivateUser", "user_has_status"),
        ("RemoveUser", "user_not_a_member"),
        ("DeleteUser", "user_is_deleted"),
    ):
        await done(client, mutation, id=eve.me)
        assert await refusal(client, mutation, id=eve.me) == (code, "id")


async def test_a_deleted_person_has_no_profile_but_keeps_his_name(client: Client, product: Product) -> None:
    eve = await colleague(product, client, "member")
    person = (await done(client, "DeleteUser", id=eve.me))["user"]
    assert (person["name"], person["status"], person["profile"]) == ("Eve", "DELETED", None)
