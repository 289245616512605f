"""Nobody gives or takes what they do not hold, and a tenant never is without an owner."""

from datetime import timedelta
from typing import Any

import pytest

from domain.identity.api_keys import (
    ApiKey,
    ApiKeyRevoked,
    ApiKeyUse,
    CreateApiKey,
    NoteApiKeyUse,
    RevokeApiKey,
    api_key_use_id,
)
from domain.identity.authorization import BaseRole, NotYoursToGive, OnlyForOperators, PermissionUnknown
from domain.identity.invitations import InviteUser
from domain.identity.registration import RegisterUser
from domain.identity.roles import ChangeRole, CreateRole, DeleteRole, Role
from domain.identity.user_commands import (
    ChangeUserEmail,
    ChangeUserRole,
    DeactivateUser,
    DeleteUser,
    EraseUser,
    GrantRole,
    ReactivateUser,
    RemoveUser,
    SuspendUser,
    UpdateProfile,
    WithdrawRole,
)
from domain.identity.user_rules import (
    OwnerMustRemain,
    RoleAlreadyGranted,
    RoleNotGranted,
    UserNotAMember,
)
from domain.identity.users import User
from domain.kit.caller import PLATFORM
from domain.kit.commands import Command
from domain.kit.refusals import AlreadyTaken, Invalid, TakesAPerson
from domain.kit.scenario import NOON, given, on
from tests.identity.people import (
    ADMIN,
    ANNA,
    BEN,
    GUEST,
    HASH,
    INVITATION,
    KEY,
    MEMBER,
    OWNER,
    ROLE,
    caller,
    registered,
)

KNOWN = registered()
A_GUEST = registered(BaseRole.GUEST)
AN_OWNER = registered(BaseRole.OWNER)
BILLING = Role.Created(name="Bookkeeper", permissions=("billing:read", "billing:write"))
READING = Role.Created(name="Reader", permissions=("users:read", "work:read"))


def test_an_owner_gives_every_role_of_a_tenant() -> None:
    for role in (BaseRole.OWNER, BaseRole.ADMIN, BaseRole.GUEST):
        command = ChangeUserRole(id=ANNA, role=role)
        given(KNOWN).by(OWNER).when(command).then(User.RoleChanged(role=role))


ESCALATIONS: list[tuple[Any, Any, Command]] = [
    (ADMIN, KNOWN, ChangeUserRole(id=ANNA, role=BaseRole.OWNER)),
    (caller("admin", ANNA), registered(BaseRole.ADMIN), ChangeUserRole(id=ANNA, role=BaseRole.OWNER)),
    (caller("guest", BEN, "users:write"), KNOWN, ChangeUserRole(id=ANNA, role=BaseRole.ADMIN)),
    (
        caller("guest", ANNA, "users:write"),
        registered(BaseRole.GUEST),
        ChangeUserRole(id=ANNA, role=BaseRole.MEMBER),
    ),
    (ADMIN, AN_OWNER, ChangeUserRole(id=ANNA, role=BaseRole.MEMBER, other_owner_id=BEN)),
    (ADMIN, AN_OWNER, SuspendUser(id=ANNA, other_owner_id=BEN)),
    (ADMIN, AN_OWNER, DeactivateUser(id=ANNA, other_owner_id=BEN)),
    (ADMIN, AN_OWNER, RemoveUser(id=ANNA, other_owner_id=BEN)),
    (ADMIN, AN_OWNER, DeleteUser(id=ANNA, other_owner_id=BEN)),
    (ADMIN, AN_OWNER, ReactivateUser(id=ANNA)),
    (ADMIN, AN_OWNER, WithdrawRole(id=ANNA, role_id=ROLE)),
    (ADMIN, AN_OWNER, ChangeUserEmail(id=ANNA, email="x@example.com")),
    (ADMIN, AN_OWNER, UpdateProfile(id=ANNA, bio="x")),
    (ADMIN, KNOWN, GrantRole(id=ANNA, role_id=ROLE)),
    (ADMIN, KNOWN, WithdrawRole(id=ANNA, role_id=ROLE)),
]


@pytest.mark.parametrize(("by", "target", "command"), ESCALATIONS)
def test_nobody_gives_or_takes_more_than_he_holds(by: Any, target: Any, command: Command) -> None:
    there = on(ANNA, target), on(BEN, AN_OWNER), on(ROLE, BILLING)
    given(*there).by(by).when(command).refused(NotYoursToGive)


