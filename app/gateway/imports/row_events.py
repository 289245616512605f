"""Makes events of rows: each member of a column or the same for all, as the import says."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from app.imports.cell_values import Unfit, number_of, time_text_of
from app.imports.file_rows import FileRow
from app.imports.text_lines import is_text
from domain.gateway.bodies import read_line
from domain.gateway.envelope import read_instant
from domain.gateway.import_terms import ImportField, ImportTerms
from domain.gateway.outcomes import ROW, EventViolation, ImportedRow, ReceivedEvent
from domain.kit.imports.file_forms import FileForm, ValueKind
from domain.kit.imports.json_objects import object_of, repeated_in
from domain.kit.refusals import ViolationCode

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?)?")
_BOOLEANS = {"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}
_NONE = "is no date and time that there is"

# Cells, and what is made of them, are JSON of any shape.
Json = Any


class RowMapping:
    """Makes the events of one import. Of a row that is none, nobody knows whom it is about: its text stands in the
    file alone, which goes when somebody is erased, and not in its dead letter."""

    def __init__(self, terms: ImportTerms) -> None:
        self._terms = terms
        self._zone = ZoneInfo(terms.form.zone) if terms.form.zone else None
        self._columns = {
            _path(field.member): field.column for field in terms.fields if field.column is not None
        }

    def event(self, row: FileRow) -> ReceivedEvent:
        """The event that a row says, or why it says none."""
        if row.fault:
            return self._rejected(row, row.fault)
        if not self._terms.fields:
            return self._as_it_is(row)
        if row.cells is None:
            return self._rejected(row, "The row is no JSON object.")
        if (repeated := repeated_in(row.cells)) is not None:
            return self._rejected(row, f"{repeated} is said more than once.")
        value, faults = self._made(row.cells)
        value.setdefault("eventId", str(self._id(row)))
        value["data"] = {"payload": value.pop("payload", {}), "metadata": value.pop("metadata", {})}
        try:
            text = json.dumps(value, ensure_ascii=False)
        except RecursionError:
            return self._rejected(row, "The row is nested too deeply.")
        received = read_line(text.encode(errors="replace"))
        return ReceivedEvent(
            received.value,
            received.text,
            received.unreadable or (faults[0] if faults else None),
            row=self._origin(row),
        )

    def _rejected(self, row: FileRow, why: str) -> ReceivedEvent:
        fault = EventViolation(ROW, ViolationCode.FORMAT, (), why)
        return ReceivedEvent(None, "", fault, row=self._origin(row))

    def _as_it_is(self, row: FileRow) -> ReceivedEvent:
        received = read_line(row.text.encode(errors="replace"))
        unsaid = isinstance(received.value, dict) and "eventId" not in received.value
        if unsaid and received.unreadable is None:
            received = ReceivedEvent({"eventId": str(self._id(row)), **received.value})
        if not isinstance(received.value, dict):
            received = ReceivedEvent(received.value, "", received.unreadable)
        return ReceivedEvent(received.value, received.text, received.unreadable, row=self._origin(row))

    def _made(self, cells: Mapping[str, Json]) -> tuple[dict[str, Json], list[EventViolation]]:
        value: dict[str, Json] = {}
        faults: list[EventViolation] = []
        for field in self._terms.fields:
            given = field.value if field.column is None else cells.get(field.column)
            if given is None or given == "":
                continue
            path = _path(field.member)
            try:
                meant = _meant(given, field, self._terms.form, self._zone)
            except Unfit as unfit:
                # It stands in the letter as it stood in the file.
                meant = given
                name = field.column or field.member
                message = f"{name[:100]} {unfit}."
                faults.append(EventViolation(ROW, ViolationCode.FORMAT, path, message))
            *outer, last = path[1:] if path[0] == "data" else path
            holder = value
            for name in outer:
                holder = holder.setdefault(name, {})
            holder[last] = meant
        return value, faults

    def _id(self, row: FileRow) -> UUID:
        """The id of an event that has none: of this row of this file, whenever it is imported."""
        return uuid5(self._terms.file_id, f"row {row.number}")

    def _origin(self, row: FileRow) -> ImportedRow:
        return ImportedRow(self._terms.import_id, row.number, row.line, self._columns)


def _path(member: str) -> tuple[str, ...]:
    path = tuple(member.split("."))
    return ("data", *path) if path[0] in ("payload", "metadata") else path


def _meant(given: Json, field: ImportField, form: FileForm, zone: ZoneInfo | None) -> Json:
    """What a cell means."""
    if not isinstance(given, str):
        # JSON says itself what it means, but for times.
        if field.kind is ValueKind.TEXT and isinstance(given, int | float) and not isinstance(given, bool):
            return json.dumps(given)
        return given
    if not is_text(given):
        raise Unfit("holds bytes that are no characters of this encoding")
    match field.kind:
        case ValueKind.TEXT:
            return given
        case ValueKind.NUMBER:
            return _number(number_of(given, form))
        case ValueKind.BOOLEAN:
            if (found := _BOOLEANS.get(given.strip().lower())) is None:
                raise Unfit("is neither true nor false")
            return found
        case ValueKind.INSTANT:
            return _instant(time_text_of(given, form), zone, of_event=field.member == "timestamp")
        case ValueKind.JSON:
            try:
                value = json.loads(given, object_pairs_hook=object_of)
            except (ValueError, RecursionError):
                raise Unfit("is not JSON") from None
            if (repeated := repeated_in(value)) is not None:
                raise Unfit(f"says {repeated} more than once")
            return value


def _number(exact: Decimal) -> int | float:
    if exact.as_tuple().exponent == 0:
        return int(exact)
    number = float(exact)
    if Decimal(repr(number)) != exact:
        raise Unfit("has more digits than can be kept")
    return number


def _instant(text: str, zone: ZoneInfo | None, *, of_event: bool) -> str:
    """A date and time with its offset; of one without, that of the zone. A time that the clocks there skipped,
    or had twice, is none. Of the time ``of_event`` the rules of events say what is wrong with it."""
    said = text.replace(" ", "T", 1)
    try:
        if not _TIME.fullmatch(text):
            if not of_event:
                read_instant(said)
            return said
        if zone is None and of_event:
            return said
        local = datetime.fromisoformat(said.upper())
    except ValueError as wrong:
        raise Unfit(str(wrong) if _TIME.fullmatch(text) is None else _NONE) from None
    if zone is None:
        return said
    first, second = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    try:
        if first.utcoffset() != second.utcoffset():
            raise Unfit("is a time that the clocks of the zone skipped, or had twice")
        return first.astimezone(UTC).isoformat()
    except OverflowError:
        raise Unfit("is a time that is too early or too late") from None
