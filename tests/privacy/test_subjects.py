"""Any context's people are forgotten as users are, by one declaration; a test finds an aggregate without one."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from app.contexts import SUBJECTS
from app.privacy.factory import privacy_processes
from domain.governance.erasures import erasure_id
from domain.identity.registration import RegisterUser
from domain.identity.user_commands import EraseUser
from domain.kit.caller import Caller
from domain.kit.privacy.personal import personal_fields
from domain.kit.privacy.subjects import SubjectKind
from domain.kit.refusals import NotFound
from projections.governance.erasures import Erasures
from tests.contracts.stored import product_events
from tests.privacy.contacts import (
    CONTACTS,
    Contact,
    CreateContact,
    DeleteContact,
    EraseContact,
    RenameContact,
)
from tests.privacy.estate import Estate, accepted
from tests.privacy.people import an_owner
from tests.privacy.reading import readable


def test_every_aggregate_with_personal_fields_says_how_it_is_forgotten() -> None:
    known = {kind.aggregate.topic for kind in SUBJECTS}
    lacking = {
        f"{event.aggregate.topic} keeps {field.name} of whom it is about: its manifest lacks a SubjectKind"
        for event in product_events().values()
        for field in personal_fields(event)
        if field.subject == "originator_id" and event.aggregate.topic not in known
    }
    assert lacking == set()


def test_what_is_declared_must_be_able_to_forget() -> None:
    with pytest.raises(TypeError, match=r"EraseUser does not erase a toys.contact"):
        SubjectKind(aggregate=Contact, erase=EraseUser)
    with pytest.raises(TypeError, match=r"is no event of toys.contact"):
        replace(CONTACTS, gone=(EraseUser.wiring.needs[0].aggregate.events[0],))


async def _contact(estate: Estate, owner: Caller, email: str) -> UUID:
    id = uuid4()
    await estate.send(CreateContact(id=id, email=email, name="Peregrine Toys"), owner)
    return id


async def _certified(estate: Estate, tenant: UUID, subject: UUID) -> None:
    key = (erasure_id(subject),)
    row = (await estate.rows.get(Erasures, tenant, [key]))[key]
    assert row.certified_at is not None, row


async def test_a_contact_is_forgotten(estate: Estate) -> None:
    owner = await an_owner(estate, uuid4())
    email = f"c.{uuid4().hex}@forget.example.com"
    contact = await _contact(estate, owner, email)
    async with privacy_processes(
        estate.settings,
        database=estate.database,
        bus=estate.bus,
        codec=estate.codec,
        keys=estate.ring,
        kinds=(*SUBJECTS, CONTACTS),
    ) as processes:
        here = replace(estate, processes=processes)
        async with here.acting():
            accepted(await here.desk.erase(here.request(owner), contact, reason=""))
            await here.settled()
        await _certified(here, owner.tenant_id, contact)
        assert await readable(here, owner.tenant_id, email, "Peregrine Toys") == []
        renamed = await here.bus.send(RenameContact(id=contact, name="Again"), by=owner)
        assert isinstance(renamed, NotFound)
        again = await _contact(here, owner, email)

        # What is deleted is forgotten by itself, and so is what has the address of somebody who is forgotten.
        async with here.acting():
            await here.send(DeleteContact(id=again), owner)
            await here.settled()
        await _certified(here, owner.tenant_id, again)
        third, me = await _contact(here, owner, email), uuid4()
        await here.send(RegisterUser(id=me, email=email, first_name="Peregrine"), owner)
        async with here.acting():
            accepted(await here.desk.erase(here.request(owner), me, reason=""))
            await here.settled()
        assert await readable(here, owner.tenant_id, email, "Peregrine") == []
        assert isinstance(await here.bus.send(EraseContact(id=third), by=owner), NotFound)