@pytest.mark.parametrize("role", [BaseRole.OWNER, BaseRole.ADMIN])
def test_nobody_registers_or_invites_more_than_he_is(role: BaseRole) -> None:
    by = caller("member", BEN, "users:write")
    register = RegisterUser(id=ANNA, email="a@example.com", first_name="Anna", role=role)
    given().by(by).when(register).refused(NotYoursToGive, field="role")
    invite = InviteUser(id=INVITATION, email="a@example.com", role=role, token_hash=HASH)
    given().by(by).when(invite).refused(NotYoursToGive, field="role")


def test_operators_exist_in_the_platforms_tenant_alone() -> None:
    command = ChangeUserRole(id=ANNA, role=BaseRole.OPERATOR)
    everything = caller("operator", BEN, "*")
    given(KNOWN).by(everything).when(command).refused(OnlyForOperators, field="role")
    platform = caller("operator", BEN, tenant=PLATFORM)
    given(KNOWN).by(platform).when(command).then(User.RoleChanged(role=BaseRole.OPERATOR))


DEMOTED = User.RoleChanged(role=BaseRole.MEMBER)
OWNERSHIP: list[tuple[Any, Any]] = [
    (lambda other: ChangeUserRole(id=ANNA, role=BaseRole.MEMBER, other_owner_id=other), DEMOTED),
    (lambda other: SuspendUser(id=ANNA, other_owner_id=other), User.Suspended()),
    (lambda other: DeactivateUser(id=ANNA, other_owner_id=other), User.Deactivated()),
    (lambda other: RemoveUser(id=ANNA, other_owner_id=other), User.Removed()),
    (lambda other: DeleteUser(id=ANNA, other_owner_id=other), User.Deleted()),
    (lambda other: EraseUser(id=ANNA, other_owner_id=other), User.Erased()),
]


@pytest.mark.parametrize(("command", "event"), OWNERSHIP)
def test_an_owner_goes_when_another_remains(command: Any, event: Any) -> None:
    given(on(ANNA, AN_OWNER), on(BEN, AN_OWNER)).by(OWNER).when(command(BEN)).then(event)


@pytest.mark.parametrize(("command", "event"), OWNERSHIP)
@pytest.mark.parametrize(
    ("other", "history"),
    [
        (None, (AN_OWNER,)),
        (ANNA, (AN_OWNER,)),
        (BEN, (KNOWN,)),
        (BEN, (AN_OWNER, User.Suspended())),
        (BEN, (AN_OWNER, User.Deactivated())),
        (BEN, (AN_OWNER, User.Removed())),
        (BEN, (AN_OWNER, User.Deleted())),
        (BEN, (AN_OWNER, User.RoleChanged(role=BaseRole.ADMIN))),
    ],
)
def test_an_owner_stays_unless_another_remains(command: Any, event: Any, other: Any, history: Any) -> None:
    there = on(ANNA, AN_OWNER), on(BEN, *history)
    given(*there).by(OWNER).when(command(other)).refused(OwnerMustRemain, field="other_owner_id")


def test_a_suspended_owner_is_none_that_the_tenant_needs() -> None:
    given(AN_OWNER, User.Suspended()).by(OWNER).when(RemoveUser(id=ANNA)).then(User.Removed())


def test_who_was_removed_gets_no_role() -> None:
    command = ChangeUserRole(id=ANNA, role=BaseRole.ADMIN)
    given(KNOWN, User.Removed()).by(OWNER).when(command).refused(UserNotAMember)


def test_a_role_is_granted_and_withdrawn_once() -> None:
    granted = User.RoleGranted(role_id=ROLE)
    role = on(ROLE, READING)
    given(KNOWN, role).by(ADMIN).when(GrantRole(id=ANNA, role_id=ROLE)).then(granted)
    given(KNOWN, granted, role).by(ADMIN).when(GrantRole(id=ANNA, role_id=ROLE)).refused(RoleAlreadyGranted)
    withdraw = WithdrawRole(id=ANNA, role_id=ROLE)
    given(KNOWN, granted, role).by(ADMIN).when(withdraw).then(User.RoleWithdrawn(role_id=ROLE))
    given(KNOWN, role).by(ADMIN).when(withdraw).refused(RoleNotGranted)


