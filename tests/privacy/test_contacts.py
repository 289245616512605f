"""A contact is forgotten with the user who has the same address, and what was suppressed stays so."""

from uuid import uuid4

from app.campaigns.mailability import InlineMailability
from domain.campaigns.contacts.contact_commands import CreateContact, EraseContact
from domain.campaigns.contacts.contact_lists import CreateContactList, OptIn
from domain.campaigns.contacts.mailability import MailRefusal
from domain.campaigns.contacts.memberships import ConsentSource
from domain.campaigns.contacts.subscription_commands import SubscribeContact, UnsubscribeContact
from domain.identity.registration import RegisterUser
from domain.kit.refusals import NotFound
from tests.privacy.estate import Estate, accepted
from tests.privacy.people import an_owner
from tests.privacy.reading import readable


async def test_a_contact_goes_with_the_user_of_the_same_address_and_its_suppression_stays(
    estate: Estate,
) -> None:
    owner = await an_owner(estate, uuid4())
    tenant, news, contact, me = owner.tenant_id, uuid4(), uuid4(), uuid4()
    email = f"c.{uuid4().hex}@forget.example.com"
    create = CreateContact(id=contact, email=email.upper(), first_name="Peregrine")
    await estate.send(create, owner)
    await estate.send(CreateContactList(id=news, name="News", opt_in=OptIn.SINGLE), owner)
    source = ConsentSource.FORM
    subscribe = SubscribeContact(id=contact, contact_list_id=news, source=source, ip_address="203.0.113.77")
    await estate.send(subscribe, owner)
    await estate.send(UnsubscribeContact(id=contact, contact_list_id=news, source=source), owner)
    await estate.send(RegisterUser(id=me, email=email, first_name="Peregrine"), owner)
    assert await readable(estate, tenant, email.upper(), "203.0.113.77") != []

    async with estate.acting():
        accepted(await estate.desk.erase(estate.request(owner), me, reason=""))
        await estate.settled()
    assert await readable(estate, tenant, email, email.upper(), "Peregrine", "203.0.113.77") == []
    assert isinstance(await estate.bus.send(EraseContact(id=contact), by=owner), NotFound)

    again, mailability = uuid4(), InlineMailability(estate.rows)
    await estate.send(CreateContact(id=again, email=email), owner)
    await estate.send(SubscribeContact(id=again, contact_list_id=news, source=source), owner)
    refusals = await mailability.refusals(tenant, [contact, again], contact_list_id=news)
    assert refusals == {contact: MailRefusal.GONE, again: MailRefusal.SUPPRESSED}
    # Another tenant knows nothing of it.
    assert await mailability.refusals(uuid4(), [again]) == {again: MailRefusal.GONE}
