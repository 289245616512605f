"""Forgets a person in all stores: the adapter of `domain.processes.erasure.Forgetting`."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from app.privacy.access import Access
from app.privacy.search import Search, together
from app.privacy.settling import Settling
from app.privacy.traces import Wanted
from domain.kit.caller import ACCOUNTS
from domain.processes.erasure import Evidence
from projections.governance.consents import ConsentRows
from projections.identity.admission import Invitations
from projections.identity.memberships import Memberships
from projections.identity.users import Users
from projections.kit.conditions import equals
from projections.kit.rows import Order, Rows

_MOST = 1_000
"""Purposes of one person, and owners of one tenant."""


class Destroyed(Protocol):
    """What is left of a key."""

    @property
    def fingerprint(self) -> str:
        """By which it can be told from others; nothing about the key follows from it."""
        ...


class Keys(Protocol):
    """The keys of people."""

    async def destroy(self, tenant_id: UUID, subject: UUID) -> Destroyed:
        """Destroys a person's key in a tenant; what was sealed under it opens no more. Again, it is the same."""
        ...


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The stores of one database, and the keys in it."""

    search: Search
    keys: Keys


class ForgettingEverywhere:
    """See the port."""

    def __init__(
        self, *, access: Access, rows: Rows, settling: Settling, here: Whereabouts, platform: Whereabouts
    ) -> None:
        """``platform`` is the same as ``here`` but for a tenant that has a database of his own."""
        self._access, self._rows, self._settling = access, rows, settling
        self._here, self._platform = here, platform

    async def end_access(self, tenant_id: UUID, subject_id: UUID, *, key: UUID) -> bool:
        """See the port."""
        return await self._access.end(tenant_id, subject_id, key=key)

    async def consents(self, tenant_id: UUID, subject_id: UUID) -> list[str]:
        """See the port."""
        where = [*equals("subject_id", subject_id), *equals("given", True)]
        page = await self._rows.page(ConsentRows, tenant_id, where=where, order=Order("purpose"), limit=_MOST)
        return [row.purpose for row in page.rows]

    async def other_owner(self, tenant_id: UUID, subject_id: UUID) -> UUID | None:
        """See the port."""
        return await another_owner(self._rows, tenant_id, subject_id)

    async def settled(self, tenant_id: UUID, subject_id: UUID) -> int:
        """See the port."""
        return await self._settling.reached(tenant_id, subject_id)

    async def sweep(self, tenant_id: UUID, subject_id: UUID, *, whole: bool) -> dict[str, int]:
        """See the port."""
        swept: dict[str, int] = {}
        for search, wanted in await self._wanted(tenant_id, subject_id, whole):
            for store, count in (await search.sweep(wanted)).items():
                swept[store] = swept.get(store, 0) + count
        return swept

    async def search(self, tenant_id: UUID, subject_id: UUID, *, whole: bool) -> dict[str, int]:
        """See the port."""
        found = [
            looked
            for search, wanted in await self._wanted(tenant_id, subject_id, whole)
            for looked in await search.look(wanted)
        ]
        return {one.store: one.places for one in together(found)}

    async def destroy(self, tenant_id: UUID, subject_id: UUID, *, whole: bool) -> list[str]:
        """See the port."""
        fingerprints: list[str] = []
        for place, one in self._places(tenant_id, whole):
            for subject in (subject_id, *await self._also(one, subject_id)):
                destroyed = await place.keys.destroy(one, subject)
                fingerprints.append(destroyed.fingerprint)
        return fingerprints

    async def evidence(self, tenant_id: UUID, subject_id: UUID, *, whole: bool) -> list[Evidence]:
        """See the port."""
        found = [
            looked
            for search, wanted in await self._wanted(tenant_id, subject_id, whole)
            for looked in await search.unreadable(wanted)
        ]
        return [one.evidence for one in together(found)]

    def _places(self, tenant_id: UUID, whole: bool) -> list[tuple["Whereabouts", UUID]]:
        here = [(self._here, tenant_id)]
        return [*here, (self._platform, ACCOUNTS)] if whole else here

    async def _wanted(self, tenant_id: UUID, subject_id: UUID, whole: bool) -> list[tuple[Search, Wanted]]:
        return [
            (place.search, await place.search.wanted(one, subject_id, await self._also(one, subject_id)))
            for place, one in self._places(tenant_id, whole)
        ]

    async def _also(self, tenant_id: UUID, subject_id: UUID) -> list[UUID]:
        """The invitations that he accepted: each is a subject of its own, for nobody knew yet who would come."""
        if tenant_id == ACCOUNTS:
            return []
        where = equals("user_id", subject_id)
        page = await self._rows.page(Invitations, tenant_id, where=where, order=Order("id"), limit=_MOST)
        return [row.id for row in page.rows]


async def another_owner(rows: Rows, tenant_id: UUID, subject_id: UUID) -> UUID | None:
    """An owner of the tenant who may work, other than this person; None when there is none."""
    page = await rows.page(
        Memberships, tenant_id, where=equals("role", "owner"), order=Order("joined_at"), limit=_MOST
    )
    ids = [row.user_id for row in page.rows if row.user_id != subject_id]
    users = await rows.get(Users, tenant_id, [(id,) for id in ids])
    return next((id for id in ids if (id,) in users and users[id,].status == "active"), None)
