"""Registering, signing in and out, over HTTP."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from app.composition.write_side import written
from domain.identity.sessions import StartSession
from domain.kit.caller import ACCOUNTS, Caller
from domain.kit.clock import TimeOrderedIds
from domain.kit.log import AppendReceipt
from tests.auth.people import PASSWORD, Person, post, refusal, registered, somebody
from tests.kit.product import Product

REFUSED = (401, "sign_in_refused")
ME = "{ mySessions { nodes { id current method ipAddress } } }"


async def test_a_company_signs_up_and_its_owner_is_signed_in(product: Product) -> None:
    ada = await registered(product)
    assert ada.given["tenantId"]
    answer = (
        await ada.client.post("{ tasks(first: 1) { totalCount } mySessions { nodes { current method } } }")
    ).json()
    assert answer["data"]["mySessions"]["nodes"] == [{"current": True, "method": "REGISTRATION"}]


async def test_an_account_without_a_company_may_do_what_concerns_itself(product: Product) -> None:
    ada = await registered(product, company=False)
    assert ada.given["tenantId"] is None
    assert len((await ada.client.post(ME)).json()["data"]["mySessions"]["nodes"]) == 1
    answer = (await ada.client.post("{ tasks(first: 1) { totalCount } }")).json()
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [("identity", (400, "bad_request")), ("gzip", (415, "unsupported_media_type"))],
)
async def test_what_can_be_read_in_two_ways_signs_nobody_in(
    product: Product, encoding: str, expected: tuple[int, str]
) -> None:
    ada = await registered(product)
    body = f'{{"email": "eve@example.com", "email": "{ada.email}", "password": "{ada.password}"}}'
    headers = {"content-type": "application/json", "content-encoding": encoding}
    assert refusal(await product.http.post("/auth/sign-in", content=body, headers=headers)) == expected


async def test_all_that_is_missing_is_said_at_once(product: Product) -> None:
    refused = (await post(product.http, "register", {"email": None, "password": 7})).json()
    assert (refused["code"], refused["field"]) == ("invalid", "email")
    assert [(wrong["path"], wrong["code"]) for wrong in refused["violations"]] == [
        (["email"], "required"),
        (["password"], "format"),
        (["firstName"], "required"),
    ]


async def test_an_address_has_one_account(product: Product) -> None:
    ada = await registered(product)
    other = somebody() | {"email": ada.email.upper()}
    assert refusal(await post(product.http, "register", other)) == (409, "already_taken")


async def test_a_taken_slug_leaves_no_account_behind(product: Product) -> None:
    slug = f"taken-{uuid4().hex}"
    values = somebody(tenantName="Acme", tenantSlug=slug)
    assert (await post(product.http, "register", values)).status_code == 200
    second = somebody(tenantName="Other", tenantSlug=slug)
    response = await post(product.http, "register", second)
    assert (refusal(response), response.json()["error"]["field"]) == ((409, "already_taken"), "tenantSlug")
    assert refusal(await post(product.http, "sign-in", second)) == (401, "sign_in_refused")


async def test_signs_in_whatever_the_spelling_of_the_address(product: Product) -> None:
    ada = await registered(product)
    response = await post(product.http, "sign-in", {"email": f" {ada.email.upper()} ", "password": PASSWORD})
    assert response.status_code == 200
    assert response.json()["tenantId"] == ada.given["tenantId"]


COMPOSED, DECOMPOSED = "\u00e9", "e\u0301"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (COMPOSED * 10, DECOMPOSED * 10),
        (DECOMPOSED * 10, COMPOSED * 10),
        ("\uff50\uff41\uff53\uff53 word long", "pass word long"),
        ("\ufb01ne long password", "fine long password"),
    ],
)
async def test_a_password_is_the_same_from_every_keyboard(product: Product, first: str, second: str) -> None:
    values = somebody() | {"password": first}
    assert (await post(product.http, "register", values)).status_code == 200
    assert (await post(product.http, "sign-in", values | {"password": second})).status_code == 200
    assert refusal(await post(product.http, "sign-in", values | {"password": f"{second}."})) == REFUSED


@pytest.mark.parametrize(
    ("email", "taken"),
    [
        ("x@xn--e1afmkfd.xn--p1ai", True),
        ("o'neil@example.com", True),
        ("first.last+tag@sub.example.co.uk", True),
        ("a_b%c-d@example-site.com", True),
        ("a..b@example.com", False),
        (".a@example.com", False),
        ("a.@example.com", False),
        ("a@x..example.com", False),
        ("a@.example.com", False),
        ("a@-x.example.com", False),
        ("a@x-.example.com", False),
        ("a@example", False),
        ("a@example.com.", False),
        ("a@127.0.0.1", False),
        ("a@xn--.xn--", False),
        ("a b@example.com", False),
        ("a@b@example.com", False),
        ("a\nb@example.com", False),
        (f"a@{'x' * 64}.example.com", False),
    ],
)
async def test_addresses_are_those_that_mail_reaches(product: Product, email: str, taken: bool) -> None:
    response = await post(product.http, "register", somebody() | {"email": email})
    assert response.status_code == (200 if taken else 400), response.text


async def test_an_address_is_the_same_in_every_form_that_unicode_has_of_it(product: Product) -> None:
    name = uuid4().hex
    values = somebody() | {"email": f"{name}\uff20example.com"}
    assert (await post(product.http, "register", values)).status_code == 200
    taken = somebody() | {"email": f"{name}@example.com"}
    assert refusal(await post(product.http, "register", taken)) == (409, "already_taken")
    assert (await post(product.http, "sign-in", taken)).status_code == 200


async def test_nobody_is_signed_in_to_another_company_than_they_asked_for(product: Product) -> None:
    ada, bob = await registered(product), await registered(product)
    body = {"email": ada.email, "password": ada.password, "tenantId": bob.given["tenantId"]}
    assert refusal(await post(product.http, "sign-in", body)) == (403, "not_in_tenant")
    assert len((await ada.client.post(ME)).json()["data"]["mySessions"]["nodes"]) == 1
    document = (
        f'mutation {{ signIn(email: "{ada.email}", password: "{ada.password}", tenantId: "{uuid4()}")'
        " { ... on Refused { code field } } }"
    )
    answer = (await product.http.post("/graphql", json={"query": document})).json()["data"]["signIn"]
    assert answer == {"code": "not_in_tenant", "field": "tenantId"}


async def test_a_weak_password_is_refused(product: Product) -> None:
    weak = (
        "short",
        "x" * 201,
        COMPOSED * 9,
        DECOMPOSED * 9,
        " " * 12,
        "\u2003\u00a0" * 6,
        "ada@example.com",
        "  ADA@example.com ",
        "\uff41da@example.com",
    )
    for password in weak:
        values = somebody() | {"password": password, "email": "ada@example.com"}
        assert refusal(await post(product.http, "register", values)) == (400, "password_too_weak")


async def test_signing_out_ends_the_tokens_at_once(product: Product) -> None:
    ada = await registered(product)
    assert (await ada.client.post(ME)).status_code == 200
    assert (await post(product.http, "sign-out", {}, ada.given["accessToken"])).status_code == 200
    response = await ada.client.post(ME)
    assert (response.status_code, response.json()["errors"][0]["message"]) == (401, "The session is over.")
    refreshed = await post(product.http, "refresh", {"refreshToken": ada.given["refreshToken"]})
    assert refusal(refreshed) == (401, "refresh_refused")


async def test_one_session_ends_and_the_others_go_on(product: Product) -> None:
    ada = await registered(product)
    here, there = await ada.again(), await ada.again()
    document = "mutation($id: ID!) { endSession(id: $id) { __typename } }"
    answer = (await here.client.post(document, {"id": there.given["sessionId"]})).json()
    assert answer["data"]["endSession"] == {"__typename": "Done"}
    assert (await there.client.post(ME)).status_code == 401
    assert (await ada.client.post(ME)).status_code == 200


async def test_all_other_sessions_end(product: Product) -> None:
    ada = await registered(product)
    here = await ada.again()
    answer = (await here.client.post("mutation { endOtherSessions { count } }")).json()
    assert answer["data"] == {"endOtherSessions": {"count": 1}}
    assert (await ada.client.post(ME)).status_code == 401
    assert [
        session["current"] for session in (await here.client.post(ME)).json()["data"]["mySessions"]["nodes"]
    ] == [True]


async def test_nobody_ends_the_session_of_another(product: Product) -> None:
    ada, eve = await registered(product), await registered(product)
    document = "mutation($id: ID!) { endSession(id: $id) { ... on Refused { code } } }"
    answer = (await eve.client.post(document, {"id": ada.given["sessionId"]})).json()
    assert answer["data"]["endSession"] == {"code": "not_found"}
    assert (await ada.client.post(ME)).status_code == 200


async def test_ending_the_others_ends_all_of_them_and_pages_show_each_once(product: Product) -> None:
    ada = await registered(product)
    await _sessions(product, ada, 1_010)
    seen: list[str] = []
    document = """query($after: String) {
        mySessions(first: 100, after: $after) { nodes { id current } pageInfo { hasNextPage endCursor } }
    }"""
    info: dict[str, Any] = {"hasNextPage": True, "endCursor": None}
    while info["hasNextPage"]:
        answer = (await ada.client.post(document, {"after": info["endCursor"]})).json()
        page, info = answer["data"]["mySessions"]["nodes"], answer["data"]["mySessions"]["pageInfo"]
        seen += [session["id"] for session in page]
        assert page[0]["current"] is (len(seen) == len(page))
    assert len(seen) == len(set(seen)) == 1_011
    answer = (await ada.client.post("mutation { endOtherSessions { count } }")).json()
    assert answer["data"]["endOtherSessions"] == {"count": 1_010}
    left = (await ada.client.post(ME)).json()["data"]["mySessions"]["nodes"]
    assert [session["current"] for session in left] == [True]


async def test_a_page_holds_no_more_than_it_says(product: Product) -> None:
    ada = await registered(product)
    for first in (-1, 101):
        answer = (await ada.client.post(f"{{ mySessions(first: {first}) {{ nodes {{ id }} }} }}")).json()
        assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    await ada.again()
    answer = (await ada.client.post("{ mySessions(first: 1) { nodes { id } } }")).json()
    assert len(answer["data"]["mySessions"]["nodes"]) == 1


async def _sessions(product: Product, person: Person, count: int) -> None:
    """So many more sessions of a person."""
    by = Caller(tenant_id=ACCOUNTS, user_id=person.id)
    async with written(product.settings) as side:
        ids = TimeOrderedIds()
        starts = [
            StartSession(
                id=ids.new(),
                user_id=person.id,
                tenant_id=None,
                token_hash=uuid4().hex * 2,
                refresh_hash=uuid4().hex * 2,
                method="password",
            )
            for _ in range(count)
        ]
        outcomes = await asyncio.gather(*(side.bus.send(start, by=by) for start in starts))
    assert all(isinstance(outcome, AppendReceipt) for outcome in outcomes)
