"""Privacy through the API: everybody for themselves, others by permission, and nobody across tenants."""

from typing import Any
from uuid import uuid4

import httpx

from api.kit.schema.fields import LARGEST
from domain.governance.consents import consent_id
from domain.governance.erasures import erasure_id
from tests.kit.client import Client
from tests.kit.product import Product

MAIL = "marketing.email"


async def _member(product: Product, of: Client) -> Client:
    return await product.newcomer("Bob", tenant=of.tenant, role="member")


async def test_one_gives_and_withdraws_ones_consent(client: Client) -> None:
    given = await client.send("GiveConsent", input={"purpose": MAIL, "textVersion": "3"})
    consent = given["consent"]
    assert (consent["subjectId"], consent["purpose"], consent["given"]) == (client.me, MAIL, True)
    assert (await client.send("MyConsents"))["nodes"][0]["id"] == str(consent_id(client.user, MAIL))
    withdrawn = await client.send("WithdrawConsent", input={"purpose": MAIL})
    assert withdrawn["consent"]["given"] is False
    again = await client.send("WithdrawConsent", input={"purpose": MAIL})
    assert (again["code"], again["message"]) == (
        "consent_not_given",
        "There is no consent to withdraw.",
    )


async def test_one_refuses_what_one_never_allowed(client: Client) -> None:
    refused = (await client.send("WithdrawConsent", input={"purpose": "crm"}))["consent"]
    assert (refused["subjectId"], refused["given"], refused["givenAt"]) == (client.me, False, None)
    assert refused["withdrawnAt"] is not None
    [mine] = (await client.send("MyConsents"))["nodes"]
    assert (mine["id"], mine["purpose"]) == (str(consent_id(client.user, "crm")), "crm")
    again = await client.send("WithdrawConsent", input={"purpose": "crm"})
    assert again["code"] == "consent_not_given"
    given = (await client.send("GiveConsent", input={"purpose": "crm"}))["consent"]
    assert (given["given"], given["withdrawnAt"]) == (True, None)


async def test_a_consent_is_made_once_and_changes_from_then_on(client: Client) -> None:
    async with client.watching("ConsentChanged", subjectId=client.me) as messages:
        seen: list[tuple[str, bool]] = []
        for step in ("GiveConsent", "WithdrawConsent", "GiveConsent"):
            await client.send(step, input={"purpose": MAIL})
            message = await anext(messages)
            seen.append((message["kind"], message["node"]["given"]))
    assert seen == [("CREATED", True), ("UPDATED", False), ("UPDATED", True)]


async def test_all_of_ones_consents_are_read_page_by_page(client: Client) -> None:
    purposes = [f"purpose.{number:03}" for number in range(LARGEST + 3)]
    for purpose in reversed(purposes):
        await client.send("GiveConsent", input={"purpose": purpose})
    seen: list[str] = []
    page: Any = {"pageInfo": {"hasNextPage": True, "endCursor": None}}
    while page["pageInfo"]["hasNextPage"]:
        page = await client.send("MyConsents", first=LARGEST, after=page["pageInfo"]["endCursor"])
        seen += [consent["purpose"] for consent in page["nodes"]]
    assert seen == purposes


async def test_consents_of_others_take_a_permission(product: Product, client: Client) -> None:
    member = await _member(product, client)
    refused = await member.send("GiveConsent", input={"purpose": MAIL, "subjectId": client.me})
    assert (refused["code"], refused["field"]) == ("forbidden", "subjectId")
    assert (await member.error("Consents"))[0] == "FORBIDDEN"
    await client.send("GiveConsent", input={"purpose": MAIL, "subjectId": member.me, "source": "phone"})
    page = await client.send("Consents", filter={"subjectId": {"eq": member.me}})
    assert [edge["node"]["source"] for edge in page["edges"]] == ["phone"]
    stranger = await product.newcomer()
    assert (await stranger.send("Consents"))["totalCount"] == 0


async def test_one_asks_to_be_forgotten(product: Product, client: Client) -> None:
    member = await _member(product, client)
    receipt = await member.send("EraseMe", input={"reason": "I leave."})
    assert receipt["erasure"]["id"] == str(erasure_id(member.user))
    assert receipt["erasure"]["certifiedAt"] is None
    page = await client.send(
        "Erasures", filter={"subjectId": {"eq": member.me}}, afterPosition=receipt["position"]
    )
    assert [edge["node"]["requestedBy"] for edge in page["edges"]] == [member.me]
    assert "leave" not in str(page)


async def test_others_are_forgotten_by_who_may(product: Product, client: Client) -> None:
    member = await _member(product, client)
    assert (await member.error("EraseUser", input={"subjectId": client.me}))[0] == "FORBIDDEN"
    assert (await member.error("Erasures"))[0] == "FORBIDDEN"
    receipt = await client.send("EraseUser", input={"subjectId": member.me})
    assert receipt["erasure"]["requestedBy"] == client.me
    stranger = await product.newcomer()
    assert (await stranger.send("Erasures"))["totalCount"] == 0


async def test_one_follows_ones_export(product: Product, client: Client) -> None:
    member = await _member(product, client)
    receipt = await member.send("RequestExport", input={})
    id = receipt["export"]["id"]
    assert (receipt["export"]["state"], receipt["export"]["subjectId"]) == ("RUNNING", member.me)
    async with member.watching("ExportProgress", id=id) as messages:
        assert (await anext(messages))["id"] == id
    found = await member.send("ExportUserData", userId=member.me, afterPosition=receipt["position"])
    assert found["id"] == id
    stranger = await product.newcomer()
    for other in (stranger, await _member(product, client)):
        async with other.watching("ExportProgress", id=id) as messages:
            assert "There is no such export." in str(await anext(messages))
    assert await stranger.send("ExportUserData", userId=member.me) is None
    assert (await (await _member(product, client)).error("ExportUserData", userId=member.me))[
        0
    ] == "FORBIDDEN"


async def test_a_file_is_fetched_with_a_token_alone(product: Product, client: Client) -> None:
    receipt = await client.send("RequestExport", input={})
    path = f"/exports/{receipt['export']['id']}"
    # The product of these tests runs no processes, so the file is not there yet.
    assert (await _get(client, path)).status_code == 409
    assert (await product.http.get(path)).status_code == 401
    assert (await _get(await product.newcomer(), path)).status_code == 404
    assert (await _get(client, f"/exports/{uuid4()}")).status_code == 404


async def _get(client: Client, path: str) -> httpx.Response:
    return await client.http.get(path, headers={"authorization": f"Bearer {client.token}"})
