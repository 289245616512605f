"""Reads over HTTP: the product as it ships, beside stock Strawberry and SQL by hand on tables of the same rows."""

import argparse
import asyncio
import itertools
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import orjson
import psutil

from app.auth.tokens.authentication import Tokens
from app.composition.write_side import written
from app.embedded.opensearch import free_port
from app.settings import Settings
from bench.http_client import HttpClient
from bench.peers.tables import TOKEN, fill
from bench.place import SECRET, empty_database, migrated_database, postgres, run, valkey
from bench.sides import product, running, until_there
from bench.table import COMPARED, Sample, Stopwatch, compare, rounds, sample, show
from domain.identity.registration import RegisterUser
from domain.kit.caller import Caller
from domain.kit.permissions import ROLES
from domain.kit.refusals import require
from domain.work.project_commands import CreateProject
from domain.work.task_commands import AssignTask, CreateTask

ROUNDS = 7
PEOPLE, PROJECTS, TASKS = 27, 20, 2_000
_STOCK, _HAND, _OURS = "stock Strawberry", "SQL by hand", "Headwater"

READS = {
    "One": ("one task", "query One($id: ID!) { task(id: $id) { id title status priority } }"),
    "Page": (
        "50 tasks with assignee and project",
        """query Page { tasks(first: 50) { nodes { id title status priority
             assignee { id name email } project { id name } } } }""",
    ),
    "OfProject": (
        "a project, 50 of its tasks, their assignees",
        """query OfProject($id: ID!) { project(id: $id) { id name tasks(first: 50) { nodes {
             id title status priority assignee { id name email } } } } }""",
    ),
    "Plain": ("100 tasks", "query Plain { tasks(first: 100) { nodes { id title status priority } } }"),
}


@dataclass(frozen=True, slots=True)
class Filled:
    """What was stored: ids of tasks and of projects, and rows for the peers."""

    tasks: list[UUID]
    projects: list[UUID]
    rows: Mapping[str, list[tuple[object, ...]]]


@dataclass(frozen=True, slots=True)
class Answering:
    """A side's client, and the process that answers it."""

    http: HttpClient
    process: psutil.Process

    async def ask(self, body: bytes) -> tuple[int, bytes]:
        """The status and body of the answer."""
        return await self.http.request("POST", "/graphql", body)

    def computed(self) -> float:
        """Seconds that the process has computed."""
        times = self.process.cpu_times()
        return times.user + times.system


async def main(count: int) -> None:
    """One caller, then sixteen, of each read; the three sides take turns. The processor time is that of the
    process that answers, without its database."""
    async with postgres() as server, valkey() as redis, AsyncExitStack() as stack:
        theirs = await empty_database(server, "peer")
        settings = Settings(
            database_url=await migrated_database(server, "ours"),
            redis_url=redis.url,
            secret=SECRET,
            port=free_port(),
            log_level="error",
        )
        side = await stack.enter_async_context(product(settings))
        assert side.tenant_id is not None
        filled = await _filled(settings, side.tenant_id)
        await fill(theirs, **filled.rows)
        ours = await stack.enter_async_context(
            HttpClient(settings.port, _headers(_token(settings, side.tenant_id)))
        )
        clients = {
            _STOCK: await stack.enter_async_context(_peer("stock_strawberry", theirs)),
            _HAND: await stack.enter_async_context(_peer("hand_written", theirs)),
            _OURS: Answering(ours, side.process),
        }
        await _until_equal(clients, filled)
        for name, (title, _) in READS.items():
            for callers in (1, 16):
                sides = {
                    key: partial(_send, client, name, filled, count, callers)
                    for key, client in clients.items()
                }
                found = await rounds(sides, count=ROUNDS)
                show(f"{title}, callers: {callers}", COMPARED, compare(found, peer=_STOCK, unit="reads"))


