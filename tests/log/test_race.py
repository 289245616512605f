"""Several processes append and several follow: nothing is skipped, doubled or out of order."""

import asyncio
import json
import sys
from typing import Any

from app.storage.database import Database
from tests.log.appends import whole

_APPENDERS = 3
_COMMANDS = 50


async def _racer(work: str, url: str, number: int) -> Any:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.log.racer", work, url, str(number), stdout=asyncio.subprocess.PIPE
    )
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0
    return json.loads(output)


async def test_no_process_misses_an_event(database_url: str, database: Database) -> None:
    # Every command has at least one event, so followers may stop there; they start before the log does.
    least = _APPENDERS * _COMMANDS
    async with asyncio.TaskGroup() as race:
        followers = [race.create_task(_racer("follow", database_url, least)) for _ in range(2)]
        appenders = [race.create_task(_racer("append", database_url, _COMMANDS)) for _ in range(_APPENDERS)]
    for follower in followers:
        assert follower.result() == list(range(1, least + 1))
    receipts = sorted(receipt for appender in appenders for receipt in appender.result())
    positions = [position for first, last in receipts for position in range(first, last + 1)]
    assert positions == list(range(1, await whole(database) + 1))
