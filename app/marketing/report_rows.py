"""Makes figures of the rows of a report: each of what its columns say, written as the file writes numbers."""

import csv
import io
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.imports.cell_values import Unfit, day_of, number_of
from app.imports.file_rows import FileRow
from app.imports.text_lines import is_text
from domain.kit.imports.file_forms import DateOrder, DecimalMark, FileForm, FileFormat
from domain.marketing.figures import CampaignFigures
from domain.marketing.import_runs import ReportTerms
from domain.marketing.imports import NEEDED, FigureMember, RefusedRow

_LONGEST_VALUE, _LONGEST_TEXT = 200, 2_000
_NOTHING = ("", "--", "-", "–", "—")
"""What reports write where there is nothing."""
_PLAIN = FileForm(format=FileFormat.JSON, decimal_mark=DecimalMark.POINT, date_order=DateOrder.YEAR_MONTH_DAY)
"""How JSON and Parquet write what is no text."""


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A row of a report: figures, or why it says none."""

    row: FileRow
    figures: CampaignFigures | None = None
    fault: tuple[FigureMember | None, str] = (None, "")
    """What is wrong, and with which column."""


class ReportReader:
    """Reads the rows of one import."""

    def __init__(self, terms: ReportTerms, currency: str) -> None:
        self._form, self._currency = terms.form, currency
        # As headings are, which have no blanks around them.
        self._columns = {each.member: each.column.strip() for each in terms.columns}

    def known_columns(self, names: Collection[str]) -> bool:
        """Whether a file with columns of these names has those that are read; an object of JSON may lack some."""
        named = self._columns.values()
        return self._form.format is FileFormat.JSON or set(named) <= set(names)

    def read(self, row: FileRow) -> ReportRow | None:
        """What a row says; None for one of totals, which is about no day."""
        if row.cells is None:
            return ReportRow(row, fault=(None, row.fault or "The row is no JSON object."))
        if self._is_total(row.cells):
            return None
        said: dict[str, Any] = {}
        for member, column in self._columns.items():
            try:
                if member in NEEDED and column not in row.cells:
                    raise Unfit("is not there")
                said[member.value] = self._value(member, row.cells.get(column))
            except Unfit as unfit:
                return ReportRow(row, fault=(member, f"{column[:100]} {unfit}."))
        if said.pop("currency", None) not in (None, self._currency):
            column = self._columns[FigureMember.CURRENCY]
            return ReportRow(row, fault=(FigureMember.CURRENCY, f"{column[:100]} is not {self._currency}."))
        return ReportRow(
            row, CampaignFigures(**{name: each for name, each in said.items() if each is not None})
        )

    def refused(self, row: FileRow, member: FigureMember | None, reason: str) -> RefusedRow:
        """A row as it is kept when it is refused."""
        column = self._columns.get(member, "") if member is not None else ""
        value = (row.cells or {}).get(column, "") if column else ""
        return RefusedRow(
            number=row.number,
            line=row.line,
            heading=column,
            value=_shown(value, _LONGEST_VALUE),
            reason=reason[:_LONGEST_VALUE],
            text=_shown(row.text or self._line((row.cells or {}).values()), _LONGEST_TEXT),
        )

    def _is_total(self, cells: Any) -> bool:
        """Whether a row has a word for totals where others have a day, or in its first cell and no day."""
        day = str(cells.get(self._columns[FigureMember.DATE]) or "").strip().lower()
        first = str(next(iter(cells.values()), "") or "").strip().lower()
        return day.startswith("total") or (day in _NOTHING and first.startswith(("total", "grand total")))

    def _value(self, member: FigureMember, given: Any) -> Any:
        form = self._form if isinstance(given, str) else _PLAIN
        text = "" if given is None else str(given)
        if not is_text(text):
            raise Unfit("holds bytes that are no characters of this encoding")
        text = text.strip()
        match member:
            case FigureMember.CAMPAIGN | FigureMember.NAME:
                if len(text) > 200 or "\n" in text:
                    raise Unfit("has more than 200 characters, or several lines")
                if member is FigureMember.CAMPAIGN and not text:
                    raise Unfit("is empty")
                return text
            case FigureMember.CURRENCY:
                return text or None
            case FigureMember.DATE:
                return day_of(text, form)
            case FigureMember.IMPRESSIONS | FigureMember.CLICKS:
                return self._count(text, form)
            case FigureMember.SPEND | FigureMember.CONVERSIONS | FigureMember.REVENUE:
                if text in _NOTHING:
                    return Decimal(0)
                return number_of(text, form)

    def _line(self, cells: Any) -> str:
        written = io.StringIO()
        between = self._form.separator if self._form.format is FileFormat.CSV else ","
        csv.writer(written, delimiter=between).writerow(["" if each is None else each for each in cells])
        return written.getvalue().rstrip("\r\n")

    @staticmethod
    def _count(text: str, form: FileForm) -> int:
        if text in _NOTHING:
            return 0
        number = number_of(text, form)
        if number != number.to_integral_value():
            raise Unfit("is no whole number")
        return int(number)


def unlikely(figures: CampaignFigures) -> bool:
    """Whether figures can be, and seldom are: money without anything shown, or brought by no conversion."""
    return (figures.spend > 0 and not figures.impressions) or (
        figures.revenue > 0 and not figures.conversions
    )


def _shown(value: object, most: int) -> str:
    return str(value)[:most].encode(errors="replace").decode().replace("\0", "?")
