"""One process of the race: appends to streams that all processes fight over, or follows the log.

``python -m tests.log.racer append URL COMMANDS`` appends each command until it is stored and prints the
positions of its receipts. ``python -m tests.log.racer follow URL EVENTS`` prints the positions it saw.
"""

import asyncio
import json
import random
import sys
from itertools import islice
from uuid import UUID, uuid4

from app.log.follower import LogFollower
from app.log.postgres import PostgresLog
from app.storage.database import Database
from domain.kit.log import AppendReceipt, Conflict
from tests.kit.servers import SECRET
from tests.log.appends import TENANT, command, event

STREAMS = [UUID(int=n) for n in range(1, 9)]


async def append(database: Database, commands: int) -> list[list[int]]:
    log = PostgresLog(database)
    receipts: list[list[int]] = []
    numbers = iter(range(commands))

    async def caller() -> None:
        for _ in numbers:
            while True:
                stream = random.choice(STREAMS)
                stands = (await log.streams(TENANT, [stream])).get(stream, [])
                new = command(event(stream, len(stands) + 1), *(event() for _ in range(random.randrange(3))))
                # Each command is sent twice at once, as a client does whose first try timed out.
                first, again = await asyncio.gather(log.append(new), log.append(new))
                if isinstance(first, AppendReceipt) and isinstance(again, AppendReceipt):
                    assert (first.first, first.last) == (again.first, again.last)
                    receipts.append([first.first, first.last])
                    break
                assert isinstance(first, Conflict), first

    await asyncio.gather(*(caller() for _ in range(8)))
    # Something that fails after it was decided, so that a rolled-back position would leave a gap.
    bad = command(event(payload=b"no JSON", event_id=uuid4()))
    await asyncio.gather(log.append(bad), return_exceptions=True)
    await log.close()
    return receipts


async def follow(database: Database, events: int) -> list[int]:
    seen: list[int] = []
    async for page in LogFollower(database, page=7, poll=0.002).follow(after=0):
        seen += [event.position for event in islice(page, events - len(seen))]
        if len(seen) >= events:
            break
    return seen


async def main(work: str, url: str, number: int) -> None:
    database = await Database.open(url, secret=SECRET, writers=2, readers=2)
    print(json.dumps(await (append if work == "append" else follow)(database, number)))
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
