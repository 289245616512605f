"""How commands answer: in text or, with ``--json``, in JSON, and with exit codes that scripts can go by."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from typer._click import Context

    from domain.kit.refusals import Refusal

DONE, REFUSED, UNREACHABLE = 0, 1, 2
"""The exit codes that scripts go by."""

EXIT_CODES = (
    "Exit code 0: done. 1: refused, or it did not end well. "
    "2: the command is not understood, or a server could not be reached."
)
"""Closes the help of each command for operators."""

_JSON = "json"


def _noted(context: typer.Context, wanted: bool) -> bool:
    # Contexts share this, so whoever tells a failure knows how the command was to answer.
    context.meta[_JSON] = wanted
    return wanted


AsJson = Annotated[
    bool,
    typer.Option(
        "--json",
        callback=_noted,
        help="Print JSON: one document, or a line for each change while watching.",
    ),
]


class Declined(Exception):
    """What was asked is not done; the message says why, in a sentence."""

    def __init__(self, message: str, *, code: str = "not_possible", exit_code: int = REFUSED) -> None:
        super().__init__(message)
        self.code, self.exit_code = code, exit_code


def require_known(what: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Raise Declined for a name that nothing has."""
    from domain.operations.operators import absent

    there = set(known)
    for name in names:
        if name not in there:
            raise Declined(absent(what, name, there), code="not_found")


class StillAway(Exception):
    """A server has been away for too long; the message says so, and what to do then."""


def wants_json(context: "Context") -> bool:
    """Whether the command was to answer in JSON."""
    return bool(context.meta.get(_JSON))


def say_json(value: object) -> None:
    """One line of JSON."""
    import orjson

    # The driver's ids are UUIDs of a class of their own.
    typer.echo(orjson.dumps(value, default=str).decode())


def refuse(refusal: "Refusal | Declined", as_json: bool) -> typer.Exit:
    """Say why, and the exit that follows."""
    if as_json:
        say_json({"refused": {"code": refusal.code, "message": str(refusal)}})
    else:
        typer.echo(f"headwater: {refusal}", err=True)
    return typer.Exit(refusal.exit_code if isinstance(refusal, Declined) else REFUSED)


def say_table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> None:
    """A table as wide as it has to be: names are whole on every terminal, for they are what is typed next.

    Columns named in ``right`` are of numbers.
    """
    lines = [headings, *rows]
    widths = [max(len(line[place]) for line in lines) for place in range(len(headings))]
    for line in lines:
        cells = [
            text.rjust(width) if heading in right else text.ljust(width)
            for heading, text, width in zip(headings, line, widths, strict=True)
        ]
        typer.echo("  ".join(cells).rstrip())
