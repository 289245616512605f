"""Whom an export is about, and where what is kept of them lies."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.kit.sealed import Opening
from projections.kit.read.postgres_reader import PostgresRows
from projections.kit.read.row_visibility import Sight
from projections.kit.store.generations import Pool

_PEOPLE = """
select originator_id from es.streams
 where tenant_id = $1 and originator_id = any($2::uuid[]) and topic = any($3)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyDatabase:
    """A database with views and log, and what opens its sealed texts."""

    rows: PostgresRows
    pool: Pool
    opening: Opening


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What one tenant keeps of a person."""

    tenant_id: UUID
    store: PrivacyDatabase
    subjects: frozenset[UUID]
    """The person, and whatever else has texts of theirs sealed under a key of its own, such as invitations."""

    async def others(self, ids: Sequence[UUID], topics: Sequence[str]) -> set[UUID]:
        """Which of these ids stand for other people; ``topics``: the kinds of streams that stand for somebody."""
        unknown = [id for id in ids if id not in self.subjects]
        rows = await self.store.pool.fetch(_PEOPLE, self.tenant_id, unknown, list(topics)) if unknown else []
        return {row["originator_id"] for row in rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """An export that is being written."""

    person: UUID
    by_themself: bool
    """Whether the person asked, and not somebody of the tenant, whose business their account is not."""
    sight: Sight
    """What the person may see of what they share with others: no file shows more."""
    here: Scope
    accounts: Scope
    """The platform's own tenant, where accounts and sessions are. The same as ``here`` for who belongs to none."""

    @property
    def tenant_id(self) -> UUID:
        """The tenant that was asked."""
        return self.here.tenant_id
