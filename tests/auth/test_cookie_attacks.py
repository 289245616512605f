"""What strangers, sibling hosts and proxies do to a session in cookies, and what it withstands."""

import base64
import json
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.datastructures import Headers
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from app.http.cookies import cookies_of
from app.origins import is_of_host
from app.settings import Settings
from tests.auth.people import PASSWORD, Json, Person, post, registered, somebody
from tests.auth.test_cookie_sessions import KEEP, ME, SWITCH, Browser
from tests.auth.test_joining import accepted, invited
from tests.kit.product import Product, produced

PUBLIC = "https://headwater.example"
REGISTER = "mutation($i: RegisterInput!) { register(input: $i) { __typename } }"


@pytest.fixture(scope="module")
async def product(settings: Settings) -> AsyncIterator[Product]:
    """The product as browsers come to it by TLS."""
    async with produced(settings, public_url=f"{PUBLIC}/") as running:
        yield running


@pytest.fixture(scope="module")
async def ada(product: Product) -> Person:
    return await registered(product)


async def _signed_in(product: Product, ada: Person) -> dict[str, str]:
    """The cookies of a session, by their names; the client itself keeps none of them, as it comes without TLS."""
    body = {"email": ada.email, "password": PASSWORD}
    answer = await product.http.post("/auth/sign-in", json=body, headers=KEEP)
    pairs = (line.partition(";")[0].partition("=") for line in answer.headers.get_list("set-cookie"))
    return {name: value for name, _, value in pairs}


async def _read(product: Product, cookies: list[bytes], **more: str) -> httpx.Response:
    headers = [*((b"cookie", each) for each in cookies), *((k.encode(), v.encode()) for k, v in more.items())]
    return await product.http.get("/graphql", params={"query": ME}, headers=headers)


async def test_no_cookie_of_a_sibling_host_holds_another_that_it_may_not_set(
    product: Product, ada: Person
) -> None:
    eve = await registered(product)
    own = f"__Host-hw_access={(await _signed_in(product, ada))['__Host-hw_access']}"
    tossed = f"__Host-hw_access={(await _signed_in(product, eve))['__Host-hw_access']}"
    for one in (f"x=1 {tossed}", f"x=1, {tossed}", f'x="1" {tossed}', f"\xa0{tossed}"):
        assert (await _read(product, [one.encode("latin-1")])).status_code == 401
        got = await _read(product, [f"{own}; {one}".encode("latin-1")])
        assert got.json()["data"]["me"]["id"] == str(ada.id)
    # Two of one name: one of them is somebody else's.
    assert (await _read(product, [f"{own}; {tossed}".encode()])).status_code == 401


@pytest.mark.parametrize(
    "other",
    [
        b'seen={"a": [1, 2]}',
        b"path=/",
        b"a[b]=1",
        b"nameless",
        b"=x",
        b'x="',
        b"",
        b"\xe4=\xff",
        b"x=" + b"y" * 9_000,
    ],
    ids=range(9),
)
async def test_cookies_of_others_leave_the_sessions_be(product: Product, ada: Person, other: bytes) -> None:
    own = f"__Host-hw_access={(await _signed_in(product, ada))['__Host-hw_access']}".encode()
    # As one header, and as a proxy hands on those of HTTP/2.
    for cookies in ([other + b"; " + own + b"; z=1"], [other, own], [own, other]):
        assert (await _read(product, cookies)).status_code == 200


def test_cookies_are_read_as_browsers_write_them() -> None:
    shown = Headers({"cookie": 'a=1; b="x; c=y"; d=2 e=3;\tf = g ; a=4'})
    assert cookies_of(shown) == {"b": '"x', "c": 'y"', "d": "2 e=3", "f": "g"}


def _made_up(claims: str) -> bytes:
    return b"__Host-hw_access=a." + base64.urlsafe_b64encode(claims.encode()).rstrip(b"=") + b".c"


