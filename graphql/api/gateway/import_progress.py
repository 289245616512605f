"""How far imports are, for whoever has them run."""

from typing import Annotated
from uuid import UUID

import strawberry

from api.kit.model import Info, argument, covered, enum, field
from domain.kit.process.jobs import JobStatus
from projections.gateway.imports import ImportRow, Imports


@covered
@strawberry.type(description="Says how far an import is.")
class ImportProgress:
    """An import, without its terms."""

    status: enum(JobStatus) = strawberry.field(description="How it stands.")  # type: ignore[valid-type]
    error: str | None = strawberry.field(description="Why it failed, in a word.")
    done: int = strawberry.field(description="The bytes of the file that are read.")
    file_size: int = strawberry.field(description="The bytes of the file.")
    rows: int = strawberry.field(description="The rows that are read.")
    accepted: int = strawberry.field(description="Those that became events.")
    duplicates: int = strawberry.field(description="Those whose events were known already.")
    rejected: int = strawberry.field(description="Those that were rejected.")

    @classmethod
    def of(cls, row: ImportRow) -> "ImportProgress":
        """The row as data."""
        return cls(
            status=row.status,
            error=row.error,
            done=row.done,
            file_size=row.file_size,
            rows=row.rows,
            accepted=row.accepted,
            duplicates=row.duplicates,
            rejected=row.rejected,
        )


@strawberry.type
class Query:
    """Imports go on."""

    @field(
        "How far an import is, for whoever may send events; a source that shows a key is told of its own alone. "
        "Null: there is no such import.",
        needs="gateway:ingest",
    )
    async def import_progress(
        self, info: Info, id: Annotated[UUID, argument("The import's id.")]
    ) -> ImportProgress | None:
        ask = info.context
        row = (await ask.services.rows.get(Imports, ask.caller.tenant_id, [(id,)])).get((id,))
        own = ask.caller.user_id if ask.caller.key_id is not None else None
        return None if row is None or own not in (None, row.source_id) else ImportProgress.of(row)
