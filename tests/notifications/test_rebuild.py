"""Notifications rebuilt: the same rows, and nobody is told or mailed again."""

from uuid import uuid4

from domain.kit.caller import PLATFORM
from tests.kit.client import Client
from tests.kit.processes import until
from tests.notifications.conftest import Team, Telling
from tests.operations.rebuilding import rebuilding

VIEWS = ["notifications.notifications", "tasks.tasks", "users.people"]
_TOLD = """
select (select count(*) from es.events where type = 'work.notification.sent'),
       (select count(*) from processes.ledger)
"""


async def test_a_rebuild_of_all_that_leads_to_them_tells_nobody(team: Team, telling: Telling) -> None:
    receipt = await team.ann.send("CreateTask", input={"title": "Mow", "assignedTo": team.bob.me})
    task = receipt["task"]["id"]
    await telling.notifications(team.bob)
    [edge] = (await team.bob.send("Notifications"))["edges"]
    read = await team.bob.send("MarkNotificationRead", input={"id": edge["node"]["id"]})
    before = await team.bob.send("Notifications", afterPosition=read["position"])
    mails, sent = len(telling.inbox.messages), await telling.database.writer.fetchrow(_TOLD)
    assert mails
    operator = telling.product.client(PLATFORM, uuid4(), ["ops:*"])
    async with rebuilding(telling.product.settings):
        rebuild = await operator.send("RebuildViews", input={"views": VIEWS, "parallel": 1})
        await _ended(operator, rebuild["rebuild"]["id"])
    await telling.quiet()
    assert await team.bob.send("Notifications") == before
    assert await telling.notifications(team.bob) == [("ASSIGNED", task)]
    assert await telling.database.writer.fetchrow(_TOLD) == sent
    assert len(telling.inbox.messages) == mails


async def _ended(operator: Client, id: str) -> None:
    async def switched() -> bool:
        rebuild = await operator.send("Rebuild", id=id)
        assert rebuild["state"] not in ("FAILED", "CANCELLED"), rebuild
        return not rebuild["open"]

    await until(switched)
