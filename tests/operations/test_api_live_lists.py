"""Operators' lists by subscription: read once a second for all who watch, and never while nobody does."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any
from uuid import uuid4

import pytest

from domain.kit.permissions import ROLES
from projections.operations import polled_lists
from projections.operations.polled_lists import PolledLists
from tests.kit.client import Client
from tests.kit.product import Product

VIEW = "tasks.user_stats"
NEEDS = {
    "ViewChanged": "ops:views",
    "RebuildChanged": "ops:views",
    "ParkedChanged": "ops:repair",
    "TenantPlacementChanged": "ops:tenants",
}


@pytest.fixture(scope="module")
def operator(product: Product) -> Client:
    """Somebody who may direct the views and look."""
    return product.client(uuid4(), uuid4(), ["ops:rebuild", "ops:views"])


async def _until(messages: AsyncGenerator[Any, None], node_id: str, **said: object) -> Any:
    """The first change of a thing that says this."""
    async with asyncio.timeout(120):
        while True:
            message = await anext(messages)
            if message.get("nodeId") == node_id and said.items() <= (message["node"] or {}).items():
                return message


async def test_a_view_that_is_paused_is_told(operator: Client) -> None:
    async with operator.watching("ViewChanged", initial=True) as messages:
        state = await anext(messages)
        (before,) = [node for node in state["nodes"] if node["name"] == VIEW]
        id = f"{VIEW}:{before['generation']}"
        await operator.send("PauseViews", input={"views": [VIEW], "reason": "The disk is slow."})
        try:
            paused = await _until(messages, id, state="PAUSED")
        finally:
            await operator.send("ResumeViews", input={"views": [VIEW]})
        resumed = await _until(messages, id, pausedBy=None)
    assert before["pausedBy"] is None
    assert paused["kind"] == "UPDATED"
    assert [paused["change"], resumed["change"]] == ["PAUSED", "RESUMED"]
    assert paused["node"]["pausedBy"]


async def test_a_rebuild_is_told_from_its_beginning_to_its_end(operator: Client) -> None:
    async with operator.watching("RebuildChanged", initial=True) as messages:
        state = await anext(messages)
        id = (await operator.send("RebuildViews", input={"views": ["tasks.tasks"]}))["rebuild"]["id"]
        begun = await _until(messages, id)
        await operator.send("CancelRebuild", input={"id": id})
        ended = await _until(messages, id, state="CANCELLED")
    assert id not in [node["id"] for node in state["nodes"]]
    assert [begun["kind"], ended["kind"]] == ["CREATED", "UPDATED"]
    assert [begun["change"], ended["change"]] == ["REQUESTED", "ENDED"]


@pytest.mark.parametrize("watching", NEEDS)
async def test_who_may_not_read_the_list_is_refused(product: Product, watching: str) -> None:
    owner = product.client(uuid4(), uuid4())
    others = ROLES["owner"] | set(NEEDS.values()) - {NEEDS[watching]}
    almost = Client(product.http, product.token(uuid4(), uuid4(), others))
    for client in (owner, almost):
        async with client.watching(watching, initial=True) as messages:
            ((error,),) = [(await anext(messages))["errors"]]
        assert error["extensions"] == {"code": "FORBIDDEN", "permission": NEEDS[watching]}


async def test_all_who_watch_share_one_reading_and_nobody_costs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polled_lists, "PAUSE", 0.01)
    lists, readings = PolledLists(), list[int]()

    async def read() -> list[int]:
        readings.append(len(readings))
        return [readings[-1]]

    def watch() -> AsyncGenerator[Mapping[Any, Any], None]:
        return lists.states("numbers", read, str)

    async with asyncio.timeout(120):
        watchers = [watch() for _ in range(10)]
        found = await asyncio.gather(*(anext(watcher) for watcher in watchers))
        assert {*map(str, found)} == {"{'0': 0}"}
        again = await asyncio.gather(*(anext(watcher) for watcher in watchers))
        assert len({*map(str, again)}) == 1
        for watcher in watchers:
            await watcher.aclose()
        assert not lists.read_now
        count = len(readings)
        # Long enough for many readings, were there any.
        await asyncio.sleep(10 * polled_lists.PAUSE)
        assert len(readings) == count
        last = watch()
        assert await anext(last) == {str(count): count}
        await last.aclose()


async def test_what_cannot_be_read_fails_those_who_watch_and_is_tried_again_for_the_next() -> None:
    lists, faults = PolledLists(), [OSError("away")]

    async def read() -> list[int]:
        if faults:
            raise faults.pop()
        return [1]

    with pytest.raises(OSError, match="away"):
        await anext(lists.states("numbers", read, str))
    following = lists.states("numbers", read, str)
    assert await anext(following) == {"1": 1}
    await following.aclose()


async def test_who_leaves_a_list_that_failed_takes_nothing_from_those_who_came_since() -> None:
    lists, faults, has_failed = PolledLists(), [OSError("away")], asyncio.Event()

    async def read() -> list[int]:
        if faults:
            has_failed.set()
            raise faults.pop()
        return [1]

    failed = asyncio.ensure_future(anext(lists.states("numbers", read, str)))
    await has_failed.wait()
    since = lists.states("numbers", read, str)
    coming = asyncio.ensure_future(anext(since))
    with pytest.raises(OSError, match="away"):
        await failed
    assert await coming == {"1": 1}
    assert lists.read_now == {"numbers"}
    await since.aclose()
