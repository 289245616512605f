"""What columns seem to mean for events: proposed to whoever imports a file, and never used unless they say so."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import BinaryIO

from app.imports.proposals import kind_of, sample, words_of
from app.imports.rows import columns
from domain.gateway.import_terms import ImportField
from domain.kit.imports.file_forms import FileForm, FileFormat, ValueKind

_MEMBERS = {
    "eventid": "eventId",
    "eventtype": "eventType",
    "timestamp": "timestamp",
    "occurredat": "timestamp",
    "createdat": "timestamp",
    "datetime": "timestamp",
    "time": "timestamp",
    "date": "timestamp",
    "eventsource": "eventSource",
    "version": "version",
    "correlationid": "correlationId",
    "userid": "userId",
    "customerid": "userId",
    "sessionid": "sessionId",
    "environment": "environment",
    "region": "region",
}
_UUID = re.compile("[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_TYPE = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+")
_NAMED = re.compile("[A-Za-z0-9._:/=+~-]{1,200}")
_NAMING = frozenset({"code", "id", "no", "nr", "phone", "postcode", "sku", "zip"})
"""Last words of headings of what names something, though it may consist of digits."""
_OBJECT = re.compile(r"\{.*\}", re.DOTALL)
_LIKELY = {
    "payload": ("payload", _OBJECT),
    "metadata": ("metadata", _OBJECT),
    "id": ("eventId", _UUID),
    "uuid": ("eventId", _UUID),
    "type": ("eventType", _TYPE),
    "event": ("eventType", _TYPE),
    "eventname": ("eventType", _TYPE),
    "user": ("userId", _NAMED),
    "customer": ("userId", _NAMED),
    "session": ("sessionId", _NAMED),
    "correlation": ("correlationId", _NAMED),
}
"""What other headings mean, where all values look so."""


def proposed_fields(file: BinaryIO, form: FileForm) -> tuple[ImportField, ...]:
    """What the columns of a file seem to mean; nothing for rows that are events already. The type of the events
    is for whoever imports them to say, where no column does. Raises FileUnreadable."""
    names = columns(file, form)
    if form.format is not FileFormat.CSV and "eventType" in names and "data" in names:
        return ()
    found = sample(file, form)
    fields: dict[str, ImportField] = {}
    sure = {name: member for name in names if (member := _MEMBERS.get(_heading(name)))}
    for name in names:
        values = [value for row in found if (value := (row.cells or {}).get(name)) not in (None, "")]
        member = _MEMBERS.get(_heading(name)) or _likely(name, values)
        if name not in sure and member in sure.values():
            member = ""
        kind = kind_of(values, form)
        if not member or member in fields:
            member = f"payload.{_camel(name)}"
            if kind is ValueKind.NUMBER and words_of(name)[-1].lower() in _NAMING:
                kind = ValueKind.TEXT
        elif member == "timestamp":
            kind = ValueKind.INSTANT
        elif member in ("payload", "metadata"):
            kind = ValueKind.JSON
        else:
            kind = ValueKind.TEXT
        while member in fields:
            member += "_"
        fields[member] = ImportField(member=member, column=name, kind=kind)
    times = [each for each in fields.values() if each.kind is ValueKind.INSTANT]
    if times and "timestamp" not in fields:
        # No heading says so: the first one that holds times is it.
        fields[times[0].member] = replace(times[0], member="timestamp")
    return tuple(fields.values())


def completed(said: Sequence[ImportField], proposed: Iterable[ImportField]) -> tuple[ImportField, ...]:
    """What somebody says of a file, with what is proposed of members and columns that they say nothing of."""
    members, columns = [each.member for each in said], {each.column for each in said}
    others = (
        each
        for each in proposed
        if each.column not in columns and not any(_overlap(each.member, member) for member in members)
    )
    return (*said, *others)


def _overlap(member: str, other: str) -> bool:
    """Whether two members are one, or one is within the other."""
    return f"{member}.".startswith(f"{other}.") or f"{other}.".startswith(f"{member}.")


def _heading(name: str) -> str:
    return re.sub("[^a-z]", "", name.lower())


def _likely(name: str, values: Sequence[object]) -> str:
    """The member of an event that a column is, if its values look so; empty for none."""
    member, looks = _LIKELY.get(_heading(name), ("", _NAMED))
    texts = [each.strip() for each in values if isinstance(each, str) and looks.fullmatch(each.strip())]
    fits = len(texts) == len(values) > 0
    if member == "eventId" and len({text.lower() for text in texts}) < len(texts):
        # Of what the rows are about: all rows of the same but the first would be duplicates.
        return ""
    return member if fits else ""


def _camel(name: str) -> str:
    words = words_of(name)
    joined = words[0].lower() + "".join(word[:1].upper() + word[1:].lower() for word in words[1:])
    return f"_{joined}"[:100] if joined[0].isdigit() else joined[:100]
