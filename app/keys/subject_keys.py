"""The data keys of people: a bounded cache, and one query for all who ask at the same time."""

import asyncio
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from uuid import UUID

from cachetools import LRUCache

from app.keys.cipher import Cipher, Tampered, new_key
from app.keys.tenant_keys import Gone, TenantKeys
from app.storage.database import Pool
from domain.kit.sealed import KeysUnavailable
from projections.kit.background import end

Owner = tuple[UUID, UUID]
"""A person's tenant and id."""

_ATTEMPTS = 5
"""Each attempt reads what the last one found made by somebody else."""
_FIRST = 1
"""The generation of a new data key."""

_READ = """
select tenant_id, subject_id, generation, tenant_generation, wrapped
  from keys.subject_keys join unnest($1::uuid[], $2::uuid[]) as w (tenant_id, subject_id)
 using (tenant_id, subject_id)
"""
# The lock keeps the tenant's generation from being retired before these rows are there to be seen.
_ADD = """
with wanted as (
    select * from unnest($1::uuid[], $2::uuid[], $3::int[], $4::bytea[])
        as w (tenant_id, subject_id, tenant_generation, wrapped)
), under as (
    select tenant_id, generation from keys.tenant_keys
     where (tenant_id, generation) in (select tenant_id, tenant_generation from wanted) and retired_at is null
       for share
)
insert into keys.subject_keys (tenant_id, subject_id, generation, tenant_generation, wrapped)
select w.tenant_id, w.subject_id, $5, w.tenant_generation, w.wrapped
  from wanted w join under u on u.tenant_id = w.tenant_id and u.generation = w.tenant_generation
 order by w.tenant_id, w.subject_id
on conflict do nothing
returning tenant_id, subject_id
"""


@dataclass(slots=True)
class PersonKeyring:
    """A person's data keys by generation; none when they were destroyed."""

    ciphers: dict[int, Cipher]
    until: float = 0.0

    @property
    def erased(self) -> bool:
        """Whether the keys were destroyed."""
        return not self.ciphers


@dataclass(slots=True, eq=False)
class _Request:
    people: list[Owner]
    make: bool
    answer: "asyncio.Future[dict[Owner, PersonKeyring]]"


@dataclass(slots=True)
class _Batch:
    """What one round of reading and making is about."""

    wanted: set[Owner]
    make: set[Owner]
    found: dict[Owner, PersonKeyring] = field(default_factory=dict)
    failed: dict[UUID | Owner, Exception] = field(default_factory=dict)
    """Tenants and people whose key cannot be had."""

    def fail(self, failing: UUID | Owner, error: BaseException) -> None:
        """Note what is wrong, unless the process is to end."""
        if not isinstance(error, Exception):
            raise error
        self.failed[failing] = error

    def error(self, person: Owner) -> Exception | None:
        """What is wrong with somebody's key."""
        return self.failed.get(person[0]) or self.failed.get(person)


