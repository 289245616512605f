"""Imports of reports as people read them, and the rows that were refused."""

from functools import lru_cache
from typing import Annotated
from uuid import UUID, uuid5

from domain.kit.fields import Authored, Describe, Internal
from domain.kit.imports.file_forms import Encoding, Format, Mark, OrderOfDates, Separator, SkippedLines
from domain.kit.log import Envelope
from domain.kit.money.money import Currency
from domain.marketing.accounts import AccountZone
from domain.marketing.campaigns import AccountId
from domain.marketing.imports import (
    Done,
    FileId,
    FileName,
    FileSize,
    MarketingImport,
    Refused,
    Repeated,
    Rows,
    Taken,
    Totals,
    Warned,
)
from projections.kit.declare.folds import TIME, carried, on
from projections.kit.model import HAS_STATUS, Check, Id, Index, JobRow, PostgresView, Row, directed


class MarketingImportRow(JobRow):
    """The rows of a report that become figures of an account."""

    account_id: AccountId
    file_id: FileId
    file_name: FileName
    file_size: FileSize
    format: Format
    encoding: Encoding
    separator: Separator
    skipped_lines: SkippedLines
    decimal_mark: Mark
    date_order: OrderOfDates
    currency: Currency
    zone: AccountZone
    done: Done = 0
    rows: Rows = 0
    taken: Taken = 0
    repeated: Repeated = 0
    refused: Refused = 0
    warned: Warned = 0
    totals: Totals = 0


class MarketingImports(PostgresView[MarketingImportRow], name="marketing.imports", version=1, inline=True):
    """Every import of a report."""

    checks = (Check("valid_marketing_import_status", HAS_STATUS),)
    indexes = (
        Index("idx_marketing_imports_started_at", ("started_at", "id")),
        Index("idx_marketing_imports_account", ("account_id", "started_at", "id")),
    )

    started = carried(MarketingImport.Started, first=True, started_at=TIME)
    progressed = carried(MarketingImport.Progressed)
    paused, resumed, cancelled, finished, failed = directed(MarketingImport)


class MarketingImportErrorRow(Row):
    """A row of a report that was refused."""

    id: Id
    import_id: Annotated[UUID, Describe("The import.")]
    account_id: AccountId
    number: Annotated[int, Describe("Its number among the rows.")]
    line: Annotated[int, Describe("The line of the file on which it begins.")]
    heading: Annotated[str, Internal(), Authored(), Describe("The column at fault; null for the whole row.")]
    value: Annotated[str, Internal(), Authored(), Describe("What stands there.")]
    reason: Annotated[str, Internal(), Authored(), Describe("What is wrong with it, in a sentence.")]
    text: Annotated[
        str,
        Internal(),
        Authored(),
        Describe(
            "The row, as the file has it: corrected, and under the same headings, it can be imported again."
        ),
    ]


@lru_cache(maxsize=4096)
def _error_id(import_id: UUID, number: int) -> UUID:
    return uuid5(import_id, f"row {number}")


def _refused(event: MarketingImport.RowsRefused, _: Envelope) -> list[UUID]:
    return [_error_id(event.originator_id, each.number) for each in event.refused]


class MarketingImportErrors(PostgresView[MarketingImportErrorRow], name="marketing.import_errors", version=1):
    """Every row of a report that was refused."""

    indexes = (
        Index("idx_marketing_import_errors_number", ("number", "id")),
        Index("idx_marketing_import_errors_import", ("import_id", "number", "id")),
    )

    @on(MarketingImport.RowsRefused, by=_refused)
    def refused(
        self, row: MarketingImportErrorRow | None, event: MarketingImport.RowsRefused, key: UUID
    ) -> MarketingImportErrorRow:
        found = next(each for each in event.refused if _error_id(event.originator_id, each.number) == key)
        return MarketingImportErrorRow(
            id=key, import_id=event.originator_id, account_id=event.account_id, **vars(found)
        )
