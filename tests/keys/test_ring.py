"""Keys in several processes at once: they agree on new keys, and hear of destroyed ones."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from app.keys import KeyRefused, KeyRing, SealingCodec
from app.keys.file import FileMaster
from app.log.postgres import PostgresLog
from app.privacy.own import own_only
from app.settings import Settings, SettingsError
from app.storage.database import Connection, Database
from domain.kit.bus.bus import Bus
from domain.kit.clock import SystemClock, TimeOrderedIds
from domain.kit.refusals import SubjectErased
from domain.kit.sealed import opened_each
from projections.kit.context.subject import PrivacyDatabase, Scope
from projections.kit.read.live_generations import Only
from projections.kit.read.postgres_reader import PostgresRows
from tests.domain.sending import US, accepted, refused
from tests.keys.conftest import process
from tests.keys.diaries import BeginDiary, MoveDiary
from tests.keys.texts import sealed_by

TENANT = US.tenant_id


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(120):
        while not await condition():  # noqa: ASYNC110  # What is waited for is said by another connection.
            await asyncio.sleep(0.01)


async def test_processes_that_make_a_key_at_once_agree(ring: KeyRing, second: KeyRing) -> None:
    tenant, people = uuid4(), [uuid4() for _ in range(50)]
    await asyncio.gather(*(keys.ready(tenant, [person]) for person in people for keys in (ring, second)))
    for person in people:
        assert await second.open(tenant, [sealed_by(ring, tenant, person, "Ada")]) == ["Ada"]
        assert await ring.open(tenant, [sealed_by(second, tenant, person, "Ada")]) == ["Ada"]


async def test_many_people_are_read_with_one_query(place: Settings, ring: KeyRing) -> None:
    people = [uuid4() for _ in range(300)]
    await ring.ready(TENANT, people)
    texts = [sealed_by(ring, TENANT, person, f"{person}") for person in people]
    async with process(place) as (database, cold):
        queries: list[str] = []
        async with database.writer.acquire() as connection:
            connection.add_query_logger(lambda query: queries.append(query.query))
        assert await cold.open(TENANT, texts) == [f"{person}" for person in people]
        assert sum("subject_keys" in query for query in queries) == 1


async def test_what_only_looks_sealed_keeps_nobody_from_what_is_theirs(
    database: Database, ring: KeyRing
) -> None:
    ada, nobody = uuid4(), uuid4()
    await ring.ready(TENANT, [ada])
    own = sealed_by(ring, TENANT, ada, "Ada")
    false = [f"hw1.{person.hex}.1.-.A.B" for person in (ada, nobody)]
    assert await opened_each(ring, TENANT, [own, *false, "x", own]) == ["Ada", None, None, "x", "Ada"]
    store = PrivacyDatabase(rows=PostgresRows(database, Only(1)), pool=database.writer, opening=ring)
    scope = Scope(tenant_id=TENANT, store=store, subjects=frozenset({ada}))
    assert await own_only(scope, [{"a": own, "b": false}]) == [{"a": "Ada", "b": [None, None]}]


async def test_no_more_keys_are_kept_than_there_is_room_for(database: Database, ring: KeyRing) -> None:
    small = KeyRing(database, ring.master, capacity=3)
    people = [uuid4() for _ in range(10)]
    await ring.ready(TENANT, people)
    texts = [sealed_by(ring, TENANT, person, "Ada") for person in people]
    assert await small.open(TENANT, texts) == ["Ada"] * 10
    assert sum(_at_hand(small, person) for person in people) == 3


def _at_hand(ring: KeyRing, person: UUID) -> bool:
    try:
        ring.sealing(TENANT, person)
    except LookupError:
        return False
    return True


async def test_a_key_that_was_destroyed_elsewhere_is_dropped(ring: KeyRing, second: KeyRing) -> None:
    person = uuid4()
    await ring.ready(TENANT, [person])
    text = sealed_by(ring, TENANT, person, "Ada")
    assert await second.open(TENANT, [text]) == ["Ada"]
    await ring.destroy(TENANT, person)

    async def gone() -> bool:
        return await second.open(TENANT, [text]) == [""]

    await eventually(gone)
    with pytest.raises(SubjectErased):
        await second.ready(TENANT, [person])


async def test_without_being_told_a_key_is_kept_for_its_time_only(database: Database, ring: KeyRing) -> None:
    deaf = KeyRing(database, ring.master, seconds=0.0)
    person = uuid4()
    await ring.ready(TENANT, [person])
    text = sealed_by(ring, TENANT, person, "Ada")
    assert await deaf.open(TENANT, [text]) == ["Ada"]
    await ring.destroy(TENANT, person)
    assert await deaf.open(TENANT, [text]) == [""]


async def test_who_lost_his_connection_forgets_what_he_may_have_missed(
    place: Settings, ring: KeyRing, owner: Connection
) -> None:
    person = uuid4()
    await ring.ready(TENANT, [person])
    text = sealed_by(ring, TENANT, person, "Ada")
    async with process(place) as (_, other):
        assert await other.open(TENANT, [text]) == ["Ada"]
        # All who listen lose their connections, and nobody is told.
        await owner.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and query ilike 'listen%'"
        )
        await owner.execute(
            "update keys.subject_keys set wrapped = '', tenant_generation = null, fingerprint = '', "
            "destroyed_at = now() where subject_id = $1",
            person,
        )

        async def gone() -> bool:
            return await other.open(TENANT, [text]) == [""]

        await eventually(gone)


async def test_somebody_erased_before_he_had_a_key_gets_none(ring: KeyRing, second: KeyRing) -> None:
    person = uuid4()
    await ring.destroy(TENANT, person)
    with pytest.raises(SubjectErased):
        await second.ready(TENANT, [person])


async def test_erasing_and_making_at_once_leaves_no_key(
    ring: KeyRing, second: KeyRing, owner: Connection
) -> None:
    people = [uuid4() for _ in range(30)]

    async def make(person: UUID) -> None:
        # Either may be first.
        try:
            await ring.ready(TENANT, [person])
        except SubjectErased:
            return

    await asyncio.gather(
        *(work for person in people for work in (make(person), second.destroy(TENANT, person)))
    )
    held = await owner.fetchval(
        "select count(*) from keys.subject_keys where subject_id = any($1) and length(wrapped) > 0", people
    )
    assert held == 0


async def test_a_bus_of_another_process_refuses_too(
    bus: Bus, log: PostgresLog, ring: KeyRing, second: KeyRing
) -> None:
    other = Bus(log, SealingCodec(second), SystemClock(), TimeOrderedIds())
    id = uuid4()
    await accepted(bus, BeginDiary(id=id, email=f"{id.hex}@example.com"))
    await accepted(other, MoveDiary(id=id, email=f"2.{id.hex}@example.com"))
    await ring.destroy(TENANT, id)

    async def dropped() -> bool:
        try:
            await second.ready(TENANT, [id])
        except SubjectErased:
            return True
        return False

    await eventually(dropped)
    await refused(other, MoveDiary(id=id, email=f"3.{id.hex}@example.com"), SubjectErased)


async def test_whoever_gives_up_waiting_harms_nobody_else(ring: KeyRing) -> None:
    tenant, first, other = uuid4(), uuid4(), uuid4()
    leaving = asyncio.create_task(ring.ready(tenant, [first]))
    staying = asyncio.create_task(ring.ready(tenant, [other]))
    await asyncio.sleep(0)
    leaving.cancel()
    await staying
    assert ring.sealing(tenant, other)[0] == 1


async def test_keys_that_are_forgotten_again_and_again_for_a_moment_are_waited_for(place: Settings) -> None:
    async with process(place) as (database, ring):
        read: list[str] = []
        async with database.writer.acquire() as connection:
            connection.add_query_logger(
                lambda query: read.append(query.query) if "subject_keys" in query.query else None
            )

        async def renew() -> None:
            while len(read) < 8:
                ring._heard(TENANT, None)
                await asyncio.sleep(0)

        person = uuid4()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(renew())
            tasks.create_task(ring.ready(TENANT, [person]))
        assert _at_hand(ring, person)


async def test_one_tenant_whose_key_is_broken_harms_no_other(
    place: Settings, ring: KeyRing, owner: Connection
) -> None:
    broken, whole, person = uuid4(), uuid4(), uuid4()
    texts = {}
    for tenant in (broken, whole):
        await ring.ready(tenant, [person])
        texts[tenant] = sealed_by(ring, tenant, person, "Ada")
    await owner.execute("update keys.tenant_keys set wrapped = '\\x00' where tenant_id = $1", broken)
    async with process(place) as (_, cold):
        bad, good = await asyncio.gather(
            cold.open(broken, [texts[broken]]), cold.open(whole, [texts[whole]]), return_exceptions=True
        )
    assert isinstance(bad, KeyRefused)
    assert good == ["Ada"]


async def test_a_process_with_another_key_file_does_not_start(
    place: Settings, ring: KeyRing, tmp_path: Path
) -> None:
    FileMaster(tmp_path / "keys/master.json").make()
    with pytest.raises(KeyRefused, match="HEADWATER_KEY_FILE"):
        async with process(replace(place, data_dir=tmp_path)):
            pass


async def test_no_key_file_is_made_where_keys_are_wrapped_already(
    place: Settings, ring: KeyRing, tmp_path: Path
) -> None:
    with pytest.raises(KeyRefused, match="There is no master key"):
        async with process(replace(place, data_dir=tmp_path)):
            pass
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize(("provider", "variable"), [("vault", "KEY_URL"), ("aws-kms", "KEY_ID")])
async def test_a_keeper_that_is_not_named_is_asked_for(
    place: Settings, ring: KeyRing, provider: str, variable: str
) -> None:
    with pytest.raises(SettingsError, match=variable):
        async with process(replace(place, key_provider=provider)):
            pass
