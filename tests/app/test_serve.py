"""The server bears only so much of its clients: so many connections, for so long."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from app.http.listener import listening
from app.settings import Settings
from tests.kit.processes import until
from tests.kit.product import PRODUCT, running

PROTOCOL = Subprotocol("graphql-transport-ws")
Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def served(settings: Settings, **more: Any) -> AsyncIterator[str]:
    """The API with these settings; its address."""
    async with running(replace(settings, **{**PRODUCT, **more})) as url:
        yield url


@pytest.fixture(scope="module")
async def impatient(settings: Settings) -> AsyncIterator[str]:
    """An API that waits a second for whatever it waits for."""
    async with served(settings, request_seconds=1, answer_seconds=1) as url:
        yield url


async def opened(url: str, sent: bytes = b"", limit: int = 2**16) -> Ends:
    """A connection on which this has been sent."""
    where = urlsplit(url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port, limit=limit)
    writer.write(sent)
    await writer.drain()
    return reader, writer


async def ended(reader: asyncio.StreamReader) -> bytes:
    """What comes until the server closes the connection, which it must."""
    heard = b""
    try:
        async with asyncio.timeout(120):
            while more := await reader.read(65536):
                heard += more
    except ConnectionResetError:
        pass
    return heard


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"G",
        b"\r\n",
        b"GET /health/live HTTP/1.1\r\nhost: x\r\n",
        b"GET / HTTP/1.1\r\nupgrade: websocket\r\nconnection: upgrade\r\n",
        b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{",
        b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        b"transfer-encoding: chunked\r\n\r\n5\r\n{",
        b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\nGET /health/live HTTP/1.1\r\n",
    ],
    ids=["nothing", "a letter", "a line", "headers", "a handshake", "a body", "chunks", "a second one"],
)
async def test_a_request_that_is_never_finished_is_closed(impatient: str, begun: bytes) -> None:
    reader, writer = await opened(impatient, begun)
    with closing(writer):
        await ended(reader)


async def test_a_request_that_comes_drop_by_drop_is_closed(impatient: str) -> None:
    """What comes does not give it more time."""
    reader, writer = await opened(impatient, b"GET /health/live HTTP/1.1\r\n")

    def dripped() -> bool:
        writer.write(b"x: y\r\n")
        return reader.at_eof() or reader.exception() is not None

    with closing(writer):
        await until(dripped)


async def test_blank_lines_between_requests_keep_no_connection_open(impatient: str) -> None:
    reader, writer = await opened(impatient, b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n")
    with closing(writer):
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        writer.write(b"\r\n")
        await ended(reader)


async def test_headers_have_a_bound(impatient: str) -> None:
    reader, writer = await opened(impatient, b"GET /health/live HTTP/1.1\r\n" + b"x: y\r\n" * 20_000)
    with closing(writer):
        assert (await ended(reader)).startswith(b"HTTP/1.1 431 ")


async def test_an_answer_that_is_never_read_is_closed(impatient: str) -> None:
    """Many requests in a row, and not one answer taken: what the kernel does not hold waits in the server."""
    reader, writer = await opened(impatient, limit=1)
    request = b"GET /graphiql/assets/graphiql.min.js HTTP/1.1\r\nhost: x\r\n\r\n"

    def broken() -> bool:
        writer.write(request)
        # By a reset: there are answers that cannot be delivered any more.
        return isinstance(reader.exception(), ConnectionError)

    with closing(writer):
        writer.write(request * 40)
        await until(broken)


async def test_an_answer_that_is_read_is_whole(impatient: str) -> None:
    async with httpx.AsyncClient(base_url=impatient, timeout=120) as client:
        answer = await client.get("/graphiql/assets/graphiql.min.js")
    assert len(answer.content) == int(answer.headers["content-length"])


async def test_a_stream_outlives_the_time_for_a_request(impatient: str) -> None:
    async with connect(f"{impatient.replace('http', 'ws')}/graphql", subprotocols=[PROTOCOL]) as socket:
        await socket.send('{"type": "connection_init"}')
        assert "connection_ack" in str(await socket.recv())
        reader, writer = await opened(impatient)
        with closing(writer):
            await ended(reader)  # So long takes what is closed.
        await socket.send('{"type": "ping"}')
        assert "pong" in str(await socket.recv())


async def test_one_caller_has_a_bound_of_connections(settings: Settings) -> None:
    async with served(settings, max_connections_each=3) as url:
        held = [await opened(url) for _ in range(3)]
        reader, writer = await opened(url)
        with closing(writer):
            assert (await ended(reader)).startswith(b"HTTP/1.1 503 ")
        for _, connection in held:
            connection.close()
            await connection.wait_closed()
        async with httpx.AsyncClient(
            base_url=url, transport=httpx.AsyncHTTPTransport(retries=3), timeout=120
        ) as client:
            assert (await client.get("/health/live")).status_code == 200


async def test_all_callers_have_a_bound_of_connections(settings: Settings) -> None:
    async with served(settings, max_connections=4, trusted_proxies="127.0.0.0/8") as url:
        held = [await opened(url) for _ in range(4)]
        reader, writer = await opened(url)
        with closing(writer):
            assert (await ended(reader)).startswith(b"HTTP/1.1 503 ")
        for _, connection in held:
            connection.close()


async def test_who_shares_a_proxy_is_bounded_alone(settings: Settings) -> None:
    async with served(settings, max_connections_each=2, trusted_proxies="127.0.0.1") as url:
        address = f"{url.replace('http', 'ws')}/graphql"

        def socket(caller: str) -> connect:
            return connect(
                address,
                subprotocols=[PROTOCOL],
                additional_headers={"x-forwarded-for": caller},
            )

        async with socket("2001:db8::1"), socket("2001:db8::2"):
            with pytest.raises(InvalidStatus):
                await socket("2001:db8::3").__aenter__()
            async with socket("2001:db8:0:1::1"):
                pass


async def test_only_a_proxy_that_is_named_is_believed(settings: Settings) -> None:
    """Seen by HSTS, which belongs to answers that went by TLS."""
    headers = {"x-forwarded-proto": "https", "x-forwarded-for": "192.0.2.1"}
    for proxies, believed in (("", False), ("192.0.2.0/24", False), ("127.0.0.1, ::1", True)):
        async with (
            served(settings, trusted_proxies=proxies) as url,
            httpx.AsyncClient(timeout=120) as client,
        ):
            answer = await client.get(f"{url}/health/live", headers=headers)
        assert ("strict-transport-security" in answer.headers) is believed, proxies


async def test_a_proxy_that_nobody_named_is_said_once(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    headers = {"x-forwarded-for": "192.0.2.1"}
    for proxies, warnings in (("", 1), ("127.0.0.1", 0)):
        caplog.clear()
        async with (
            served(settings, trusted_proxies=proxies) as url,
            httpx.AsyncClient(timeout=120) as client,
        ):
            for _ in range(3):
                await client.get(f"{url}/health/live", headers=headers)
        said = [message for message in caplog.messages if "HEADWATER_TRUSTED_PROXIES" in message]
        assert len(said) == warnings, proxies


async def test_a_handshake_leaves_no_line_in_the_log(settings: Settings) -> None:
    """Its address is the client's to choose, as long as it likes. The process is started as it is by a person."""
    with listening("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app.cli", "api", "--fd", str(listener.fileno())),
            env={**os.environ, **settings.environ()},
            pass_fds=(listener.fileno(),),
            stderr=PIPE,
        )
        with contextlib.suppress(InvalidStatus, ConnectionClosed):
            # It waits for the process, for somebody listens already.
            async with connect(f"ws://127.0.0.1:{port}/graphql?{'token-' * 800}", open_timeout=120) as socket:
                await socket.recv()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:
            await client.get("/health/live", headers={"x-forwarded-for": "192.0.2.1"})
        process.terminate()
        _, printed = await process.communicate()
    assert process.returncode == -signal.SIGTERM, printed
    lines = [json.loads(line) for line in printed.decode().splitlines()]
    assert [line for line in lines if "token" in str(line)] == []
    assert [line["logger"] for line in lines] == ["app.proxies"]


