"""Bounds of files: how many bytes a tenant keeps, and how many files it sends at once."""

from contextlib import AsyncExitStack, closing
from dataclasses import replace

import httpx

from tests.app.test_serve import ended, opened, served
from tests.kit.client import Client
from tests.kit.processes import until
from tests.kit.product import Product


async def test_refuses_more_than_a_tenant_may_keep_or_send_at_once(product: Product, client: Client) -> None:
    headers = {"authorization": f"Bearer {client.token}"}
    head = (
        f"POST /v1/files HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {client.token}\r\n"
        "connection: close\r\ncontent-length: 2\r\n\r\n1"
    )
    settings = replace(product.settings, max_files_bytes=20_000)
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(served(settings, request_seconds=30, answer_seconds=30))
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=url, timeout=120))

        async def sent(content: bytes) -> httpx.Response:
            return await http.post("/v1/files", content=content, headers=headers)

        assert (await sent(b"x" * 15_000)).status_code == 201
        full = await sent(b"y" * 15_000)
        assert (full.status_code, full.json()["code"]) == (413, "files_full")
        begun = [await opened(url, head.encode()) for _ in range(4)]
        for _, writer in begun:
            stack.enter_context(closing(writer))

        # Their heads are read when each of them is.
        async def full_house() -> bool:
            return (await sent(b"z")).status_code != 201

        await until(full_house)
        busy = await sent(b"z")
        assert (busy.status_code, busy.json()["code"]) == (429, "too_many_uploads")
        assert busy.headers["retry-after"] == "5"
        for reader, writer in begun:
            writer.write(b"2")
            assert (await ended(reader)).startswith(b"HTTP/1.1 201")
        assert (await sent(b"z")).status_code == 201
