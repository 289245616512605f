"""Signing in by another provider of identities, tried with one that runs here."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from app.settings import Settings
from app.storage.database import Connection
from tests.auth.people import Person, post, refusal, registered, reset_token
from tests.auth.provider import CLIENT, SECRET, IdentityProvider, providing
from tests.kit.product import Product, produced

REFUSED = (401, "provider_refused")


@pytest.fixture(scope="module")
async def provider() -> AsyncIterator[IdentityProvider]:
    async with providing() as provider:
        yield provider


@pytest.fixture(scope="module")
async def product(settings: Settings, provider: IdentityProvider) -> AsyncIterator[Product]:
    """The product that knows the provider."""
    known = replace(settings, oidc_issuer=provider.url, oidc_client_id=CLIENT, oidc_client_secret=SECRET)
    async with produced(known) as product:
        yield product


@pytest.fixture(autouse=True)
def somebody(provider: IdentityProvider) -> str:
    """The address of somebody whom the provider knows, and whom it has just verified."""
    email = f"{uuid4().hex}@example.com"
    provider.claims = {"sub": uuid4().hex, "email": email, "email_verified": True, "given_name": "Ada"}
    provider.signs_with = None
    return email


async def test_opens_an_account_and_finds_it_again(
    product: Product, owner: Connection, provider: IdentityProvider, somebody: str
) -> None:
    first, second = (await _walk(product)).json(), (await _walk(product)).json()
    assert first["accountId"] == second["accountId"]
    assert first["sessionId"] != second["sessionId"]
    verified = "select email_verified from auth.accounts where id = $1"
    assert await owner.fetchval(verified, UUID(first["accountId"])) is True


async def test_the_subject_counts_and_not_the_address(product: Product, provider: IdentityProvider) -> None:
    first = (await _walk(product)).json()
    provider.claims["email"] = f"{uuid4().hex}@example.com"
    assert (await _walk(product)).json()["accountId"] == first["accountId"]


async def test_an_unverified_address_links_nothing(product: Product, provider: IdentityProvider) -> None:
    ada = await registered(product)
    for verified in (False, "true", ...):
        provider.claims |= {"email": ada.email, "email_verified": verified}
        assert refusal(await _walk(product)) == REFUSED


async def test_whoever_opened_an_account_with_the_address_of_another_loses_it(
    product: Product, provider: IdentityProvider
) -> None:
    eve = await registered(product)
    provider.claims["email"] = eve.email
    owner_of_address = (await _walk(product)).json()
    assert owner_of_address["accountId"] == str(eve.id)
    assert refusal(await eve.sign_in()) == (401, "sign_in_refused")
    assert (await eve.client.post("{ mySessions { nodes { id } } }")).status_code == 401


@pytest.mark.parametrize(
    "fault",
    [
        {"iss": "https://evil.example.com"},
        {"aud": "somebody-else"},
        {"aud": [CLIENT, "somebody-else"]},
        {"nonce": "another"},
        {"nonce": ...},
        {"exp": 1},
        {"exp": ...},
        {"sub": ...},
    ],
    ids=str,
)
async def test_a_token_that_is_not_for_us_is_refused(
    product: Product, provider: IdentityProvider, fault: dict[str, Any]
) -> None:
    provider.claims |= fault
    assert refusal(await _walk(product)) == REFUSED


async def test_a_token_of_another_key_is_refused(product: Product, provider: IdentityProvider) -> None:
    provider.signs_with = ec.generate_private_key(ec.SECP256R1())
    assert refusal(await _walk(product)) == REFUSED


async def test_whoever_comes_back_by_a_link_keeps_the_session_in_their_cookies(product: Product) -> None:
    ada = await registered(product)
    async with httpx.AsyncClient(base_url=product.http.base_url, timeout=120) as browser:
        keep = {"headwater-session": "cookie"}
        body = {"email": ada.email, "password": ada.password}
        await browser.post("/auth/sign-in", json=body, headers=keep)
        before = browser.cookies["hw_access"]
        given = (await browser.get(await _sent_back(product, browser))).json()
        assert given["accessToken"]
        assert browser.cookies["hw_access"] == before


async def test_a_page_of_this_host_is_given_a_session_in_cookies(product: Product) -> None:
    async with httpx.AsyncClient(base_url=product.http.base_url, timeout=120) as browser:
        back = await _sent_back(product, browser, "?session=cookie")
        given = (await browser.get(back)).json()
        assert {"accessToken", "refreshToken"}.isdisjoint(given)
        asked = {"query": "{ me { id } }"}
        me = await browser.post("/graphql", json=asked, headers={"x-csrf-token": given["csrfToken"]})
        assert me.json()["data"]["me"]["id"] == given["accountId"]


async def test_the_browser_is_sent_on_to_a_path_of_this_host_alone(product: Product) -> None:
    async with httpx.AsyncClient(base_url=product.http.base_url, timeout=120) as browser:
        answer = await browser.get(await _sent_back(product, browser, "?session=cookie&to=/board"))
        assert (answer.status_code, answer.headers["location"]) == (303, "/board")
        assert browser.cookies["hw_access"]
        for elsewhere in ("//evil.example", "/\\evil.example", "https://evil.example", "/%0aevil"):
            refused = await browser.get(f"/auth/oidc/default/start?session=cookie&to={elsewhere}")
            assert refusal(refused) == (400, "bad_request")


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_no_other_page_begins_a_session_in_cookies(product: Product, site: str) -> None:
    start = "/auth/oidc/default/start"
    refused = await product.http.get(f"{start}?session=cookie", headers={"sec-fetch-site": site})
    assert refusal(refused) == (400, "bad_request")
    assert (await product.http.get(start, headers={"sec-fetch-site": site})).status_code == 303


async def test_another_browser_is_given_no_session_by_what_one_began(product: Product) -> None:
    async with httpx.AsyncClient(base_url=product.http.base_url, timeout=120) as browser:
        back = await _sent_back(product, browser, "?session=cookie&to=/board")
    async with httpx.AsyncClient(base_url=product.http.base_url, timeout=120) as other:
        assert refusal(await other.get(back)) == REFUSED
        assert "hw_access" not in other.cookies


async def test_another_browser_cannot_end_what_one_began(product: Product) -> None:
    back = await _sent_back(product)
    async with httpx.AsyncClient(base_url=product.http.base_url, timeout=120) as other:
        assert refusal(await other.get(back)) == REFUSED


async def test_an_answer_is_used_once(product: Product) -> None:
    async with httpx.AsyncClient(base_url=product.http.base_url, timeout=120) as browser:
        back = await _sent_back(product, browser)
        cookies = dict(browser.cookies)
        assert (await browser.get(back)).status_code == 200
        browser.cookies.update(cookies)
        assert refusal(await browser.get(back)) == REFUSED


async def test_an_answer_with_another_state_is_refused(product: Product) -> None:
    async with httpx.AsyncClient(base_url=product.http.base_url, timeout=120) as browser:
        back = await _sent_back(product, browser)
        assert refusal(await browser.get(back.replace("state=", "state=x"))) == REFUSED


async def test_only_known_providers_are_asked(product: Product) -> None:
    response = await product.http.get("/auth/oidc/other/start")
    assert refusal(response) == (404, "not_found")


DONE = {"__typename": "Done"}
PROVE = {"__typename": "Refused", "code": "proof_needed"}
ASKS = (
    'changePassword(current: "", password: "a password of mine")',
    'enrolSecondFactor(password: "")',
    'removeSecondFactor(password: "", code: "123456")',
)


@pytest.mark.parametrize("query", ASKS)
async def test_a_token_alone_sets_neither_password_nor_factor_where_there_is_no_password(
    product: Product, query: str
) -> None:
    given = (await _walk(product)).json()
    assert await _mutated(product, given, query) == PROVE


async def test_whoever_proves_themselves_to_the_provider_anew_may_set_a_password(
    product: Product, provider: IdentityProvider, somebody: str
) -> None:
    await _walk(product)
    provider.claims["auth_time"] = int(time.time())
    given = (await _walk(product, "?anew=true")).json()
    assert await _mutated(product, given, ASKS[0]) == DONE
    body = {"email": somebody, "password": "a password of mine"}
    assert (await post(product.http, "sign-in", body)).status_code == 200


async def test_the_proof_is_good_for_ten_minutes(
    product: Product, provider: IdentityProvider, owner: Connection
) -> None:
    provider.claims["auth_time"] = int(time.time())
    given = (await _walk(product, "?anew=true")).json()
    await owner.execute(
        "update auth.sessions set created_at = created_at - interval '11 minutes' where id = $1",
        UUID(given["sessionId"]),
    )
    assert await _mutated(product, given, ASKS[0]) == PROVE


@pytest.mark.parametrize("at", [..., "now", 1, -3600], ids=str)
async def test_a_provider_that_does_not_ask_again_proves_nothing(
    product: Product, provider: IdentityProvider, at: Any
) -> None:
    provider.claims["auth_time"] = int(time.time()) + at if at == -3600 else at
    assert refusal(await _walk(product, "?anew=true")) == REFUSED


async def test_the_provider_is_asked_not_to_go_by_an_earlier_signing_in(product: Product) -> None:
    started = await product.http.get("/auth/oidc/default/start?anew=true")
    parameters = parse_qs(urlsplit(started.headers["location"]).query)
    assert (parameters["prompt"], parameters["max_age"]) == (["login"], ["0"])


async def test_a_mailed_link_sets_a_first_password(
    product: Product, owner: Connection, somebody: str
) -> None:
    ada = Person(product.http, somebody, (await _walk(product)).json())
    token = await reset_token(product, owner, ada)
    new = "another battery staple"
    assert (await post(product.http, "password/reset", {"token": token, "password": new})).status_code == 200
    assert (await ada.sign_in(new)).status_code == 200


async def _mutated(product: Product, given: dict[str, Any], what: str) -> Any:
    document = f"mutation {{ asked: {what} {{ __typename ... on Refused {{ code }} }} }}"
    headers = {"authorization": f"Bearer {given['accessToken']}"}
    return (await product.http.post("/graphql", json={"query": document}, headers=headers)).json()["data"][
        "asked"
    ]


async def test_a_good_walk_needs_no_other_route(product: Product, somebody: str) -> None:
    assert (await _walk(product)).status_code == 200
    response = await post(product.http, "sign-in", {"email": somebody, "password": ""})
    assert refusal(response) == (401, "sign_in_refused")


async def _walk(product: Product, how: str = "") -> httpx.Response:
    """What a browser gets in the end that begins at /auth/oidc/default/start."""
    async with httpx.AsyncClient(base_url=product.http.base_url, timeout=120) as browser:
        return await browser.get(await _sent_back(product, browser, how))


async def _sent_back(product: Product, browser: httpx.AsyncClient | None = None, how: str = "") -> str:
    """The address that the provider sends the browser back to."""
    asking = browser or product.http
    started = await asking.get(f"/auth/oidc/default/start{how}")
    assert started.status_code == 303, started.text
    at_provider = await asking.get(started.headers["location"])
    return str(at_provider.headers["location"])
