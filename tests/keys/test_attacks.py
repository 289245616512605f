"""What somebody gets who can change the log or the tables of keys, or copies from them."""

import base64
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from app.keys import KeyRing
from app.keys.verification import SealedPlaces
from app.log.postgres import PostgresLog
from app.log.verify import examine
from app.settings import Settings
from app.storage.database import READER, Connection, Database, role_url
from domain.kit.bus.bus import Bus
from domain.kit.sealed import subject_of
from tests.domain.sending import THEM, US, accepted
from tests.keys.diaries import BeginDiary, WriteDiary
from tests.kit.servers import SECRET

Change = Callable[[UUID, int, dict[str, Any]], Awaitable[None]]


async def stored(log: PostgresLog, id: UUID, tenant_id: UUID = US.tenant_id) -> list[dict[str, Any]]:
    return [json.loads(event.payload) for event in (await log.streams(tenant_id, [id]))[id]]


@asynccontextmanager
async def tampered(owner: Connection) -> AsyncIterator[Change]:
    """Change payloads as only the database's owner could, who takes the guard away; undone at the end."""
    transaction = owner.transaction()
    await transaction.start()
    await owner.execute("alter table es.events disable trigger append_only")

    async def change(id: UUID, version: int, values: dict[str, Any]) -> None:
        await owner.execute(
            "update es.events set payload = payload || $3 where originator_id = $1 and originator_version = $2",
            id,
            version,
            json.dumps(values),
        )

    try:
        yield change
    finally:
        await transaction.rollback()


async def found(owner: Connection, ring: KeyRing) -> Sequence[str]:
    """What the check says, of the log as its owner sees it."""
    async with owner.transaction():
        verdict = await examine(owner, checks=(SealedPlaces(ring),))
    return [finding.detail for finding in verdict.findings if finding.check == "sealed texts"]


async def a_diary(bus: Bus, **more: Any) -> UUID:
    id = uuid4()
    await accepted(bus, BeginDiary(id=id, email=f"{id.hex}@example.com", name="Ada"), **more)
    return id


async def test_a_whole_log_has_no_findings(bus: Bus, owner: Connection, ring: KeyRing) -> None:
    await a_diary(bus)
    assert await found(owner, ring) == []


async def test_a_text_copied_to_another_tenant_does_not_open(
    bus: Bus, log: PostgresLog, ring: KeyRing
) -> None:
    [ours] = await stored(log, await a_diary(bus))
    with pytest.raises(ValueError, match="nobody of this tenant"):
        await ring.open(THEM.tenant_id, [ours["name"]])


async def test_nor_where_the_same_person_is_known_there(bus: Bus, log: PostgresLog, ring: KeyRing) -> None:
    id = uuid4()
    for by in (US, THEM):
        await accepted(bus, BeginDiary(id=id, email="both@example.com", name="Ada"), by=by)
    [ours] = await stored(log, id)
    with pytest.raises(ValueError, match="does not open"):
        await ring.open(THEM.tenant_id, [ours["name"]])


async def test_nor_does_it_open_as_somebody_elses(bus: Bus, log: PostgresLog, ring: KeyRing) -> None:
    [ours] = await stored(log, await a_diary(bus))
    other = await a_diary(bus)
    forged = ours["name"].replace(subject_of(ours["name"]).hex, other.hex)
    with pytest.raises(ValueError, match="does not open"):
        await ring.open(US.tenant_id, [forged])


@pytest.mark.parametrize("part", [2, 3, 4, 5])
async def test_no_part_of_a_text_can_be_changed(bus: Bus, log: PostgresLog, ring: KeyRing, part: int) -> None:
    [ours] = await stored(log, await a_diary(bus))
    parts = ours["email"].split(".")
    parts[part] = {2: "2", 3: "-"}.get(part) or ("A" if parts[part][0] != "A" else "B") + parts[part][1:]
    with pytest.raises(ValueError, match=r"does not open|no generation"):
        await ring.open(US.tenant_id, [".".join(parts)])