class PersonKeys:
    """Keys of at most ``capacity`` people are kept, each for ``seconds`` at the most."""

    def __init__(self, pool: Pool, tenants: TenantKeys, *, capacity: int, seconds: float) -> None:
        self._pool, self._tenants = pool, tenants
        self._seconds = seconds
        self._kept: LRUCache[tuple[int, int], PersonKeyring] = LRUCache(capacity)
        self._asked: list[_Request] = []
        self._dropped: set[tuple[int, int]] | None = None
        """What was destroyed while keys are being read; None when none are."""
        self._cleared = False
        """Whether all was forgotten while keys are being read."""
        self._working: asyncio.Task[None] | None = None

    def kept(self, tenant_id: UUID, subject: UUID) -> PersonKeyring | None:
        """Who is at hand, however long since."""
        return self._kept.get((tenant_id.int, subject.int))

    async def get(
        self, tenant_id: UUID, subjects: Iterable[UUID], *, make: bool = False
    ) -> dict[UUID, PersonKeyring]:
        """The keys of people, with ``make`` also of those who had none; others without a key are absent."""
        now = time.monotonic()
        found: dict[UUID, PersonKeyring] = {}
        missing: list[Owner] = []
        for subject in set(subjects):
            person = self.kept(tenant_id, subject)
            if person is not None and person.until > now:
                found[subject] = person
            else:
                missing.append((tenant_id, subject))
        if missing:
            for (_, subject), person in (await self._ask(missing, make=make)).items():
                found[subject] = person
        return found

    def drop(self, tenant_id: UUID, subject: UUID) -> None:
        """Forget a person's keys."""
        key = tenant_id.int, subject.int
        self._kept.pop(key, None)
        if self._dropped is not None:
            self._dropped.add(key)

    def drop_tenant(self, tenant_id: UUID) -> None:
        """Forget the keys of everybody in a tenant."""
        for key in [key for key in self._kept if key[0] == tenant_id.int]:
            del self._kept[key]
        self._cleared = True

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()
        self._cleared = True

    async def close(self) -> None:
        """End what is under way."""
        await end(self._working)

    async def _ask(self, missing: list[Owner], *, make: bool) -> dict[Owner, PersonKeyring]:
        request = _Request(missing, make, asyncio.get_running_loop().create_future())
        self._asked.append(request)
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work(), name="keys of people")
        return await request.answer

    async def _work(self) -> None:
        """Answer until nobody asks any more; whoever asks meanwhile is answered in the next round."""
        while self._asked:
            requests, self._asked = self._asked, []
            try:
                batch = await self._answered(requests)
            except asyncio.CancelledError:
                for request in requests:
                    request.answer.cancel()
                raise
            except Exception as error:  # noqa: BLE001  # Whoever asked hears of it.
                for request in requests:
                    if not request.answer.done():
                        request.answer.set_exception(error)
                continue
            for request in requests:
                _answer(request, batch)

    async def _answered(self, requests: list[_Request]) -> _Batch:
        batch = _Batch(
            {person for request in requests for person in request.people},
            {person for request in requests if request.make for person in request.people},
        )
        self._dropped, self._cleared = set(), False
        try:
            for _ in range(_ATTEMPTS):
                again = await self._read(batch)
                again = await self._make(batch) or again
                if not again:
                    break
            else:
                raise KeysUnavailable("Keys of people are being changed by others all the time.")
            if not self._cleared:
                self._keep(batch.found, self._dropped)
        finally:
            self._dropped = None
        return batch

    async def _read(self, batch: _Batch) -> bool:
        """Read what is missing; whether some of it has to be read again, for it was rewrapped meanwhile."""
        missing = _ordered(batch.wanted - batch.found.keys())
        tenants, subjects = [tenant for tenant, _ in missing], [subject for _, subject in missing]
        rows = await self._pool.fetch(_READ, tenants, subjects)
        under = {(row["tenant_id"], row["tenant_generation"]) for row in rows} - {
            (row["tenant_id"], None) for row in rows
        }
        ciphers, again = await self._unwrapping(batch, list(under))
        for row in rows:
            person = tenant_id, subject = row["tenant_id"], row["subject_id"]
            generation, tenant_generation = row["generation"], row["tenant_generation"]
            if tenant_generation is None:
                batch.found.setdefault(person, PersonKeyring({}))
            elif (cipher := ciphers.get((tenant_id, tenant_generation))) is not None:
                try:
                    key = cipher.open(row["wrapped"], about_person(tenant_id, subject, generation))
                except Tampered as error:
                    batch.fail(person, error)
                else:
                    batch.found.setdefault(person, PersonKeyring({})).ciphers[generation] = Cipher(key)
        return again

    async def _unwrapping(
        self, batch: _Batch, under: list[tuple[UUID, int]]
    ) -> tuple[dict[tuple[UUID, int], Cipher], bool]:
        found = await asyncio.gather(
            *(self._tenants.cipher(*generation) for generation in under), return_exceptions=True
        )
        ciphers: dict[tuple[UUID, int], Cipher] = {}
        again = False
        for generation, cipher in zip(under, found, strict=True):
            if isinstance(cipher, Cipher):
                ciphers[generation] = cipher
            elif isinstance(cipher, Gone):
                again = True
            else:
                batch.fail(generation[0], cipher)
        return ciphers, again

    async def _make(self, batch: _Batch) -> bool:
        """Make what is missing; whether some of it has to be read now, because others made it."""
        missing = [
            person for person in _ordered(batch.make - batch.found.keys()) if batch.error(person) is None
        ]
        if not missing:
            return False
        tenants = list({tenant for tenant, _ in missing})
        newest = await asyncio.gather(*map(self._tenants.newest, tenants), return_exceptions=True)
        under: dict[UUID, tuple[int, Cipher]] = {}
        for tenant_id, wrapping in zip(tenants, newest, strict=True):
            if isinstance(wrapping, BaseException):
                batch.fail(tenant_id, wrapping)
            else:
                under[tenant_id] = wrapping
        missing = [person for person in missing if person[0] in under]
        keys = {person: new_key() for person in missing}
        wrapped = [
            under[tenant_id][1].seal(keys[tenant_id, subject], about_person(tenant_id, subject, _FIRST))
            for tenant_id, subject in missing
        ]
        rows = await self._pool.fetch(
            _ADD,
            [tenant for tenant, _ in missing],
            [subject for _, subject in missing],
            [under[tenant][0] for tenant, _ in missing],
            wrapped,
            _FIRST,
        )
        for row in rows:
            person = row["tenant_id"], row["subject_id"]
            batch.found[person] = PersonKeyring({_FIRST: Cipher(keys[person])})
        for tenant_id, _ in set(missing) - batch.found.keys():
            # Made by another process, or the tenant's generation was retired just now.
            self._tenants.drop(tenant_id)
        return len(rows) < len(missing)

    def _keep(self, found: dict[Owner, PersonKeyring], dropped: Collection[tuple[int, int]]) -> None:
        until = time.monotonic() + self._seconds
        for (tenant_id, subject), person in found.items():
            key = tenant_id.int, subject.int
            if key in dropped:
                continue
            person.until = until
            self._kept[key] = person


def about_person(tenant_id: UUID, subject: UUID, generation: int) -> bytes:
    """What a person's wrapped key is bound to."""
    return b"person" + tenant_id.bytes + subject.bytes + generation.to_bytes(4)


def _answer(request: _Request, batch: _Batch) -> None:
    if request.answer.done():
        return
    for person in request.people:
        if (error := batch.error(person)) is not None:
            request.answer.set_exception(error)
            return
    request.answer.set_result(
        {person: batch.found[person] for person in request.people if person in batch.found}
    )


def _ordered(people: Collection[Owner]) -> list[Owner]:
    """In one order everywhere, so that two processes never wait for each other's rows."""
    return sorted(people, key=lambda person: (person[0].int, person[1].int))
