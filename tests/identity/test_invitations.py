"""The rules of invitations: accepted once, in time, by who holds the token."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.identity.authorization import BaseRole, NotYoursToGive
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
from domain.identity.user_rules import ANONYMISED_AFTER, UserIsAMember, UserIsDeleted, UserStatus
from domain.identity.users import User
from domain.kit.clock import at
from domain.kit.refusals import Invalid
from domain.kit.scenario import NOON, given, on
from tests.identity.people import ADMIN, ANNA, BEN, HASH, INVITATION, caller, registered

HOUR = timedelta(hours=1)
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
    given().by(ADMIN).when(command).then(replace(SENT, invited_by=ADMIN.user_id))
    given().by(replace(ADMIN, kind="service")).when(command).then(SENT)


def test_who_accepts_becomes_what_they_were_invited_as_and_has_proved_the_address() -> None:
    joined = User.Registered(
        email="anna@example.com", first_name="Anna", registration_source="invitation", role=BaseRole.ADMIN
    )
    accepted = given(on(INVITATION, SENT)).by(JOINING).when(ACCEPT)
    accepted.then(joined, User.EmailVerified(), ACCEPTED)


def test_who_was_only_registered_joins_as_that_person() -> None:
    history = given(on(ANNA, registered()), on(INVITATION, SENT)).by(JOINING)
    history.when(REJOIN).then(User.RoleChanged(role=BaseRole.ADMIN), ACCEPTED)


def test_an_address_goes_over_to_who_has_proved_it() -> None:
    known = on(BEN, replace(registered(), email="anna@example.com"))
    command = replace(ACCEPT, known_id=BEN)
    moved = User.EmailChanged(email=f"moved-{BEN}@deleted.local"), User.Removed()
    joined = replace(registered(BaseRole.ADMIN), last_name="", registration_source="invitation")
    scenario = given(known, on(INVITATION, SENT)).by(JOINING).when(command)
    scenario.then(joined, User.EmailVerified(), ACCEPTED, *moved)


@pytest.mark.parametrize(
    ("before", "refusal"),
    [((User.Suspended(),), UserIsAMember), ((User.Deactivated(),), UserIsAMember)],
)
def test_nobody_comes_back_from_a_suspension_by_an_invitation(before: tuple[Any, ...], refusal: Any) -> None:
    given(on(ANNA, registered(), *before), on(INVITATION, SENT)).by(JOINING).when(REJOIN).refused(refusal)


@pytest.mark.parametrize("end", [lambda user: user.remove(), lambda user: user.delete()])
def test_what_ends_a_membership_ends_the_invitations_that_were_open_then(end: Callable[[User], None]) -> None:
    for left, good in ((HOUR, False), (-HOUR, True)):
        user, invitation = known(ANNA), sent()
        with at(NOON + left):
            end(user)
        with at(NOON + 2 * HOUR):
            if good:
                REJOIN.handle(user, invitation, None, NOON + 2 * HOUR)
                assert user.works
            else:
                with pytest.raises(InvitationNotValid):
                    REJOIN.handle(user, invitation, None, NOON + 2 * HOUR)


def test_nobody_comes_back_once_their_data_are_due_to_go() -> None:
    user = known(ANNA)
    with at(NOON - HOUR):
        user.delete()
    late = NOON + ANONYMISED_AFTER
    with pytest.raises(UserIsDeleted):
        user.rejoin(BaseRole.MEMBER, late)


LOSSES: list[Callable[[User], None]] = [
    lambda user: user.remove(),
    lambda user: user.delete(),
    lambda user: user.become(UserStatus.SUSPENDED),
    lambda user: user.become(UserStatus.INACTIVE),
    lambda user: user.record(User.RoleChanged(role=BaseRole.GUEST)),
]


@pytest.mark.parametrize("lose", LOSSES)
def test_who_may_do_less_invites_nobody_any_more(lose: Callable[[User], None]) -> None:
    inviter, invitation = known(BEN), sent(invited_by=BEN)
    with at(NOON + HOUR):
        invitation.accept(ANNA, HASH, NOON + HOUR, inviter)
        lose(inviter)
    with pytest.raises(InvitationNotValid):
        sent(invited_by=BEN).accept(ANNA, HASH, NOON + 2 * HOUR, inviter)
    if inviter.status is not UserStatus.ACTIVE and inviter.member:
        # Not even when they are back: what was sent before is over.
        with at(NOON + 2 * HOUR):
            inviter.become(UserStatus.ACTIVE)
        with pytest.raises(InvitationNotValid):
            sent(invited_by=BEN).accept(ANNA, HASH, NOON + 3 * HOUR, inviter)


def test_only_the_inviter_vouches_for_an_invitation() -> None:
    for other in (None, known(ANNA)):
        with pytest.raises(InvitationNotValid):
            sent(invited_by=BEN).accept(ANNA, HASH, NOON, other)


def test_a_second_invitation_takes_the_place_of_the_first() -> None:
    second = UUID(int=77)
    command = InviteUser(
        id=second, email="anna@example.com", role=BaseRole.GUEST, token_hash=HASH, replaces_id=INVITATION
    )
    scenario = given(on(INVITATION, SENT)).by(ADMIN).when(command)
    sent = replace(SENT, role=BaseRole.GUEST, invited_by=ADMIN.user_id, replaces=INVITATION)
    scenario.then(sent, Invitation.Withdrawn())
    lesser = caller("member", BEN, "users:write")
    given(on(INVITATION, SENT)).by(lesser).when(command).refused(NotYoursToGive, field="email")


def known(id: UUID) -> User:
    """An admin who has been there for long."""
    with at(NOON - 2 * HOUR):
        user = User.begin(id, registered(BaseRole.ADMIN))
    user.decided()
    return user


def sent(invited_by: UUID | None = None) -> Invitation:
    """An invitation of this noon."""
    with at(NOON):
        invitation = Invitation.begin(INVITATION, replace(SENT, invited_by=invited_by))
    invitation.decided()
    return invitation


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
    by = caller("member", ANNA, "users:write")
    given(SENT).by(by).when(WithdrawInvitation(id=INVITATION)).refused(NotYoursToGive)
    given(SENT).by(ADMIN).when(WithdrawInvitation(id=INVITATION)).then(Invitation.Withdrawn())
