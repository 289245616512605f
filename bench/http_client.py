"""A client that costs little beside what is measured: HTTP/1.1 over connections that are kept."""

import asyncio
from collections.abc import Mapping
from types import TracebackType

_PATIENCE = 60
"""Seconds that an answer may take."""

_Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class HttpClient:
    """Sends to one port of this machine; as many connections as requests that are under way at once."""

    def __init__(self, port: int, headers: Mapping[str, str] | None = None) -> None:
        self._port = port
        lines = {"host": f"127.0.0.1:{port}", **(headers or {})}
        self._headers = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self._idle: list[_Connection] = []

    async def __aenter__(self) -> "HttpClient":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        for _, writer in self._idle:
            writer.close()

    async def request(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """The status and body of the answer. Raises OSError, EOFError and TimeoutError; asks once."""
        head = f"{method} {path} HTTP/1.1\r\n{self._headers}content-length: {len(body)}\r\n\r\n"
        async with asyncio.timeout(_PATIENCE):
            connection = (
                self._idle.pop() if self._idle else await asyncio.open_connection("127.0.0.1", self._port)
            )
            reader, writer = connection
            try:
                writer.write(head.encode() + body)
                said = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                status, _, lines = said.partition("\r\n")
                fields = dict(line.split(": ", 1) for line in lines.split("\r\n") if line)
                answer = await reader.readexactly(int(fields["content-length"]))
            except BaseException:
                writer.close()
                raise
        if fields.get("connection") == "close":
            writer.close()
        else:
            self._idle.append(connection)
        return int(status.split(" ")[1]), answer
