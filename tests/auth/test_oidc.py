"""Signing in by another provider of identities, tried with one that runs here."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from joserfc.jwk import ECKey

from app.database import Connection
from app.settings import Settings
from tests.auth.people import post, refusal, registered
from tests.auth.provider import CLIENT, SECRET, IdentityProvider, providing
from tests.kit.product import Product, produced

REFUSED = (401, "provider_refused")


@pytest.fixture(scope="module")
async def provider() -> AsyncIterator[IdentityProvider]:
    async with providing() as made:
        yield made


@pytest.fixture(scope="module")
async def product(settings: Settings, provider: IdentityProvider) -> AsyncIterator[Product]:
    """The product that knows the provider."""
    known = replace(settings, oidc_issuer=provider.url, oidc_client_id=CLIENT, oidc_client_secret=SECRET)
    async with produced(known) as made:
        yield made


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
    assert (await eve.client.post("{ mySessions { id } }")).status_code == 401


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
    provider.signs_with = ECKey.generate_key("P-256", {"kid": "one"})
    assert refusal(await _walk(product)) == REFUSED


async def test_another_browser_cannot_end_what_one_began(product: Product) -> None:
    back = await _sent_back(product)
    async with httpx.AsyncClient(base_url=product.http.base_url) as other:
        assert refusal(await other.get(back)) == REFUSED


async def test_an_answer_is_used_once(product: Product) -> None:
    async with httpx.AsyncClient(base_url=product.http.base_url) as browser:
        back = await _sent_back(product, browser)
        cookies = dict(browser.cookies)
        assert (await browser.get(back)).status_code == 200
        browser.cookies.update(cookies)
        assert refusal(await browser.get(back)) == REFUSED


async def test_an_answer_with_another_state_is_refused(product: Product) -> None:
    async with httpx.AsyncClient(base_url=product.http.base_url) as browser:
        back = await _sent_back(product, browser)
        assert refusal(await browser.get(back.replace("state=", "state=x"))) == REFUSED


async def test_only_known_providers_are_asked(product: Product) -> None:
    response = await product.http.get("/auth/oidc/other/start")
    assert refusal(response) == (404, "not_found")


async def test_somebody_without_a_password_may_set_one(product: Product) -> None:
    given = (await _walk(product)).json()
    document = 'mutation { changePassword(current: "", password: "a password of mine") { __typename } }'
    headers = {"authorization": f"Bearer {given['accessToken']}"}
    answer = await product.http.post("/graphql", json={"query": document}, headers=headers)
    assert answer.json()["data"]["changePassword"] == {"__typename": "Done"}


async def test_a_good_walk_needs_no_other_route(product: Product, somebody: str) -> None:
    assert (await _walk(product)).status_code == 200
    response = await post(product.http, "sign-in", {"email": somebody, "password": ""})
    assert refusal(response) == (401, "sign_in_refused")


async def _walk(product: Product) -> httpx.Response:
    """What a browser gets in the end that begins at /auth/oidc/default/start."""
    async with httpx.AsyncClient(base_url=product.http.base_url) as browser:
        return await browser.get(await _sent_back(product, browser))


async def _sent_back(product: Product, browser: httpx.AsyncClient | None = None) -> str:
    """The address that the provider sends the browser back to."""
    asking = browser or product.http
    started = await asking.get("/auth/oidc/default/start")
    assert started.status_code == 303, started.text
    at_provider = await asking.get(started.headers["location"])
    return str(at_provider.headers["location"])
