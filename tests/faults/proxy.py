"""A network between two processes that can be cut, or fall silent, at any moment."""

import asyncio
import contextlib
from pathlib import Path

Place = Path | int
"""A Unix socket, or a port of the loopback."""

_CHUNK = 1 << 16


class Proxy:
    """Listens at ``here`` and passes every connection on to ``there``, where the server may be away."""

    def __init__(self, name: str, *, here: Place, there: Place) -> None:
        self.name = name
        self.here, self._there = here, there
        self._server: asyncio.Server | None = None
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._pipes: set[asyncio.Task[None]] = set()
        self._ends: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """Begin to listen."""
        if isinstance(self.here, Path):
            self._server = await asyncio.start_unix_server(self._accept, self.here)
        else:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.here)

    async def close(self) -> None:
        """End listening and all connections."""
        if self._server is not None:
            self._server.close()
        for pipe in self._pipes:
            pipe.cancel()
        await asyncio.gather(*self._pipes, return_exceptions=True)

    def cut(self) -> int:
        """Reset every connection, in both directions at once; how many there were."""
        ends = len(self._ends)
        for end in self._ends:
            end.transport.abort()
        return ends // 2

    def hold(self) -> None:
        """Nothing passes any more, and nobody is told: the other side seems to think for a long time."""
        self._flowing.clear()

    def release(self) -> None:
        """What was held passes, in order."""
        self._flowing.set()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pipe = asyncio.create_task(self._join(reader, writer))
        self._pipes.add(pipe)
        pipe.add_done_callback(self._pipes.discard)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ends.add(writer)
        try:
            if isinstance(self._there, Path):
                opened = await asyncio.open_unix_connection(self._there)
            else:
                opened = await asyncio.open_connection("127.0.0.1", self._there)
        except OSError:
            _drop(writer)
            self._ends.discard(writer)
            return
        self._ends.add(opened[1])
        ways = [
            asyncio.create_task(self._pass(reader, opened[1])),
            asyncio.create_task(self._pass(opened[0], writer)),
        ]
        try:
            # Either side that leaves ends both ways; no protocol here leaves half of a connection open.
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            for end in (writer, opened[1]):
                self._ends.discard(end)
                end.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK):
                await self._flowing.wait()
                writer.write(data)
                await writer.drain()


def _drop(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
