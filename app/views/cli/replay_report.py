"""What a replay has found, as text and as JSON: the rows that differ, as they are shown and are on record."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import typer

from app.plurals import counted, differing
from app.views.cli.on_record import ShownRow, shown
from app.views.inspection import Inspection
from projections.kit.read.plain_rows import Plain
from projections.kit.repair.replay import Diff, ReplayDifference


# Views differ in their rows' types, hence Any.
@dataclass(frozen=True, slots=True)
class ShownDifference:
    """A row that differs, and both its sides as they are shown; None where there is no row."""

    difference: ReplayDifference[Any]
    stored: Plain | None
    folded: Plain | None


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What was found in one view."""

    diff: Diff[Any]
    differences: Sequence[ShownDifference]


async def reported(place: Inspection, diff: Diff[Any], *, unmasked: bool) -> ReplayReport:
    """What is to be shown of a diff, of each row the fields that differ. Raises as `shown`."""
    rows = [
        ShownRow(difference.tenant_id, row, difference.names)
        for difference in diff.differences
        for row in (difference.stored, difference.folded)
        if row is not None
    ]
    plains = iter(await shown(place, "headwater replay", diff.view, rows, unmasked=unmasked))
    differences = [
        ShownDifference(
            difference,
            stored=None if difference.stored is None else next(plains),
            folded=None if difference.folded is None else next(plains),
        )
        for difference in diff.differences
    ]
    return ReplayReport(diff, differences)


def tell(reports: Sequence[ReplayReport]) -> None:
    """Print the views that the events touch; the others are only counted."""
    touched = [report for report in reports if report.diff.events]
    for report in touched:
        _print(report)
    if len(touched) < len(reports):
        others = len(reports) - len(touched)
        typer.echo(f"{counted(others, 'view', verb=('is', 'are'))} not touched by these events.")


def _print(report: ReplayReport) -> None:
    diff = report.diff
    found = differing(len(diff.differences), diff.rows)
    typer.echo(f"{diff.view.name} at {diff.position:,}: {counted(diff.events, 'event')}, {found}.")
    for shown_difference in report.differences:
        row = shown_difference.difference
        typer.echo(f"  {row.kind} {', '.join(map(str, row.key))} of tenant {row.tenant_id}")
        for name in row.names:
            typer.echo(
                f"    {name}: {_text(shown_difference.stored, name)} -> {_text(shown_difference.folded, name)}"
            )


def _text(row: Plain | None, name: str) -> str:
    return "(no row)" if row is None else orjson.dumps(row[name]).decode()


def document(report: ReplayReport) -> Plain:
    """What was found in one view, as JSON has it."""
    diff = report.diff
    return {
        "view": diff.view.name,
        "position": diff.position,
        "events": diff.events,
        "rows": diff.rows,
        "differences": [_changed(difference) for difference in report.differences],
    }


def _changed(shown_difference: ShownDifference) -> Plain:
    row, stored, folded = shown_difference.difference, shown_difference.stored, shown_difference.folded
    return {
        "tenant": str(row.tenant_id),
        "key": [str(part) for part in row.key],
        "kind": row.kind,
        "fields": {
            name: {"stored": stored and stored[name], "folded": folded and folded[name]} for name in row.names
        },
    }
