"""Two processes that take the same events, while they and the database are killed: what was answered is there, and
nothing is there twice."""

import asyncio
import json
import os
import secrets
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from itertools import pairwise
from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.composition.write_side import written
from app.embedded.opensearch import free_port
from app.embedded.postgres import Postgres
from app.log.verify import verify
from app.mail.mailed_tokens import hash_of
from app.settings import Settings
from app.storage.database import Database
from app.storage.migrate import migrate
from domain.gateway.admission.source_keys import IssueSourceKey
from domain.gateway.events import OutsideEvent
from domain.gateway.sources import RegisterSource
from domain.kit.caller import Caller
from domain.kit.log import Selection
from domain.kit.permissions import ROLES
from domain.kit.refusals import require
from tests.gateway.sending import event
from tests.kit.servers import SECRET

pytestmark = pytest.mark.servers

_BATCHES, _SIZE = 20, 40

# Events and answers are JSON of many shapes.
Json = dict[str, Any]


@pytest.fixture
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Postgres]:
    folder = tmp_path_factory.mktemp("killed")
    server = Postgres(folder / "data", sockets=folder / "run", log=folder / "postgres.log")
    server.start()
    await server.ready()
    await migrate(server.url, secret=SECRET)
    yield server
    await server.stop()


@pytest.fixture
def settings(server: Postgres, redis_url: str) -> Settings:
    return Settings(
        database_url=server.url,
        redis_url=redis_url,
        secret=SECRET,
        ingest_events_per_second=1_000_000,
        log_level="error",
    )


async def test_what_was_answered_is_there_and_nothing_is_there_twice(
    server: Postgres, settings: Settings
) -> None:
    key, batches, ports = await _key(settings), _batches(), [free_port(), free_port()]
    told: dict[str, set[tuple[str, str | None]]] = defaultdict(set)
    # One that is still starting would end with the database.
    begun, half_way = asyncio.Barrier(len(ports)), asyncio.Event()

    async def send(port: int) -> None:
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        url = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=url, timeout=60, headers=headers) as http:
            for number, batch in enumerate(batches):
                if number == 1:
                    await begun.wait()
                if number == _BATCHES // 2:
                    half_way.set()
                for sent, result in zip(batch, await _answers(http, batch), strict=True):
                    told[json.dumps(sent)].add((result["status"], result.get("position")))

    with _api(settings, ports[0]) as first, _api(settings, ports[1]), ExitStack() as again:
        async with asyncio.timeout(300), asyncio.TaskGroup() as sending:
            for port in ports:
                sending.create_task(send(port))
            await half_way.wait()
            first.kill()
            assert server.process is not None
            os.kill(server.process.pid, signal.SIGKILL)
            await server.stop()
            server.start()
            await server.ready()
            again.enter_context(_api(settings, ports[0]))
    database = await Database.open(settings.database_url, secret=SECRET, writers=1, readers=1)
    assert (await verify(database)).findings == ()
    await database.close()
    assert sorted(await _stored(settings)) == sorted({sent["eventId"] for batch in batches for sent in batch})
    for sent, answers in told.items():
        assert len({position for _, position in answers}) == 1, sent
        expected = {"rejected"} if "other" in sent else {"accepted", "duplicate"}
        assert {status for status, _ in answers} <= expected, sent


def _batches() -> list[list[Json]]:
    """In each one event that says something else than one before it did, and one that is there twice."""
    batches: list[list[Json]] = [[event() for _ in range(_SIZE)] for _ in range(_BATCHES)]
    for before, batch in pairwise(batches):
        other = event(eventId=before[1]["eventId"], data={"payload": {"other": True}})
        batch[_SIZE // 2 :] = [other, batch[0], *batch[_SIZE // 2 :]]
    return batches


async def _answers(http: httpx.AsyncClient, batch: list[Json]) -> list[Json]:
    """The answers to a batch, which is sent until there are any."""
    while True:
        with suppress(httpx.TransportError):
            response = await http.post("/v1/events", json=batch)
            if response.status_code == 200:
                results: list[Json] = response.json()["results"]
                return results
            assert response.status_code in (401, 503), response.text
        await asyncio.sleep(0.1)


async def _key(settings: Settings) -> str:
    tenant, source, id = uuid4(), uuid4(), uuid4()
    key = f"hw_{tenant.hex}_{id.hex}_{secrets.token_urlsafe(32)}"
    by = Caller(tenant_id=tenant, user_id=uuid4(), permissions=ROLES["owner"])
    async with written(settings) as side:
        for command in (
            RegisterSource(id=source, name="Shop"),
            IssueSourceKey(id=source, key_id=id, name="first", secret_hash=hash_of(key)),
        ):
            require(await side.bus.send(command, by=by))
    return key


async def _stored(settings: Settings) -> list[str]:
    async with written(settings) as side:
        only = Selection(types=[OutsideEvent.Accepted.stored_as])
        events = side.codec.decode_all(await side.log.read(limit=10_000, select=only))
    return [str(event.event_id) for event in events if isinstance(event, OutsideEvent.Accepted)]


@contextmanager
def _api(settings: Settings, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    environ = {**os.environ, **replace(settings, port=port).environ()}
    process = subprocess.Popen([sys.executable, "-m", "app.cli", "api"], env=environ)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
