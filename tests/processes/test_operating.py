"""Operators see and repair effects from the command line, and filling views from the log does no effect."""

import asyncio
import json
from pathlib import Path
from typing import Any

from app.settings import Settings
from domain.kit.bus.bus import Bus
from domain.kit.process.effects import Call
from tests.domain.sending import accepted, an_account
from tests.domain.toys import Pay
from tests.kit.following import Worker
from tests.kit.processes import until
from tests.kit.servers import SECRET
from tests.operations.command_line import CommandLine
from tests.processes.outside import Outside
from tests.processes.toys import Thanks
from tests.processes.working import SetClock, Works


async def _headwater(url: str, *arguments: str) -> tuple[int, str]:
    """Exit code and output of a command, which runs an event loop of its own in a thread."""
    headwater = CommandLine(Settings(database_url=url, secret=SECRET))
    ran = await asyncio.to_thread(headwater, "effects", *arguments)
    return ran.code, ran.out


async def _fail(what: str, call: Call[Any]) -> None:
    raise ConnectionError("gone")


async def test_an_operator_lists_retries_and_discards(
    database_url: str, works: Works, bus: Bus, clock: SetClock
) -> None:
    outside, clock.tick = Outside(), 1
    outside.trouble = _fail
    await works.start(Thanks(outside))
    for _ in range(2):
        await accepted(bus, Pay(id=await an_account(bus), amount=1))
    await works.reach("parked", "parked")
    code, text = await _headwater(database_url, "list", "--json")
    listed = json.loads(text)
    assert code == 0
    assert (await _headwater(database_url, "list", "--check"))[0] == 1
    assert [effect["status"] for effect in listed["effects"]] == ["parked", "parked"]
    assert listed["processes"][0]["parked"] == 2
    first, second = (effect["id"] for effect in listed["effects"])
    outside.trouble = None
    assert await _headwater(database_url, "retry", str(first), "--json") == (
        0,
        f'{{"retried":[{first}]}}\n',
    )
    assert await _headwater(database_url, "discard", str(second), "--reason", "no use") == (
        0,
        "1 effect discarded.\n",
    )
    await works.quiet()
    assert outside.deeds == ["thanks for 1"]
    assert await works.statuses() == [("thank", "done"), ("thank", "discarded")]
    assert await _headwater(database_url, "list") == (0, "Nothing is to be done, and nothing is parked.\n")
    assert await _headwater(database_url, "list", "--check") == await _headwater(database_url, "list")
    assert (await _headwater(database_url, "retry", str(first)))[0] == 1


async def test_filling_every_view_from_the_first_event_does_no_effect(
    database_url: str, redis_url: str, works: Works, bus: Bus, tmp_path: Path
) -> None:
    outside = Outside()
    await works.start(Thanks(outside))
    for amount in (1, 2):
        await accepted(bus, Pay(id=await an_account(bus), amount=amount))
    await works.quiet()
    before = await works.rows("select * from processes.ledger order by id")
    worker = Worker(
        Settings(data_dir=tmp_path, database_url=database_url, redis_url=redis_url, secret=SECRET)
    )
    head = await works.log.head()

    async def filled() -> bool:
        # There is no search server here.
        query = (
            "select count(*) filter (where l.position < $1), count(*) > 0 "
            "from ops.lanes l join ops.views v using (view) where v.store <> 'search'"
        )
        return await works.rows(query, head) == [(0, True)]

    for _ in range(2):
        await worker.start()
        await until(filled)
        await worker.pause()
        await works.database.writer.execute("update ops.lanes set position = 0, folded = 0")
    assert await works.rows("select * from processes.ledger order by id") == before
    assert len(outside.calls) == 2


async def test_what_fails_is_told_until_it_works_though_the_rest_goes_on(works: Works, bus: Bus) -> None:
    await works.start(Thanks(Outside()))
    owner = await works.database.owner()
    account = await an_account(bus)
    await owner.execute("alter table processes.timers rename to timers_elsewhere")

    async def told() -> str | None:
        ((error,),) = await works.rows("select error from processes.lanes")
        return str(error) if error else None

    async def failing() -> bool:
        return await told() is not None

    async def moved() -> bool:
        ((position,),) = await works.rows("select position from processes.lanes")
        return bool(position == await works.log.head())

    await accepted(bus, Pay(id=account, amount=1))
    await until(failing)
    await an_account(bus)
    await until(moved)
    assert await told() == "UndefinedTableError"
    await owner.execute("alter table processes.timers_elsewhere rename to timers")
    await owner.close()

    async def well() -> bool:
        return await told() is None

    await until(well)
    await works.quiet()
