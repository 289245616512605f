"""Accounts that operators suspend and reactivate: nothing that was opened with one goes on meanwhile."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from uuid import uuid4

import pytest
from websockets.exceptions import ConnectionClosed

from app.storage.database import Connection
from domain.kit.caller import PLATFORM
from tests.auth.people import Person, post, refusal, registered, reset_token
from tests.auth.test_keys_of_machines import TASKS, key_of, post_as
from tests.kit.client import Client, subscribe
from tests.kit.processes import until
from tests.kit.product import Product
from tests.operations.command_line import CommandLine

Way = Callable[[Product, str, str], Awaitable[tuple[str, str]]]
"""Does a verb about an address; what came of it, and how the log names who asked."""


async def _by_api(product: Product, verb: str, email: str) -> tuple[str, str]:
    operator = _operator(product)
    answer = await operator.send(f"{verb.title()}Account", email=email)
    return answer.get("code", "done"), str(operator.user)


async def _by_command(product: Product, verb: str, email: str) -> tuple[str, str]:
    ran = await asyncio.to_thread(CommandLine(product.settings), "account", verb, email, "--json")
    code = ran.json["refused"]["code"] if ran.code else "done"
    return code, " on "


def _operator(product: Product) -> Client:
    return product.client(PLATFORM, uuid4(), role="operator")


@pytest.mark.parametrize("way", [_by_api, _by_command])
async def test_all_that_was_opened_with_it_ends(product: Product, owner: Connection, way: Way) -> None:
    ada = await registered(product)
    again, key = await ada.again(), await key_of(ada, "work:read")
    async with (
        asyncio.timeout(120),
        ada.client.socket() as socket,
        again.client.streaming("TaskStatsChanged") as events,
    ):
        await socket.send(subscribe("1", "TaskStatsChanged", {}))
        done, name = await way(product, "suspend", ada.email)
        assert done == "done"
        with suppress(ConnectionClosed):
            while json.loads(await socket.recv())["type"] == "ping":
                pass
        assert (socket.close_code, socket.close_reason) == (4403, "Forbidden: The session is over.")
        assert (await anext(events))["broken off"].startswith("UNAUTHENTICATED ")
    for person in (ada, again):
        assert (await person.client.post(TASKS)).status_code == 401
        refreshed = await post(product.http, "refresh", {"refreshToken": person.given["refreshToken"]})
        assert refusal(refreshed) == (401, "refresh_refused")
    await until(_refused(product, key))
    noted = await owner.fetchval(
        "select payload->>'asked_by' from es.events"
        " where originator_id = $1 and type = 'identity.account.suspended'",
        ada.id,
    )
    assert name in noted
    reasons = "select reason from auth.user_sessions where user_id = $1"
    assert {row["reason"] for row in await owner.fetch(reasons, ada.id)} == {"suspended"}


def _refused(product: Product, key: str) -> Callable[[], Awaitable[bool]]:
    async def is_refused() -> bool:
        return (await post_as(product, {"x-api-key": key}, TASKS)).status_code == 401

    return is_refused


@pytest.mark.parametrize("way", [_by_api, _by_command])
async def test_who_knows_the_password_is_told_why(product: Product, way: Way) -> None:
    ada = await registered(product)
    assert (await way(product, "suspend", ada.email))[0] == "done"
    assert refusal(await ada.sign_in()) == (403, "account_is_suspended")
    assert refusal(await ada.sign_in("a wrong battery staple")) == (401, "sign_in_refused")
    assert (await way(product, "suspend", ada.email))[0] == "account_not_open"
    assert (await way(product, "suspend", f"{uuid4().hex}@example.com"))[0] == "not_found"


@pytest.mark.parametrize("way", [_by_api, _by_command])
async def test_who_is_reactivated_signs_in_anew(product: Product, way: Way) -> None:
    ada = await registered(product)
    key = await key_of(ada, "work:read")
    assert (await way(product, "reactivate", ada.email))[0] == "account_not_suspended"
    await way(product, "suspend", ada.email)
    assert (await way(product, "reactivate", ada.email))[0] == "done"
    assert (await (await ada.again()).client.post(TASKS)).status_code == 200
    assert (await post_as(product, {"x-api-key": key}, TASKS)).status_code == 200
    assert (await ada.client.post(TASKS)).status_code == 401
    refreshed = await post(product.http, "refresh", {"refreshToken": ada.given["refreshToken"]})
    assert refusal(refreshed) == (401, "refresh_refused")


async def test_a_link_that_was_mailed_opens_no_suspended_account(product: Product, owner: Connection) -> None:
    ada = await registered(product)
    token = await reset_token(product, owner, ada)
    await _by_api(product, "suspend", ada.email)
    reset = await post(product.http, "password/reset", {"token": token, "password": "another battery staple"})
    assert refusal(reset) == (403, "account_not_open")


async def test_nobody_suspends_themselves(product: Product) -> None:
    ada = await registered(product)
    operator = product.client(PLATFORM, ada.id, role="operator")
    refused = await operator.send("SuspendAccount", email=ada.email)
    assert (refused["code"], refused["field"]) == ("own_account", "email")
    assert (await ada.client.post(TASKS)).status_code == 200


@pytest.mark.parametrize("role", ["owner", "admin", "member", "guest"])
@pytest.mark.parametrize("mutation", ["SuspendAccount", "ReactivateAccount"])
async def test_operators_alone_suspend_accounts(product: Product, mutation: str, role: str) -> None:
    ada: Person = await registered(product)
    somebody = product.client(ada.client.tenant, uuid4(), role=role)
    assert (await somebody.error(mutation, email=ada.email))[0] == "FORBIDDEN"
    assert (await ada.client.post(TASKS)).status_code == 200
