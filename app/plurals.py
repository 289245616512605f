"""Numbers with what they count, in good English."""


def counted(count: int, noun: str, *, verb: tuple[str, str] | None = None) -> str:
    """As "1 row" and "2,000 rows"; with ``verb``, its singular and plural, as "1 view is" and "2 views are"."""
    said = f"{count:,} {noun if count == 1 else f'{noun}s'}"
    return said if verb is None else f"{said} {verb[0] if count == 1 else verb[1]}"


def differing(differences: int, rows: int) -> str:
    """As "1 of 2 rows differs"."""
    return f"{differences:,} of {counted(rows, 'row')} {'differs' if differences == 1 else 'differ'}"
