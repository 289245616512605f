"""What a short document may make the API read and answer."""

import pytest

from tests.kit.client import Client
from tests.kit.product import Product
from tests.work.api import created

TASKS = 40
LONG = "🦆" * 20_000


@pytest.fixture(scope="module")
async def writer(product: Product) -> Client:
    """Somebody whose tasks are as long as they may be: 80 kB each."""
    client = await product.newcomer()
    for number in range(TASKS):
        await created(client, str(number), description=LONG)
    return client


async def test_a_text_asked_for_by_many_names_is_too_large(writer: Client) -> None:
    names = " ".join(f"d{n}: description" for n in range(5))
    answer = (await writer.post(f"{{ tasks(first: {TASKS}) {{ nodes {{ {names} }} }} }}")).json()
    [error] = answer["errors"]
    assert error["extensions"] == {"code": "RESPONSE_TOO_LARGE", "limit": 10_000_000}
    assert "data" not in answer


async def test_rows_read_by_many_names_are_too_many_though_little_of_them_is_shown(writer: Client) -> None:
    lists = " ".join(f"l{n}: tasks(first: {TASKS}) {{ nodes {{ id }} }}" for n in range(30))
    answer = (await writer.post(f"{{ {lists} }}")).json()
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"RESPONSE_TOO_LARGE"}
    few = " ".join(f"l{n}: tasks(first: {TASKS}) {{ nodes {{ id }} }}" for n in range(3))
    assert "errors" not in (await writer.post(f"{{ {few} }}")).json()


async def test_one_page_of_the_longest_texts_is_within_all_limits(writer: Client) -> None:
    page = (await writer.post(f"{{ tasks(first: {TASKS}) {{ nodes {{ title description }} }} }}")).json()
    assert [node["description"] for node in page["data"]["tasks"]["nodes"]] == [LONG] * TASKS


@pytest.mark.parametrize(("selected", "allowed"), [("title", True), ("description", False)])
async def test_a_text_costs_by_the_length_it_may_have(client: Client, selected: str, allowed: bool) -> None:
    lists = " ".join(f"l{n}: tasks(first: 100) {{ nodes {{ {selected} }} }}" for n in range(5))
    answer = (await client.post(f"{{ {lists} }}")).json()
    codes = [error["extensions"]["code"] for error in answer.get("errors", [])]
    assert codes == ([] if allowed else ["COST_EXCEEDED"])
