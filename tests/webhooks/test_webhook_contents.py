"""What of an event leaves for a webhook: no more than its sponsor may see, and has asked to be sent."""

import json
from uuid import uuid4

import pytest

from app.outgoing.webhook_secrets import SealedWebhookSecrets
from domain.gateway.webhook_commands import RegisterWebhook
from domain.gateway.webhook_signature import new_secret
from domain.kit.caller import Caller
from domain.kit.permissions import ROLES
from tests.domain.sending import accepted
from tests.kit.client import Client
from tests.outgoing.servers import destination
from tests.webhooks.conftest import Sender, employed
from tests.webhooks.test_destinations import exported
from tests.webhooks.test_webhook_deliveries import registered, task
from tests.webhooks.tools import answers, segment


async def test_confidential_fields_are_sent_where_they_were_asked_for(sender: Sender, owner: Client) -> None:
    text = "What nobody else reads"
    async with destination() as plain, destination() as more:
        await registered(owner, plain.url)
        await registered(owner, more.url, withConfidential=True)
        await task(owner, description=text)
        await sender.quiet()
    [kept], [sent] = plain.received, more.received
    assert "description" in json.loads(kept.body)["withheld"]
    assert text not in kept.body.decode()
    assert json.loads(sent.body)["data"]["description"] == text


async def test_personal_fields_are_sent_opened_where_they_were_asked_for(
    sender: Sender, owner: Client
) -> None:
    async with destination() as plain, destination() as more:
        await registered(owner, plain.url, types=["identity.user"])
        await registered(owner, more.url, types=["identity.user"], withConfidential=True, withPersonal=True)
        await sender.product.newcomer("Zoe", tenant=owner.tenant)
        await sender.quiet()
    kept, sent = (json.loads(server.received[0].body) for server in (plain, more))
    assert "email" not in kept["data"]
    assert "email" in kept["withheld"]
    assert sent["data"]["email"].startswith(("Zoe.", "zoe."))
    assert b"hw1." not in plain.received[0].body + more.received[0].body


async def test_whose_data_is_sent_is_on_record(sender: Sender, owner: Client) -> None:
    async with destination() as plain, destination() as more, destination(behave=answers(segment)) as tool:
        await registered(owner, plain.url, types=["identity.user"])
        await registered(owner, more.url, types=["identity.user"], withConfidential=True, withPersonal=True)
        types, mapping = ["identity.user.registered"], ["email=email"]
        await exported(owner, "SEGMENT", tool.url, types=types, mapping=mapping)
        zoe = await sender.product.newcomer("Zoe", tenant=owner.tenant)
        await sender.quiet()
    [registration] = [each for each in plain.received if b"identity.user.registered" in each.body]
    about_zoe = {"subjects": {"contains": [zoe.me]}}
    noted = (await owner.send("Accesses", first=50, filter=about_zoe))["nodes"]
    noted = [each for each in noted if each["kind"] == "WEBHOOK" and "registered" in each["rootFields"][0]]
    assert sorted(each["operation"].split()[0] for each in noted) == ["segment", "webhook", "webhook"]
    assert {(each["userId"], each["outcome"]) for each in noted} == {(owner.me, "DONE")}
    email = "identity.user.registered.email"
    [narrow] = [each for each in noted if each["operation"].startswith("segment")]
    assert (narrow["fields"], narrow["revealed"]) == ([email], [email])
    assert sorted(email in each["revealed"] for each in noted) == [False, True, True]
    [least] = [each for each in noted if email not in each["revealed"]]
    data = json.loads(registration.body)["data"]
    assert sorted(least["fields"]) == sorted(f"identity.user.registered.{name}" for name in data)


async def test_nothing_is_sent_for_who_may_have_no_webhook_any_more(sender: Sender, owner: Client) -> None:
    admin = await employed(sender, "Bea", tenant=owner.tenant, role="admin")
    async with destination() as server:
        receipt = await registered(admin, server.url)
        await owner.send("ChangeUserRole", input={"id": admin.me, "role": "MEMBER"})
        await task(owner)
        await sender.quiet()
        id, position = receipt["webhook"]["id"], str(await sender.log.head())
        assert server.received == []
        seen = await owner.send("Webhook", id=id, afterPosition=position)
        assert (seen["active"], seen["stopped"]) == (False, "UNAUTHORIZED")
        [delivery] = await sender.deliveries(owner, id)
        assert delivery["status"] == "WITHHELD"
        # Who switches it on vouches from then on.
        assert "webhook" in await owner.send("EnableWebhook", input={"id": id})
        await task(owner, "Weed")
        await sender.quiet()
    assert [json.loads(each.body)["data"]["title"] for each in server.received] == ["Weed"]


async def test_private_work_leaves_for_nobody_who_does_not_see_all_of_it(
    sender: Sender, owner: Client
) -> None:
    admin = await employed(sender, "Bea", tenant=owner.tenant, role="admin")
    sees_all = "work:all" in ROLES["admin"]
    async with destination() as server:
        receipt = await registered(admin, server.url)
        project = await owner.send("CreateProject", input={"name": "Secret", "visibility": "PRIVATE"})
        await task(owner, "Hidden", projectId=project["project"]["id"])
        await task(owner, "Seen")
        await sender.quiet()
        statuses = {each["status"] for each in await sender.deliveries(owner, receipt["webhook"]["id"])}
    titles = {json.loads(each.body)["data"]["title"] for each in server.received}
    assert titles == ({"Hidden", "Seen"} if sees_all else {"Seen"})
    assert statuses == ({"DELIVERED"} if sees_all else {"DELIVERED", "WITHHELD"})


