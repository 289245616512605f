"""Carries the proof of an address from its account to the people of the tenants, wherever those live."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from uuid import UUID, uuid5

from domain.identity.accounts import Account
from domain.identity.user_commands import ConfirmUserEmail
from domain.identity.user_rules import UserIsDeleted
from domain.identity.users import User
from domain.kit.bus.bus import Bus
from domain.kit.bus.repository import Repository
from domain.kit.caller import ACCOUNTS, SYSTEM, Caller
from domain.kit.refusals import NotFound, Refusal
from domain.kit.sealed import ERASED, Opening
from domain.processes.address_proofs import Proving


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedDatabase:
    """What reads and writes one database."""

    repository: Repository
    opening: Opening
    bus: Bus


Reach = Callable[[UUID], AbstractAsyncContextManager[LinkedDatabase]]
"""The place of a tenant; raises while it cannot be reached."""


class AddressProver(Proving):
    """Accounts are with the platform, people with their tenant."""

    def __init__(self, accounts: LinkedDatabase, reach: Reach) -> None:
        self._accounts, self._reach = accounts, reach

    async def carry(self, account_id: UUID, *, key: UUID) -> str:
        found = await self._accounts.repository.get(ACCOUNTS, [account_id], fresh=True)
        account = found.get(account_id)
        if not isinstance(account, Account) or account.ended or not account.email_verified:
            return "not proved"
        (address,) = await self._accounts.opening.open(ACCOUNTS, [account.email])
        confirmed = 0
        for tenant_id in account.tenants if address != ERASED else ():
            async with self._reach(tenant_id) as place:
                confirmed += await _confirm(place, tenant_id, account_id, address, uuid5(key, tenant_id.hex))
        return f"confirmed in {confirmed}"


def always(place: LinkedDatabase) -> Reach:
    """For processes whose tenants are all in one database; others are not found there."""

    @asynccontextmanager
    async def reach(_: UUID) -> AsyncIterator[LinkedDatabase]:
        yield place

    return reach


async def _confirm(
    place: LinkedDatabase, tenant_id: UUID, user_id: UUID, address: str, command_id: UUID
) -> bool:
    user = (await place.repository.get(tenant_id, [user_id], fresh=True)).get(user_id)
    if not isinstance(user, User) or user.ended or user.email_verified:
        return False
    (known,) = await place.opening.open(tenant_id, [user.email])
    if known.lower() != address.lower():
        return False
    by = Caller(tenant_id=tenant_id, user_id=SYSTEM)
    outcome = await place.bus.send(ConfirmUserEmail(id=user_id), by=by, command_id=command_id)
    if isinstance(outcome, Refusal) and not isinstance(outcome, NotFound | UserIsDeleted):
        raise outcome
    return not isinstance(outcome, Refusal)
