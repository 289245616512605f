"""On the real log: at least one owner remains, also when owners depose one another at the same moment."""

import asyncio
from typing import Any

import pytest

from api.kit.schema.context import Services
from domain.identity.authorization import BaseRole
from domain.identity.user_commands import ChangeUserRole, DeleteUser, RemoveUser, SuspendUser
from domain.identity.user_rules import OwnerMustRemain
from domain.kit.log import AppendReceipt
from tests.identity.company import Company


def demote(id: Any, other: Any) -> ChangeUserRole:
    return ChangeUserRole(id=id, role=BaseRole.MEMBER, other_owner_id=other)


def suspend(id: Any, other: Any) -> SuspendUser:
    return SuspendUser(id=id, other_owner_id=other)


def remove(id: Any, other: Any) -> RemoveUser:
    return RemoveUser(id=id, other_owner_id=other)


def delete(id: Any, other: Any) -> DeleteUser:
    return DeleteUser(id=id, other_owner_id=other)


@pytest.mark.parametrize("against", [demote, suspend, remove, delete])
async def test_of_two_owners_who_depose_one_another_one_remains(services: Services, against: Any) -> None:
    for _ in range(5):
        company = Company(services)
        anna, ben = [await company.person(BaseRole.OWNER) for _ in range(2)]
        outcomes = await asyncio.gather(
            company.send(against(anna, ben), company.caller("owner", ben)),
            company.send(demote(ben, anna), company.caller("owner", anna)),
        )
        assert [type(outcome) for outcome in outcomes if not isinstance(outcome, AppendReceipt)] == [
            OwnerMustRemain
        ]
        assert [user for user in (anna, ben) if "billing:write" in await company.permissions(user)]
