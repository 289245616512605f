"""People through the API: registering them, and finding who an id stands for."""

from typing import Any
from uuid import uuid4

from tests.kit.client import Client
from tests.kit.product import Product
from tests.work.api import refused


async def test_registers_a_person(client: Client) -> None:
    id = str(uuid4())
    input = {"id": id, "email": f"Eve.{id}@Example.com", "firstName": " Eve ", "lastName": "Moss"}
    receipt = await client.send("RegisterUser", input=input, commandId=id)
    expected = {
        "commandId": id,
        "position": receipt["position"],
        "repeated": False,
        "user": {
            "id": id,
            "name": "Eve Moss",
            "firstName": "Eve",
            "lastName": "Moss",
            "email": f"eve.{id}@example.com",
            "createdAt": receipt["user"]["createdAt"],
        },
    }
    assert receipt == expected
    assert await client.send("User", id=id) == expected["user"]
    again = await client.send("RegisterUser", input=input, commandId=id)
    assert again == {**expected, "repeated": True}


async def test_an_address_is_used_once_in_whatever_case(client: Client) -> None:
    email = f"{client.me}@example.com"
    first = await client.send("RegisterUser", input={"email": email, "firstName": "Eve"})
    assert first["user"]["email"] == email
    second = await client.send("RegisterUser", input={"email": email.upper(), "firstName": "Eve"})
    assert second == refused("already_taken", "email", "Email is already in use.")


async def test_refusals_name_their_field(client: Client) -> None:
    person = {"email": "eve@example.com", "firstName": "Eve"}
    answers = [
        await client.send("RegisterUser", input={**person, **wrong})
        for wrong in (
            {"email": "eve"},
            {"firstName": "\u200b"},
            {"lastName": "x" * 101},
            {"firstName": "a\u0007b"},
        )
    ]
    assert answers == [
        refused("invalid", "email", "Email is not an e-mail address."),
        refused("invalid", "firstName", "First name must not be empty."),
        refused("invalid", "lastName", "Last name has more than 100 characters."),
        refused("invalid", "firstName", "First name holds characters that are not text."),
    ]


async def test_people_are_listed_by_pages(client: Client, product: Product) -> None:
    for name in ("Eve", "Joe"):
        await product.newcomer(name, tenant=client.tenant)
    everybody = await client.send("Users")
    assert {edge["node"]["name"] for edge in everybody["edges"]} == {"Ada", "Eve", "Joe"}
    names: list[str] = []
    page: Any = None
    for _ in range(3):
        page = await client.send("Users", first=1, after=page and page["pageInfo"]["endCursor"])
        names += [edge["node"]["name"] for edge in page["edges"]]
    assert names == [edge["node"]["name"] for edge in everybody["edges"]]
    assert not page["pageInfo"]["hasNextPage"]
