"""Lists: how contacts come to them and leave them, and whether they may be written to."""

from uuid import UUID, uuid4

from domain.campaigns.contacts.contact_lists import ContactList, OptIn
from domain.campaigns.contacts.contacts import Contact
from domain.campaigns.contacts.memberships import (
    ConfirmationJustAsked,
    ConfirmationNotValid,
    ConsentSource,
    ContactHasUnsubscribed,
)
from domain.campaigns.contacts.subscription_commands import (
    ConfirmSubscription,
    SubscribeContact,
    UnsubscribeContact,
    UnsubscribeContactFromAll,
)
from domain.kit.refusals import NotFound
from domain.kit.scenario import given, on
from tests.kit.client import Client

CONTACT, LIST, OTHER = UUID(int=1), UUID(int=2), UUID(int=3)
KEY = "zoe@example.com"
CREATED = Contact.Created(email=KEY, email_key=KEY)
NEWS = on(LIST, ContactList.Created(name="News", opt_in=OptIn.DOUBLE))
AT_ONCE = on(LIST, ContactList.Created(name="News", opt_in=OptIn.SINGLE))
ASKED = Contact.ConfirmationAsked(contact_list_id=LIST, source=ConsentSource.FORM, text_version="v1")
SUBSCRIBE = SubscribeContact(id=CONTACT, contact_list_id=LIST, source=ConsentSource.FORM, text_version="v1")
LEFT = Contact.Unsubscribed(contact_list_id=LIST, source=ConsentSource.MAIL, email_key=KEY)
CONFIRM = ConfirmSubscription(id=CONTACT, contact_list_id=LIST)


def subscribed(*, themself: bool) -> Contact.Subscribed:
    return Contact.Subscribed(
        contact_list_id=LIST,
        source=ConsentSource.FORM,
        text_version="v1",
        themself=themself,
        email_key=KEY,
    )


def test_single_opt_in_subscribes_at_once() -> None:
    given(CREATED, AT_ONCE).when(SUBSCRIBE).then(subscribed(themself=False))


def test_double_opt_in_asks_once_in_a_quarter_of_an_hour() -> None:
    given(CREATED, NEWS).when(SUBSCRIBE).then(ASKED)
    given(CREATED, ASKED, NEWS).when(SUBSCRIBE).refused(ConfirmationJustAsked, field="contact_list_id")


def test_who_confirms_in_time_is_subscribed_with_the_proof_of_what_they_said() -> None:
    given(CREATED, ASKED, NEWS).when(CONFIRM).then(subscribed(themself=True))
    given(CREATED, ASKED, subscribed(themself=True), NEWS).when(CONFIRM).then()


def test_a_link_that_confirms_is_good_for_nothing_once_they_have_left() -> None:
    given(CREATED, ASKED, LEFT, NEWS).when(CONFIRM).refused(ConfirmationNotValid)
    given(CREATED, NEWS).when(CONFIRM).refused(ConfirmationNotValid)


def test_nobody_else_subscribes_who_has_left_again() -> None:
    given(CREATED, LEFT, AT_ONCE).when(SUBSCRIBE).refused(ContactHasUnsubscribed, field="id")
    from_all = Contact.UnsubscribedFromAll(contact_list_ids=(), source=ConsentSource.MAIL, email_key=KEY)
    given(CREATED, from_all, AT_ONCE).when(SUBSCRIBE).refused(ContactHasUnsubscribed, field="id")


def test_unsubscribing_twice_is_nothing() -> None:
    leave = UnsubscribeContact(id=CONTACT, contact_list_id=LIST, source=ConsentSource.MAIL)
    given(CREATED, NEWS).when(leave).then(LEFT)
    given(CREATED, LEFT, NEWS).when(leave).then()
    given(NEWS).when(leave).refused(NotFound)
    from_all = UnsubscribeContactFromAll(id=CONTACT, source=ConsentSource.MAIL)
    left = Contact.UnsubscribedFromAll(contact_list_ids=(LIST,), source=ConsentSource.MAIL, email_key=KEY)
    given(CREATED, LEFT, NEWS).when(from_all).then(left)
    given(CREATED, LEFT, left, NEWS).when(from_all).then()


async def a_list(client: Client, opt_in: str = "SINGLE") -> str:
    named = {"name": f"News {uuid4()}", "optIn": opt_in}
    id: str = (await client.send("CreateContactList", input=named))["contactList"]["id"]
    return id


async def a_contact(client: Client, email: str) -> str:
    id: str = (await client.send("CreateContact", input={"email": email}))["contact"]["id"]
    return id


async def refusal(client: Client, contact: str, contact_list: str | None) -> str | None:
    found = await client.send("MailRefusal", id=contact, contactListId=contact_list)
    said: str | None = found["mailRefusal"]
    return said


