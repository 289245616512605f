"""Who is notified of what they may see, in the way they chose."""

from collections.abc import Sequence

from domain.identity.preferences import Notice
from domain.identity.user_commands import ChangePreferences, ConfirmUserEmail, SuspendUser
from domain.kit.caller import SYSTEM, Caller
from domain.kit.permissions import ROLES
from domain.tenancy.tenant_commands import CreateTenant
from tests.domain.sending import accepted
from tests.kit.client import Client
from tests.notifications.conftest import Team, Telling


async def created(client: Client, **more: object) -> str:
    """The id of a new task."""
    receipt = await client.send("CreateTask", input={"title": "Mow", **more})
    return str(receipt["task"]["id"])


async def prefers(
    telling: Telling, client: Client, in_app: Sequence[Notice], by_email: Sequence[Notice]
) -> None:
    """Say how somebody wishes to be told."""
    command = ChangePreferences(id=client.user, in_app=tuple(in_app), by_email=tuple(by_email))
    await accepted(telling.bus, command, by=_of(client))


def _of(client: Client) -> Caller:
    return Caller(tenant_id=client.tenant, user_id=client.user, permissions=ROLES["owner"])


async def test_people_are_mailed_what_is_theirs_to_do_unless_they_say_otherwise(
    team: Team, telling: Telling
) -> None:
    task = await created(team.ann, assignedTo=team.bob.me)
    await team.ann.send("CompleteTask", input={"id": task})
    assert await telling.notifications(team.bob) == [("ASSIGNED", task), ("COMPLETED", task)]
    assert telling.mailed(team.bob) == ["This task was given to you"]


async def test_a_mail_says_which_company_and_where_to_open_the_task(team: Team, telling: Telling) -> None:
    company = CreateTenant(
        id=team.tenant, name="Acme https://evil.example.com", slug=f"acme-{team.tenant.hex}", region="local"
    )
    await accepted(telling.bus, company, by=Caller(tenant_id=team.tenant, user_id=SYSTEM))
    task = await created(team.ann, assignedTo=team.bob.me)
    await telling.quiet()
    [text] = telling.texts(team.bob)
    assert "a company that calls itself “Acme https:// evil. example. com”" in text
    [url] = [line for line in text.splitlines() if line.endswith(task)]
    answer = await team.bob.http.get(f"/{url.partition('//')[2].partition('/')[2]}")
    assert (answer.status_code, task in answer.text, "Mow" in answer.text) == (200, True, False)


async def test_who_has_not_proved_their_address_is_told_and_not_mailed(team: Team, telling: Telling) -> None:
    dora = await telling.product.newcomer("Dora", tenant=team.tenant, role="member")
    task = await created(team.ann, assignedTo=dora.me)
    assert await telling.notifications(dora) == [("ASSIGNED", task)]
    assert telling.mailed(dora) == []
    await accepted(telling.bus, ConfirmUserEmail(id=dora.user), by=_of(dora))
    await team.ann.send("AssignTask", input={"id": task, "assignedTo": team.bob.me})
    await team.ann.send("AssignTask", input={"id": task, "assignedTo": dora.me})
    await telling.quiet()
    assert telling.mailed(dora) == ["This task was given to you"]


async def test_each_channel_can_be_switched_off_by_kind(team: Team, telling: Telling) -> None:
    await prefers(telling, team.bob, [Notice.COMPLETED], [Notice.COMPLETED])
    task = await created(team.ann, assignedTo=team.bob.me)
    await team.ann.send("CompleteTask", input={"id": task})
    assert await telling.notifications(team.bob) == [("COMPLETED", task)]
    assert telling.mailed(team.bob) == ["This task is done"]


async def test_who_wishes_mail_alone_has_nothing_in_the_product(team: Team, telling: Telling) -> None:
    await prefers(telling, team.bob, [], [Notice.ASSIGNED])
    await created(team.ann, assignedTo=team.bob.me)
    assert await telling.notifications(team.bob) == []
    assert await team.bob.send("UnreadNotifications") == 0
    assert telling.mailed(team.bob) == ["This task was given to you"]


async def test_who_wishes_nothing_is_told_nothing(team: Team, telling: Telling) -> None:
    await prefers(telling, team.bob, [], [])
    await created(team.ann, assignedTo=team.bob.me)
    assert await telling.notifications(team.bob) == []
    assert telling.mailed(team.bob) == []
    assert not await telling.database.writer.fetchval(
        "select exists (select from es.events where type = 'work.notification.sent' and tenant_id = $1)",
        team.tenant,
    )


async def test_who_may_not_see_a_private_project_is_told_nothing_about_its_tasks(
    team: Team, telling: Telling
) -> None:
    receipt = await team.ann.send("CreateProject", input={"name": "Secret", "visibility": "PRIVATE"})
    project = receipt["project"]["id"]
    for person in (team.bob, team.carl):
        await team.ann.send("AddProjectMember", input={"id": project, "userId": person.me})
    outside = await created(team.ann, projectId=project)
    assigned = {"id": outside, "assignedTo": team.bob.me}
    await team.ann.send("RemoveProjectMember", input={"id": project, "userId": team.bob.me})
    refused = await team.ann.send("AssignTask", input=assigned)
    assert refused["code"] == "assignee_not_a_member"
    inside = await created(team.ann, projectId=project, assignedTo=team.carl.me)
    assert await telling.notifications(team.bob) == []
    assert telling.mailed(team.bob) == []
    assert await telling.notifications(team.carl) == [("ASSIGNED", inside)]
    assert outside != inside


async def test_a_task_that_becomes_secret_is_a_notification_without_a_task(
    team: Team, telling: Telling
) -> None:
    receipt = await team.ann.send("CreateProject", input={"name": "Open"})
    project = receipt["project"]["id"]
    task = await created(team.ann, projectId=project, assignedTo=team.bob.me)
    assert await telling.notifications(team.bob) == [("ASSIGNED", task)]
    changed = await team.ann.send("ChangeProjectVisibility", input={"id": project, "visibility": "PRIVATE"})
    await team.ann.send("DescribeTask", input={"id": task, "description": "Under the third stone."})
    assert await telling.notifications(team.bob) == [("ASSIGNED", task)]
    [edge] = (await team.bob.send("Notifications", afterPosition=changed["position"]))["edges"]
    assert edge["node"]["task"] is None


async def test_who_is_suspended_is_told_nothing(team: Team, telling: Telling) -> None:
    task = await created(team.ann, assignedTo=team.bob.me)
    assert await telling.notifications(team.bob) == [("ASSIGNED", task)]
    before = telling.mailed(team.bob)
    await accepted(telling.bus, SuspendUser(id=team.bob.user), by=_of(team.ann))
    await team.ann.send("DescribeTask", input={"id": task, "description": "Under the third stone."})
    assert await telling.notifications(team.bob) == [("ASSIGNED", task)]
    assert telling.mailed(team.bob) == before


async def test_another_tenant_hears_nothing(team: Team, telling: Telling) -> None:
    stranger = await telling.product.newcomer("Eve")
    await created(team.ann, assignedTo=team.bob.me)
    assert await telling.notifications(stranger) == []
