"""Subscriptions that begin with the present state: it and the changes join, whatever is written meanwhile."""

import asyncio
import random
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import pytest

from api.kit.schema.live import present
from tests.kit.client import Client
from tests.kit.product import Product, running
from tests.work.api import created, head, project


@dataclass
class Mirror:
    """A client's list: replaced by each whole state, and changed as each message says."""

    tasks: dict[str, Any] = field(default_factory=dict)
    coming: dict[str, Any] = field(default_factory=dict)
    cursors: list[int] = field(default_factory=list)
    """Of the changes since the last state, which itself is the first."""
    codes: list[str] = field(default_factory=list)

    def take(self, message: dict[str, Any]) -> None:
        """Do what a message says."""
        if "complete" in message:
            self.coming |= {node["id"]: node for node in message["nodes"]}
            assert message["complete"] is (message["cursor"] != "0")
            if message["complete"]:
                self.tasks, self.coming = self.coming, {}
                self.cursors = [int(message["cursor"])]
        elif "code" in message:
            self.codes.append(message["code"])
        else:
            self.cursors.append(int(message["cursor"]))
            if message["kind"] == "REMOVED":
                self.tasks.pop(message["nodeId"], None)
            else:
                self.tasks[message["nodeId"]] = message["node"]

    @property
    def titles(self) -> dict[str, str]:
        """What the list shows."""
        return {id: task["title"] for id, task in self.tasks.items()}


async def follow(messages: AsyncGenerator[Any, None], until: str, mirror: Mirror | None = None) -> Mirror:
    """What a client has once it has a task of this title."""
    mirror = mirror or Mirror()
    async with asyncio.timeout(120):
        while until not in mirror.titles.values():
            mirror.take(await anext(messages))
    return mirror


def within(project_id: str | None) -> dict[str, object]:
    """The filter of the tasks in a project, or of all."""
    return {} if project_id is None else {"projectId": {"eq": project_id}}


async def listed(client: Client, project_id: str | None) -> dict[str, str]:
    edges = (await client.send("Tasks", filter=within(project_id), first=100))["edges"]
    return {edge["node"]["id"]: edge["node"]["title"] for edge in edges}


@pytest.mark.parametrize("transport", ["watching", "streaming"])
async def test_state_and_changes_join_while_others_write(client: Client, transport: str) -> None:
    garden, yard = await project(client, "Garden"), await project(client, "Yard")
    tasks = [await created(client, f"Before {n}", projectId=random.choice([garden, yard])) for n in range(6)]
    start, stop = int(await head(client, tasks[-1])), asyncio.Event()

    async def write(task: dict[str, Any]) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            await client.send("RenameTask", input={"id": task["id"], "title": f"{task['title']} {number}"})
            there = [garden, yard][number % 2]
            await client.send("MoveTask", input={"id": task["id"], "projectId": there})

    async def watch(number: int) -> Mirror:
        await asyncio.sleep(number / 100)
        by = within([garden, None][number % 2])
        async with getattr(client, transport)("TaskChanged", filter=by, initial=True) as messages:
            mirror = Mirror()
            async with asyncio.timeout(120):
                while len(mirror.cursors) < 12:
                    mirror.take(await anext(messages))
                if number == 0:
                    stop.set()
            return await follow(messages, "Last", mirror)

    writing = [asyncio.create_task(write(task)) for task in tasks]
    watching = [asyncio.create_task(watch(number)) for number in range(4)]
    async with asyncio.timeout(120):
        await asyncio.gather(*writing)
    await created(client, "Last", projectId=garden)
    mirrors = await asyncio.gather(*watching)
    changes = await _changes(client, start)
    for number, mirror in enumerate(mirrors):
        assert mirror.titles == await listed(client, [garden, None][number % 2])
        state, *cursors = mirror.cursors
        told = [position for position in changes if position > state]
        # Each change after the state once, and none of those that it shows. Which of them are about a place
        # depends on where a task is by then.
        assert cursors == (told if number % 2 else sorted({*cursors} & {*told}))


async def _changes(client: Client, start: int) -> list[int]:
    """The positions of all that there was to be told."""
    positions: list[int] = []
    async with client.watching("TaskChanged", resumeFrom=str(start)) as messages:
        while True:
            message = await anext(messages)
            positions.append(int(message["cursor"]))
            if message["change"] == "TASK_CREATED" and message["node"]["title"] == "Last":
                return positions


