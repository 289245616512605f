"""Imports: the rows of a report become figures of an account's campaigns, as a job."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from domain.kit.fields import Authored, Confidential, Describe, Internal, Interval, Len, References
from domain.kit.imports.file_forms import (
    DateOrder,
    DecimalMark,
    Encoding,
    FileEncoding,
    Format,
    Mark,
    OrderOfDates,
    Separator,
    SkippedLines,
)
from domain.kit.model import Caller, Command, Event, Invalid, Refusal, assigns
from domain.kit.money.money import Currency
from domain.kit.process.jobs import Failure, Job, StartedBy
from domain.kit.refusals import ViolationCode
from domain.marketing.accounts import AccountZone, MarketingAccount
from domain.marketing.campaigns import AccountId

MOST_REFUSED = 10_000
"""Rows of an import that are refused and kept; with more of them it ends."""


class FigureMember(StrEnum):
    """What a column of a report holds."""

    CAMPAIGN = "campaign"
    NAME = "name"
    DATE = "date"
    SPEND = "spend"
    IMPRESSIONS = "impressions"
    CLICKS = "clicks"
    CONVERSIONS = "conversions"
    REVENUE = "revenue"
    CURRENCY = "currency"


NEEDED = (FigureMember.CAMPAIGN, FigureMember.DATE, FigureMember.SPEND)


@dataclass(frozen=True, kw_only=True)
class FigureColumn:
    """What a column of a report holds."""

    member: Annotated[FigureMember, Internal(), Describe("What it holds.")]
    column: Annotated[str, Len(1, 200), Internal(), Authored(), Describe("What the file calls it.")]


FileId = Annotated[UUID, Confidential(), Describe("The file, as `POST /v1/files` answered.")]
FileName = Annotated[str, Len(0, 200), Internal(), Authored(), Describe("What the file is called.")]
FileSize = Annotated[int, Interval(ge=0), Internal(), Describe("The bytes of the file.")]
Columns = Annotated[
    tuple[FigureColumn, ...], Len(0, 20), Internal(), Describe("What the columns of the file hold.")
]
Done = Annotated[int, Interval(ge=0), Internal(), Describe("The bytes of the file that are read.")]
Rows = Annotated[int, Interval(ge=0), Internal(), Describe("The rows that are read.")]
Taken = Annotated[
    int, Interval(ge=0), Internal(), Describe("Those whose figures were new, or replaced others.")
]
Repeated = Annotated[int, Interval(ge=0), Internal(), Describe("Those whose figures were recorded already.")]
Refused = Annotated[int, Interval(ge=0), Internal(), Describe("Those that were refused.")]
Warned = Annotated[
    int, Interval(ge=0), Internal(), Describe("Those that were taken though their figures are unlikely.")
]
Totals = Annotated[int, Interval(ge=0), Internal(), Describe("Rows of sums, which are no figures of a day.")]


@dataclass(frozen=True, kw_only=True)
class RefusedRow:
    """A row that was refused, and why."""

    number: Annotated[int, Internal(), Describe("Its number among the rows.")]
    line: Annotated[int, Internal(), Describe("The line of the file on which it begins.")]
    heading: Annotated[str, Internal(), Authored(), Describe("The column at fault; empty: the whole row.")]
    value: Annotated[str, Internal(), Authored(), Describe("What stands there.")]
    reason: Annotated[str, Internal(), Authored(), Describe("What is wrong with it, in a sentence.")]
    text: Annotated[str, Internal(), Authored(), Describe("The row, as the file has it.")]


class MarketingImport(Job, topic="marketing.import"):
    """The rows of a report that become figures of an account."""

    class Started(Event):
        account_id: AccountId
        file_id: FileId
        file_name: FileName
        file_size: FileSize
        started_by: StartedBy
        format: Format
        encoding: Encoding
        separator: Separator
        skipped_lines: SkippedLines
        decimal_mark: Mark
        date_order: OrderOfDates
        currency: Currency
        zone: AccountZone
        columns: Columns

    class RowsRefused(Event):
        account_id: AccountId
        refused: Annotated[tuple[RefusedRow, ...], Internal(), Describe("The rows.")]

    class Progressed(Event):
        done: Done
        rows: Rows
        taken: Taken
        repeated: Repeated
        refused: Refused
        warned: Warned
        totals: Totals

    account_id: UUID | None = None
    started = assigns(Started)


class OtherCurrency(Refusal):
    """The account is in {currency}."""


class OtherZone(Refusal):
    """The days of the account are those of {zone}; days of another zone cannot be made of them."""


def require_columns(columns: tuple[FigureColumn, ...]) -> None:
    """Raise Invalid for columns of which no figures can be read."""
    members = [each.member for each in columns]
    missing = [member for member in NEEDED if member not in members]
    if missing or len(set(members)) < len(members):
        reason = f"must have {missing[0].name}" if missing else "name a member more than once"
        raise Invalid(field="columns", reason=reason, why=ViolationCode.UNSUITABLE)


class StartMarketingImport(Command, requires=(require_columns,)):
    """Import the rows of a report as figures of an account. How the file is written, and in which currency and
    zone, is said here and never guessed."""

    account_id: Annotated[AccountId, References("marketing.account")]
    file_id: FileId
    file_name: FileName
    file_size: FileSize
    format: Format
    currency: Currency
    zone: AccountZone
    columns: Columns
    encoding: Encoding = FileEncoding.UTF_8
    separator: Separator = ","
    skipped_lines: SkippedLines = 0
    decimal_mark: Mark = DecimalMark.POINT
    date_order: OrderOfDates = DateOrder.YEAR_MONTH_DAY

    def handle(self, account: MarketingAccount, by: Caller) -> MarketingImport:
        if self.currency != account.currency:
            raise OtherCurrency(currency=account.currency, field="currency")
        if self.zone != account.zone:
            raise OtherZone(zone=account.zone, field="zone")
        started = MarketingImport.Started(
            account_id=self.account_id,
            file_id=self.file_id,
            file_name=self.file_name,
            file_size=self.file_size,
            started_by=by.user_id,
            format=self.format,
            encoding=self.encoding,
            separator=self.separator,
            skipped_lines=self.skipped_lines,
            decimal_mark=self.decimal_mark,
            date_order=self.date_order,
            currency=self.currency,
            zone=self.zone,
            columns=self.columns,
        )
        return MarketingImport.begin(self.id, started)


class PauseMarketingImport(Command):
    """Pause an import, once the rows that are under way are recorded."""

    def handle(self, import_: MarketingImport) -> None:
        import_.pause()


class ResumeMarketingImport(Command):
    """Have an import go on that is paused or has failed, from the row at which it stands."""

    def handle(self, import_: MarketingImport) -> None:
        import_.resume()


class CancelMarketingImport(Command):
    """End an import where it stands; what was recorded stays."""

    def handle(self, import_: MarketingImport) -> None:
        import_.cancel()


class NoteRefusedRows(Command):
    """Keep rows that were refused."""

    refused: tuple[RefusedRow, ...]

    def handle(self, import_: MarketingImport) -> None:
        assert import_.account_id is not None
        import_.record(MarketingImport.RowsRefused(account_id=import_.account_id, refused=self.refused))


class NoteMarketingImport(Command):
    """Note how far an import is."""

    done: Done
    rows: Rows
    taken: Taken
    repeated: Repeated
    refused: Refused
    warned: Warned
    totals: Totals

    def handle(self, import_: MarketingImport) -> None:
        import_.record(
            MarketingImport.Progressed(
                done=self.done,
                rows=self.rows,
                taken=self.taken,
                repeated=self.repeated,
                refused=self.refused,
                warned=self.warned,
                totals=self.totals,
            )
        )


class FinishMarketingImport(Command):
    """Note that all rows of an import are read."""

    def handle(self, import_: MarketingImport) -> None:
        import_.end(MarketingImport.Finished())


class FailMarketingImport(Command):
    """Note that an import cannot go on."""

    error: Failure

    def handle(self, import_: MarketingImport) -> None:
        import_.end(MarketingImport.Failed(error=self.error))
