"""Replay jobs: all letters that are chosen, each once, whatever is killed, and as far as who started it may."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest

from app.entry.processes import enrolled
from app.gateway.letters.job_letters import NoLetters
from app.storage.database import Database
from domain.gateway.replay_jobs.replay_runs import ReplayRun
from projections.gateway.events import DeadLetters
from tests.gateway.sending import Json, Sender, a_source, event
from tests.kit.client import Client
from tests.kit.process_worker import Child, product_child
from tests.kit.processes import until
from tests.kit.product import Product

pytestmark = pytest.mark.servers

LETTERS = 450
"""More than two parts."""


@pytest.fixture(scope="module")
async def child(product: Product) -> AsyncIterator[Child]:
    """What runs the jobs, in processes of its own: nothing else does."""
    settings = product.settings
    database = await Database.open(settings.database_url, secret=settings.secret, writers=2, readers=1)
    await enrolled(database, [ReplayRun(NoLetters())])
    await database.close()
    async with product_child(settings, ReplayRun) as child:
        yield child


@pytest.fixture
async def owner(product: Product) -> Client:
    """An owner by what is stored too, for that is what counts as a job goes on."""
    client = await product.newcomer()
    await appoint(product, client, "OWNER")
    return client


async def appoint(product: Product, client: Client, role: str, **more: str) -> None:
    """Give somebody a role."""
    by = product.client(client.tenant, client.tenant)
    assert "user" in await by.send("ChangeUserRole", input={"id": client.me, "role": role, **more})


async def rejected(product: Product, owner: Client, *more: Json, letters: int = LETTERS) -> Sender:
    """A source of which so many events and some more were rejected, for what its key may not send."""
    till = await a_source(product, owner, scopes=["payment"])
    answers = await till.answers(*(event() for _ in range(letters)), *more)
    assert {answer["status"] for answer in answers} == {"rejected"}
    return till


async def begun(owner: Client, till: Sender) -> str:
    """The id of a job that replays all of a source."""
    receipt = await owner.send("StartReplayJob", input={"sourceId": till.id})
    id: str = receipt["replayJob"]["id"]
    return id


async def now(owner: Client, id: str) -> tuple[str, int, int]:
    """How a job stands, and how many letters it replayed, and had rejected."""
    found = await owner.send("ReplayJob", id=id)
    return found["status"], found["replayed"], found["rejected"]


async def left(owner: Client, till: Sender) -> int:
    """How many letters of a source are open, when all that happened before is in the view."""
    position = (await owner.send("RegisterSource", input={"name": str(uuid4())}))["position"]
    of = {"sourceId": {"eq": till.id}}
    count: int = (await owner.send("DeadLetters", filter=of, afterPosition=position))["totalCount"]
    return count


async def test_all_that_are_chosen_are_replayed_however_many(
    product: Product, owner: Client, child: Child
) -> None:
    till = await rejected(product, owner, event(eventId="x"))
    await rejected(product, owner, letters=1)
    start = {"input": {"sourceId": till.id}, "commandId": str(uuid4())}
    receipt = await owner.send("StartReplayJob", **start)
    job = receipt["replayJob"]
    assert (job["status"], job["matched"], job["replayed"]) == ("RUNNING", LETTERS + 1, 0)
    assert await child.run() == "exit 0"
    assert await now(owner, job["id"]) == ("FINISHED", LETTERS, 1)
    assert await left(owner, till) == 1
    again = await owner.send("StartReplayJob", **start)
    assert (again["repeated"], again["replayJob"]["matched"]) == (True, LETTERS + 1)


async def test_each_is_counted_once_whatever_is_killed(product: Product, owner: Client, child: Child) -> None:
    # As the first part is done, as that is noted, and as the second is done.
    for point in (3, 4, 7):
        till = await rejected(product, owner, event(eventId="x"), letters=205)
        id = await begun(owner, till)
        assert await child.run(point) == "exit -9"
        assert await child.run() == "exit 0"
        assert await now(owner, id) == ("FINISHED", 205, 1), f"killed at {point}"


async def test_waits_for_letters_that_were_kept_before_it_began(
    product: Product, owner: Client, child: Child
) -> None:
    operator, views = product.client(uuid4(), uuid4(), ["ops:rebuild"]), {"views": [DeadLetters.name]}
    connection = await asyncpg.connect(product.settings.database_url)

    async def let_go() -> bool:
        held = "select exists (select from ops.lanes where view = $1 and holder is not null)"
        return not await connection.fetchval(held, DeadLetters.name)

    paused = await operator.send("PauseViews", input={**views, "reason": "The disk is slow."})
    assert "views" in paused, paused
    try:
        await until(let_go)
        till = await rejected(product, owner, letters=5)
        id = await begun(owner, till)
        assert await child.run("1 recorded") == "exit -9"
    finally:
        await operator.send("ResumeViews", input=views)
        await connection.close()
    assert await child.run() == "exit 0"
    assert await now(owner, id) == ("FINISHED", 5, 0)


async def test_of_two_jobs_at_once_each_letter_is_replayed_by_one(
    product: Product, owner: Client, child: Child
) -> None:
    till = await rejected(product, owner, letters=205)
    jobs = [await begun(owner, till) for _ in range(2)]
    async with product_child(product.settings, ReplayRun) as other:
        assert set(await asyncio.gather(child.run(), other.run())) == {"exit 0"}
    found = [await now(owner, id) for id in jobs]
    assert [status for status, _, _ in found] == ["FINISHED"] * 2
    assert (sum(replayed for _, replayed, _ in found), await left(owner, till)) == (205, 0)
    events = "query Events($id: ID!) { outsideEvents(filter: { sourceId: { eq: $id } }) { totalCount } }"
    counted = (await owner.post(events, {"id": till.id})).json()
    assert counted["data"]["outsideEvents"]["totalCount"] == 205


async def test_is_paused_goes_on_and_is_cancelled(product: Product, owner: Client, child: Child) -> None:
    till = await rejected(product, owner)
    id = await begun(owner, till)
    assert (await owner.send("PauseReplayJob", input={"id": id}))["replayJob"]["status"] == "PAUSED"
    await child.run()
    # What is under way ends first.
    assert await now(owner, id) == ("PAUSED", 200, 0)
    await owner.send("ResumeReplayJob", input={"id": id})
    await child.run(4)
    assert (await owner.send("CancelReplayJob", input={"id": id}))["replayJob"]["status"] == "CANCELLED"
    await child.run()
    status, replayed, _ = await now(owner, id)
    assert (status, await left(owner, till)) == ("CANCELLED", LETTERS - replayed)
    assert (await owner.send("ResumeReplayJob", input={"id": id}))["code"] == "job_not_held"


async def test_goes_on_only_while_who_started_it_may(product: Product, owner: Client, child: Child) -> None:
    other = await product.newcomer("Eve", tenant=owner.tenant)
    await appoint(product, other, "OWNER")
    till = await rejected(product, owner, letters=205)
    id = await begun(owner, till)
    await owner.send("PauseReplayJob", input={"id": id})
    await child.run()
    await appoint(product, owner, "MEMBER", otherOwnerId=other.me)
    await owner.send("ResumeReplayJob", input={"id": id})
    await child.run()
    found = await owner.send("ReplayJob", id=id)
    assert (found["status"], found["error"], found["replayed"]) == ("FAILED", "not_permitted", 200)
    assert await left(owner, till) == 5
    await appoint(product, owner, "OWNER")
    await owner.send("ResumeReplayJob", input={"id": id})
    await child.run()
    assert await now(owner, id) == ("FINISHED", 205, 0)


async def test_who_may_not_send_starts_none_and_others_see_nothing(
    product: Product, owner: Client, client: Client
) -> None:
    till = await rejected(product, owner, letters=1)
    writer = product.client(owner.tenant, owner.user, ["gateway:read", "gateway:write"], role="guest")
    refused = await writer.send("StartReplayJob", input={"sourceId": till.id})
    assert refused["code"] == "forbidden"
    id = await begun(owner, till)
    assert await client.send("ReplayJob", id=id) is None
    assert (await client.send("ReplayJobs"))["edges"] == []
    for direct in ("PauseReplayJob", "ResumeReplayJob", "CancelReplayJob"):
        assert (await client.send(direct, input={"id": id}))["code"] == "not_found"
    theirs = await client.send("StartReplayJob", input={"sourceId": till.id})
    assert theirs["replayJob"]["matched"] == 0
