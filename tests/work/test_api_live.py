"""Live changes over WebSocket and SSE: what is heard, by whom, from where on, and at what cost."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
import pytest
from websockets.asyncio.client import ClientConnection

from tests.kit.client import Client, subscribe
from tests.kit.product import Product, running
from tests.work.api import created, head, project


async def taken(messages: AsyncGenerator[Any, None], count: int) -> list[Any]:
    """The next messages."""
    async with asyncio.timeout(120):
        return [await anext(messages) for _ in range(count)]


@pytest.mark.parametrize("transport", ["watching", "streaming"])
async def test_every_change_of_a_task_is_heard_with_the_task_as_it_stands(
    client: Client, transport: str
) -> None:
    start = await head(client, await created(client, "Before"))
    position = int(start)
    task = await created(client, "Dig")
    async with getattr(client, transport)("TaskChanged", resumeFrom=start) as messages:
        (first,) = await taken(messages, 1)
        await client.send("AssignTask", input={"id": task["id"], "assignedTo": client.me})
        (second,) = await taken(messages, 1)
        await client.send("CompleteTask", input={"id": task["id"]})
        (third,) = await taken(messages, 1)
    history = await client.send("History", stream=task["id"])
    node = {"id": task["id"], "title": "Dig", "status": "TODO", "assignee": None}
    mine = {"id": client.me, "name": "Ada"}
    assert [first, second, third] == [
        {
            "cursor": str(position + number),
            "kind": "CREATED" if change == "CREATED" else "UPDATED",
            "change": f"TASK_{change}",
            "nodeId": task["id"],
            "at": history["nodes"][number - 1]["timestamp"],
            "by": client.me,
            "node": {**node, **now},
        }
        for number, change, now in (
            (1, "CREATED", {}),
            (2, "ASSIGNED", {"assignee": mine}),
            (3, "COMPLETED", {"assignee": mine, "status": "COMPLETED"}),
        )
    ]


async def test_who_watches_a_project_hears_of_what_comes_changes_and_leaves(client: Client) -> None:
    garden, yard = await project(client, "Garden"), await project(client, "Yard")
    other = await created(client, "Other", projectId=yard)
    start = await head(client, other)
    task = await created(client, "Dig", projectId=yard)
    for project_id in (garden, None, garden, yard):
        await client.send("MoveTask", input={"id": task["id"], "projectId": project_id})
        await client.send("RenameTask", input={"id": other["id"], "title": str(project_id)})
    await client.send("CompleteTask", input={"id": task["id"]})
    last = await created(client, "Last", projectId=garden)
    async with client.watching(
        "TaskChanged", filter={"projectId": {"eq": garden}}, resumeFrom=start
    ) as messages:
        heard = await taken(messages, 5)
    # A message carries the task as it stands when it is sent, which is after all of this, and elsewhere.
    assert [(message["kind"], message["change"], message["node"]["title"]) for message in heard] == [
        *(("REMOVED", "TASK_MOVED", "Dig"),) * 4,
        ("CREATED", "TASK_CREATED", "Last"),
    ]
    assert heard[-1]["node"]["id"] == last["id"]


async def test_who_watches_a_person_hears_of_what_is_given_and_taken_away(
    client: Client, product: Product
) -> None:
    eve = await product.newcomer("Eve", tenant=client.tenant)
    task = await created(client, "Dig", assignedTo=client.me)
    start = await head(client, task)
    async with client.watching(
        "TaskChanged", filter={"assignedTo": {"eq": eve.me}}, resumeFrom=start
    ) as messages:
        await client.send("RenameTask", input={"id": task["id"], "title": "Plough"})
        await client.send("AssignTask", input={"id": task["id"], "assignedTo": eve.me})
        given = await taken(messages, 1)
        await client.send("RenameTask", input={"id": task["id"], "title": "Sow"})
        renamed = await taken(messages, 1)
        await client.send("UnassignTask", input={"id": task["id"]})
        lost = await taken(messages, 1)
    assert [
        (message["kind"], message["change"], message["node"]["assignee"])
        for message in (*given, *renamed, *lost)
    ] == [
        ("UPDATED", "TASK_ASSIGNED", {"id": eve.me, "name": "Eve"}),
        ("UPDATED", "TASK_RENAMED", {"id": eve.me, "name": "Eve"}),
        ("REMOVED", "TASK_UNASSIGNED", None),
    ]


async def test_who_is_cut_off_between_two_messages_of_one_event_gets_both_again(
    client: Client, product: Product
) -> None:
    eve = await product.newcomer("Eve", tenant=client.tenant)
    task = await created(client, "Dig", assignedTo=client.me)
    start = await head(client, task)
    given = await client.send("AssignTask", input={"id": task["id"], "assignedTo": eve.me})
    async with client.watching("TaskStatsChanged", resumeFrom=start) as messages:
        heard = await taken(messages, 2)
    assert [int(message["cursor"]) for message in heard] == [
        int(given["position"]) - 1,
        int(given["position"]),
    ]
    async with client.watching("TaskStatsChanged", resumeFrom=heard[0]["cursor"]) as messages:
        again = await taken(messages, 2)
    assert {message["node"]["userId"] for message in again} == {client.me, eve.me}


async def test_counts_are_heard_each_time_they_change(client: Client) -> None:
    start = await head(client, await created(client))
    async with client.watching("TaskStatsChanged", userId=client.me, resumeFrom=start) as messages:
        task = await created(client, "Dig", assignedTo=client.me)
        (message,) = await taken(messages, 1)
        await client.send("CompleteTask", input={"id": task["id"]})
        (later,) = await taken(messages, 1)
    counts = {"userId": client.me, "todo": 0, "inProgress": 0, "inReview": 0, "completed": 0, "cancelled": 0}
    assert [message, later] == [
        {"cursor": message["cursor"], "change": "TASK_CREATED", "node": {**counts, "todo": 1}},
        {"cursor": later["cursor"], "change": "TASK_COMPLETED", "node": {**counts, "completed": 1}},
    ]


async def test_a_client_that_comes_back_gets_exactly_what_it_missed_in_order(client: Client) -> None:
    task = await created(client, "0")
    start, cursor = await head(client, task), None
    heard: list[str] = []
    for number in range(1, 30):
        await client.send("RenameTask", input={"id": task["id"], "title": str(number)})
    renames = [str(position) for position in range(int(start) + 1, int(start) + 30)]
    while len(heard) < 29:
        async with client.watching("TaskChanged", resumeFrom=cursor or start) as messages:
            heard += [message["cursor"] for message in await taken(messages, 5 if len(heard) < 25 else 4)]
        cursor = heard[-1]
    assert heard == renames


async def test_who_comes_back_too_late_is_told_so_and_goes_on_from_now(
    client: Client, product: Product
) -> None:
    task = await created(client)
    start = await head(client, task)
    for number in range(4):
        await client.send("RenameTask", input={"id": task["id"], "title": str(number)})
    async with (
        running(replace(product.settings, resume_events=3)) as url,
        httpx.AsyncClient(base_url=url, timeout=120) as http,
    ):
        late = replace(client, http=http)
        async with late.watching("TaskChanged", resumeFrom=start) as messages:
            (gap,) = await taken(messages, 1)
            await client.send("RenameTask", input={"id": task["id"], "title": "Now"})
            (now,) = await taken(messages, 1)
        async with late.watching("TaskChanged", resumeFrom=str(int(start) + 2)) as messages:
            missed = await taken(messages, 3)
    assert gap == {
        "cursor": str(int(start) + 4),
        "code": "TOO_FAR_BACK",
        "reason": "More than 3 events lie between and are left out: read the current state again.",
    }
    assert (now["cursor"], now["node"]["title"]) == (str(int(start) + 5), "Now")
    assert [message["cursor"] for message in missed] == [str(int(start) + number) for number in (3, 4, 5)]


async def test_a_person_has_a_bound_of_subscriptions_over_all_their_keys(
    client: Client, product: Product
) -> None:
    async with (
        running(replace(product.settings, max_subscriptions_each=1)) as url,
        httpx.AsyncClient(base_url=url, timeout=120) as http,
    ):
        mine = replace(client, http=http)
        async with mine.streaming("TaskChanged", resumeFrom="0"):
            async with mine.watching("TaskStatsChanged") as messages:
                ((refused,),) = [message["errors"] for message in await taken(messages, 1)]
    assert refused["extensions"] == {"code": "TOO_MANY_SUBSCRIPTIONS"}


async def test_a_cursor_that_no_message_had_is_a_gap_when_it_is_ahead_and_refused_when_it_is_none(
    client: Client,
) -> None:
    start = await head(client, await created(client))
    future = str(int(start) + 1)
    async with client.watching("TaskChanged", resumeFrom=future) as messages:
        (gap,) = await taken(messages, 1)
        await created(client)
        (next,) = await taken(messages, 1)
    assert gap == {
        "cursor": start,
        "code": "POSITION_IN_FUTURE",
        "reason": f"Position {future} does not exist yet; the log ends at {start}: read the current state again.",
    }
    assert next["cursor"] == future
    async with client.watching("TaskChanged", resumeFrom="-1") as messages:
        (error,) = (await taken(messages, 1))[0]["errors"]
        assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_events_are_for_auditors(client: Client, product: Product) -> None:
    task = await created(client)
    member = product.client(client.tenant, client.user, role="member")
    start = await head(client, task)
    async with member.watching("Events", resumeFrom=start) as messages:
        ((error,),) = [message["errors"] for message in await taken(messages, 1)]
    assert error["extensions"] == {"code": "FORBIDDEN", "permission": "audit:read"}
    auditor = await product.newcomer(tenant=client.tenant)
    async with auditor.streaming("Events", resumeFrom=start) as messages:
        (registered,) = await taken(messages, 1)
        await client.send("RenameTask", input={"id": task["id"], "title": "Sow"})
        (renamed,) = await taken(messages, 1)
    assert registered["type"] == "identity.user.registered"
    assert renamed == {
        "cursor": str(int(start) + 2),
        "type": "work.task.renamed",
        "eventId": renamed["eventId"],
        "aggregateId": f"task_{task['id']}",
        "version": 2,
        "timestamp": renamed["timestamp"],
        "by": client.me,
        "correlationId": renamed["correlationId"],
        "data": {"title": "Sow"},
    }


@pytest.fixture
async def crowd(client: Client, product: Product) -> AsyncIterator[list[ClientConnection]]:
    """Ten people of the tenant, each with a connection."""
    async with AsyncExitStack() as stack:
        users = [client, *(product.client(client.tenant, UUID(int=number)) for number in range(1, 10))]
        yield [await stack.enter_async_context(user.socket()) for user in users]


async def test_a_thousand_on_one_topic_cost_one_read_of_each_event(
    client: Client, product: Product, crowd: list[ClientConnection]
) -> None:
    task = await created(client, "0")
    for socket in crowd:
        for number in range(100):
            await socket.send(subscribe(str(number), "TaskChanged", {}))

    async def heard(title: str) -> int:
        """How many messages tell that the task has this title, once everybody has been told."""
        count = 0
        for socket in crowd:
            received: set[str] = set()
            while len(received) < 100:
                message = json.loads(await socket.recv())
                if message["type"] == "next" and _title(message) == title:
                    received.add(message["id"])
                    count += 1
        return count

    # Subscriptions begin some time after they are asked for: all have begun when all have heard one event.
    async def nudge() -> None:
        while True:
            for title in ("1", "begun"):
                await client.send("RenameTask", input={"id": task["id"], "title": title})

    nudging = asyncio.create_task(nudge())
    async with asyncio.timeout(120):
        await heard("begun")
        nudging.cancel()
        await asyncio.gather(nudging, return_exceptions=True)
        await client.send("RenameTask", input={"id": task["id"], "title": "quiet"})
        await heard("quiet")
        product.statements.clear()
        await client.send("DescribeTask", input={"id": task["id"], "description": "x"})
        assert await heard("quiet") == 1_000
    reads = [statement for statement in product.statements if '"tasks_g1"."tasks"' in statement]
    assert len(reads) == 2, "one for the receipt of the mutation, one for all who listen"


def _title(message: Any) -> str:
    title: str = message["payload"]["data"]["taskChanged"]["node"]["title"]
    return title
