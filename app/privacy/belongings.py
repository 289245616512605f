"""What else belongs to a person: streams of their own that hold an address of theirs, or name them."""

import contextlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

from app.storage.database import Pool
from domain.kit.events import event_classes
from domain.kit.log import GLOBAL
from domain.kit.privacy.personal import personal_fields
from domain.kit.privacy.subjects import SubjectKind
from domain.kit.sealed import ERASED, Opening
from domain.processes.erasure_port import Belonging

_SEALED = re.compile(r"hw1\.([0-9a-f]{32})\.[0-9]+\.([0-9a-f]+)\.[A-Za-z0-9_.-]+")
"""A sealed text that carries a fingerprint: whose it is, and the fingerprint."""

_KNOWN = """
select exists (select from keys.subject_keys where tenant_id = $1 and subject_id = $2)
    or exists (select from es.streams where tenant_id = $1 and originator_id = $2 and topic = any($3))
"""
_OWN = """
select payload::text as text from es.events
 where tenant_id = $1 and strpos(payload::text, $2) > 0
   and not ($3 and originator_id = $4 and originator_version > 1 and user_id is not distinct from $4)
"""
_STREAM = "select payload::text as text from es.events where tenant_id = $1 and originator_id = $2"
_HOLDERS = """
select r.originator_id, r.value, s.topic from es.reservations r
  join es.streams s on s.tenant_id = r.tenant_id and s.originator_id = r.originator_id and not s.ended
 where r.tenant_id = $1 and r.scope_id in ($1, $2) and r.name = any($3) and r.value = any($4)
"""
_SHARED = """
select payload::text as text from es.events
 where tenant_id = $1 and exists (select from unnest($2::text[]) one where strpos(payload::text, one) > 0)
"""
_NAMING = """
select e.originator_id from es.events e
  join unnest($2::text[], $3::text[]) as naming (type, field) on naming.type = e.type
 where e.tenant_id = $1 and e.payload ->> naming.field = $4
"""
_HOLDING = """
select distinct originator_id from es.reservations
 where tenant_id = $1 and scope_id in ($1, $5) and name = any($2) and originator_id = any($3::uuid[])
   and originator_id <> $4
"""


class FingerprintKeys(Opening, Protocol):
    """What opens texts, and says by which fingerprint equal ones are found."""

    def fingerprint(self, name: str, value: str) -> str:
        """The keyed hash of a plain value under a name."""
        ...


class Belongings:
    """Finds what belongs to a person in one database, by what the log holds and not by what views have folded."""

    def __init__(self, pool: Pool, keys: FingerprintKeys, kinds: Sequence[SubjectKind]) -> None:
        self._pool, self._keys = pool, keys
        self._kinds: Mapping[str, SubjectKind] = {kind.aggregate.topic: kind for kind in kinds}
        self._people = [topic for topic, kind in self._kinds.items() if kind.person]
        naming = [(event.stored_as, name) for kind in kinds for event, name in kind.named_in]
        self._naming = [type for type, _ in naming], [name for _, name in naming]

    async def knows(self, tenant_id: UUID, subject_id: UUID) -> bool:
        """Whether the tenant has, or had, anything that is about this person."""
        return bool(await self._pool.fetchval(_KNOWN, tenant_id, subject_id, list(self._kinds)))

    async def person(self, tenant_id: UUID, subject_id: UUID) -> UUID | None:
        """Who is known to the tenant by an address of this subject, when that is somebody else.

        Nobody, when the subject stands for a person of its own.
        """
        if (await self._topics(tenant_id, {subject_id})).get(subject_id) in self._people:
            return None
        rows = await self._pool.fetch(_STREAM, tenant_id, subject_id)
        prints = self._prints(await self._values(tenant_id, subject_id, [row["text"] for row in rows]))
        return next(iter([id for id, _ in await self._holders(tenant_id, prints)]), None)

    async def of(self, tenant_id: UUID, subject_id: UUID, *, by_themself: bool) -> list[Belonging]:
        """What belongs to a person besides what goes by their id, and that itself.

        ``by_themself``: the person asks. An address that they have only said is theirs takes nothing along then.
        An address that by now is somebody else's in the tenant takes nothing either.
        """
        seal = f"hw1.{subject_id.hex}."
        rows = await self._pool.fetch(_OWN, tenant_id, seal, by_themself, subject_id)
        prints = self._prints(await self._values(tenant_id, subject_id, [row["text"] for row in rows]))
        taken = {prints[print_] for id, print_ in await self._holders(tenant_id, prints) if id != subject_id}
        good = {print_ for print_, value in prints.items() if value not in taken}
        found = {subject_id} | await self._sharing(tenant_id, subject_id, good)
        topics = await self._topics(tenant_id, found)
        people = [id for id in found if id != subject_id and topics.get(id) in self._people]
        living = await self._holding(tenant_id, people, subject_id)
        return [Belonging(id=id, topic=topics.get(id, "")) for id in sorted(found - living)]

    async def _values(self, tenant_id: UUID, subject_id: UUID, payloads: Sequence[str]) -> set[str]:
        """Their texts that carry a fingerprint, in plain: addresses, and whatever else people are found by."""
        found = {match for payload in payloads for match in _SEALED.finditer(payload)}
        texts = sorted({match[0] for match in found if match[1] == subject_id.hex})
        return {text for text in await self._keys.open(tenant_id, texts) if text != ERASED}

    def _prints(self, values: set[str]) -> dict[str, str]:
        """The fingerprints that these values have anywhere, each with its value."""
        return {self._keys.fingerprint(name, value): value for name in searchable_names() for value in values}

    async def _holders(self, tenant_id: UUID, prints: Mapping[str, str]) -> list[tuple[UUID, str]]:
        rows = await self._pool.fetch(_HOLDERS, tenant_id, GLOBAL, searchable_names(), list(prints))
        return [(row["originator_id"], row["value"]) for row in rows if row["topic"] in self._people]

    async def _sharing(self, tenant_id: UUID, subject_id: UUID, prints: set[str]) -> set[UUID]:
        """Under whose keys something with these fingerprints is sealed, and what names the person."""
        parts = [f".{fingerprint}." for fingerprint in prints]
        rows = await self._pool.fetch(_SHARED, tenant_id, parts)
        named = await self._pool.fetch(_NAMING, tenant_id, *self._naming, str(subject_id))
        return {row["originator_id"] for row in named} | {
            UUID(hex=match[1])
            for row in rows
            for match in _SEALED.finditer(row["text"])
            if match[2] in prints
        }

    async def _topics(self, tenant_id: UUID, ids: set[UUID]) -> dict[UUID, str]:
        # A record's values have no static type.
        rows: list[Any] = await self._pool.fetch(
            "select originator_id, topic from es.streams where tenant_id = $1 and originator_id = any($2::uuid[])",
            tenant_id,
            list(ids),
        )
        return {row["originator_id"]: row["topic"] for row in rows if row["topic"] in self._kinds}

    async def _holding(self, tenant_id: UUID, ids: list[UUID], subject_id: UUID) -> set[UUID]:
        """Those who hold an address of their own, so that they are somebody else."""
        rows = await self._pool.fetch(_HOLDING, tenant_id, searchable_names(), ids, subject_id, GLOBAL)
        return {row["originator_id"] for row in rows}


def searchable_names() -> list[str]:
    """The names under which any event keeps fingerprints."""
    names: set[str] = set()
    for event in event_classes().values():
        # One whose fields cannot be sealed cannot be appended either: nothing is kept under its names.
        with contextlib.suppress(TypeError):
            names |= {field.searchable for field in personal_fields(event) if field.searchable}
    return sorted(names)
