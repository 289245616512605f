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

    plains = [plain(entry.row, unmasked=unmasked) for entry in rows]
    if unmasked:
        plains = await _opened(place.opening, [entry.tenant_id for entry in rows], plains)
    of: defaultdict[UUID, list[tuple[ShownRow, Plain]]] = defaultdict(list)
    for entry, values in zip(rows, plains, strict=True):
        of[entry.tenant_id].append((entry, values))
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
            fields=tuple(dict.fromkeys(f"{view.name}.{name}" for entry, _ in listed for name in entry.names)),
            subjects=tuple(dict.fromkeys(id for entry, _ in listed for id in _people(view, entry.row))),
            revealed=tuple(
                sorted(
                    {
                        name
                        for entry, values in listed
                        for name in hidden.intersection(entry.names)
                        if values[name] not in (None, "", MASKED)
                    }
                )
            ),
            at=datetime.now(UTC),
            correlation_id=None,
        )
        for tenant_id, listed in of.items()
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
    for item in inner:
        yield from _sealed(item)


def _with(value: Any, opened: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return opened.get(value, value)
    if isinstance(value, dict):
        return {name: _with(item, opened) for name, item in value.items()}
    return [_with(item, opened) for item in value] if isinstance(value, list) else value


def _people(view: View[Any], row: Any) -> Iterator[UUID]:
    """Whose personal data a row holds."""
    for column in held(type(view)):
        value = getattr(row, column.own.name)
        if not column.personal or not value:
            continue
        if is_sealed(value):
            yield subject_of(value)
            continue
        subject = next((fact.subject for fact in column.folded if fact.personal), "")
        id = getattr(row, view.key[0] if subject == "originator_id" else subject, None)
        if isinstance(id, UUID):
            yield id
