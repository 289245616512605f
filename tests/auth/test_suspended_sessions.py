"""Who was suspended, on leave or removed in a tenant signs in again there, and what was opened before is over."""

import pytest

from tests.attacks.people import colleague
from tests.auth.people import Json, Person, post, registered
from tests.auth.test_joining import ACCEPT, SWITCH, accepted, invited
from tests.auth.test_keys_of_machines import TASKS, key_of, post_as
from tests.kit.client import Client
from tests.kit.product import Product


async def _is_out_and_back(product: Product, boss: Person, ben: Person, ending: str) -> None:
    """Ben is out of the boss's tenant for a moment."""
    who = {"id": str(ben.id)}
    assert "position" in await boss.client.send(ending, input=who)
    if ending == "RemoveUser":
        _, token = await invited(product, boss, ben.email)
        assert "accessToken" in await accepted(product, {"token": token, "password": ben.password})
    else:
        assert "position" in await boss.client.send("ReactivateUser", input=who)


async def _refreshed(product: Product, person: Person) -> Person:
    answer = await post(product.http, "refresh", {"refreshToken": person.given["refreshToken"]})
    assert answer.status_code == 200, answer.text
    return Person(product.http, person.email, answer.json())


async def _switched(person: Person, tenant: str) -> Json:
    answer: Json = (await person.client.post(SWITCH, {"t": tenant})).json()["data"]["switchTenant"]
    return answer


@pytest.mark.parametrize("ending", ["SuspendUser", "DeactivateUser", "DeleteUser", "RemoveUser"])
async def test_what_was_opened_before_is_over_for_good(product: Product, ending: str) -> None:
    boss = await registered(product)
    ben = await colleague(product, boss)
    await _is_out_and_back(product, boss, ben, ending)
    answer = await ben.client.post(TASKS)
    assert (answer.status_code, answer.json()["errors"][0]["message"]) == (401, "The session is over.")
    # Of the session is left what belongs to no tenant, and it leads to none.
    rest = await _refreshed(product, ben)
    assert rest.given["tenantId"] is None
    assert (await _switched(rest, boss.given["tenantId"]))["code"] == "session_is_over"
    later = await ben.again()
    assert later.given["tenantId"] == boss.given["tenantId"]
    assert (await later.client.post(TASKS)).status_code == 200


async def test_a_session_goes_on_in_other_tenants(product: Product) -> None:
    boss, ben = await registered(product), await registered(product)
    _, token = await invited(product, boss, ben.email)
    joined = (await ben.client.post(ACCEPT, {"i": {"token": token}})).json()["data"]["acceptInvitation"]
    there = boss.given["tenantId"]
    assert joined["tenantId"] == there
    entered = (await _switched(ben, there))["accessToken"]
    await _is_out_and_back(product, boss, ben, "SuspendUser")
    assert (await Client(product.http, entered).post(TASKS)).status_code == 401
    assert (await ben.client.post(TASKS)).status_code == 200
    assert (await _switched(ben, there))["code"] == "session_is_over"
    assert (await _switched(ben, ben.given["tenantId"]))["tenantId"] == ben.given["tenantId"]
    assert (await _switched(await ben.again(), there))["tenantId"] == there


async def test_an_open_stream_ends_though_its_person_came_back_at_once(product: Product) -> None:
    boss = await registered(product)
    ben = await colleague(product, boss)
    async with ben.client.streaming("TaskStatsChanged") as events:
        await _is_out_and_back(product, boss, ben, "SuspendUser")
        ending = await anext(events)
    assert ending == {"broken off": "UNAUTHENTICATED Forbidden: The session is over."}


async def test_a_key_works_again_with_its_maker(product: Product) -> None:
    boss = await registered(product)
    ben = await colleague(product, boss, "ADMIN")
    key = {"x-api-key": await key_of(ben, "work:read")}
    await boss.client.send("SuspendUser", input={"id": str(ben.id)})
    suspended = (await post_as(product, key, TASKS)).json()
    assert suspended["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    await boss.client.send("ReactivateUser", input={"id": str(ben.id)})
    assert (await post_as(product, key, TASKS)).status_code == 200
