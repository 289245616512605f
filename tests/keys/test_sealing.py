"""What the log holds of personal fields, and who can read it."""

import copy
import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.keys import KeyRing, SealingCodec
from app.log.postgres import PostgresLog
from app.storage.database import Connection
from domain.kit.bus.bus import Bus
from domain.kit.refusals import AlreadyTaken, CommandIdReused, Invalid, SubjectErased
from domain.kit.sealed import fingerprint_of, is_sealed, subject_of
from tests.domain.sending import THEM, US, accepted, refused
from tests.keys.diaries import MAILBOX, BeginDiary, MoveDiary, SignDiary, TurnPages, WriteDiary


async def payloads(log: PostgresLog, id: UUID, tenant_id: UUID = US.tenant_id) -> list[dict[str, Any]]:
    return [json.loads(event.payload) for event in (await log.streams(tenant_id, [id])).get(id, [])]


async def a_diary(bus: Bus, **more: Any) -> UUID:
    id = uuid4()
    await accepted(bus, BeginDiary(id=id, email=more.pop("email", f"{id.hex}@example.com"), **more))
    return id


async def test_the_log_holds_sealed_texts_of_the_person(bus: Bus, log: PostgresLog, ring: KeyRing) -> None:
    id = await a_diary(bus, email="ada@example.com", name="Ada")
    [stored] = await payloads(log, id)
    assert is_sealed(stored["email"])
    assert subject_of(stored["email"]) == id
    assert await ring.open(US.tenant_id, [stored["email"], stored["name"]]) == ["ada@example.com", "Ada"]


async def test_nothing_and_empty_texts_stay_as_they_are(bus: Bus, log: PostgresLog) -> None:
    [stored] = await payloads(log, await a_diary(bus))
    assert stored["name"] == ""
    assert stored["motto"] is None


async def test_a_field_may_be_of_somebody_else_than_the_stream(
    bus: Bus, log: PostgresLog, ring: KeyRing
) -> None:
    id, other = await a_diary(bus), uuid4()
    await accepted(bus, WriteDiary(id=id, about=other, text="Ada sings."))
    _, wrote = await payloads(log, id)
    assert subject_of(wrote["text"]) == other
    assert wrote["mood"] == "fine"


async def test_equal_texts_are_sealed_differently(bus: Bus, log: PostgresLog) -> None:
    id = await a_diary(bus)
    for _ in range(2):
        await accepted(bus, WriteDiary(id=id, about=id, text="Again."))
    _, first, two = await payloads(log, id)
    assert first["text"] != two["text"]


async def test_texts_that_are_not_sealed_come_back_as_they_are(ring: KeyRing) -> None:
    assert await ring.open(US.tenant_id, ["", "Ada", "hw1.is no token"]) == ["", "Ada", "hw1.is no token"]


async def test_a_searchable_field_carries_the_fingerprint_of_its_reservation(
    bus: Bus, log: PostgresLog, ring: KeyRing, owner: Connection
) -> None:
    id = await a_diary(bus, email="grace@example.com")
    [stored] = await payloads(log, id)
    reserved = await owner.fetchval("select value from es.reservations where originator_id = $1", id)
    assert fingerprint_of(stored["email"]) == reserved == ring.fingerprint(MAILBOX, "grace@example.com")


async def test_a_personal_value_can_be_had_once(bus: Bus) -> None:
    await a_diary(bus, email="once@example.com")
    await refused(bus, BeginDiary(id=uuid4(), email="once@example.com"), AlreadyTaken)


async def test_a_sealed_value_of_the_state_is_released(bus: Bus) -> None:
    id = await a_diary(bus, email="former@example.com")
    await accepted(bus, MoveDiary(id=id, email="present@example.com"))
    await a_diary(bus, email="former@example.com")


async def test_a_sealed_value_of_the_state_is_sealed_anew_in_another_event(
    bus: Bus, log: PostgresLog, ring: KeyRing
) -> None:
    id = await a_diary(bus, name="Ada")
    await accepted(bus, SignDiary(id=id))
    begun, signed = await payloads(log, id)
    assert signed["name"] != begun["name"]
    assert await ring.open(US.tenant_id, [signed["name"]]) == ["Ada"]


async def test_a_sealed_value_of_somebody_else_is_not_taken(bus: Bus, log: PostgresLog) -> None:
    [stolen] = await payloads(log, await a_diary(bus, name="Ada"))
    id = await a_diary(bus)
    refusal = await refused(bus, WriteDiary(id=id, about=uuid4(), text=stolen["name"]), Invalid)
    assert refusal.field == "text"


