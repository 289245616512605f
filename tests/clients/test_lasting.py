"""Subscriptions of unchanged clients outlive their tokens, and the API that they were opened with."""

import asyncio
import json
import shutil
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from app.http.listener import listening
from tests.clients.api import api_process, created
from tests.kit import npm
from tests.kit.client import Client
from tests.kit.product import Product

pytestmark = pytest.mark.servers

HERE = Path(__file__).parent


async def test_they_go_on_over_tokens_that_run_out_and_an_api_that_is_killed(
    product: Product, tmp_path: Path
) -> None:
    somebody = await product.newcomer()
    packages = npm.packages(HERE)
    shutil.copy(HERE / "lasting.mjs", packages)
    token = tmp_path / "token"
    with listening("127.0.0.1", 0) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/graphql"
        async with _renewed(product, somebody, token):
            api = await api_process(product.settings, listener)
            node = await asyncio.create_subprocess_exec(
                *(npm.NODE, "lasting.mjs", url, "", token), cwd=packages, stdout=PIPE, stderr=PIPE
            )
            assert node.stdout is not None
            try:
                renewed = asyncio.create_task(node.stdout.readline())
                before = await created(somebody, "before", renewed.done)
                assert await renewed == b"renewed\n", (await node.communicate())[1].decode()
                api.kill()
                await api.wait()
                missed = await created(somebody, "missed", _after(3))
                api = await api_process(product.settings, listener)
                told = asyncio.create_task(node.stdout.readline())
                await created(somebody, "after", told.done)
                heard = json.loads(await told or (await node.communicate())[1])
            finally:
                for process in (node, api):
                    if process.returncode is None:
                        process.kill()
                        await process.wait()
    for name in ("ws resuming", "sse resuming"):
        *all_before, last = heard[name]
        # Where they began is their own affair; from there on they miss nothing, and hear nothing twice.
        assert all_before == [*before, *missed][-len(all_before) :]
        assert len(all_before) > len(missed) + 1
        assert last == "after 0"
    for name in ("ws", "sse"):
        assert heard[name][-1].startswith("after ")


@asynccontextmanager
async def _renewed(product: Product, somebody: Client, place: Path) -> AsyncIterator[None]:
    """Keep a token in the file that is good for two seconds."""

    def write() -> None:
        fresh = place.with_suffix(".new")
        fresh.write_text(product.token(somebody.tenant, somebody.user, lifetime=timedelta(seconds=2)))
        fresh.rename(place)

    async def keep() -> None:
        while True:
            write()
            await asyncio.sleep(0.3)

    write()
    keeping = asyncio.create_task(keep())
    yield
    keeping.cancel()


def _after(count: int) -> Callable[[], bool]:
    rounds = iter([False] * count)
    return lambda: next(rounds, True)
