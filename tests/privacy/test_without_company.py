"""Who belongs to no company, over the API: they get what is kept about them, and are forgotten."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest

from app.entry.worker import everywhere
from domain.kit.caller import ACCOUNTS
from tests.auth.people import Person, post, refusal, registered, somebody
from tests.kit.client import Client
from tests.kit.processes import until
from tests.kit.product import Product
from tests.operations.command_line import CommandLine


@pytest.fixture(scope="module")
async def working(product: Product) -> AsyncIterator[Product]:
    """The product with a worker as the program is one: it follows, and runs the processes."""
    stopping = asyncio.Event()
    worker = asyncio.create_task(everywhere(product.settings, stopping))
    connection = await asyncpg.connect(product.settings.database_url)

    async def enrolled() -> bool:
        """A process does what is asked for after it was first run."""
        names = "select count(*) from processes.lanes where process in ('governance.export', 'governance.erasure')"
        return bool(await connection.fetchval(names) == 2)

    await until(enrolled)
    await connection.close()
    yield product
    stopping.set()
    await worker


async def _fetched(client: Client, id: str) -> httpx.Response:
    return await client.http.get(f"/exports/{id}", headers={"authorization": f"Bearer {client.token}"})


async def test_they_export_and_fetch_their_account(working: Product) -> None:
    alone = await registered(working, company=False)
    receipt = await alone.client.send("RequestExport", input={})
    assert (receipt["export"]["state"], receipt["export"]["subjectId"]) == ("RUNNING", str(alone.id))
    id = receipt["export"]["id"]

    async def finished() -> bool:
        found = await alone.client.send("ExportUserData", userId=str(alone.id))
        return bool(found and found["id"] == id and found["state"] == "FINISHED")

    await until(finished)
    async with alone.client.watching("ExportProgress", id=id) as messages:
        assert (await anext(messages))["state"] == "FINISHED"
    response = await _fetched(alone.client, id)
    assert response.status_code == 200, response.text
    more: dict[str, Any] = response.json()["additional_data"]
    assert more["account"]["email"] == alone.email
    assert [session["ip_address"] for session in more["sessions"]] == ["127.0.0.1"]
    assert next(event["type"] for event in more["events"]) == "identity.account.opened"
    others = [await registered(working, company=False), await registered(working)]
    for other in others:
        assert (await _fetched(other.client, id)).status_code == 404
    # An owner may export others, of their company.
    assert await others[1].client.send("ExportUserData", userId=str(alone.id)) is None
    requested = await others[1].client.send("RequestExport", input={"subjectId": str(alone.id)})
    assert (requested["code"], requested["field"]) == ("not_found", "subjectId")


async def test_they_are_forgotten(working: Product) -> None:
    alone = await registered(working, company=False)
    receipt = await alone.client.send("EraseMe", input={"reason": "I leave."})
    assert receipt["erasure"]["requestedBy"] == str(alone.id)

    async def certified() -> bool:
        ran = await asyncio.to_thread(
            CommandLine(working.settings), "privacy", "certificates", str(ACCOUNTS), "--json"
        )
        return any(f'"{alone.id}"' in line and '"sha256":""' not in line for line in ran.out.splitlines())

    await until(certified)
    assert refusal(await alone.sign_in()) == (401, "sign_in_refused")
    assert (await alone.client.post("{ mySessions { nodes { id } } }")).status_code == 401
    # The address is free, and nobody's any more.
    again = await post(working.http, "register", {**somebody(), "email": alone.email})
    assert again.status_code == 200, again.text
    assert Person(working.http, alone.email, again.json()).id != alone.id


async def test_nobody_else_forgets_or_exports_them(working: Product) -> None:
    alone, nosy = [await registered(working, company=False) for _ in range(2)]
    answer = await nosy.client.send("RequestExport", input={"subjectId": str(alone.id)})
    assert answer["code"] == "forbidden"
    assert (await nosy.client.error("EraseUser", input={"subjectId": str(alone.id)}))[0] == "FORBIDDEN"
    assert (await nosy.client.error("ExportUserData", userId=str(alone.id)))[0] == "FORBIDDEN"
    assert (await alone.sign_in()).status_code == 200
