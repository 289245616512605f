"""A company has few jobs of a kind that run or are paused, also where several are started at one moment."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import pytest

from api.gateway.room import job_room
from domain.kit.process.jobs import MOST_JOBS
from projections.gateway.events import OutsideEvents
from tests.gateway.sending import Sender, a_source
from tests.imports.importing import FIELDS, Importer, Json, table
from tests.kit.client import Client
from tests.kit.product import Product

pytestmark = pytest.mark.servers


@pytest.fixture
async def shop(product: Product, client: Client) -> Sender:
    """A source; nothing runs jobs."""
    return await a_source(product, client)


async def starting(
    kind: str, product: Product, client: Client, shop: Sender
) -> Callable[[], Awaitable[Json]]:
    """What starts a job of a kind."""
    if kind == "Import":
        file = await Importer(product, client, UUID(shop.id)).file(table(1))
        asked = {"fileId": file, "sourceId": shop.id, "format": "CSV", "fields": FIELDS}
    else:
        asked = {"sourceId": shop.id}

    async def start() -> Json:
        found: Json = await client.send(f"Start{kind}", input=asked)
        return found

    return start


@pytest.mark.parametrize(("kind", "shown"), [("Import", "import"), ("ReplayJob", "replayJob")])
async def test_few_jobs_of_a_kind_run_or_are_paused(
    product: Product, client: Client, shop: Sender, kind: str, shown: str
) -> None:
    start = await starting(kind, product, client, shop)
    receipts = await asyncio.gather(*(start() for _ in range(MOST_JOBS + 2)))
    refused = [receipt for receipt in receipts if shown not in receipt]
    assert [receipt["code"] for receipt in refused] == ["too_many_jobs"] * 2
    assert str(MOST_JOBS) in refused[0]["message"]
    ids = [receipt[shown]["id"] for receipt in receipts if shown in receipt]
    # What is paused goes on at any time, so it takes its place, and needs no other to go on.
    await client.send(f"Pause{kind}", input={"id": ids[0]})
    assert (await start())["code"] == "too_many_jobs"
    assert shown in await client.send(f"Resume{kind}", input={"id": ids[0]})
    # What is over makes room.
    await client.send(f"Cancel{kind}", input={"id": ids[0]})
    assert shown in await start()


async def test_a_command_that_was_executed_is_answered_as_before(
    product: Product, client: Client, shop: Sender
) -> None:
    command, asked = str(uuid4()), {"sourceId": shop.id}
    first = await client.send("StartReplayJob", input=asked, commandId=command)
    start = await starting("ReplayJob", product, client, shop)
    for _ in range(MOST_JOBS - 1):
        assert "replayJob" in await start()
    again = await client.send("StartReplayJob", input=asked, commandId=command)
    assert (again["repeated"], again["position"]) == (True, first["position"])


def test_only_a_view_that_is_never_behind_says_how_many_there_are() -> None:
    with pytest.raises(TypeError, match="may be behind"):
        job_room(OutsideEvents, "events")
