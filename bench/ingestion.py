"""Ingestion: events from outside in batches of 100, over the product's own door, beside a hand-written insert."""

import argparse
import asyncio
import json
import os
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from uuid import uuid4

import asyncpg
import httpx

from app.composition.write_side import written
from app.embedded.opensearch import free_port
from app.mail.mailed_tokens import hash_of
from app.settings import Settings
from bench.place import SECRET, empty_database, migrated_database, postgres, run, valkey
from bench.table import COMPARED, Sample, Stopwatch, compare, rounds, sample, show
from domain.gateway.sources import IssueSourceKey, RegisterSource
from domain.kit.caller import Caller
from domain.kit.permissions import ROLES
from domain.kit.refusals import require

ROUNDS = 5
BATCH = 100
CALLERS = 6
_PEER, _OURS = "Starlette + asyncpg", "Headwater"

# The whole of the peer: it parses, and inserts what it does not have. It checks, seals and folds nothing.
PEER = '''
import contextlib, json, os
from datetime import datetime
from uuid import UUID
import asyncpg, uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

INSERT = """insert into events select * from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::jsonb[])
on conflict do nothing returning event_id"""

async def take(request):
    events = await request.json()
    columns = zip(*((UUID(e["eventId"]), e["eventType"], datetime.fromisoformat(e["timestamp"]),
                     json.dumps(e["data"])) for e in events))
    async with request.app.state.pool.acquire() as connection:
        new = {row[0] for row in await connection.fetch(INSERT, *map(list, columns))}
    return JSONResponse([{"eventId": e["eventId"], "new": UUID(e["eventId"]) in new} for e in events])

@contextlib.asynccontextmanager
async def opened(app):
    async with asyncpg.create_pool(os.environ["PEER_URL"], min_size=6, max_size=6) as app.state.pool:
        yield

app = Starlette(routes=[Route("/", take, methods=["POST"])], lifespan=opened)
uvicorn.run(app, port=int(os.environ["PEER_PORT"]), log_level="warning")
'''
_TABLE = """create table events (event_id uuid primary key, event_type text not null,
                                 occurred_at timestamptz not null, data jsonb not null)"""


async def main(batches: int) -> None:
    """Both on one server, each with a process of its own that answers; ours with a worker besides."""
    async with postgres() as server, valkey() as redis:
        theirs = await empty_database(server, "peer")
        settings = Settings(
            database_url=await migrated_database(server, "ours"),
            redis_url=redis.url,
            secret=SECRET,
            port=free_port(),
            ingest_events_per_second=1_000_000,
            log_level="error",
        )
        async with _peer(theirs) as peer, _product(settings) as ours:
            sides = {
                _PEER: partial(_send, peer, "/", batches),
                _OURS: partial(_send, ours, "/v1/events", batches),
            }
            found = await rounds(sides, count=ROUNDS)
            title = f"Ingestion: batches of {BATCH} events, {CALLERS} callers"
            show(title, COMPARED, compare(found, peer=_PEER, unit="events"))
            single = partial(_send, ours, "/v1/events", 300, size=1, callers=1)
            found = await rounds({_OURS: single}, count=ROUNDS)
            show("One caller, one event a request", COMPARED, compare(found, peer=_OURS, unit="events"))


async def _send(
    http: httpx.AsyncClient, path: str, batches: int, size: int = BATCH, callers: int = CALLERS
) -> Sample:
    bodies = iter([_body(size) for _ in range(batches)])
    took: list[float] = []
    watch = Stopwatch()

    async def caller() -> None:
        loop = asyncio.get_running_loop()
        for body in bodies:
            began = loop.time()
            response = await http.post(path, content=body)
            assert response.status_code == 200, response.text
            took.append(loop.time() - began)

    await asyncio.gather(*(caller() for _ in range(callers)))
    return sample(batches * size, watch, took)


def _body(size: int) -> bytes:
    now = datetime.now(UTC).isoformat()
    return json.dumps(
        [
            {
                "eventId": str(uuid4()),
                "eventType": "order.created",
                "timestamp": now,
                "userId": f"customer-{number}",
                "sessionId": f"session-{number}",
                "data": {
                    "payload": {
                        "orderId": f"order-{number}",
                        "items": [{"productId": "p-1", "quantity": 2, "price": 12.5}],
                        "totalAmount": 25,
                        "currency": "EUR",
                    },
                    "metadata": {"paymentMethod": "card", "channel": "web"},
                },
            }
            for number in range(size)
        ]
    ).encode()


@asynccontextmanager
async def _peer(url: str) -> AsyncIterator[httpx.AsyncClient]:
    connection = await asyncpg.connect(url)
    await connection.execute(_TABLE)
    await connection.close()
    port = free_port()
    environ = {**os.environ, "PEER_URL": url, "PEER_PORT": str(port)}
    with _running([sys.executable, "-c", PEER], environ):
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
            await _until_there(http, "/")
            yield http


@asynccontextmanager
async def _product(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    key = await _key(settings)
    environ = {**os.environ, **settings.environ()}
    api, worker = ([sys.executable, "-m", "app.cli", name] for name in ("api", "worker"))
    with _running(api, environ), _running(worker, environ):
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        url = f"http://127.0.0.1:{settings.port}"
        async with httpx.AsyncClient(base_url=url, timeout=60, headers=headers) as http:
            await _until_there(http, "/health/ready")
            yield http


async def _key(settings: Settings) -> str:
    """The key of a new source."""
    tenant, source, id = uuid4(), uuid4(), uuid4()
    key = f"hw_{tenant.hex}_{id.hex}_{secrets.token_urlsafe(32)}"
    by = Caller(tenant_id=tenant, user_id=uuid4(), permissions=ROLES["owner"])
    async with written(settings) as side:
        for command in (
            RegisterSource(id=source, name="Shop"),
            IssueSourceKey(id=source, key_id=id, name="bench", secret_hash=hash_of(key)),
        ):
            require(await side.bus.send(command, by=by))
    return key


class _running:  # A context, as those of contextlib.
    """A program for as long as it is needed."""

    def __init__(self, command: Sequence[str], environ: dict[str, str]) -> None:
        self._command, self._environ = command, environ

    def __enter__(self) -> None:
        self._process = subprocess.Popen(self._command, env=self._environ)

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()


async def _until_there(http: httpx.AsyncClient, path: str) -> None:
    said = ""
    for _ in range(600):
        try:
            response = await http.get(path)
            said = response.text
            if response.status_code in (200, 405):
                return
        except httpx.TransportError as error:
            said = str(error)
        await asyncio.sleep(0.1)
    raise TimeoutError(f"{path} is not well: {said}")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--batches", type=int, default=100, help="of 100 events, in a round of each side")
    run(main(arguments.parse_args().batches))