async def test_a_text_moved_to_another_stream_is_found(
    bus: Bus, log: PostgresLog, ring: KeyRing, owner: Connection
) -> None:
    first, other = await a_diary(bus), await a_diary(bus)
    [taken] = await stored(log, first)
    async with tampered(owner) as change:
        await change(other, 1, {"name": taken["name"]})
        [said] = await found(owner, ring)
        assert said.startswith("name of the event at position")
        assert said.endswith("was sealed for another place")


async def test_a_text_moved_to_another_field_is_found(
    bus: Bus, log: PostgresLog, ring: KeyRing, owner: Connection
) -> None:
    id = await a_diary(bus)
    [own] = await stored(log, id)
    async with tampered(owner) as change:
        await change(id, 1, {"name": own["email"]})
        assert len(await found(owner, ring)) == 1


async def test_a_text_moved_to_another_event_of_its_stream_is_found(
    bus: Bus, log: PostgresLog, ring: KeyRing, owner: Connection
) -> None:
    id = await a_diary(bus)
    await accepted(bus, WriteDiary(id=id, about=id, text="One."))
    await accepted(bus, WriteDiary(id=id, about=id, text="Two."))
    _, second, _ = await stored(log, id)
    async with tampered(owner) as change:
        await change(id, 3, {"text": second["text"]})
        assert len(await found(owner, ring)) == 1


async def test_a_text_that_is_given_another_place_does_not_open(
    bus: Bus, log: PostgresLog, ring: KeyRing, owner: Connection
) -> None:
    first, other = await a_diary(bus), await a_diary(bus)
    [taken], [own] = await stored(log, first), await stored(log, other)
    parts, place = taken["name"].split("."), own["name"].split(".")[4]
    async with tampered(owner) as change:
        await change(other, 1, {"name": ".".join([*parts[:4], place, parts[5]])})
        [said] = await found(owner, ring)
        assert said.endswith("does not open in its tenant")


async def test_readers_have_no_right_on_keys(place: Settings, ring: KeyRing) -> None:
    reader = await asyncpg.connect(role_url(place.database_url, READER, SECRET))
    try:
        for table in ("tenant_keys", "subject_keys"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await reader.fetch(f"select * from keys.{table}")
    finally:
        await reader.close()


async def test_a_key_put_in_the_place_of_anothers_is_refused(
    bus: Bus, log: PostgresLog, second: KeyRing, owner: Connection
) -> None:
    first, other = await a_diary(bus), await a_diary(bus)
    [text] = await stored(log, other)
    await owner.execute(
        "update keys.subject_keys s set wrapped = o.wrapped from keys.subject_keys o "
        "where s.subject_id = $1 and o.subject_id = $2",
        other,
        first,
    )
    with pytest.raises(ValueError, match="does not open"):
        await second.open(US.tenant_id, [text["name"]])


async def test_an_address_cannot_be_guessed_from_a_fingerprint(ring: KeyRing, second: KeyRing) -> None:
    fingerprint = ring.fingerprint("mail", "ada@example.com")
    assert fingerprint == second.fingerprint("mail", "ada@example.com")
    assert fingerprint != ring.fingerprint("other", "ada@example.com")
    assert fingerprint not in {
        text for word in (b"ada@example.com", b"mail\0ada@example.com") for text in _hashes(word)
    }


def _hashes(word: bytes) -> set[str]:
    return {hashlib.new(name, word).hexdigest()[:32] for name in ("md5", "sha1", "sha256", "sha512")}


async def test_a_destroyed_key_is_nowhere_in_its_table(bus: Bus, ring: KeyRing, owner: Connection) -> None:
    id = await a_diary(bus)
    was = await owner.fetchval("select wrapped from keys.subject_keys where subject_id = $1", id)
    first = await ring.destroy(US.tenant_id, id)
    again = await ring.destroy(US.tenant_id, id)
    assert first == again
    row = await owner.fetchrow("select * from keys.subject_keys where subject_id = $1", id)
    assert row is not None
    assert row["wrapped"] == b""
    assert base64.b16encode(was).decode() not in str(dict(row)).upper()


async def test_a_writer_cannot_forget_that_somebody_was_erased(
    bus: Bus, ring: KeyRing, database: Database
) -> None:
    id = await a_diary(bus)
    await ring.destroy(US.tenant_id, id)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await database.writer.execute("delete from keys.subject_keys where subject_id = $1", id)
