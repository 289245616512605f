"""The rules of invitations: accepted once, in time, by who holds the token."""

from datetime import timedelta
from typing import Any

import pytest

from domain.identity.granting import BaseRole, NotYoursToGive
from domain.identity.invitations import (
    GOOD_FOR,
    AcceptInvitation,
    Invitation,
    InvitationNotOpen,
    InvitationNotValid,
    InviteUser,
    RejoinByInvitation,
    WithdrawInvitation,
)
from domain.identity.user_rules import UserIsAMember, UserIsDeleted
from domain.identity.users import User
from domain.kit.refusals import Invalid
from domain.kit.scenario import NOON, given, on
from tests.identity.people import ADMIN, ANNA, HASH, INVITATION, caller, registered

SENT = Invitation.Sent(
    email="anna@example.com", role=BaseRole.ADMIN, token_hash=HASH, expires_at=NOON + GOOD_FOR
)
ACCEPT = AcceptInvitation(
    id=ANNA, invitation_id=INVITATION, token_hash=HASH, email="Anna@example.com", first_name="Anna"
)
REJOIN = RejoinByInvitation(id=ANNA, invitation_id=INVITATION, token_hash=HASH)
ACCEPTED = Invitation.Accepted(user_id=ANNA)
JOINING = caller("guest", ANNA)


def test_an_invitation_is_good_for_a_week() -> None:
    command = InviteUser(id=INVITATION, email="Anna@example.com", role=BaseRole.ADMIN, token_hash=HASH)
    given().by(ADMIN).when(command).then(SENT)


def test_who_accepts_becomes_what_he_was_invited_as() -> None:
    joined = User.Registered(
        email="anna@example.com", first_name="Anna", registration_source="invitation", role=BaseRole.ADMIN
    )
    given(on(INVITATION, SENT)).by(JOINING).when(ACCEPT).then(joined, ACCEPTED)


def test_who_was_removed_joins_again_by_an_invitation() -> None:
    history = given(on(ANNA, registered(), User.Removed()), on(INVITATION, SENT)).by(JOINING)
    history.when(REJOIN).then(User.Rejoined(role=BaseRole.ADMIN), ACCEPTED)


@pytest.mark.parametrize(("before", "refusal"), [((), UserIsAMember), ((User.Deleted(),), UserIsDeleted)])
def test_only_who_was_removed_joins_again(before: tuple[Any, ...], refusal: Any) -> None:
    given(on(ANNA, registered(), *before), on(INVITATION, SENT)).by(JOINING).when(REJOIN).refused(refusal)


@pytest.mark.parametrize("answer", [ACCEPTED, Invitation.Withdrawn()])
def test_an_invitation_is_answered_once(answer: Any) -> None:
    given(on(INVITATION, SENT, answer)).by(JOINING).when(ACCEPT).refused(InvitationNotValid)
    given(SENT, answer).by(ADMIN).when(WithdrawInvitation(id=INVITATION)).refused(InvitationNotOpen)


def test_an_invitation_expires() -> None:
    late = given(on(INVITATION, SENT)).by(JOINING).at(NOON + GOOD_FOR)
    late.when(ACCEPT).refused(InvitationNotValid)
    in_time = given(on(INVITATION, SENT)).by(JOINING).at(NOON + GOOD_FOR - timedelta(microseconds=1))
    in_time.when(ACCEPT)
    assert in_time.refusal is None


def test_an_invitation_takes_its_own_token() -> None:
    other = AcceptInvitation(
        id=ANNA, invitation_id=INVITATION, token_hash="f" * 64, email="a@example.com", first_name="Anna"
    )
    given(on(INVITATION, SENT)).by(JOINING).when(other).refused(InvitationNotValid)


def test_a_token_is_stored_as_a_hash_alone() -> None:
    command = InviteUser(id=INVITATION, email="a@example.com", token_hash="invite.secret")
    given().by(ADMIN).when(command).refused(Invalid, field="token_hash")


def test_an_invitation_is_withdrawn_by_who_could_have_sent_it() -> None:
    by = caller("member", ANNA, "people:write")
    given(SENT).by(by).when(WithdrawInvitation(id=INVITATION)).refused(NotYoursToGive)
    given(SENT).by(ADMIN).when(WithdrawInvitation(id=INVITATION)).then(Invitation.Withdrawn())
