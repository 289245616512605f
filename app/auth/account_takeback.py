"""Ends, in its companies, what an account had before its address was proved by somebody else."""

import asyncio
import logging
from collections.abc import Iterable
from uuid import UUID, uuid5

from app.auth.tenant_services import Home, Homes
from app.auth.tokens.principals import Callers
from domain.identity.api_keys import ApiKeyRevoked, RevokeApiKey
from domain.identity.user_commands import DisownUser
from domain.identity.user_rules import UserNotAMember
from domain.kit.caller import SYSTEM, Caller
from domain.kit.refusals import NotFound, Refusal
from projections.identity.admission import ApiKeys
from projections.kit.read.conditions import equals
from projections.kit.read.keyset import Order, RowPlace

_PAGE = 500
_logger = logging.getLogger(__name__)


class Disowning:
    """Revokes keys and ends memberships.

    Neither lets anybody in before this is done, for the account belongs to none of these tenants any more (see
    `Callers.key`); so a kill in between leaves nothing open, and whoever is invited there later has it done first.
    """

    def __init__(self, homes: Homes, callers: Callers) -> None:
        self._homes, self._callers = homes, callers
        self._beside: set[asyncio.Task[None]] = set()

    def begin(self, account_id: UUID, tenants: Iterable[UUID]) -> None:
        """Do it beside the answer."""
        task = asyncio.create_task(self.leave(account_id, tenants))
        self._beside.add(task)
        task.add_done_callback(self._ended)

    async def revoke_keys(self, account_id: UUID, tenant_id: UUID) -> None:
        """End the keys that the account made in a tenant; may be done again."""
        home, by = await self._homes.of(tenant_id), Caller(tenant_id=tenant_id, user_id=SYSTEM)
        for key in await _keys(home, tenant_id, account_id):
            outcome = await home.bus.send(RevokeApiKey(id=key), by=by, command_id=uuid5(key, "disowned"))
            _done(outcome, ApiKeyRevoked)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._beside.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _logger.error("What a replaced owner left in companies could not be ended.", exc_info=error)

    async def leave(self, account_id: UUID, tenants: Iterable[UUID]) -> None:
        """End what the account has in these tenants; may be done again."""
        for tenant_id in tenants:
            await self.revoke_keys(account_id, tenant_id)
            home, by = await self._homes.of(tenant_id), Caller(tenant_id=tenant_id, user_id=SYSTEM)
            _done(await home.bus.send(DisownUser(id=account_id), by=by), UserNotAMember, NotFound)
            self._callers.forget(tenant_id, account_id)


async def _keys(home: Home, tenant_id: UUID, account_id: UUID) -> list[UUID]:
    """The keys that a person made in a tenant and that were not revoked."""
    found: list[UUID] = []
    after: RowPlace | None = None
    while True:
        page = await home.rows.page(
            ApiKeys,
            tenant_id,
            where=equals("created_by", account_id),
            order=Order("created_at"),
            limit=_PAGE,
            after=after,
        )
        found += [row.id for row in page.rows if row.revoked_at is None]
        if not page.more_after:
            return found
        after = RowPlace(page.rows[-1].created_at, (page.rows[-1].id,))


def _done(outcome: object, *expected: type[Refusal]) -> None:
    if isinstance(outcome, Refusal) and not isinstance(outcome, expected):
        raise outcome
