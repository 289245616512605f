"""The back-fill of tags goes through commands, reaches every task, and may be repeated."""

import asyncio
from uuid import UUID, uuid4

import pytest

from app.composition.write_side import commanding
from app.settings import Settings
from app.storage.backfill import extract_tags
from domain.identity.registration import RegisterUser
from domain.kit.bus.bus import Bus
from domain.kit.caller import Caller
from domain.kit.log import AppendReceipt, Selection
from domain.work.tag_words import tags_in
from domain.work.task_commands import CreateTask


async def _create(bus: Bus, by: Caller, **fields: object) -> UUID:
    id = uuid4()
    assert isinstance(await bus.send(CreateTask(id=id, **fields), by=by), AppendReceipt)  # type: ignore[arg-type]
    return id


async def test_every_untagged_task_gets_its_tags_once(settings: Settings) -> None:
    tenant, user = uuid4(), uuid4()
    by = Caller(tenant_id=tenant, user_id=user)
    async with commanding(settings) as (database, bus):
        await bus.send(RegisterUser(id=user, email="ada@example.com", first_name="Ada"), by=by)
        await _create(bus, by, title="Known", tags=("garden",))
        # More than three pages; an offset would skip tasks, since tagged ones leave the selection.
        ids = await asyncio.gather(*(_create(bus, by, title=f"Rake the Garden #{n}a") for n in range(35)))
        plain = await _create(bus, by, title="Nothing to find")

        assert await extract_tags(database, bus, batch=10) == 35
        assert await extract_tags(database, bus, batch=10) == 0

        rows = await database.writer.fetch("select id, tags from tasks.tasks where tenant_id = $1", tenant)
        found = {row["id"]: row["tags"] for row in rows}
        assert [found[id] for id in ids] == [[f"{n}a", "garden"] for n in range(35)]
        assert found[plain] == []


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("Call #Ada-2 about #billing", ("ada-2", "billing")),
        ("The shop, the SHOP and nothing else", ("shop",)),
        ("#shop in the shop", ("shop",)),
        ("workshop", ()),
        (" ".join(f"#t{n}" for n in range(20)), tuple(f"t{n}" for n in range(10))),
    ],
)
def test_tags_are_hashtags_and_known_words(text: str, tags: tuple[str, ...]) -> None:
    assert tags_in(text, {"shop"}) == tags


async def test_the_log_says_that_nobody_asked_for_it(settings: Settings) -> None:
    async with commanding(settings) as (database, bus):
        tenant, user = uuid4(), uuid4()
        by = Caller(tenant_id=tenant, user_id=user)
        await bus.send(RegisterUser(id=user, email="bo@example.com", first_name="Bo"), by=by)
        id = await _create(bus, by, title="Water #plants")
        await extract_tags(database, bus)
        select = Selection(tenant_id=tenant, originator_id=id, types=["work.task.tags_extracted"])
        (extracted,) = await bus.log.read(limit=10, select=select)
        assert extracted.user_id is None
