"""Real servers on this machine that answer as others do, well or badly, and keep what they were sent."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import h11

Behaviour = Callable[["Destination", asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Received:
    """A request that arrived."""

    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Destination:
    """A server of somebody else's."""

    port: int = 0
    received: list[Received] = field(default_factory=list)
    answer: bytes = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"
    behave: Behaviour | None = None
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def has(self, count: int, within: float = 120) -> list[Received]:
        """What was received, once there are so many."""
        async with asyncio.timeout(within), self.arrived:
            await self.arrived.wait_for(lambda: len(self.received) >= count)
        return self.received

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one request and answer it."""
        try:
            self.received.append(await _read(reader))
            async with self.arrived:
                self.arrived.notify_all()
            if self.behave is not None:
                await self.behave(self, writer)
            else:
                writer.write(self.answer)
                await writer.drain()
        except (ConnectionError, EOFError):
            pass
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Received:
    parser = h11.Connection(h11.SERVER)
    head: h11.Request | None = None
    body = bytearray()
    while True:
        event = parser.next_event()
        if event is h11.NEED_DATA:
            data = await reader.read(65536)
            if not data:
                raise EOFError
            parser.receive_data(data)
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
        else:
            assert head is not None
            headers = {name.decode(): value.decode() for name, value in head.headers}
            return Received(head.target.decode(), headers, bytes(body))


@asynccontextmanager
async def destination(
    answer: bytes | None = None,
    *,
    behave: Behaviour | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Destination]:
    """A server that runs until the block ends."""
    place = Destination(behave=behave)
    if answer is not None:
        place.answer = answer
    server = await asyncio.start_server(place.serve, host, port, ssl=tls)
    place.port = server.sockets[0].getsockname()[1]
    try:
        yield place
    finally:
        server.close()
