"""Parts of files: how much is read at once, and that what cannot be read takes nothing with it."""

import io
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO
from uuid import UUID

import pytest

from app.gateway.imports.intake import ReadPart, read_part
from app.imports.file_rows import MOST_BLANK, FilePlace, FileUnreadable
from domain.gateway.import_terms import ImportTerms
from domain.kit.imports.file_forms import FileForm, FileFormat
from domain.kit.process.files import StoredFile


@dataclass(frozen=True)
class _Held:
    """A file in memory."""

    content: bytes

    @property
    def stored(self) -> StoredFile:
        """See `OpenFile`."""
        return StoredFile(
            id=UUID(int=1), name="a", size=len(self.content), stored_at=datetime(2026, 3, 1, tzinfo=UTC)
        )

    def reader(self) -> BinaryIO:
        """See `OpenFile`."""
        return io.BytesIO(self.content)


def _part(content: bytes, format: FileFormat, place: FilePlace | None = None) -> ReadPart:
    terms = ImportTerms(
        import_id=UUID(int=1),
        file_id=UUID(int=2),
        source_id=UUID(int=3),
        started_by=UUID(int=4),
        form=FileForm(format=format),
        fields=(),
    )
    return read_part(_Held(content), terms, place or FilePlace())


def test_rows_before_what_cannot_be_read_come_in() -> None:
    content = b'[{"a":1},{"a":2} {"a":3}]'
    first = _part(content, FileFormat.JSON)
    assert (len(first.events), first.over) == (2, False)
    with pytest.raises(FileUnreadable):
        _part(content, FileFormat.JSON, first.after)


def test_lines_without_a_row_are_a_part_without_one() -> None:
    first = _part(b"\n" * (2 * MOST_BLANK - 1), FileFormat.NDJSON)
    assert (first.events, first.over, first.after.offset) == ([], False, MOST_BLANK)
    assert _part(b"\n" * (2 * MOST_BLANK - 1), FileFormat.NDJSON, first.after).over


def test_large_rows_make_small_parts() -> None:
    row = json.dumps({"eventType": "a.b", "x": "x" * 60_000}).encode() + b"\n"
    assert len(_part(row * 200, FileFormat.NDJSON).events) < 20