@pytest.mark.parametrize(
    "cookie",
    [
        _made_up(said)
        for said in ("[" * 3_000, '{"sid": "\\ud800", "tenant": "x"}', '{"sid": 1, "tenant": {}}', "1")
    ]
    + [b"__Host-hw_access=\xff.\xfe.\xfd", b'__Host-hw_access="a\\012b"', b"__Host-hw_access=a b, c"],
    ids=range(7),
)
async def test_a_made_up_cookie_is_refused(product: Product, cookie: bytes) -> None:
    assert (await _read(product, [cookie])).status_code == 401
    for headers in ({}, {"x-csrf-token": b"\xff"}):
        sent = {b"cookie": cookie, **{name.encode(): value for name, value in headers.items()}}
        assert (await product.http.post("/graphql", json={"query": ME}, headers=sent)).status_code == 401


@pytest.mark.parametrize("origin", [b"http://[", b"https://[x]", b"https://a:99999999", b"\xff", b"", b"//"])
async def test_an_origin_that_is_none_is_refused(product: Product, origin: bytes) -> None:
    sent = {b"origin": origin, b"headwater-session": b"cookie"}
    assert (await product.http.post("/graphql", json={"query": ME}, headers=sent)).status_code == 401


async def test_no_key_and_no_service_token_counts_in_the_cookie(product: Product, ada: Person) -> None:
    token = product.token(ada.client.tenant, ada.id)
    assert (await _read(product, [], authorization=f"Bearer {token}")).status_code == 200
    assert (await _read(product, [f"__Host-hw_access={token}".encode()])).status_code == 401


async def test_a_sibling_host_may_lead_here_and_load_nothing(product: Product, ada: Person) -> None:
    own = f"__Host-hw_access={(await _signed_in(product, ada))['__Host-hw_access']}".encode()
    for target, status in (("document", 200), ("image", 401), ("iframe", 401), ("empty", 401)):
        sent = {"sec-fetch-site": "same-site", "sec-fetch-dest": target}
        assert (await _read(product, [own], **sent)).status_code == status


async def test_its_own_pages_call_whatever_name_a_proxy_gives_it(product: Product, ada: Person) -> None:
    own = f"__Host-hw_access={(await _signed_in(product, ada))['__Host-hw_access']}".encode()
    host = urlsplit(PUBLIC).netloc
    for named in (host, f"{host}:443", host.upper(), "headwater-api:8000"):
        assert (await _read(product, [own], host=named, origin=PUBLIC)).status_code == 200
    for origin in (f"http://{host}", f"{PUBLIC}:8443", "https://evil.example"):
        assert (await _read(product, [own], host=host, origin=origin)).status_code == 401


def test_which_origin_is_a_hosts_own() -> None:
    assert is_of_host("http://[::1]:8000", "[::1]:8000")
    assert is_of_host("https://a.example", "A.example:443")
    assert is_of_host("http://a.example", "a.example:80")
    for origin, host in (
        ("capacitor://localhost", "localhost"),
        ("https://a.example", "a.example:80"),
        ("https://a.example", "b.a.example"),
        ("null", "null"),
        ("https://", ""),
    ):
        assert not is_of_host(origin, host)


async def test_a_page_writes_in_the_tenant_that_it_shows(product: Product) -> None:
    ada, ben = await registered(product), await registered(product)
    _, token = await invited(product, ada, ben.email)
    await accepted(product, {"token": token, "password": ben.password})
    cookies = await _signed_in(product, ben)
    async with httpx.AsyncClient(base_url=product.http.base_url, timeout=120) as http:
        # The other tab has the tenant changed.
        _take(http, cookies)
        tab, other = (Browser(http, cookies["__Host-hw_csrf"], {}) for _ in range(2))
        there = (await other.ask(SWITCH, id=ada.given["tenantId"]))["switchTenant"]["csrfToken"]
        assert there != tab.csrf
        _take(http, await _refreshed(http))
        assert (await tab.post(ME)).status_code == 401
        assert (await other.post(ME, headers={"x-csrf-token": there})).status_code == 200


