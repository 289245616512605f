"""Accesses: who read what, and whose data it was."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from api.kit.model import First, ForwardConnection, FromCursor, Info, argument, field, forward, shows
from projections.governance import accesses as ports
from projections.governance.accesses import AccessKind, AccessOutcome, AccessRow


@shows(AccessRow, needs="audit:read", name="Access", leave_out=("id", "session_id", "user_id", "subjects"))
class Access:
    """A recorded GraphQL operation and its caller."""

    kind: AccessKind | None
    operation: str | None
    outcome: AccessOutcome | None

    # They are what the audit is read for, so who may read it sees them.
    @field("The caller; null when nobody was signed in.")
    def user_id(self, root: strawberry.Parent[AccessRow]) -> UUID | None:
        return root.user_id

    @field("The caller's session.")
    def session_id(self, root: strawberry.Parent[AccessRow]) -> strawberry.ID | None:
        return None if root.session_id is None else strawberry.ID(root.session_id)

    @field("The people whose data was read.")
    def subjects(self, root: strawberry.Parent[AccessRow]) -> list[UUID]:
        return list(root.subjects)


@strawberry.input(description="Which accesses to list: those that meet all that is given.")
class AccessesFilter:
    """What the listed accesses must meet."""

    user_id: UUID | None = strawberry.field(default=None, description="By this caller.")
    subject_id: UUID | None = strawberry.field(default=None, description="Involving this user's data.")
    from_time: datetime | None = strawberry.field(default=None, description="At or after this time.")
    before_time: datetime | None = strawberry.field(default=None, description="Before this time.")


@strawberry.type
class Query:
    @field(
        "The log of read accesses, the newest first; kept for two years.",
        ForwardConnection[Access],
        needs="audit:read",
    )
    async def accesses(
        self,
        info: Info,
        filter: Annotated[AccessesFilter | None, argument("The filter; everything by default.")] = None,
        first: First = None,
        after: FromCursor = None,
    ) -> ForwardConnection[AccessRow]:
        ask, wanted = info.context, filter or AccessesFilter()
        narrowed = ports.AccessFilter(
            user_id=wanted.user_id,
            subject_id=wanted.subject_id,
            since=wanted.from_time,
            until=wanted.before_time,
        )

        async def read(limit: int, before: ports.Place | None) -> Sequence[AccessRow]:
            page = ask.port(ports.Accesses).page
            return await page(ask.caller.tenant_id, narrowed, limit=limit, before=before)

        return await forward(
            ask, "accesses", first, after, read, place=lambda row: (row.at, row.id), of=tuple[datetime, int]
        )
