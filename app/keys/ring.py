"""The key ring: seals and opens texts with the keys of people, and destroys keys."""

import asyncio
import hmac
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.keys.cipher import Cipher, Tampered
from app.keys.invalidation import CHANNEL, Listener, notification
from app.keys.key_provider import Master
from app.keys.sealed_text import SealedText
from app.keys.subject_keys import PersonKeyring, PersonKeys
from app.keys.tenant_keys import NOBODY, TenantKeys
from app.storage.database import Database
from domain.kit.refusals import SubjectErased
from domain.kit.sealed import ERASED, KeysUnavailable
from projections.kit.background import end
from projections.kit.backoff import Backoff

SECONDS = 30.0
"""How long a key is used at the most after it was destroyed elsewhere and nobody said so."""
_CAPACITY = 50_000
_ATTEMPTS = 9
"""At keys that are forgotten while they are waited for: those of a tenant are all renewed within moments."""
_BETWEEN = Backoff(0.01, 0.5)
"""Between these attempts, two seconds in all."""
_TOGETHER = 1_000
"""Texts opened before the network gets its turn."""

_TOMBSTONE = """
insert into keys.subject_keys (tenant_id, subject_id, generation, wrapped, destroyed_at, fingerprint)
values ($1, $2, 1, '', clock_timestamp(), encode(sha256(''), 'hex'))
on conflict do nothing
"""
_OVERWRITE = """
update keys.subject_keys
   set wrapped = '', tenant_generation = null, destroyed_at = clock_timestamp(),
       fingerprint = encode(sha256(wrapped), 'hex')
 where tenant_id = $1 and subject_id = $2 and destroyed_at is null
"""
_DESTROYED = """
select max(destroyed_at) as at, string_agg(fingerprint, ' ' order by generation) as fingerprint
  from keys.subject_keys where tenant_id = $1 and subject_id = $2
"""


@dataclass(frozen=True, slots=True)
class Destroyed:
    """A person's key is gone: since when, and the SHA-256 of what it was stored as, in hexadecimal digits."""

    at: datetime
    fingerprint: str


class KeyRing:
    """The keys of all tenants and people of one database; an `Opening`. `start` it before use."""

    def __init__(
        self, database: Database, master: Master, *, capacity: int = _CAPACITY, seconds: float = SECONDS
    ) -> None:
        """Keys of at most ``capacity`` people are kept, each for ``seconds`` at the most."""
        self._pool = database.writer
        self.master = master
        """Who keeps the master key."""
        self.tenants = TenantKeys(self._pool, master)
        """The keys of tenants."""
        self._people = PersonKeys(self._pool, self.tenants, capacity=capacity, seconds=seconds)
        self._listener = Listener(database.connect, heard=self._heard, missed=self._missed)
        self._listening: asyncio.Task[None] | None = None
        self._fingerprints = b""

    async def start(self) -> None:
        """Have the key of fingerprints at hand, and begin to listen. Raises as `Master.unwrap` does."""
        self._fingerprints = await self.tenants.key(NOBODY)
        self._listening = asyncio.create_task(self._listener.run(), name="keys listener")
        await self._listener.listening.wait()

    async def close(self) -> None:
        """Forget the keys, and end what is under way."""
        await end(self._listening)
        await self._people.close()
        self._missed()
        await self.master.close()

    async def ready(self, tenant_id: UUID, subjects: Collection[UUID]) -> None:
        """Have the keys of these people at hand for `sealing`, and make those of new ones.

        Raises SubjectErased, and KeysUnavailable or what the database raises.
        """
        if tenant_id == NOBODY:
            # The key that stands there makes fingerprints, and wraps nothing.
            raise ValueError("Data of people belong to a tenant.")
        for attempt in range(1, _ATTEMPTS + 1):
            found = await self._people.get(tenant_id, subjects, make=True)
            if any(person.erased for person in found.values()):
                raise SubjectErased
            # What was destroyed, or had to make room, while this waited is gone again.
            if all(self._people.kept(tenant_id, subject) is not None for subject in subjects):
                return
            await asyncio.sleep(_BETWEEN.pause(attempt))
        raise KeysUnavailable("There is no room for so many keys at once, or they keep being destroyed.")

    def sealing(self, tenant_id: UUID, subject: UUID) -> tuple[int, Cipher]:
        """The newest data key of a person, with its generation. Raises LookupError unless `ready` was awaited."""
        person = self._people.kept(tenant_id, subject)
        if person is None or person.erased:
            raise LookupError("The key of this person is not at hand; await ready() first.")
        generation = max(person.ciphers)
        return generation, person.ciphers[generation]

    def opened(self, tenant_id: UUID, text: str) -> str:
        """A sealed text of a person for whom `ready` was awaited. Raises as `open` does, and LookupError."""
        parts = SealedText.parse(text)
        if parts is None:
            return text
        person = self._people.kept(tenant_id, parts.subject)
        if person is None:
            raise LookupError("The key of this person is not at hand; await ready() first.")
        return _open(parts, person, tenant_id)

    async def open(self, tenant_id: UUID, texts: Sequence[str]) -> list[str]:
        """Open sealed texts; all keys are fetched with one query."""
        parts = [SealedText.parse(text) for text in texts]
        subjects = {part.subject for part in parts if part is not None}
        if not subjects:
            return list(texts)
        people = await self._people.get(tenant_id, subjects)
        opened: list[str] = []
        for at, (text, part) in enumerate(zip(texts, parts, strict=True)):
            if at % _TOGETHER == _TOGETHER - 1:
                await asyncio.sleep(0)
            opened.append(text if part is None else _open(part, people.get(part.subject), tenant_id))
        return opened

    def fingerprint(self, name: str, value: str) -> str:
        """The keyed hash of a plain value under a name: 32 hexadecimal digits."""
        if not self._fingerprints:
            raise LookupError("The key ring has not been started.")
        return hmac.digest(self._fingerprints, f"{name}\0{value}".encode(), "sha256").hex()[:32]

    async def destroy(self, tenant_id: UUID, subject: UUID) -> Destroyed:
        """Overwrite a person's key in a tenant, permanently; again it says the same. It needs no master key.

        Nothing sealed for them opens any more, and nothing new is sealed for them.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            # A row in any case, so that whoever is just creating a key for them finds it taken.
            await connection.execute(_TOMBSTONE, tenant_id, subject)
            await connection.execute(_OVERWRITE, tenant_id, subject)
            row = await connection.fetchrow(_DESTROYED, tenant_id, subject)
            assert row is not None, "an aggregate without groups is one row"
            await connection.execute("select pg_notify($1, $2)", CHANNEL, notification(tenant_id, subject))
        self._people.drop(tenant_id, subject)
        return Destroyed(row["at"], row["fingerprint"])

    def _heard(self, tenant_id: UUID, subject: UUID | None) -> None:
        if subject is None:
            # The tenant has a new key, or was moved and its people's keys came or went.
            self.tenants.drop(tenant_id)
            self._people.drop_tenant(tenant_id)
        else:
            self._people.drop(tenant_id, subject)

    def _missed(self) -> None:
        self._people.clear()
        self.tenants.clear()


def _open(text: SealedText, person: PersonKeyring | None, tenant_id: UUID) -> str:
    if person is None:
        raise Tampered("This text was sealed for nobody of this tenant.")
    if person.erased:
        return ERASED
    cipher = person.ciphers.get(text.generation)
    if cipher is None:
        raise Tampered(f"There is no generation {text.generation} of this person's key.")
    return text.open(cipher, tenant_id)
