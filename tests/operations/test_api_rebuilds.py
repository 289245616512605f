"""Rebuilds through the API, where nobody builds: what is asked stays as it was asked."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from domain.kit.caller import PLATFORM
from tests.kit.client import Client
from tests.kit.product import Product
from tests.operations.notes import noted

VIEW, OTHER = "tasks.tasks", "tasks.user_stats"


@pytest.fixture(scope="module")
def operator(product: Product) -> Client:
    """Somebody who may rebuild and look, and nothing else."""
    return product.client(uuid4(), uuid4(), ["ops:rebuild", "ops:views"])


@pytest.fixture
async def rebuild(operator: Client) -> AsyncIterator[str]:
    """A rebuild that has begun, and is given up after the test."""
    receipt = await operator.send("RebuildViews", input={"views": [VIEW]})
    yield receipt["rebuild"]["id"]
    await operator.send("CancelRebuild", input={"id": receipt["rebuild"]["id"]})


async def test_shows_what_was_asked(operator: Client, rebuild: str) -> None:
    shown = await operator.send("Rebuild", id=rebuild)
    (view,) = shown.pop("views")
    assert view.pop("generation") > view.pop("former") >= 1
    assert int(view.pop("target")) >= int(view.pop("position"))
    assert view == {
        "view": VIEW,
        "store": "POSTGRES",
        "phase": "BUILDING",
        "rate": 0,
        "etaSeconds": view["etaSeconds"],
        "parked": 0,
        "comparison": None,
        "live": False,
        "rolledBackAt": None,
        "rolledBackBy": None,
    }
    assert shown.pop("askedAt")
    assert shown == {
        "id": rebuild,
        "kind": "REBUILD",
        "forNewVersion": False,
        "tenantId": None,
        "state": "BUILDING",
        "open": True,
        "paused": False,
        "repair": False,
        "rate": None,
        "parallel": 2,
        "askedBy": f"user {operator.user} of tenant {operator.tenant}",
        "endedAt": None,
        "error": None,
    }


async def test_takes_everything_that_can_be_asked(operator: Client, client: Client) -> None:
    tenant, command_id = str(client.tenant), str(uuid4())
    input = {
        "views": [VIEW, OTHER],
        "tenantId": tenant,
        "rate": 100,
        "parallel": 1,
        "repair": True,
    }
    receipt = await operator.send("RebuildViews", input=input, commandId=command_id)
    shown = receipt["rebuild"]
    await operator.send("CancelRebuild", input={"id": command_id})
    facts = [shown[name] for name in ("id", "kind", "tenantId", "rate", "parallel", "repair")]
    assert facts == [command_id, "REBUILD", tenant, 100, 1, True]
    assert [view["view"] for view in shown["views"]] == [VIEW, OTHER]


async def test_asking_twice_with_one_command_id_asks_once(product: Product, operator: Client) -> None:
    command_id = str(uuid4())
    for repeated in (False, True):
        receipt = await operator.send("RebuildViews", input={"views": [VIEW]}, commandId=command_id)
        assert (receipt["repeated"], receipt["rebuild"]["id"]) == (repeated, command_id)
    again = await operator.send("RebuildViews", input={"views": [OTHER]}, commandId=command_id)
    assert again["code"] == "command_id_reused"
    cancelled = str(uuid4())
    for repeated in (False, True):
        receipt = await operator.send("CancelRebuild", input={"id": command_id}, commandId=cancelled)
        assert (receipt["repeated"], receipt["rebuild"]["state"]) == (repeated, "CANCELLED")
    kinds = [kind for kind, _ in await noted(product, command_id)]
    assert kinds == ["rebuild.requested", "rebuild.cancelled"]


async def test_every_action_is_in_the_log_with_who_asked(
    product: Product, operator: Client, rebuild: str
) -> None:
    for mutation, paused in (("PauseRebuild", True), ("ResumeRebuild", False)):
        receipt = await operator.send(mutation, input={"id": rebuild})
        assert receipt["rebuild"]["paused"] is paused
    assert await noted(product, rebuild) == [
        ("rebuild.requested", operator.user),
        ("rebuild.paused", operator.user),
        ("rebuild.resumed", operator.user),
    ]


async def test_who_belongs_to_the_platform_reads_the_audit(
    product: Product, operator: Client, rebuild: str
) -> None:
    auditor = product.client(PLATFORM, uuid4())
    filter = {"entityId": {"eq": rebuild}}
    activities = await auditor.send("Activities", filter=filter)
    assert [edge["node"]["action"] for edge in activities["edges"]] == ["REQUESTED"]
    assert activities["edges"][0]["node"]["metadata"]["views"] == [VIEW]
    # Whoever asked has nothing of it among their tenant's activities.
    assert (await operator.send("Activities", filter=filter))["edges"] == []


async def test_lists_the_newest_first(operator: Client) -> None:
    ids = []
    for view in (VIEW, OTHER):
        receipt = await operator.send("RebuildViews", input={"views": [view]})
        ids.append(receipt["rebuild"]["id"])
        await operator.send("CancelRebuild", input={"id": ids[-1]})
    assert [rebuild["id"] for rebuild in (await operator.send("Rebuilds", first=2))["nodes"]] == ids[::-1]
    assert (await operator.send("Rebuilds", first=0))["nodes"] == []
    these = {"id": {"in": ids}, "state": {"notIn": ["FAILED"]}, "endedAt": {"isNull": False}}
    for filter, expected in ((these, ids[::-1]), ({**these, "paused": {"eq": True}}, [])):
        found = (await operator.send("Rebuilds", filter=filter, first=2))["nodes"]
        assert [rebuild["id"] for rebuild in found] == expected


async def refused(operator: Client, mutation: str, **input: Any) -> tuple[str, str, str | None]:
    answer = await operator.send(mutation, input=input)
    return answer["code"], answer["message"], answer["field"]


async def test_refuses_an_unknown_view_and_leaves_no_trace(product: Product, operator: Client) -> None:
    command_id = str(uuid4())
    for _ in range(2):
        answer = await operator.send("RebuildViews", input={"views": ["tasks.taks"]}, commandId=command_id)
        assert (answer["code"], answer["field"]) == ("not_found", "views")
        assert answer["message"].startswith("There is no view tasks.taks")
    assert await noted(product, command_id) == []
    assert await operator.send("Rebuild", id=command_id) is None


async def test_refuses_a_view_that_is_being_built(operator: Client, rebuild: str) -> None:
    assert await refused(operator, "RebuildViews", views=[VIEW]) == (
        "not_possible",
        f"{VIEW} is in the rebuild {rebuild}, which has not ended.",
        None,
    )


async def test_refuses_to_pause_or_resume_twice(operator: Client, rebuild: str) -> None:
    assert (await refused(operator, "ResumeRebuild", id=rebuild))[0] == "rebuild_not_paused"
    await operator.send("PauseRebuild", input={"id": rebuild})
    assert (await refused(operator, "PauseRebuild", id=rebuild))[0] == "rebuild_is_paused"


async def test_refuses_to_accept_what_does_not_differ(operator: Client, rebuild: str) -> None:
    assert await refused(operator, "AcceptRebuild", id=rebuild) == (
        "not_possible",
        "Only a rebuild whose rows differ can be accepted; this one is building.",
        "id",
    )


@pytest.mark.parametrize("mutation", ["PauseRebuild", "ResumeRebuild", "CancelRebuild", "AcceptRebuild"])
async def test_refuses_what_is_not_there_or_over(operator: Client, mutation: str) -> None:
    unknown = str(uuid4())
    assert await refused(operator, mutation, id=unknown) == (
        "not_found",
        f"There is no rebuild {unknown}.",
        "id",
    )
    over = (await operator.send("RebuildViews", input={"views": [VIEW]}))["rebuild"]["id"]
    await operator.send("CancelRebuild", input={"id": over})
    assert await refused(operator, mutation, id=over) == (
        "not_possible",
        "This rebuild has ended: cancelled.",
        "id",
    )


async def test_refuses_a_rollback_of_what_was_not_cut_over_to(product: Product, operator: Client) -> None:
    id = (await operator.send("RebuildViews", input={"views": [OTHER]}))["rebuild"]["id"]
    await operator.send("CancelRebuild", input={"id": id})
    command_id = str(uuid4())
    answer = await operator.send("RollbackViews", input={"rebuildId": id}, commandId=command_id)
    assert answer["message"] == f"The rebuild {id} is cancelled: nothing was cut over to."
    assert [kind for kind, _ in await noted(product, command_id)] == [
        "rollback.requested",
        "rollback.declined",
    ]


async def test_refuses_a_rollback_of_an_unknown_rebuild_and_notes_nothing(
    product: Product, operator: Client
) -> None:
    command_id, unknown = str(uuid4()), str(uuid4())
    answer = await operator.send("RollbackViews", input={"rebuildId": unknown}, commandId=command_id)
    assert (answer["message"], answer["field"]) == (f"There is no rebuild {unknown}.", "rebuildId")
    assert await noted(product, command_id) == []


async def test_one_that_began_by_itself_is_directed_like_any(product: Product, operator: Client) -> None:
    id = (await operator.send("RebuildViews", input={"views": [VIEW]}))["rebuild"]["id"]
    other = uuid4()
    connection = await asyncpg.connect(product.settings.database_url)
    try:
        # As if a worker with a new version of the code had asked for it.
        await connection.execute("alter table ops.rebuild_views drop constraint rebuild_views_rebuild_fkey")
        await connection.execute(
            "update ops.rebuilds set id = $2, kind = 'version' where id = $1", UUID(id), other
        )
        await connection.execute(
            "update ops.rebuild_views set rebuild = $2 where rebuild = $1", UUID(id), other
        )
    finally:
        await connection.close()
    assert (await operator.send("PauseRebuild", input={"id": str(other)}))["rebuild"]["paused"] is True
    await operator.send("CancelRebuild", input={"id": str(other)})
    kinds = [kind for kind, _ in await noted(product, str(other))]
    assert kinds == ["rebuild.adopted", "rebuild.paused", "rebuild.cancelled"]


async def test_whoever_watches_sees_each_change_until_it_ends(product: Product, operator: Client) -> None:
    other = product.client(uuid4(), uuid4(), ["ops:views"])
    id = (await operator.send("RebuildViews", input={"views": [VIEW]}))["rebuild"]["id"]
    async with (
        operator.watching("ViewProgress", rebuildId=id) as first,
        other.streaming("ViewProgress", rebuildId=id) as second,
        asyncio.timeout(120),
    ):
        for messages in (first, second):
            assert (await anext(messages))["paused"] is False
        await operator.send("PauseRebuild", input={"id": id})
        for messages in (first, second):
            while not (await anext(messages))["paused"]:
                pass
        await operator.send("CancelRebuild", input={"id": id})
        for messages in (first, second):
            seen = [message["state"] async for message in messages]
            assert seen[-1] == "CANCELLED"


async def test_whoever_watches_what_is_not_there_is_told(operator: Client) -> None:
    unknown = str(uuid4())
    async with operator.watching("ViewProgress", rebuildId=unknown) as messages:
        (error,) = (await anext(messages))["errors"]
    assert (error["message"], error["extensions"]["code"]) == (f"There is no rebuild {unknown}.", "NOT_FOUND")
