"""What every response says to browsers, and does not say to those who look for a way in."""

import re
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx

from app.settings import Settings
from tests.auth.people import PASSWORD, post, registered
from tests.auth.provider import CLIENT, SECRET, providing
from tests.kit.product import Product, produced

ORIGIN = {"origin": "https://evil.example"}


async def _responses(product: Product) -> dict[str, httpx.Response]:
    """A response of each kind that the product gives."""
    ada = await registered(product)
    headers = {"authorization": f"Bearer {ada.given['accessToken']}"}
    http = product.http
    return {
        "answer": await http.post("/graphql", json={"query": "{ me { id email } }"}, headers=headers),
        "refused document": await http.post("/graphql", json={"query": "{ nothing }"}, headers=headers),
        "stranger": await http.post("/graphql", json={"query": "{ me { id } }"}),
        "signed in": await ada.sign_in(),
        "refused": await ada.sign_in("wrong password"),
        "bad body": await http.post(
            "/auth/sign-in", content=b"x", headers={"content-type": "application/json"}
        ),
        "wrong type": await http.post("/auth/sign-in", content=b"x"),
        "editor": await http.get("/"),
        "script": await http.get("/graphiql/start.js"),
        "public keys": await http.get("/.well-known/jwks.json"),
        "absent": await http.get(f"/{uuid4().hex}"),
        "wrong method": await http.delete("/auth/sign-in"),
        "live": await http.get("/health/live"),
        "ready": await http.get("/health/ready"),
    }


async def test_nothing_is_guessed_framed_or_kept(product: Product) -> None:
    responses = await _responses(product)
    for name, response in responses.items():
        assert response.headers["x-content-type-options"] == "nosniff", name
        assert "frame-ancestors 'none'" in response.headers["content-security-policy"], name
        assert response.headers["referrer-policy"] == "no-referrer", name
    for name in ("answer", "refused document", "stranger", "signed in", "refused", "bad body", "ready"):
        assert responses[name].headers["cache-control"] == "no-store", name


async def test_no_page_of_another_origin_reads_an_answer(product: Product) -> None:
    ada = await registered(product)
    headers = {"authorization": f"Bearer {ada.given['accessToken']}", **ORIGIN}
    body = {"query": "{ me { id } }"}
    preflight = {
        **ORIGIN,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization",
    }
    for response in (
        await product.http.post("/graphql", json=body, headers=headers),
        await product.http.options("/graphql", headers=preflight),
        await product.http.options("/auth/sign-in", headers=preflight),
        await product.http.post(
            "/auth/sign-in", json={"email": ada.email, "password": PASSWORD}, headers=ORIGIN
        ),
    ):
        assert not [name for name in response.headers if name.startswith("access-control-")]


async def test_a_form_of_another_page_changes_nothing(product: Product) -> None:
    """A browser sends these without asking; none is taken, whatever it holds."""
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"):
        for path in ("/auth/sign-in", "/auth/register", "/auth/sign-out", "/graphql"):
            response = await product.http.post(path, content=b'{"query":"x"}', headers={"content-type": kind})
            assert response.status_code in (401, 415), path


async def test_no_header_says_what_runs_here_in_which_version(product: Product) -> None:
    for name, response in (await _responses(product)).items():
        headers = str({key: value for key, value in response.headers.items() if key != "date"})
        assert "x-powered-by" not in response.headers, name
        assert not re.search(r"\d+\.\d+\.\d+", headers), (name, headers)


async def test_the_server_does_not_name_itself(product: Product) -> None:
    for name, response in (await _responses(product)).items():
        assert "server" not in response.headers, name


async def test_what_is_refused_tells_nothing_of_the_inside(product: Product) -> None:
    for name, response in (await _responses(product)).items():
        if name in ("editor", "script", "ready"):
            continue
        for leak in ("Traceback", "asyncpg", "psql", "/site-packages/", ".py", "select ", "es.events"):
            assert leak not in response.text, (name, leak)


async def test_only_signing_in_elsewhere_sets_a_cookie_and_a_guarded_one(settings: Settings) -> None:
    async with providing() as provider:
        app = replace(
            settings,
            oidc_issuer=provider.url,
            oidc_client_id=CLIENT,
            oidc_client_secret=SECRET,
            public_url="https://headwater.example/",
        )
        async with produced(app) as product:
            start = await product.http.get("/auth/oidc/default/start", headers={"host": "localhost"})
            flags = start.headers["set-cookie"].lower()
            assert "httponly" in flags
            assert "secure" in flags
            assert "samesite=lax" in flags
            assert "path=/auth/oidc" in flags
            # There is no way to have the browser sent anywhere but to the provider: no open redirect.
            for more in ("next", "redirect_uri", "return_to", "url", "state"):
                sent = await product.http.get(
                    "/auth/oidc/default/start", params={more: "https://evil.example"}
                )
                target = urlsplit(sent.headers["location"])
                assert f"{target.scheme}://{target.netloc}" == provider.url
                assert "evil.example" not in sent.headers["location"]
            for more in ("next", "redirect_uri", "url"):
                back = await product.http.get(
                    "/auth/oidc/default/callback",
                    params={more: "https://evil.example", "state": "x", "code": "x"},
                )
                assert back.status_code == 401
                assert "location" not in back.headers
            forged = await product.http.get("/auth/oidc/default/start", headers={"host": "evil.example"})
            (where,) = parse_qs(urlsplit(forged.headers["location"]).query)["redirect_uri"]
            assert where == "https://headwater.example/auth/oidc/default/callback"


async def test_a_sign_in_by_get_is_none(product: Product) -> None:
    for route in ("sign-in", "register", "refresh", "sign-out", "password/reset", "verify-email"):
        assert (await product.http.get(f"/auth/{route}")).status_code == 405
    query = 'mutation { signIn(email: "a@example.com", password: "x") { __typename } }'
    assert (await product.http.get("/graphql", params={"query": query})).status_code == 405
    assert (await post(product.http, "sign-in", {"email": 1, "password": None})).status_code == 400
