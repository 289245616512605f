"""When somebody was signed in to a tenant, for who may see what people did (ID-T-26)."""

from typing import Any
from uuid import uuid4

from tests.attacks.people import colleague
from tests.auth.people import Person, post, registered
from tests.auth.test_joining import accepted, invited
from tests.kit.product import Product


async def _sessions(boss: Person, of: Person, **more: Any) -> list[Any]:
    found: list[Any] = (await _page(boss, of, **more))["nodes"]
    return found


async def _page(boss: Person, of: Person, **more: Any) -> Any:
    return (await boss.client.send("UserSessions", id=str(of.id), **more))["sessions"]


async def test_an_administrator_sees_when_somebody_was_signed_in_by_pages(product: Product) -> None:
    boss = await registered(product)
    ben = await colleague(product, boss)
    second = await ben.again()
    third = await ben.again()
    await post(product.http, "sign-out", {}, second.given["accessToken"])
    listed = await _sessions(boss, ben)
    assert [session["sessionId"] for session in listed] == [
        session.given["sessionId"] for session in (third, second, ben)
    ]
    assert [session["reason"] for session in listed] == [None, "SIGNED_OUT", None]
    assert [session["endedAt"] is None for session in listed] == [True, False, True]
    first = await _page(boss, ben, first=1)
    assert (first["nodes"], first["pageInfo"]["hasNextPage"]) == (listed[:1], True)
    second = await _page(boss, ben, first=2, after=first["pageInfo"]["endCursor"])
    assert (second["nodes"], second["pageInfo"]["hasNextPage"]) == (listed[1:], False)
    assert await _sessions(boss, ben, after=second["pageInfo"]["endCursor"]) == []
    code, _ = await boss.client.error("UserSessions", id=str(ben.id), first=101)
    assert code == "BAD_USER_INPUT"


async def test_nobody_sees_what_was_in_another_tenant(product: Product) -> None:
    boss, other = await registered(product), await registered(product)
    _, token = await invited(product, boss, other.email)
    joined = await accepted(product, {"token": token, "password": other.password, "firstName": "Eve"})
    there = Person(product.http, other.email, joined)
    shown = [session["sessionId"] for session in await _sessions(boss, there)]
    assert other.given["sessionId"] not in shown
    assert len(shown) == 1
    elsewhere = (await _page(boss, boss))["pageInfo"]["endCursor"]
    code, _ = await boss.client.error("UserSessions", id=str(there.id), after=elsewhere)
    assert code == "BAD_CURSOR"


async def test_only_who_may_see_what_people_did_sees_it(product: Product) -> None:
    boss = await registered(product)
    ben = await colleague(product, boss)
    for role in ("member", "guest"):
        somebody = product.client(boss.client.tenant, uuid4(), role=role)
        assert (await somebody.error("UserSessions", id=str(ben.id)))[0] == "FORBIDDEN"
    document = "query($id: ID!) { user(id: $id) { sessions { nodes { userId ipAddress } } } }"
    answer = (await boss.client.post(document, {"id": str(ben.id)})).json()
    assert "data" not in answer
