"""What is asked of a file before it is imported: what it seems to be, and how its first rows would come in."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, BinaryIO, TypeVar
from uuid import UUID

import orjson

from app.gateway.admission import SourceAdmission
from app.gateway.drafts import Intake, plain
from app.gateway.imports.fields import completed, proposed_fields
from app.gateway.imports.row_events import RowMapping
from app.imports.file_rows import FileUnreadable
from app.imports.looks import Looks
from app.imports.proposals import proposed_form
from app.imports.rows import columns, first_rows
from domain.gateway.bodies import raw_of
from domain.gateway.checks import EventChecks
from domain.gateway.import_terms import ImportDesk, ImportField, ImportProposal, ImportTerms, PreviewedRow
from domain.gateway.imports import ImportFileGone, ImportFileUnreadable, require_terms
from domain.gateway.sources import INGEST
from domain.kit.caller import Caller
from domain.kit.imports.file_forms import FileFormat
from domain.kit.process.files import FileDamaged, FileStore, OpenFile, StoredFile
from domain.kit.refusals import Forbidden, Invalid
from domain.kit.refusals import ViolationCode as Code

PREVIEWED = 20
"""Rows that are shown as they would come in."""

T = TypeVar("T")


class FileDesk(ImportDesk):
    """Looks into the files of one database's tenants; it stores nothing."""

    def __init__(self, files: FileStore, admission: SourceAdmission, checks: EventChecks) -> None:
        self._files, self._admission, self._checks = files, admission, checks
        self._looks = Looks()

    def close(self) -> None:
        """Look into no more files."""
        self._looks.close()

    async def propose(
        self,
        by: Caller,
        file_id: UUID,
        source_id: UUID,
        said: Mapping[str, Any],
        fields: tuple[ImportField, ...] | None,
    ) -> ImportProposal:
        source = await self._admission.source(by, source_id)
        file = await self._open(by, file_id)
        known = replace(await self._looked(file, by, proposed_form), **said)
        names = await self._looked(file, by, lambda reader: columns(reader, known))
        meant = fields
        if meant is None or (meant and not {"eventType", "timestamp"} <= {field.member for field in meant}):
            proposed = await self._looked(file, by, lambda reader: proposed_fields(reader, known))
            meant = completed(meant or (), proposed)
        if fields is not None:
            require_terms(known, meant)
        terms = ImportTerms(
            import_id=file_id,
            file_id=file_id,
            source_id=source_id,
            started_by=by.user_id,
            form=known,
            fields=meant,
        )
        first = await self._looked(file, by, lambda reader: first_rows(reader, known, PREVIEWED))
        events = [(row, RowMapping(terms).event(row)) for row in first]
        kinds = {event.value.get("eventType") for _, event in events if isinstance(event.value, dict)}
        await self._checks.ready(by.tenant_id, {kind for kind in kinds if isinstance(kind, str)})
        intake = Intake(
            tenant_id=by.tenant_id,
            source=source,
            received_at=datetime.now(UTC),
            sent_at=None,
            started=time.perf_counter_ns(),
            checks=self._checks,
        )
        previewed = (
            PreviewedRow(
                line=row.line,
                event=_json(raw_of(event)),
                problems=tuple(plain(violation) for violation in intake.draft(event).violations),
            )
            for row, event in events
        )
        return ImportProposal(form=known, fields=meant, columns=names, rows=tuple(previewed))

    async def require(self, by: Caller, terms: ImportTerms) -> StoredFile:
        await self._admission.source(by, terms.source_id)
        require_terms(terms.form, terms.fields)
        file = await self._open(by, terms.file_id)
        names = await self._looked(file, by, lambda reader: columns(reader, terms.form))
        missing = [each.column for each in terms.fields if each.column and each.column not in names]
        if missing and terms.form.format is FileFormat.CSV:
            reason = f"name the column {missing[0]}, which the file does not have"
            raise Invalid(field="fields", reason=reason, why=Code.UNSUITABLE)
        return file.stored

    async def _open(self, by: Caller, id: UUID) -> OpenFile:
        if not by.may(INGEST):
            raise Forbidden(permission=INGEST)
        try:
            file = await self._files.open(by.tenant_id, id)
        except FileDamaged:
            raise ImportFileUnreadable(field="file_id", reason="The file does not open.") from None
        if file is None:
            raise ImportFileGone(field="file_id")
        return file

    async def _looked(self, file: OpenFile, by: Caller, look: Callable[[BinaryIO], T]) -> T:
        """What looking into a file gives. Raises ImportFileGone and ImportFileUnreadable."""
        try:
            return await self._looks.of(by.tenant_id, file, look)
        except FileNotFoundError:
            raise ImportFileGone(field="file_id") from None
        except FileUnreadable as error:
            raise ImportFileUnreadable(field="file_id", reason=str(error)) from None
        except FileDamaged:
            raise ImportFileUnreadable(field="file_id", reason="The file does not open.") from None


def _json(text: str) -> str:
    """The text; none of one that is not JSON, as where a number is NaN."""
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return ""
    return text
