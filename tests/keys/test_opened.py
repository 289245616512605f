"""Fields of rows that a table holds in plain text: opened as they are written, one by one and in bulk."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from app.embedded.opensearch import free_port
from app.embedded.postgres import Postgres
from app.keys import KeyRing, SealingCodec, opened_ring
from app.keys.file import FileMaster
from app.keys.vault import VaultMaster
from app.log.postgres import PostgresLog
from app.settings import Settings
from app.storage.database import Database
from domain.kit.bus.bus import Bus
from domain.kit.clock import SystemClock, TimeOrderedIds
from domain.kit.fields import Opened
from domain.kit.sealed import KeysUnavailable, is_sealed
from projections.kit.declare.folds import on
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.row import Row
from projections.kit.declare.view import RowChanges
from projections.kit.follow.lane import Lane
from projections.kit.follow.lane_progress import OpsLedger
from projections.kit.rebuild.bulk_build import Builder
from projections.kit.rebuild.comparison import compare
from projections.kit.store.generations import add_generation, enroll
from projections.kit.store.postgres_store import PostgresStore
from projections.kit.store.store import Checkpoint, RowsRefused
from tests.domain.sending import US, accepted
from tests.keys.diaries import BeginDiary, Diary, MoveDiary
from tests.kit.servers import SECRET, fresh_database


class Owner(Row):
    """Whose a diary is: the name to sort by, the address as it is stored."""

    id: UUID
    name: Annotated[str, Opened()]
    email: str


class Owners(PostgresView[Owner], name="diaries.owners", version=1):
    """Who has a diary."""

    @on(Diary.Begun, first=True)
    def begun(self, row: None, event: Diary.Begun) -> Owner:
        return Owner(id=event.originator_id, name=event.name, email=event.email)

    @on(Diary.Moved)
    def moved(self, row: Owner, event: Diary.Moved) -> Owner:
        return Owner(id=row.id, name=row.name, email=event.email)


@dataclass
class Place:
    """A log, its keys, and generations of the view."""

    database: Database
    log: PostgresLog
    ring: KeyRing
    bus: Bus

    async def store(self, opening: Any = None) -> tuple[PostgresStore[Owner], Lane]:
        """A new generation, with its lane."""
        pool = self.database.writer
        await enroll(pool, Owners)
        async with pool.acquire() as connection:
            generation = await add_generation(connection, Owners, building=True)
        store: PostgresStore[Owner] = PostgresStore(
            Owners, pool, self.database.owner, generation, opening or self.ring
        )
        await store.prepare()
        row = await pool.fetchrow(
            "update ops.lanes set token = token + 1 where view = $1 and generation = $2 "
            "returning id, token, position, folded",
            Owners.name,
            generation,
        )
        assert row is not None
        return store, Lane(view=Owners.name, generation=generation, **row)

    async def built(self) -> PostgresStore[Owner]:
        """A new generation, filled in bulk from the whole log."""
        store, lane = await self.store()
        ledger = OpsLedger(self.database.writer, lambda: [lane])
        builder = Builder(Owners(), store, self.log, SealingCodec(self.ring), lane, ledger, near=0)
        await builder.run(until=await self.log.head())
        return store

    async def begun(self, name: str = "Ada") -> UUID:
        """A diary of somebody."""
        id = uuid4()
        await accepted(self.bus, BeginDiary(id=id, email=f"{id.hex}@example.com", name=name))
        return id

    async def held(self, store: PostgresStore[Owner], id: UUID) -> asyncpg.Record:
        """What the table holds."""
        row = await self.database.writer.fetchrow(f"select * from {store.table} where id = $1", id)
        assert row is not None
        return row


@pytest.fixture
async def place(postgres: Postgres, tmp_path: Path) -> AsyncIterator[Place]:
    async with fresh_database(postgres) as url:
        database = await Database.open(url, secret=SECRET, writers=4, readers=2)
        log = PostgresLog(database)
        settings = Settings(database_url=url, secret=SECRET, data_dir=tmp_path)
        try:
            async with opened_ring(settings, database) as ring:
                bus = Bus(log, SealingCodec(ring), SystemClock(), TimeOrderedIds())
                yield Place(database, log, ring, bus)
        finally:
            await log.close()
            await database.close()


def changed(*rows: Owner) -> RowChanges[Owner]:
    changes: RowChanges[Owner] = RowChanges()
    for row in rows:
        changes[US.tenant_id, (row.id,)] = row
        changes.positions[US.tenant_id, (row.id,)] = 1
    return changes


async def sealed_row(place: Place, name: str = "Ada") -> Owner:
    id = await place.begun(name)
    [event] = SealingCodec(place.ring).decode_all((await place.log.streams(US.tenant_id, [id]))[id])
    assert isinstance(event, Diary.Begun)
    return Owner(id=id, name=event.name, email=event.email)


async def test_marked_fields_are_plain_and_others_stay_sealed(place: Place) -> None:
    id = await place.begun()
    row = await place.held(await place.built(), id)
    assert row["name"] == "Ada"
    assert is_sealed(row["email"])


async def test_many_rows_at_once_are_opened_too(place: Place) -> None:
    row = await sealed_row(place)
    store, lane = await place.store()
    many = [row, *(Owner(id=uuid4(), name=row.name, email="") for _ in range(2_500))]
    await store.save(changed(*many), Checkpoint(1, 1, lane.token))
    names = await place.database.writer.fetch(f"select distinct name from {store.table}")
    assert [row["name"] for row in names] == ["Ada"]


async def test_a_row_that_is_written_again_stays_plain(place: Place) -> None:
    id = await place.begun()
    store, lane = await place.store()
    ledger = OpsLedger(place.database.writer, lambda: [lane])
    builder = Builder(Owners(), store, place.log, SealingCodec(place.ring), lane, ledger, near=0)
    await builder.run(until=await place.log.head())
    await accepted(place.bus, MoveDiary(id=id, email=f"new.{id.hex}@example.com"))
    await builder.run(until=await place.log.head())
    row = await place.held(store, id)
    assert row["name"] == "Ada"
    assert row["position"] == await place.log.head()


async def test_the_name_of_an_erased_person_is_blank(place: Place) -> None:
    id = await place.begun()
    await place.ring.destroy(US.tenant_id, id)
    assert (await place.held(await place.built(), id))["name"] == ""


async def test_generations_from_before_and_after_an_erasure_do_not_differ(place: Place) -> None:
    gone, stays = await place.begun("Ada"), await place.begun("Grace")
    before = await place.built()
    await place.ring.destroy(US.tenant_id, gone)
    after = await place.built()
    head = await place.log.head()

    async def positions() -> tuple[int, int]:
        return head, head

    report = await compare(Owners(), before, after, positions)
    assert (report.compared, report.differing) == (2, 0)
    await place.database.writer.execute(f"update {after.table} set name = 'Eve' where id = $1", stays)
    assert (await compare(Owners(), before, after, positions)).differing == 1


async def test_a_text_that_does_not_open_is_refused_as_a_row_is(place: Place) -> None:
    row = await sealed_row(place)
    store, lane = await place.store()
    forged = Owner(id=row.id, name=row.name[:-4] + "AAAA", email=row.email)
    with pytest.raises(RowsRefused):
        await store.save(changed(forged), Checkpoint(1, 1, lane.token))
    assert (await store.checkpoint()).position == 0


async def test_without_keys_nothing_is_written_and_nothing_refused(place: Place) -> None:
    row = await sealed_row(place)
    await place.database.writer.execute(
        "update keys.tenant_keys set master_key = 'vault:headwater:v1', wrapped = 'vault:v1:AAAA'"
    )
    away = KeyRing(place.database, VaultMaster(f"http://127.0.0.1:{free_port()}", key="headwater", token="t"))
    store, lane = await place.store(away)
    with pytest.raises(KeysUnavailable):
        await store.save(changed(row), Checkpoint(1, 1, lane.token))
    assert (await store.checkpoint()).position == 0
    await away.close()


async def test_a_build_waits_for_keys_that_are_away(place: Place, tmp_path: Path) -> None:
    """The key file is missing for a while: the build goes on once it is back, and parks nothing."""
    id = await place.begun()
    file = tmp_path / "keys/master.json"
    hidden = file.rename(tmp_path / "hidden.json")
    cold = KeyRing(place.database, FileMaster(file))
    store, lane = await place.store(cold)
    failures: list[str] = []

    class Noting(Lane):
        """Puts the file back when the build has seen that it is away."""

        def failed(self, failure: Any) -> None:
            failures.append(failure.text)
            if not file.exists():
                hidden.rename(file)
            super().failed(failure)

    noting = Noting(
        id=lane.id,
        view=lane.view,
        generation=lane.generation,
        token=lane.token,
        position=lane.position,
        folded=lane.folded,
    )
    ledger = OpsLedger(place.database.writer, lambda: [noting])
    builder = Builder(Owners(), store, place.log, SealingCodec(cold), noting, ledger, near=0)
    await builder.run(until=await place.log.head())
    assert failures == ["KeyRefused"]
    assert (await place.held(store, id))["name"] == "Ada"
    assert not await place.database.writer.fetchval("select count(*) from ops.parked")
    await cold.close()
