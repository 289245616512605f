"""A person is forgotten: unreadable everywhere, also after everything was rebuilt, and nothing else is changed."""

from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from app.privacy.search import tables
from app.privacy.search.tables import PersonalTable
from app.privacy.search.traces import SearchedPerson
from domain.governance.erasures import ErasureUnderWay, TenantNeedsAnOwner, UserIsErased, erasure_id
from domain.identity.authorization import BaseRole, NotYoursToGive
from domain.kit.caller import ACCOUNTS
from domain.kit.log import AppendReceipt
from domain.kit.permissions import ROLES
from domain.kit.refusals import Forbidden
from domain.processes.erasure_port import StillReadable
from projections.governance.erasures import ErasureRow, Erasures
from projections.identity.auth_sessions import Sessions
from projections.identity.people import People
from projections.kit.read.conditions import equals
from projections.kit.read.keyset import Order
from projections.kit.rebuild.model import RebuildState
from tests.privacy.estate import Estate, accepted
from tests.privacy.people import (
    FIRST,
    LAST,
    Person,
    a_member,
    an_account,
    an_owner,
    some_work,
    traces_outside,
)
from tests.privacy.reading import readable

COUNTED = ("tasks.tasks", "tasks.user_stats", "tasks.daily_stats", "tasks.projects", "tasks.project_members")


def _telling(tenant: UUID, person: Person) -> SearchedPerson:
    return SearchedPerson(
        tenant_id=tenant, subject_id=person.id, everywhere=tuple(person.telling), beside=(FIRST, LAST)
    )


async def _totals(estate: Estate, tenant: UUID) -> dict[str, list[str]]:
    """The rows of the views that count, without the times of their last change."""
    async with estate.database.reading(tenant) as connection:
        return {
            view: [
                str(row["row"])
                for row in await connection.fetch(
                    f"select (to_jsonb(t) - 'position' - 'updated_at')::text as row from {view} t order by 1"
                )
            ]
            for view in COUNTED
        }


async def _activities(estate: Estate, tenant: UUID, before: int) -> int:
    async with estate.database.reading(tenant) as connection:
        counted: int = await connection.fetchval(
            "select count(*) from audit.activity_log where position <= $1", before
        )
        return counted


async def _certificate(estate: Estate, person: Person) -> ErasureRow:
    key = (erasure_id(person.id),)
    row = (await estate.rows.get(Erasures, person.caller.tenant_id, [key]))[key]
    assert row.certified_at is not None, row
    return row