def _take(http: httpx.AsyncClient, cookies: dict[str, str]) -> None:
    http.headers["cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())


async def _refreshed(http: httpx.AsyncClient) -> dict[str, str]:
    answer = await http.post("/auth/refresh", json={}, headers=KEEP)
    pairs = (line.partition(";")[0].partition("=") for line in answer.headers.get_list("set-cookie"))
    return {name: value for name, _, value in pairs}


async def test_a_refresh_token_of_the_pages_own_has_nothing_to_do_with_the_cookies(
    product: Product, ada: Person
) -> None:
    cookies = await _signed_in(product, ada)
    sent = {**KEEP, "cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    answer = await product.http.post("/auth/refresh", json={"refreshToken": "made up"}, headers=sent)
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


async def test_who_signs_out_late_is_signed_out(product: Product, ada: Person) -> None:
    cookies = await _signed_in(product, ada)
    access = f"__Host-hw_access={cookies.pop('__Host-hw_access')}".encode()
    async with httpx.AsyncClient(base_url=product.http.base_url, timeout=120) as http:
        _take(http, cookies)
        assert (await http.post("/auth/sign-out", json={})).status_code == 401
        assert (await _read(product, [access])).status_code == 200
        left = await http.post("/auth/sign-out", json={}, headers=KEEP)
        assert left.status_code == 200
        assert {"Max-Age=0" in line for line in left.headers.get_list("set-cookie")} == {True}
        assert (await _read(product, [access])).status_code == 401
        assert await _refreshed(http) == dict.fromkeys(
            ("__Host-hw_access", "__Host-hw_refresh", "__Host-hw_csrf"), ""
        )


async def test_what_only_answers_in_json_sets_cookies_for_whoever_would_take_a_stream(
    product: Product, ada: Person
) -> None:
    body = {"email": ada.email, "password": PASSWORD}
    sent = KEEP | {"accept": "text/event-stream"}
    answer = await product.http.post("/auth/sign-in", json=body, headers=sent)
    assert answer.status_code == 200
    assert "accessToken" not in answer.json()


async def _first(
    product: Product, cookies: dict[str, str], begin: Json, query: str, **variables: object
) -> Json:
    url = f"{str(product.http.base_url).replace('http', 'ws', 1).rstrip('/')}/graphql"
    shown = {"cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()), **KEEP}
    async with connect(
        url, subprotocols=[Subprotocol("graphql-transport-ws")], additional_headers=shown
    ) as ws:
        shown_too = {"csrfToken": cookies.get("__Host-hw_csrf", "")}
        await ws.send(json.dumps({"type": "connection_init", "payload": shown_too | begin}))
        assert json.loads(await ws.recv())["type"] == "connection_ack"
        payload = {"query": query, "variables": variables}
        await ws.send(json.dumps({"type": "subscribe", "id": "1", "payload": payload}))
        answer: Json = json.loads(await ws.recv())["payload"]
        return answer


@pytest.mark.parametrize("named", ["token", "Authorization", "x-api-key"])
async def test_who_a_socket_is_told_goes_before_the_cookie(product: Product, ada: Person, named: str) -> None:
    eve = await registered(product)
    token = eve.given["accessToken"]
    begin = {named: f"Bearer {token}" if named == "Authorization" else token}
    answer = await _first(product, await _signed_in(product, ada), begin, ME)
    assert answer["data"]["me"]["id"] == str(eve.id)


async def test_nothing_is_done_by_a_stream_for_which_it_cannot_give_cookies(product: Product) -> None:
    values = somebody()
    answer = await _first(product, {}, {}, REGISTER, i=values)
    assert "POST" in json.dumps(answer)
    # Nobody has the address.
    assert (await post(product.http, "register", values)).status_code == 200
