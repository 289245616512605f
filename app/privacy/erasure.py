"""Forgets a person in all stores: the adapter of `domain.processes.erasure.Forgetting`."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from app.privacy.belongings import Belongings
from app.privacy.platform_commands import PlatformCommands
from app.privacy.search.search import SubjectSearch, together
from app.privacy.search.traces import SearchedPerson
from app.privacy.wait_for_views import ViewSettling
from domain.kit.caller import ACCOUNTS
from domain.processes.erasure_port import Belonging, Evidence, Whom
from projections.governance.consents import ConsentRows
from projections.governance.exports import Exports, ExportState
from projections.identity.memberships import Memberships
from projections.identity.users import Users
from projections.kit.context.every import every
from projections.kit.read.conditions import equals, one_of
from projections.kit.read.postgres_reader import PostgresRows


class KeyRemains(Protocol):
    """What is left of a key."""

    @property
    def fingerprint(self) -> str:
        """By which it can be told from others; nothing about the key follows from it."""
        ...


class PersonKeyStore(Protocol):
    """The keys of people."""

    async def destroy(self, tenant_id: UUID, subject: UUID) -> KeyRemains:
        """Destroy a person's key in a tenant; what was sealed under it opens no more. Again, it is the same."""
        ...


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The stores of one database, and the keys in it."""

    search: SubjectSearch
    keys: PersonKeyStore


class ForgettingEverywhere:
    """Erases a person from every store, here and in the platform's own database."""

    def __init__(
        self,
        *,
        access: PlatformCommands,
        rows: PostgresRows,
        belongings: Belongings,
        settling: ViewSettling,
        here: Whereabouts,
        platform: Whereabouts,
    ) -> None:
        """``platform`` is the same as ``here`` but for a tenant that has a database of its own."""
        self._access, self._rows, self._belongings, self._settling = access, rows, belongings, settling
        self._here, self._platform = here, platform

    async def belongings(self, tenant_id: UUID, subject_id: UUID, *, by_themself: bool) -> list[Belonging]:
        return await self._belongings.of(tenant_id, subject_id, by_themself=by_themself)

    async def end_access(self, tenant_id: UUID, subject_id: UUID, *, key: UUID) -> bool:
        return await self._access.end(tenant_id, subject_id, key=key)

    async def consents(self, tenant_id: UUID, subject_id: UUID) -> list[str]:
        where = [*equals("subject_id", subject_id), *equals("given", True)]
        return [row.purpose async for row in every(self._rows, ConsentRows, tenant_id, where)]

    async def exports(self, tenant_id: UUID, subject_id: UUID) -> list[UUID]:
        readable = one_of("state", [ExportState.RUNNING, ExportState.FINISHED])
        where = [*equals("subject_id", subject_id), *readable]
        return [row.id async for row in every(self._rows, Exports, tenant_id, where)]

    async def other_owner(self, tenant_id: UUID, subject_id: UUID) -> UUID | None:
        return await another_owner(self._rows, tenant_id, subject_id)

    async def settled(self, whom: Whom) -> int:
        return await self._settling.reached(whom.tenant_id, (whom.subject_id, *whom.also))

    async def sweep(self, whom: Whom) -> dict[str, int]:
        swept: dict[str, int] = {}
        for search, wanted in await self._wanted(whom):
            for store, count in (await search.sweep(wanted)).items():
                swept[store] = swept.get(store, 0) + count
        return swept

    async def search(self, whom: Whom) -> dict[str, int]:
        found = [
            looked for search, wanted in await self._wanted(whom) for looked in await search.look(wanted)
        ]
        return {looked.store: looked.places for looked in together(found)}

    async def destroy(self, whom: Whom) -> list[str]:
        fingerprints: list[str] = []
        for place, tenant_id, also in self._places(whom):
            for subject in (whom.subject_id, *also):
                destroyed = await place.keys.destroy(tenant_id, subject)
                fingerprints.append(destroyed.fingerprint)
        return fingerprints

    async def evidence(self, whom: Whom) -> list[Evidence]:
        found = [
            looked
            for search, wanted in await self._wanted(whom)
            for looked in await search.unreadable(wanted)
        ]
        return [looked.evidence for looked in together(found)]

    def _places(self, whom: Whom) -> list[tuple[Whereabouts, UUID, tuple[UUID, ...]]]:
        """Where something of them is: the stores, the tenant, and which subjects they are there besides."""
        if whom.tenant_id == ACCOUNTS:
            return [(self._platform, ACCOUNTS, whom.also)]
        here = [(self._here, whom.tenant_id, whom.also)]
        return [*here, (self._platform, ACCOUNTS, ())] if whom.whole else here

    async def _wanted(self, whom: Whom) -> list[tuple[SubjectSearch, SearchedPerson]]:
        return [
            (place.search, await place.search.wanted(tenant_id, whom.subject_id, also))
            for place, tenant_id, also in self._places(whom)
        ]


async def another_owner(rows: PostgresRows, tenant_id: UUID, subject_id: UUID) -> UUID | None:
    """An owner of the tenant who may work, other than this person; None when there is none."""
    async for row in every(rows, Memberships, tenant_id, equals("role", "owner")):
        if row.user_id == subject_id:
            continue
        user = (await rows.get(Users, tenant_id, [(row.user_id,)])).get((row.user_id,))
        if user is not None and user.status == "active":
            return row.user_id
    return None
