"""Consents: given, renewed, withdrawn; and what whoever wants to send something is told."""

from uuid import UUID, uuid4

import pytest

from domain.governance.consents import (
    Consent,
    ConsentNotGiven,
    GiveConsent,
    RenewConsent,
    WithdrawConsent,
    consent_id,
)
from domain.kit.refusals import Forbidden, Invalid
from domain.kit.scenario import given
from projections.governance.consents import ConsentsByRow
from tests.privacy.estate import Estate, accepted, somebody

ANN, MAIL = UUID(int=11), "marketing.email"
ID = consent_id(ANN, MAIL)
GIVEN = Consent.Given(subject_id=ANN, purpose=MAIL, source="web", text_version="1")
WITHDRAWN = Consent.Withdrawn(subject_id=ANN, purpose=MAIL, source="web")


def test_is_one_for_a_person_and_a_purpose() -> None:
    assert consent_id(ANN, MAIL) == ID != consent_id(ANN, "marketing.post")
    wrong = GiveConsent(id=uuid4(), subject_id=ANN, purpose=MAIL)
    given().when(wrong).refused(Invalid, field="id")


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


async def test_holds_from_the_moment_it_is_answered(estate: Estate) -> None:
    ann = somebody(uuid4(), "member")
    consents = ConsentsByRow(estate.rows)

    async def allowed() -> bool:
        return await consents.given(ann.tenant_id, ann.user_id, MAIL)

    assert not await allowed()
    asked = estate.asked(ann)
    for repeated in (False, True):
        done = accepted(await estate.desk.give(asked, ann.user_id, MAIL, source="web", text_version=""))
        assert done.repeated is repeated
    assert await allowed()
    accepted(await estate.desk.withdraw(estate.asked(ann), ann.user_id, MAIL, source="web"))
    assert not await allowed()
    accepted(await estate.desk.give(estate.asked(ann), ann.user_id, MAIL, source="web", text_version="2"))
    assert await allowed()
    assert not await consents.given(uuid4(), ann.user_id, MAIL)


async def test_is_everybodys_own_word(estate: Estate) -> None:
    ann, bob = somebody(uuid4(), "member"), uuid4()
    refusal = await estate.desk.give(estate.asked(ann), bob, MAIL, source="web", text_version="")
    assert isinstance(refusal, Forbidden)
