"""Cursors that were signed by earlier code, which had something else in them."""

import pytest

from api.kit.schema.lists.signatures import Signature
from tests.kit.client import Client
from tests.kit.product import Product
from tests.work.api import created, project

PAGE = "pageInfo { startCursor endCursor }"
FORWARD = (
    f"query($after: String) {{ it: tasks(first: 1, after: $after) {{ {PAGE} }} }}",
    f"query($after: String) {{ it: userTasks(first: 1, after: $after) {{ {PAGE} }} }}",
    f"query($after: String) {{ it: taskDays(first: 1, after: $after) {{ {PAGE} }} }}",
    f"query($after: String) {{ it: entities(type: TASK, first: 1, after: $after) {{ {PAGE} }} }}",
    f'query($after: String) {{ it: searchTasks(text: "rose", first: 1, after: $after) {{ {PAGE} }} }}',
    f"query($after: String) {{ projects {{ nodes {{ it: tasks(first: 1, after: $after) {{ {PAGE} }} }} }} }}",
)
BACKWARD = (
    f"query($before: String) {{ it: tasks(last: 1, before: $before) {{ {PAGE} }} }}",
    f"query($before: String) {{ projects {{ nodes {{ it: tasks(last: 1, before: $before) {{ {PAGE} }} }} }} }}",
)
HELD = (b"null", b"{}", b"[null]", b'["x"]', b'[1, "x", 2]', b"17", b"x", b"\xff")


@pytest.fixture(scope="module")
async def keeper(product: Product) -> Client:
    """Somebody with a task in a project, which every one of the lists shows."""
    client = await product.newcomer()
    await created(client, "Water the rose", projectId=await project(client), assignedTo=client.me)
    return client


@pytest.mark.parametrize("held", HELD, ids=repr)
async def test_a_cursor_that_holds_something_else_is_refused(
    keeper: Client, held: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign = Signature.cursor
    monkeypatch.setattr(Signature, "cursor", lambda signature, _: sign(signature, held))
    asked = [*((document, "after") for document in FORWARD), *((document, "before") for document in BACKWARD)]
    refused = {}
    for document, argument in asked:
        page = (await keeper.post(document)).json()["data"]
        shown = page["it"] if "it" in page else page["projects"]["nodes"][0]["it"]
        answer = (await keeper.post(document, {argument: shown["pageInfo"]["startCursor"]})).json()
        refused[document] = [error["extensions"]["code"] for error in answer.get("errors", ())]
    assert refused == {document: ["BAD_CURSOR"] for document, _ in asked}
