"""What is refused before its body is read is told, also to a client that sends all before it reads."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import closing

import pytest

from app.settings import Settings
from tests.app.test_serve import ended, opened, served


@pytest.fixture(scope="module")
async def url(settings: Settings) -> AsyncIterator[str]:
    """The API."""
    async with served(settings) as url:
        yield url


async def test_who_sends_a_body_at_once_reads_that_there_are_too_many(settings: Settings) -> None:
    """The refusal comes before the body is read, and must not be lost by that."""
    body = b"x" * 500_000
    head = b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(body)

    def sent(port: int) -> bytes:
        # As a client that blocks: it sends all before it reads.
        with socket.create_connection(("127.0.0.1", port), timeout=120) as connection:
            connection.sendall(head)
            time.sleep(0.05)
            connection.sendall(body)
            return b"".join(iter(lambda: connection.recv(65_536), b""))

    async with served(settings, max_connections_each=2) as url:
        held = [await opened(url) for _ in range(2)]
        port = int(url.rpartition(":")[2])
        answers = await asyncio.gather(*(asyncio.to_thread(sent, port) for _ in range(40)))
        for _, connection in held:
            connection.close()
    for answer in answers:
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 5" in answer


async def test_what_is_refused_before_its_body_is_read_is_told(url: str) -> None:
    body = b"x" * 3_000_000
    for head, status in (
        (b"POST /graphql HTTP/1.1\r\nconnection: close\r\nhost: x\r\ncontent-type: text/plain\r\n", b"415"),
        (b"POST /graphql HTTP/1.1\r\ncontent-type: application/json\r\n", b"400"),
    ):
        reader, writer = await opened(url, head + b"content-length: %d\r\n\r\n" % len(body))
        with closing(writer):
            writer.write(body)
            assert (await ended(reader)).startswith(b"HTTP/1.1 " + status)


@pytest.mark.parametrize(
    ("hosts", "version", "status"),
    [
        (b"", b"1.1", b"400"),
        (b"", b"1.0", b"200"),
        (b"host: x\r\n", b"1.1", b"200"),
        (b"host:\r\n", b"1.1", b"200"),
        (b"host: [::1]:8000\r\n", b"1.1", b"200"),
        (b"host: x\r\nhost: x\r\n", b"1.1", b"400"),
        (b"host: x\r\nHost: y\r\n", b"1.0", b"400"),
        (b"host: x/y\r\n", b"1.1", b"400"),
        (b"host: a b\r\n", b"1.1", b"400"),
        (b"upgrade: websocket\r\nconnection: upgrade\r\n", b"1.1", b"400"),
    ],
)
async def test_a_request_says_once_whom_it_is_to(
    url: str, hosts: bytes, version: bytes, status: bytes
) -> None:
    request = b"GET /health/live HTTP/" + version + b"\r\n" + hosts + b"connection: close\r\n\r\n"
    if b"upgrade" in hosts:
        request = request.replace(b"connection: close\r\n", b"")
    reader, writer = await opened(url, request)
    with closing(writer):
        assert (await ended(reader)).startswith(b"HTTP/1.1 " + status)