async def test_a_generation_that_is_dropped_meanwhile_is_left_out(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = tables._tables
    columns = (("tenant_id", "uuid"), ("name", "text"))

    async def and_one(connection: Any, schema: str = "gateway_g99") -> list[PersonalTable]:
        return [*await listed(connection), PersonalTable(schema, "gone", columns, ("tenant_id",))]

    [store] = [store for store in estate.search.stores if isinstance(store, tables.Tables)]
    monkeypatch.setattr(tables, "_tables", and_one)
    wanted = SearchedPerson(tenant_id=uuid4(), subject_id=uuid4(), everywhere=("nobody",), beside=())
    assert (await store.look(wanted)).plain == []
    await store.sweep(wanted)
    monkeypatch.setattr(tables, "_tables", partial(and_one, schema="audit"))
    with pytest.raises(asyncpg.UndefinedTableError):
        await store.look(wanted)


async def test_keys_of_other_programs_are_neither_read_nor_removed(estate: Estate) -> None:
    person, address = uuid4(), f"{uuid4().hex}@example.com"
    [store] = [store for store in estate.search.stores if store.store == "redis"]
    wanted = SearchedPerson(tenant_id=uuid4(), subject_id=person, everywhere=(address,))
    foreign = f"shop:{address}", f"hw2:{person}"
    await estate.redis.mset({**dict.fromkeys(foreign, address), f"hw:{person}": address})
    assert [trace.key for trace in (await store.look(wanted)).plain] == [f"hw:{person}"]
    await store.sweep(wanted)
    assert await estate.redis.unlink(*foreign, f"hw:{person}") == len(foreign)


async def test_is_unreadable_everywhere_also_after_a_rebuild(estate: Estate) -> None:
    tenant = uuid4()
    owner = await an_owner(estate, tenant)
    person = await a_member(estate, owner, *await an_account(estate))
    await some_work(estate, owner, person)
    await traces_outside(estate, person)
    await estate.house.followed()
    # What is looked for can be found, before.
    found = {
        store.store: (await store.look(_telling(tenant, person))).plain for store in estate.search.stores
    }
    assert found["postgres"]
    assert len(found["redis"]) == 2
    assert len(found["files"]) == 2
    assert found["search"] == []
    totals, head = await _totals(estate, tenant), await estate.log.head()
    activities = await _activities(estate, tenant, head)
    assert totals["tasks.user_stats"]

    async with estate.acting():
        accepted(await estate.desk.erase(estate.request(person.caller), person.id, reason=f"{FIRST} left"))
        await estate.settled()
    certificate = await _certificate(estate, person)
    again = await estate.desk.erase(estate.request(owner), person.id, reason="")
    assert isinstance(again, UserIsErased), again
    assert certificate.steps == (
        "find",
        "forget",
        "access",
        "consents",
        "views",
        "sweep",
        "search",
        "key",
        "certify",
    )
    stores = {store["store"]: store for store in certificate.certificate["stores"]}
    assert set(stores) == {"postgres", "redis", "search", "files"}
    assert stores["postgres"]["sealed"] > 10
    assert len(certificate.certificate["keys"]) == 2
    assert await readable(estate, tenant, *person.telling, FIRST) == []

    names = [view.name for view in estate.house.views]
    done = await estate.house.ended(await estate.house.rebuilds.ask(names, by="test"))
    assert done.state is RebuildState.SWITCHED, done
    await estate.house.followed()
    assert await readable(estate, tenant, *person.telling, FIRST) == []
    assert await _totals(estate, tenant) == totals
    assert await _activities(estate, tenant, head) == activities


async def test_leaves_another_tenant_of_the_same_account_alone(estate: Estate) -> None:
    id, email = await an_account(estate)
    here, there = [await a_member(estate, await an_owner(estate, uuid4()), id, email) for _ in range(2)]
    await estate.house.followed()
    async with estate.acting():
        accepted(await estate.desk.erase(estate.request(here.caller), id, reason=""))
        await estate.settled()
    certificate = await _certificate(estate, here)
    assert len(certificate.certificate["keys"]) == 1
    row = (await estate.rows.get(People, there.caller.tenant_id, [(id,)]))[id,]
    assert (row.first_name, row.last_name) == (FIRST, LAST)
    assert await estate.ring.open(there.caller.tenant_id, [row.email]) == [email]
    page = await estate.rows.page(
        Sessions, ACCOUNTS, where=equals("user_id", id), order=Order("created_at"), limit=10
    )
    assert [row.in_tenant for row in page.rows] == [there.caller.tenant_id]
    (token,) = {row.ip_address for row in page.rows}
    assert await estate.ring.open(ACCOUNTS, [token]) == ["203.0.113.77"]


async def test_is_asked_for_by_oneself_or_who_may(estate: Estate) -> None:
    tenant = uuid4()
    owner = await an_owner(estate, tenant)
    ann = await a_member(estate, owner, *await an_account(estate))
    bob = await a_member(estate, owner, *await an_account(estate))
    refusal = await estate.desk.erase(estate.request(ann.caller), bob.id, reason="")
    assert isinstance(refusal, Forbidden)
    assert isinstance(await estate.desk.erase(estate.request(owner), bob.id, reason=""), AppendReceipt)
    again = await estate.desk.erase(estate.request(bob.caller), bob.id, reason="")
    assert isinstance(again, ErasureUnderWay)


async def test_takes_no_tenants_last_owner(estate: Estate) -> None:
    owner = await an_owner(estate, uuid4())
    refusal = await estate.desk.erase(estate.request(owner), owner.user_id, reason="")
    assert isinstance(refusal, TenantNeedsAnOwner)


async def test_nobody_has_those_forgotten_who_may_do_more(estate: Estate) -> None:
    tenant = uuid4()
    owner, second = await an_owner(estate, tenant), await an_owner(estate, tenant)
    bob = await a_member(estate, owner, *await an_account(estate))
    admin = replace(owner, user_id=uuid4(), permissions=ROLES[BaseRole.ADMIN])
    refusal = await estate.desk.erase(estate.request(admin), second.user_id, reason="")
    assert isinstance(refusal, NotYoursToGive)
    assert isinstance(await estate.desk.erase(estate.request(admin), bob.id, reason=""), AppendReceipt)
    assert isinstance(
        await estate.desk.erase(estate.request(owner), second.user_id, reason=""), AppendReceipt
    )


async def test_withdraws_what_was_allowed(estate: Estate) -> None:
    owner = await an_owner(estate, uuid4())
    person = await a_member(estate, owner, *await an_account(estate))
    async with estate.acting():
        accepted(await estate.desk.erase(estate.request(person.caller), person.id, reason=""))
        await estate.settled()
    async with estate.database.reading(owner.tenant_id) as connection:
        rows = await connection.fetch(
            "select purpose, given, source from governance.consents order by purpose"
        )
    assert [tuple(row) for row in rows] == [
        ("analytics", False, "erasure"),
        ("marketing.email", False, "erasure"),
    ]


async def test_blanks_names_that_a_former_version_of_a_view_has_kept(estate: Estate) -> None:
    owner = await an_owner(estate, uuid4())
    person = await a_member(estate, owner, *await an_account(estate))
    namesake = uuid4()
    connection = await estate.database.owner()
    try:
        await connection.execute("create schema users_g900")
        await connection.execute(
            "create table users_g900.names"
            " (tenant_id uuid, id uuid, first_name text, primary key (tenant_id, id))"
        )
        await connection.execute("grant usage on schema users_g900 to headwater_writer")
        await connection.execute("grant select, update on users_g900.names to headwater_writer")
        await connection.executemany(
            "insert into users_g900.names values ($1, $2, $3)",
            [(owner.tenant_id, person.id, FIRST), (owner.tenant_id, namesake, FIRST)],
        )
        async with estate.acting():
            accepted(await estate.desk.erase(estate.request(person.caller), person.id, reason=""))
            await estate.settled()
        names = await connection.fetch("select id, first_name from users_g900.names")
        assert {row["id"]: row["first_name"] for row in names} == {person.id: "", namesake: FIRST}
    finally:
        await connection.execute("drop schema users_g900 cascade")
        await connection.close()
    await _certificate(estate, person)


async def test_is_not_certified_while_something_can_be_read(estate: Estate) -> None:
    owner = await an_owner(estate, uuid4())
    person = await a_member(estate, owner, *await an_account(estate))
    wanted = await estate.search.wanted(owner.tenant_id, person.id)
    assert person.email in wanted.everywhere
    with pytest.raises(StillReadable, match="can be opened"):
        await estate.search.unreadable(SearchedPerson(tenant_id=owner.tenant_id, subject_id=person.id))
    connection = await estate.database.owner()
    try:
        await connection.execute("create table public.notes (note text)")
        await connection.execute("insert into public.notes values ($1)", f"ask <{person.email.upper()}>")
        with pytest.raises(StillReadable, match="in plain text, in public"):
            await estate.search.look(wanted)
    finally:
        await connection.execute("drop table public.notes")
        await connection.close()
