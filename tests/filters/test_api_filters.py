"""Filters as clients send them: what they find, what is refused, and what nobody may find out by them."""

from typing import Any

import pytest

from tests.kit.client import Client
from tests.kit.product import Product
from tests.work.api import created, project

LIST = """query($filter: TaskFilter) {
  tasks(filter: $filter, first: 100, direction: ASC) { nodes { title } totalCount }
}"""
NULL = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
async def lister(product: Product) -> Client:
    """Somebody with tasks "a" to "d"."""
    client = await product.newcomer()
    await created(client, "a 100%", assignedTo=client.me, dueDate="2030-01-01T00:00:00Z", tags=["red"])
    await created(client, "b Straße", assignedTo=client.me, priority="HIGH", description="Secret word")
    await created(client, "c STRASSE", dueDate="2030-01-03T00:00:00Z")
    done = await created(client, "d 100_", priority="HIGH")
    await client.send("CompleteTask", input={"id": done["id"]})
    return client


async def asked(client: Client, document: str, variables: dict[str, Any]) -> dict[str, Any]:
    """The answer as it came."""
    answer: dict[str, Any] = (await client.post(document, variables)).json()
    return answer


async def found(client: Client, filter: object) -> str:
    """The first letters of what a filter finds."""
    answer = await asked(client, LIST, {"filter": filter})
    assert "errors" not in answer, answer
    tasks = answer["data"]["tasks"]
    titles = [node["title"][0] for node in tasks["nodes"]]
    assert tasks["totalCount"] == len(titles)
    return "".join(titles)


async def refused(client: Client, document: str, variables: dict[str, Any]) -> dict[str, Any]:
    """The extensions of the one error."""
    answer = await asked(client, document, variables)
    (error,) = answer["errors"]
    extensions: dict[str, Any] = error["extensions"]
    return extensions


async def test_filters_find(lister: Client) -> None:
    mine, nobodys = {"assignedTo": {"eq": lister.me}}, {"assignedTo": {"isNull": True}}
    late = {"dueDate": {"gt": "2030-01-02T00:00:00Z"}}
    filters: list[tuple[str, object]] = [
        ("abcd", None),
        ("abcd", {}),
        ("abcd", {"or": [mine, nobodys]}),
        ("ac", {"dueDate": {"isNull": False}}),
        ("abd", {"not": late}),
        ("abd", {"dueDate": {"not": "2030-01-03T00:00:00Z"}}),
        ("bcd", {"dueDate": {"notIn": ["2030-01-01T00:00:00Z"]}}),
        ("ac", {"dueDate": {"gte": "2030-01-01T00:00:00Z", "lte": "2030-01-03T00:00:00Z"}}),
        ("bc", {"title": {"contains": "strasse"}}),
        ("a", {"title": {"contains": "0%"}}),
        ("d", {"title": {"contains": "0_"}}),
        ("", {"title": {"contains": "\\"}}),
        ("c", {"title": {"eq": "c STRASSE"}}),
        ("abc", {"status": {"in": ["TODO", "IN_PROGRESS"]}}),
        ("b", {"and": [mine, {"priority": {"eq": "HIGH"}}]}),
        ("bd", {"or": [{"text": "secret"}, {"status": {"eq": "COMPLETED"}}]}),
        ("acd", {"not": {"text": "secret"}}),
        ("bcd", {"not": {"tags": {"contains": ["RED"]}}}),
        ("", {"or": []}),
    ]
    assert [(await found(lister, filter), filter) for _, filter in filters] == filters


async def test_what_a_variable_leaves_out_is_left_out(lister: Client) -> None:
    document = """query($mine: ID, $due: DateTime) {
      tasks(filter: {assignedTo: {eq: $mine}, dueDate: {lt: $due}}, first: 1) { totalCount }
    }"""
    assert (await asked(lister, document, {}))["data"]["tasks"]["totalCount"] == 4
    assert (await asked(lister, document, {"mine": lister.me}))["data"]["tasks"]["totalCount"] == 2
    assert await refused(lister, document, {"mine": None}) == {
        "code": "BAD_USER_INPUT",
        "argument": "filter.assignedTo.eq",
    }


def _nested(levels: int, join: str) -> Any:
    return {} if levels == 0 else {join: [_nested(levels - 1, join)]}


