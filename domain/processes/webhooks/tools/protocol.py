"""What a tool's protocol is to the deliveries: it makes requests of events, and reads what is answered."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

import msgspec

from domain.kit.process.http_client import HttpAnswer, HttpRequest

# JSON of any shape, hence Any.
Json = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """An event as it leaves: what is mapped of it, and nothing else that is about anybody."""

    id: str
    """The same at every try and every replay: the tool knows by it what it has had."""
    type: str
    at: datetime
    who: str | None
    """Whom it is about, or who did it, by id."""
    thing: str
    """The id of the object that it happened to."""
    about_person: bool = False
    """Whether that object is a person."""
    fields: Mapping[str, Json] = field(default_factory=dict)
    withheld: tuple[str, ...] = ()
    """What is mapped and left out, as whoever vouches may not see it."""


TEST = Message(
    id="headwater-test",
    type="headwater_test",
    at=datetime(2026, 1, 1, tzinfo=UTC),
    who="headwater-test",
    thing="headwater-test",
)
"""What a tool is sent that can be tried by an event alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where it goes: the address without a slash at its end, and credentials as they are."""

    url: str
    credentials: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    """Why a try came to nothing, in a word; None: it arrived. ``final``: another try would be answered alike."""

    error: str | None = None
    final: bool = False


ARRIVED = ToolAnswer()


class ToolProtocol(Protocol):
    """Speaks with one kind of tools."""

    def request(self, to: Target, message: Message) -> HttpRequest | None:
        """What is sent; None for an event that the tool can make nothing of."""
        ...

    def probe(self, to: Target) -> HttpRequest:
        """What finds out whether events would be let in, and leaves no data behind where the tool allows that."""
        ...

    def read(self, answer: HttpAnswer) -> ToolAnswer:
        """What an answer means."""
        ...


def json_request(url: str, body: Json, *, method: str = "POST", **headers: str) -> HttpRequest:
    """A request that carries JSON."""
    named = {name.replace("_", "-").title(): value for name, value in headers.items()}
    return HttpRequest(
        url=url,
        body=b"" if body is None else msgspec.json.encode(body),
        headers={"Content-Type": "application/json", **named},
        method=method,
    )


def credentials_in(text: str) -> dict[str, str]:
    """Credentials by their names, of a text with one in each line."""
    return dict(line.split("=", 1) for line in text.split("\n"))


def basic(user: str, password: str) -> str:
    """The value of ``Authorization`` for a name and a password."""
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def by_status(status: int) -> ToolAnswer:
    """What a status means where the tool says nothing else: what is wrong with an event stays wrong."""
    if 200 <= status < 300:
        return ARRIVED
    return ToolAnswer(f"http_{status}", final=status in (400, 413, 422))


def decoded(answer: HttpAnswer) -> Json:
    """The JSON of an answer; None for what is none, or was cut off."""
    try:
        return msgspec.json.decode(answer.body)
    except msgspec.DecodeError:
        return None


def plain(value: Json) -> Json:
    """A value as tools take it: lists and objects as JSON text."""
    return msgspec.json.encode(value).decode() if isinstance(value, list | dict) else value
