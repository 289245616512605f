"""Renews keys while everything goes on: new generations, and what was wrapped under old ones rewrapped."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

from app.keys.invalidation import CHANNEL, notification
from app.keys.key_provider import Master, Wrapped
from app.keys.subject_keys import about_person
from app.keys.tenant_keys import NOBODY, TenantKeys, context
from app.storage.database import Database
from domain.kit.caller import ACCOUNTS, PLATFORM

_BATCH = 500
"""Keys that are rewrapped in one transaction: whoever makes a key under the same generation waits for it."""

_STANDING = """
select (select count(distinct tenant_id) from keys.tenant_keys where tenant_id <> all($1)) as tenants,
       (select count(*) from keys.tenant_keys where retired_at is null and tenant_id <> all($1)) as tenant_keys,
       (select count(*) from keys.tenant_keys where retired_at is null and tenant_id = any($1)) as own_keys,
       (select count(*) from keys.tenant_keys where retired_at is null and master_key <> $2) as masters_behind,
       (select count(distinct (tenant_id, subject_id)) from keys.subject_keys
         where destroyed_at is null) as people,
       -- Not those whose tenant was moved away: its keys are where it is now.
       (select count(distinct (tenant_id, subject_id)) from keys.subject_keys s
         where destroyed_at is not null
           and exists (select from keys.tenant_keys t where t.tenant_id = s.tenant_id)) as erased,
       (select count(*) from keys.subject_keys s where s.destroyed_at is null
           and s.tenant_generation < (select max(generation) from keys.tenant_keys t
                                       where t.tenant_id = s.tenant_id)) as people_behind
"""
_MASTERS = """
select tenant_id, generation, master_key, wrapped from keys.tenant_keys
 where retired_at is null and master_key <> $1 order by tenant_id, generation limit $2
   for update skip locked
"""
_BEHIND = """
select s.tenant_id, s.subject_id, s.generation, s.tenant_generation, s.wrapped
  from keys.subject_keys s
 where s.tenant_id = $1 and s.tenant_generation < $2 and s.destroyed_at is null
 order by s.subject_id limit $3
   for update skip locked
"""
_REWRAPPED = """
update keys.subject_keys s set tenant_generation = $2, wrapped = n.wrapped
  from unnest($3::uuid[], $4::int[], $5::bytea[]) as n (subject_id, generation, wrapped)
 where s.tenant_id = $1 and s.subject_id = n.subject_id and s.generation = n.generation
   and s.destroyed_at is null
"""
_TENANTS = """
select tenant_id from keys.tenant_keys where retired_at is null and tenant_id <> $1
 group by tenant_id having count(*) > 1 order by tenant_id
"""
_OLD = """
select generation from keys.tenant_keys t
 where tenant_id = $1 and retired_at is null
   and generation < (select max(generation) from keys.tenant_keys where tenant_id = $1)
 order by generation for update
"""
_RETIRE = """
update keys.tenant_keys t set wrapped = '', retired_at = clock_timestamp()
 where tenant_id = $1 and generation = any($2::int[])
   and not exists (select from keys.subject_keys s
                    where s.tenant_id = $1 and s.tenant_generation = t.generation)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationProgress:
    """How the keys stand: how many there are, and how many are still wrapped under a former generation."""

    master_key: str
    """The master key that wraps now."""
    tenants: int
    tenant_keys: int
    own_keys: int
    """Keys of Headwater's own, beside the tenants': of the platform, the accounts, and addresses' fingerprints."""
    masters_behind: int
    """Tenants' keys under another master key."""
    people: int
    erased: int
    people_behind: int
    """People's keys under a former generation of their tenant's."""

    @property
    def behind(self) -> int:
        """Keys that have to be rewrapped."""
        return self.masters_behind + self.people_behind


class Rotation:
    """Makes new generations and rewraps, in small transactions beside appends and reads."""

    def __init__(self, database: Database, master: Master, *, batch: int = _BATCH) -> None:
        self._pool, self._master, self._batch = database.writer, master, batch
        self._tenants = TenantKeys(self._pool, master)

    async def standing(self) -> RotationProgress:
        """How the keys stand now."""
        current = await self._master.current()
        row = await self._pool.fetchrow(_STANDING, [NOBODY, PLATFORM, ACCOUNTS], current)
        assert row is not None, "a select without from is one row"
        return RotationProgress(master_key=current, **row)

    async def rotate_master(self) -> str:
        """A new generation of the master key; `rewrap` brings the tenants' keys under it."""
        return await self._master.rotate()

    async def rotate_tenant(self, tenant_id: UUID) -> int:
        """A new generation of a tenant's key; new people's keys are wrapped under it, the others by `rewrap`.

        Raises LookupError for a tenant that has no key.
        """
        while True:
            newest: int | None = await self._pool.fetchval(
                "select max(generation) from keys.tenant_keys where tenant_id = $1", tenant_id
            )
            if newest is None or tenant_id == NOBODY:
                raise LookupError(f"The tenant {tenant_id} has no key.")
            if await self._tenants.add(tenant_id, newest + 1):
                await self._tell(tenant_id)
                return newest + 1

    async def rewrap(self) -> AsyncIterator[int]:
        """Rewrap all that is behind, and retire what nothing needs any more. Yields how many keys each
        transaction was about; what others are at work on is left to them."""
        while done := await self._rewrap_tenants():
            yield done
        for row in await self._pool.fetch(_TENANTS, NOBODY):
            while done := await self._rewrap_people(row["tenant_id"]):
                yield done
            await self._retire(row["tenant_id"])

    async def _rewrap_tenants(self) -> int:
        current = await self._master.current()
        async with self._pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(_MASTERS, current, self._batch)
            for row in rows:
                about = context(row["tenant_id"], row["generation"])
                key = await self._master.unwrap(Wrapped(row["master_key"], row["wrapped"]), about)
                wrapped = await self._master.wrap(key, about)
                await connection.execute(
                    "update keys.tenant_keys set master_key = $3, wrapped = $4 "
                    "where tenant_id = $1 and generation = $2",
                    row["tenant_id"],
                    row["generation"],
                    wrapped.master_key,
                    wrapped.data,
                )
        return len(rows)

    async def _rewrap_people(self, tenant_id: UUID) -> int:
        self._tenants.drop(tenant_id)
        generation, newest = await self._tenants.newest(tenant_id)
        async with self._pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(_BEHIND, tenant_id, generation, self._batch)
            wrapped: list[bytes] = []
            for row in rows:
                former = await self._tenants.cipher(tenant_id, row["tenant_generation"])
                about = about_person(tenant_id, row["subject_id"], row["generation"])
                wrapped.append(newest.seal(former.open(row["wrapped"], about), about))
            await connection.execute(
                _REWRAPPED,
                tenant_id,
                generation,
                [row["subject_id"] for row in rows],
                [row["generation"] for row in rows],
                wrapped,
            )
        return len(rows)

    async def _retire(self, tenant_id: UUID) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            # Whoever is just making a key under one of these holds its row; the second statement sees that key.
            old = [row["generation"] for row in await connection.fetch(_OLD, tenant_id)]
            await connection.execute(_RETIRE, tenant_id, old)
        await self._tell(tenant_id)

    async def _tell(self, tenant_id: UUID) -> None:
        await self._pool.execute("select pg_notify($1, $2)", CHANNEL, notification(tenant_id))
