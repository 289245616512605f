"""Registering, signing in and out, over HTTP."""

from uuid import uuid4

from tests.auth.people import PASSWORD, post, refusal, registered, somebody
from tests.kit.product import Product

ME = "{ mySessions { id current method ipAddress } }"


async def test_a_company_signs_up_and_its_owner_is_signed_in(product: Product) -> None:
    ada = await registered(product)
    assert ada.given["tenantId"]
    answer = (
        await ada.client.post("{ tasks(first: 1) { totalCount } mySessions { current method } }")
    ).json()
    assert answer["data"]["mySessions"] == [{"current": True, "method": "registration"}]


async def test_an_account_without_a_company_may_do_what_concerns_itself(product: Product) -> None:
    ada = await registered(product, company=False)
    assert ada.given["tenantId"] is None
    assert len((await ada.client.post(ME)).json()["data"]["mySessions"]) == 1
    answer = (await ada.client.post("{ tasks(first: 1) { totalCount } }")).json()
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_an_address_has_one_account(product: Product) -> None:
    ada = await registered(product)
    other = somebody() | {"email": ada.email.upper()}
    assert refusal(await post(product.http, "register", other)) == (409, "already_taken")


async def test_a_taken_slug_leaves_no_account_behind(product: Product) -> None:
    slug = f"taken-{uuid4().hex}"
    wish = somebody(tenantName="Acme", tenantSlug=slug)
    assert (await post(product.http, "register", wish)).status_code == 200
    second = somebody(tenantName="Other", tenantSlug=slug)
    response = await post(product.http, "register", second)
    assert (refusal(response), response.json()["error"]["field"]) == ((409, "already_taken"), "tenantSlug")
    assert refusal(await post(product.http, "sign-in", second)) == (401, "sign_in_refused")


async def test_signs_in_whatever_the_spelling_of_the_address(product: Product) -> None:
    ada = await registered(product)
    response = await post(product.http, "sign-in", {"email": f" {ada.email.upper()} ", "password": PASSWORD})
    assert response.status_code == 200
    assert response.json()["tenantId"] == ada.given["tenantId"]


async def test_a_weak_password_is_refused(product: Product) -> None:
    for password in ("short", "x" * 201):
        wish = somebody() | {"password": password}
        assert refusal(await post(product.http, "register", wish)) == (400, "password_too_weak")


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
    document = "mutation($id: UUID!) { endSession(id: $id) { __typename } }"
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
    assert [one["current"] for one in (await here.client.post(ME)).json()["data"]["mySessions"]] == [True]


async def test_nobody_ends_the_session_of_another(product: Product) -> None:
    ada, eve = await registered(product), await registered(product)
    document = "mutation($id: UUID!) { endSession(id: $id) { ... on Refused { code } } }"
    answer = (await eve.client.post(document, {"id": ada.given["sessionId"]})).json()
    assert answer["data"]["endSession"] == {"code": "not_found"}
    assert (await ada.client.post(ME)).status_code == 200
