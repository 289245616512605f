"""What recording accesses costs reads: the same operations through the engine, with and without it."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID, uuid4

from api.kit.execution.engine import Engine
from api.kit.execution.request import GraphQLRequest
from api.kit.schema.access_log import AccessLog, Unlogged
from api.kit.schema.context import RequestContext
from api.schema import schema
from app.audit.access_writer import recording
from app.composition.write_side import inline_views
from app.entry.asgi import limits
from app.entry.assembly import Assembly, assembled
from app.log.postgres import PostgresLog
from app.settings import Settings
from app.storage.database import Database
from bench.place import SECRET, migrated_database, postgres, run, valkey
from bench.table import COMPARED, Sample, Stopwatch, compare, rounds, sample, show
from domain.kit.caller import Caller
from domain.kit.codec import PlainCodec
from domain.kit.log import Append, NewEvent
from domain.work.tasks import Task

ROUNDS = 21
"""Many short ones: what else the machine does changes little between two that are compared."""
TASKS = 2_000
CALLERS = 16
TENANT, USER = UUID(int=7), UUID(int=8)
WHO = Caller(
    tenant_id=TENANT, user_id=USER, session_id="bench", permissions=frozenset({"*", "work:read", "work:all"})
)

ONE = "query Task($id: ID!) { task(id: $id) { id title status priority dueDate } }"
PAGE = "query Tasks { tasks(first: 50) { nodes { id title description status priority } } }"


async def fill(url: str) -> list[UUID]:
    """Tasks in the log and in the view that is folded with it; their ids."""
    database = await Database.open(url, secret=SECRET)
    log = PostgresLog(database, inline=await inline_views(database))
    ids = [uuid4() for _ in range(TASKS)]
    codec, at = PlainCodec(), datetime.now(UTC)
    for start in range(0, TASKS, 500):
        events = tuple(
            NewEvent(
                event_id=uuid4(),
                topic="work.task",
                originator_id=id,
                originator_version=1,
                type="work.task.created",
                version=1,
                timestamp=at,
                payload=codec.encode(
                    Task.Created(title="Answer the letter", description="x" * 300, created_by=USER),
                    tenant_id=TENANT,
                ),
            )
            for id in ids[start : start + 500]
        )
        await log.append(
            Append(
                tenant_id=TENANT,
                command_id=uuid4(),
                digest=b"d" * 32,
                events=events,
                correlation_id="bench",
                source="bench",
                environment="bench",
                region="bench",
            )
        )
    await log.close()
    await database.close()
    return ids


def asks(assembly: Assembly, query: str, ids: list[UUID], log: AccessLog) -> Callable[[], Awaitable[bytes]]:
    """Ask the next time, each time of another task, and have it recorded there."""
    services = replace(assembly.services, access_log=log)
    engine = Engine(
        schema, lambda caller: RequestContext(identity=caller, services=services), limits(assembly.settings)
    )
    turn = itertools.cycle(ids)

    async def ask() -> bytes:
        variables = {"id": str(next(turn))} if "$id" in query else {}
        request = GraphQLRequest(query=query, variables=variables)
        async with engine.answering(engine.operation(request, WHO), request, WHO) as answer:
            return answer.body

    return ask


async def side(ask: Callable[[], Awaitable[bytes]], *, count: int) -> Sample:
    """A round of reads by ``CALLERS`` at a time."""
    left = iter(range(count))

    async def caller() -> None:
        for _ in left:
            answer = await ask()
            assert b'"errors"' not in answer, answer

    watch = Stopwatch()
    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return sample(count, watch)


async def main() -> None:
    """One task by id, then a page of fifty; each with and without the record, in turn."""
    async with postgres() as server, valkey() as cache:
        url = await migrated_database(server, "audit")
        ids = await fill(url)
        with TemporaryDirectory(prefix="headwater-bench-") as folder:
            settings = Settings(database_url=url, redis_url=cache.url, secret=SECRET, data_dir=Path(folder))
            async with assembled(settings) as assembly, recording(assembly.database.writer) as log:
                for title, query, count in (
                    ("One task by its id", ONE, 400),
                    ("A page of 50 tasks", PAGE, 50),
                ):
                    sides = {
                        "not recorded": partial(side, asks(assembly, query, ids, Unlogged()), count=count),
                        "recorded": partial(side, asks(assembly, query, ids, log), count=count),
                    }
                    found = await rounds(sides, count=ROUNDS)
                    lines = compare(found, peer="not recorded", unit="reads")
                    show(f"{title}, {CALLERS} callers", COMPARED, lines)


if __name__ == "__main__":
    run(main())
