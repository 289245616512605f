"""The page of indexes, made from the views themselves."""

from pathlib import Path

from app.contexts import VIEWS
from projections.kit.declare.postgres import Index, PostgresView

PAGE = Path(__file__).parents[2] / "docs" / "indexes.md"

_HEAD = """# Indexes

Made from the views' own declarations; a test compares. Every B-tree begins with `tenant_id`, and so does
every primary key. `tests/work/test_plans.py` shows for each list and search which index it uses, with row-level
security in force; `tests/auth/test_session_plans.py` shows it for sessions.

The log's indexes stand in `migrations/event_log/tables.sql` (by type, tenant, correlation id and time, each
ending in the position) and `extend.sql` (by stream, in each partition).
"""


def page() -> str:
    """The page's text."""
    parts = [_HEAD]
    for view in VIEWS:
        if issubclass(view, PostgresView):
            rows = [("primary key", ", ".join(view.key), "btree", ""), *map(_row, view.indexes)]
            lines = [f"| {name} | `{columns}` | {using} | {where} |" for name, columns, using, where in rows]
            table = ["| Index | Columns | Kind | Only where |", "|---|---|---|---|", *lines]
            parts.append("\n".join([f"## {view.name}", "", *table, ""]))
    return "\n".join(parts)


def _row(index: Index) -> tuple[str, str, str, str]:
    where = f"`{index.where}`" if index.where else ""
    return index.name, ", ".join(index.columns).replace("|", "\\|"), index.using, where
