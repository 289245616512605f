"""What forgetting a person takes of the stores that no stream is: the port that the erasure works through."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What was found when one store was looked through."""

    store: str
    places: int
    """How many rows, keys, documents or files were looked at."""
    sealed: int
    """How many sealed texts of the person are in it, none of which can be opened."""
    sha256: str
    """Of the sorted lines ``place/key unreadable``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Belonging:
    """A subject whose data are the person's: the person's own id, and what has an address of theirs."""

    id: UUID
    topic: str
    """What its stream is, when that can be ended; else empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whom:
    """Input of `eraseUser`."""

    tenant_id: UUID
    subject_id: UUID
    also: tuple[UUID, ...] = ()
    """Other subjects of the tenant whose data are theirs."""
    whole: bool = False
    """Their account belonged to this tenant alone, so it is forgotten as well."""


class Forgetting(Protocol):
    """What is done to forget somebody, outside of their own stream.

    Each may be called again for the same person, after a kill at any point, also when others have long been done.
    """

    async def belongings(self, tenant_id: UUID, subject_id: UUID, *, by_themself: bool) -> list[Belonging]:
        """All that is to be forgotten, the person's own id included. Once keys are destroyed it finds less."""
        ...

    async def end_access(self, tenant_id: UUID, subject_id: UUID, *, key: UUID) -> bool:
        """End their sessions and their membership; close and erase their account when it belongs to no other
        tenant. In the tenant of accounts: when it belongs to none; raises EffectRefused otherwise.

        Answers whether the account was erased.
        """
        ...

    async def consents(self, tenant_id: UUID, subject_id: UUID) -> list[str]:
        """The purposes that they allow."""
        ...

    async def exports(self, tenant_id: UUID, subject_id: UUID) -> list[UUID]:
        """The exports of theirs that are being written, or can be fetched."""
        ...

    async def other_owner(self, tenant_id: UUID, subject_id: UUID) -> UUID | None:
        """Another owner of the tenant, who remains; None when there is none."""
        ...

    async def settled(self, whom: Whom) -> int:
        """Wait until every generation of every view has folded what the log holds now; answer up to where.

        Raises TimeoutError when one does not come there, and StillReadable when one has parked their events.
        """
        ...

    async def sweep(self, whom: Whom) -> dict[str, int]:
        """Blank what is left of them in plain text, drop caches, remove files; how many of each."""
        ...

    async def search(self, whom: Whom) -> dict[str, int]:
        """Look everywhere for what can be opened of them now; how many places of each store were looked at.

        Raises StillReadable when some of it stands anywhere in plain text.
        """
        ...

    async def destroy(self, whom: Whom) -> list[str]:
        """Destroy their keys; their fingerprints, the same when they had been destroyed before."""
        ...

    async def evidence(self, whom: Whom) -> list[Evidence]:
        """Look everywhere for sealed texts of theirs and try to open them. Raises StillReadable when one
        opens."""
        ...


class StillReadable(Exception):
    """Something of the person can still be read; the text says where, and not what."""
