"""What the cells of a table mean, written as its file writes numbers and dates."""

import re
from datetime import date
from decimal import Decimal

from app.imports.cell_texts import without_groups, year_first
from domain.kit.imports.file_forms import DateOrder, FileForm

_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")
_LONGEST_NUMBER = 40
_ORDERS = {
    DateOrder.YEAR_MONTH_DAY: "year, month and day",
    DateOrder.DAY_MONTH_YEAR: "day, month and year",
    DateOrder.MONTH_DAY_YEAR: "month, day and year",
}


class Unfit(ValueError):
    """A cell is not what its column is to hold; the text is a verb phrase."""


def number_of(cell: str, form: FileForm) -> Decimal:
    """The number in a cell, exactly. Raises Unfit."""
    mark = form.decimal_mark.value
    text = without_groups(cell.strip(), form.decimal_mark)
    if ("," if mark == "." else ".") in text:
        raise Unfit(f"is no number with {mark} before its decimals")
    plain = text.replace(mark, ".")
    if len(plain) > _LONGEST_NUMBER or not _NUMBER.fullmatch(plain):
        raise Unfit("is no number")
    return Decimal(plain)


def time_text_of(cell: str, form: FileForm) -> str:
    """A date, with a time if there is one, as `2026-11-29T08:00`. Raises Unfit for one in another order."""
    if (text := year_first(cell.strip(), form.date_order)) is None:
        raise Unfit(f"is no date with {_ORDERS[form.date_order]}")
    return text


def day_of(cell: str, form: FileForm) -> date:
    """The day in a cell, which has no time besides but midnight. Raises Unfit."""
    text = time_text_of(cell, form)
    try:
        return date.fromisoformat(_MIDNIGHT.sub("", text))
    except ValueError:
        raise Unfit("is no date that there is") from None


_MIDNIGHT = re.compile("(?<=[0-9]{4}-[0-9]{2}-[0-9]{2})[T ]00:00(?::00(?:[.]0{1,6})?)?")
