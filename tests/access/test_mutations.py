"""Every mutation asks what its caller may see and notes what it wrote, also one that the server fills in."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
import strawberry
from strawberry.schema.config import StrawberryConfig

from api.kit.model import Refusal, Resource, Sending, Sent
from api.kit.schema.context import RequestContext
from api.kit.schema.mutations import mutation
from api.kit.schema.node_types import takes
from api.kit.schema.scalars import SCALARS
from api.work.tasks import Task
from app.entry.assembly import Assembly, assembled
from domain.kit.caller import Caller
from domain.kit.permissions import ROLES
from domain.work.task_commands import CreateTask
from projections.work.tasks import Tasks
from tests.kit.client import Client
from tests.kit.product import Product
from tests.work.api import project

_tasks = Resource(Task, Tasks, read="work:read", write="work:write")


async def _filled(sending: Sending) -> Sent | Refusal:
    return await sending.send(await sending.command(CreateTask, description="filled in"))


@strawberry.type
class Query:
    task = _tasks.by_id("A task.")


@strawberry.type
class Mutation:
    create_filled = _tasks.mutation(CreateTask, send=_filled, leave_out=("description",))
    create_elsewhere = mutation(
        _filled,
        _tasks.receipt,
        takes(CreateTask, leave_out=("description",)),
        description="As one that is stored in another log.",
        needs="work:write",
        elsewhere=True,
    )


SCHEMA = strawberry.Schema(query=Query, mutation=Mutation, config=StrawberryConfig(scalar_map=SCALARS))
CREATE = """
mutation ($input: CreateTaskInput!, $commandId: ID) {
  %s(input: $input, commandId: $commandId) {
    ... on TaskReceipt { position repeated }
    ... on Refused { code field message }
  }
}
"""


@dataclass
class Scene:
    """A tenant with a private project, its owner and somebody who does not see it."""

    owner: Client
    other: Client
    hidden: str
    assembly: Assembly

    def asks(self, client: Client) -> RequestContext:
        """A request of somebody."""
        caller = Caller(
            tenant_id=client.tenant, user_id=UUID(client.me), permissions=frozenset(ROLES["member"])
        )
        return RequestContext(identity=caller, services=self.assembly.services)


@pytest.fixture(scope="module")
async def scene(product: Product) -> AsyncIterator[Scene]:
    """The private project, which the views know already."""
    owner = await product.newcomer("Olga", role="member")
    other = await product.newcomer("Eve", tenant=owner.tenant, role="member")
    hidden = await project(owner, "Zanzibar", visibility="PRIVATE")
    async with assembled(product.settings) as assembly:
        yield Scene(owner, other, hidden, assembly)


async def sent(
    ask: RequestContext, name: str = "createFilled", command_id: str | None = None, **input: object
) -> Any:
    """What the mutation answers."""
    given = {"input": {"title": "Rake", **input}, "commandId": command_id}
    result = await SCHEMA.execute(CREATE % name, variable_values=given, context_value=ask)
    assert not result.errors
    assert result.data is not None
    return result.data[name]


async def test_nothing_is_made_in_what_the_caller_does_not_see(scene: Scene) -> None:
    answer = await sent(scene.asks(scene.other), projectId=scene.hidden)
    assert (answer["code"], answer["field"]) == ("not_found", "projectId")


async def test_what_the_server_fills_in_is_kept(scene: Scene) -> None:
    id = str(UUID(int=11))
    receipt = await sent(scene.asks(scene.owner), projectId=scene.hidden, id=id)
    task = await scene.owner.send("Task", id=id, afterPosition=receipt["position"])
    assert task["description"] == "filled in"


async def test_a_receipt_notes_what_was_written_whatever_is_selected_of_it(scene: Scene) -> None:
    ask = scene.asks(scene.owner)
    receipt = await sent(ask)
    assert ask.written == int(receipt["position"]) > 0


async def test_a_position_of_another_log_is_not_waited_for(scene: Scene) -> None:
    ask = scene.asks(scene.owner)
    assert int((await sent(ask, "createElsewhere"))["position"]) > ask.written == 0


async def test_a_command_that_is_sent_again_is_carried_out_once(scene: Scene) -> None:
    id = str(UUID(int=12))
    answers = [await sent(scene.asks(scene.owner), command_id=id) for _ in range(2)]
    assert [answer["repeated"] for answer in answers] == [False, True]
    assert answers[0]["position"] == answers[1]["position"]
