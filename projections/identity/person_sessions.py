"""The sessions of a tenant's people, as far as they are the tenant's: accounts may belong to several."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.kit.caller import ACCOUNTS
from projections.identity.auth_sessions import UserSessionRow, UserSessions
from projections.kit.read.conditions import equals
from projections.kit.read.keyset import Order, RowPlace
from projections.kit.read.postgres_reader import PostgresRows

_ORDER = Order("started_at", descending=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPage:
    """Which of somebody's sessions: so many from the newest, or those that began before one of them."""

    user_id: UUID
    first: int
    after: UUID | None = None


@dataclass(frozen=True, slots=True)
class PersonSessions:
    """The port: reads them where accounts are, whichever database the tenant is in."""

    rows: PostgresRows

    async def of(self, tenant_id: UUID, _: int, pages: Sequence[SessionPage]) -> list[list[UserSessionRow]]:
        """The sessions of each page that were last used in the tenant. First pages are read at once."""
        heads = {page for page in pages if page.after is None}
        most = max((page.first for page in heads), default=0)
        found = await self.rows.heads(
            UserSessions,
            ACCOUNTS,
            "user_id",
            {page.user_id for page in heads},
            where=equals("in_tenant", tenant_id),
            order=_ORDER,
            limit=most,
        )
        return await asyncio.gather(
            *(
                self._behind(tenant_id, page) if page.after else _cut(found.get(page.user_id, []), page.first)
                for page in pages
            )
        )

    async def _behind(self, tenant_id: UUID, page: SessionPage) -> list[UserSessionRow]:
        last = (await self.rows.get(UserSessions, ACCOUNTS, [(page.after,)])).get((page.after,))
        if last is None or last.user_id != page.user_id or last.in_tenant != tenant_id:
            return []
        where = [*equals("user_id", page.user_id), *equals("in_tenant", tenant_id)]
        place = RowPlace(last.started_at, (last.session_id,))
        read = await self.rows.page(
            UserSessions, ACCOUNTS, where=where, order=_ORDER, limit=page.first, after=place
        )
        return list(read.rows)


async def _cut(rows: list[UserSessionRow], first: int) -> list[UserSessionRow]:
    return rows[:first]
