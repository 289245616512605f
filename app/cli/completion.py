"""What the shell offers to complete: the names of views, and the rebuilds that there are."""

import asyncio
from collections.abc import Iterator

_SECONDS = 2
"""Longer than this nobody waits for a completion."""

_OPEN = """
select r.id::text as id, r.state, string_agg(v.view, ' ' order by v.view) as views
  from ops.rebuilds r join ops.rebuild_views v on v.rebuild = r.id
 where r.state in ('building', 'verifying', 'differs', 'switched') or not $1
 group by r.id order by r.asked_at desc limit 20
"""


def view_names(incomplete: str) -> Iterator[tuple[str, str]]:
    """The names of views, each with the first sentence of what it is."""
    from app.contexts import VIEWS

    for view in sorted(VIEWS, key=lambda view: view.name):
        if view.name.startswith(incomplete):
            yield view.name, " ".join((view.__doc__ or "").split("\n\n")[0].split())


def rebuild_ids(incomplete: str) -> list[tuple[str, str]]:
    """The ids of the latest rebuilds, with their state and views."""
    return _ids(incomplete, open_only=False)


def open_rebuild_ids(incomplete: str) -> list[tuple[str, str]]:
    """The ids of the rebuilds that have not ended, with their state and views."""
    return _ids(incomplete, open_only=True)


def _ids(incomplete: str, *, open_only: bool) -> list[tuple[str, str]]:
    try:
        return asyncio.run(asyncio.wait_for(_read(incomplete, open_only), _SECONDS))
    except Exception:  # noqa: BLE001  A shell that asks for a completion has no use for an error.
        return []


async def _read(incomplete: str, open_only: bool) -> list[tuple[str, str]]:
    import asyncpg

    from app.embedded import running
    from app.settings import read_settings
    from app.storage.database import plain_url

    settings = read_settings()
    found = settings if settings.database_url else running(settings)
    if found is None:
        # Servers are not started for a completion.
        return []
    connection = await asyncpg.connect(plain_url(found.database_url), timeout=_SECONDS)
    try:
        rows = await connection.fetch(_OPEN, open_only)
    finally:
        await connection.close()
    return [
        (row["id"], f"{row['state']}: {row['views']}") for row in rows if row["id"].startswith(incomplete)
    ]