def test_a_role_is_stored_tidy() -> None:
    command = CreateRole(id=ROLE, name=" Reader ", permissions=("work:read", "users:read", "work:read"))
    given().by(ADMIN).when(command).then(READING)


@pytest.mark.parametrize(
    ("permission", "refusal"),
    [
        ("ops:views", OnlyForOperators),
        ("ops:*", OnlyForOperators),
        ("work:*", PermissionUnknown),
        ("*", PermissionUnknown),
        ("work:fly", PermissionUnknown),
        ("billing:write", NotYoursToGive),
    ],
)
def test_a_role_allows_what_a_tenant_can_grant_and_its_maker_holds(permission: str, refusal: Any) -> None:
    names = ("work:read", permission)
    given().by(ADMIN).when(CreateRole(id=ROLE, name="x", permissions=names)).refused(
        refusal, field="permissions"
    )
    given(READING).by(ADMIN).when(ChangeRole(id=ROLE, name="x", permissions=names)).refused(refusal)
    key = CreateApiKey(
        id=KEY, name="x", permissions=names, expires_at=NOON + timedelta(days=731), secret_hash=HASH
    )
    given().by(ADMIN).when(key).refused(refusal, field="permissions")


def test_no_role_is_called_as_a_base_role() -> None:
    command = CreateRole(id=ROLE, name="Owner", permissions=())
    given().by(OWNER).when(command).refused(AlreadyTaken, field="name")


def test_nobody_takes_permissions_out_of_a_role_that_he_lacks() -> None:
    narrower = ChangeRole(id=ROLE, name="Bookkeeper", permissions=("billing:read",))
    given(BILLING).by(ADMIN).when(narrower).refused(NotYoursToGive)
    given(BILLING).by(ADMIN).when(DeleteRole(id=ROLE)).refused(NotYoursToGive)
    given(BILLING).by(OWNER).when(DeleteRole(id=ROLE)).then(Role.Deleted())


def test_a_role_as_it_was_records_nothing() -> None:
    command = ChangeRole(id=ROLE, name="Reader", permissions=READING.permissions)
    given(READING).by(ADMIN).when(command).then()


def test_an_api_key_needs_a_future_and_something_to_allow() -> None:
    key: dict[str, Any] = {"id": KEY, "name": "x", "secret_hash": HASH}
    past = CreateApiKey(**key, permissions=("work:read",), expires_at=NOON)
    given().by(ADMIN).when(past).refused(Invalid, field="expires_at")
    far = CreateApiKey(**key, permissions=("work:read",), expires_at=NOON + timedelta(days=731, seconds=1))
    given().by(ADMIN).when(far).refused(Invalid, field="expires_at")
    empty = CreateApiKey(**key, permissions=(), expires_at=NOON + timedelta(days=731))
    given().by(ADMIN).when(empty).refused(Invalid, field="permissions")


def test_a_key_makes_no_keys() -> None:
    by = caller("admin", BEN)
    machine = type(by)(tenant_id=by.tenant_id, user_id=by.user_id, permissions=by.permissions, kind="key")
    command = CreateApiKey(
        id=KEY, name="x", permissions=("work:read",), expires_at=NOON + timedelta(days=731), secret_hash=HASH
    )
    given().by(machine).when(command).refused(TakesAPerson)


def test_an_api_key_is_revoked_once() -> None:
    created = ApiKey.Created(
        name="x", permissions=("work:read",), secret_hash=HASH, expires_at=NOON, created_by=BEN
    )
    given(created).by(ADMIN).when(RevokeApiKey(id=KEY)).then(ApiKey.Revoked())
    given(created, ApiKey.Revoked()).by(ADMIN).when(RevokeApiKey(id=KEY)).refused(ApiKeyRevoked)
    # Its uses are beside it: whoever knows nothing of them revokes it too.
    use = NoteApiKeyUse(id=api_key_use_id(KEY, NOON), api_key_id=KEY)
    given(on(KEY, created)).when(use).then(ApiKeyUse.Noted(key_id=KEY))
    given(on(KEY, created, ApiKey.Revoked())).when(use).refused(ApiKeyRevoked)
    assert use.id == api_key_use_id(KEY, NOON + timedelta(minutes=59))
    assert use.id != api_key_use_id(KEY, NOON + timedelta(minutes=60))


def test_guests_and_members_hold_what_lets_them_read() -> None:
    assert GUEST.permissions < MEMBER.permissions < ADMIN.permissions < OWNER.permissions
