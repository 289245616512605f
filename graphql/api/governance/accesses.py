"""Accesses: who read what, and whose data it was."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from api.kit.model import (
    FilterField,
    First,
    ForwardConnection,
    FromCursor,
    Info,
    argument,
    field,
    filter_input,
    forward,
    shows,
)
from projections.governance import accesses as ports
from projections.governance.accesses import AccessKind, AccessOutcome, AccessRow
from projections.kit.declare.filters import ComparedColumn


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


# The record has a row for each operation, and indexes that begin with these.
AccessFilter = filter_input(
    "AccessFilter",
    "Which accesses to list: those that meet all that is given.",
    {
        "user_id": FilterField(ComparedColumn("user_id"), UUID, "The caller."),
        "subjects": FilterField(ComparedColumn("subjects"), list[UUID], "The people whose data was read."),
        "at": FilterField(ComparedColumn("at"), datetime, "When the operation ended."),
    },
)


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
        filter: Annotated[
            AccessFilter | None,  # type: ignore[valid-type]
            argument("The filter; everything by default."),
        ] = None,
        first: First = None,
        after: FromCursor = None,
    ) -> ForwardConnection[AccessRow]:
        ask, narrowed = info.context, ports.AccessFilter(narrowed=AccessFilter.tree(filter))

        async def read(limit: int, before: ports.Place | None) -> Sequence[AccessRow]:
            page = ask.port(ports.Accesses).page
            return await page(ask.caller.tenant_id, narrowed, limit=limit, before=before)

        return await forward(
            ask, "accesses", first, after, read, place=lambda row: (row.at, row.id), of=tuple[datetime, int]
        )
