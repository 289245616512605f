"""The clients that front-end developers use, from npm, against a real server."""

import asyncio
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.api.toy import TOKEN, Served, served
from tests.kit.product import Product

HERE = Path(__file__).parent
OLDEST_NODE = 20


async def _run(*command: str, folder: Path) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
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
    """A folder with the locked packages, outside the checkout and kept between runs.

    Without Node the tests are skipped, and in CI they fail.
    """
    if shutil.which("npm") is None or shutil.which("node") is None:
        missing = "Node and npm are needed for the tests of real clients."
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    version = subprocess.run(["node", "--version"], check=True, capture_output=True, text=True).stdout
    assert int(version.strip().lstrip("v").partition(".")[0]) >= OLDEST_NODE
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "headwater"
    cache.mkdir(parents=True, exist_ok=True)
    lock = (HERE / "package-lock.json").read_bytes()
    folder = cache / f"clients-{hashlib.sha256(lock).hexdigest()[:16]}"
    if not folder.exists():
        # Installed aside and moved into place, so that a run that is cut short leaves nothing half-made.
        fresh = Path(tempfile.mkdtemp(dir=cache))
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, fresh)
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], check=True, cwd=fresh)
        try:
            fresh.rename(folder)
        except OSError:
            shutil.rmtree(fresh)
    return folder


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
    return json.loads(await _run("node", script, url, token, folder=packages))


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
