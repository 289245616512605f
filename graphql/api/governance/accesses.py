"""Accesses: who read what, and whose data it was."""

import base64
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
import strawberry

from api.kit.execution.access import covered
from api.kit.execution.errors import ClientError
from api.kit.schema.connections import PageInfo
from api.kit.schema.context import Info
from api.kit.schema.fields import LARGEST, argument, field
from api.kit.schema.node_types import shows
from projections.governance.accesses import Accesses, AccessFilter, AccessRow, Place


@shows(AccessRow, needs="audit:read", name="Access", leave_out=("id", "session_id", "user_id", "subjects"))
class Access:
    """A recorded GraphQL operation and its caller."""

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


@covered
@strawberry.type(description="A page of accesses, the newest first.")
class AccessPage:
    """Rows and where they stand."""

    nodes: list[Access] = strawberry.field(description="The page.")
    page_info: PageInfo = strawberry.field(
        description="Cursors of the page, and whether there are more pages."
    )


@strawberry.input(description="Which accesses to list: those that meet all that is given.")
class AccessesFilter:
    """What the listed accesses must meet."""

    user_id: UUID | None = strawberry.field(default=None, description="By this caller.")
    subject_id: UUID | None = strawberry.field(default=None, description="Involving this person's data.")
    from_time: datetime | None = strawberry.field(default=None, description="At or after this time.")
    before_time: datetime | None = strawberry.field(default=None, description="Before this time.")


@strawberry.type
class Query:
    @field("The log of read accesses, the newest first; kept for two years.", needs="audit:read")
    async def accesses(
        self,
        info: Info,
        filter: Annotated[AccessesFilter | None, argument("The filter; everything by default.")] = None,
        first: Annotated[int, argument(f"How many, at most {LARGEST}.")] = 20,
        after: Annotated[str | None, argument("Only items after this cursor.")] = None,
    ) -> AccessPage:
        if not 0 <= first <= LARGEST:
            raise ClientError(f"A page holds 0 to {LARGEST}, not {first}.", code="BAD_USER_INPUT")
        wanted = filter or AccessesFilter()
        rows = await info.context.port(Accesses).page(
            info.context.caller.tenant_id,
            AccessFilter(
                user_id=wanted.user_id,
                subject_id=wanted.subject_id,
                since=wanted.from_time,
                until=wanted.before_time,
            ),
            limit=first + 1,
            before=_place(after),
        )
        page = list(rows[:first])
        info_ = PageInfo(
            has_next_page=len(rows) > first,
            has_previous_page=after is not None,
            rows=page,
            cursor_of=_cursor,
            came_from=lambda: after or _BEGINNING,
        )
        return AccessPage(nodes=page, page_info=info_)  # type: ignore[arg-type]  # Rows stand for their types.


def _cursor(row: AccessRow) -> str:
    # Unsigned: a place in a list that the reader sees whole anyway.
    return base64.urlsafe_b64encode(msgspec.json.encode((row.at, row.id))).decode().rstrip("=")


_BEGINNING = base64.urlsafe_b64encode(b"[]").decode().rstrip("=")
"""The cursor of where the list begins."""


# What the database can hold, with room for offsets.
_At = Annotated[datetime, msgspec.Meta(tz=True)]
_Id = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


def _place(cursor: str | None) -> Place | None:
    if cursor is None:
        return None
    try:
        raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        if raw == b"[]":
            return None
        at, id = msgspec.json.decode(raw, type=tuple[_At, _Id])
    except (ValueError, OverflowError):
        raise ClientError("This cursor was not given out for this list.", code="BAD_CURSOR") from None
    if not 1900 <= at.year <= 9000:
        raise ClientError("This cursor was not given out for this list.", code="BAD_CURSOR")
    return at, id