async def _send(client: Answering, name: str, filled: Filled, count: int, callers: int) -> Sample:
    bodies = itertools.islice(_bodies(name, filled), count)
    took: list[float] = []
    loop, watch, before = asyncio.get_running_loop(), Stopwatch(), client.computed()

    async def caller() -> None:
        for body in bodies:
            began = loop.time()
            status, answer = await client.ask(body)
            took.append(loop.time() - began)
            assert status == 200, answer
            assert b'"errors"' not in answer, answer

    await asyncio.gather(*(caller() for _ in range(callers)))
    return replace(sample(count, watch, took), cpu=(client.computed() - before) / count * 1_000_000)


def _bodies(name: str, filled: Filled) -> "itertools.cycle[bytes]":
    ids = {"One": filled.tasks, "OfProject": filled.projects}.get(name, [UUID(int=0)])
    query = READS[name][1]
    return itertools.cycle(
        orjson.dumps(
            {"query": query, "operationName": name, "variables": {"id": id} if "$id" in query else {}}
        )
        for id in ids[:500]
    )


async def _until_equal(clients: Mapping[str, Answering], filled: Filled) -> None:
    """Wait until the product's views are there. Raises AssertionError where an answer differs from the peers'."""
    for name in READS:
        body = next(_bodies(name, filled))
        answers: dict[str, Any] = {}
        for _ in range(300):
            for key, client in clients.items():
                _, answer = await client.ask(body)
                answers[key] = orjson.loads(answer)["data"]
            if answers[_OURS] == answers[_STOCK]:
                break
            await asyncio.sleep(0.1)
        assert answers[_OURS] == answers[_STOCK] == answers[_HAND], f"the answers to {name} differ"


@asynccontextmanager
async def _peer(name: str, url: str) -> AsyncIterator[Answering]:
    port = free_port()
    environ = {**os.environ, "PEER_URL": url, "PEER_PORT": str(port)}
    with running([sys.executable, "-m", f"bench.peers.{name}"], environ) as process:
        async with HttpClient(port, _headers(TOKEN)) as http:
            await until_there(http, "/graphql")
            yield Answering(http, process)


def _headers(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}", "content-type": "application/json"}


def _token(settings: Settings, tenant: UUID) -> str:
    tokens = Tokens(settings.derive("tokens"))
    return tokens.issue(tenant_id=tenant, user_id=uuid4(), permissions=ROLES["owner"])


async def _filled(settings: Settings, tenant: UUID) -> Filled:
    """A tenant with tasks, most of them assigned and in a project."""
    users, projects, tasks = ([uuid4() for _ in range(size)] for size in (PEOPLE, PROJECTS, TASKS))
    by = Caller(tenant_id=tenant, user_id=users[0], permissions=ROLES["owner"])
    began = datetime.now(UTC)
    async with written(settings) as side:

        async def send(*commands: Any) -> None:
            for command in commands:
                require(await side.bus.send(command, by=by))

        for number, id in enumerate(users):
            await send(
                RegisterUser(
                    id=id, email=f"person{number}@example.com", first_name="Person", last_name=str(number)
                )
            )
        for number, id in enumerate(projects):
            await send(CreateProject(id=id, name=f"Project {number}"))
        for number, id in enumerate(tasks):
            await send(
                CreateTask(id=id, title=f"Answer letter {number}", project_id=projects[number % PROJECTS]),
                AssignTask(id=id, assigned_to=users[number % PEOPLE]),
            )
    # Addresses as the product shows them to others than their people.
    rows: dict[str, list[tuple[object, ...]]] = {
        "users": [(id, f"Person {n}", "p***@example.com") for n, id in enumerate(users)],
        "projects": [(id, f"Project {n}") for n, id in enumerate(projects)],
        "tasks": [
            (
                id,
                f"Answer letter {n}",
                "TODO",
                "MEDIUM",
                began + timedelta(milliseconds=n),
                users[n % PEOPLE],
                projects[n % PROJECTS],
            )
            for n, id in enumerate(tasks)
        ],
    }
    return Filled(tasks, projects, rows)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--reads", type=int, default=150, help="in a round of each side")
    run(main(arguments.parse_args().reads))
