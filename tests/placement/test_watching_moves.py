"""Open subscriptions of a tenant that is moved end so that clients come back, and then hear from the new place."""

import asyncio
import json

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from domain.kit.tenants import Placement
from tests.kit.client import subscribe
from tests.placement.conftest import Platform
from tests.placement.test_moving import POOLED, READY, SILO
from tests.work.api import created, head


async def _until_closed(socket: ClientConnection) -> tuple[set[str], int | None]:
    """The kinds of messages that still come, and the code that the server closes with."""
    kinds = set[str]()
    try:
        while True:
            kinds.add(json.loads(await socket.recv())["type"])
    except ConnectionClosed as closed:
        return kinds, closed.rcvd.code if closed.rcvd else None


@pytest.mark.parametrize("places", [(POOLED, SILO), (SILO, POOLED)], ids=["to a silo", "back"])
async def test_subscriptions_end_and_are_taken_up_at_the_new_place(
    platform: Platform, places: tuple[Placement, Placement]
) -> None:
    first, then = places
    client = await platform.newcomer(await platform.tenant(f"watched-{first.value}", first))
    start = await head(client, await created(client, "before"))
    async with (
        client.socket() as socket,
        client.socket() as idle,
        client.streaming("TaskChanged", resumeFrom=start) as events,
    ):
        await socket.send(subscribe("1", "TaskChanged", {"resumeFrom": start}))
        before = await created(client, "still heard")
        assert (await anext(events))["node"]["id"] == before["id"]
        assert before["id"] in await socket.recv()
        assert await platform.moves(client.tenant, then) == READY
        async with asyncio.timeout(120):
            received = [message async for message in events]
            kinds, code = await _until_closed(socket)
            # What is open and watches nothing yet ends as well: it is known for somebody of the former place.
            _, idle_code = await _until_closed(idle)
    (ending,) = [message["broken off"] for message in received]
    assert ending.startswith("TENANT_MOVED ")
    # A code on which the clients of the protocol connect again; nothing says before that all was told.
    assert (code, idle_code) == (1012, 1012)
    assert kinds <= {"ping"}
    await platform.knows(client)
    there = await head(client, await created(client, "there"))
    async with (
        client.watching("TaskChanged", resumeFrom=there) as messages,
        client.streaming("TaskChanged", resumeFrom=there) as streamed,
    ):
        after = await created(client, "heard there")
        async with asyncio.timeout(120):
            assert (await anext(messages))["node"]["id"] == after["id"]
            assert (await anext(streamed))["node"]["id"] == after["id"]


async def test_subscriptions_of_others_stay(platform: Platform) -> None:
    moving = await platform.newcomer(await platform.tenant("mover", POOLED))
    staying = await platform.newcomer(await platform.tenant("stayer", POOLED))
    start = await head(staying, await created(staying, "before"))
    async with staying.watching("TaskChanged", resumeFrom=start) as messages:
        first = await created(staying, "first")
        assert (await anext(messages))["node"]["id"] == first["id"]
        assert await platform.moves(moving.tenant, SILO) == READY
        await platform.knows(moving)
        second = await created(staying, "second")
        assert (await anext(messages))["node"]["id"] == second["id"]
