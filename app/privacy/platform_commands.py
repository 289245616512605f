"""Ends what a person signs in with: sessions, membership, and the account when no other tenant needs it."""

from uuid import UUID, uuid5

from domain.identity.account_commands import CloseAccount, EraseAccount, LeaveTenant
from domain.identity.accounts import Account
from domain.identity.sessions import Ending, EndSession
from domain.kit.bus.bus import Bus
from domain.kit.caller import ACCOUNTS, SYSTEM, Caller
from domain.kit.codec import Codec
from domain.kit.commands import Command
from domain.kit.log import Log
from domain.kit.process.effects import EffectRefused
from domain.kit.refusals import NotFound, Refusal
from projections.identity.auth_sessions import SessionRow, Sessions
from projections.kit.context.every import every
from projections.kit.read.conditions import equals
from projections.kit.read.postgres_reader import PostgresRows

_BY_ITSELF = Caller(tenant_id=ACCOUNTS, user_id=SYSTEM)


class PlatformCommands:
    """Sends the commands that belong to the platform's own tenant, where accounts and sessions are."""

    def __init__(self, bus: Bus, codec: Codec, rows: PostgresRows) -> None:
        self._bus, self._codec, self._rows = bus, codec, rows

    @property
    def _log(self) -> Log:
        return self._bus.log

    async def end(self, tenant_id: UUID, subject_id: UUID, *, key: UUID) -> bool:
        """End access once for each ``key``, however often it is called."""
        account = await self._account(subject_id)
        whole = await self._whole(account, tenant_id, key)
        if tenant_id == ACCOUNTS and not whole:
            raise EffectRefused("the account belongs to tenants")
        for session in await self.sessions(subject_id, None if whole else tenant_id):
            await self._send(EndSession(id=session.id, reason=Ending.ERASED), uuid5(key, str(session.id)))
        if account is not None and not account.ended:
            if tenant_id != ACCOUNTS:
                await self._send(LeaveTenant(id=subject_id, tenant_id=tenant_id), uuid5(key, "leave"))
            if whole:
                await self._send(CloseAccount(id=subject_id), uuid5(key, "close"))
                await self._send(EraseAccount(id=subject_id), uuid5(key, "erase"))
        return whole

    async def sessions(self, subject_id: UUID, tenant_id: UUID | None) -> list[SessionRow]:
        """Their sessions that were not ended: those in one tenant, or all."""
        where = [*equals("user_id", subject_id), *equals("in_tenant", tenant_id)]
        return [row async for row in every(self._rows, Sessions, ACCOUNTS, where)]

    async def _whole(self, account: Account | None, tenant_id: UUID, key: UUID) -> bool:
        """Whether the account belongs to this tenant alone, or did before a try that was killed.

        One that belongs to no tenant is nobody's but its person's: that somebody knows its id must not end it. Its
        person asks for that in the tenant of accounts, where nobody else can ask for anything.
        """
        if account is None:
            return False
        if account.ended and tenant_id == ACCOUNTS:
            return True
        if account.ended:
            return await self._was_sent(uuid5(key, "erase"))
        if set(account.tenants) - {tenant_id}:
            return False
        if tenant_id == ACCOUNTS:
            return True
        return tenant_id in account.tenants or await self._was_sent(uuid5(key, "leave"))

    async def _was_sent(self, command_id: UUID) -> bool:
        return await self._log.receipt(ACCOUNTS, command_id) is not None

    async def _account(self, subject_id: UUID) -> Account | None:
        """Their account, also an ended one; None when they never had any."""
        stream = (await self._log.streams(ACCOUNTS, [subject_id])).get(subject_id, [])
        account: Account | None = None
        for envelope in stream:
            account = self._codec.decode(envelope).mutate(account)
        return account if isinstance(account, Account) else None

    async def _send(self, command: Command, command_id: UUID) -> None:
        outcome = await self._bus.send(command, by=_BY_ITSELF, command_id=command_id)
        if isinstance(outcome, Refusal) and not isinstance(outcome, NotFound):
            raise outcome
