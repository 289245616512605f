"""Tools that events are exported to: real servers that speak the documented protocols, and fail as documented."""

import asyncio
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.outgoing.servers import Behaviour, Destination, Received

# JSON of any shape, hence Any.
Answer = tuple[int, Any] | tuple[int, Any, dict[str, str]]
_WORDS = {200: "OK", 204: "No Content", 207: "Multi-Status", 400: "Bad", 401: "Unauthorized", 429: "Slow"}


def answers(answer: Callable[[Received], Answer]) -> Behaviour:
    """A server that answers each request with a status, JSON or bytes, and headers."""

    async def behave(server: Destination, writer: asyncio.StreamWriter) -> None:
        status, said, *more = answer(server.received[-1])
        body = b"" if said is None else said if isinstance(said, bytes) else json.dumps(said).encode()
        headers = {"Content-Length": str(len(body)), **(more[0] if more else {})}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"HTTP/1.1 {status} {_WORDS.get(status, 'Error')}\r\n{head}\r\n".encode() + body)
        await writer.drain()

    return behave


async def closes(server: Destination, writer: asyncio.StreamWriter) -> None:
    """Close in the middle of an answer."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
    await writer.drain()


def segment(received: Received) -> Answer:
    """Takes a batch of tracks and identifies."""
    for call in json.loads(received.body)["batch"]:
        if call["type"] not in ("track", "identify") or not (call.get("userId") or call.get("anonymousId")):
            return 400, {"success": False}
        if call["type"] == "track" and not call["event"]:
            return 400, {"success": False}
    return 200, {"success": True}


def mixpanel(received: Received) -> Answer:
    """Imports strictly."""
    assert parse_qs(urlsplit(received.target).query)["strict"] == ["1"]
    failed = []
    for index, event in enumerate(json.loads(received.body)):
        given = event["properties"]
        id = given["$insert_id"]
        if not isinstance(given["time"], int) or len(id) > 36 or not id.replace("-", "").isalnum():
            failed.append({"index": index, "insert_id": id, "field": "properties", "message": "is invalid"})
        elif given.get("plan") == "refused":
            failed.append({"index": index, "insert_id": id, "field": "properties.plan", "message": "no"})
    if failed:
        error = "some data points in the request failed validation"
        return 400, {"code": 400, "error": error, "failed_records": failed, "num_records_imported": 0}
    return 200, {"code": 200, "num_records_imported": 1, "status": "OK"}


def ga4(received: Received) -> Answer:
    """Takes everything, and says in its debug endpoint alone what is wrong."""
    if not received.target.startswith("/debug/"):
        return 204, None
    secret = parse_qs(urlsplit(received.target).query)["api_secret"]
    wrong = [] if secret == ["right"] else [{"description": "unknown", "validationCode": "VALUE_INVALID"}]
    return 200, {"validationMessages": wrong}


def hubspot(received: Received) -> Answer:
    """Makes or changes contacts by their addresses."""
    if received.headers["authorization"] != "Bearer right":
        return 401, {"status": "error", "category": "INVALID_AUTHENTICATION"}
    if not received.body:
        return 200, {"results": []}
    [contact] = json.loads(received.body)["inputs"]
    if "@" not in contact["id"] or contact["properties"].get("firstname") == "Refused":
        error = {
            "status": "error",
            "category": "VALIDATION_ERROR",
            "message": "Property values were not valid",
        }
        return 207, {"status": "COMPLETE", "results": [], "numErrors": 1, "errors": [error]}
    return 200, {"status": "COMPLETE", "results": [{"id": "1", "new": True}]}


class Salesforce:
    """Gives tokens that end, and upserts contacts by an external id."""

    def __init__(self) -> None:
        self.good: set[str] = set()
        self.given = 0
        self.contacts: dict[str, dict[str, Any]] = {}
        self.error = ""

    def __call__(self, received: Received) -> Answer:
        if received.target == "/services/oauth2/token":
            asked = parse_qs(received.body.decode())
            if asked["grant_type"] != ["client_credentials"] or asked["client_secret"] != ["right"]:
                return 400, {"error": "invalid_client", "error_description": "invalid client credentials"}
            self.given += 1
            self.good = {f"token{self.given}"}
            return 200, {"access_token": f"token{self.given}", "token_type": "Bearer"}
        if received.headers["authorization"].removeprefix("Bearer ") not in self.good:
            return 401, [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]
        if not received.body:
            return 200, {}
        name = received.target.rpartition("/")[2]
        [record] = json.loads(received.body)["records"]
        if self.error:
            failed = {"statusCode": self.error, "message": "no", "fields": []}
            return 200, [{"success": False, "errors": [failed]}]
        assert record.pop("attributes") == {"type": "Contact"}
        self.contacts[record.pop(name)] = record
        return 200, [{"id": "003", "success": True, "created": True, "errors": []}]
