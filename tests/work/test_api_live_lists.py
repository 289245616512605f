"""What is listed is watched: the state of every list and its changes, for those alone who may read it."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from websockets.exceptions import ConnectionClosed

from domain.kit.permissions import ROLES
from tests.attacks.people import colleague
from tests.auth.people import registered
from tests.kit.client import Client, subscribe
from tests.kit.product import Product
from tests.work.api import project
from tests.work.watched_lists import LISTS, PAYMENTS, List, Thing, done, person

EACH = pytest.mark.parametrize("watched", LISTS.values(), ids=LISTS)


def _id(node: dict[str, Any]) -> str:
    """What is told of as ``nodeId``."""
    id: str = node["user"]["id"] if "joinedAt" in node else node.get("id") or node["number"]
    return id


async def _next(messages: AsyncGenerator[Any, None]) -> Any:
    async with asyncio.timeout(120):
        return await anext(messages)


@pytest.fixture
async def client(product: Product) -> Client:
    """An owner, who may take payments besides."""
    return await product.newcomer(permissions=[PAYMENTS])


@EACH
async def test_changes_follow_on_the_state_and_say_what_they_mean(client: Client, watched: List) -> None:
    thing = await watched.begin(client)
    async with client.watching(watched.watching, initial=True, **thing.narrowed) as messages:
        state = await _next(messages)
        at, heard = list[int](), list[Any]()
        for step in thing.steps:
            at.append(await done(client, *step))
            heard.append(await _next(messages))
    assert state["complete"]
    assert [(message["kind"], message["change"]) for message in heard] == list(watched.told)
    assert [int(message["cursor"]) for message in heard] == at
    assert int(state["cursor"]) < at[0]
    assert {message["by"] for message in heard} == {client.me}
    ids = {message["nodeId"] for message in heard}
    assert ids == {thing.id}
    # Whoever was cut off after the first message is told the rest, of things as they stand now.
    again: list[Any] = []
    async with client.watching(watched.watching, resumeFrom=heard[0]["cursor"], **thing.narrowed) as messages:
        while not again or again[-1]["cursor"] != heard[-1]["cursor"]:
            again.append(await _next(messages))
    assert [message["cursor"] for message in again][-1:] == [str(at[-1])]
    assert {message["nodeId"] for message in again} == ids


@EACH
async def test_the_state_has_what_was_made_before_it(client: Client, watched: List) -> None:
    thing = await watched.begin(client)
    at = await done(client, *thing.steps[0])
    async with client.watching(watched.watching, initial=True, **thing.narrowed) as messages:
        state = await _next(messages)
        after = await done(client, *thing.steps[1])
        change = await _next(messages)
    assert int(state["cursor"]) >= at
    assert int(change["cursor"]) == after
    assert thing.id in {_id(node) for node in state["nodes"]}


@EACH
async def test_nobody_hears_it_in_another_tenant(client: Client, product: Product, watched: List) -> None:
    other = await product.newcomer(permissions=[PAYMENTS])
    theirs, mine = await watched.begin(client), await watched.begin(other)
    heard: list[Any] = []
    async with other.watching(watched.watching, resumeFrom="0", **mine.narrowed) as messages:
        for step in theirs.steps:
            await done(client, *step)
        last = await done(other, *mine.steps[0])
        while not heard or heard[-1]["cursor"] != str(last):
            heard.append(await _next(messages))
    assert {message["by"] for message in heard} == {other.me}
    if theirs.narrowed != mine.narrowed:
        async with other.watching(watched.watching, initial=True, **theirs.narrowed) as messages:
            ((error,),) = [(await _next(messages))["errors"]]
        assert error["extensions"]["code"] == "NOT_FOUND"


@EACH
async def test_who_may_not_read_the_list_is_refused(client: Client, product: Product, watched: List) -> None:
    thing = await watched.begin(client)
    token = product.token(client.tenant, client.user, ROLES["owner"] - {watched.needs})
    other = replace(client, token=token)
    starts: tuple[dict[str, object], ...] = ({}, {"initial": True}, {"resumeFrom": "0"})
    for start in starts:
        async with other.watching(watched.watching, **thing.narrowed, **start) as messages:
            ((error,),) = [(await _next(messages))["errors"]]
            assert error["extensions"] == {"code": "FORBIDDEN", "permission": watched.needs}


async def test_all_of_them_end_when_the_permission_is_taken_away(product: Product) -> None:
    boss = await registered(product)
    ben = await colleague(product, boss, "ADMIN")
    garden = await project(boss.client, "Garden")
    begun = set[str]()
    async with asyncio.timeout(120), ben.client.socket() as socket:
        for name in LISTS:
            given = {"projectId": garden} if name == "ProjectMemberChanged" else {}
            await socket.send(subscribe(name, name, {**given, "initial": True}))
        while begun != LISTS.keys():
            message = json.loads(await socket.recv())
            assert message["type"] in ("next", "ping"), message
            begun |= {message["id"]} if message["type"] == "next" else set()
        await done(boss.client, "ChangeUserRole", {"id": str(ben.id), "role": "GUEST"})
        with suppress(ConnectionClosed):
            while True:
                await socket.recv()
        assert socket.close_code == 4403


async def test_a_project_that_is_made_private_is_taken_out_of_the_list(
    client: Client, product: Product
) -> None:
    member = await product.newcomer("Max", tenant=client.tenant, role="member")
    garden = await project(client, "Garden")
    async with (
        member.watching("ProjectChanged") as messages,
        member.watching("ProjectMemberChanged", projectId=garden, initial=True) as members,
    ):
        state = await _next(members)
        hearing = asyncio.create_task(_next(messages))
        # Subscriptions begin some time after they are asked for.
        while not hearing.done():
            await done(client, "RenameProject", {"id": garden, "name": str(uuid4())})
            await asyncio.wait([hearing], timeout=0.1)
        await done(client, "ChangeProjectVisibility", {"id": garden, "visibility": "PRIVATE"})
        message = await hearing
        while message.get("change") != "PROJECT_VISIBILITY_CHANGED":
            message = await _next(messages)
        gap, after = await _next(members), await _next(members)
        # Of what they cannot see, they are told nothing.
        at = await done(client, "AddProjectMember", {"id": garden, "userId": member.me})
        back = await _next(messages)
        while back.get("change") != "PROJECT_MEMBER_ADDED":
            back = await _next(messages)
    assert (message["kind"], message["nodeId"], message["node"]) == ("REMOVED", garden, None)
    assert [node["user"]["id"] for node in state["nodes"]] == [client.me]
    assert (gap["code"], after["nodes"], after["complete"]) == ("SIGHT_CHANGED", [], True)
    assert (back["kind"], int(back["cursor"])) == ("UPDATED", at)


async def test_of_what_somebody_never_saw_not_even_an_id_is_told(client: Client, product: Product) -> None:
    member = await product.newcomer("Max", tenant=client.tenant, role="member")
    secret = await project(client, "Secret", visibility="PRIVATE")
    eve = await product.newcomer("Eve", tenant=client.tenant)
    open_to_all = await project(client, "Open")
    start = "0"
    for mutation in ("AddProjectMember", "RemoveProjectMember"):
        await done(client, mutation, {"id": secret, "userId": eve.me})
    await done(client, "RenameProject", {"id": secret, "name": "Hidden"})
    last = await done(client, "RenameProject", {"id": open_to_all, "name": "Last"})
    heard: list[Any] = []
    async with member.watching("ProjectChanged", resumeFrom=start) as messages:
        while not heard or heard[-1]["cursor"] != str(last):
            heard.append(await _next(messages))
    assert secret not in json.dumps(heard)
    # What they do not see is refused as what there is not, from the start: nobody waits for what never comes.
    for unseen in (secret, str(uuid4())):
        for begin in ({"resumeFrom": start}, {"initial": True}, {}):
            async with member.watching("ProjectMemberChanged", projectId=unseen, **begin) as messages:
                ((error,),) = [(await _next(messages))["errors"]]
                assert error["message"] == "There is no such project."
                assert error["extensions"] == {"code": "NOT_FOUND", "argument": "projectId"}
    await done(client, "AddProjectMember", {"id": secret, "userId": member.me})
    async with member.watching("ProjectMemberChanged", projectId=secret, initial=True) as messages:
        assert member.me in [node["user"]["id"] for node in (await _next(messages))["nodes"]]


async def test_a_member_who_leaves_is_told_to_those_who_do_not_see_everything(
    client: Client, product: Product
) -> None:
    member = await product.newcomer("Max", tenant=client.tenant, role="member")
    eve = await product.newcomer("Eve", tenant=client.tenant)
    garden = await project(client, "Garden")
    given: dict[str, object] = {"id": garden, "userId": eve.me}
    async with member.watching("ProjectMemberChanged", projectId=garden, initial=True) as messages:
        await _next(messages)
        for mutation in ("AddProjectMember", "RemoveProjectMember"):
            await done(client, mutation, given)
        heard = [await _next(messages) for _ in range(2)]
    assert heard[-1]["kind"] == "REMOVED"
    assert {message["nodeId"] for message in heard} == {eve.me}


@pytest.mark.parametrize(
    ("watching", "begin", "field"),
    [("UserChanged", person, "email"), ("ProjectChanged", LISTS["ProjectChanged"].begin, "description")],
)
async def test_what_is_masked_in_the_list_is_masked_in_its_changes(
    client: Client, product: Product, watching: str, begin: Any, field: str
) -> None:
    member = product.client(client.tenant, uuid4(), role="guest")
    thing: Thing = await begin(client)
    async with (
        member.watching(watching, initial=True) as messages,
        client.watching(watching, initial=True) as all_of_it,
    ):
        await _next(messages)
        await _next(all_of_it)
        mutation, input = thing.steps[0]
        given = {**input, "description": "secret"} if field == "description" else input
        await done(client, mutation, given)
        hidden, shown = await _next(messages), await _next(all_of_it)
    assert hidden["nodeId"] == shown["nodeId"] == thing.id
    assert "***" in (hidden["node"][field] or "***")
    assert shown["node"][field] == given[field]
