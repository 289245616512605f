"""Everything that can go wrong on purpose: each fault strikes, lasts a while and ends by itself."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random

import asyncpg
import httpx
import psutil
from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.embedded.services import SupervisedServer
from tests.faults.cluster import Cluster, Say
from tests.kit.stopping import hanging

Strike = Callable[[Cluster, Random, Say], Awaitable[None]]
"""Breaks something, says what, and returns when it no longer holds it down; restarts are the supervisor's."""

FAULTS: dict[str, Strike] = {}
"""By name, as ``--only`` takes it."""

_WRITER = "headwater_writer"
"""What the titles of backends that serve the application's writers contain."""
_BACKENDS = "application_name = 'headwater' and datname = current_database() and pid <> pg_backend_pid()"


def fault(name: str) -> Callable[[Strike], Strike]:
    """Enter a fault under its name."""

    def enter(strike: Strike) -> Strike:
        FAULTS[name] = strike
        return strike

    return enter


def _kill(server: SupervisedServer, say: Say) -> None:
    if server.process is None or server.process.exit_code() is not None:
        say(f"{server.name} is down already")
        return
    say(f"kill -9 {server.name}")
    server.process.kill()


@fault("worker")
async def kill_worker(cluster: Cluster, chance: Random, say: Say) -> None:
    """A worker dies in the middle of whatever it does."""
    _kill(chance.choice(cluster.workers), say)


@fault("api")
async def kill_api(cluster: Cluster, chance: Random, say: Say) -> None:
    """The API dies with its commands in flight."""
    _kill(cluster.api, say)


@fault("postgres")
async def kill_postgres(cluster: Cluster, chance: Random, say: Say) -> None:
    """Postgres dies, and recovers from its write-ahead log."""
    _kill(cluster.postgres, say)


@fault("backend")
async def kill_backend(cluster: Cluster, chance: Random, say: Say) -> None:
    """One server process of Postgres dies, upon which Postgres throws everybody out and recovers."""
    assert cluster.postgres.process is not None
    with suppress(psutil.NoSuchProcess):
        children = psutil.Process(cluster.postgres.process.pid).children()
        backends = [child for child in children if _WRITER in " ".join(child.cmdline())]
        if backends:
            victim = chance.choice(sorted(backends, key=lambda backend: backend.pid))
            say(f"kill -9 {' '.join(victim.cmdline()).strip()}")
            victim.kill()


@fault("valkey")
async def kill_valkey(cluster: Cluster, chance: Random, say: Say) -> None:
    """Valkey dies; what its append-only file lacks of the last second is gone."""
    _kill(cluster.valkey, say)


@fault("search")
async def kill_search(cluster: Cluster, chance: Random, say: Say) -> None:
    """The search server dies; the stand-in forgets everything."""
    _kill(cluster.search, say)


async def _hang(server: SupervisedServer, seconds: float, say: Say) -> None:
    """SIGSTOP for it and its children, and SIGCONT after a while: it keeps its connections and answers nothing."""
    if server.process is None or server.process.exit_code() is not None:
        say(f"{server.name} is down already")
        return
    say(f"SIGSTOP {server.name} for {seconds:.1f} s")
    with hanging(server):
        await asyncio.sleep(seconds)
    say(f"SIGCONT {server.name}")


@fault("pause")
async def pause_worker(cluster: Cluster, chance: Random, say: Say) -> None:
    """A worker stands still until its leases have passed to another, and wakes up in the middle of a page."""
    await _hang(chance.choice(cluster.workers), chance.uniform(6.5, 9), say)


@fault("hung api")
async def hang_api(cluster: Cluster, chance: Random, say: Say) -> None:
    """The API stands still with its commands in flight and its subscriptions open."""
    await _hang(cluster.api, chance.uniform(2, 7), say)


@fault("hung valkey")
async def hang_valkey(cluster: Cluster, chance: Random, say: Say) -> None:
    """Valkey stands still, in the middle of whatever it was told."""
    await _hang(cluster.valkey, chance.uniform(2, 7), say)


@fault("hung postgres")
async def hang_postgres(cluster: Cluster, chance: Random, say: Say) -> None:
    """Postgres stands still with all its backends, for longer than anybody waits for it."""
    await _hang(cluster.postgres, chance.uniform(2, 8), say)


@fault("hung backend")
async def hang_backend(cluster: Cluster, chance: Random, say: Say) -> None:
    """One backend of a writer stands still with whatever it has locked, while Postgres goes on."""
    assert cluster.postgres.process is not None
    with suppress(psutil.NoSuchProcess):
        children = psutil.Process(cluster.postgres.process.pid).children()
        backends = sorted(
            (child for child in children if _WRITER in " ".join(child.cmdline())), key=lambda child: child.pid
        )
        if backends:
            victim, seconds = chance.choice(backends), chance.uniform(3, 8)
            say(f"SIGSTOP {' '.join(victim.cmdline()).strip()} for {seconds:.1f} s")
            victim.suspend()
            try:
                await asyncio.sleep(seconds)
            finally:
                victim.resume()


