"""No subscription tells anybody what happens in another tenant, whatever they watch."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.kit.documents import operations
from tests.tenancy.actors import Actor
from tests.tenancy.documents import Document, filled
from tests.tenancy.scene import SURFACE, WHO, Scene
from tests.tenancy.surface import Root
from tests.tenancy.sweeping import NOBODYS, fillings
from tests.tenancy.values import Values

Said = tuple[Root, dict[str, Any]]
"""What was asked for, and by which arguments."""

PART = 80
"""How many subscriptions are on a connection, besides those that show that it has been passed by everything."""


def watched(scene: Scene, actor: Actor) -> list[Said]:
    """Every subscription field: plain and with every kind of id, from now on and from the beginning."""
    said: list[Said] = []
    ids = {id: id for id in sorted(set(scene.ids.values()))}
    for root in SURFACE.roots("subscription"):
        least = Values("x", lambda _: [NOBODYS]).arguments(root)
        if root.of_all or not actor.granted(root.need):
            said.append((root, least))
            continue
        # A text of a filter that is an id finds nothing of anybody's.
        named = [slot for slot in root.slots if slot.kind == "ID"]
        given = [least] + [filled(least, slot, value) for slot in named for _, value in fillings(slot, ids)]
        said += [(root, variables) for variables in given]
        # The whole log again, for each of them, would take long: it is the same for all ids.
        if "resumeFrom" in root.field.args:
            required = [slot for slot in root.slots if slot.required]
            whole = [filled(least, slot, id) for slot in required for id in ids] or [least]
            said += [(root, {**variables, "resumeFrom": "0"}) for variables in whole]
    return said


@pytest.mark.parametrize("name", [name for name in WHO if name != "nobody"])
async def test_nobody_hears_of_what_is_anothers(scene: Scene, name: str) -> None:
    sweep, actor = scene.sweep(name), scene.actor(name)
    said, fence = watched(scene, actor), str(uuid4())
    heard: dict[str, list[dict[str, Any]]] = {str(number): [] for number in range(len(said))}
    tellers = _tellers(said, actor)
    # What passes a connection is in order, so there are tellers on each.
    others = [number for number in range(len(said)) if number not in tellers]
    parts = [[*tellers, *others[start : start + PART]] for start in range(0, len(others), PART)]

    async def listen(socket: ClientConnection) -> None:
        # Whoever is told of this has been passed by all that happened before it.
        async for message in _until(socket, fence, {str(number) for number in tellers}):
            heard[message["id"]].append(message)

    async with asyncio.timeout(240), AsyncExitStack() as stack, asyncio.TaskGroup() as listening:
        for part in parts:
            socket = await stack.enter_async_context(_socket(actor))
            for number in part:
                await socket.send(_subscribe(str(number), *said[number], actor))
            listening.create_task(listen(socket))
        await _busy(scene)
        await _telling(scene, actor, fence)
    for number, (root, given) in enumerate(said):
        messages = heard[str(number)]
        if not actor.granted(root.need):
            assert [message["payload"][0]["extensions"]["code"] for message in messages] == ["FORBIDDEN"], (
                root.name
            )
        crossed = (
            set()
            if root.of_all
            else sweep.marks.found(
                [message.get("payload") for message in messages if not _is_of_registry(actor, message)],
                but=given,
            )
        )
        assert not crossed, (root.name, given, messages)


async def test_the_first_tenant_hears(scene: Scene) -> None:
    """Or the test above would prove nothing."""
    actor = scene.first.owner
    said = [watch for watch in watched(scene, actor) if "resumeFrom" in watch[1]]
    missing = {root.name for root, _ in said}
    try:
        async with asyncio.timeout(120), _socket(actor) as socket:
            for number, (root, given) in enumerate(said):
                await socket.send(_subscribe(str(number), root, given, actor))
            while missing:
                message = json.loads(await socket.recv())
                if scene.marks.found(message.get("payload", "")):
                    missing.discard(said[int(message["id"])][0].name)
    except TimeoutError:
        assert not missing


def _is_of_registry(actor: Actor, message: dict[str, Any]) -> bool:
    """Which tenants there are, and the slugs that they have or reserve, is for operators to know."""
    return actor.name == "operator" and '"type": "operations.tenant.' in json.dumps(message)


async def test_without_a_token_nothing_is_heard(scene: Scene) -> None:
    for root, given in watched(scene, scene.actor("nobody")):
        document = Document("subscription")
        document.add(root, given, SURFACE.selection(root.shown, lambda _: True))
        answer = await scene.actor("nobody").ask(document.text, document.variables)
        assert "data" not in answer, answer


def _subscribe(id: str, root: Root, given: dict[str, Any], actor: Actor) -> str:
    document = Document("subscription")
    granted = actor.granted if actor.granted(root.need) else (lambda _: True)
    document.add(root, given, SURFACE.selection(root.shown, granted))
    payload = {"query": document.text, "variables": document.variables}
    return json.dumps({"id": id, "type": "subscribe", "payload": payload})


async def _busy(scene: Scene) -> None:
    """Everything that was done to the first tenant is done to it again, as far as that can be."""
    service = scene.first.service
    for root in SURFACE.roots("mutation"):
        if (given := scene.first.builder.accepted.get(root.name)) is not None:
            document = Document("mutation")
            document.add(root, given, "{ __typename }")
            await service.ask(document.text, document.variables)


async def _telling(scene: Scene, actor: Actor, fence: str) -> None:
    await _create(actor if actor.name == "operator" else scene.second.service, fence)


async def _create(actor: Actor, title: str) -> None:
    answer = await actor.ask(operations()["CreateTask"], {"input": {"title": title}})
    assert "position" in answer["data"]["createTask"], answer


async def _until(socket: ClientConnection, fence: str, missing: set[str]) -> AsyncIterator[dict[str, Any]]:
    """The messages until each of those that are ``missing`` has told of the fence."""
    async for text in socket:
        message: dict[str, Any] = json.loads(text)
        assert message["type"] != "complete" or message["id"] not in missing, message
        if message["type"] in ("next", "error"):
            yield message
        if fence in str(text):
            missing.discard(message["id"])
        if not missing:
            return


def _tellers(said: list[Said], actor: Actor) -> list[int]:
    """Which of the subscriptions are told of a new task, whatever else they are told."""
    return [
        number
        for number, (root, given) in enumerate(said)
        if actor.granted(root.need)
        and root.name in ("taskChanged", "events")
        and given.keys() <= {"resumeFrom"}
    ]


@asynccontextmanager
async def _socket(actor: Actor) -> AsyncIterator[ClientConnection]:
    url = f"{str(actor.http.base_url).replace('http', 'ws', 1).rstrip('/')}/graphql"
    protocol = Subprotocol("graphql-transport-ws")
    async with connect(url, subprotocols=[protocol], compression=None, max_size=None) as socket:
        await socket.send(json.dumps({"type": "connection_init", "payload": {"token": actor.token}}))
        while (said := json.loads(await socket.recv())) == {"type": "ping"}:
            pass  # A busy server may look whether anybody is there before it has answered.
        assert said == {"type": "connection_ack"}
        yield socket
