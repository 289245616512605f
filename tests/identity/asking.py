"""What the tests of identity's API say often."""

from typing import Any

from tests.kit.client import Client
from tests.kit.product import Product


async def done(client: Client, mutation: str, **input: object) -> Any:
    """The receipt of a mutation that must not be refused."""
    receipt = await client.send(mutation, input=input)
    assert "position" in receipt, receipt
    return receipt


async def refusal(client: Client, mutation: str, **input: object) -> tuple[str, str | None]:
    """Code and field of the refusal of a mutation."""
    answer = await client.send(mutation, input=input)
    assert "code" in answer, answer
    return answer["code"], answer["field"]


async def colleague(product: Product, client: Client, role: str, name: str = "Eve") -> Client:
    """Somebody else in the client's tenant, who is and asks as this role."""
    other = await product.newcomer(name, tenant=client.tenant, role=role)
    if role != "member":
        await done(client, "ChangeUserRole", id=other.me, role=role.upper())
    return other