async def test_a_connection_without_a_request_is_kept_as_long_as_the_setting_says(settings: Settings) -> None:
    # Longer than by the balancers of the large clouds: they keep theirs for 60 seconds.
    assert Settings().keep_alive_seconds > 60
    request = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
    for seconds, again in ((1, False), (60, True)):
        async with served(settings, keep_alive_seconds=seconds) as url:
            reader, writer = await opened(url, request)
            assert b"200 OK" in await reader.read(4096)
            await asyncio.sleep(5.5 if again else 1.5)
            if again:
                writer.write(request)
                assert b"200 OK" in await reader.read(4096)
            else:
                assert await ended(reader) == b""
            writer.close()


@pytest.mark.parametrize("bound", ["max_connections", "max_connections_each"])
async def test_a_connection_that_is_only_kept_gives_way_to_one_that_asks(
    settings: Settings, bound: str
) -> None:
    request = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
    async with served(settings, **{bound: 3}) as url:
        kept = [await opened(url, request) for _ in range(2)]
        for reader, _ in kept:
            assert b"200 OK" in await reader.read(4096)
        busy, busy_writer = await opened(url, request[:-2])
        reader, writer = await opened(url, request)
        assert b"200 OK" in await reader.read(4096)
        # One of those that were kept was closed, and not the one whose request is on its way.
        busy_writer.write(b"\r\n")
        assert b"200 OK" in await busy.read(4096)
        async with asyncio.timeout(120):
            ends, others = await asyncio.wait(
                [asyncio.create_task(end.read(4096)) for end, _ in kept],
                return_when=asyncio.FIRST_COMPLETED,
            )
        assert [task.result() for task in ends] == [b""]
        for task in others:
            task.cancel()
        for _, end in (*kept, (reader, writer), (busy, busy_writer)):
            end.close()
