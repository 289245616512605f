"""What is open does not outlive what it was opened with: a session, a person's standing, a role.

That a connection ends with its token is shown in tests/auth/test_access_tokens.py and tests/tenancy/test_tokens.py
too.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from websockets.exceptions import ConnectionClosed

from tests.attacks.people import colleague
from tests.auth.people import PASSWORD, Person, post, registered
from tests.kit.client import Client, subscribe
from tests.kit.product import Product
from tests.kit.times import IN_A_YEAR
from tests.work.api import created

EXPIRED = (4403, "The token has expired: connect again with another one")
OVER = (4403, "Forbidden: The session is over.")
CHANGED = (4403, "Forbidden: what you may do has changed; connect again")
Doing = Callable[[Person, Person], Awaitable[object]]


async def _signs_out(boss: Person, ben: Person) -> None:
    assert (await post(ben.http, "sign-out", {}, ben.given["accessToken"])).status_code == 200


async def _ends_it_elsewhere(boss: Person, ben: Person) -> None:
    await (await ben.again()).client.send("EndSession", id=ben.given["sessionId"])


async def _gets_a_new_password(boss: Person, ben: Person) -> None:
    another = (await ben.again()).client
    await another.send("ChangePassword", current=PASSWORD, password="a third battery staple")


async def _is_suspended(boss: Person, ben: Person) -> None:
    assert "position" in await boss.client.send("SuspendUser", input={"id": str(ben.id)})


async def _is_removed(boss: Person, ben: Person) -> None:
    assert "position" in await boss.client.send("RemoveUser", input={"id": str(ben.id)})


async def _loses_his_role(boss: Person, ben: Person) -> None:
    changed = await boss.client.send("ChangeUserRole", input={"id": str(ben.id), "role": "GUEST"})
    assert "position" in changed


@pytest.mark.parametrize(
    ("doing", "ending"),
    [
        (_signs_out, OVER),
        (_ends_it_elsewhere, OVER),
        (_gets_a_new_password, OVER),
        (_is_suspended, OVER),
        (_is_removed, OVER),
        (_loses_his_role, CHANGED),
    ],
)
async def test_a_stream_ends_with_what_it_was_opened_with(
    product: Product, doing: Doing, ending: tuple[int, str]
) -> None:
    boss = await registered(product)
    ben = await colleague(product, boss)
    async with (
        asyncio.timeout(120),
        ben.client.streaming("TaskStatsChanged") as events,
        ben.client.socket() as socket,
        boss.client.watching("TaskStatsChanged") as heard,
    ):
        await socket.send(subscribe("1", "TaskStatsChanged", {}))
        await doing(boss, ben)
        with suppress(ConnectionClosed):
            while json.loads(await socket.recv())["type"] == "ping":
                pass
        assert (socket.close_code, socket.close_reason) == ending
        assert await anext(events) == {"broken off": f"UNAUTHENTICATED {ending[1]}"}
        # What happens afterwards is heard by those who are still there.
        await created(boss.client, assignedTo=str(boss.id))
        assert "errors" not in await anext(heard)


async def test_a_stream_of_an_api_key_ends_when_the_key_is_revoked(product: Product) -> None:
    boss = await registered(product)
    values = {
        "name": "robot",
        "permissions": ["work:read"],
        "expiresAt": IN_A_YEAR,
    }
    receipt = await boss.client.send("CreateApiKey", input=values)
    robot = Client(product.http, receipt["key"])
    async with asyncio.timeout(120), robot.socket() as socket:
        await socket.send(subscribe("1", "TaskStatsChanged", {}))
        await boss.client.send("RevokeApiKey", input={"id": receipt["apiKey"]["id"]})
        with suppress(ConnectionClosed):
            while json.loads(await socket.recv())["type"] == "ping":
                pass
        assert (socket.close_code, socket.close_reason) == (4403, "Forbidden: The API key is not valid.")


async def test_a_stream_that_is_heard_ends_with_its_token_and_those_who_share_it_go_on(
    product: Product,
) -> None:
    boss = await product.newcomer()
    start = (await boss.send("CreateTask", input={"title": "Dig"}))["position"]
    late = replace(boss, token=product.token(boss.tenant, boss.user, lifetime=timedelta(seconds=6)))
    async with (
        asyncio.timeout(120),
        late.streaming("TaskChanged", resumeFrom=start) as events,
        late.socket() as socket,
        boss.watching("TaskChanged", resumeFrom=start) as heard,
    ):
        await socket.send(subscribe("1", "TaskChanged", {"resumeFrom": start}))
        project = await created(boss, "Plough")
        for stream in (events, heard):
            assert (await anext(stream))["node"]["id"] == project["id"]
        messages: list[str] = []
        with suppress(ConnectionClosed):
            while True:
                messages.append(str(await socket.recv()))
        assert any(project["id"] in message for message in messages)
        assert (socket.close_code, socket.close_reason) == EXPIRED
        assert await anext(events) == {"broken off": f"UNAUTHENTICATED {EXPIRED[1]}"}
        with pytest.raises(StopAsyncIteration):
            await anext(events)
        another = await created(boss, "Sow")
        assert (await anext(heard))["node"]["id"] == another["id"]
