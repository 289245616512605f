"""Campaigns: their states, what can be sent, and the way through the API."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.campaigns.campaigns.campaigns import Campaign
from domain.campaigns.campaigns.commands import (
    CreateCampaign,
    PauseCampaign,
    ScheduleCampaign,
    SetCampaignVariants,
    StartCampaign,
    StartScheduledCampaign,
    UpdateCampaign,
)
from domain.campaigns.campaigns.senders import SenderIdentity, SenderNotVerified
from domain.campaigns.campaigns.states import (
    TRANSITIONS,
    CampaignAct,
    CampaignHasNoLists,
    CampaignIsScheduled,
    CampaignNotScheduled,
    CampaignStatus,
    CampaignWasStarted,
    VariantsNotSent,
    after,
)
from domain.campaigns.campaigns.terms import CampaignVariant, PauseReason, WinnerRule
from domain.campaigns.contacts.contact_lists import ContactList
from domain.campaigns.templates.templates import Template, TemplateIsArchived, TemplateVersionUnknown
from domain.kit.refusals import Invalid, NotFound, Refusal
from domain.kit.scenario import NOON, given, on
from projections.campaigns.campaigns import Campaigns, CampaignVariants
from tests.campaigns.mails import MJML
from tests.campaigns.test_senders import REGISTERED, SENDER, verified
from tests.campaigns.test_templates import CREATED as TEMPLATE_CREATED
from tests.campaigns.test_templates import saved
from tests.kit.client import Client
from tests.kit.folding import folded
from tests.kit.product import Product
from tests.kit.times import IN_A_YEAR

CAMPAIGN, TEMPLATE, LIST = (UUID(int=number) for number in (1, 2, 4))
PREPARED: dict[str, Any] = {
    "name": "Sale",
    "template_id": TEMPLATE,
    "template_version": 2,
    "subject": "",
    "sender_id": SENDER,
    "list_ids": (LIST,),
    "per_hour": None,
    "utm_source": "",
    "utm_medium": "",
    "utm_campaign": "",
    "variants": (),
    "winner": None,
    "tested": 20,
    "decide_after_hours": 4,
}
CREATED = Campaign.Created(status=CampaignStatus.DRAFT, **PREPARED)
STARTED = Campaign.Started(status=CampaignStatus.SENDING)
SCHEDULED = Campaign.Scheduled(
    status=CampaignStatus.SCHEDULED, starts_at=NOON + timedelta(days=1), zone="UTC", in_their_zone=False
)
OF_TEMPLATE = on(
    TEMPLATE, TEMPLATE_CREATED, saved(template=TEMPLATE), saved(2, "Last days", template=TEMPLATE)
)
OF_LIST = on(LIST, ContactList.Created(name="News"))
VERIFIED = on(SENDER, REGISTERED, SenderIdentity.Verified())
TWO = (CampaignVariant(name="A", share=50, subject="x"), CampaignVariant(name="B", share=50))


def changed(previous_variants: int = 0, **said: Any) -> Campaign.Changed:
    """The draft says this besides."""
    return Campaign.Changed(**{**PREPARED, **said}, previous_variants=previous_variants)


def create(**said: Any) -> CreateCampaign:
    """A draft is prepared."""
    prepared = {"name": " Sale ", "template_id": TEMPLATE, "sender_id": SENDER, "list_ids": (LIST,)}
    return CreateCampaign(id=CAMPAIGN, **{**prepared, **said})


def test_a_draft_keeps_the_newest_version_or_the_one_that_is_said() -> None:
    given(OF_TEMPLATE, VERIFIED, OF_LIST).when(create()).then(CREATED)
    given(OF_TEMPLATE, VERIFIED).when(create()).refused(NotFound, field="list_ids")
    pinned = Campaign.Created(status=CampaignStatus.DRAFT, **{**PREPARED, "template_version": 1})
    given(OF_TEMPLATE, VERIFIED, OF_LIST).when(create(template_version=1)).then(pinned)
    unknown = given(OF_TEMPLATE, VERIFIED, OF_LIST).when(create(template_version=3))
    unknown.refused(TemplateVersionUnknown, field="template_version")
    archived = on(TEMPLATE, TEMPLATE_CREATED, saved(template=TEMPLATE), Template.Archived())
    given(archived, VERIFIED, OF_LIST).when(create()).refused(TemplateIsArchived, field="template_version")
    given(OF_TEMPLATE, VERIFIED).when(create(list_ids=(LIST, LIST))).refused(Invalid, field="list_ids")


def test_a_draft_changes_and_a_scheduled_or_started_campaign_does_not() -> None:
    update = UpdateCampaign(id=CAMPAIGN, utm_source="news", per_hour=100)
    given(CREATED).when(update).then(changed(utm_source="news", per_hour=100))
    given(CREATED, changed(utm_source="news", per_hour=100)).when(update).then()
    given(CREATED, SCHEDULED).when(update).refused(CampaignIsScheduled, field="id")
    given(CREATED, STARTED).when(update).refused(CampaignWasStarted, field="id")


@pytest.mark.parametrize(
    ("variants", "winner", "field"),
    [
        (TWO[:1], WinnerRule.OPENS, "variants"),
        (TWO, None, "winner"),
        ((), WinnerRule.OPENS, "winner"),
        ((TWO[0], CampaignVariant(name="B", share=49)), WinnerRule.OPENS, "variants"),
        ((TWO[0], CampaignVariant(name="a", share=50)), WinnerRule.OPENS, "variants"),
        ((TWO[1], CampaignVariant(name="C", share=50)), WinnerRule.OPENS, "variants"),
    ],
)
def test_refuses_variants_that_cannot_be_compared(variants: Any, winner: Any, field: str) -> None:
    command = SetCampaignVariants(id=CAMPAIGN, variants=variants, winner=winner)
    given(CREATED).when(command).refused(Invalid, field=field)


def test_variants_keep_the_version_of_their_templates_and_make_rows() -> None:
    other = CampaignVariant(name="B", share=50, template_id=TEMPLATE)
    command = SetCampaignVariants(id=CAMPAIGN, variants=(TWO[0], other), winner=WinnerRule.CLICKS)
    pinned = CampaignVariant(name="B", share=50, template_id=TEMPLATE, template_version=2)
    compared = changed(variants=(TWO[0], pinned), winner=WinnerRule.CLICKS)
    history = on(CAMPAIGN, CREATED)
    given(OF_TEMPLATE, history).when(command).then(compared)
    rows = folded(CampaignVariants(), on(CAMPAIGN, CREATED, compared)).values()
    assert sorted((row.name, row.subject, row.template_version) for row in rows) == [
        ("A", "x", None),
        ("B", "", 2),
    ]
    assert folded(CampaignVariants(), on(CAMPAIGN, CREATED, compared, changed(2))) == {}


def test_starts_with_lists_and_a_verified_sender_alone() -> None:
    start = StartCampaign(id=CAMPAIGN)
    given(on(CAMPAIGN, CREATED), VERIFIED).when(start).then(STARTED)
    given(on(CAMPAIGN, CREATED), on(SENDER, REGISTERED)).when(start).refused(
        SenderNotVerified, field="sender_id"
    )
    compared = changed(variants=TWO, winner=WinnerRule.OPENS)
    given(on(CAMPAIGN, CREATED, compared), VERIFIED).when(start).refused(VariantsNotSent, field="id")
    nobody = Campaign.Created(status=CampaignStatus.DRAFT, **{**PREPARED, "list_ids": ()})
    given(on(CAMPAIGN, nobody), VERIFIED).when(start).refused(CampaignHasNoLists, field="list_ids")


def test_is_scheduled_ahead_and_not_in_the_past() -> None:
    def schedule(**said: Any) -> ScheduleCampaign:
        return ScheduleCampaign(id=CAMPAIGN, **{"starts_at": NOON + timedelta(days=1), **said})

    history = on(CAMPAIGN, CREATED), VERIFIED
    given(*history).when(schedule()).then(SCHEDULED)
    for said, field in (
        ({"starts_at": NOON - timedelta(seconds=1)}, "starts_at"),
        ({"starts_at": NOON + timedelta(days=400)}, "starts_at"),
        ({"zone": "Europe/Atlantis"}, "zone"),
        ({"in_their_zone": True}, "in_their_zone"),
    ):
        given(*history).when(schedule(**said)).refused(Invalid, field=field)


def test_starts_by_itself_at_the_time_that_was_set_last_alone() -> None:
    at = SCHEDULED.starts_at
    start = StartScheduledCampaign(id=CAMPAIGN, starts_at=at)
    given(on(CAMPAIGN, CREATED, SCHEDULED), VERIFIED).when(start).then(STARTED)
    unscheduled = Campaign.Unscheduled(status=CampaignStatus.DRAFT)
    given(on(CAMPAIGN, CREATED, SCHEDULED, unscheduled), VERIFIED).when(start).refused(CampaignNotScheduled)
    other = StartScheduledCampaign(id=CAMPAIGN, starts_at=at - timedelta(hours=1))
    given(on(CAMPAIGN, CREATED, SCHEDULED), VERIFIED).when(other).refused(CampaignNotScheduled)


def test_every_status_answers_every_act_and_what_has_ended_nothing() -> None:
    assert TRANSITIONS.keys() == {*CampaignStatus}
    assert all(row.keys() == {*CampaignAct} for row in TRANSITIONS.values())
    for ended in (CampaignStatus.COMPLETED, CampaignStatus.CANCELLED):
        for act in CampaignAct:
            with pytest.raises(Refusal, match=f"is {ended}"):
                after(ended, act)


def test_a_row_says_how_far_it_is() -> None:
    paused = Campaign.Paused(status=CampaignStatus.PAUSED, reason=PauseReason.BOUNCES)
    (row,) = folded(Campaigns(), on(CAMPAIGN, CREATED, SCHEDULED, STARTED, paused)).values()
    assert (row.status, row.started_at, row.paused_for) == (CampaignStatus.PAUSED, NOON, PauseReason.BOUNCES)
    ended = Campaign.Cancelled(status=CampaignStatus.CANCELLED)
    (row,) = folded(Campaigns(), on(CAMPAIGN, CREATED, STARTED, paused, ended)).values()
    assert (row.status, row.ended_at, row.paused_for) == (CampaignStatus.CANCELLED, NOON, None)
    given(CREATED, STARTED).when(PauseCampaign(id=CAMPAIGN)).then(
        Campaign.Paused(status=CampaignStatus.PAUSED, reason=PauseReason.REQUESTED)
    )


async def _sent(client: Client, operation: str, **said: Any) -> Any:
    return (await client.send(operation, input=said))["campaign"]["status"]


async def test_a_campaign_goes_its_way(product: Product, client: Client) -> None:
    written = {"name": "Sale", "subject": "Sale!", "body": MJML}
    template = (await client.send("CreateTemplate", input=written))["template"]["id"]
    sender = {"name": "Shop", "address": "Shop@example.com"}
    sender_id = (await client.send("RegisterSender", input=sender))["sender"]["id"]
    taken = await client.send("RegisterSender", input={"name": "x", "address": "shop@example.com"})
    assert taken["code"] == "already_taken"
    list_id = (await client.send("CreateContactList", input={"name": "News"}))["contactList"]["id"]
    prepared = {"name": "Sale", "templateId": template, "senderId": sender_id, "listIds": [list_id]}
    receipt = await client.send("CreateCampaign", input=prepared)
    campaign = receipt["campaign"]
    id = campaign["id"]
    assert (campaign["status"], campaign["templateVersion"], campaign["subject"]) == ("DRAFT", 1, None)
    await client.send("SaveTemplate", input={"id": template, "subject": "Last days"})
    async with client.watching("CampaignChanged", initial=True) as changes:
        first = await anext(changes)
        assert [node["id"] for node in first["nodes"]] == [id], first
        refused = await client.send("StartCampaign", input={"id": id})
        assert (refused["code"], refused["field"]) == ("sender_not_verified", "senderId")
        await verified(product, client, sender_id)
        schedule = {"startsAt": IN_A_YEAR, "zone": "Europe/Prague"}
        assert await _sent(client, "ScheduleCampaign", id=id, **schedule) == "SCHEDULED"
        message = await anext(changes)
        assert (message["change"], message["node"]["status"]) == ("CAMPAIGN_SCHEDULED", "SCHEDULED")
    assert await _sent(client, "UnscheduleCampaign", id=id) == "DRAFT"
    assert await _sent(client, "UpdateCampaign", id=id, subject="Now") == "DRAFT"
    assert await _sent(client, "StartCampaign", id=id) == "SENDING"
    assert await _sent(client, "PauseCampaign", id=id) == "PAUSED"
    assert await _sent(client, "ResumeCampaign", id=id) == "SENDING"
    refused = await client.send("UpdateCampaign", input={"id": id, "name": "x"})
    assert refused["code"] == "campaign_was_started"
    receipt = await client.send("CancelCampaign", input={"id": id})
    shown = await client.send("Campaign", id=id, afterPosition=receipt["position"])
    assert (shown["status"], shown["subject"], shown["templateVersion"]) == ("CANCELLED", "Now", 1)
    listed = await client.send("Campaigns", filter={"status": {"eq": "CANCELLED"}})
    assert [edge["node"]["id"] for edge in listed["edges"]] == [id]
    member = product.client(client.tenant, client.user, role="member")
    assert (await member.error("StartCampaign", input={"id": id}))[0] == "FORBIDDEN"
