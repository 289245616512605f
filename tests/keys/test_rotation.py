"""Keys are renewed while everything goes on, and former ones stay until nothing needs them."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from app.embedded.postgres import Postgres
from app.keys import KeyRing, SealingCodec
from app.keys.rotation import Rotation
from app.keys.tenant_keys import NOBODY
from app.log.postgres import PostgresLog
from app.settings import Settings
from app.storage.database import Database
from domain.kit.bus.bus import Bus
from domain.kit.clock import SystemClock, TimeOrderedIds
from tests.domain.sending import US, accepted
from tests.keys import transit
from tests.keys.conftest import process
from tests.keys.diaries import BeginDiary, WriteDiary
from tests.keys.texts import sealed_by
from tests.kit.servers import SECRET, fresh_database
from tests.operations.command_line import CommandLine

TENANT = US.tenant_id


@pytest.fixture
async def place(postgres: Postgres, tmp_path: Path) -> AsyncIterator[Settings]:
    """A place of its own for each test: rotations are about all that is there."""
    async with fresh_database(postgres) as url:
        yield Settings(database_url=url, secret=SECRET, data_dir=tmp_path)


@pytest.fixture
async def opened(place: Settings) -> AsyncIterator[tuple[Database, KeyRing]]:
    async with process(place) as found:
        yield found


@pytest.fixture
def database(opened: tuple[Database, KeyRing]) -> Database:
    return opened[0]


@pytest.fixture
def ring(opened: tuple[Database, KeyRing]) -> KeyRing:
    return opened[1]


@pytest.fixture
def rotation(database: Database, ring: KeyRing) -> Rotation:
    return Rotation(database, ring.master, batch=7)


async def everything(rotation: Rotation) -> int:
    return sum([count async for count in rotation.rewrap()])


async def people(ring: KeyRing, count: int, tenant: UUID = TENANT) -> dict[UUID, str]:
    found = [uuid4() for _ in range(count)]
    await ring.ready(tenant, found)
    return {person: sealed_by(ring, tenant, person, str(person)) for person in found}


async def test_a_tenants_new_key_comes_into_use_and_the_old_one_goes(
    place: Settings, database: Database, ring: KeyRing, rotation: Rotation
) -> None:
    texts = await people(ring, 30)
    assert await rotation.rotate_tenant(TENANT) == 2
    assert (await rotation.standing()).people_behind == 30
    assert await everything(rotation) == 30
    assert (await rotation.standing()).behind == 0
    old = await database.writer.fetchrow(
        "select retired_at, wrapped from keys.tenant_keys where tenant_id = $1 and generation = 1", TENANT
    )
    assert old is not None
    assert old["retired_at"] is not None
    assert old["wrapped"] == b""
    async with process(place) as (_, cold):
        assert await cold.open(TENANT, list(texts.values())) == [str(person) for person in texts]
    assert await ring.open(TENANT, list(texts.values())) == [str(person) for person in texts]


async def test_new_keys_are_made_under_the_newest(
    database: Database, ring: KeyRing, rotation: Rotation
) -> None:
    await people(ring, 1)
    await rotation.rotate_tenant(TENANT)
    await everything(rotation)
    # This ring may not have heard of it yet; what it would wrap under the retired key is not taken.
    [person] = await people(ring, 1)
    under = await database.writer.fetchval(
        "select tenant_generation from keys.subject_keys where subject_id = $1", person
    )
    assert under == 2


async def test_another_master_key_wraps_every_tenants_key(
    place: Settings, database: Database, ring: KeyRing, rotation: Rotation
) -> None:
    texts = await people(ring, 3)
    await people(ring, 2, tenant=uuid4())
    name = await rotation.rotate_master()
    assert (await rotation.standing()).masters_behind == 3
    assert await everything(rotation) == 3
    masters = await database.writer.fetch("select distinct master_key from keys.tenant_keys")
    assert [row["master_key"] for row in masters] == [name]
    fingerprint = ring.fingerprint("mail", "ada@example.com")
    async with process(place) as (_, cold):
        assert await cold.open(TENANT, list(texts.values())) == [str(person) for person in texts]
        assert cold.fingerprint("mail", "ada@example.com") == fingerprint


async def test_a_destroyed_key_stays_destroyed(ring: KeyRing, rotation: Rotation) -> None:
    texts = await people(ring, 2)
    gone = next(iter(texts))
    destroyed = await ring.destroy(TENANT, gone)
    await rotation.rotate_tenant(TENANT)
    await everything(rotation)
    assert await ring.open(TENANT, [texts[gone]]) == [""]
    assert await ring.destroy(TENANT, gone) == destroyed
    assert (await rotation.standing()).erased == 1


async def test_a_tenant_without_keys_has_none_to_renew(rotation: Rotation) -> None:
    for tenant in (uuid4(), NOBODY):
        with pytest.raises(LookupError):
            await rotation.rotate_tenant(tenant)


async def test_commands_and_readers_go_on_meanwhile(
    place: Settings, database: Database, ring: KeyRing, rotation: Rotation
) -> None:
    log = PostgresLog(database)
    bus = Bus(log, SealingCodec(ring), SystemClock(), TimeOrderedIds())
    texts = await people(ring, 40)
    written: list[UUID] = []
    ended = asyncio.Event()

    async def write() -> None:
        while not ended.is_set():
            id = uuid4()
            await accepted(bus, BeginDiary(id=id, email=f"{id.hex}@example.com", name=str(id)))
            await accepted(bus, WriteDiary(id=id, about=uuid4(), text="Somebody new."))
            written.append(id)

    async def read(cold: KeyRing) -> None:
        while not ended.is_set():
            assert await cold.open(TENANT, list(texts.values())) == [str(person) for person in texts]
            cold._missed()  # All that it keeps is forgotten, so that it reads keys again.

    async def renew() -> None:
        for number in range(4):
            before = len(written)
            await rotation.rotate_tenant(TENANT)
            await rotation.rotate_master()
            await everything(rotation)
            while len(written) < before + 5:  # noqa: ASYNC110  # Others write, each in their own time.
                await asyncio.sleep(0)
            assert await rotation.rotate_tenant(TENANT) == 2 * number + 3
        ended.set()

    async with process(place) as (_, cold), asyncio.TaskGroup() as tasks:
        tasks.create_task(renew())
        for _ in range(3):
            tasks.create_task(write())
        tasks.create_task(read(cold))
    await everything(rotation)
    async with process(place) as (_, cold):
        names = []
        for id, events in (await log.streams(TENANT, written)).items():
            payload = json.loads(events[0].payload)
            names.append((str(id), *await cold.open(TENANT, [payload["name"]])))
    await log.close()
    assert len(names) == len(written)
    assert all(id == name for id, name in names)
    left = await database.writer.fetchval(
        "select count(*) from keys.tenant_keys where tenant_id = $1 and retired_at is null", TENANT
    )
    assert left == 1


async def test_from_the_file_to_vault(
    place: Settings, database: Database, ring: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = await people(ring, 3)
    monkeypatch.setenv("VAULT_TOKEN", transit.TOKEN)
    with transit.serving() as server:
        moved = replace(place, key_provider="vault", key_url=server.url)
        async with process(moved) as (_, both):
            assert await both.open(TENANT, list(texts.values())) == [str(person) for person in texts]
            assert await everything(Rotation(database, both.master)) == 2
        (place.data_dir / "keys/master.json").unlink()
        async with process(moved) as (_, without):
            assert await without.open(TENANT, list(texts.values())) == [str(person) for person in texts]


async def test_the_command_line_renews_keys(place: Settings, ring: KeyRing) -> None:
    texts = await people(ring, 3)

    async def run(*arguments: str) -> tuple[int, str]:
        ran = await asyncio.to_thread(CommandLine(place), "keys", *arguments)
        return ran.code, ran.out or ran.err

    code, said = await run("status", "--json")
    assert code == 0
    found = json.loads(said)
    assert (found["people"], found["tenants"], found["own_keys"]) == (3, 1, 1)
    assert [place["place"] for place in found["places"]] == ["platform"]
    assert (await run("rotate"))[0] == 0
    code, said = await run("rotate", "--tenant", str(TENANT))
    assert (code, said) == (0, f"The key of tenant {TENANT} is now in generation 2.\n")
    code, said = await run("status")
    assert code == 1
    assert "3 of people" in said
    # Two of the tenant, one of fingerprints, of which the second generation of the tenant's is new.
    assert await run("rewrap") == (0, "5 keys rewrapped.\n")
    assert (await run("status"))[0] == 0
    code, said = await run("rotate", "--tenant", str(uuid4()))
    assert code == 1
    assert "There is no tenant" in said
    assert await ring.open(TENANT, list(texts.values())) == [str(person) for person in texts]
