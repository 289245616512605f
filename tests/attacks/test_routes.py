"""Every route says who may call it; one that nobody thought of is found."""

from dataclasses import replace
from uuid import uuid4

import pytest
from starlette.routing import Mount, Route, WebSocketRoute

from app.entry.asgi import create_app
from app.telemetry.monitoring_access import watch_token
from domain.kit.caller import ACCOUNTS, PLATFORM
from domain.kit.tenants import RESERVED
from tests.auth.people import registered
from tests.kit.product import Product

ANYBODY = {
    "/": "the editor, without any data",
    "/.well-known/jwks.json": "public keys",
    "/accept-invitation": "a form that takes a token from a mail",
    "/auth/oidc/{provider}/callback": "signs in",
    "/auth/oidc/{provider}/start": "signs in",
    "/auth/password/forgot": "answers the same for everybody",
    "/auth/password/reset": "takes a token from a mail",
    "/auth/refresh": "takes a refresh token",
    "/auth/register": "signs up",
    "/auth/second-factor": "takes a challenge and a code",
    "/auth/sign-in": "takes a password",
    "/auth/verify-email": "takes a token from a mail",
    "/confirm-subscription": "a form that takes a token from a mail",
    "/docs/schema": "a page without any data",
    "/docs/schema.css": "a page without any data",
    "/docs/schema.js": "a page without any data",
    "/docs/{path:path}": "what came with the code",
    "/graphiql/assets": "the editor",
    "/graphiql/door.js": "the editor",
    "/graphiql/start.js": "the editor",
    "/graphql": "each field names its permission: tests/access/test_declared.py",
    "/health/live": "for the machine that runs it",
    "/health/ready": "for the machine that runs it",
    "/mail-opt-out": "a form that takes a token from a mail",
    "/mail-opt-out/optin": "takes a token from a mail",
    "/mail-opt-out/optout": "takes a token from a mail",
    "/preferences": "a form that takes a token from a mail",
    "/reset-password": "a form that takes a token from a mail",
    "/task": "a page that shows no more than what the link says",
    "/unsubscribe": "a form that takes a token from a mail",
    "/v1/files/{id}": "takes the signature of a link that expires",
    "/verify-email": "a form that takes a token from a mail",
    "/verify-sender": "a form that takes a token from a mail",
    "/webhooks/{source}": "takes what the provider of the source has signed",
}
"""Open routes, and why they may be."""
SIGNED_IN = {
    "/auth/sign-out": "POST",
    "/docs/schema.graphql": "GET",
    "/docs/schema.json": "GET",
    "/exports/{id}": "GET",
    "/metrics": "GET",
    "/tasks": "POST",
    "/tasks/search": "GET",
    "/tasks/{id}": "GET",
    "/v1/events": "POST",
    "/v1/files": "POST",
}
"""Routes that ask for a token themselves."""


def _routes(product: Product) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for route in create_app(product.settings).routes:
        assert isinstance(route, Route | WebSocketRoute | Mount), route
        found.setdefault(route.path, set()).update(getattr(route, "methods", None) or ())
    return found


def test_no_route_is_left_out(product: Product) -> None:
    assert _routes(product).keys() - ANYBODY.keys() - SIGNED_IN.keys() == set()


@pytest.mark.parametrize("path", sorted(SIGNED_IN))
async def test_a_route_for_those_who_are_signed_in_asks_who_one_is(product: Product, path: str) -> None:
    for headers in ({}, {"authorization": "Bearer x"}, {"cookie": "token=x"}):
        response = await product.http.request(
            SIGNED_IN[path],
            path.format(id=uuid4()),
            headers={**headers, "content-type": "application/json"},
            content=b"{}",
        )
        assert response.status_code == 401, response.text


async def test_who_watches_shows_a_token_of_their_own(product: Product) -> None:
    for token, status in ((watch_token(product.settings), 200), (product.token(PLATFORM, uuid4()), 401)):
        headers = {"authorization": f"Bearer {token}"}
        assert (await product.http.get("/metrics", headers=headers)).status_code == status
        ready = (await product.http.get("/health/ready", headers=headers)).json()
        assert ("views" in ready) is (status == 200)
    assert (await product.http.get("/health/ready")).json().keys() == {"status"}


def test_the_page_for_developers_is_not_there_in_production(product: Product) -> None:
    for environment, graphiql, there in (
        ("production", "auto", False),
        ("production", "on", True),
        ("development", "auto", True),
        ("development", "off", False),
    ):
        app = create_app(replace(product.settings, environment=environment, graphiql=graphiql))
        assert any(getattr(route, "path", "") == "/" for route in app.routes) is there, (
            environment,
            graphiql,
        )


@pytest.mark.parametrize(
    "name", ["../../../etc/passwd", "..%2f..%2fkeys%2fmaster.json", "%2e%2e/", "a%00b", "*"]
)
async def test_no_path_leads_out_of_a_folder(product: Product, name: str) -> None:
    ada = await registered(product)
    headers = {"authorization": f"Bearer {ada.given['accessToken']}"}
    for folder in ("exports", "graphiql/assets", "graphiql"):
        response = await product.http.get(f"/{folder}/{name}", headers=headers)
        assert response.status_code in (307, 404, 405), response.text
        assert response.headers.get("location", str(response.url)).startswith(str(product.http.base_url))
        assert "root:" not in response.text


@pytest.mark.parametrize("tenant", [PLATFORM, ACCOUNTS])
async def test_nobody_enters_the_tenants_of_the_product_itself(product: Product, tenant: object) -> None:
    """One holds all accounts, the other the operators; neither takes members by any way from outside."""
    ada = await registered(product)
    switch = "mutation($t: ID!) { switchTenant(tenantId: $t) { __typename } }"
    answer = (await ada.client.post(switch, {"t": str(tenant)})).json()
    assert answer["data"]["switchTenant"] == {"__typename": "Refused"}
    body = {"email": ada.email, "password": ada.password, "tenantId": str(tenant)}
    given = (await product.http.post("/auth/sign-in", json=body)).json()
    assert given.get("tenantId") != str(tenant)


def test_no_company_is_called_as_an_address_of_the_product(product: Product) -> None:
    words = {path.split("/")[1].removeprefix(".") for path in _routes(product)} - {""}
    assert words - RESERVED == set()
