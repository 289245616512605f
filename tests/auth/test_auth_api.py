"""Signing in over GraphQL, by the published documents."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from app.auth.credentials.throttle import VERIFICATION
from tests.auth.people import PASSWORD, post, proved, registered, somebody
from tests.kit.client import Client
from tests.kit.documents import operations
from tests.kit.product import Product


async def test_a_visitor_registers_and_goes_on(product: Product) -> None:
    visitor = Client(product.http, "")
    input = {"email": f"{uuid4().hex}@example.com", "password": PASSWORD, "firstName": "Ada"}
    given = await _without_token(visitor, "Register", input=input)
    me = replace(visitor, token=given["accessToken"])
    (session,) = (await me.send("MySessions"))["nodes"]
    assert (session["id"], session["ipAddress"]) == (given["sessionId"], "127.0.0.1")
    assert await me.send("SignOut") == {"ok": True}


async def test_a_session_goes_from_hand_to_hand(product: Product) -> None:
    ada = await registered(product)
    given = await _without_token(ada.client, "SignIn", email=ada.email, password=PASSWORD)
    fresh = await _without_token(ada.client, "RefreshSession", refreshToken=given["refreshToken"])
    assert fresh["sessionId"] == given["sessionId"]
    assert fresh["refreshToken"] != given["refreshToken"]


async def test_a_visitor_sees_nothing_else(product: Product) -> None:
    response = await product.http.post("/graphql", json={"query": "{ mySessions { nodes { id } } }"})
    assert response.status_code == 401


async def test_a_service_has_no_sessions_and_no_factors(product: Product) -> None:
    service = product.client(uuid4(), uuid4(), ["*"])
    assert (await service.send("MySessions"))["nodes"] == []
    assert (await service.send("SignOut"))["code"] == "not_found"
    for operation, variables in (
        ("EnrolSecondFactor", {"password": ""}),
        ("ChangePassword", {"current": "", "password": "of somebody else"}),
        ("RequestEmailVerification", {}),
    ):
        assert (await service.send(operation, **variables))["code"] == "forbidden"


async def test_asking_for_a_link_says_what_comes_of_it(product: Product) -> None:
    """Nothing is said to be done that is not: until it was asked too often, and once the address is proved."""
    ada = await registered(product)
    said = [await ada.client.send("RequestEmailVerification") for _ in range(VERIFICATION.free + 1)]
    assert said[:-1] == [{"ok": True}] * VERIFICATION.free
    assert said[-1]["code"] == "too_many_attempts"
    await proved(product, ada)
    assert (await ada.client.send("RequestEmailVerification"))["code"] == "email_is_verified"


async def test_a_service_that_bears_the_name_of_a_person_does_not_act_for_him(product: Product) -> None:
    ada = await registered(product)
    service = product.client(UUID(ada.given["tenantId"]), ada.id, ["*"])
    for operation, variables in (
        ("ChangePassword", {"current": ada.password, "password": "of somebody else"}),
        ("RemoveSecondFactor", {"password": ada.password, "code": "000000"}),
        ("EnrolSecondFactor", {"password": ada.password}),
    ):
        assert (await service.send(operation, **variables))["code"] == "forbidden"
    assert (await service.send("EndSession", id=ada.given["sessionId"]))["code"] == "not_found"
    assert (await service.send("MySessions"))["nodes"] == []


async def _without_token(client: Client, operation: str, **variables: object) -> dict[str, str]:
    body = {"query": operations()[operation], "variables": variables}
    answer = (await client.http.post("/graphql", json=body)).json()
    assert "errors" not in answer, answer
    (found,) = answer["data"].values()
    shown: dict[str, str] = found
    return shown


def _register(**more: str) -> dict[str, str]:
    return {"tenantName": "Acme", "tenantSlug": f"acme-{uuid4().hex}"} | more


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (_register(tenantSlug="No slug"), "tenantSlug"),
        (_register(tenantSlug="graphql"), "tenantSlug"),
        (_register(tenantSlug=str(uuid4())), "tenantSlug"),
        (_register(tenantSlug=""), "tenantSlug"),
        (_register(tenantName=""), "tenantName"),
        (_register(tenantName="x" * 256), "tenantName"),
        ({"firstName": "x" * 300}, "firstName"),
        ({"email": "nobody"}, "email"),
        ({"password": "short"}, "password"),
    ],
)
async def test_a_refusal_names_the_field_as_the_client_sent_it(
    product: Product, wrong: dict[str, str], field: str
) -> None:
    values = somebody(**wrong)
    by_api = await product.client(uuid4(), uuid4()).send("Register", input=values)
    by_rest = (await post(product.http, "register", values)).json()["error"]
    for refused in (by_api, by_rest):
        assert (refused["field"], "_" in refused["message"]) == (field, False), refused
    assert by_api["message"] == by_rest["message"]


async def test_a_form_that_is_wrong_in_several_fields_is_told_of_all(product: Product) -> None:
    wrong = _register(email="nobody", password="short", tenantSlug="graphql", tenantName="x" * 256)
    asked = """mutation($input: RegisterInput!) { register(input: $input) {
      ... on Refused { code violations { path code message } } } }"""
    answer = await product.http.post(
        "/graphql", json={"query": asked, "variables": {"input": somebody(**wrong)}}
    )
    refused = answer.json()["data"]["register"]
    paths = {violation["path"][0]: violation["code"] for violation in refused["violations"]}
    assert refused["code"] == "invalid"
    assert paths == {
        "email": "format",
        "password": "rule",
        "tenantName": "too_long",
        "tenantSlug": "unsuitable",
    }
