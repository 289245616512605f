"""What the command line shows of people is on record before it is shown, and the record says what was shown."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from app.audit.access_writer import recorded
from app.catalogue.inventory import held
from app.cli.answers import Declined
from app.cli.place import asker
from app.views.inspection import Inspection
from domain.kit.sealed import Opening, Unopenable, is_sealed, subject_of
from projections.kit.declare.view import View
from projections.kit.read.plain_rows import MASKED, Plain, plain, secret


# Views differ in their rows' types, hence Any.
@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row that somebody is about to see, of it these fields."""

    tenant_id: UUID
    row: Any
    names: Sequence[str]


async def shown(
    place: Inspection, operation: str, view: View[Any], rows: Sequence[ShownRow], *, unmasked: bool
) -> list[Plain]:
    """The rows as they are to be shown, which is on record by then: one access for each tenant.

    With ``unmasked`` confidential fields are in plain, and so is what is sealed. Raises Declined for a text that
    does not open, and what the database and the keys raise; then nothing may be shown.
    """
    from api.kit.schema.access_log import AccessRecord

    plains = [plain(one.row, unmasked=unmasked) for one in rows]
    if unmasked:
        plains = await _opened(place.opening, [one.tenant_id for one in rows], plains)
    of: defaultdict[UUID, list[tuple[ShownRow, Plain]]] = defaultdict(list)
    for one, values in zip(rows, plains, strict=True):
        of[one.tenant_id].append((one, values))
    # Classes can be hashed, which the checker does not see.
    hidden = secret(view.row)  # type: ignore[arg-type]
    accesses = [
        AccessRecord(
            tenant_id=tenant_id,
            user_id=None,
            session_id=None,
            kind="operator",
            asked_by=asker(),
            operation=f"{operation} --unmasked" if unmasked else operation,
            root_fields=(view.name,),
            fields=tuple(dict.fromkeys(f"{view.name}.{name}" for one, _ in some for name in one.names)),
            subjects=tuple(dict.fromkeys(id for one, _ in some for id in _people(view, one.row))),
            revealed=tuple(
                sorted(
                    {
                        name
                        for one, values in some
                        for name in hidden.intersection(one.names)
                        if values[name] not in (None, "", MASKED)
                    }
                )
            ),
            at=datetime.now(UTC),
            correlation_id=None,
        )
        for tenant_id, some in of.items()
    ]
    if accesses:
        await recorded(place.database.writer, accesses)
    return plains


async def _opened(opening: Opening, tenants: Sequence[UUID], rows: Sequence[Plain]) -> list[Plain]:
    """The rows with every sealed text in them opened, wherever it stands, each tenant's at once."""
    sealed: defaultdict[UUID, dict[str, str]] = defaultdict(dict)
    for tenant_id, row in zip(tenants, rows, strict=True):
        sealed[tenant_id] |= {text: text for text in _sealed(row)}
    for tenant_id, texts in sealed.items():
        try:
            found = await opening.open(tenant_id, list(texts))
        except Unopenable as error:
            raise Declined(
                "A sealed text among these was changed, or sealed for another tenant; without --unmasked they are "
                "shown as they are."
            ) from error
        sealed[tenant_id] = dict(zip(texts, found, strict=True))
    return [_with(row, sealed[tenant_id]) for tenant_id, row in zip(tenants, rows, strict=True)]


# What a row holds is any JSON.
def _sealed(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if is_sealed(value):
            yield value
        return
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inner:
        yield from _sealed(one)


def _with(value: Any, opened: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return opened.get(value, value)
    if isinstance(value, dict):
        return {name: _with(one, opened) for name, one in value.items()}
    return [_with(one, opened) for one in value] if isinstance(value, list) else value


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