@fault("terminate")
async def terminate_backends(cluster: Cluster, chance: Random, say: Say) -> None:
    """Postgres ends some connections, or all of them."""
    part = chance.choice((0.3, 1.0))
    with suppress(OSError, asyncpg.PostgresError):
        async with cluster.owner() as owner:
            ended = await owner.fetchval(
                f"""select count(pg_terminate_backend(pid)) from pg_stat_activity
                     where {_BACKENDS} and hashtext(pid::text) & 1023 < $1""",
                int(part * 1024),
            )
            say(f"terminated {ended} backends")


@fault("cut")
async def cut(cluster: Cluster, chance: Random, say: Say) -> None:
    """The network resets all connections to one of the servers, a few times."""
    proxy = cluster.proxies[chance.choice(sorted(cluster.proxies))]
    for _ in range(chance.randint(1, 4)):
        say(f"cut {proxy.cut()} connections to {proxy.name}")
        await asyncio.sleep(chance.uniform(0.1, 0.8))


@fault("silence")
async def silence(cluster: Cluster, chance: Random, say: Say) -> None:
    """The network to one of the servers passes nothing for a while and loses nothing."""
    proxy, seconds = cluster.proxies[chance.choice(sorted(cluster.proxies))], chance.uniform(2, 7)
    say(f"nothing passes to {proxy.name} for {seconds:.1f} s")
    proxy.hold()
    try:
        await asyncio.sleep(seconds)
    finally:
        proxy.release()


@fault("lock")
async def lock(cluster: Cluster, chance: Random, say: Say) -> None:
    """Somebody's transaction locks a table for longer than anyone is patient."""
    await _lock(cluster, chance.choice(_LOCKED), chance.uniform(3, 7), say)


@fault("timeout")
async def timeout(cluster: Cluster, chance: Random, say: Say) -> None:
    """Statements that take long are cancelled by the server, while a locked table makes them take long."""
    await _patient(cluster, _ALTER.format("set statement_timeout = ''500ms''"))
    say("statement_timeout is 500 ms")
    try:
        await terminate_backends(cluster, chance, say)
        await _lock(cluster, chance.choice(_LOCKED), chance.uniform(3, 5), say)
    finally:
        await _patient(cluster, _ALTER.format("reset statement_timeout"))
        await terminate_backends(cluster, chance, say)
        say("statement_timeout is reset")


_LOCKED = ("es.events", "es.streams", "ops.lanes", "tasks.tasks", "audit.activity_log")


async def _lock(cluster: Cluster, name: str, seconds: float, say: Say) -> None:
    with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        async with cluster.owner() as owner, owner.transaction():
            await owner.execute("set local lock_timeout = '5s'; set local statement_timeout = 0")
            # The view's name is followed to the table of its generation.
            await owner.execute(f"lock table {name} in access exclusive mode")
            say(f"locked {name} for {seconds:.1f} s")
            await asyncio.sleep(seconds)


_ALTER = "do $$ begin execute format('alter database %I {}', current_database()); end $$"


async def _patient(cluster: Cluster, statement: str) -> None:
    """Execute a statement that must not be left out, however often the server is killed meanwhile."""
    async with asyncio.timeout(60):
        while True:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                async with cluster.owner() as owner:
                    await owner.execute(statement)
                    return
            await asyncio.sleep(0.2)


@fault("flush")
async def flush(cluster: Cluster, chance: Random, say: Say) -> None:
    """Somebody empties Valkey."""
    with suppress(OSError, Exception):
        async with Redis.from_url(cluster.direct.redis_url) as redis:
            await redis.flushall()
            say("FLUSHALL")


@fault("lose")
async def lose_keys(cluster: Cluster, chance: Random, say: Say) -> None:
    """Somebody deletes a few keys of Valkey, or it evicts them, some at a time."""
    for _ in range(chance.randint(2, 5)):
        with suppress(OSError, RedisError):
            async with Redis.from_url(cluster.direct.redis_url) as redis:
                names = sorted([name async for name in redis.scan_iter(match="hw:*", count=1000)])
                chosen = chance.sample(names, min(len(names), chance.randint(1, 4)))
                if chosen:
                    await redis.unlink(*chosen)
                    say(f"UNLINK {len(chosen)} of {len(names)} keys")
        await asyncio.sleep(chance.uniform(0.2, 1))


@fault("index")
async def delete_index(cluster: Cluster, chance: Random, say: Say) -> None:
    """Somebody deletes a search index."""
    with suppress(httpx.HTTPError):
        async with httpx.AsyncClient(base_url=cluster.search.url, timeout=10, trust_env=False) as http:
            found = (await http.get("/_cat/indices", params={"format": "json"})).json()
            ours = sorted(index["index"] for index in found if index["index"].startswith("hw-"))
            if ours:
                name = chance.choice(ours)
                say(f"DELETE index {name}: {(await http.delete(f'/{name}')).status_code}")
