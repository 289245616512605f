"""The two that events are sent to: a hand-written insert, and the product with its worker."""

import asyncio
import os
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

import asyncpg
import psutil

from app.composition.write_side import written
from app.embedded.opensearch import free_port
from app.mail.mailed_tokens import hash_of
from app.settings import Settings
from bench.http_client import HttpClient
from domain.gateway.admission.source_keys import IssueSourceKey
from domain.gateway.sources import RegisterSource
from domain.kit.caller import Caller
from domain.kit.permissions import ROLES
from domain.kit.refusals import require

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
uvicorn.run(app, port=int(os.environ["PEER_PORT"]), log_level="warning", timeout_keep_alive=600)
'''
_TABLE = """create table events (event_id uuid primary key, event_type text not null,
                                 occurred_at timestamptz not null, data jsonb not null)"""


@dataclass(frozen=True, slots=True)
class Side:
    """Where events are sent, and the process that answers."""

    http: HttpClient
    path: str
    process: psutil.Process
    tenant_id: UUID | None = None
    worker: psutil.Process | None = None


@asynccontextmanager
async def peer(url: str) -> AsyncIterator[Side]:
    connection = await asyncpg.connect(url)
    await connection.execute(_TABLE)
    await connection.close()
    port = free_port()
    environ = {**os.environ, "PEER_URL": url, "PEER_PORT": str(port)}
    with running([sys.executable, "-c", PEER], environ) as process:
        async with HttpClient(port) as http:
            await until_there(http, "/")
            yield Side(http, "/", process)


@asynccontextmanager
async def product(settings: Settings) -> AsyncIterator[Side]:
    tenant_id = uuid4()
    key = await _key(settings, tenant_id)
    environ = {**os.environ, **settings.environ()}
    api, worker = ([sys.executable, "-m", "app.cli", name] for name in ("api", "worker"))
    with running(api, environ) as answering, running(worker, environ) as folding:
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        async with HttpClient(settings.port, headers) as http:
            await until_there(http, "/health/ready")
            yield Side(http, "/v1/events", answering, tenant_id, folding)


async def _key(settings: Settings, tenant: UUID) -> str:
    """The key of a new source."""
    source, id = uuid4(), uuid4()
    key = f"hw_{tenant.hex}_{id.hex}_{secrets.token_urlsafe(32)}"
    by = Caller(tenant_id=tenant, user_id=uuid4(), permissions=ROLES["owner"])
    async with written(settings) as side:
        for command in (
            RegisterSource(id=source, name="Shop"),
            IssueSourceKey(id=source, key_id=id, name="bench", secret_hash=hash_of(key)),
        ):
            require(await side.bus.send(command, by=by))
    return key


@contextmanager
def running(command: Sequence[str], environ: dict[str, str]) -> Iterator[psutil.Process]:
    """A program for as long as it is needed."""
    process = subprocess.Popen(command, env=environ)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


async def until_there(http: HttpClient, path: str) -> None:
    """Wait until it answers. Raises TimeoutError after a minute."""
    said = ""
    for _ in range(600):
        try:
            status, answer = await http.request("GET", path)
            said = answer.decode()
            if status < 500:
                return
        except (OSError, EOFError) as error:
            said = str(error)
        await asyncio.sleep(0.1)
    raise TimeoutError(f"{path} is not well: {said}")