async def test_the_state_comes_in_parts_and_an_empty_one_is_told(client: Client, product: Product) -> None:
    eve = await product.newcomer("Eve", tenant=client.tenant)
    async with client.watching(
        "TaskChanged", filter={"assignedTo": {"eq": eve.me}}, initial=True
    ) as messages:
        empty = await anext(messages)
    garden = await project(client, "Garden")
    for number in range(3):
        await created(client, str(number), projectId=garden)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(present, "PART", 2)
        async with client.watching(
            "TaskChanged", filter={"projectId": {"eq": garden}}, initial=True
        ) as messages:
            first, last = [await anext(messages) for _ in range(2)]
    assert (empty["nodes"], empty["complete"]) == ([], True)
    assert ([node["title"] for node in first["nodes"]], first["cursor"]) == (["0", "1"], "0")
    assert ([node["title"] for node in last["nodes"]], last["complete"]) == (["2"], True)


async def test_more_than_can_be_sent_is_to_be_read_by_pages(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    garden = await project(client, "Garden")
    task, *_ = [await created(client, str(number), projectId=garden) for number in range(3)]
    for limit in ("MOST_ROWS", "MOST_BYTES"):
        with monkeypatch.context() as patch:
            patch.setattr(present, limit, 2)
            async with client.watching(
                "TaskChanged", filter={"projectId": {"eq": garden}}, initial=True
            ) as messages:
                gap = await anext(messages)
                await client.send("RenameTask", input={"id": task["id"], "title": limit})
                change = await anext(messages)
        assert gap["code"] == "TOO_MUCH"
        assert (change["node"]["title"], int(change["cursor"]) > int(gap["cursor"])) == (limit, True)


async def test_who_can_go_on_is_not_sent_the_state(client: Client) -> None:
    task = await created(client, "Dig")
    start = await head(client, task)
    await client.send("RenameTask", input={"id": task["id"], "title": "Sow"})
    async with client.watching("TaskChanged", resumeFrom=start, initial=True) as messages:
        message = await anext(messages)
    assert (message["kind"], message["node"]["title"]) == ("UPDATED", "Sow")


@pytest.mark.parametrize("ahead", [True, False])
async def test_who_cannot_go_on_is_sent_the_state(client: Client, product: Product, ahead: bool) -> None:
    task = await created(client, "0")
    start = int(await head(client, task)) + (100_000 if ahead else 0)
    for number in range(1, 5):
        await client.send("RenameTask", input={"id": task["id"], "title": str(number)})
    async with (
        running(replace(product.settings, resume_events=3)) as url,
        httpx.AsyncClient(base_url=url, timeout=120) as http,
    ):
        late = replace(client, http=http)
        async with late.watching("TaskChanged", resumeFrom=str(start), initial=True) as messages:
            gap, state = [await anext(messages) for _ in range(2)]
            await client.send("RenameTask", input={"id": task["id"], "title": "Now"})
            change = await anext(messages)
    assert gap["code"] == ("POSITION_IN_FUTURE" if ahead else "TOO_FAR_BACK")
    # Whoever is cut off before the state comes to the same again.
    assert gap["cursor"] == str(start)
    assert {node["id"]: node["title"] for node in state["nodes"]}[task["id"]] == "4"
    assert int(change["cursor"]) == int(state["cursor"]) + 1


async def test_who_may_see_less_is_sent_the_state_that_they_see(client: Client, product: Product) -> None:
    member = await product.newcomer("Max", tenant=client.tenant, role="member")
    garden = await project(client, "Garden")
    hidden, plain = await created(client, "Hidden", projectId=garden), await created(client, "Plain")
    mirror = Mirror()
    async with member.watching("TaskChanged", initial=True) as messages:
        await follow(messages, "Plain", mirror)
        assert mirror.titles[hidden["id"]] == "Hidden"
        await client.send("ChangeProjectVisibility", input={"id": garden, "visibility": "PRIVATE"})
        await client.send("RenameTask", input={"id": plain["id"], "title": "Last"})
        await follow(messages, "Last", mirror)
    assert mirror.codes == ["SIGHT_CHANGED"]
    assert hidden["id"] not in mirror.tasks


async def test_counts_begin_with_what_they_are(client: Client, product: Product) -> None:
    member = await product.newcomer("Max", tenant=client.tenant, role="member")
    await created(client, "Dig", assignedTo=member.me)
    for person in (client, member):
        async with person.watching("TaskStatsChanged", userId=member.me, initial=True) as messages:
            state = await anext(messages)
        assert [node["todo"] for node in state["nodes"]] == [1]
