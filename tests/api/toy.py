"""A small schema, its identities and a real server, to test the transport with."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import strawberry
import uvicorn
from starlette.applications import Starlette
from strawberry.scalars import JSON

from api.kit.execution.engine import Context
from api.kit.execution.errors import ClientError, Unauthenticated
from api.kit.execution.limits import Limits
from api.kit.http.routes import graphql_routes
from api.kit.http.streams import Streams
from app.http.connections import Crowd, HttpConnection

TOKEN = "let-me-in"
BEARER = {"authorization": f"Bearer {TOKEN}"}


@dataclass
class Toy:
    """What the toy schema's resolvers see of the outside; tests look at it and publish to it."""

    sources_started: int = 0
    sources_open: int = 0
    executions: int = 0
    topics: set[asyncio.Queue[Any]] = field(default_factory=set)
    mutations: list[str] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def publish(self, event: object) -> None:
        """Give an event to every source; an exception makes the sources fail, None ends them."""
        for topic in self.topics:
            topic.put_nowait(event)


@dataclass
class ToyContext(Context[str]):
    """Identities are user names."""

    toy: Toy = field(default_factory=Toy)


Info = strawberry.Info[ToyContext, None]


@strawberry.type
class Node:
    name: str

    @strawberry.field
    def children(self, first: int = 10) -> list["Node"]:
        return [Node(name=f"{self.name}.{i}") for i in range(first)]

    @strawberry.field
    def self(self) -> "Node":
        return self


@strawberry.input
class Parcel:
    text: str
    parcels: list["Parcel"] | None = None


@strawberry.type
class Query:
    @strawberry.field
    def hello(self, name: str = "you") -> str:
        return f"Hello {name}"

    @strawberry.field
    def me(self, info: Info) -> str:
        return info.context.identity

    @strawberry.field
    def node(self, name: str = "n") -> Node:
        return Node(name=name)

    @strawberry.field
    def any(self) -> "Node | Broken":
        return Node(name="any")

    @strawberry.field
    def nodes(self, first: int | None = None, last: int | None = None) -> list[Node]:
        return [Node(name=str(i)) for i in range(min(first or last or 1, 100))]

    @strawberry.field
    def number(self, value: int) -> int:
        return value

    @strawberry.field
    def real(self, value: float) -> float:
        return value

    @strawberry.field
    def id(self, value: strawberry.ID) -> strawberry.ID:
        return value

    @strawberry.field
    def json(self, value: JSON) -> JSON:
        return value

    @strawberry.field
    def parcel(self, parcel: Parcel) -> str:
        return parcel.text

    @strawberry.field
    def stale(self, info: Info) -> int:
        info.context.extensions["stale"] = True
        info.context.extensions["position"] = 42
        return 42

    @strawberry.field
    def broken(self) -> str | None:
        raise ValueError("the secret of the inside")

    @strawberry.field
    def broken_many(self) -> list["Broken"]:
        return [Broken() for _ in range(100)]

    @strawberry.field
    def forbidden(self) -> str | None:
        raise ClientError("You may not see this.", code="FORBIDDEN", permission="secrets")

    @strawberry.field
    def unserialisable(self) -> int | None:
        return "the secret of the inside"  # type: ignore[return-value]

    @strawberry.field
    def surrogate(self) -> str:
        return "\ud800"

    @strawberry.field
    def huge(self) -> JSON:
        return JSON(2**70)


@strawberry.type
class Broken:
    @strawberry.field
    def value(self) -> str | None:
        raise ValueError("the secret of the inside")


@strawberry.type
class Mutation:
    @strawberry.mutation
    def shout(self, info: Info, text: str) -> str:
        info.context.toy.mutations.append(text)
        return text.upper()

    @strawberry.mutation
    async def wait_and_shout(self, info: Info, text: str) -> str:
        info.context.toy.mutations.append("waiting")
        await info.context.toy.gate.wait()
        info.context.toy.mutations.append(text)
        return text.upper()


@strawberry.type
class Tick:
    value: int
    seen: strawberry.Private[Toy]

    @property
    def cursor(self) -> str:
        """After what a subscription resumes: the number."""
        return str(self.value)

    @strawberry.field
    def text(self, info: Info, size: int = 10) -> str:
        self.seen.executions += 1
        info.context.extensions["cursor"] = str(self.value)
        return "x" * size


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def ticks(
        self, info: Info, topic: str = "all", resume_from: str | None = None
    ) -> AsyncGenerator[Tick, None]:
        toy = info.context.toy
        queue: asyncio.Queue[Any] = asyncio.Queue()
        toy.sources_started += 1
        toy.sources_open += 1
        toy.topics.add(queue)
        try:
            for past in range(int(resume_from or 0)):
                yield Tick(value=past, seen=toy)
            while (event := await queue.get()) is not None:
                if isinstance(event, Exception):
                    raise event
                yield Tick(value=event, seen=toy)
        finally:
            toy.topics.discard(queue)
            toy.sources_open -= 1

    @strawberry.subscription
    async def countdown(self, start: int = 3) -> AsyncGenerator[int, None]:
        for i in range(start, 0, -1):
            yield i


SCHEMA = strawberry.Schema(Query, Mutation, Subscription)


async def authenticate(headers: Mapping[str, str]) -> str:
    """Let in "let-me-in" as ann, and "let-me-in as NAME" as NAME; "let-me-in as a fault" is one."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme != "Bearer" or not token.startswith(TOKEN):
        raise Unauthenticated("Say who you are.")
    if token.endswith("a fault"):
        raise ValueError("the secret of the inside")
    return token.partition(" as ")[2] or "ann"


@dataclass
class Served:
    """A running server."""

    url: str
    toy: Toy
    streams: Streams

    @property
    def http(self) -> str:
        """Where GraphQL is served over HTTP."""
        return f"{self.url}/graphql"

    @property
    def ws(self) -> str:
        """Where GraphQL is served over WebSockets."""
        return f"{self.url.replace('http', 'ws')}/graphql"


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, streams: Streams) -> None:
        super().__init__(config)
        self._streams = streams
        self.is_up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_up.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._streams.close()
        await super().shutdown(sockets)


def toy_app(
    limits: Limits | None = None, toy: Toy | None = None, streams: Streams | None = None
) -> Starlette:
    """The toy schema as an ASGI application; "lonely" shares no subscription, "mayfly" soon expires."""
    shared = toy or Toy()
    return Starlette(
        routes=graphql_routes(
            SCHEMA,
            authenticate,
            lambda identity: ToyContext(identity, toy=shared),
            scope=lambda identity: None if identity == "lonely" else "everyone",
            shares=lambda identity: None if identity == "stranger" else ("toy", identity),
            lifetime=lambda identity: 0.05 if identity == "mayfly" else 3_600,
            limits=limits,
            streams=streams,
        )
    )


@contextlib.asynccontextmanager
async def served(limits: Limits | None = None, crowd: Crowd | None = None) -> AsyncIterator[Served]:
    """The toy schema at a free port of the loopback; with a crowd, by the product's connections."""
    toy, streams = Toy(), Streams()
    # Only of a socket that says its protocol does asyncio know that answers must not wait for more.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            toy_app(limits, toy, streams),
            log_level="warning",
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=2,
            http=HttpConnection if crowd else "auto",
        )
        server = _Server(config, streams)
        server.server_state = crowd or server.server_state
        serving = asyncio.create_task(server.serve([listener]))
        await server.is_up.wait()
        try:
            yield Served(f"http://127.0.0.1:{listener.getsockname()[1]}", toy, streams)
        finally:
            server.should_exit = True
            await serving
