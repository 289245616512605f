"""Data migrations through commands: what they change is in the log, so a replay keeps it."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid5

from app.storage.database import Database
from domain.kit.bus.bus import Bus
from domain.kit.caller import SYSTEM, Caller
from domain.kit.log import AppendReceipt
from domain.work.tag_words import tags_in
from domain.work.task_commands import ExtractTaskTags

_RUN = UUID("5b1d5f58-59a5-4f3c-8b3e-0c8f6a6f0001")
_UNTAGGED = """
select tenant_id, id, title || ' ' || description as text from tasks.tasks
 where tags = '{}' and (tenant_id, id) > ($1, $2) order by tenant_id, id limit $3
"""
_KNOWN = "select distinct lower(unnest(tags)) as tag from tasks.tasks where tenant_id = $1"


async def extract_tags(database: Database, bus: Bus, *, batch: int = 1000) -> int:
    """Give tasks without tags those found in their text; say how many got some.

    Goes by key, not by offset: what a batch changes leaves the selection, and an offset would skip as many
    of the rest. Safe to repeat and to kill, for each task's command has an id of its own.
    """
    changed = 0
    known: dict[UUID, set[str]] = {}
    async for page in _pages(database, batch):
        for tenant_id in {row[0] for row in page} - known.keys():
            known[tenant_id] = {row["tag"] for row in await database.writer.fetch(_KNOWN, tenant_id)}
        found = [(tenant, id, tags) for tenant, id, text in page if (tags := tags_in(text, known[tenant]))]
        outcomes = await asyncio.gather(
            *(
                bus.send(
                    ExtractTaskTags(id=id, tags=tags),
                    by=Caller(tenant_id=tenant_id, user_id=SYSTEM),
                    command_id=uuid5(_RUN, str(id)),
                )
                for tenant_id, id, tags in found
            )
        )
        changed += sum(isinstance(outcome, AppendReceipt) and not outcome.repeated for outcome in outcomes)
    return changed


async def _pages(database: Database, size: int) -> AsyncIterator[list[tuple[UUID, UUID, str]]]:
    last = UUID(int=0), UUID(int=0)
    while rows := await database.writer.fetch(_UNTAGGED, *last, size):
        yield [(row["tenant_id"], row["id"], row["text"]) for row in rows]
        last = rows[-1]["tenant_id"], rows[-1]["id"]
