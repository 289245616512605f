"""An outside system with contacts, which speaks as such systems do and fails in the ways they document."""

import asyncio
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.outgoing.servers import Destination

# JSON of any shape.
Json = dict[str, Any]

CHANGED = "2026-01-01T00:00:00Z"
RIGHT = "Authorization: Bearer right"


def contact(id: int, name: str = "Zoe", **more: Any) -> Json:
    """A contact, as the system has it."""
    return {"id": id, "name": f"{name} {id}", "changed": CHANGED, **more}


class Crm:
    """Contacts, two on a page."""

    def __init__(self, *ids: int, pages: str = "cursor") -> None:
        self.contacts = [contact(id) for id in ids]
        self.pages = pages
        self.asked: list[str] = []
        """The cursors at which it was asked."""
        self.next: dict[str, str] = {}
        """The cursors that it says wrongly."""
        self.faults: dict[str, list[str]] = {}
        """How it fails at a cursor, one time after the other."""

    async def __call__(self, server: Destination, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        received = server.received[-1]
        asked = parse_qs(urlsplit(received.target).query)
        cursor = (asked.get("cursor") or asked.get("after") or asked.get("page") or [""])[0]
        if received.headers.get("authorization") != "Bearer right":
            await respond(writer, 401, {"error": "who are you"})
            return
        self.asked.append(cursor)
        fault = self.faults[cursor].pop(0) if self.faults.get(cursor) else ""
        match fault:
            case "hang":
                await asyncio.sleep(15)
            case "cut":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
                await writer.drain()
            case "broken":
                await respond(writer, 200, b'{"data": {"items": [')
            case "huge":
                await respond(writer, 200, b" " * (4 * 1024 * 1024 + 10))
            case "many":
                await respond(writer, 200, {"data": {"items": [1] * 5_001}})
            case "wide":
                await respond(
                    writer, 200, b'{"data": {"items": [{"id": 1, "x": [' + b"{}," * 600_000 + b"0]}]}}"
                )
            case "deep":
                # So deep that it is read and cannot be written.
                deep = b"[" * 980 + b"]" * 980
                await respond(writer, 200, b'{"data": {"items": [{"id": 1, "x": %b}]}}' % deep)
            case "slow down" | "overloaded":
                status = 429 if fault == "slow down" else 500
                await respond(writer, status, {}, **{"Retry-After": "60"})
            case "twice":
                await respond(writer, 200, b'{"data": {"items": [{"id": 7, "name": "a", "name": "b"}]}}')
            case "no list":
                await respond(writer, 200, {"data": {}})
            case "elsewhere":
                link = '<https://evil.example/steal>; rel="next"'
                await respond(writer, 200, {"data": {"items": self.contacts}}, Link=link)
            case "":
                await self._page(writer, cursor)
            case status:
                await respond(writer, int(status), {"error": status})

    async def _page(self, writer: asyncio.StreamWriter, cursor: str) -> None:
        if self.pages == "last":
            found = [each for each in self.contacts if each["id"] > int(cursor or 0)][:2]
            await respond(writer, 200, {"data": {"items": found}})
            return
        start = (int(cursor or 1) - 1) * 2 if self.pages == "page" else int(cursor or 0)
        found = self.contacts[start : start + 2]
        more = str(start + len(found)) if start + len(found) < len(self.contacts) else None
        if self.pages == "link":
            link = {} if more is None else {"Link": f'<?cursor=1>; rel="prev", <?cursor={more}>; rel="next"'}
            await respond(writer, 200, {"data": {"items": found}}, **link)
            return
        await respond(writer, 200, {"data": {"items": found, "next": self.next.get(cursor, more)}})


async def respond(writer: asyncio.StreamWriter, status: int, said: object, **headers: str) -> None:
    """Answer with JSON, or with bytes as they are."""
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"HTTP/1.1 {status} Status\r\nContent-Length: {len(body)}\r\n{head}\r\n".encode() + body)
    await writer.drain()
