"""Numbers and times as tables write them: what stands between thousands, and dates in the order of a country."""

import re

from domain.kit.imports.file_forms import DateOrder, DecimalMark

_SPACE = "[ '\u2019\u00a0\u202f]"
_GROUPED = {
    mark: re.compile(
        rf"[+-]?[0-9]{{1,3}}(?:(?:{other}[0-9]{{3}})+{own}[0-9]+|(?:{other}[0-9]{{3}}){{2,}}"
        rf"|(?:{_SPACE}[0-9]{{3}})+(?:{own}[0-9]+)?)"
    )
    for mark, own, other in ((DecimalMark.POINT, r"\.", ","), (DecimalMark.COMMA, ",", r"\."))
}
"""Of a number with one comma or point alone, nobody knows which it is."""
_BETWEEN = {
    mark: re.compile(rf"{_SPACE}|{other}") for mark, other in zip(DecimalMark, (",", r"\."), strict=True)
}
_DATE = {
    DateOrder.DAY_MONTH_YEAR: re.compile(
        r"(?P<day>[0-9]{1,2})([./-])(?P<month>[0-9]{1,2})\2(?P<year>[0-9]{4})"
    ),
    DateOrder.MONTH_DAY_YEAR: re.compile(
        r"(?P<month>[0-9]{1,2})([./-])(?P<day>[0-9]{1,2})\2(?P<year>[0-9]{4})"
    ),
}
_HOURS = re.compile(
    r"(?:[Tt]|,? +)(?P<hour>[0-9]{1,2})(?P<rest>:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?)"
    r"(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?"
)
_FORMULA = re.compile(r"'*[=+\-@\t\r]")


def shielded(cell: str) -> str:
    """A cell of which no table program makes a formula: with an apostrophe before what begins as one."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unshielded(cell: str) -> str:
    """The cell that `shielded` was given, and what table programs show of it."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def without_groups(text: str, mark: DecimalMark) -> str:
    """A number without what stands between its thousands, where that can be nothing else; or the text as it is."""
    return _BETWEEN[mark].sub("", text) if _GROUPED[mark].fullmatch(text) else text


def year_first(text: str, order: DateOrder) -> str | None:
    """A date, and a time if there is one, as `2026-11-29T08:00`; None for a text without one in this order."""
    if order is DateOrder.YEAR_MONTH_DAY:
        return text
    if (date := _DATE[order].match(text)) is None:
        return None
    said = f"{date['year']}-{date['month']:0>2}-{date['day']:0>2}"
    rest = text[date.end() :]
    if (time := _HOURS.match(rest)) is None:
        return said + rest
    hour = int(time["hour"])
    if (half := time["half"]) is not None:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + 12 * (half in "Pp")
    return f"{said}T{hour:0>2}{time['rest']}{rest[time.end() :]}"
