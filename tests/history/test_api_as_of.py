"""What the API answers about the past is what it answered then."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest

from tests.kit.client import Client
from tests.kit.product import Product
from tests.work.api import created, project

DUE = ["2030-01-03T00:00:00Z", None, "2030-01-01T00:00:00Z", "2030-01-01T00:00:00Z", None]
FILTERS: list[dict[str, Any]] = [
    {},
    {"status": {"in": ["COMPLETED"]}},
    {"priority": {"in": ["HIGH", "LOW"]}},
    {"tags": {"contains": ["red"]}},
    {"or": [{"tags": {"contains": ["red", "big"]}}, {"not": {"dueDate": {"isNull": True}}}]},
    {"text": "watered cans"},
    {"dueDate": {"gte": "2030-01-02T00:00:00Z"}},
    {"dueDate": {"lt": "2030-01-02T00:00:00Z"}, "status": {"in": ["TODO"]}},
]
"""Each kind of condition that a list of tasks knows, those that have an index of their own included."""


class Then:
    """What was answered after each command, by the position at which the log stood."""

    def __init__(self, client: Client, eve: Client, garden: str, task: str) -> None:
        self.client, self.eve, self.garden, self.task = client, eve, garden, task
        self.answers: dict[str, dict[str, Any]] = {}

    async def do(self, mutation: str, **input: object) -> None:
        """Send a command, and note what is answered now."""
        receipt = await self.client.send(mutation, input=input)
        assert "position" in receipt, receipt
        await self.note(receipt["position"])

    async def note(self, position: str) -> None:
        """Note what is answered now that the log stands there."""
        self.answers[position] = {
            name: await ask(afterPosition=position) for name, ask in self.asking().items()
        }

    def asking(self) -> dict[str, Callable[..., Awaitable[Any]]]:
        """Everything that is asked of every moment."""
        send = self.client.send

        def request(operation: str, **fixed: object) -> Callable[..., Awaitable[Any]]:
            return lambda **moment: send(operation, **fixed, **moment)

        asks = {
            "task": request("Task", id=self.task),
            "project": request("Project", id=self.garden),
            "projects": request("Projects", first=2),
        }
        for number, filter in enumerate(FILTERS):
            asks[f"tasks {filter}"] = request(
                "Tasks", filter=filter, orderBy="DUE_DATE" if number % 2 else "CREATED_AT", direction="ASC"
            )
        return asks


@pytest.fixture(scope="module")
async def then(product: Product) -> Then:
    """A tenant in which much has changed, and what was answered in between."""
    client = await product.newcomer()
    eve = await product.newcomer("Eve", tenant=client.tenant)
    garden = await project(client)
    task = await created(client, "first", projectId=garden, tags=["red"], dueDate=DUE[0])
    then = Then(client, eve, garden, task["id"])
    for number, due in enumerate(DUE[1:]):
        text = "Watering cans leak" if number % 2 else "Nothing"
        id = str(uuid4())
        await then.do(
            "CreateTask", id=id, title=f"{number}", description=text, dueDate=due, tags=["red", "big"]
        )
        await then.do("ChangeTaskPriority", id=id, priority="HIGH")
    for mutation, input in (
        ("AssignTask", {"id": task["id"], "assignedTo": eve.me}),
        ("RenameTask", {"id": task["id"], "title": "Better"}),
        ("AddProjectMember", {"id": garden, "userId": eve.me}),
        ("CompleteTask", {"id": task["id"]}),
        ("RenameProject", {"id": garden, "name": "Wild garden"}),
        ("TagTask", {"id": task["id"], "tags": []}),
        ("ReopenTask", {"id": task["id"]}),
        ("UnassignTask", {"id": task["id"]}),
        ("RemoveProjectMember", {"id": garden, "userId": eve.me}),
        ("MoveTask", {"id": task["id"], "projectId": None}),
        ("ArchiveProject", {"id": garden}),
    ):
        await then.do(mutation, **input)
    return then


async def test_every_moment_is_answered_as_it_was(then: Then) -> None:
    assert len({str(answer) for answer in then.answers.values()}) == len(then.answers)
    for position, answers in then.answers.items():
        for name, ask in then.asking().items():
            assert await ask(asOf={"position": position}) == answers[name], (position, name)


async def test_a_time_means_the_last_position_at_or_before_it(then: Then) -> None:
    history = await then.client.send("History", stream=then.task)
    for event, following in zip(history["nodes"], history["nodes"][1:], strict=False):
        (at, later) = (event["timestamp"], following["timestamp"])
        assert at < later
        of_position = await then.client.send("Task", id=then.task, asOf={"position": event["position"]})
        of_time = await then.client.send("Task", id=then.task, asOf={"time": at})
        assert of_time == of_position
        assert of_time["updatedAt"] == at


async def test_a_version_is_the_moment_of_its_event(then: Then) -> None:
    history = await then.client.send("History", stream=then.task)
    for event in history["nodes"]:
        by_version = await then.client.send("Task", id=then.task, version=event["version"])
        assert by_version == await then.client.send(
            "Task", id=then.task, asOf={"position": event["position"]}
        )
    refused = await then.client.error("Task", id=then.task, version=0)
    assert refused == ("BAD_USER_INPUT", "A version is 1 or more.")


async def test_before_the_first_event_there_is_nothing(then: Then) -> None:
    for moment in ({"position": "0"}, {"time": "2001-01-01T00:00:00Z"}):
        assert await then.client.send("Task", id=then.task, asOf=moment) is None
        assert await then.client.send("CountTasks", asOf=moment) == {"totalCount": 0}
        assert (await then.client.send("Projects", asOf=moment))["edges"] == []


async def test_a_moment_that_has_not_come_is_refused(then: Then) -> None:
    far = str(10**12)
    refused = [
        await then.client.error("Task", id=then.task, asOf={"position": far}),
        await then.client.error("Tasks", asOf={"time": "2999-01-01T00:00:00Z"}),
        await then.client.error("Project", id=then.garden, version=100),
    ]
    assert [code for code, _ in refused] == ["POSITION_IN_FUTURE", "TIME_IN_FUTURE", "VERSION_IN_FUTURE"]
    assert refused[2][1] == "Version 100 does not exist yet; the last one is 5."


@pytest.mark.parametrize(
    "moment",
    [
        {"asOf": {"position": "1", "time": "2001-01-01T00:00:00Z"}},
        {"asOf": {}},
        {"asOf": {"position": None}},
        {"asOf": {"position": "1"}, "version": 1},
        {"version": -1},
    ],
)
async def test_a_moment_is_named_in_one_way(then: Then, moment: dict[str, Any]) -> None:
    code, _ = await then.client.error("Task", id=then.task, **moment)
    assert code == "BAD_USER_INPUT"


async def test_pages_of_the_past_walk_the_whole_list_both_ways(then: Then) -> None:
    # The moment before the last five commands: all tasks are there, one is done.
    position = list(then.answers)[-5]
    for sorting in ({"orderBy": "DUE_DATE", "direction": "ASC"}, {"orderBy": "CREATED_AT"}):
        variables: dict[str, Any] = {**sorting, "asOf": {"position": position}}
        whole = [edge["node"]["id"] for edge in (await then.client.send("Tasks", **variables))["edges"]]
        assert len(whole) == len(DUE)
        for size, turn, place, more in (
            ("first", "after", "endCursor", "hasNextPage"),
            ("last", "before", "startCursor", "hasPreviousPage"),
        ):
            walked: list[str] = []
            cursor, going = None, True
            while going:
                page = await then.client.send("Tasks", **variables, **{size: 2, turn: cursor})
                ids = [edge["node"]["id"] for edge in page["edges"]]
                walked = walked + ids if size == "first" else ids + walked
                cursor, going = page["pageInfo"][place], page["pageInfo"][more]
            assert walked == whole


async def test_fields_side_by_side_each_show_their_own_moment(then: Then) -> None:
    document = """
    query ($id: ID!, $then: AsOf!) {
      past: task(id: $id, asOf: $then) { ...Shown }
      now: task(id: $id) { ...Shown }
    }
    fragment Shown on Task { assignee { name } project { name progress { completed } memberIds } }
    """
    position = next(at for at, found in then.answers.items() if found["task"]["status"] == "COMPLETED")
    answer = (await then.client.post(document, {"id": then.task, "then": {"position": position}})).json()
    assert answer["data"] == {
        "past": {
            "assignee": {"name": "Eve"},
            "project": {
                "name": "Garden",
                "progress": {"completed": 1},
                "memberIds": [then.client.me, then.eve.me],
            },
        },
        "now": {"assignee": None, "project": None},
    }


async def test_another_tenant_has_no_past_here(then: Then, product: Product) -> None:
    stranger = await product.newcomer("Mallory")
    for position in [*then.answers][-3:]:
        moment = {"position": position}
        assert await stranger.send("Task", id=then.task, asOf=moment) is None
        assert await stranger.send("Project", id=then.garden, asOf=moment) is None
        assert (await stranger.send("Tasks", asOf=moment))["edges"] == []
        assert await stranger.send("CountTasks", asOf=moment) == {"totalCount": 0}
    assert await stranger.send("Task", id=then.task, version=1) is None


async def test_a_look_at_the_past_has_its_price(then: Then) -> None:
    def lists(argument: str) -> str:
        return " ".join(f"a{n}: tasks(first: 1{argument}) {{ totalCount }}" for n in range(20))

    position = {"position": "1"}
    for document, variables, costly in (
        (f"{{ {lists('')} }}", {}, False),
        (f"{{ {lists(', asOf: {position: 1}')} }}", {}, True),
        (f"{{ {lists(', asOf: null')} }}", {}, False),
        (f"query ($then: AsOf) {{ {lists(', asOf: $then')} }}", {"then": position}, True),
        (f"query ($then: AsOf) {{ {lists(', asOf: $then')} }}", {"then": None}, False),
        (f"query ($then: AsOf) {{ {lists(', asOf: $then')} }}", {}, False),
        (f"query ($then: AsOf = {{position: 1}}) {{ {lists(', asOf: $then')} }}", {}, True),
    ):
        answer = (await then.client.post(document, variables)).json()
        codes = [error["extensions"]["code"] for error in answer.get("errors", ())]
        assert codes == (["COST_EXCEEDED"] if costly else []), (document[:60], variables)
