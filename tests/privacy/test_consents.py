"""Consents: given, renewed, withdrawn; and what whoever wants to send something is told."""

from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.entry.assembly import assembled
from app.privacy.consents import LoggedConsents
from domain.governance.consents import (
    Consent,
    ConsentNotGiven,
    Consents,
    GiveConsent,
    RefuseConsent,
    RenewConsent,
    WithdrawConsent,
    consent_id,
)
from domain.identity.user_commands import ChangePreferences, EraseUser, ReactivateUser, SuspendUser
from domain.kit.bus.repository import Repository
from domain.kit.process.sealed_mailer import MailKind
from domain.kit.refusals import Forbidden, Invalid
from domain.kit.scenario import given
from tests.kit.product import Product
from tests.privacy.estate import Estate, accepted, somebody
from tests.privacy.people import a_member, an_account, an_owner

ANN, MAIL = UUID(int=11), "marketing.email"
ID = consent_id(ANN, MAIL)
GIVEN = Consent.Given(subject_id=ANN, purpose=MAIL, source="web", text_version="1")
WITHDRAWN = Consent.Withdrawn(subject_id=ANN, purpose=MAIL, source="web")


def test_is_one_for_a_person_and_a_purpose() -> None:
    assert consent_id(ANN, MAIL) == ID != consent_id(ANN, "marketing.post")
    for command in (GiveConsent, RefuseConsent):
        given().when(command(id=uuid4(), subject_id=ANN, purpose=MAIL)).refused(Invalid, field="id")


@pytest.mark.parametrize("purpose", ["", "E-Mail!", " x", "x" * 101])
def test_names_its_purpose(purpose: str) -> None:
    given().when(GiveConsent(id=ID, subject_id=ANN, purpose=purpose)).refused(Invalid, field="purpose")


def test_is_given_to_another_wording() -> None:
    another = Consent.Given(subject_id=ANN, purpose=MAIL, source="web", text_version="2")
    given(GIVEN).when(RenewConsent(id=ID, text_version="2")).then(another)


def test_given_twice_is_given_once() -> None:
    given(GIVEN).when(RenewConsent(id=ID, text_version="1")).then()


def test_is_withdrawn() -> None:
    given(GIVEN).when(WithdrawConsent(id=ID)).then(WITHDRAWN)


def test_cannot_be_withdrawn_twice() -> None:
    given(GIVEN, WITHDRAWN).when(WithdrawConsent(id=ID)).refused(ConsentNotGiven)


def test_is_refused_by_who_never_gave_it() -> None:
    given().when(RefuseConsent(id=ID, subject_id=ANN, purpose=MAIL)).then(WITHDRAWN)
    wrong = RefuseConsent(id=uuid4(), subject_id=ANN, purpose=MAIL)
    given().when(wrong).refused(Invalid, field="id")
    given(WITHDRAWN).when(WithdrawConsent(id=ID)).refused(ConsentNotGiven)
    given(WITHDRAWN).when(RenewConsent(id=ID, text_version="1")).then(GIVEN)


def _consents(estate: Estate) -> LoggedConsents:
    return LoggedConsents(Repository(estate.log, estate.codec))


async def test_holds_from_the_moment_it_is_answered(estate: Estate) -> None:
    ann = somebody(uuid4(), "member")
    consents = _consents(estate)

    async def allowed() -> bool:
        return await consents.given(ann.tenant_id, ann.user_id, MAIL)

    assert not await allowed()
    subject = estate.request(ann)
    for repeated in (False, True):
        done = accepted(await estate.desk.give(subject, ann.user_id, MAIL, source="web", text_version=""))
        assert done.repeated is repeated
    assert await allowed()
    accepted(await estate.desk.withdraw(estate.request(ann), ann.user_id, MAIL, source="web"))
    assert not await allowed()
    accepted(await estate.desk.give(estate.request(ann), ann.user_id, MAIL, source="web", text_version="2"))
    assert await allowed()
    assert not await consents.given(uuid4(), ann.user_id, MAIL)


async def test_is_refused_once_for_a_command_and_before_it_was_ever_given(estate: Estate) -> None:
    ann, consents = somebody(uuid4(), "member"), _consents(estate)
    asked = (ann.tenant_id, [ann.user_id], "analytics.segment")
    assert not await consents.refused(*asked)
    subject = estate.request(ann)
    for repeated in (False, True):
        done = accepted(await estate.desk.withdraw(subject, ann.user_id, "analytics", source="web"))
        assert done.repeated is repeated
    assert await consents.refused(*asked)
    subject = estate.request(ann)
    again = await estate.desk.withdraw(subject, ann.user_id, "analytics", source="web")
    assert isinstance(again, ConsentNotGiven)
    accepted(
        await estate.desk.give(estate.request(ann), ann.user_id, "analytics", source="web", text_version="")
    )
    assert not await consents.refused(*asked)
    subject = estate.request(ann)
    for repeated in (False, True):
        done = accepted(await estate.desk.withdraw(subject, ann.user_id, "analytics", source="web"))
        assert done.repeated is repeated
    assert await consents.refused(*asked)


async def test_who_objects_to_analytics_is_in_none_whatever_they_allowed(estate: Estate) -> None:
    owner = await an_owner(estate, uuid4())
    ann = await a_member(estate, owner, *await an_account(estate))
    consents = _consents(estate)

    async def allowed() -> list[bool]:
        purposes = ("analytics", "analytics.campaigns", MAIL)
        return [await consents.given(owner.tenant_id, ann.id, purpose) for purpose in purposes]

    await estate.send(
        GiveConsent(
            id=consent_id(ann.id, "analytics.campaigns"), subject_id=ann.id, purpose="analytics.campaigns"
        ),
        ann.caller,
    )
    assert await allowed() == [True, True, True]
    await estate.send(ChangePreferences(id=ann.id, analytics_opt_out=True), ann.caller)
    assert await allowed() == [False, False, True]
    await estate.send(ChangePreferences(id=ann.id, analytics_opt_out=False), ann.caller)
    assert await allowed() == [True, True, True]
    # Nothing is done with the data of somebody who may do nothing, or is gone.
    await estate.send(SuspendUser(id=ann.id), owner)
    assert await allowed() == [False, False, False]
    await estate.send(ReactivateUser(id=ann.id), owner)
    assert await allowed() == [True, True, True]
    await estate.send(EraseUser(id=ann.id), owner)
    assert await allowed() == [False, False, False]


async def test_every_context_can_ask(product: Product) -> None:
    async with assembled(product.settings) as assembly:
        consents: Any = assembly.services.ports[Consents]
        assert await consents.given(uuid4(), uuid4(), MAIL) is False


def test_every_kind_of_mail_says_by_which_right_it_is_sent() -> None:
    """A kind that is new, such as a campaign's, does not come into being without somebody having thought of it."""
    said = (Path(__file__).parents[2] / "docs/decisions/0032-who-is-asked-for-consent.md").read_text()
    assert [kind for kind in MailKind if f"| {kind.name} |" not in said] == []


async def test_is_everybodys_own_word(estate: Estate) -> None:
    ann, bob = somebody(uuid4(), "member"), uuid4()
    refusal = await estate.desk.give(estate.request(ann), bob, MAIL, source="web", text_version="")
    assert isinstance(refusal, Forbidden)
