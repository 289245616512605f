"""Suspending accounts and reactivating them, the same for the command line and for the API."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from app.auth.account_repository import AccountRepository
from app.auth.tokens.session_cache import sessions_of
from domain.identity.account_commands import ReactivateAccount, SuspendAccount
from domain.identity.accounts import OwnAccount
from domain.identity.sessions import Ending, EndSession
from domain.kit.caller import Caller
from domain.kit.refusals import NotFound, Refusal
from projections.kit.read.keyset import Order


async def _nobody_holds_it(account_id: UUID) -> None:
    """For programs that keep no sessions in memory; those that do hear of it from the log."""


class AccountService:
    """The application's `api.auth.port.Suspending`."""

    def __init__(
        self, book: AccountRepository, forget: Callable[[UUID], Awaitable[None]] = _nobody_holds_it
    ) -> None:
        """``forget`` has this process ask Postgres again about a person's sessions."""
        self._book, self._forget = book, forget

    async def suspend(self, email: str, *, by: Caller, asked_by: str) -> Refusal | None:
        """The event ends every session; that each says so itself is for its person's history. Nobody suspends
        themselves: the last operator could not undo it."""
        id = await self._book.id_of(email)
        if id is None:
            return NotFound(field="email", what="account")
        if id == by.user_id:
            return OwnAccount(field="email")
        outcome = await self._book.send(SuspendAccount(id=id, asked_by=asked_by), by=by.user_id)
        if isinstance(outcome, Refusal):
            return outcome
        await self._forget(id)
        ended = [row.id async for row in sessions_of(self._book.rows, id, Order("created_at"))]
        for session in ended:
            await self._book.send(EndSession(id=session, reason=Ending.SUSPENDED), by=by.user_id)
        return None

    async def reactivate(self, email: str, *, by: Caller, asked_by: str) -> Refusal | None:
        id = await self._book.id_of(email)
        if id is None:
            return NotFound(field="email", what="account")
        outcome = await self._book.send(ReactivateAccount(id=id, asked_by=asked_by), by=by.user_id)
        return outcome if isinstance(outcome, Refusal) else None
