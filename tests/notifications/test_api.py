"""Notifications as clients get them, with the processes at work."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from tests.kit.client import Client
from tests.kit.processes import until
from tests.notifications.conftest import Team, Telling

UNREAD = {"readAt": {"isNull": True}}
MOW = {"title": "Mow the lawn", "description": "Under the third stone."}


async def created(client: Client, **more: object) -> str:
    """The id of a new task."""
    receipt = await client.send("CreateTask", input=MOW | more)
    return str(receipt["task"]["id"])


async def test_people_hear_of_what_others_do_to_their_tasks(team: Team, telling: Telling) -> None:
    task = await created(team.ann, assignedTo=team.bob.me)
    await team.carl.send("ChangeTaskStatus", input={"id": task, "status": "IN_REVIEW"})
    await team.carl.send("DescribeTask", input={"id": task, "description": "In stripes."})
    await team.carl.send("AssignTask", input={"id": task, "assignedTo": team.carl.me})
    await team.carl.send("CompleteTask", input={"id": task})
    assert await telling.notifications(team.bob) == [
        ("ASSIGNED", task),
        ("STATUS_CHANGED", task),
        ("DESCRIBED", task),
        ("UNASSIGNED", task),
    ]
    assert await telling.notifications(team.ann) == [
        ("STATUS_CHANGED", task),
        ("DESCRIBED", task),
        ("COMPLETED", task),
    ]
    assert await telling.notifications(team.carl) == []


async def test_a_notification_leads_to_the_task_and_repeats_none_of_its_text(
    team: Team, telling: Telling
) -> None:
    task = await created(team.ann, assignedTo=team.bob.me)
    await telling.quiet()
    [node] = (await team.bob.send("Notifications", afterPosition=str(await telling.log.head())))["edges"]
    shown = node["node"]
    assert {name: shown[name] for name in ("kind", "status", "taskId", "task", "actor", "readAt")} == {
        "kind": "ASSIGNED",
        "status": None,
        "taskId": task,
        "task": {"id": task, "title": "Mow the lawn", "status": "TODO"},
        "actor": {"id": team.ann.me, "name": "Ann"},
        "readAt": None,
    }
    stored = await telling.database.writer.fetch(
        "select payload::text from es.events where type = 'work.notification.sent' and tenant_id = $1",
        team.tenant,
    )
    assert len(stored) == 1
    assert "stone" not in stored[0][0]
    assert "lawn" not in stored[0][0]


async def test_a_reminder_is_a_notification(team: Team, telling: Telling) -> None:
    due = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    task = await created(team.bob, assignedTo=team.bob.me, dueDate=due)

    async def reminded() -> bool:
        return bool(await telling.notifications(team.bob))

    # The timer is due at once, and yet it is looked at only now and then.
    await until(reminded)
    assert await telling.notifications(team.bob) == [("DUE_SOON", task)]
    assert telling.mailed(team.bob)[0].startswith("This task is due on ")


async def test_what_is_read_is_counted_no_more(team: Team, telling: Telling) -> None:
    for _ in range(2):
        await created(team.ann, assignedTo=team.bob.me)
    await telling.notifications(team.bob)
    first = (await team.bob.send("Notifications"))["edges"][0]["node"]
    receipt = await team.bob.send("MarkNotificationRead", input={"id": first["id"]})
    assert receipt["notification"]["readAt"] is not None
    after = {"afterPosition": receipt["position"]}
    assert await team.bob.send("UnreadNotifications", **after) == 1
    unread = await team.bob.send("Notifications", filter=UNREAD, **after)
    assert unread["totalCount"] == 1
    assert [edge["node"]["id"] for edge in unread["edges"]] != [first["id"]]
    # Everybody's are their own, whatever they are filtered by.
    anybody = {"or": [{"id": {"eq": first["id"]}}, {"sentAt": {"gt": "2020-01-01T00:00:00Z"}}]}
    for client, count in ((team.bob, 2), (team.ann, 0)):
        assert (await client.send("Notifications", filter=anybody, **after))["totalCount"] == count
    again = await team.bob.send("MarkNotificationRead", input={"id": first["id"]})
    assert again["notification"]["readAt"] == receipt["notification"]["readAt"]


async def test_nobody_else_reads_them_or_marks_them_read(team: Team, telling: Telling) -> None:
    await created(team.ann, assignedTo=team.bob.me)
    await telling.notifications(team.bob)
    [edge] = (await team.bob.send("Notifications"))["edges"]
    notification = edge["node"]["id"]
    for other in (team.ann, team.carl):
        assert await telling.notifications(other) == []
        assert await other.send("UnreadNotifications") == 0
        refused = await other.send("MarkNotificationRead", input={"id": notification})
        assert refused["code"] == "not_found"
        node = await other.post("query($id: ID!) { node(id: $id) { id } }", {"id": notification})
        assert node.json()["data"] == {"node": None}
    assert (await team.bob.send("Node", id=notification))["__typename"] == "Notification"
    unknown = await team.carl.send("MarkNotificationRead", input={"id": str(uuid4())})
    assert unknown["message"] == refused["message"]


async def test_each_gets_the_own_ones_live_and_no_others(team: Team, telling: Telling) -> None:
    async with (
        team.bob.watching("NotificationReceived") as bobs,
        team.carl.watching("NotificationReceived") as carls,
    ):
        heard: dict[str, Any] = {}
        # Whoever subscribes hears from then on; the first one that reaches them shows that they have.
        for client, messages in ((team.bob, bobs), (team.carl, carls)):
            heard[client.me] = await _first(team.ann, client, messages)
        task = await created(team.ann, assignedTo=team.bob.me)
        last = await created(team.ann, assignedTo=team.carl.me)
        assert await _next(bobs, heard[team.bob.me]) == ("ASSIGNED", task)
        assert await _next(carls, heard[team.carl.me]) == ("ASSIGNED", last)


async def _first(ann: Client, client: Client, messages: Any) -> set[str]:
    """The tasks given to somebody until a message reached them."""
    waiting, given = asyncio.ensure_future(anext(messages)), set[str]()
    while not waiting.done():
        given.add(await created(ann, assignedTo=client.me))
        await asyncio.wait((waiting,), timeout=0.5)
    assert waiting.result()["node"]["taskId"] in given
    return given


async def _next(messages: Any, given: set[str]) -> tuple[str, str]:
    """Kind and task of the first message that is not about these tasks."""
    async for message in messages:
        if message["node"]["taskId"] not in given:
            return message["node"]["kind"], message["node"]["taskId"]
    raise AssertionError("The messages ended.")


async def test_a_reader_who_was_away_goes_on_where_he_left(team: Team, telling: Telling) -> None:
    start = str(await telling.log.head())
    tasks = [await created(team.ann, assignedTo=team.bob.me) for _ in range(3)]
    await telling.quiet()
    async with team.bob.watching("NotificationReceived", resumeFrom=start) as messages:
        assert [(await anext(messages))["node"]["taskId"] for _ in tasks] == tasks


async def test_the_list_and_the_count_begin_with_what_is_there_and_are_kept(
    team: Team, telling: Telling
) -> None:
    await created(team.ann, assignedTo=team.bob.me)
    await telling.quiet()
    before = await team.bob.send("UnreadNotifications")
    async with (
        asyncio.timeout(120),
        team.bob.watching("NotificationChanged", filter=UNREAD, initial=True) as listed,
        team.bob.watching("UnreadNotificationsChanged", initial=True) as counted,
        team.carl.watching("NotificationChanged", initial=True) as carls,
        team.carl.watching("UnreadNotificationsChanged", initial=True) as carls_count,
    ):
        state, count = await anext(listed), await anext(counted)
        others = await anext(carls)
        others_count = await anext(carls_count)
        task = await created(team.ann, assignedTo=team.bob.me)
        sent, more = await anext(listed), await anext(counted)
        id = sent["node"]["id"]
        receipt = await team.bob.send("MarkNotificationRead", input={"id": id})
        read, fewer = await anext(listed), await anext(counted)
        # Carl, who has been told nothing of all this, hears of their own.
        last = await created(team.ann, assignedTo=team.carl.me)
        carls_own, carls_more = await anext(carls), await anext(carls_count)
    assert (len(state["nodes"]), state["complete"]) == (before, True)
    assert [node["count"] for node in count["nodes"]] == [before]
    assert (sent["kind"], sent["change"], sent["node"]["taskId"]) == ("CREATED", "NOTIFICATION_SENT", task)
    assert (read["kind"], read["change"], read["nodeId"]) == ("REMOVED", "NOTIFICATION_READ", id)
    assert read["cursor"] == fewer["cursor"] == receipt["position"]
    assert [more["node"]["count"], fewer["node"]["count"]] == [before + 1, before]
    assert fewer["nodeId"] == team.bob.me
    assert id not in {node["id"] for node in others["nodes"]}
    assert (carls_own["kind"], carls_own["node"]["taskId"]) == ("CREATED", last)
    assert carls_more["node"]["count"] == others_count["nodes"][0]["count"] + 1
    assert carls_more["cursor"] == carls_own["cursor"]


async def test_a_count_goes_on_where_its_reader_left(team: Team, telling: Telling) -> None:
    await created(team.ann, assignedTo=team.bob.me)
    await telling.quiet()
    start, there = str(await telling.log.head()), await team.bob.send("UnreadNotifications")
    await created(team.ann, assignedTo=team.bob.me)
    await telling.quiet()
    async with asyncio.timeout(120):
        async with team.bob.watching("UnreadNotificationsChanged", resumeFrom=start) as messages:
            assert (await anext(messages))["node"]["count"] == there + 1
        beyond = str(int(start) + 1_000)
        async with team.bob.watching(
            "UnreadNotificationsChanged", resumeFrom=beyond, initial=True
        ) as messages:
            gap, state = await anext(messages), await anext(messages)
    assert gap["code"] == "POSITION_IN_FUTURE"
    assert [node["count"] for node in state["nodes"]] == [there + 1]
