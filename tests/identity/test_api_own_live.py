"""What each may read of themselves alone is theirs alone in subscriptions too, which many share."""

import asyncio
import json
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.kit.client import Client
from tests.kit.product import Product
from tests.work.api import created

OWN = "profile { bio } preferences { theme }"
TASKS = "subscription { taskChanged { ... on TaskChange { node { assignee { id %s } } } } }"
USERS = "subscription { userChanged { ... on UserChange { node { id %s } } } }"


async def _heard(socket: Any, root: str, id: str) -> Any:
    """What the next message that shows this user says of them."""
    async with asyncio.timeout(120):
        while True:
            message = json.loads(await socket.recv())
            if message["type"] != "next":
                continue
            node = message["payload"]["data"][root]["node"]
            user = node if root == "userChanged" else node["assignee"]
            if user["id"] == id:
                return user


@pytest.mark.parametrize("way", ["plain", "fragments"])
@pytest.mark.parametrize(
    ("root", "document"), [("taskChanged", TASKS), ("userChanged", USERS)], ids=["tasks", "users"]
)
async def test_two_who_may_do_the_same_hear_each_their_own(
    product: Product, root: str, document: str, way: str
) -> None:
    ada = await product.newcomer("Ada")
    listeners = [ada, await product.newcomer("Eve", tenant=ada.tenant)]
    for listener in listeners:
        await listener.send("UpdateProfile", input={"id": listener.me, "bio": "mine"})
        await listener.send("ChangePreferences", input={"id": listener.me, "theme": "DARK"})
    query = document % OWN
    if way == "fragments":
        query = f"{document % '...Own'} fragment Own on User {{ {OWN} }}"
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(listener.socket()) for listener in listeners]
        for socket in sockets:
            await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": query}}))
        await asyncio.sleep(0.5)
        for about in listeners:
            if root == "taskChanged":
                await created(ada, "Dig", assignedTo=about.me)
            else:
                await about.send("UpdateProfile", input={"id": about.me, "lastName": "Berg"})
            for listener, socket in zip(listeners, sockets, strict=True):
                shown = await _heard(socket, root, about.me)
                assert shown["preferences"] == ({"theme": "DARK"} if listener is about else None)


async def test_a_profile_that_is_nobodys_to_see_is_in_no_message_for_others(product: Product) -> None:
    owner = await product.newcomer("Ada")
    sockets = AsyncExitStack()
    async with sockets:
        listeners = []
        for name in ("Eve", "Ben"):
            somebody = await product.newcomer(name, tenant=owner.tenant, role="member")
            token = product.token(owner.tenant, somebody.user, ("work:read", "work:all", "users:read"))
            client = Client(product.http, token, owner.tenant, somebody.user)
            listeners.append((somebody, await sockets.enter_async_context(client.socket())))
        (eve, ones), (_, others) = listeners
        await eve.send("UpdateProfile", input={"id": eve.me, "bio": "mine"})
        await eve.send("ChangePreferences", input={"id": eve.me, "profileVisibility": "NOBODY"})
        for socket in (ones, others):
            payload = {"query": TASKS % "profile { bio }"}
            await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
        await asyncio.sleep(0.5)
        await created(owner, "Dig", assignedTo=eve.me)
        assert (await _heard(ones, "taskChanged", eve.me))["profile"] == {"bio": "mine"}
        assert (await _heard(others, "taskChanged", eve.me))["profile"] is None
