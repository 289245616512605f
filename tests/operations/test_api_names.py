"""A name that nothing has is an error with a code: an empty answer would say that all is well."""

import re
from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.kit.client import Client
from tests.kit.product import Product

_STATUSES = """
select pg_get_constraintdef(oid) from pg_constraint
 where conrelid = 'processes.ledger'::regclass and contype = 'c' and pg_get_constraintdef(oid) like '%withdrawn%'
"""


@pytest.fixture(scope="module")
def operator(product: Product) -> Client:
    """Somebody who may look at everything that operators see."""
    return product.client(uuid4(), uuid4(), ["ops:rebuild", "ops:views", "ops:repair"])


@pytest.mark.parametrize(
    ("operation", "variables", "said"),
    [
        ("Views", {"names": ["tasks.taks"]}, "There is no view tasks.taks; there are "),
        ("Views", {"names": ["tasks.tasks", "nope"]}, "There is no view nope; there are "),
        ("Parked", {"view": "tasks.taks"}, "There is no view tasks.taks; there are "),
        ("Effects", {"process": "nope"}, "There is no process nope"),
    ],
)
async def test_an_unknown_name_is_an_error(
    operator: Client, operation: str, variables: dict[str, object], said: str
) -> None:
    code, message = await operator.error(operation, **variables)
    assert code == "NOT_FOUND"
    assert message.startswith(said)


@pytest.mark.parametrize(
    ("operation", "variables", "field"),
    [
        ("RetryParked", {"view": "tasks.taks"}, "view"),
        ("DiscardParked", {"view": "tasks.taks", "stream": str(UUID(int=7)), "reason": "Why not."}, "view"),
        ("RetryEffects", {"process": "nope"}, "process"),
        ("RebuildViews", {"views": ["tasks.tasks", "tasks.taks"]}, "views"),
        ("PauseViews", {"views": ["tasks.taks"], "reason": "Why not."}, "views"),
        ("ResumeViews", {"views": ["tasks.taks"]}, "views"),
        ("RetireViews", {"views": ["tasks.taks"], "reason": "Why not."}, "views"),
        ("ReplayEvents", {"views": ["tasks.taks"], "stream": str(UUID(int=7))}, "views"),
        ("RollbackViews", {"rebuildId": str(UUID(int=7)), "views": ["tasks.taks"]}, "views"),
    ],
)
async def test_an_unknown_name_is_refused(
    operator: Client, operation: str, variables: dict[str, object], field: str
) -> None:
    refused = await operator.send(operation, input=variables)
    assert (refused["code"], refused["field"]) == ("not_found", field)
    assert re.match("There is no (view tasks.taks; there are |process nope)", refused["message"])


async def test_what_is_there_is_answered_and_nothing_of_none(operator: Client) -> None:
    assert {view["name"] for view in (await operator.send("Views", names=["tasks.tasks"]))["nodes"]} == {
        "tasks.tasks"
    }
    assert (await operator.send("Views", names=[]))["nodes"] == []
    some = {"name": {"contains": "SKS.TA"}, "or": [{"live": {"eq": True}}, {"store": {"eq": "REDIS"}}]}
    assert {view["name"] for view in (await operator.send("Views", filter=some))["nodes"]} == {"tasks.tasks"}
    assert len((await operator.send("Views"))["nodes"]) > 1
    assert (await operator.send("Parked", view="tasks.tasks"))["nodes"] == []


async def test_every_status_that_is_stored_may_be_asked_for(operator: Client, product: Product) -> None:
    connection = await asyncpg.connect(product.settings.database_url)
    check = await connection.fetchval(_STATUSES)
    await connection.close()
    stored = re.findall(r"'([a-z]+)'::text", check)
    assert "withdrawn" in stored
    assert (await operator.send("Effects", status=[status.upper() for status in stored]))["nodes"] == []


async def test_whoever_may_not_look_is_told_no_names(product: Product) -> None:
    stranger = await product.newcomer()
    code, message = await stranger.error("Views", names=["nope"])
    assert (code, "tasks.tasks" in message) == ("FORBIDDEN", False)