async def test_who_may_not_see_what_happened_finds_it_by_no_webhook(sender: Sender, owner: Client) -> None:
    role = await owner.send("CreateRole", input={"name": "Hooks", "permissions": ["gateway:webhooks"]})
    guest = await employed(sender, "Tala", tenant=owner.tenant, role="guest")
    await owner.send("GrantRole", input={"id": guest.me, "roleId": role["role"]["id"]})
    guest = sender.product.client(owner.tenant, guest.user, ["gateway:webhooks"], role="guest")
    async with destination() as server:
        receipt = await registered(guest, server.url, conditions=["title=Hidden"])
        id = receipt["webhook"]["id"]
        project = await owner.send("CreateProject", input={"name": "Secret", "visibility": "PRIVATE"})
        await task(owner, "Hidden", projectId=project["project"]["id"])
        await sender.quiet()
        assert await sender.deliveries(guest, id) == []
        time = {"since": "2020-01-01T00:00:00Z", "until": "2100-01-01T00:00:00Z"}
        counted = [await client.send("WebhookReplayCount", id=id, **time) for client in (guest, owner)]
        assert [count["events"] for count in counted] == [0, 1]
        [delivery] = await sender.deliveries(owner, id)
        again = {"id": id, "eventId": delivery["eventId"]}
        refused = await guest.send("ReplayWebhookEvent", input=again)
        assert (refused["code"], refused["field"]) == ("not_found", "eventId")
        # Who may not read what is confidential is shown a list of nothing.
        assert (await guest.send("Webhook", id=id))["conditions"] == []
    assert server.received == []


async def test_parts_of_things_are_called_as_clients_know_them(sender: Sender, owner: Client) -> None:
    product = {"sku": "MUG-1", "name": "Mug", "price": "12.50", "currency": "EUR"}
    id = (await owner.send("CreateProduct", input=product))["product"]["id"]
    async with destination() as server:
        await registered(owner, server.url, types=["commerce.order"], conditions=["totalAmount=12.50"])
        await registered(owner, server.url, types=["commerce.order"], conditions=["totalAmount=12.51"])
        await owner.send("PlaceOrder", input={"items": [{"productId": id, "quantity": 1}], "currency": "EUR"})
        await sender.quiet()
    [received] = server.received
    [item] = json.loads(received.body)["data"]["items"]
    assert (item["productId"], item["price"]) == (id, "12.50")


@pytest.mark.parametrize(
    ("types", "condition", "known"),
    [
        (["work.task"], "priority=high", True),
        (["work.task"], "assignedTo=null", True),
        (["work.task"], "priorty=high", False),
        (["work.task"], "priority=HIGH", False),
        (["work.task"], "description=secret", False),
        (["gateway.event"], "environment=production", False),
        (["work.task", "commerce.order"], "totalAmount=12.50", True),
    ],
)
async def test_a_condition_that_nothing_can_meet_is_refused(
    client: Client, types: list[str], condition: str, known: bool
) -> None:
    given = {"name": "Ours", "url": "https://example.com/", "types": types, "conditions": [condition]}
    answer = await client.send("RegisterWebhook", input=given)
    assert answer.get("code") == (None if known else "webhook_condition_unmet")
    if not known:
        changed = await client.send("RegisterWebhook", input={**given, "conditions": []})
        id = changed["webhook"]["id"]
        refused = await client.send("ChangeWebhook", input={"id": id, "conditions": [condition]})
        assert (refused["code"], refused["field"]) == ("webhook_condition_unmet", "conditions")


@pytest.mark.parametrize(
    "url",
    [
        "https://10.0.0.1/hook",
        "https://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/",
        "https://tool.example:99/",
    ],
)
async def test_an_address_that_would_not_be_called_is_refused_as_far_as_its_text_says(
    sender: Sender, owner: Client, url: str
) -> None:
    given = {"name": "Ours", "url": url, "types": ["work.task"]}
    assert (await owner.send("RegisterWebhook", input=given))["code"] == "webhook_url_refused"
    receipt = await registered(owner, "https://tool.example/hook")
    changed = await owner.send("ChangeWebhook", input={"id": receipt["webhook"]["id"], "url": url})
    assert changed["code"] == "webhook_url_refused"


async def test_an_address_of_this_network_is_refused_where_it_is_called(
    sender: Sender, owner: Client
) -> None:
    by = Caller(tenant_id=owner.tenant, user_id=owner.user, permissions=ROLES["owner"])
    id, url = uuid4(), "https://10.0.0.1/hook"
    secrets = SealedWebhookSecrets(sender.product.settings.derive("webhook secrets"))
    sealed = secrets.seal(id, new_secret())
    register = RegisterWebhook(id=id, name="Ours", url=url, types=("work.task",), secret=sealed)
    await accepted(sender.bus, register, by=by)
    await owner.send("SendTestEvent", input={"id": str(id)})
    await sender.quiet()
    [delivery] = await sender.deliveries(owner, str(id))
    assert [attempt["error"] for attempt in delivery["attempts"]] == ["address_not_allowed"]
    assert delivery["status"] == "FAILED"
