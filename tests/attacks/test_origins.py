"""Pages of other origins call the API only when a setting names theirs, and then all of it and nothing else."""

from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest

from app.settings import Settings
from tests.auth.people import PASSWORD, post, registered
from tests.kit.product import Product, produced

APP, PHONE = "https://app.example.com", "capacitor://localhost"
OTHERS = (
    "https://evil.example",
    "http://app.example.com",
    "https://app.example.com:8443",
    "https://app.example.com.evil.example",
    "https://evil-app.example.com",
    "https://example.com",
    "HTTPS://APP.EXAMPLE.COM",
    f"{APP},https://evil.example",
    "null",
    "*",
    "",
)
OPEN = ("/graphql", "/auth/sign-in", "/auth/refresh", f"/exports/{uuid4()}", "/tasks", f"/tasks/{uuid4()}")
CLOSED = ("/", "/health/ready", "/metrics", "/reset-password", "/graphqlx", "/tasksx", "/authx/sign-in")


@pytest.fixture(scope="module")
async def product(settings: Settings) -> AsyncIterator[Product]:
    """The product as two front ends of other origins use it."""
    async with produced(settings, allowed_origins=f"{APP}, {PHONE}") as running:
        yield running


def _preflight(origin: str, headers: str = "authorization,content-type") -> dict[str, str]:
    return {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": headers,
    }


def _told(response: httpx.Response) -> list[str]:
    return [name for name in response.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("origin", [APP, PHONE])
@pytest.mark.parametrize("path", OPEN, ids=lambda path: path.split("/")[1])
async def test_an_allowed_page_may_ask_with_a_token(product: Product, path: str, origin: str) -> None:
    response = await product.http.options(path, headers=_preflight(origin, "authorization,x-anything"))
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == origin
    assert response.headers["access-control-allow-credentials"] == "true"
    assert "authorization" in response.headers["access-control-allow-headers"]
    assert "POST" in response.headers["access-control-allow-methods"]
    assert "DELETE" not in response.headers["access-control-allow-methods"]


async def test_an_allowed_page_reads_answers_and_refusals_with_their_headers(product: Product) -> None:
    ada = await registered(product)
    bearer, here = {"authorization": f"Bearer {ada.given['accessToken']}"}, {"origin": APP}
    body = {"query": "{ me { id } }"}
    for status, response in (
        (200, await product.http.post("/graphql", json=body, headers=bearer | here)),
        (401, await product.http.post("/graphql", json=body, headers=here)),
        (200, await product.http.get("/graphql", params=body, headers=bearer | here)),
        (404, await product.http.get(f"/exports/{uuid4()}", headers=bearer | here)),
        (401, await product.http.post("/auth/sign-in", json={"email": "x", "password": "x"}, headers=here)),
        (200, await product.http.get("/tasks", headers=bearer | here)),
    ):
        assert response.status_code == status, response.text
        assert response.headers["access-control-allow-origin"] == APP
        assert "origin" in response.headers["vary"].lower()
        exposed = response.headers["access-control-expose-headers"]
        for name in ("retry-after", "x-correlation-id", "etag"):
            assert name in exposed


@pytest.mark.parametrize("origin", OTHERS)
async def test_a_page_that_no_setting_names_is_told_nothing(product: Product, origin: str) -> None:
    ada = await registered(product)
    bearer = {"authorization": f"Bearer {ada.given['accessToken']}", "origin": origin}
    for path in OPEN:
        refused = await product.http.options(path, headers=_preflight(origin))
        assert (refused.status_code, _told(refused)) == (405, []), path
    for response in (
        await product.http.post("/graphql", json={"query": "{ me { id } }"}, headers=bearer),
        await product.http.get("/tasks", headers=bearer),
        await product.http.post(
            "/auth/sign-in", json={"email": ada.email, "password": PASSWORD}, headers={"origin": origin}
        ),
    ):
        assert _told(response) == []
        # What a cache keeps of it is not shown to a page that may ask.
        assert "origin" in response.headers["vary"].lower()


@pytest.mark.parametrize("path", CLOSED)
async def test_what_is_no_api_is_open_to_no_other_page(product: Product, path: str) -> None:
    for method in ("OPTIONS", "GET"):
        response = await product.http.request(method, path, headers=_preflight(APP))
        assert _told(response) == [], method


async def test_what_is_refused_for_being_too_much_is_readable_too(settings: Settings) -> None:
    async with produced(settings, allowed_origins=APP) as product:
        body = {"email": f"{uuid4().hex}@example.com", "password": "wrong"}
        for _ in range(5):
            await post(product.http, "sign-in", body)
        refused = await product.http.post("/auth/sign-in", json=body, headers={"origin": APP})
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) > 0
        assert refused.headers["access-control-allow-origin"] == APP
