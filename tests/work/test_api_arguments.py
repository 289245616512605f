"""What is wrong with an argument is told with the place of it, whoever finds it."""

from typing import Any
from uuid import uuid4

import pytest

from tests.kit.client import Client

ID = str(uuid4())
SEND = "mutation($c: [CommandEntryInput!]!) { sendCommands(commands: $c) { __typename } }"


@pytest.mark.parametrize(
    ("document", "variables", "place"),
    [
        ("query($a: AsOf) { tasks(asOf: $a) { totalCount } }", {"a": {"position": None}}, "asOf"),
        (SEND, {"c": []}, "commands"),
        ("{ tasks(first: 1, last: 1) { totalCount } }", {}, "last"),
        ("query($i: ID!) { task(id: $i, version: 1, asOf: {position: 1}) { id } }", {"i": ID}, "version"),
        ("query($i: [ID!]!) { nodes(ids: $i) { id } }", {"i": [ID] * 101}, "ids"),
        ('{ history(stream: "task-1") { nodes { type } } }', {}, "stream"),
        ('{ entity(key: "x") { key } }', {}, "key"),
        ("query($t: String!) { searchTasks(text: $t) { totalCount } }", {"t": "a " * 501}, "text"),
    ],
)
async def test_it_says_which_argument_is_wrong(
    client: Client, document: str, variables: dict[str, Any], place: str
) -> None:
    (error,) = (await client.post(document, variables)).json()["errors"]
    assert (error["extensions"]["code"], error["extensions"]["argument"]) == ("BAD_USER_INPUT", place)
