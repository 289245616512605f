"""Anonymising: thirty days after somebody was deleted, by the time of that event and no other."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from app.privacy.platform_commands import PlatformCommands
from app.processes.runner import Runner
from domain.identity.account_commands import JoinTenant, OpenAccount
from domain.identity.accounts import AccountStatus
from domain.identity.registration import RegisterUser
from domain.identity.user_commands import AnonymiseUser, DeleteUser
from domain.identity.user_rules import TooEarlyToAnonymise
from domain.identity.users import User
from domain.kit.bus.bus import Bus
from domain.kit.caller import ACCOUNTS, SYSTEM, Caller
from domain.kit.clock import TimeOrderedIds
from domain.kit.process.process_scenario import rehearse
from domain.kit.scenario import NOON
from domain.processes.anonymisation import Anonymising
from projections.identity.auth_accounts import AccountRow, Accounts
from projections.identity.users import Users
from tests.domain.sending import accepted
from tests.kit.processes import until
from tests.privacy.estate import Estate
from tests.privacy.people import an_owner
from tests.processes.working import SetClock

ANN = UUID(int=11)
AFTER = timedelta(days=30)


class Nobody:
    """For rehearsals, which perform nothing."""

    async def end(self, tenant_id: UUID, subject_id: UUID, *, key: UUID) -> bool:
        raise AssertionError("A rehearsal performs nothing.")


NOBODY = Nobody()


def test_counts_from_the_deletion() -> None:
    deleted = rehearse(Anonymising(NOBODY), id=ANN).happens(User.Deleted())
    assert deleted.timers == {"anonymise": NOON + AFTER}
    deleted.due("anonymise").decides(AnonymiseUser(id=ANN))


def test_leaves_whoever_comes_back_alone() -> None:
    assert (
        rehearse(Anonymising(NOBODY), id=ANN).happens(User.Deleted()).happens(User.Reactivated()).timers == {}
    )


def test_ends_with_the_person() -> None:
    assert rehearse(Anonymising(NOBODY), id=ANN).happens(User.Deleted()).happens(User.Erased()).timers == {}


@asynccontextmanager
async def _running(estate: Estate, clock: SetClock, bus: Bus) -> AsyncIterator[None]:
    runner = Runner(
        [Anonymising(PlatformCommands(bus, estate.codec, estate.rows))],
        database=estate.database,
        log=estate.log,
        pages=estate.pages,
        bus=bus,
        clock=clock,
        beat=0.05,
        poll=0.02,
    )
    task = asyncio.create_task(runner.run())
    try:
        await until(lambda: runner.held == ["identity.anonymising"])
        yield
    finally:
        runner.stop()
        await task


async def test_survives_a_clock_that_jumps(estate: Estate) -> None:
    clock = SetClock()
    bus = Bus(estate.log, estate.codec, clock, TimeOrderedIds())
    owner, id = await an_owner(estate, uuid4()), uuid4()

    async def email() -> str:
        row = (await estate.rows.get(Users, owner.tenant_id, [(id,)]))[id,]
        return (await estate.ring.open(owner.tenant_id, [row.email]))[0]

    async def timers() -> int:
        count: int = await estate.database.writer.fetchval(
            "select count(*) from processes.timers where process = 'identity.anonymising'"
        )
        return count

    async def anonymised() -> bool:
        return await email() == f"deleted-{id}@deleted.local"

    async with _running(estate, clock, bus):
        await bus.send(RegisterUser(id=id, email="ann@example.com", first_name="Ann"), by=owner)
        await bus.send(DeleteUser(id=id), by=owner)
        await until(lambda: _is(timers, 1))
        # Back, and not far enough forward: nothing happens.
        for days in (-365, 365 + 29):
            clock.pass_(days=days)
            assert await timers() == 1
        assert await email() == "ann@example.com"
        clock.pass_(days=1, seconds=1)
        await until(anonymised)
        clock.pass_(days=-100)
        await until(lambda: _is(timers, 0))
    assert await anonymised()


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_an_account_goes_with_the_last_tenant_that_needs_it(estate: Estate, elsewhere: bool) -> None:
    clock = SetClock()
    bus = Bus(estate.log, estate.codec, clock, TimeOrderedIds())
    owner, id = await an_owner(estate, uuid4()), uuid4()
    by_itself = Caller(tenant_id=ACCOUNTS, user_id=SYSTEM)
    email = f"{id.hex}@example.com"
    opened = OpenAccount(id=id, email=email, first_name="Ann", password_hash="$argon2id$secret")
    tenants = [owner.tenant_id, uuid4()] if elsewhere else [owner.tenant_id]

    async def account() -> AccountRow | None:
        return (await estate.rows.get(Accounts, ACCOUNTS, [(id,)])).get((id,))

    async def left() -> bool:
        row = await account()
        return row is None or owner.tenant_id not in row.tenants

    async with _running(estate, clock, bus):
        await accepted(bus, opened, by=by_itself)
        await accepted(bus, RegisterUser(id=id, email=email, first_name="Ann"), by=owner)
        for tenant_id in tenants:
            await accepted(bus, JoinTenant(id=id, tenant_id=tenant_id), by=by_itself)
        await accepted(bus, DeleteUser(id=id), by=owner)
        timers = "select count(*) from processes.timers where process = 'identity.anonymising'"
        await until(lambda: _is(lambda: estate.database.writer.fetchval(timers), 1))
        assert not await left()
        clock.pass_(days=31)
        await until(left)

        async def gone() -> bool:
            return await account() is None

        if elsewhere:
            row = await account()
            assert row is not None
            assert (row.status, row.tenants) == (AccountStatus.OPEN, (tenants[1],))
        else:
            await until(gone)
            # The address is free again.
            await accepted(bus, replace(opened, id=uuid4()), by=by_itself)


async def _is(count: Callable[[], Awaitable[int]], wanted: int) -> bool:
    return await count() == wanted


def test_tries_again_when_the_clock_was_set_back_in_between() -> None:
    due = rehearse(Anonymising(NOBODY), id=ANN).happens(User.Deleted()).due("anonymise")
    assert list(due.failed(TooEarlyToAnonymise.code).timers) == ["anonymise"]


def test_is_over_for_whoever_is_not_to_be_anonymised() -> None:
    due = rehearse(Anonymising(NOBODY), id=ANN).happens(User.Deleted()).due("anonymise")
    assert due.failed("not_found").state is None
