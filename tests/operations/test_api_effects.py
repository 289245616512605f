"""Parked effects through the API: seen, tried again, or given up with a reason; each command is in the log."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from tests.kit.client import Client
from tests.kit.product import Product

PROCESS = "toys.thanks"
OTHER = "toys.other"


@pytest.fixture(scope="module")
def operator(product: Product) -> Client:
    """Somebody who may repair."""
    return product.client(uuid4(), uuid4(), ["ops:repair"])


@pytest.fixture
async def owner(product: Product) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A session that sees all."""
    connection = await asyncpg.connect(product.settings.database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def parked(owner: "asyncpg.Connection[asyncpg.Record]") -> list[int]:
    """Two effects that failed and wait; nobody runs their process here, which ran before."""
    await owner.execute("delete from processes.ledger")
    await owner.execute(
        """insert into processes.lanes (process, version, since, position) values ($1, 1, 0, 0), ($2, 1, 0, 0)
           on conflict do nothing""",
        PROCESS,
        OTHER,
    )
    rows = await owner.fetch(
        """insert into processes.ledger (tenant_id, process, instance, cause, key, kind, name, payload, status,
                  attempts, next_at, event_id, position, correlation_id, error, made_at)
           select gen_random_uuid(), $1, 'one', gen_random_uuid(), 'thank', 'effect', 'thank', '{}', 'parked',
                  8, now(), gen_random_uuid(), 1, 'test', 'ConnectionError', now()
             from generate_series(1, 2)
           returning id""",
        PROCESS,
    )
    return [row["id"] for row in rows]


async def statuses(owner: "asyncpg.Connection[asyncpg.Record]") -> dict[int, str]:
    """How the effects stand."""
    rows = await owner.fetch("select id, status, discard from processes.ledger order by id")
    return {row["id"]: f"{row['status']} {row['discard'] or ''}".strip() for row in rows}


async def noted(owner: "asyncpg.Connection[asyncpg.Record]", id: str) -> list[tuple[str, UUID, Any]]:
    """What the log says of a command: types, who, and what."""
    rows = await owner.fetch(
        "select type, user_id, payload from es.events where originator_id = $1 order by position", UUID(id)
    )
    return [(row["type"], row["user_id"], msgspec.json.decode(row["payload"])) for row in rows]


async def test_lists_what_is_not_done(operator: Client, parked: list[int]) -> None:
    found = (await operator.send("Effects", process=PROCESS))["nodes"]
    assert [
        (effect["number"], effect["status"], effect["attempts"], effect["error"]) for effect in found
    ] == [(id, "PARKED", 8, "ConnectionError") for id in parked]
    assert (await operator.send("Effects", process=OTHER))["nodes"] == []
    assert (await operator.send("Effects", filter={"status": {"eq": "DONE"}}))["nodes"] == []
    last = {"number": {"gt": parked[0]}, "error": {"contains": "CONNECTION"}, "process": {"eq": PROCESS}}
    among_them = (await operator.send("Effects", filter=last))["nodes"]
    assert [effect["number"] for effect in among_them] == parked[1:]
    assert len((await operator.send("Effects", first=1))["nodes"]) == 1


async def test_one_is_tried_again_and_that_is_on_record(
    operator: Client, owner: "asyncpg.Connection[asyncpg.Record]", parked: list[int]
) -> None:
    first, second = parked
    receipt = await operator.send("RetryEffects", input={"effects": [first]})
    assert receipt["effects"] == [first]
    assert await statuses(owner) == {first: "pending", second: "parked"}
    ((kind, caller, said),) = await noted(owner, receipt["commandId"])
    assert (kind, caller) == ("operations.intervention.retry_requested", operator.user)
    assert said["effects"] == [first]


async def test_all_of_a_process_are_tried_again(
    operator: Client, owner: "asyncpg.Connection[asyncpg.Record]", parked: list[int]
) -> None:
    receipt = await operator.send("RetryEffects", input={"process": PROCESS})
    assert sorted(receipt["effects"]) == parked
    assert set((await statuses(owner)).values()) == {"pending"}


async def test_one_is_given_up_with_a_reason(
    operator: Client, owner: "asyncpg.Connection[asyncpg.Record]", parked: list[int]
) -> None:
    first, second = parked
    receipt = await operator.send("DiscardEffects", input={"effects": [second], "reason": "Sent by hand."})
    assert receipt["effects"] == [second]
    assert await statuses(owner) == {first: "parked", second: "pending Sent by hand."}
    ((kind, _, said),) = await noted(owner, receipt["commandId"])
    assert (kind, said["reason"]) == ("operations.intervention.discard_requested", "Sent by hand.")


async def test_what_is_not_parked_is_declined_and_that_is_on_record(
    operator: Client, owner: "asyncpg.Connection[asyncpg.Record]", parked: list[int]
) -> None:
    command_id = str(uuid4())
    for _ in range(2):
        refused = await operator.send("RetryEffects", input={"effects": [10**9]}, commandId=command_id)
        assert (refused["code"], refused["message"]) == ("not_possible", "None of these effects is parked.")
    assert [kind for kind, *_ in await noted(owner, command_id)] == [
        "operations.intervention.retry_requested",
        "operations.intervention.declined",
    ]


@pytest.mark.parametrize(
    ("mutation", "input"),
    [
        ("RetryEffects", {}),
        ("DiscardEffects", {"effects": [], "reason": "No use."}),
        ("DiscardEffects", {"effects": [1], "reason": " "}),
    ],
)
async def test_a_command_must_say_what_and_why(
    operator: Client, mutation: str, input: dict[str, Any]
) -> None:
    assert (await operator.send(mutation, input=input))["code"] == "invalid"


@pytest.mark.parametrize("operation", ["Effects", "RetryEffects", "DiscardEffects"])
async def test_takes_the_permission_to_repair(product: Product, operation: str) -> None:
    guest = product.client(uuid4(), uuid4(), ["ops:views"])
    inputs = {"DiscardEffects": {"effects": [1], "reason": "No use."}, "RetryEffects": {"effects": [1]}}
    variables = {"input": inputs[operation]} if operation in inputs else {}
    code, _ = await guest.error(operation, **variables)
    assert code == "FORBIDDEN"
