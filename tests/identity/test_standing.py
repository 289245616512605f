"""How somebody stands in a tenant: right after the command, in one round trip, and never across tenants."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.kit.schema.context import Services
from domain.identity.api_keys import CreateApiKey, RevokeApiKey
from domain.identity.authorization import BaseRole
from domain.identity.registration import RegisterUser
from domain.identity.roles import ChangeRole, CreateRole, DeleteRole
from domain.identity.user_commands import (
    ChangeUserRole,
    DeactivateUser,
    DeleteUser,
    EraseUser,
    GrantRole,
    ReactivateUser,
    RemoveUser,
    SuspendUser,
    WithdrawRole,
)
from domain.identity.user_rules import UserStatus
from domain.kit.caller import PLATFORM
from domain.kit.permissions import ROLES
from projections.identity.member_access import ApiKeyAccess, MemberAccess, key_standing, standing
from tests.identity.company import Company
from tests.identity.people import HASH

LATER = datetime.now(UTC).replace(microsecond=0) + timedelta(days=365)


@pytest.mark.parametrize("role", [BaseRole.OWNER, BaseRole.ADMIN, BaseRole.MEMBER, BaseRole.GUEST])
async def test_a_base_role_gives_its_permissions(services: Services, role: BaseRole) -> None:
    company = Company(services)
    user = await company.person(role)
    expected = MemberAccess(user_id=user, status=UserStatus.ACTIVE, role=role, permissions=ROLES[role])
    assert await company.standing(user) == expected


async def test_a_changed_role_counts_at_once(services: Services) -> None:
    company = Company(services)
    user = await company.person()
    await company.done(ChangeUserRole(id=user, role=BaseRole.GUEST))
    assert await company.permissions(user) == ROLES["guest"]


async def test_a_granted_role_adds_what_it_allows_as_long_as_it_is_there(services: Services) -> None:
    company = Company(services)
    user, role = await company.person(), uuid4()
    await company.done(CreateRole(id=role, name="Auditor", permissions=("audit:read",)))
    await company.done(GrantRole(id=user, role_id=role))
    assert await company.permissions(user) == ROLES["member"] | {"audit:read"}
    await company.done(ChangeRole(id=role, name="Auditor", permissions=("keys:read",)))
    assert await company.permissions(user) == ROLES["member"] | {"keys:read"}
    await company.done(DeleteRole(id=role))
    assert await company.permissions(user) == ROLES["member"]


async def test_a_withdrawn_role_allows_nothing(services: Services) -> None:
    company = Company(services)
    user, role = await company.person(), uuid4()
    await company.done(CreateRole(id=role, name="Auditor", permissions=("audit:read",)))
    await company.done(GrantRole(id=user, role_id=role))
    await company.done(WithdrawRole(id=user, role_id=role))
    assert await company.permissions(user) == ROLES["member"]


@pytest.mark.parametrize(
    ("command", "status", "role"),
    [
        (SuspendUser, UserStatus.SUSPENDED, BaseRole.MEMBER),
        (DeactivateUser, UserStatus.INACTIVE, BaseRole.MEMBER),
        (RemoveUser, UserStatus.ACTIVE, None),
        (DeleteUser, UserStatus.DELETED, None),
        (EraseUser, UserStatus.DELETED, None),
    ],
)
async def test_who_is_not_active_may_do_nothing(
    services: Services, command: Any, status: UserStatus, role: BaseRole | None
) -> None:
    company = Company(services)
    user = await company.person()
    await company.done(command(id=user))
    found = await company.standing(user)
    assert found is not None
    assert found.sessions_after is not None
    expected = MemberAccess(user_id=user, status=status, role=role, permissions=frozenset())
    assert replace(found, sessions_after=None) == expected


async def test_who_is_reactivated_may_do_what_he_could(services: Services) -> None:
    company = Company(services)
    user = await company.person()
    await company.done(SuspendUser(id=user))
    await company.done(ReactivateUser(id=user))
    assert await company.permissions(user) == ROLES["member"]


async def test_nobody_stands_in_a_tenant_that_does_not_know_him(services: Services) -> None:
    ours, other = Company(services), Company(services)
    user = await ours.person()
    assert await other.standing(user) is None
    assert await ours.standing(uuid4()) is None


async def test_only_the_platforms_own_people_are_operators(services: Services) -> None:
    platform, company = Company(services, PLATFORM), Company(services)
    user = uuid4()
    for place in (platform, company):
        by = replace(place.caller("operator"), tenant_id=PLATFORM)
        register = RegisterUser(
            id=user, email=f"{user.hex}@example.com", first_name="Op", role=BaseRole.OPERATOR
        )
        # The rule would refuse it in a tenant; a log written by other hands must not give it either.
        command = register if place is platform else replace(register, role=BaseRole.ADMIN)
        await place.done(command, by if place is platform else None)
    assert await platform.permissions(user) == ROLES["operator"]
    assert not [permission for permission in await company.permissions(user) if permission.startswith("ops")]


class Counting:
    """A reader that counts how often a connection is lent."""

    def __init__(self, reader: Any) -> None:
        self.reader = reader
        self.lent = 0

    @asynccontextmanager
    async def reading(self, tenant_id: UUID) -> AsyncIterator[Any]:
        self.lent += 1
        async with self.reader.reading(tenant_id) as connection:
            yield connection


async def test_it_takes_one_round_trip(services: Services) -> None:
    company = Company(services)
    user = await company.person()
    rows = services.rows
    counting = Counting(rows.reader)
    counted = type(rows)(counting, rows.live)
    assert await standing(counted, company.tenant, user) is not None
    assert counting.lent == 1


async def test_a_key_allows_what_its_maker_still_may(services: Services) -> None:
    company, key = Company(services), uuid4()
    maker = await company.person(BaseRole.ADMIN)
    create = CreateApiKey(
        id=key,
        name="Machine",
        permissions=("audit:read", "work:read"),
        secret_hash=HASH,
        expires_at=LATER,
    )
    await company.done(create, company.caller("admin", maker))

    async def found() -> ApiKeyAccess:
        standing = await key_standing(services.rows, company.tenant, key)
        assert standing is not None
        return standing

    assert await found() == ApiKeyAccess(
        key_id=key,
        created_by=maker,
        secret_hash=HASH,
        expires_at=LATER,
        revoked=False,
        permissions=frozenset({"audit:read", "work:read"}),
    )
    await company.done(ChangeUserRole(id=maker, role=BaseRole.GUEST))
    assert (await found()).permissions == {"work:read"}
    await company.done(RemoveUser(id=maker))
    assert (await found()).permissions == frozenset()
    await company.done(RevokeApiKey(id=key))
    assert (await found()).revoked
    assert await key_standing(services.rows, uuid4(), key) is None
