"""Carries the proof of an account's address to the people of the tenants that it belongs to."""

from uuid import UUID, uuid5

from domain.identity.accounts import Account
from domain.identity.user_commands import ConfirmUserEmail
from domain.identity.user_rules import UserIsDeleted
from domain.identity.users import User
from domain.kit.bus import Bus
from domain.kit.caller import ACCOUNTS, SYSTEM, Caller
from domain.kit.refusals import NotFound, Refusal
from domain.kit.repository import Repository
from domain.kit.sealed import ERASED, Opening


class AddressProving:
    """`domain.processes.address_proofs.Proving`, for the tenants whose people are in this database."""

    def __init__(self, repository: Repository, opening: Opening, bus: Bus) -> None:
        self._repository, self._opening, self._bus = repository, opening, bus

    async def carry(self, account_id: UUID, *, key: UUID) -> str:
        """See the port."""
        account = (await self._repository.get(ACCOUNTS, [account_id], fresh=True)).get(account_id)
        if not isinstance(account, Account) or account.ended or not account.email_verified:
            return "not proved"
        (address,) = await self._opening.open(ACCOUNTS, [account.email])
        confirmed = [
            await self._confirm(tenant_id, account_id, address, uuid5(key, tenant_id.hex))
            for tenant_id in account.tenants
            if address != ERASED
        ]
        return f"confirmed in {sum(confirmed)}"

    async def _confirm(self, tenant_id: UUID, user_id: UUID, address: str, command_id: UUID) -> bool:
        user = (await self._repository.get(tenant_id, [user_id], fresh=True)).get(user_id)
        if not isinstance(user, User) or user.ended or user.email_verified:
            return False
        (known,) = await self._opening.open(tenant_id, [user.email])
        if known.lower() != address.lower():
            return False
        by = Caller(tenant_id=tenant_id, user_id=SYSTEM)
        outcome = await self._bus.send(ConfirmUserEmail(id=user_id), by=by, command_id=command_id)
        if isinstance(outcome, Refusal) and not isinstance(outcome, NotFound | UserIsDeleted):
            raise outcome
        return not isinstance(outcome, Refusal)
