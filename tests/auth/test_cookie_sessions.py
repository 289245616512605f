"""Browsers whose pages hold no token: a session in cookies, which no page of another origin can make use of."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any

import httpx
import pytest

from app.settings import Settings
from tests.auth.people import PASSWORD, Json, Person, refusal, registered
from tests.kit.product import Product, produced

APP, EVIL = "https://app.example.com", "https://evil.example"
KEEP = {"headwater-session": "cookie"}
ME = "{ me { id } }"
SWITCH = "mutation($id: ID!) { switchTenant(tenantId: $id) { ... on SignedIn { accessToken csrfToken } } }"
REFRESH = """mutation { refreshSession {
    ... on SignedIn { accessToken refreshToken csrfToken } ... on Refused { code } } }"""
SIGN_OUT = "mutation { signOut { ... on Done { ok } } }"
SIGN_IN = """mutation($email: String!, $password: String!) { signIn(email: $email, password: $password) {
    ... on SignedIn { accessToken refreshToken csrfToken accountId tenantId } } }"""


@dataclass
class Browser:
    """A browser, and what its page knows: no more than the token against forged requests."""

    http: httpx.AsyncClient
    csrf: str
    given: Json

    async def ask(self, query: str, *, headers: Mapping[str, str] | None = None, **variables: object) -> Json:
        response = await self.post(query, headers=headers, **variables)
        assert response.status_code == 200, response.text
        answer: Json = response.json()["data"]
        return answer

    async def post(
        self, query: str, *, headers: Mapping[str, str] | None = None, **variables: object
    ) -> httpx.Response:
        sent = {"x-csrf-token": self.csrf} if headers is None else headers
        return await self.http.post(
            "/graphql", json={"query": query, "variables": variables}, headers=dict(sent)
        )


@asynccontextmanager
async def browser(product: Product, person: Person, **more: str) -> AsyncIterator[Browser]:
    """One that the person has signed in with."""
    async with httpx.AsyncClient(base_url=product.http.base_url, timeout=120) as http:
        variables = {"email": person.email, "password": PASSWORD}
        answer = await http.post(
            "/graphql", json={"query": SIGN_IN, "variables": variables}, headers=KEEP | more
        )
        given = answer.json()["data"]["signIn"]
        yield Browser(http, given["csrfToken"], given)


@pytest.fixture(scope="module")
async def product(settings: Settings) -> AsyncIterator[Product]:
    async with produced(settings, allowed_origins=APP) as running:
        yield running


@pytest.fixture(scope="module")
async def ada(product: Product) -> Person:
    return await registered(product)


def _cookies(response: httpx.Response) -> dict[str, Any]:
    found: SimpleCookie = SimpleCookie()
    for line in response.headers.get_list("set-cookie"):
        found.load(line)
    return {name: morsel for name, morsel in found.items() if name.rpartition("-")[2] != "hw_device"}


@pytest.mark.parametrize("way", ["graphql", "rest"])
async def test_who_asks_for_cookies_is_given_no_token_to_hold(
    product: Product, ada: Person, way: str
) -> None:
    variables = {"email": ada.email, "password": PASSWORD}
    async with httpx.AsyncClient(base_url=product.http.base_url, timeout=120) as http:
        if way == "rest":
            answer = await http.post("/auth/sign-in", json=variables, headers=KEEP)
            given = answer.json()
            assert "accessToken" not in given
            assert "refreshToken" not in given
        else:
            answer = await http.post(
                "/graphql", json={"query": SIGN_IN, "variables": variables}, headers=KEEP
            )
            given = answer.json()["data"]["signIn"]
            assert given["accessToken"] is given["refreshToken"] is None
    cookies = _cookies(answer)
    assert {*cookies} == {"hw_access", "hw_refresh", "hw_csrf"}
    for name, cookie in cookies.items():
        assert cookie["samesite"] == "Strict"
        assert cookie["path"] == "/"
        assert cookie["domain"] == ""
        assert bool(cookie["httponly"]) == (name != "hw_csrf")
        assert cookie.value not in answer.text or name == "hw_csrf"
    assert cookies["hw_csrf"].value == given["csrfToken"]


async def test_over_tls_no_other_host_and_no_plain_page_sets_or_sees_them(settings: Settings) -> None:
    async with produced(settings, public_url="https://headwater.example/") as product:
        ada = await registered(product)
        answer = await product.http.post(
            "/auth/sign-in", json={"email": ada.email, "password": PASSWORD}, headers=KEEP
        )
        cookies = _cookies(answer)
        assert {*cookies} == {"__Host-hw_access", "__Host-hw_refresh", "__Host-hw_csrf"}
        assert all(cookie["secure"] for cookie in cookies.values())
        shown = {"cookie": f"hw_access={cookies['__Host-hw_access'].value}"}
        stranger = await product.http.get("/graphql", params={"query": ME}, headers=shown)
        assert stranger.status_code == 401


async def test_nobody_is_given_cookies_who_does_not_ask_for_them(product: Product, ada: Person) -> None:
    answer = await ada.sign_in()
    assert _cookies(answer) == {}
    assert {"accessToken", "refreshToken"} <= {*answer.json()}


async def test_the_cookie_stands_for_the_token(product: Product, ada: Person) -> None:
    async with browser(product, ada) as page:
        assert (await page.ask(ME))["me"]["id"] == str(ada.id)
        # What changes nothing needs no more than the cookie: a plain link downloads, an EventSource listens.
        got = await page.http.get("/graphql", params={"query": ME})
        assert got.json()["data"]["me"]["id"] == str(ada.id)
        assert "cookie" in got.headers["vary"]
        assert (await page.http.get("/tasks")).status_code == 200
        async with page.http.stream(
            "GET", "/graphql", params={"query": ME}, headers={"accept": "text/event-stream"}
        ) as stream:
            assert str(ada.id) in "".join([text async for text in stream.aiter_text()])


async def test_a_token_of_its_own_goes_before_the_cookie(product: Product, ada: Person) -> None:
    eve = await registered(product)
    async with browser(product, ada) as page:
        bearer = {"authorization": f"Bearer {eve.given['accessToken']}"}
        assert (await page.ask(ME, headers=bearer))["me"]["id"] == str(eve.id)


@pytest.mark.parametrize("shown", [None, "", "x", "of another session"])
async def test_nothing_is_posted_without_the_sessions_own_token(
    product: Product, ada: Person, shown: str | None
) -> None:
    async with browser(product, ada) as page, browser(product, ada) as other:
        headers = {} if shown is None else {"x-csrf-token": other.csrf if "another" in shown else shown}
        for query in (ME, SIGN_OUT):
            response = await page.post(query, headers=headers)
            assert response.status_code == 401
            assert "X-CSRF-Token" in response.json()["errors"][0]["message"]
        assert refusal(await page.http.post("/auth/sign-out", json={}, headers=headers))[0] == 401
        assert (await page.ask(ME))["me"]["id"] == str(ada.id)


@pytest.mark.parametrize("origin", [EVIL, "null", "http://app.example.com", f"{APP}.evil.example"])
async def test_no_page_of_another_origin_makes_use_of_the_cookie(
    product: Product, ada: Person, origin: str
) -> None:
    async with browser(product, ada) as page:
        there = {"origin": origin, "x-csrf-token": page.csrf}
        assert (await page.post(ME, headers=there)).status_code == 401
        got = await page.http.get("/graphql", params={"query": ME}, headers={"origin": origin})
        assert got.status_code == 401
        # Nor does it sign somebody in, or has the session go on, in cookies of theirs.
        for headers in (there | KEEP, there):
            refreshed = (await page.post(REFRESH, headers=headers)).json()["data"]["refreshSession"]
            assert refreshed == {"code": "refresh_refused"}
        assert (await page.ask(ME))["me"]["id"] == str(ada.id)
    assert not _cookies(
        await product.http.post(
            "/auth/sign-in",
            json={"email": ada.email, "password": PASSWORD},
            headers=KEEP | {"origin": origin},
        )
    )


async def test_a_link_from_another_site_shows_nothing(product: Product, ada: Person) -> None:
    async with browser(product, ada) as page:
        from_there = {"sec-fetch-site": "cross-site"}
        got = await page.http.get("/graphql", params={"query": ME}, headers=from_there)
        assert got.status_code == 401


async def test_pages_of_the_same_host_and_of_named_origins_do(product: Product, ada: Person) -> None:
    own = str(product.http.base_url).rstrip("/")
    for origin in (own, APP):
        async with browser(product, ada, origin=origin) as page:
            headers = {"origin": origin, "x-csrf-token": page.csrf}
            assert (await page.ask(ME, headers=headers))["me"]["id"] == str(ada.id)
            refreshed = await page.ask(REFRESH, headers={"origin": origin} | KEEP)
            assert refreshed["refreshSession"]["csrfToken"] == page.csrf


async def test_the_session_goes_on_by_its_cookie(product: Product, ada: Person) -> None:
    async with browser(product, ada) as page:
        before = dict(page.http.cookies)
        answer = await page.ask(REFRESH)
        assert answer["refreshSession"] == {
            "accessToken": None,
            "refreshToken": None,
            "csrfToken": page.csrf,
        }
        after = dict(page.http.cookies)
        assert after["hw_refresh"] != before["hw_refresh"]
        assert after["hw_access"] != before["hw_access"]
        # A page that was loaded anew, while no access token lasts, knows the session's token again.
        page.http.cookies.delete("hw_access")
        assert (await page.post(ME)).status_code == 401
        assert (await page.ask(REFRESH, headers=KEEP))["refreshSession"]["csrfToken"] == page.csrf
        assert (await page.ask(ME))["me"]["id"] == str(ada.id)
        for body in (b"{}", b""):
            json_type = {"content-type": "application/json"}
            rest = await page.http.post("/auth/refresh", content=body, headers=KEEP | json_type)
            assert rest.json()["csrfToken"] == page.csrf
        # Without the header that a page of another origin cannot send, the cookie refreshes nothing.
        page.http.cookies.delete("hw_access")
        assert refusal(await page.http.post("/auth/refresh", json={})) == (401, "refresh_refused")


async def test_signing_out_takes_the_cookies_away(product: Product, ada: Person) -> None:
    async with browser(product, ada) as page:
        kept = dict(page.http.cookies)
        response = await page.post(SIGN_OUT)
        assert {morsel["max-age"] for morsel in _cookies(response).values()} == {"0"}
        assert not {"hw_access", "hw_refresh", "hw_csrf"} & {*page.http.cookies}
        for name, value in kept.items():
            page.http.cookies.set(name, value)
        assert (await page.post(ME)).status_code == 401
        # What is left of a session that is over is taken away as well.
        gone = await page.post(REFRESH, headers=KEEP)
        assert gone.json()["data"]["refreshSession"] == {"code": "refresh_refused"}
        assert _cookies(gone)["hw_refresh"]["max-age"] == "0"


async def test_another_tenant_goes_into_the_cookie(product: Product, ada: Person) -> None:
    async with browser(product, ada) as page:
        answer = await page.ask(SWITCH, id=ada.given["tenantId"])
        assert answer["switchTenant"] == {"accessToken": None, "csrfToken": page.csrf}
        assert (await page.ask(ME))["me"]["id"] == str(ada.id)


@pytest.mark.parametrize("said", ["cookies", "yes", ""])
async def test_a_header_that_says_something_else_is_refused(product: Product, ada: Person, said: str) -> None:
    variables = {"email": ada.email, "password": PASSWORD}
    headers = {"headwater-session": said}
    by_api = await product.http.post(
        "/graphql", json={"query": SIGN_IN, "variables": variables}, headers=headers
    )
    by_rest = await product.http.post("/auth/sign-in", json=variables, headers=headers)
    assert by_api.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
    assert by_rest.json()["code"] == "bad_request"
    for answer in (by_api, by_rest):
        assert answer.status_code == 400
        assert "takes `cookie`" in answer.text
