"""Notifications in histories: they name tasks, so only those read of them who see all work."""

from uuid import UUID

from domain.kit.log import Selection
from domain.work.notifications import notification_id
from tests.notifications.conftest import Telling
from tests.work.api import created, head, project


async def test_whoever_audits_and_does_not_see_the_task_reads_nothing_of_its_notifications(
    telling: Telling,
) -> None:
    owner = await telling.product.newcomer("Olga", role="member")
    member = await telling.product.newcomer("Max", tenant=owner.tenant, role="member")
    secret = await project(owner, "Zanzibar", visibility="PRIVATE")
    await owner.send("AddProjectMember", input={"id": secret, "userId": member.me})
    start = await head(owner, await created(owner, "Plain"))
    task = await created(owner, "Buy it", projectId=secret, assignedTo=member.me)
    assert (await telling.notifications(member))[-1] == ("ASSIGNED", task["id"])
    last = await head(owner, await created(owner, "Plain again"))
    [begun] = await telling.log.read(
        limit=1, select=Selection(tenant_id=owner.tenant, originator_id=UUID(task["id"]))
    )
    notification = notification_id(begun.event_id, member.user)
    seen = {}
    for role in ("guest", "admin"):
        auditor = await telling.product.newcomer(
            "Ann", tenant=owner.tenant, role=role, permissions={"audit:read"}
        )
        nodes = [edge["node"] for edge in (await auditor.send("Activities", first=100))["edges"]]
        async with auditor.watching("Events", resumeFrom=start) as messages:
            heard = [await anext(messages)]
            while int(heard[-1]["cursor"]) < int(last):
                heard.append(await anext(messages))
        seen[role] = [task["id"] in str(nodes), task["id"] in str(heard)]
        seen[role].append(bool(await auditor.send("History", stream=str(notification))))
    assert seen == {"guest": [False, False, False], "admin": [True, True, True]}
