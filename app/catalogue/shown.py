"""The inventory as CSV, for a register of processing, and as the page in the documentation."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from itertools import groupby

from app.catalogue.durable_tables import TABLES
from app.catalogue.inventory import CatalogueEntry
from domain.kit.events import event_class

_HEAD = """# Data: what is kept, where, what for and how long

Made by `headwater catalogue --markdown` from the declarations themselves; a test compares. A field says once, on
its event, what it is; views inherit it. **Public** may be shown to anyone who may see the thing, **internal** to
the people of the tenant, **confidential** to who has the permission for it, **restricted** to nobody.

Personal fields are sealed with the key of the person (`docs/keys.md`): in the log, in every view, cache and index.
Erasing the person destroys the key. Whose a field is stands beside it: `originator_id` is the stream's own id.
What stands in rows of a private project is shown to its members only, whatever its classification.

A payload holds what its event declares and nothing else. A member that an event does not know can neither be
given to it nor stored with it. Where the log holds one all the same, because newer code wrote a field that this
code does not know yet, reading leaves it aside: it reaches no aggregate, no view and no index.
"""

_KINDS = {"event": "Events", "view": "Views", "table": "Durable tables"}


def as_csv(entries: Iterable[CatalogueEntry]) -> str:
    """A line for each entry behind a line of headings."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(CatalogueEntry)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(entry) for entry in entries)
    return text.getvalue()


def as_markdown(entries: Sequence[CatalogueEntry]) -> str:
    """The page: what is personal first, then every field by where it is kept."""
    parts = [_HEAD, _personal(entries)]
    for kind, of_kind in groupby(entries, key=lambda entry: entry.kind):
        parts.append(f"## {_KINDS[kind]}\n")
        parts += [
            _section(name, list(fields)) for name, fields in groupby(of_kind, key=lambda entry: entry.name)
        ]
    return "\n".join(parts)


def _personal(entries: Sequence[CatalogueEntry]) -> str:
    rows = [
        (f"`{entry.name}.{entry.field}`", entry.classification, f"`{entry.subject}`", entry.purpose)
        for entry in entries
        if entry.kind == "event" and entry.personal
    ]
    return "\n".join(["## Personal data\n", *_table(("Field", "Class", "Whose", "What for"), rows), ""])


def _section(name: str, entries: list[CatalogueEntry]) -> str:
    kept = {entry.retention for entry in entries}
    # A column that says the same on every line says it once, above.
    once = f"Kept {kept.pop()}, in {entries[0].store}.\n" if len(kept) == 1 else f"In {entries[0].store}.\n"
    if entries[0].kind == "event" and (aliases := event_class(name).aliases):
        once = f"Also known as {', '.join(f'`{alias}`' for alias in aliases)}. {once}"
    if entries[0].kind == "table":
        once = f"{TABLES[name].purpose} {once}"
    head: tuple[str, ...] = ("Field", "Type", "Class", "What for")
    rows: list[tuple[str, ...]] = [
        (
            entry.field,
            f"`{entry.type}`",
            entry.classification + (", personal" if entry.personal else ""),
            entry.purpose,
        )
        for entry in entries
    ]
    if kept:
        head += ("Kept",)
        rows = [(*row, entry.retention) for row, entry in zip(rows, entries, strict=True)]
    return "\n".join([f"### {name}\n", once, *_table(head, rows), ""])


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = (" | ".join(cell.replace("|", "\\|") for cell in row) for row in rows)
    return [f"| {' | '.join(head)} |", "|---" * len(head) + "|", *(f"| {line} |" for line in lines)]
