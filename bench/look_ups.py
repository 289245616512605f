"""How long a look-up by key takes: as plain SQL, through the readers of views, and through the API's engine."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from uuid import UUID

import asyncpg

from api.kit.execution.engine import Engine
from api.kit.execution.request import GraphQLRequest
from api.kit.schema.access_log import Unlogged
from api.kit.schema.context import RequestContext
from api.schema import schema
from app.entry.asgi import limits
from app.entry.assembly import Assembly, assembled
from app.settings import Settings
from app.storage.database import plain_url
from bench.place import SECRET, migrated_database, postgres, run, valkey
from bench.table import show
from domain.kit.caller import Caller
from projections.kit.store.tables import table_shape
from projections.tenancy.entity_index import EntityIndex
from projections.tenancy.entity_keys import EntityKey

ENTITIES = 200_000
"""Of each of two tenants."""
CALLERS = 16
LOOK_UPS, ROUNDS = 2_000, 11
TENANT, OTHER = UUID(int=7), UUID(int=8)
WHO = Caller(tenant_id=TENANT, user_id=UUID(int=9), session_id="bench", permissions=frozenset({"*"}))

TABLE = table_shape(EntityIndex, 1).name
_ID = "('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid"
FILL = f"""
insert into {TABLE}
select $1, 'FEATURE_FLAG#' || {_ID}, 'FEATURE_FLAG', {_ID}, 'active', now(), now(), '{{}}', n
  from generate_series(1, {ENTITIES}) n
"""
PLAIN = f"select * from {TABLE} where tenant_id = $1 and sk = $2"
ASKED = "query Entity($key: String!) { entity(key: $key) { entityType status createdAt } }"

LookUp = Callable[[EntityKey], Awaitable[object]]


def keys(number: int) -> list[EntityKey]:
    """The keys of a round, in no order."""
    chance = Random(number)
    ids = (f"00000000-0000-0000-0000-{chance.randint(1, ENTITIES):012d}" for _ in range(LOOK_UPS))
    return [EntityKey(TENANT, "FEATURE_FLAG", UUID(id)) for id in ids]


async def latencies(look_up: LookUp, number: int, callers: int) -> list[float]:
    """How many milliseconds each look-up of a round took, by so many callers at a time."""
    left, took = iter(keys(number)), list[float]()

    async def caller() -> None:
        for key in left:
            began = time.perf_counter()
            found = await look_up(key)
            took.append((time.perf_counter() - began) * 1000)
            assert found

    await asyncio.gather(*(caller() for _ in range(callers)))
    return took


def engine(assembly: Assembly) -> LookUp:
    """The API's own field, with everything but HTTP around it."""
    services = replace(assembly.services, access_log=Unlogged())
    built = Engine(
        schema, lambda caller: RequestContext(identity=caller, services=services), limits(assembly.settings)
    )

    async def ask(key: EntityKey) -> object:
        text = f"TENANT#{key.tenant_id}#{key.sk}"
        request = GraphQLRequest(query=ASKED, variables={"key": text})
        async with built.answering(built.operation(request, WHO), request, WHO) as answer:
            return b'"status":"active"' in answer

    return ask


def line(name: str, rounds: Sequence[Sequence[float]], peer: Sequence[Sequence[float]]) -> tuple[str, ...]:
    """Medians over the rounds of p50, p95 and p99, and of the rounds' own ratios of p95."""

    def p(values: Sequence[float], percent: int) -> float:
        return quantiles(values, n=100)[percent - 1]

    shown = (f"{median(p(round_, percent) for round_ in rounds):.2f}" for percent in (50, 95, 99))
    ratios = [p(own, 95) / p(other, 95) for own, other in zip(rounds, peer, strict=True)]
    times = "" if rounds is peer else f"{median(ratios):.1f}x ({min(ratios):.1f}-{max(ratios):.1f})"
    return (name, *shown, times)


async def main() -> None:
    """The three ways in turn, by one caller and by many."""
    async with postgres() as server, valkey() as cache:
        url = await migrated_database(server, "look_ups")
        with TemporaryDirectory(prefix="headwater-bench-") as folder:
            settings = Settings(database_url=url, redis_url=cache.url, secret=SECRET, data_dir=Path(folder))
            async with (
                assembled(settings) as assembly,
                asyncpg.create_pool(plain_url(url), max_size=settings.pool_readers) as pool,
            ):
                for tenant in (TENANT, OTHER):
                    await pool.execute(FILL, tenant)
                await pool.execute(f"vacuum analyze {TABLE}")
                rows = assembly.services.rows
                sides: dict[str, LookUp] = {
                    "select by the primary key": lambda key: pool.fetchrow(PLAIN, TENANT, key.sk),
                    "`PostgresRows.get`, as the readers' role": lambda key: rows.get(
                        EntityIndex, TENANT, [(key.sk,)]
                    ),
                    "`entity(key:)` through the engine": engine(assembly),
                }
                for callers in (1, CALLERS):
                    found: dict[str, list[list[float]]] = {name: [] for name in sides}
                    for number in range(-1, ROUNDS):
                        for name, look_up in sides.items():
                            took = await latencies(look_up, number, callers)
                            # The first round warms up.
                            found[name] += [took] if number >= 0 else []
                    peer = next(iter(found.values()))
                    head = ("", "p50 ms", "p95 ms", "p99 ms", "ratio of p95 (least-most)")
                    title = f"One of {ENTITIES:,} entities of a tenant, {callers} at a time"
                    show(title, head, [line(name, rounds, peer) for name, rounds in found.items()])


if __name__ == "__main__":
    run(main())