async def test_what_is_too_much_or_nonsense_is_refused(lister: Client) -> None:
    filters: list[tuple[dict[str, Any], Any]] = [
        (
            {"code": "LIMIT_EXCEEDED", "argument": "filter" + ".or[0]" * 5 + ".or", "limit": 5},
            _nested(6, "or"),
        ),
        ({"code": "LIMIT_EXCEEDED"}, _nested(40, "and")),
        ({"code": "LIMIT_EXCEEDED", "argument": "filter.or[50]", "limit": 50}, {"or": [{}] * 1_000}),
        (
            {"code": "LIMIT_EXCEEDED", "argument": "filter.assignedTo.in", "limit": 100},
            {"assignedTo": {"in": [NULL] * 5_000}},
        ),
        ({"code": "COST_EXCEEDED", "limit": 10_000}, {"assignedTo": {"in": [NULL] * 10_000}}),
        (
            {"code": "LIMIT_EXCEEDED", "argument": "filter.title.contains", "limit": 200},
            {"title": {"contains": "x" * 100_000}},
        ),
        (
            {"code": "LIMIT_EXCEEDED", "argument": "filter.tags.contains", "limit": 200},
            {"tags": {"contains": ["red", "x" * 201]}},
        ),
        # The last of them are no conditions at all: they are counted before any is read.
        ({"code": "LIMIT_EXCEEDED", "limit": 100_000}, {"or": [{}] * 300_000 + [0]}),
        ({"code": "BAD_USER_INPUT", "argument": "filter.title.contains"}, {"title": {"contains": "a\0b"}}),
        ({"code": "BAD_USER_INPUT", "argument": "filter.title.eq"}, {"title": {"eq": "\0"}}),
        ({"code": "BAD_USER_INPUT", "argument": "filter.or"}, {"or": None}),
        ({"code": "BAD_USER_INPUT", "argument": "filter.status.in"}, {"status": {"in": None}}),
    ]
    nonsense: list[Any] = [
        {"title": {"contains": 7}},
        {"title": {"like": "%"}},
        {"title": "a"},
        {"status": {"eq": "DONE"}},
        {"status": {"in": [None]}},
        {"dueDate": {"lt": "yesterday"}},
        {"version": {"gt": "2"}},
        {"version": {"gt": 2**40}},
        {"assignedTo": {"eq": "me"}},
        {"or": {"title": {"like": "a"}}},
        {"description": {"contains": "a"}},
        {"pastProjects": {"contains": [NULL]}},
        {"tenantId": {"eq": NULL}},
    ]
    filters += [({"code": "BAD_USER_INPUT"}, filter) for filter in nonsense]
    answers = [await refused(lister, LIST, {"filter": filter}) for _, filter in filters]
    told = [
        {name: answer.get(name) for name in wanted}
        for (wanted, _), answer in zip(filters, answers, strict=True)
    ]
    assert told == [wanted for wanted, _ in filters]


@pytest.mark.parametrize("levels", [6, 30, 90, 120, 200, 600])
async def test_literals_are_nested_no_deeper_than_variables(lister: Client, levels: int) -> None:
    document = "{ tasks(filter: " + "{not: " * levels + "{}" + "}" * levels + ") { totalCount } }"
    assert (await refused(lister, document, {}))["code"] in ("LIMIT_EXCEEDED", "GRAPHQL_PARSE_FAILED")


async def test_each_value_costs(lister: Client) -> None:
    aliases = " ".join(f"a{n}: tasks(filter: $filter, first: 1) {{ totalCount }}" for n in range(25))
    document = f"query($filter: TaskFilter) {{ {aliases} }}"
    most = {"or": [{"assignedTo": {"in": [NULL] * 90}} for _ in range(10)]}
    assert await refused(lister, document, {"filter": most}) == {
        "code": "COST_EXCEEDED",
        "limit": 10_000,
        "cost": 25 * (900 + 2),
    }
    assert await refused(lister, document, {"filter": {"or": [{}] * 450}}) == {
        "code": "COST_EXCEEDED",
        "limit": 10_000,
        "cost": 25 * (450 + 2),
    }
    # Of a list beside a filter, too.
    inner = "webhooks(first: 100) { nodes { deliveries(status: $status) { __typename } } }"
    document = f"query($status: [DeliveryStatus!]) {{ {inner} }}"
    assert (await refused(lister, document, {"status": ["FAILED"] * 200}))["code"] == "COST_EXCEEDED"
    one = f"{{ {aliases} }}".replace("$filter", "{assignedTo: {in: [" + f'"{NULL}" ' * 90 + "]}}")
    assert "errors" in await asked(lister, one, {})


