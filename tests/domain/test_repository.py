"""The repository on the real log: snapshots and the events after them, and a cache with bounds."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from app.log.postgres import PostgresLog
from domain.kit.aggregate import Aggregate
from domain.kit.bus.bus import Bus
from domain.kit.bus.repository import Repository
from domain.kit.codec import PlainCodec
from domain.kit.log import Envelope, StoredSnapshot
from tests.domain.envelopes import NOON
from tests.domain.sending import THEM, US, accepted, an_account, balance
from tests.domain.toys import Account, CloseAccount, Overdrawn, Pay, Withdraw

TENANT = US.tenant_id


def repository(log: PostgresLog, *, capacity: int = 1_000_000) -> Repository:
    return Repository(log, PlainCodec(), capacity=capacity)


class Counting:
    """A log, and the versions of the events that are loaded from it."""

    def __init__(self, log: PostgresLog) -> None:
        self._log = log
        self.loaded = list[int]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    async def streams(
        self, tenant_id: UUID, ids: Sequence[UUID], *, after: int = 0
    ) -> dict[UUID, list[Envelope]]:
        found = await self._log.streams(tenant_id, ids, after=after)
        self.loaded += [event.originator_version for events in found.values() for event in events]
        return found


async def test_loads_a_stream(bus: Bus, log: PostgresLog) -> None:
    id = await an_account(bus, balance=3)
    account = (await repository(log).get(TENANT, [id]))[id]
    assert isinstance(account, Account)
    assert (account.version, account.balance, account.payments) == (2, 3, [3])


async def test_streams_that_are_not_there_are_absent(bus: Bus, log: PostgresLog) -> None:
    id = await an_account(bus)
    assert set(await repository(log).get(TENANT, [id, uuid4()])) == {id}
    assert await repository(log).get(THEM.tenant_id, [id]) == {}
    assert await repository(log).get(TENANT, []) == {}


async def test_the_second_time_it_comes_from_the_cache(bus: Bus, log: PostgresLog) -> None:
    id, kept = await an_account(bus), repository(log)
    first = (await kept.get(TENANT, [id]))[id]
    await accepted(bus, Pay(id=id, amount=3))
    assert (await kept.get(TENANT, [id]))[id] is first


async def test_what_is_fresh_comes_from_the_log(bus: Bus, log: PostgresLog) -> None:
    id, kept = await an_account(bus), repository(log)
    await kept.get(TENANT, [id])
    await accepted(bus, Pay(id=id, amount=3))
    assert (await kept.get(TENANT, [id], fresh=True))[id].version == 2
    assert (await kept.get(TENANT, [id]))[id].version == 2


async def test_without_a_capacity_nothing_is_kept(bus: Bus, log: PostgresLog) -> None:
    id, kept = await an_account(bus), Repository(log, PlainCodec())
    first = (await kept.get(TENANT, [id]))[id]
    assert (await kept.get(TENANT, [id]))[id] is not first


async def test_cached_and_absent_come_together(bus: Bus, log: PostgresLog) -> None:
    cached, absent, kept = await an_account(bus), await an_account(bus), repository(log)
    first = (await kept.get(TENANT, [cached]))[cached]
    both = await kept.get(TENANT, [cached, absent, uuid4()])
    assert set(both) == {cached, absent}
    assert both[cached] is first


async def test_what_was_forgotten_while_others_were_loaded_is_loaded_too(bus: Bus, log: PostgresLog) -> None:
    cached, absent = await an_account(bus), await an_account(bus)

    class Forgetful(Repository):
        """Forgets, as another command would that failed while this one waited."""

        async def _load(self, tenant_id: UUID, ids: Sequence[UUID]) -> dict[UUID, Aggregate]:
            self.forget(TENANT, cached)
            return await super()._load(tenant_id, ids)

    kept = Forgetful(log, PlainCodec())
    first = (await kept.get(TENANT, [cached]))[cached]
    both = await kept.get(TENANT, [cached, absent])
    assert set(both) == {cached, absent}
    assert both[cached] is not first


async def test_the_least_recent_go_when_the_cache_is_full(bus: Bus, log: PostgresLog) -> None:
    oldest, older, newest = [await an_account(bus) for _ in range(3)]
    kept = repository(log, capacity=6_000)
    first = (await kept.get(TENANT, [oldest]))[oldest]
    second = (await kept.get(TENANT, [older]))[older]
    await kept.get(TENANT, [oldest])
    await kept.get(TENANT, [newest])
    assert (await kept.get(TENANT, [oldest]))[oldest] is first
    assert (await kept.get(TENANT, [older]))[older] is not second


async def test_the_cache_is_bounded_by_bytes(bus: Bus, log: PostgresLog) -> None:
    ids = [await an_account(bus) for _ in range(5)]
    for id in ids:
        state = msgspec.json.encode({"owner": "x" * 10_000, "opened_at": NOON})
        large = StoredSnapshot(originator_version=1, timestamp=NOON, topic="toys.account", state=state)
        await log.keep_snapshot(TENANT, id, large)
    kept = repository(log, capacity=100_000)
    first, second = await kept.get(TENANT, ids), await kept.get(TENANT, ids)
    assert list(first) == list(second) == ids
    assert [first[id] is second[id] for id in ids] == [False, False, True, True, True]
    # One that is larger than all may be is read each time.
    kept = repository(log, capacity=20_000)
    once, twice = await kept.get(TENANT, ids[:1]), await kept.get(TENANT, ids[:1])
    assert once == twice
    assert once[ids[0]] is not twice[ids[0]]


async def test_tenants_do_not_share_the_cache(bus: Bus, log: PostgresLog) -> None:
    id, kept = await an_account(bus), repository(log)
    await kept.get(TENANT, [id])
    assert await kept.get(THEM.tenant_id, [id]) == {}


async def test_a_snapshot_is_taken_every_so_many_events(bus: Bus, log: PostgresLog) -> None:
    id = await an_account(bus)
    for _ in range(3):
        await accepted(bus, Pay(id=id, amount=1))
    assert await log.snapshots(TENANT, [id]) == {}
    await accepted(bus, Pay(id=id, amount=1))
    snapshot = (await log.snapshots(TENANT, [id]))[id]
    assert (snapshot.originator_version, snapshot.topic, snapshot.class_version) == (5, "toys.account", 1)
    state = msgspec.json.decode(snapshot.state)
    assert state.pop("owner") == id.hex[:20]
    assert set(state) == {"opened_at", "balance", "payments", "ended", "_created_on", "_modified_on"}


async def test_from_a_snapshot_and_the_events_after_it_comes_the_same(bus: Bus, log: PostgresLog) -> None:
    id = await an_account(bus)
    for amount in range(12):
        await accepted(bus, Pay(id=id, amount=amount))
        after = (await repository(log).get(TENANT, [id]))[id]
        replayed = None
        for envelope in (await log.streams(TENANT, [id]))[id]:
            replayed = PlainCodec().decode(envelope).mutate(replayed)
        assert after == replayed


async def test_what_a_snapshot_holds_is_not_read_again(bus: Bus, log: PostgresLog) -> None:
    id, reads = await an_account(bus), Counting(log)
    for _ in range(6):
        await accepted(bus, Pay(id=id, amount=1))
    taken = (await log.snapshots(TENANT, [id]))[id].originator_version
    await repository(reads).get(TENANT, [id])  # type: ignore[arg-type]
    assert reads.loaded == list(range(taken + 1, 8))


async def test_a_stream_beside_one_without_a_snapshot_is_not_read_again_either(
    bus: Bus, log: PostgresLog
) -> None:
    long, short, reads = await an_account(bus), await an_account(bus, balance=3), Counting(log)
    for _ in range(6):
        await accepted(bus, Pay(id=long, amount=1))
    taken = (await log.snapshots(TENANT, [long]))[long].originator_version
    both = await repository(reads).get(TENANT, [short, long])  # type: ignore[arg-type]
    assert reads.loaded == [1, 2, *range(taken + 1, 8)]
    assert (both[long].version, both[short].version) == (7, 2)


async def test_a_bus_goes_on_from_a_snapshot(bus: Bus, second_bus: Bus, log: PostgresLog) -> None:
    id = await an_account(bus)
    for _ in range(7):
        await accepted(bus, Pay(id=id, amount=1))
    await accepted(second_bus, Withdraw(id=id, amount=7))
    outcome = await bus.send(Withdraw(id=id, amount=1), by=US)
    assert isinstance(outcome, Overdrawn)
    assert await balance(log, id) == 0


async def test_a_snapshot_knows_of_the_end(bus: Bus, log: PostgresLog) -> None:
    id = await an_account(bus)
    for _ in range(3):
        await accepted(bus, Pay(id=id, amount=1))
    await accepted(bus, CloseAccount(id=id))
    assert id in await log.snapshots(TENANT, [id])
    assert (await repository(log).get(TENANT, [id]))[id].ended


async def test_streams_with_and_without_a_snapshot_load_together(bus: Bus, log: PostgresLog) -> None:
    long, short = await an_account(bus), await an_account(bus, balance=3)
    for _ in range(6):
        await accepted(bus, Pay(id=long, amount=1))
    both = await repository(log).get(TENANT, [long, short])
    assert (both[long].version, both[short].version) == (7, 2)


async def test_a_snapshot_of_newer_code_is_left_aside(bus: Bus, log: PostgresLog) -> None:
    id = await an_account(bus, balance=3)
    newer = StoredSnapshot(
        originator_version=2, timestamp=NOON, topic="toys.account", state=b'{"money": 3}', class_version=2
    )
    await log.keep_snapshot(TENANT, id, newer)
    account = (await repository(log).get(TENANT, [id]))[id]
    assert isinstance(account, Account)
    assert account.balance == 3


async def test_a_snapshot_that_lacks_what_the_state_needs_is_left_aside(
    bus: Bus, log: PostgresLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = await an_account(bus, balance=3)
    older = StoredSnapshot(
        originator_version=2, timestamp=NOON, topic="toys.account", state=b'{"balance": 4}', class_version=1
    )
    await log.keep_snapshot(TENANT, id, older)
    monkeypatch.setattr(Account, "oldest_snapshot", 2)
    monkeypatch.setattr(Account, "class_version", 2)
    account = (await repository(log).get(TENANT, [id]))[id]
    assert isinstance(account, Account)
    assert account.balance == 3
