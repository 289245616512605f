"""What the views make of memberships, roles, invitations and API keys."""

from uuid import UUID

import pytest

from domain.identity.api_keys import ApiKey, ApiKeyUse
from domain.identity.authorization import BaseRole
from domain.identity.invitations import Invitation, InvitationStatus
from domain.identity.roles import Role
from domain.identity.users import User
from domain.kit.events import Event
from domain.kit.scenario import NOON, on
from projections.identity.admission import ApiKeyRow, ApiKeys, InvitationRow, Invitations
from projections.identity.memberships import (
    MembershipRow,
    Memberships,
    RoleRow,
    Roles,
    UserRoleRow,
    UserRoles,
)
from projections.identity.users import found_by
from projections.kit.declare.row import replace
from tests.identity.people import ANNA, BEN, HASH, INVITATION, KEY, ROLE, SEALED, registered, row
from tests.kit.folding import folded

KNOWN = registered()

MEMBERSHIP = MembershipRow(user_id=ANNA, role=BaseRole.MEMBER, joined_at=NOON, since=0)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ((), MEMBERSHIP),
        ((User.RoleChanged(role=BaseRole.ADMIN),), replace(MEMBERSHIP, role=BaseRole.ADMIN)),
        ((User.Suspended(),), MEMBERSHIP),
        ((User.Removed(),), None),
        ((User.Removed(), User.Rejoined(role=BaseRole.GUEST)), replace(MEMBERSHIP, role=BaseRole.GUEST)),
        ((User.Removed(), User.Deleted()), None),
        ((User.Deleted(), User.Erased()), None),
        ((User.Erased(),), None),
    ],
)
def test_memberships(events: tuple[Event, ...], expected: MembershipRow | None) -> None:
    found = row(Memberships(), KNOWN, *events)
    assert (found and replace(found, since=0)) == expected


def test_whoever_is_taken_in_again_is_a_member_from_then_on() -> None:
    before, since = (
        row(Memberships(), KNOWN, *events).since
        for events in ((), (User.Removed(), User.Rejoined(role=BaseRole.GUEST)))
    )
    assert before < since


def test_roles() -> None:
    created = Role.Created(name="Reader", permissions=("work:read",))
    expected = RoleRow(id=ROLE, name="Reader", permissions=("work:read",), created_at=NOON, updated_at=NOON)
    assert row(Roles(), created, id=ROLE) == expected
    changed = Role.Changed(name="Writer", permissions=("work:write",))
    assert row(Roles(), created, changed, id=ROLE) == replace(
        expected, name="Writer", permissions=("work:write",)
    )
    assert row(Roles(), created, Role.Deleted(), id=ROLE) is None


def test_roles_of_users() -> None:
    granted = User.RoleGranted(role_id=ROLE)
    expected = UserRoleRow(user_id=ANNA, role_id=ROLE, granted_at=NOON)
    assert folded(UserRoles(), on(ANNA, KNOWN, granted)) == {(ANNA, ROLE): expected}
    assert folded(UserRoles(), on(ANNA, KNOWN, granted, User.RoleWithdrawn(role_id=ROLE))) == {}


def test_invitations() -> None:
    sent = Invitation.Sent(email=SEALED, role=BaseRole.GUEST, token_hash=HASH, expires_at=NOON)
    found = row(Invitations(), sent, id=INVITATION)
    expected = InvitationRow(
        id=INVITATION,
        email=SEALED,
        email_key=found_by(SEALED),
        role=BaseRole.GUEST,
        token_hash=HASH,
        invited_by=found.invited_by,
        sent_at=NOON,
        expires_at=NOON,
    )
    assert found == expected
    accepted = row(Invitations(), sent, Invitation.Accepted(user_id=ANNA), id=INVITATION)
    assert accepted == replace(expected, status=InvitationStatus.ACCEPTED, user_id=ANNA)
    withdrawn = row(Invitations(), sent, Invitation.Withdrawn(), id=INVITATION)
    assert withdrawn == replace(expected, status=InvitationStatus.WITHDRAWN)


def test_api_keys() -> None:
    created = ApiKey.Created(
        name="x", permissions=("work:read",), secret_hash=HASH, expires_at=NOON, created_by=BEN
    )
    expected = ApiKeyRow(
        id=KEY,
        name="x",
        permissions=("work:read",),
        secret_hash=HASH,
        created_by=BEN,
        created_at=NOON,
        expires_at=NOON,
    )
    assert row(ApiKeys(), created, id=KEY) == expected
    assert row(ApiKeys(), created, ApiKey.Revoked(), id=KEY) == replace(expected, revoked_at=NOON)
    used = on(UUID(int=99), ApiKeyUse.Noted(key_id=KEY))
    assert folded(ApiKeys(), on(KEY, created), used) == {(KEY,): replace(expected, last_used_at=NOON)}
    assert folded(ApiKeys(), used) == {}