async def test_a_part_of_a_text_costs_what_there_is_to_read_for_it(lister: Client) -> None:
    """No index finds it: the database looks for each in each title, for the page and for its count."""
    parts = [{"title": {"contains": "x"}}] * 25
    said = " ".join(['{title: {contains: "x"}}'] * 25)
    for head, filter, asked_for in (
        ("query($filter: TaskFilter)", "$filter", {"filter": {"or": parts}}),
        ("", f"{{or: [{said}]}}", {}),
    ):
        aliases = " ".join(f"a{n}: tasks(filter: {filter}, first: 1) {{ totalCount }}" for n in range(8))
        assert await refused(lister, f"{head} {{ {aliases} }}", asked_for) == {
            "code": "COST_EXCEEDED",
            "limit": 10_000,
            "cost": 8 * (25 * 2 * 250 + 2),
        }
    one = "query($part: String!) { tasks(filter: {title: {contains: $part}}) { totalCount } }"
    assert (await asked(lister, one, {"part": "a"}))["data"]["tasks"]["totalCount"] == 3
    counted = (
        "fragment Page on TaskConnection { ...Counted } fragment Counted on TaskConnection { totalCount }"
    )
    for selected, fragments, cost in (
        ("nodes { id }", "", None),
        ("totalCount", "", 30 * (2 * 250 + 2)),
        ("...Page", counted, 30 * (2 * 250 + 2)),
    ):
        thirty = " ".join(
            f"a{n}: tasks(filter: {{title: {{contains: $part}}}}, first: 1) {{ {selected} }}"
            for n in range(30)
        )
        answer = await asked(lister, f"query($part: String!) {{ {thirty} }} {fragments}", {"part": "a"})
        refused_for = [error["extensions"]["cost"] for error in answer.get("errors", ())]
        assert refused_for == ([] if cost is None else [cost]), selected


async def test_nobody_finds_words_that_they_may_not_read(lister: Client, product: Product) -> None:
    guest = await product.newcomer("Gus", tenant=lister.tenant, role="guest")
    for filter in (
        {"text": "secret"},
        {"or": [{"text": "secret"}, {"or": []}]},
        {"not": {"not": {"text": "secret"}}},
    ):
        assert await found(lister, filter) == "b"
        assert await found(guest, filter) == ""


async def test_a_filter_means_the_same_of_the_past(lister: Client) -> None:
    document = """query($filter: TaskFilter, $asOf: AsOf) {
      tasks(filter: $filter, asOf: $asOf, first: 100, direction: ASC) { nodes { title } }
    }"""
    position = (await asked(lister, LIST, {}))["extensions"]["position"]
    for filter in (
        {"or": [{"text": "secret"}, {"tags": {"contains": ["Red"]}}]},
        {"not": {"dueDate": {"lt": "2030-01-02T00:00:00Z"}}, "title": {"contains": "STRA"}},
        {"not": {"tags": {"contains": ["red"]}}},
    ):
        then = await asked(lister, document, {"filter": filter, "asOf": {"position": position}})
        now = await asked(lister, document, {"filter": filter})
        assert (then["data"], bool(now["data"]["tasks"]["nodes"])) == (now["data"], True)


async def test_a_subscription_takes_the_filter_of_its_list(client: Client) -> None:
    garden = await project(client, "Garden")
    wanted = {"or": [{"projectId": {"eq": garden}}, {"text": "roses", "assignedTo": {"isNull": True}}]}
    task = await created(client, "Dig")
    async with client.watching("TaskChanged", filter=wanted, initial=True) as messages:
        assert (await anext(messages))["nodes"] == []
        heard = []
        for mutation, input in (
            ("RenameTask", {"title": "Prune the rose"}),
            ("AssignTask", {"assignedTo": client.me}),
            ("MoveTask", {"projectId": garden}),
            ("RenameTask", {"title": "Prune"}),
            ("MoveTask", {"projectId": None}),
        ):
            await client.send(mutation, input={"id": task["id"], **input})
            message = await anext(messages)
            heard.append((message["kind"], message["change"]))
    assert heard == [
        ("UPDATED", "TASK_RENAMED"),
        ("REMOVED", "TASK_ASSIGNED"),
        ("UPDATED", "TASK_MOVED"),
        ("UPDATED", "TASK_RENAMED"),
        ("REMOVED", "TASK_MOVED"),
    ]


async def test_a_subscription_refuses_what_the_list_refuses(client: Client) -> None:
    async with client.watching("TaskChanged", filter={"or": None}) as messages:
        (error,) = (await anext(messages))["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "argument": "filter.or"}
