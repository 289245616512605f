"""Proofs of addresses: who has confirmed an account's address has confirmed it in each tenant that knows it."""

from typing import Protocol
from uuid import UUID

from domain.identity.accounts import Account
from domain.identity.users import User
from domain.kit.process.effects import Call, Effect, Then
from domain.kit.process.process import Process, Stateless, on, performs


class Proving(Protocol):
    """Carry a proof over from the account to the person of a tenant."""

    async def carry(self, account_id: UUID, *, key: UUID) -> str:
        """Confirm the person's address where it is the account's and that one is proved; what came of it.

        May be called again with the same ``key``, which does nothing more.
        """
        ...


class AddressProofs(Process[Stateless], name="identity.address_proofs", version=1):
    """Ask once more whenever one of the two addresses, or what ties them, has changed."""

    class Carry(Effect, attempts=15, timeout=60, pause=2):
        """Carry an account's proof over to the people whose account it is."""

        account_id: UUID

    def __init__(self, proving: Proving) -> None:
        self._proving = proving

    @on(Account.EmailVerified, Account.Joined, User.EmailChanged)
    def changed(
        self, state: Stateless | None, event: Account.EmailVerified | Account.Joined | User.EmailChanged
    ) -> Then[Stateless]:
        # A person has the id of the account.
        return Then(None, self.Carry(account_id=event.originator_id))

    @performs(Carry)
    async def carry(self, effect: Carry, call: Call[Stateless]) -> str:
        return await self._proving.carry(effect.account_id, key=call.key)
