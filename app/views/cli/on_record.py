"""What the command line shows of people is on record before it is shown."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from app.audit.access_writer import recorded
from app.catalogue.inventory import held
from app.storage.database import Pool
from domain.kit.sealed import is_sealed, subject_of
from projections.kit.declare.view import View
from projections.kit.read.plain_rows import secret


async def rows_shown(
    pool: Pool, operation: str, view: View[Any], rows: Iterable[tuple[UUID, Any]], *, unmasked: bool
) -> None:
    """Record that rows of a view, each with its tenant, are about to be shown: one access for each tenant.

    Raises what the database raises; then they must not be shown.
    """
    from api.kit.schema.access_log import AccessRecord

    of: defaultdict[UUID, list[Any]] = defaultdict(list)
    for tenant_id, row in rows:
        of[tenant_id].append(row)
    accesses = [
        AccessRecord(
            tenant_id=tenant_id,
            user_id=None,
            session_id=None,
            kind="service",
            operation=f"{operation} --unmasked" if unmasked else operation,
            root_fields=(view.name,),
            fields=tuple(f"{view.name}.{one.own.name}" for one in held(type(view))),
            subjects=tuple(dict.fromkeys(id for row in some for id in _people(view, row))),
            # Classes can be hashed, which the checker does not see.
            revealed=tuple(sorted(secret(view.row))) if unmasked else (),  # type: ignore[arg-type]
            at=datetime.now(UTC),
            correlation_id=None,
        )
        for tenant_id, some in of.items()
    ]
    if accesses:
        await recorded(pool, accesses)


def _people(view: View[Any], row: Any) -> Iterator[UUID]:
    """Whose personal data a row holds."""
    for one in held(type(view)):
        value = getattr(row, one.own.name)
        if not one.personal or not value:
            continue
        if is_sealed(value):
            yield subject_of(value)
            continue
        whose = next((fact.subject for fact in one.folded if fact.personal), "")
        id = getattr(row, view.key[0] if whose == "originator_id" else whose, None)
        if isinstance(id, UUID):
            yield id
