"""Events and files that come slowly: their routes keep the time, not the server that takes all requests."""

import asyncio
import json
import time
from contextlib import closing

import pytest

from app.gateway import file_routes
from tests.app.test_serve import ended, opened, served
from tests.gateway.sending import Sender, event
from tests.kit.client import Client
from tests.kit.processes import until
from tests.kit.product import Product


async def test_a_file_comes_for_longer_than_other_requests_may(client: Client, product: Product) -> None:
    head = (
        f"POST /v1/files?name=slow HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {client.token}\r\n"
        "connection: close\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    async with served(product.settings, request_seconds=1, answer_seconds=30) as url:
        reader, writer = await opened(url, head.encode())
        begun = time.monotonic()

        def dripped() -> bool:
            writer.write(chunk(b"x"))
            return time.monotonic() - begun > 4

        with closing(writer):
            await until(dripped)
            writer.write(b"0\r\n\r\n")
            answer = await ended(reader)
    assert answer.startswith(b"HTTP/1.1 201")


async def test_a_file_that_trickles_gives_its_place_back(
    client: Client, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_routes, "_SECONDS", 2.0)
    head = (
        f"POST /v1/files?name=slow HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {client.token}\r\n"
        "connection: close\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    async with served(product.settings, request_seconds=1, answer_seconds=30) as url:
        reader, writer = await opened(url, head.encode())
        answer = asyncio.create_task(ended(reader))

        def answered() -> bool:
            writer.write(chunk(b"x"))
            return answer.done()

        with closing(writer):
            await until(answered)
    assert (await answer).startswith(b"HTTP/1.1 408")


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


async def test_lines_come_for_longer_than_other_requests_may(shop: Sender, product: Product) -> None:
    head = (
        f"POST /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {shop.key}\r\nconnection: close\r\n"
        "content-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    async with served(product.settings, request_seconds=1, answer_seconds=30) as url:
        reader, writer = await opened(url, head.encode())
        begun, sent = time.monotonic(), 0

        def dripped() -> bool:
            nonlocal sent
            writer.write(chunk(json.dumps(event()).encode() + b"\n"))
            sent += 1
            return time.monotonic() - begun > 4

        with closing(writer):
            await until(dripped)
            writer.write(b"0\r\n\r\n")
            answer = await ended(reader)
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.count(b'"accepted"') == sent