async def test_a_suppression_outlives_the_contact_and_its_address_written_otherwise(client: Client) -> None:
    news, other, contact = (
        await a_list(client),
        await a_list(client),
        await a_contact(client, "Zoe@example.com"),
    )
    assert await refusal(client, contact, news) == "NOT_SUBSCRIBED"
    for each in (news, other):
        said = {"id": contact, "contactListId": each, "source": "IMPORT"}
        await client.send("SubscribeContact", input=said)
        assert await refusal(client, contact, each) is None
    left = await client.send(
        "UnsubscribeContact", input={"id": contact, "contactListId": news, "source": "MAIL"}
    )
    states = {each["contactList"]["id"]: each["state"] for each in left["contact"]["memberships"]["nodes"]}
    assert states == {news: "UNSUBSCRIBED", other: "SUBSCRIBED"}
    assert await refusal(client, contact, news) == "SUPPRESSED"
    # What they said holds for another address of theirs, too, and comes back with whatever is imported again.
    await client.send("UpdateContact", input={"id": contact, "email": "zoe@example.org"})
    assert await refusal(client, contact, news) == "SUPPRESSED"
    await client.send("DeleteContact", input={"id": contact})
    for address in ("ZOE@EXAMPLE.COM", "zoe@example.org"):
        again = await a_contact(client, address)
        await client.send("SubscribeContact", input={"id": again, "contactListId": news, "source": "IMPORT"})
        assert await refusal(client, again, news) == "SUPPRESSED"
        await client.send("SubscribeContact", input={"id": again, "contactListId": other, "source": "IMPORT"})
        assert await refusal(client, again, other) is None
    (held,) = (await client.send("SuppressionsOfAddress", email="zoe@example.com"))["nodes"]
    assert (held["contactList"]["id"], held["reason"]) == (news, "UNSUBSCRIBE")
    lifted = await client.send("LiftSuppression", input={"id": held["id"], "note": "They asked"})
    assert lifted["code"] == "only_the_person_lifts"


async def test_complaints_and_bounces_stop_all_until_somebody_lifts_them(client: Client) -> None:
    news, contact = await a_list(client), await a_contact(client, "ben@example.com")
    await client.send("SubscribeContact", input={"id": contact, "contactListId": news, "source": "FORM"})
    for reason in ("COMPLAINT", "HARD_BOUNCE", "MANUAL"):
        said = {"email": "Ben@Example.com", "reason": reason, "note": "Told by phone"}
        sent = await client.send("SuppressAddress", input=said)
        id = sent["suppression"]["id"]
        assert await refusal(client, contact, news) == "SUPPRESSED"
        assert (await client.send("SuppressAddress", input=said))["suppression"]["id"] == id
        refused = await client.send("LiftSuppression", input={"id": id, "note": ""})
        assert (refused["code"], refused["field"]) == ("invalid", "note")
        await client.send("LiftSuppression", input={"id": id, "note": "The mailbox is there again"})
        assert await refusal(client, contact, news) is None
        await client.send("SuppressAddress", input=said)
        assert await refusal(client, contact, news) == "SUPPRESSED"
        await client.send("LiftSuppression", input={"id": id, "note": "Again"})
    members = await client.send("ContactListMembers", id=news, filter={"state": {"eq": "SUBSCRIBED"}})
    assert [each["contact"]["id"] for each in members["members"]["nodes"]] == [contact]


async def test_consent_counts_where_nothing_is_sent_to_a_list_and_its_withdrawal_everywhere(
    client: Client,
) -> None:
    news, contact = await a_list(client), await a_contact(client, "ada@example.com")
    assert await refusal(client, contact, None) == "NO_CONSENT"
    said = {"subjectId": contact, "purpose": "marketing.email"}
    await client.send("GiveConsent", input=said)
    assert await refusal(client, contact, None) is None
    await client.send("SubscribeContact", input={"id": contact, "contactListId": news, "source": "API"})
    await client.send("WithdrawConsent", input={**said, "purpose": "marketing"})
    assert await refusal(client, contact, None) == "NO_CONSENT"
    assert await refusal(client, contact, news) == "NO_CONSENT"
    await client.send("GiveConsent", input={**said, "purpose": "marketing"})
    await client.send("UnsubscribeContactFromAll", input={"id": contact, "source": "PROVIDER"})
    assert await refusal(client, contact, None) == "SUPPRESSED"
    consents = await client.send("Consents", filter={"subjectId": {"eq": contact}})
    stands = {each["node"]["purpose"]: each["node"]["given"] for each in consents["edges"]}
    assert stands == {"marketing": True, "marketing.email": False}