async def test_a_sealed_value_is_sealed_anew_for_its_own_stream_alone(
    bus: Bus, log: PostgresLog, ring: KeyRing
) -> None:
    """Whose it is does not matter: somebody may be written about in several streams."""
    about, codec = uuid4(), SealingCodec(ring)
    wrote: list[Any] = []
    for text in ("Ada sings.", "Ada dances."):
        id = await a_diary(bus)
        await accepted(bus, WriteDiary(id=id, about=about, text=text))
        wrote.append(codec.decode((await log.streams(US.tenant_id, [id]))[id][1]))
    here, elsewhere = wrote

    def again(text: str) -> bytes:
        """The next event of a stream, with a text of this or of another one."""
        event = copy.copy(here)
        vars(event).update(text=text, originator_version=here.originator_version + 1)
        return codec.encode(event, tenant_id=US.tenant_id)

    await codec.ready(US.tenant_id, [here])
    anew = json.loads(again(here.text))["text"]
    assert anew != here.text
    assert await ring.open(US.tenant_id, [anew]) == ["Ada sings."]
    with pytest.raises(ValueError, match="sealed for something else"):
        again(elsewhere.text)


async def test_the_same_command_again_gives_the_same_receipt(bus: Bus) -> None:
    command, command_id = BeginDiary(id=uuid4(), email="twice@example.com"), uuid4()
    first = await accepted(bus, command, command_id=command_id)
    second = await accepted(bus, command, command_id=command_id)
    assert (second.first, second.repeated) == (first.first, True)
    other = BeginDiary(id=command.id, email="else@example.com")
    await refused(bus, other, CommandIdReused, command_id=command_id)


async def test_no_digest_confirms_a_guessed_address(bus: Bus, owner: Connection) -> None:
    command, command_id = BeginDiary(id=uuid4(), email="guessed@example.com"), uuid4()
    await accepted(bus, command, command_id=command_id)
    stored = await owner.fetchval("select digest from es.commands where command_id = $1", command_id)
    assert stored != command.digest


async def test_nothing_personal_is_plain_anywhere_in_the_database(bus: Bus, owner: Connection) -> None:
    id = await a_diary(bus, email="needle@example.com", name="Needle", motto="Needles!")
    for _ in range(5):
        await accepted(bus, TurnPages(id=id))
    await accepted(bus, MoveDiary(id=id, email="needle2@example.com"))
    assert await owner.fetchval("select count(*) from es.snapshots where originator_id = $1", id)
    tables = await owner.fetch(
        "select format('%I.%I', schemaname, tablename) as name from pg_tables "
        "where schemaname not in ('pg_catalog', 'information_schema')"
    )
    for table in tables:
        held = await owner.fetch(f"select t::text as row, to_jsonb(t)::text as json from {table['name']} t")
        for row in held:
            decoded = row["row"] + row["json"] + _unhexed(row["row"])
            assert "eedle" not in decoded, table["name"]


def _unhexed(row: str) -> str:
    """Bytes show as hexadecimal digits, in which a text would not be found."""
    parts = [part for part in row.replace('"', "").strip("()").split(",") if part.startswith("\\\\x")]
    return "".join(bytes.fromhex(part[3:]).decode(errors="replace") for part in parts)


async def test_a_snapshot_holds_sealed_texts(bus: Bus, owner: Connection) -> None:
    id = await a_diary(bus, name="Ada")
    for number in range(3):
        await accepted(bus, MoveDiary(id=id, email=f"{number}.{id.hex}@example.com"))
    state = await owner.fetchval("select state from es.snapshots where originator_id = $1", id)
    assert is_sealed(json.loads(state)["email"])
    assert is_sealed(json.loads(state)["name"])


async def test_nothing_is_stored_about_an_erased_person(bus: Bus, log: PostgresLog, ring: KeyRing) -> None:
    id = await a_diary(bus, name="Ada")
    await ring.destroy(US.tenant_id, id)
    [stored] = await payloads(log, id)
    assert await ring.open(US.tenant_id, [stored["name"], stored["email"]]) == ["", ""]
    await refused(bus, MoveDiary(id=id, email="back@example.com"), SubjectErased)
    assert len(await payloads(log, id)) == 1


async def test_what_is_not_personal_can_still_happen_after_an_erasure(bus: Bus, ring: KeyRing) -> None:
    id = await a_diary(bus)
    await ring.destroy(US.tenant_id, id)
    await accepted(bus, TurnPages(id=id))


async def test_an_erasure_is_of_one_tenant(bus: Bus, log: PostgresLog, ring: KeyRing) -> None:
    id = await a_diary(bus, name="Ada")
    await accepted(bus, BeginDiary(id=id, email="ada@else.com", name="Countess"), by=THEM)
    await ring.destroy(US.tenant_id, id)
    [payload] = await payloads(log, id, THEM.tenant_id)
    assert await ring.open(THEM.tenant_id, [payload["name"]]) == ["Countess"]
