"""The clients that front-end developers use, from npm, against a real server."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.api.toy import BEARER, TOKEN, Served, served
from tests.auth.people import Person, registered
from tests.auth.test_cookie_sessions import browser
from tests.kit import npm
from tests.kit.product import Product
from tests.kit.times import IN_A_YEAR

pytestmark = pytest.mark.servers

HERE = Path(__file__).parent


async def _node(*arguments: str, folder: Path) -> str:
    process = await asyncio.create_subprocess_exec(
        npm.NODE, *arguments, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        output, errors = await asyncio.wait_for(process.communicate(), 300)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, errors.decode()
    return output.decode()


@pytest.fixture(scope="module")
def packages() -> Path:
    """A folder with the locked packages."""
    return npm.packages(HERE)


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[Served]:
    """The toy schema on a server where something happens all the time."""

    async def tick(toy: Any) -> None:
        for value in range(10_000):
            toy.publish(value)
            await asyncio.sleep(0.02)

    async with served() as running:
        ticking = asyncio.create_task(tick(running.toy))
        yield running
        ticking.cancel()


async def _client(script: str, url: str, packages: Path, token: str = TOKEN) -> Any:
    # Node looks for packages beside the script, so it runs from where they are.
    shutil.copy(HERE / script, packages)
    return json.loads(await _node(script, url, token, folder=packages))


async def _audited(url: str, packages: Path, headers: Mapping[str, str]) -> Any:
    return await _client("audit.mjs", url, packages, json.dumps(headers))


async def test_every_audit_of_graphql_over_http_passes(packages: Path, server: Served) -> None:
    report = await _audited(server.http, packages, BEARER)
    assert not report["failed"], report["failed"]
    assert report["audits"] > 60


EXPECTED = {
    "query": [{"data": {"hello": "Hello Bö"}}],
    "subscription": [{"data": {"countdown": 2}}, {"data": {"countdown": 1}}],
    "live": 3,
    "together": [1, 2, 3],
    "invalid": "GRAPHQL_VALIDATION_FAILED",
}


async def test_graphql_ws_works(packages: Path, server: Served) -> None:
    refused = {"code": 4403, "reason": "Forbidden: Say who you are."}
    assert await _client("graphql-ws.mjs", server.ws, packages) == EXPECTED | {"stranger": [refused]}


async def test_graphql_sse_works(packages: Path, server: Served) -> None:
    assert await _client("graphql-sse.mjs", server.http, packages) == EXPECTED | {
        "stranger": [{"status": 401}]
    }


async def _bearer(product: Product, person: Person) -> dict[str, str]:
    return {"authorization": f"Bearer {person.given['accessToken']}"}


async def _session_in_cookies(product: Product, person: Person) -> dict[str, str]:
    async with browser(product, person) as page:
        cookies = "; ".join(f"{name}={value}" for name, value in page.http.cookies.items())
        return {"cookie": cookies, "x-csrf-token": page.csrf}


async def _api_key(product: Product, person: Person) -> dict[str, str]:
    values = {"name": "robot", "permissions": ["work:read"], "expiresAt": IN_A_YEAR}
    return {"x-api-key": (await person.client.send("CreateApiKey", input=values))["key"]}


@pytest.mark.parametrize("shows", [_bearer, _session_in_cookies, _api_key])
async def test_every_audit_passes_on_the_product_whatever_says_who_asks(
    packages: Path, product: Product, shows: Callable[[Product, Person], Awaitable[dict[str, str]]]
) -> None:
    headers = await shows(product, await registered(product))
    report = await _audited(f"{str(product.http.base_url).rstrip('/')}/graphql", packages, headers)
    # Each exception would be named here.
    assert not report["failed"], report["failed"]
    assert report["audits"] > 60


async def test_the_audits_would_tell_of_somebody_who_is_refused(packages: Path, product: Product) -> None:
    headers = {**await _session_in_cookies(product, await registered(product)), "x-csrf-token": "another"}
    report = await _audited(f"{str(product.http.base_url).rstrip('/')}/graphql", packages, headers)
    assert len(report["failed"]) > 10


async def test_a_front_end_follows_tasks_and_resumes(packages: Path, product: Product) -> None:
    somebody = await product.newcomer()
    token = product.token(somebody.tenant, somebody.user)
    url = f"{str(product.http.base_url).rstrip('/')}/graphql"
    assert await _client("product.mjs", url, packages, token) == {
        "ws": {"titles": ["ws one", "ws two"], "resumed": ["ws two"]},
        "sse": {
            "titles": ["ws one", "ws two", "sse one", "sse two"],
            "resumed": ["ws two", "sse one", "sse two"],
        },
    }
