"""The clients that front-end developers use, from npm, against a real server."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.api.toy import TOKEN, Served, served
from tests.kit import npm
from tests.kit.product import Product

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


async def test_every_audit_of_graphql_over_http_passes(packages: Path, server: Served) -> None:
    report = await _client("audit.mjs", server.http, packages)
    assert report["failed"] == []
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


async def test_every_audit_passes_on_the_product(packages: Path, product: Product) -> None:
    token = product.token(uuid4(), uuid4())
    report = await _client("audit.mjs", f"{str(product.http.base_url).rstrip('/')}/graphql", packages, token)
    assert report["failed"] == []


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
