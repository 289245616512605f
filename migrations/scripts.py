"""Runs SQL scripts that lie beside the revisions."""

from pathlib import Path
from typing import Any

from alembic import op
from sqlalchemy.util import await_only


def script(*parts: str) -> None:
    """Run a script of many statements in the revision's transaction.

    SQLAlchemy prepares each statement, and a prepared statement holds only one, so the script goes to
    the driver as it is.
    """
    sql = Path(__file__).parent.joinpath(*parts).read_text(encoding="utf-8")
    # The dialect opens its transaction with its first statement; the script must not run before that.
    op.execute("select 1")
    driver: Any = op.get_bind().connection.driver_connection  # The driver is not typed by SQLAlchemy.
    await_only(driver.execute(sql))
